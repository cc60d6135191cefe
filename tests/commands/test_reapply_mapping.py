"""`carrierStatusMap(reapply: true)`: recorded events take the event code that is mapped now."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands.tracking_events import reapply
from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    MutationClient,
    assert_versions_match_changes,
    codes,
    database_snapshot,
    event,
    warning_codes,
)

MAP = """mutation($carrier: String!, $raw: String!, $code: TrackingEventCode, $reason: ExceptionReason,
    $reapply: Boolean!, $options: MutationOptions) {
  carrierStatusMap(
    carrier: $carrier, raw: $raw, code: $code, reason: $reason, reapply: $reapply, options: $options
  ) { carrier { code } reapplied { events shipments hasMore } errors { code path } meta { replayed } }
}"""
HISTORY = "query($id: ID!) { shipment(by: {id: $id}) { history(first: 250) { nodes { op changed } } } }"


@pytest.fixture
async def shipment(mutations: MutationClient) -> dict[str, Any]:
    """A shipment of the carrier `mine`."""
    await mutations.save_carrier("mine")
    return await mutations.confirmed(carrier="mine")


async def apply_again(
    execute: Execute, raw: str = "ZZ", code: str | None = "DELIVERED", reason: str | None = None, **options: Any
) -> dict[str, Any]:
    """The payload of a mapping that is applied to recorded events."""
    variables = {"carrier": "mine", "raw": raw, "code": code, "reason": reason, "reapply": True, "options": options}
    response = await execute(MAP, variables)
    assert "errors" not in response, response
    payload: dict[str, Any] = response["data"]["carrierStatusMap"]
    return payload


async def test_recorded_events_and_their_shipment_take_the_new_mapping(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine, shipment: dict[str, Any]
) -> None:
    report = event(shipment["id"], None, carrierStatusRaw=" zz ")
    await mutations.record(report, event(shipment["id"], None, "2026-03-01T09:00:00Z", carrierStatusRaw="other"))
    assert (await mutations.shipment(shipment["id"]))["status"] == "READY"
    await mutations.map_status("mine", "ZZ", "DELIVERED")
    (again,) = (await mutations.record(report))["results"]
    assert (again["duplicate"], again["event"]["code"], warning_codes(again)) == (
        True, "INFO", [("MAPPING_CHANGED", "inputs.0.carrierStatusRaw")],
    )  # fmt: skip
    payload = await apply_again(execute)
    assert payload["reapplied"] == {"events": 1, "shipments": 1, "hasMore": False}
    after = await mutations.shipment(shipment["id"])
    assert (after["status"], after["deliveredAt"]) == ("DELIVERED", "2026-03-01T10:00:00+00:00")
    events = await mutations.events(shipment["id"])
    assert [(row["code"], row["carrierStatusRaw"], row["applied"]) for row in events] == [
        ("INFO", "other", False),
        ("DELIVERED", "zz", True),
    ]
    (again,) = (await mutations.record(report))["results"]
    assert (again["duplicate"], again["event"]["code"], again["warnings"]) == (True, "DELIVERED", [])
    log = (await execute(HISTORY, {"id": shipment["id"]}))["data"]["shipment"]["history"]["nodes"]
    assert log[-1]["op"] == "tracking_event.remapped"
    assert log[-1]["changed"] == {
        "status": ["READY", "DELIVERED"], "code": ["INFO", "DELIVERED"], "carrierStatusRaw": [None, "ZZ"],
    }  # fmt: skip
    assert await assert_versions_match_changes(owner) > 0


async def test_the_result_is_that_of_recording_with_the_mapping_from_the_start(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine
) -> None:
    reports = [
        ("A", "2026-03-01T10:00:00Z"), ("ZZ", "2026-03-01T10:00:00Z"), ("B", "2026-03-01T10:00:00Z"),
        ("ZZ", "2026-03-02T10:00:00Z"), ("A", "2026-03-03T10:00:00Z"),
    ]  # fmt: skip
    states = []
    for mapped_first in (True, False):
        name = f"mine{mapped_first}".lower()
        await mutations.save_carrier(name)
        for raw, code in (("A", "IN_TRANSIT"), ("B", "OUT_FOR_DELIVERY")):
            await mutations.map_status(name, raw, code)
        variables = {"carrier": name, "raw": "ZZ", "code": "EXCEPTION", "reason": "ADDRESS", "reapply": True}
        created = await mutations.confirmed(packages=2, carrier=name)
        if mapped_first:
            await execute(MAP, variables)
        for raw, at in reports:
            await mutations.record(event(created["id"], None, at, carrierStatusRaw=raw))
        await execute(MAP, variables)
        async with owner.connect() as connection:
            columns = "code, reason, position, applied, not_applied_reason, dedupe_key"
            query = text(f"SELECT {columns} FROM tracking_event WHERE shipment_id = :id ORDER BY occurred_at, position")
            id_ = created["id"].removeprefix("shp_")
            rows = [tuple(row) for row in await connection.execute(query, {"id": id_})]
        after = await mutations.shipment(created["id"])
        names = ("status", "statusAt", "exceptionReason", "pickedUpAt", "lastEventAt")
        states.append((rows, {name: after[name] for name in names}))
    assert states[0] == states[1]
    assert states[0][1]["status"] == "IN_TRANSIT"


async def test_repeating_it_changes_nothing(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine, shipment: dict[str, Any]
) -> None:
    await mutations.record(event(shipment["id"], None, carrierStatusRaw="ZZ"))
    await apply_again(execute)
    before = await database_snapshot(owner)
    assert (await apply_again(execute))["reapplied"] == {"events": 0, "shipments": 0, "hasMore": False}
    assert await database_snapshot(owner) == before


async def test_events_with_a_code_of_their_own_voided_ones_and_other_carriers_stay(
    mutations: MutationClient, execute: Execute, shipment: dict[str, Any]
) -> None:
    await mutations.save_carrier("other")
    elsewhere = await mutations.confirmed(carrier="other")
    explicit = event(shipment["id"], "INFO", carrierStatusRaw="ZZ")
    voided = event(shipment["id"], None, "2026-03-02T10:00:00Z", carrierStatusRaw="ZZ")
    rows = (await mutations.record(explicit, voided, event(elsewhere["id"], None, carrierStatusRaw="ZZ")))["results"]
    await mutations.void(rows[1]["event"]["id"])
    assert (await apply_again(execute))["reapplied"]["events"] == 0
    assert (await mutations.shipment(shipment["id"]))["status"] == "READY"


async def test_a_corrected_and_a_removed_mapping_apply_and_a_reported_reason_stays(
    mutations: MutationClient, execute: Execute, shipment: dict[str, Any]
) -> None:
    await mutations.record(
        event(shipment["id"], None, carrierStatusRaw="ZZ"),
        event(shipment["id"], None, "2026-03-02T10:00:00Z", carrierStatusRaw="ZZ", reason="REFUSED"),
    )

    async def recorded() -> list[tuple[str, str | None]]:
        return [(row["code"], row["reason"]) for row in await mutations.events(shipment["id"])]

    await apply_again(execute, code="EXCEPTION", reason="ADDRESS")
    assert await recorded() == [("EXCEPTION", "ADDRESS"), ("EXCEPTION", "REFUSED")]
    assert (await apply_again(execute, code="EXCEPTION", reason="WEATHER"))["reapplied"]["events"] == 1
    assert await recorded() == [("EXCEPTION", "WEATHER"), ("EXCEPTION", "REFUSED")]
    await apply_again(execute, code=None)
    assert await recorded() == [("INFO", None), ("INFO", "REFUSED")]
    assert (await mutations.shipment(shipment["id"]))["status"] == "READY"


async def test_validate_only_counts_and_writes_nothing(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine, shipment: dict[str, Any]
) -> None:
    await mutations.record(event(shipment["id"], None, carrierStatusRaw="ZZ"))
    before = await database_snapshot(owner)
    payload = await apply_again(execute, validateOnly=True)
    assert payload["reapplied"] == {"events": 1, "shipments": 1, "hasMore": False}
    assert await database_snapshot(owner) == before


async def test_without_reapply_and_with_errors_nothing_is_applied(
    mutations: MutationClient, execute: Execute, shipment: dict[str, Any]
) -> None:
    await mutations.record(event(shipment["id"], None, carrierStatusRaw="ZZ"))
    variables = {"carrier": "mine", "raw": "ZZ", "code": "DELIVERED", "reapply": False}
    assert (await execute(MAP, variables))["data"]["carrierStatusMap"]["reapplied"] is None
    response = await execute(MAP, {**variables, "carrier": "nobody", "reapply": True})
    payload = response["data"]["carrierStatusMap"]
    assert (payload["reapplied"], codes(payload)) == (None, [("NOT_FOUND", "carrier")])
    assert (await mutations.shipment(shipment["id"]))["status"] == "READY"


async def test_a_call_is_bounded_and_the_next_one_continues(
    mutations: MutationClient, execute: Execute, monkeypatch: pytest.MonkeyPatch, shipment: dict[str, Any]
) -> None:
    monkeypatch.setattr(reapply, "MAX_EVENTS_PER_BATCH", 2)
    monkeypatch.setattr(reapply, "MAX_EVENTS_PER_CALL", 4)
    monkeypatch.setattr(reapply, "MAX_SCANNED_EVENTS_PER_BATCH", 3)
    others = [await mutations.confirmed(carrier="mine") for _ in range(2)]
    ids = [shipment["id"], *(other["id"] for other in others)]
    reports = [event(id_, None, f"2026-03-0{day}T10:00:00Z", carrierStatusRaw="ZZ") for id_ in ids for day in (1, 2, 3)]
    await mutations.record(*reports)
    counts = [(await apply_again(execute, idempotencyKey=f"K{call}"))["reapplied"] for call in range(3)]
    assert [(count["events"], count["hasMore"]) for count in counts] == [(4, True), (4, True), (1, False)]
    assert {(await mutations.shipment(id_))["status"] for id_ in ids} == {"DELIVERED"}


async def test_a_replayed_call_continues_as_well(
    mutations: MutationClient, execute: Execute, shipment: dict[str, Any]
) -> None:
    await apply_again(execute, idempotencyKey="K")
    async_report = event(shipment["id"], "INFO", carrierStatusRaw="ZZ")
    await mutations.record(async_report)
    payload = await apply_again(execute, idempotencyKey="K")
    assert payload["meta"]["replayed"] is True
    assert payload["reapplied"] == {"events": 0, "shipments": 0, "hasMore": False}


async def test_no_recorded_event_keeps_the_old_mapping_under_concurrency(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine, shipment: dict[str, Any]
) -> None:
    others = [await mutations.confirmed(carrier="mine") for _ in range(4)]
    ids = [shipment["id"], *(other["id"] for other in others)]

    async def record(number: int) -> None:
        for minute in range(8):
            at = f"2026-03-01T{10 + number}:{minute:02}:00Z"
            await mutations.record(event(ids[(number + minute) % 5], None, at, carrierStatusRaw="ZZ"))

    async def remap(code: str) -> None:
        for _ in range(3):
            while (await apply_again(execute, code=code))["reapplied"]["hasMore"]:
                pass

    await asyncio.gather(*(record(number) for number in range(6)), remap("IN_TRANSIT"), remap("DELIVERED"))
    while (await apply_again(execute, code="OUT_FOR_DELIVERY"))["reapplied"]["hasMore"]:
        pass
    async with owner.connect() as connection:
        query = text("SELECT DISTINCT code::text FROM tracking_event")
        assert {row.code for row in await connection.execute(query)} == {"OUT_FOR_DELIVERY"}
    assert {(await mutations.shipment(id_))["status"] for id_ in ids} == {"OUT_FOR_DELIVERY"}
    assert await assert_versions_match_changes(owner) > 0


async def test_a_transaction_that_may_have_read_the_old_mapping_is_waited_for(
    mutations: MutationClient,
    execute: Execute,
    owner: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    shipment: dict[str, Any],
) -> None:
    monkeypatch.setattr(reapply, "WAIT_SECONDS", 0.1)
    async with owner.connect() as connection:
        await connection.execute(text("SELECT pg_current_xact_id()"))
        assert (await apply_again(execute))["reapplied"]["hasMore"] is True
        await connection.rollback()
    assert (await apply_again(execute))["reapplied"]["hasMore"] is False


async def test_the_mappings_of_a_carrier_can_be_read(mutations: MutationClient, execute: Execute) -> None:
    await mutations.save_carrier("mine")
    await mutations.save_carrier("other")
    await mutations.map_status("other", "A", "LOST")
    for raw, code, reason in (("b", "EXCEPTION", "REFUSED"), ("D  kb", "DELIVERED", None), ("A", "INFO", None)):
        await mutations.map_status("mine", raw, code, reason)
    query = """query($after: String) { carrier(code: "mine") { statusMappings(first: 2, after: $after) {
      nodes { raw code reason updatedAt } pageInfo { hasNextPage endCursor } totalCount { count } } } }"""
    first = (await execute(query))["data"]["carrier"]["statusMappings"]
    second = (await execute(query, {"after": first["pageInfo"]["endCursor"]}))["data"]["carrier"]["statusMappings"]
    rows = [*first["nodes"], *second["nodes"]]
    assert [(row["raw"], row["code"], row["reason"]) for row in rows] == [
        ("A", "INFO", None),
        ("B", "EXCEPTION", "REFUSED"),
        ("D KB", "DELIVERED", None),
    ]
    assert (first["totalCount"], second["pageInfo"]["hasNextPage"]) == ({"count": 3}, False)


async def test_a_typed_code_is_mapped_and_found_regardless_of_case_and_spaces(
    mutations: MutationClient, execute: Execute
) -> None:
    await mutations.save_carrier("ups")
    created = await mutations.confirmed(carrier="ups")
    report = event(created["id"], None, carrierStatusRaw="d   kb")
    alone = event(created["id"], None, "2026-03-01T09:00:00Z", carrierStatusRaw="KB")
    typed, untyped = (await mutations.record(report, alone))["results"]
    assert (typed["event"]["code"], typed["warnings"]) == ("DELIVERED", [])
    assert (untyped["event"]["code"], warning_codes(untyped)) == (
        "INFO",
        [("UNMAPPED_STATUS", "inputs.1.carrierStatusRaw")],
    )
    query = """{ trackingEvents(where: {carrierStatusRaw: {eq: " D kb"}}) { nodes { carrierStatusRaw } } }"""
    assert (await execute(query))["data"]["trackingEvents"]["nodes"] == [{"carrierStatusRaw": "d   kb"}]
