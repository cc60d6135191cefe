"""trackingEventsRecord through the API: whatever the order, the batches and the repetitions, the same shipment."""

import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain.enums import TrackingEventCode
from tests.support.graphql_client import Ask
from tests.support.mutation_client import KILO, Deeds, codes, event, minimal, trail, versions_hold, warned

MILESTONES = """status statusAt exceptionReason readyAt pickedUpAt firstAttemptAt deliveredAt closedAt lastEventAt
  estimatedDeliveryAt"""


def story(rng: random.Random, length: int) -> list[dict[str, Any]]:
    """Events by chance, some at one moment, some of one package, some with only a date; `package` counts from 1."""
    told = []
    for n in range(length):
        hour = rng.randrange(60)
        given: dict[str, Any] = {
            "package": rng.choice([0, 0, 1, 2]),
            "code": str(rng.choice(list(TrackingEventCode))),
            "at": f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00Z",
            "externalEventId": str(n),
        }
        if rng.random() < 0.2:
            given["estimatedDeliveryAt"] = f"2026-04-{1 + rng.randrange(28):02}T00:00:00Z"
        told.append(given)
    return told


async def tell(deeds: Deeds, shipment: dict[str, Any], told: list[dict[str, Any]], batch: int) -> None:
    """Record a story, so many events at a time."""
    targets = [shipment["id"], *(package["id"] for package in shipment["packages"])]
    rows = []
    for one in told:
        more = {name: value for name, value in one.items() if name not in ("package", "code", "at")}
        rows.append(event(targets[one["package"] % len(targets)], one["code"], one["at"], **more))
    for at in range(0, len(rows), batch):
        assert (await deeds.record(*rows[at : at + batch]))["failed"] == 0


async def outcome(deeds: Deeds, ask: Ask, id_: str) -> dict[str, Any]:
    """What became of a shipment, without identities and without what depends on when it was told."""
    query = f"""query($id: ID!) {{ shipment(by: {{id: $id}}) {{
      {MILESTONES} version packages {{ seq status statusAt }}
      statusExplanation {{ rule decidedBy {{ externalEventId }} }}
      events(first: 250) {{ nodes {{ externalEventId applied notAppliedReason package {{ seq }} }} }} }} }}"""
    found: dict[str, Any] = (await ask(query, {"id": id_}))["data"]["shipment"]
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_and_any_batches_come_to_the_same(
    deeds: Deeds, ask: Ask, owner: AsyncEngine, seed: int
) -> None:
    rng = random.Random(seed)
    packages = [0, 1, 2][seed % 3]
    told = story(rng, 14)
    results = []
    for way in range(6):
        order = sorted(told, key=lambda one: one["at"])
        if way == 1:
            order.reverse()
        elif way > 1:
            rng.shuffle(order)
        made = await deeds.made(
            **minimal(recipient=minimal()["shipper"], packages=[KILO] * packages, confirm=packages > 0)
        )
        await tell(deeds, made, order, batch=[1, 3, 14, 1, 5, 2][way])
        if way == 3:
            await tell(deeds, made, order, batch=14)  # again: nothing changes
        found = await outcome(deeds, ask, made["id"])
        for name in ("statusAt", "readyAt"):  # those of a confirmation are of the hour in which it was made
            if found[name] and found[name] > "2026-03-20":
                found[name] = None
        for package in found["packages"]:
            package["statusAt"] = package["statusAt"] if package["statusAt"] < "2026-03-20" else None
        results.append(found)
    assert [result == results[0] for result in results] == [True] * 6
    assert await versions_hold(owner) == 6


async def test_a_duplicate_is_a_success_that_names_the_event_and_changes_nothing(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    made = await deeds.ready()
    (first,) = (await deeds.record(event(made["id"])))["results"]
    before = await trail(owner)
    payload = await deeds.record(event(made["id"], message="In other words", at="2026-03-01T12:00:00.9+02:00"))
    (again,) = payload["results"]
    assert (again["duplicate"], again["statusChanged"], again["errors"]) == (True, False, [])
    assert (again["event"]["id"], again["event"]["message"]) == (first["event"]["id"], None)
    assert (payload["succeeded"], payload["failed"]) == (1, 0)
    assert await trail(owner) == before


async def test_the_reporters_own_identity_makes_a_repetition_known(deeds: Deeds) -> None:
    made = await deeds.ready()
    given = {"externalEventId": "E1", "source": "feed"}
    first = event(made["id"], "PICKED_UP", "2026-03-01T10:00:00Z", **given)
    other = event(made["id"], "DELIVERED", "2026-03-05T10:00:00Z", **given)
    elsewhere = event(made["id"], "DELIVERED", "2026-03-05T10:00:00Z", externalEventId="E1", source="other")
    results = (await deeds.record(first, other, elsewhere))["results"]
    assert [result["duplicate"] for result in results] == [False, True, False]
    assert results[1]["event"]["id"] == results[0]["event"]["id"]


async def test_rows_of_one_call_are_about_one_shipment_and_each_is_a_change(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    steps = ["PICKED_UP", "IN_TRANSIT", "INFO", "DELIVERED"]
    rows = [event(made["id"], code, f"2026-03-0{at}T10:00:00Z") for at, code in enumerate(steps, 1)]
    results = (await deeds.record(*reversed(rows)))["results"]
    assert [result["event"]["code"] for result in results] == [*reversed(steps)]
    assert [result["statusChanged"] for result in results] == [True, False, True, True]
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["version"]) == ("DELIVERED", 5)
    async with owner.connect() as connection:
        found = await connection.execute(
            text("SELECT status_before::text, status_after::text, changed->'status' FROM change ORDER BY seq")
        )
        moves = [tuple(row) for row in found][1:]
    assert moves == [
        ("READY", "PICKED_UP", ["READY", "PICKED_UP"]),
        ("PICKED_UP", "IN_TRANSIT", ["PICKED_UP", "IN_TRANSIT"]),
        ("IN_TRANSIT", "IN_TRANSIT", None),
        ("IN_TRANSIT", "DELIVERED", ["IN_TRANSIT", "DELIVERED"]),
    ]


async def test_a_late_event_does_not_move_a_delivered_shipment_back(deeds: Deeds) -> None:
    made = await deeds.ready()
    await deeds.record(event(made["id"], "DELIVERED", "2026-03-05T10:00:00Z"))
    (late,) = (await deeds.record(event(made["id"], "PICKED_UP", "2026-03-01T10:00:00Z")))["results"]
    assert (late["statusChanged"], late["event"]["applied"]) == (False, True)
    (later,) = (await deeds.record(event(made["id"], "IN_TRANSIT", "2026-03-06T10:00:00Z")))["results"]
    assert (later["event"]["applied"], later["event"]["notAppliedReason"]) == (False, "AFTER_TERMINAL")
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["pickedUpAt"]) == ("DELIVERED", "2026-03-01T10:00:00+00:00")


async def test_of_late_events_the_one_that_decides_moved_the_status(deeds: Deeds) -> None:
    made = await deeds.ready()
    await deeds.record(event(made["id"], "INFO", "2026-03-09T10:00:00Z"))
    rows = [event(made["id"], code, f"2026-03-0{at}T10:00:00Z") for at, code in enumerate(["HELD", "DELIVERED"], 1)]
    results = (await deeds.record(*rows, event(made["id"], "INFO", "2026-03-08T10:00:00Z")))["results"]
    assert [result["statusChanged"] for result in results] == [False, True, False]


async def test_what_no_longer_counts_is_said_of_events_that_are_stored(deeds: Deeds) -> None:
    made = await deeds.ready()
    await deeds.record(event(made["id"], "IN_TRANSIT", "2026-03-05T10:00:00Z"))
    await deeds.record(event(made["id"], "DELIVERED", "2026-03-02T10:00:00Z"))
    delivered, moving = await deeds.events(made["id"])
    assert (delivered["applied"], moving["applied"], moving["notAppliedReason"]) == (True, False, "AFTER_TERMINAL")
    assert (await deeds.shipment(made["id"]))["status"] == "DELIVERED"


@pytest.mark.parametrize("state", ["DRAFT", "CANCELLED", "archived"])
async def test_events_are_recorded_whatever_the_state(deeds: Deeds, state: str) -> None:
    made = await deeds.made(packages=[KILO])
    if state == "CANCELLED":
        await deeds.cancel(made["id"])
    if state == "archived":
        await deeds.archive(made["id"])
    (result,) = (await deeds.record(event(made["id"], "DELIVERED")))["results"]
    assert result["errors"] == []
    assert (await deeds.shipment(made["id"]))["status"] == ("CANCELLED" if state == "CANCELLED" else "DELIVERED")


async def test_scans_before_a_cancellation_count_and_it_still_ends_there(deeds: Deeds) -> None:
    made = await deeds.ready()
    await deeds.cancel(made["id"])
    rows = [event(made["id"], "PICKED_UP"), event(made["id"], "DELIVERED", "2026-03-02T10:00:00Z")]
    payload = await deeds.record(*rows)
    assert [result["event"]["applied"] for result in payload["results"]] == [True, True]
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["version"]) == ("CANCELLED", 4)
    assert shipment["pickedUpAt"] == "2026-03-01T10:00:00+00:00"
    assert shipment["closedAt"] > "2026-03-02"


async def test_an_event_far_ahead_is_kept_and_moves_nothing(deeds: Deeds) -> None:
    made = await deeds.ready()
    payload = await deeds.record(event(made["id"], "DELIVERED", "2999-01-01T00:00:00Z"))
    (result,) = payload["results"]
    assert warned(result) == [("FUTURE", "inputs.0.occurred")]
    assert (result["event"]["applied"], result["event"]["notAppliedReason"]) == (False, "FUTURE")
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["lastEventAt"], shipment["version"]) == ("READY", None, 2)


# -- what an event is about ---------------------------------------------------------------------------------------


async def test_a_tracking_number_in_any_spelling_names_its_package(deeds: Deeds) -> None:
    made = await deeds.made(packages=[{"trackingNumber": "ab-1"}, {"trackingNumber": "AB 2"}])
    (result,) = (await deeds.record(event({"trackingNumber": {"trackingNumber": "a.b.2"}})))["results"]
    assert result["event"]["package"]["id"] == made["packages"][1]["id"]


async def test_a_reused_number_means_the_newest_package_under_way(deeds: Deeds) -> None:
    target = {"trackingNumber": {"trackingNumber": "X1"}}
    box = [{**KILO, "trackingNumber": "X1"}]
    old, mid, new = [(await deeds.made(packages=box))["id"] for _ in range(3)]
    results = (await deeds.record(event(target), event(target)))["results"]
    assert [result["event"]["shipment"]["id"] for result in results] == [new, new]
    assert warned(results[0]) == [("AMBIGUOUS", "inputs.0.target.trackingNumber")]
    await deeds.record(event(new, "DELIVERED"), event(old, "DELIVERED"))
    (result,) = (await deeds.record(event(target, "HELD")))["results"]
    assert (result["event"]["shipment"]["id"], result["warnings"]) == (mid, [])
    await deeds.record(event(mid, "DELIVERED", "2026-03-02T00:00:00Z"))
    (result,) = (await deeds.record(event(target, "INFO")))["results"]
    assert result["event"]["shipment"]["id"] == new


async def test_a_carrier_tells_apart_the_numbers_of_two(deeds: Deeds) -> None:
    await deeds.carrier("dhl")
    await deeds.carrier("ups")
    box = [{"trackingNumber": "X1"}]
    first = await deeds.made(packages=box, carrier="dhl")
    await deeds.made(packages=box, carrier="ups")
    target = {"trackingNumber": {"trackingNumber": "X1", "carrier": "dhl"}}
    (result,) = (await deeds.record(event(target)))["results"]
    assert (result["event"]["shipment"]["id"], result["warnings"]) == (first["id"], [])


@pytest.mark.parametrize(
    "target",
    [
        {"shipment": {"id": "shp_" + "0" * 32}},
        {"shipment": {"number": "SHP-0000009"}},
        {"shipment": {"externalReference": "nobody's"}},
        {"packageId": "pkg_" + "0" * 32},
        {"packageId": "no id"},
        {"trackingNumber": {"trackingNumber": "nobody's"}},
        {"trackingNumber": {"trackingNumber": "X1", "carrier": "nobody"}},
    ],
)
async def test_what_an_event_is_about_must_be_known(deeds: Deeds, target: dict[str, Any]) -> None:
    await deeds.made(packages=[{"trackingNumber": "X1"}])
    (result,) = (await deeds.record(event(target)))["results"]
    assert codes(result) == [("NOT_FOUND", "inputs.0.target")]
    assert result["event"] is None


# -- estimates ----------------------------------------------------------------------------------------------------


async def test_the_newest_estimate_counts_whoever_gave_it(deeds: Deeds) -> None:
    made = await deeds.ready(estimatedDeliveryAt="2026-03-10T00:00:00Z")

    async def estimate() -> str:
        return (await deeds.shipment(made["id"]))["estimatedDeliveryAt"][8:10]

    await deeds.record(event(made["id"], "INFO", estimatedDeliveryAt="2026-03-11T00:00:00Z"))
    assert await estimate() == "11"
    await deeds.update(made["id"], {"estimatedDeliveryAt": "2026-03-12T00:00:00Z"})
    assert await estimate() == "12"
    await deeds.record(event(made["id"], "PICKED_UP", "2026-02-01T00:00:00Z"))  # late: all are folded again
    assert await estimate() == "12"
    later = event(made["id"], "INFO", "2026-03-03T00:00:00Z", estimatedDeliveryAt="2026-03-13T00:00:00Z")
    recorded = (await deeds.record(later))["results"][0]["event"]["id"]
    assert await estimate() == "13"
    await deeds.void(recorded)
    assert await estimate() == "12"


async def test_packages_make_the_shipment_what_it_is(deeds: Deeds) -> None:
    made = await deeds.ready(packages=3)
    one, two, three = (package["id"] for package in made["packages"])
    expected = [
        (event(one, "PICKED_UP", "2026-03-01T00:00:00Z"), "READY"),
        (event(made["id"], "IN_TRANSIT", "2026-03-02T00:00:00Z"), "IN_TRANSIT"),
        (event(two, "HELD", "2026-03-03T00:00:00Z"), "EXCEPTION"),
        (event(one, "DELIVERED", "2026-03-04T00:00:00Z"), "PARTIALLY_DELIVERED"),
        (event(two, "DELIVERED", "2026-03-05T00:00:00Z"), "PARTIALLY_DELIVERED"),
        (event(three, "DELIVERED", "2026-03-06T00:00:00Z"), "DELIVERED"),
    ]
    for given, status in expected:
        await deeds.record(given)
        shipment = await deeds.shipment(made["id"])
        assert shipment["status"] == status
    assert shipment["deliveredAt"] == "2026-03-06T00:00:00+00:00"


async def test_two_hundred_packages_move_with_their_shipment(deeds: Deeds, statements: list[str]) -> None:
    made = await deeds.ready(packages=200)
    few = await deeds.ready()
    await deeds.record(event(few["id"]))
    counts = []
    for id_ in (few["id"], made["id"]):
        statements.clear()
        await deeds.record(event(id_, "OUT_FOR_DELIVERY", "2026-03-02T00:00:00Z"))
        counts.append(len(statements))
    assert counts[0] == counts[1] == 9  # BEGIN, targets, lock, duplicates, packages, events, shipments, COMMIT, read
    shipment = await deeds.shipment(made["id"])
    assert {package["status"] for package in shipment["packages"]} == {"OUT_FOR_DELIVERY"}


async def test_a_validated_event_says_what_it_would_do_and_does_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    await deeds.record(event(made["id"], "PICKED_UP"))
    before = await trail(owner)
    rows = [
        event(made["id"], "PICKED_UP"),
        event(made["id"], "DELIVERED", "2026-03-02T00:00:00Z"),
        event(made["id"], "DELIVERED", "2026-03-02T00:00:00Z"),
        event("shp_0", "DELIVERED"),
        event(made["id"], "DELIVERED", "2026-03-01T00:00:00Z", place={"country": "XX"}),
    ]
    payload = await deeds.record(*rows, validateOnly=True)
    results = payload["results"]
    assert [result["duplicate"] for result in results] == [True, False, True, False, False]
    assert [result["statusChanged"] for result in results] == [False, True, False, False, False]
    assert [result["event"] is None for result in results] == [False, True, True, True, True]
    assert codes(results[3]) == [("NOT_FOUND", "inputs.3.target")]
    assert codes(results[4]) == [("INVALID", "inputs.4.place.country")]
    assert (payload["succeeded"], payload["failed"]) == (3, 2)
    assert await trail(owner) == before


async def test_a_carriers_word_told_anew_does_not_make_old_reports_new(deeds: Deeds) -> None:
    await deeds.carrier("mine")
    made = await deeds.ready(carrier="mine")
    given = event(made["id"], None, carrierStatusRaw="zz")
    (first,) = (await deeds.record(given))["results"]
    assert (first["event"]["code"], warned(first)) == ("INFO", [("UNMAPPED_STATUS", "inputs.0.carrierStatusRaw")])
    assert (await deeds.map("mine", "ZZ", "DELIVERED"))["errors"] == []
    (again,) = (await deeds.record(given))["results"]
    assert (again["duplicate"], again["event"]["id"]) == (True, first["event"]["id"])
