"""Voiding and replacing events, overriding a status: nothing is deleted, and the remaining events decide the status."""

import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands.command import CommandContext
from graphql_app.commands.shipments import event_history, locking
from graphql_app.database.session import get_session
from graphql_app.domain import incremental_replay
from graphql_app.domain.enums import ShipmentStatus
from tests.support import full_replay
from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    BERLIN,
    KILO,
    PARIS,
    MutationClient,
    assert_versions_match_changes,
    codes,
    database_snapshot,
    event,
)


async def record_event(mutations: MutationClient, report: dict[str, Any]) -> str:
    """Record one event and return its id."""
    (result,) = (await mutations.record(report))["results"]
    assert result["errors"] == []
    id_: str = result["event"]["id"]
    return id_


async def test_a_voided_event_is_not_applied_and_remains_visible(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    await record_event(mutations, event(created["id"], "PICKED_UP", "2026-03-01T10:00:00Z"))
    event_id = await record_event(mutations, event(created["id"], "DELIVERED", "2026-03-02T10:00:00Z"))
    blocked = await record_event(mutations, event(created["id"], "OUT_FOR_DELIVERY", "2026-03-03T10:00:00Z"))
    payload = await mutations.void(event_id, " Scanned by mistake ")
    (result,) = payload["results"]
    assert (result["statusChanged"], payload["succeeded"], payload["failed"]) == (True, 1, 0)
    voided = result["event"]
    assert (voided["applied"], voided["notAppliedReason"], voided["voidReason"]) == (
        False,
        "VOIDED",
        "Scanned by mistake",
    )
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["deliveredAt"], shipment["closedAt"]) == ("OUT_FOR_DELIVERY", None, None)
    assert shipment["version"] == 5
    events = {event_["id"]: event_ for event_ in await mutations.events(created["id"])}
    assert len(events) == 3
    assert events[blocked]["applied"] is True


async def test_voiding_twice_changes_nothing(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.confirmed()
    event_id = await record_event(mutations, event(created["id"]))
    await mutations.void(event_id, "First")
    before = await database_snapshot(owner)
    (again,) = (await mutations.void(event_id, "Second"))["results"]
    assert (again["errors"], again["event"]["voidReason"], again["statusChanged"]) == ([], "First", False)
    assert await database_snapshot(owner) == before


async def test_voiding_the_only_event_restores_the_state_set_by_commands(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    event_id = await record_event(mutations, event(created["id"], "LOST"))
    await mutations.void(event_id)
    shipment = await mutations.shipment(created["id"])
    for name in ("status", "statusAt", "readyAt", "lastEventAt", "pickedUpAt", "exceptionReason", "packages"):
        assert shipment[name] == created[name]


async def test_a_replacement_is_applied_instead_of_the_voided_event(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.confirmed()
    event_id = await record_event(mutations, event(created["id"], "DELIVERED", "2026-03-02T10:00:00Z"))
    payload = await mutations.void(
        event_id, replacement=event(created["id"], "DELIVERY_ATTEMPTED", "2026-03-02T10:00:00Z")
    )
    old, new = payload["results"]
    assert (old["event"]["id"], new["event"]["corrects"]) == (event_id, {"id": event_id})
    assert (new["event"]["applied"], new["duplicate"]) == (True, False)
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["version"], shipment["deliveredAt"]) == ("DELIVERY_ATTEMPTED", 4, None)
    await assert_versions_match_changes(owner)


async def test_a_replacement_may_equal_the_voided_event(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.confirmed()
    report = event(created["id"], "DELIVERED", externalEventId="E1", source="feed")
    event_id = await record_event(mutations, report)
    first = (await mutations.void(event_id, replacement=report))["results"]
    before = await database_snapshot(owner)
    again = (await mutations.void(event_id, replacement=report))["results"]
    assert (first[1]["duplicate"], again[1]["duplicate"]) == (False, True)
    assert again[1]["event"]["id"] == first[1]["event"]["id"] != event_id
    assert await database_snapshot(owner) == before


async def test_recording_a_voided_event_again_does_not_restore_it(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.confirmed()
    report = event(created["id"], "DELIVERED")
    event_id = await record_event(mutations, report)
    await mutations.void(event_id)
    before = await database_snapshot(owner)
    (again,) = (await mutations.record(report))["results"]
    assert (again["duplicate"], again["event"]["id"], again["event"]["applied"]) == (True, event_id, False)
    assert await database_snapshot(owner) == before


@pytest.mark.parametrize("policy", ["void", "validate"])
async def test_an_invalid_replacement_leaves_the_event_unchanged(
    mutations: MutationClient, owner: AsyncEngine, policy: str
) -> None:
    created, other = await mutations.confirmed(), await mutations.confirmed()
    event_id = await record_event(mutations, event(created["id"], "DELIVERED"))
    before = await database_snapshot(owner)
    options = {"validateOnly": True} if policy == "validate" else {}
    replacements = [
        (event(other["id"], "HELD"), [("INVALID", "replacement.target")]),
        (event("shp_0", "HELD"), [("NOT_FOUND", "replacement.target")]),
        (event(created["id"], None), [("REQUIRED", "replacement.code")]),
        (event(created["id"], "HELD", message="x" * 1001), [("LIMIT_EXCEEDED", "replacement.message")]),
    ]
    for replacement, errors in replacements:
        payload = await mutations.void(event_id, replacement=replacement, **options)
        voided, new = payload["results"]
        assert (codes(voided), codes(new)) == ([], errors)
        assert (payload["succeeded"], payload["failed"], new["event"]) == (0, 1, None)
    assert await database_snapshot(owner) == before


async def test_validate_only_returns_the_effect_of_a_void(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.confirmed()
    event_id = await record_event(mutations, event(created["id"], "DELIVERED"))
    before = await database_snapshot(owner)
    payload = await mutations.void(event_id, replacement=event(created["id"], "HELD"), validateOnly=True)
    assert [result["statusChanged"] for result in payload["results"]] == [True, True]
    assert [result["errors"] for result in payload["results"]] == [[], []]
    assert await database_snapshot(owner) == before


@pytest.mark.parametrize("id_", ["evt_" + "0" * 32, "shp_" + "0" * 32, "", "\0"])
async def test_voiding_an_unknown_event_returns_not_found(mutations: MutationClient, id_: str) -> None:
    created = await mutations.confirmed()
    payload = await mutations.void(id_, replacement=event(created["id"]))
    assert [codes(result) for result in payload["results"]] == [[("NOT_FOUND", "id")], []]
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert await mutations.events(created["id"]) == []


async def test_a_void_requires_a_reason_and_checks_the_expected_version(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    event_id = await record_event(mutations, event(created["id"]))
    assert codes((await mutations.void(event_id, " "))["results"][0]) == [("REQUIRED", "reason")]
    (result,) = (await mutations.void(event_id, expectedVersion=1))["results"]
    assert codes(result) == [("VERSION_CONFLICT", "options.expectedVersion")]
    assert result["errors"][0]["changedFields"] == ["events", "status"]
    assert (await mutations.void(event_id, expectedVersion=2))["succeeded"] == 1


async def test_an_override_survives_a_recalculation_and_can_be_voided(
    mutations: MutationClient, execute: Execute
) -> None:
    created = await mutations.confirmed(packages=2)
    await mutations.record(event(created["id"], "LOST", "2026-03-02T10:00:00Z"))
    payload = await mutations.override(created["id"], "DELIVERED", "The recipient called")
    assert payload["shipment"]["status"] == "DELIVERED"
    await mutations.record(event(created["id"], "IN_TRANSIT", "2026-03-01T10:00:00Z"))
    shipment = await mutations.shipment(created["id"])
    assert (shipment["status"], shipment["version"]) == ("DELIVERED", 4)
    query = """query($id: ID!) { shipment(by: {id: $id}) {
      statusExplanation { rule decidedBy { id message source } } } }"""
    decided_by = (await execute(query, {"id": created["id"]}))["data"]["shipment"]["statusExplanation"]["decidedBy"]
    assert (decided_by["message"], decided_by["source"]) == ("The recipient called", "override")
    await mutations.void(decided_by["id"], "It was another parcel")
    assert (await mutations.shipment(created["id"]))["status"] == "FAILED"


async def test_events_after_an_override_continue_from_its_status(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "DELIVERED"))
    await mutations.override(created["id"], "IN_TRANSIT")
    tomorrow = (await mutations.shipment(created["id"]))["lastEventAt"].replace("+00:00", "9+00:00")
    await mutations.record(event(created["id"], "OUT_FOR_DELIVERY", tomorrow))
    assert (await mutations.shipment(created["id"]))["status"] == "OUT_FOR_DELIVERY"


# -- the stored state equals a recalculation from all events --------------------------------------------------------


async def assert_settled(owner: AsyncEngine) -> None:
    """Replay all events of all shipments and compare the result with the stored state."""
    async with owner.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM account"))).scalar_one()
        ids = (await connection.execute(text("SELECT id FROM shipment"))).scalars().all()
    async with get_session(owner, account) as session:
        context = CommandContext(session.execute_sql, account, "test", "test", validate_only=True)
        locked = await locking.lock(context, [{**locking.NO_KEY, "id": id_} for id_ in ids])
        await locking.load_packages(context, locked)
        for shipment in locked.values():
            await full_replay.assert_equals_full_replay(owner, shipment)


CODES = (
    "LABEL_CREATED PICKED_UP IN_TRANSIT OUT_FOR_DELIVERY DELIVERED HELD LOST RETURN_STARTED RETURNED INFO DAMAGED "
    "REDIRECTED"
)
OVERRIDES = [str(status) for status in ShipmentStatus if status not in ("DRAFT", "PARTIALLY_DELIVERED")]


@pytest.mark.parametrize("seed", range(5))
async def test_after_random_operations_the_stored_state_equals_a_full_recalculation(
    mutations: MutationClient, owner: AsyncEngine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:  # checkpoints and pages that shipments with few events need too
        monkeypatch.setattr(incremental_replay, "MIN_INTERVAL_EVENTS", 2)
        monkeypatch.setattr(incremental_replay, "PACKAGE_EVENTS", 0)
        monkeypatch.setattr(event_history, "PAGE_EVENTS", 5)
    rng, references = random.Random(seed), ["A", "B", "C"]
    shipments: dict[str, Any] = {}
    for at, reference in enumerate(references):
        created = await mutations.upsert(reference, {"shipper": BERLIN, "recipient": PARIS, "packages": [KILO] * at})
        shipments[reference] = created["shipment"]["id"]
    for turn in range(40):
        reference = rng.choice(references)
        id_ = shipments[reference]
        shipment = await mutations.shipment(id_)
        targets = [id_, id_, *(package["id"] for package in shipment["packages"])]
        match rng.choice(["record"] * 6 + ["void", "void", "override", "confirm", "cancel", "estimate", "upsert"]):
            case "record":
                rows = []
                for _ in range(rng.randint(1, 3)):
                    day, hour = rng.randint(1, 9), rng.randint(0, 23)
                    fields = {"estimatedDeliveryAt": f"2026-05-0{day}T00:00:00Z"} if rng.random() < 0.3 else {}
                    local = {"local": {"at": f"2026-03-0{day}T{rng.randint(0, 23):02}:30:00"}}
                    time = rng.choice([{"date": f"2026-03-0{day}"}, local]) if rng.random() < 0.3 else None
                    row = event(
                        rng.choice(targets),
                        rng.choice(CODES.split()),
                        f"2026-03-0{day}T{hour:02}:00:00{rng.choice(['Z', '+09:00', '-08:00'])}",
                        **fields,
                    )
                    rows.append({**row, "occurred": time or row["occurred"]})
                assert (await mutations.record(*rows))["failed"] == 0
            case "void":
                if events := await mutations.events(id_):
                    replacement = event(rng.choice(targets), "IN_TRANSIT") if rng.random() < 0.5 else None
                    assert (await mutations.void(rng.choice(events)["id"], replacement=replacement))["failed"] == 0
            case "override":
                await mutations.override(id_, rng.choice(OVERRIDES))
            case "confirm":
                await mutations.confirm(id_)
            case "cancel" if rng.random() < 0.3:
                await mutations.cancel(id_)
            case "estimate":
                await mutations.update(id_, {"estimatedDeliveryAt": rng.choice([None, "2026-06-01T00:00:00Z"])})
            case "upsert":
                packages = [KILO] * rng.randint(0, 3)
                report = {
                    "shipper": BERLIN,
                    "recipient": PARIS,
                    "packages": packages,
                    "confirm": turn % 2 == 0 and packages != [],
                }
                await mutations.upsert(reference, report)
        await assert_settled(owner)
    assert await assert_versions_match_changes(owner) == 3
