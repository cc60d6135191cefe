"""Wrong events are voided and replaced, statuses are overridden: nothing is deleted, and what is left decides again."""

import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands.command import CommandContext
from graphql_app.commands.shipments import locking
from graphql_app.commands.shipments.status_recalculation import EventHistory
from graphql_app.database.session import get_session
from graphql_app.domain.enums import ShipmentStatus
from tests.support.graphql_client import Ask
from tests.support.mutation_client import BERLIN, KILO, PARIS, Deeds, codes, event, trail, versions_hold


async def id_of(deeds: Deeds, given: dict[str, Any]) -> str:
    """Record one event."""
    (result,) = (await deeds.record(given))["results"]
    assert result["errors"] == []
    id_: str = result["event"]["id"]
    return id_


async def test_a_voided_event_counts_no_more_and_stays(deeds: Deeds) -> None:
    made = await deeds.ready()
    await id_of(deeds, event(made["id"], "PICKED_UP", "2026-03-01T10:00:00Z"))
    wrong = await id_of(deeds, event(made["id"], "DELIVERED", "2026-03-02T10:00:00Z"))
    blocked = await id_of(deeds, event(made["id"], "OUT_FOR_DELIVERY", "2026-03-03T10:00:00Z"))
    payload = await deeds.void(wrong, " Scanned by mistake ")
    (result,) = payload["results"]
    assert (result["statusChanged"], payload["succeeded"], payload["failed"]) == (True, 1, 0)
    gone = result["event"]
    assert (gone["applied"], gone["notAppliedReason"], gone["voidReason"]) == (False, "VOIDED", "Scanned by mistake")
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["deliveredAt"], shipment["closedAt"]) == ("OUT_FOR_DELIVERY", None, None)
    assert shipment["version"] == 5
    events = {one["id"]: one for one in await deeds.events(made["id"])}
    assert len(events) == 3
    assert events[blocked]["applied"] is True


async def test_voiding_twice_changes_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    wrong = await id_of(deeds, event(made["id"]))
    await deeds.void(wrong, "First")
    before = await trail(owner)
    (again,) = (await deeds.void(wrong, "Second"))["results"]
    assert (again["errors"], again["event"]["voidReason"], again["statusChanged"]) == ([], "First", False)
    assert await trail(owner) == before


async def test_the_only_event_voided_leaves_what_commands_made(deeds: Deeds) -> None:
    made = await deeds.ready()
    wrong = await id_of(deeds, event(made["id"], "LOST"))
    await deeds.void(wrong)
    shipment = await deeds.shipment(made["id"])
    for name in ("status", "statusAt", "readyAt", "lastEventAt", "pickedUpAt", "exceptionReason", "packages"):
        assert shipment[name] == made[name]


async def test_a_replacement_stands_in_the_place_of_what_was_wrong(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    wrong = await id_of(deeds, event(made["id"], "DELIVERED", "2026-03-02T10:00:00Z"))
    payload = await deeds.void(wrong, replacement=event(made["id"], "DELIVERY_ATTEMPTED", "2026-03-02T10:00:00Z"))
    old, new = payload["results"]
    assert (old["event"]["id"], new["event"]["corrects"]) == (wrong, {"id": wrong})
    assert (new["event"]["applied"], new["duplicate"]) == (True, False)
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["version"], shipment["deliveredAt"]) == ("DELIVERY_ATTEMPTED", 4, None)
    await versions_hold(owner)


async def test_a_replacement_may_equal_what_it_replaces(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    given = event(made["id"], "DELIVERED", externalEventId="E1", source="feed")
    wrong = await id_of(deeds, given)
    first = (await deeds.void(wrong, replacement=given))["results"]
    before = await trail(owner)
    again = (await deeds.void(wrong, replacement=given))["results"]
    assert (first[1]["duplicate"], again[1]["duplicate"]) == (False, True)
    assert again[1]["event"]["id"] == first[1]["event"]["id"] != wrong
    assert await trail(owner) == before


async def test_a_feed_that_repeats_a_voided_event_does_not_bring_it_back(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    given = event(made["id"], "DELIVERED")
    wrong = await id_of(deeds, given)
    await deeds.void(wrong)
    before = await trail(owner)
    (again,) = (await deeds.record(given))["results"]
    assert (again["duplicate"], again["event"]["id"], again["event"]["applied"]) == (True, wrong, False)
    assert await trail(owner) == before


@pytest.mark.parametrize("policy", ["void", "validate"])
async def test_a_wrong_replacement_leaves_the_event_as_it_was(deeds: Deeds, owner: AsyncEngine, policy: str) -> None:
    made, other = await deeds.ready(), await deeds.ready()
    wrong = await id_of(deeds, event(made["id"], "DELIVERED"))
    before = await trail(owner)
    options = {"validateOnly": True} if policy == "validate" else {}
    replacements = [
        (event(other["id"], "HELD"), [("INVALID", "replacement.target")]),
        (event("shp_0", "HELD"), [("NOT_FOUND", "replacement.target")]),
        (event(made["id"], None), [("REQUIRED", "replacement.code")]),
        (event(made["id"], "HELD", message="x" * 1001), [("LIMIT_EXCEEDED", "replacement.message")]),
    ]
    for replacement, problems in replacements:
        payload = await deeds.void(wrong, replacement=replacement, **options)
        voided, new = payload["results"]
        assert (codes(voided), codes(new)) == ([], problems)
        assert (payload["succeeded"], payload["failed"], new["event"]) == (0, 1, None)
    assert await trail(owner) == before


async def test_a_validated_void_says_what_it_would_do(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    wrong = await id_of(deeds, event(made["id"], "DELIVERED"))
    before = await trail(owner)
    payload = await deeds.void(wrong, replacement=event(made["id"], "HELD"), validateOnly=True)
    assert [result["statusChanged"] for result in payload["results"]] == [True, True]
    assert [result["errors"] for result in payload["results"]] == [[], []]
    assert await trail(owner) == before


@pytest.mark.parametrize("id_", ["evt_" + "0" * 32, "shp_" + "0" * 32, "", "\0"])
async def test_an_event_that_is_not_there_is_not_found(deeds: Deeds, id_: str) -> None:
    made = await deeds.ready()
    payload = await deeds.void(id_, replacement=event(made["id"]))
    assert [codes(result) for result in payload["results"]] == [[("NOT_FOUND", "id")], []]
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert await deeds.events(made["id"]) == []


async def test_a_void_needs_a_reason_and_may_expect_a_version(deeds: Deeds) -> None:
    made = await deeds.ready()
    wrong = await id_of(deeds, event(made["id"]))
    assert codes((await deeds.void(wrong, " "))["results"][0]) == [("REQUIRED", "reason")]
    (result,) = (await deeds.void(wrong, expectedVersion=1))["results"]
    assert codes(result) == [("VERSION_CONFLICT", "options.expectedVersion")]
    assert result["errors"][0]["changedFields"] == ["events", "status"]
    assert (await deeds.void(wrong, expectedVersion=2))["succeeded"] == 1


async def test_an_override_survives_what_is_projected_again_and_can_be_voided(deeds: Deeds, ask: Ask) -> None:
    made = await deeds.ready(packages=2)
    await deeds.record(event(made["id"], "LOST", "2026-03-02T10:00:00Z"))
    payload = await deeds.override(made["id"], "DELIVERED", "The recipient called")
    assert payload["shipment"]["status"] == "DELIVERED"
    await deeds.record(event(made["id"], "IN_TRANSIT", "2026-03-01T10:00:00Z"))
    shipment = await deeds.shipment(made["id"])
    assert (shipment["status"], shipment["version"]) == ("DELIVERED", 4)
    query = """query($id: ID!) { shipment(by: {id: $id}) {
      statusExplanation { rule decidedBy { id message source } } } }"""
    why = (await ask(query, {"id": made["id"]}))["data"]["shipment"]["statusExplanation"]["decidedBy"]
    assert (why["message"], why["source"]) == ("The recipient called", "override")
    await deeds.void(why["id"], "It was another parcel")
    assert (await deeds.shipment(made["id"]))["status"] == "FAILED"


async def test_events_after_an_override_go_on_from_it(deeds: Deeds) -> None:
    made = await deeds.ready()
    await deeds.record(event(made["id"], "DELIVERED"))
    await deeds.override(made["id"], "IN_TRANSIT")
    tomorrow = (await deeds.shipment(made["id"]))["lastEventAt"].replace("+00:00", "9+00:00")
    await deeds.record(event(made["id"], "OUT_FOR_DELIVERY", tomorrow))
    assert (await deeds.shipment(made["id"]))["status"] == "OUT_FOR_DELIVERY"


# -- the stored state is what its events say, whatever was done ----------------------------------------------------


async def assert_settled(owner: AsyncEngine) -> None:
    """Folds all events of all shipments again, and finds everything as it is stored."""
    async with owner.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM account"))).scalar_one()
        ids = (await connection.execute(text("SELECT id FROM shipment"))).scalars().all()
    async with get_session(owner, account) as session:
        act = CommandContext(session.execute_sql, account, "test", "test", validate_only=True)
        locked = await locking.lock(act, [{**locking.NO_KEY, "id": id_} for id_ in ids])
        await locking.load_packages(act, locked)
        timeline = EventHistory(locked)
        await timeline.load(act, locked)
        for shipment in locked.values():
            row = dict(shipment.row)
            packages = {key: dict(package) for key, package in shipment.packages.items()}
            timeline.replay(shipment)
            assert shipment.row == row
            assert shipment.packages == packages
            assert row["event_count"] == len(timeline.stored[shipment.id])
        assert timeline.changed_flags() == []


CODES = "LABEL_CREATED PICKED_UP IN_TRANSIT OUT_FOR_DELIVERY DELIVERED HELD LOST RETURN_STARTED RETURNED INFO DAMAGED"
OVERRIDES = [str(status) for status in ShipmentStatus if status not in ("DRAFT", "PARTIALLY_DELIVERED")]


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_is_done_the_stored_state_is_what_its_events_say(
    deeds: Deeds, owner: AsyncEngine, seed: int
) -> None:
    rng, references = random.Random(seed), ["A", "B", "C"]
    shipments: dict[str, Any] = {}
    for at, reference in enumerate(references):
        made = await deeds.upsert(reference, {"shipper": BERLIN, "recipient": PARIS, "packages": [KILO] * at})
        shipments[reference] = made["shipment"]["id"]
    for turn in range(40):
        reference = rng.choice(references)
        id_ = shipments[reference]
        shipment = await deeds.shipment(id_)
        targets = [id_, id_, *(package["id"] for package in shipment["packages"])]
        match rng.choice(["record"] * 6 + ["void", "void", "override", "confirm", "cancel", "estimate", "upsert"]):
            case "record":
                rows = []
                for _ in range(rng.randint(1, 3)):
                    day, hour = rng.randint(1, 9), rng.randint(0, 23)
                    more = {"estimatedDeliveryAt": f"2026-05-0{day}T00:00:00Z"} if rng.random() < 0.3 else {}
                    time = {"date": f"2026-03-0{day}"} if rng.random() < 0.2 else None
                    row = event(
                        rng.choice(targets), rng.choice(CODES.split()), f"2026-03-0{day}T{hour:02}:00:00Z", **more
                    )
                    rows.append({**row, "occurred": time or row["occurred"]})
                assert (await deeds.record(*rows))["failed"] == 0
            case "void":
                if known := await deeds.events(id_):
                    replacement = event(rng.choice(targets), "IN_TRANSIT") if rng.random() < 0.5 else None
                    assert (await deeds.void(rng.choice(known)["id"], replacement=replacement))["failed"] == 0
            case "override":
                await deeds.override(id_, rng.choice(OVERRIDES))
            case "confirm":
                await deeds.confirm(id_)
            case "cancel" if rng.random() < 0.3:
                await deeds.cancel(id_)
            case "estimate":
                await deeds.update(id_, {"estimatedDeliveryAt": rng.choice([None, "2026-06-01T00:00:00Z"])})
            case "upsert":
                packages = [KILO] * rng.randint(0, 3)
                given = {
                    "shipper": BERLIN,
                    "recipient": PARIS,
                    "packages": packages,
                    "confirm": turn % 2 == 0 and packages != [],
                }
                await deeds.upsert(reference, given)
        await assert_settled(owner)
    assert await versions_hold(owner) == 3
