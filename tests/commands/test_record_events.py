"""trackingEventsRecord: the resulting shipment does not depend on order, batches and repetitions."""

import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain.enums import TrackingEventCode
from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    KILO,
    MutationClient,
    assert_versions_match_changes,
    codes,
    database_snapshot,
    event,
    minimal,
    warning_codes,
)

MILESTONES = """status statusAt exceptionReason readyAt pickedUpAt firstAttemptAt deliveredAt closedAt lastEventAt
  estimatedDeliveryAt"""


def random_events(rng: random.Random, length: int) -> list[dict[str, Any]]:
    """Random events, some at the same time, some of one package. `package` 0 is the shipment, others count from 1."""
    events = []
    for n in range(length):
        hour = rng.randrange(60)
        report: dict[str, Any] = {
            "package": rng.choice([0, 0, 1, 2]),
            "code": str(rng.choice(list(TrackingEventCode))),
            "at": f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00Z",
            "externalEventId": str(n),
        }
        if rng.random() < 0.2:
            report["estimatedDeliveryAt"] = f"2026-04-{1 + rng.randrange(28):02}T00:00:00Z"
        events.append(report)
    return events


async def record_in_batches(
    mutations: MutationClient, shipment: dict[str, Any], events: list[dict[str, Any]], batch: int
) -> None:
    """Record the events, `batch` of them per call."""
    targets = [shipment["id"], *(package["id"] for package in shipment["packages"])]
    rows = []
    for one_event in events:
        fields = {name: value for name, value in one_event.items() if name not in ("package", "code", "at")}
        target = targets[one_event["package"] % len(targets)]
        rows.append(event(target, one_event["code"], one_event["at"], **fields))
    for at in range(0, len(rows), batch):
        assert (await mutations.record(*rows[at : at + batch]))["failed"] == 0


async def final_state(mutations: MutationClient, execute: Execute, id_: str) -> dict[str, Any]:
    """The final state of a shipment, without ids and times of recording."""
    query = f"""query($id: ID!) {{ shipment(by: {{id: $id}}) {{
      {MILESTONES} version packages {{ seq status statusAt }}
      statusExplanation {{ rule decidedBy {{ externalEventId }} }}
      events(first: 250) {{ nodes {{ externalEventId applied notAppliedReason package {{ seq }} }} }} }} }}"""
    state: dict[str, Any] = (await execute(query, {"id": id_}))["data"]["shipment"]
    return state


@pytest.mark.parametrize("seed", range(6))
async def test_the_result_does_not_depend_on_order_and_batches(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine, seed: int
) -> None:
    rng = random.Random(seed)
    packages = [0, 1, 2][seed % 3]
    events = random_events(rng, 14)
    results = []
    for run in range(6):
        order = sorted(events, key=lambda one_event: one_event["at"])
        if run == 1:
            order.reverse()
        elif run > 1:
            rng.shuffle(order)
        created = await mutations.created(
            **minimal(recipient=minimal()["shipper"], packages=[KILO] * packages, confirm=packages > 0)
        )
        await record_in_batches(mutations, created, order, batch=[1, 3, 14, 1, 5, 2][run])
        if run == 3:
            await record_in_batches(mutations, created, order, batch=14)  # all events again: nothing changes
        state = await final_state(mutations, execute, created["id"])
        for name in ("statusAt", "readyAt"):  # the time of the confirmation is the time of the test
            if state[name] and state[name] > "2026-03-20":
                state[name] = None
        for package in state["packages"]:
            package["statusAt"] = package["statusAt"] if package["statusAt"] < "2026-03-20" else None
        results.append(state)
    assert [result == results[0] for result in results] == [True] * 6
    assert await assert_versions_match_changes(owner) == 6


async def test_each_of_several_events_of_one_shipment_is_a_change(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.confirmed()
    steps = ["PICKED_UP", "IN_TRANSIT", "INFO", "DELIVERED"]
    rows = [event(created["id"], code, f"2026-03-0{at}T10:00:00Z") for at, code in enumerate(steps, 1)]
    results = (await mutations.record(*reversed(rows)))["results"]
    assert [result["event"]["code"] for result in results] == [*reversed(steps)]
    assert [result["statusChanged"] for result in results] == [True, False, True, True]
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["version"]) == ("DELIVERED", 5)
    async with owner.connect() as connection:
        changes = await connection.execute(
            text("SELECT status_before::text, status_after::text, changed->'status' FROM change ORDER BY seq")
        )
        moves = [tuple(row) for row in changes][1:]
    assert moves == [
        ("READY", "PICKED_UP", ["READY", "PICKED_UP"]),
        ("PICKED_UP", "IN_TRANSIT", ["PICKED_UP", "IN_TRANSIT"]),
        ("IN_TRANSIT", "IN_TRANSIT", None),
        ("IN_TRANSIT", "DELIVERED", ["IN_TRANSIT", "DELIVERED"]),
    ]


async def test_a_late_event_does_not_move_a_delivered_shipment_back(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "DELIVERED", "2026-03-05T10:00:00Z"))
    (late,) = (await mutations.record(event(created["id"], "PICKED_UP", "2026-03-01T10:00:00Z")))["results"]
    assert (late["statusChanged"], late["event"]["applied"]) == (False, True)
    (later,) = (await mutations.record(event(created["id"], "IN_TRANSIT", "2026-03-06T10:00:00Z")))["results"]
    assert (later["event"]["applied"], later["event"]["notAppliedReason"]) == (False, "AFTER_TERMINAL")
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["pickedUpAt"]) == ("DELIVERED", "2026-03-01T10:00:00+00:00")


async def test_of_several_late_events_the_deciding_one_changed_the_status(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "INFO", "2026-03-09T10:00:00Z"))
    rows = [event(created["id"], code, f"2026-03-0{at}T10:00:00Z") for at, code in enumerate(["HELD", "DELIVERED"], 1)]
    results = (await mutations.record(*rows, event(created["id"], "INFO", "2026-03-08T10:00:00Z")))["results"]
    assert [result["statusChanged"] for result in results] == [False, True, False]


async def test_stored_events_that_are_no_longer_applied_say_so(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "IN_TRANSIT", "2026-03-05T10:00:00Z"))
    await mutations.record(event(created["id"], "DELIVERED", "2026-03-02T10:00:00Z"))
    delivered, moving = await mutations.events(created["id"])
    assert (delivered["applied"], moving["applied"], moving["notAppliedReason"]) == (True, False, "AFTER_TERMINAL")
    assert (await mutations.shipment(created["id"]))["status"] == "DELIVERED"


@pytest.mark.parametrize("state", ["DRAFT", "CANCELLED", "archived"])
async def test_events_are_recorded_in_every_status(mutations: MutationClient, state: str) -> None:
    created = await mutations.created(packages=[KILO])
    if state == "CANCELLED":
        await mutations.cancel(created["id"])
    if state == "archived":
        await mutations.archive(created["id"])
    (result,) = (await mutations.record(event(created["id"], "DELIVERED")))["results"]
    assert result["errors"] == []
    assert (await mutations.shipment(created["id"]))["status"] == ("CANCELLED" if state == "CANCELLED" else "DELIVERED")


async def test_events_before_a_cancellation_are_applied_and_the_shipment_stays_cancelled(
    mutations: MutationClient,
) -> None:
    created = await mutations.confirmed()
    await mutations.cancel(created["id"])
    rows = [event(created["id"], "PICKED_UP"), event(created["id"], "DELIVERED", "2026-03-02T10:00:00Z")]
    payload = await mutations.record(*rows)
    assert [result["event"]["applied"] for result in payload["results"]] == [True, True]
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["version"]) == ("CANCELLED", 4)
    assert shipment["pickedUpAt"] == "2026-03-01T10:00:00+00:00"
    assert shipment["closedAt"] > "2026-03-02"


async def test_an_event_far_in_the_future_is_stored_and_changes_no_status(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    payload = await mutations.record(event(created["id"], "DELIVERED", "2999-01-01T00:00:00Z"))
    (result,) = payload["results"]
    assert warning_codes(result) == [("FUTURE", "inputs.0.occurred")]
    assert (result["event"]["applied"], result["event"]["notAppliedReason"]) == (False, "FUTURE")
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["lastEventAt"], shipment["version"]) == ("READY", None, 2)


async def test_the_newest_estimate_applies_regardless_of_its_source(mutations: MutationClient) -> None:
    created = await mutations.confirmed(estimatedDeliveryAt="2026-03-10T00:00:00Z")

    async def estimate() -> str:
        return (await mutations.shipment(created["id"]))["estimatedDeliveryAt"][8:10]

    await mutations.record(event(created["id"], "INFO", estimatedDeliveryAt="2026-03-11T00:00:00Z"))
    assert await estimate() == "11"
    await mutations.update(created["id"], {"estimatedDeliveryAt": "2026-03-12T00:00:00Z"})
    assert await estimate() == "12"
    await mutations.record(event(created["id"], "PICKED_UP", "2026-02-01T00:00:00Z"))  # a late event: all are replayed
    assert await estimate() == "12"
    later = event(created["id"], "INFO", "2026-03-03T00:00:00Z", estimatedDeliveryAt="2026-03-13T00:00:00Z")
    recorded = (await mutations.record(later))["results"][0]["event"]["id"]
    assert await estimate() == "13"
    await mutations.void(recorded)
    assert await estimate() == "12"


async def test_the_status_of_a_shipment_follows_from_its_packages(mutations: MutationClient) -> None:
    created = await mutations.confirmed(packages=3)
    one, two, three = (package["id"] for package in created["packages"])
    expected = [
        (event(one, "PICKED_UP", "2026-03-01T00:00:00Z"), "READY"),
        (event(created["id"], "IN_TRANSIT", "2026-03-02T00:00:00Z"), "IN_TRANSIT"),
        (event(two, "HELD", "2026-03-03T00:00:00Z"), "EXCEPTION"),
        (event(one, "DELIVERED", "2026-03-04T00:00:00Z"), "PARTIALLY_DELIVERED"),
        (event(two, "DELIVERED", "2026-03-05T00:00:00Z"), "PARTIALLY_DELIVERED"),
        (event(three, "DELIVERED", "2026-03-06T00:00:00Z"), "DELIVERED"),
    ]
    for report, status in expected:
        await mutations.record(report)
        shipment = await mutations.shipment(created["id"])
        assert shipment["status"] == status
    assert shipment["deliveredAt"] == "2026-03-06T00:00:00+00:00"


async def test_an_event_of_a_shipment_applies_to_its_200_packages(
    mutations: MutationClient, statements: list[str]
) -> None:
    created = await mutations.confirmed(packages=200)
    small = await mutations.confirmed()
    await mutations.record(event(small["id"]))
    counts = []
    for id_ in (small["id"], created["id"]):
        statements.clear()
        await mutations.record(event(id_, "OUT_FOR_DELIVERY", "2026-03-02T00:00:00Z"))
        counts.append(len(statements))
    assert counts[0] == counts[1] == 9  # BEGIN, targets, lock, duplicates, packages, events, shipments, COMMIT, read
    shipment = await mutations.shipment(created["id"])
    assert {package["status"] for package in shipment["packages"]} == {"OUT_FOR_DELIVERY"}


async def test_validate_only_returns_the_effect_of_events_and_writes_nothing(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "PICKED_UP"))
    before = await database_snapshot(owner)
    rows = [
        event(created["id"], "PICKED_UP"),
        event(created["id"], "DELIVERED", "2026-03-02T00:00:00Z"),
        event(created["id"], "DELIVERED", "2026-03-02T00:00:00Z"),
        event("shp_0", "DELIVERED"),
        event(created["id"], "DELIVERED", "2026-03-01T00:00:00Z", place={"country": "XX"}),
    ]
    payload = await mutations.record(*rows, validateOnly=True)
    results = payload["results"]
    assert [result["duplicate"] for result in results] == [True, False, True, False, False]
    assert [result["statusChanged"] for result in results] == [False, True, False, False, False]
    assert [result["event"] is None for result in results] == [False, True, True, True, True]
    assert codes(results[3]) == [("NOT_FOUND", "inputs.3.target")]
    assert codes(results[4]) == [("INVALID", "inputs.4.place.country")]
    assert (payload["succeeded"], payload["failed"]) == (3, 2)
    assert await database_snapshot(owner) == before


async def test_a_new_mapping_does_not_turn_a_duplicate_into_a_new_event(mutations: MutationClient) -> None:
    await mutations.save_carrier("mine")
    created = await mutations.confirmed(carrier="mine")
    report = event(created["id"], None, carrierStatusRaw="zz")
    (first,) = (await mutations.record(report))["results"]
    assert (first["event"]["code"], warning_codes(first)) == (
        "INFO",
        [("UNMAPPED_STATUS", "inputs.0.carrierStatusRaw")],
    )
    assert (await mutations.map_status("mine", "ZZ", "DELIVERED"))["errors"] == []
    (again,) = (await mutations.record(report))["results"]
    assert (again["duplicate"], again["event"]["id"]) == (True, first["event"]["id"])
