"""Results that an idempotency key replays: of every mutation, with the errors and warnings of single rows."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.commands.test_idempotency import without_meta
from tests.support.mutation_client import (
    MutationClient,
    assert_versions_match_changes,
    codes,
    database_snapshot,
    event,
    minimal,
    warning_codes,
)


async def test_every_mutation_replays_its_result(mutations: MutationClient, owner: AsyncEngine) -> None:
    await mutations.save_carrier("dhl")
    first_shipment, second_shipment = await mutations.confirmed(), await mutations.confirmed()
    recorded = await mutations.record(event(first_shipment["id"]), event(second_shipment["id"]))
    first, second = (result["event"]["id"] for result in recorded["results"])
    calls: list[tuple[str, dict[str, Any]]] = [
        ("shipmentCreate", {"input": minimal(packages=[{"trackingNumber": "1Z999AA10123456785"}])}),
        ("shipmentUpsert", {"externalReference": "A", "input": minimal()}),
        ("shipmentUpdate", {"by": {"id": first_shipment["id"]}, "input": {"tagsAdd": ["x"]}}),
        ("shipmentArchive", {"by": {"id": first_shipment["id"]}}),
        ("shipmentOverrideStatus", {"by": {"id": second_shipment["id"]}, "status": "DELIVERED", "reason": "Seen"}),
        ("shipmentsBulkUpdate", {"inputs": [{"by": {"id": first_shipment["id"]}, "input": {"tagsAdd": ["y"]}}]}),
        ("trackingEventsRecord", {"inputs": [event(first_shipment["id"], "DELIVERED", "2026-03-02T10:00:00Z")] * 2}),
        ("trackingEventVoid", {"id": first, "reason": "Wrong"}),
        ("trackingEventVoid", {"id": second, "reason": "Wrong", "replacement": event(second_shipment["id"], "HELD")}),
        ("carrierSave", {"code": "ups", "input": {"name": "UPS"}}),
        ("carrierStatusMap", {"carrier": "dhl", "raw": "Z9", "code": "DELIVERED"}),
    ]
    for number, (field, variables) in enumerate(calls):
        options = {"idempotencyKey": f"key {number}"}
        original = await mutations.run(field, **variables, options=options)
        before = await database_snapshot(owner)
        replayed = await mutations.run(field, **variables, options=options)
        assert without_meta(replayed) == without_meta(original)
        assert (original["meta"]["replayed"], replayed["meta"]["replayed"]) == (False, True)
        assert await database_snapshot(owner) == before
    await assert_versions_match_changes(owner)


async def test_errors_and_warnings_of_rows_are_replayed_with_all_their_fields(
    mutations: MutationClient, engine: AsyncEngine
) -> None:
    existing = await mutations.created(externalReference="taken")
    unusual = minimal(clientRef="unusual", packages=[{"trackingNumber": "1Z999AA10123456785"}])
    inputs = [
        unusual,
        minimal(clientRef="duplicate", externalReference="taken"),
        minimal(clientRef="unknown carrier", carrier="nobody"),
        minimal(clientRef="big", metadata={"n": 9_223_372_036_854_775_808}, packages=[{}] * 201),
        minimal(externalReference="new"),
        minimal(externalReference="new"),
    ]
    options = {"idempotencyKey": "k"}
    first = await mutations.bulk_create(*inputs, **options)
    replayed = await mutations.bulk_create(*inputs, **options)
    assert without_meta(replayed) == without_meta(first)
    results = replayed["results"]
    assert [result["clientRef"] for result in results] == ["unusual", "duplicate", "unknown carrier", "big", None, None]
    assert warning_codes(results[0]) == [("CHECK_DIGIT", "inputs.0.packages.0.trackingNumber")]
    assert results[1]["errors"][0]["existing"]["id"] == existing["id"]
    assert codes(results[2]) == [("NOT_FOUND", "inputs.2.carrier")]
    assert {code for code, _ in codes(results[3])} == {"INVALID", "LIMIT_EXCEEDED"}
    assert results[5]["errors"][0]["existing"]["id"] == results[4]["shipment"]["id"]
    updates = [
        {"by": {"id": existing["id"]}, "input": {"service": "x"}, "expectedVersion": 9},
        {"by": {"id": existing["id"]}, "input": {"tagsAdd": ["good"]}},
    ]
    first, replayed = await mutations.bulk_update(*updates, **options), await mutations.bulk_update(*updates, **options)
    conflict = replayed["results"][0]["errors"][0]
    assert (conflict["expected"], conflict["current"], conflict["changedFields"]) == (9, 1, [])
    assert conflict["shipment"] == {"id": existing["id"], "version": 2}
    assert without_meta(replayed)["results"][1] == without_meta(first)["results"][1]


async def test_not_editable_errors_are_replayed(mutations: MutationClient) -> None:
    in_transit, other = await mutations.confirmed(), await mutations.created()
    await mutations.record(event(in_transit["id"]))
    updates = [
        {"by": {"id": in_transit["id"]}, "input": {"service": "x"}},
        {"by": {"id": other["id"]}, "input": {"service": "x"}},
    ]
    await mutations.bulk_update(*updates, idempotencyKey="k")
    replayed = await mutations.bulk_update(*updates, idempotencyKey="k")
    (error,) = replayed["results"][0]["errors"]
    assert (replayed["meta"]["replayed"], error["status"], error["code"]) == (True, "IN_TRANSIT", "NOT_EDITABLE")
    assert error["hint"].startswith("The carrier has the shipment")
