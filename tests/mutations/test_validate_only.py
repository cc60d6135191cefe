"""`validateOnly` on every mutation: the same errors and warnings as the real call, and no change in the database."""

from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import scopes
from tests.support.graphql_client import Execute
from tests.support.mutation_client import DOCUMENTS, KILO, MutationClient, complete, database_snapshot, event, minimal

Calls = list[tuple[str, dict[str, Any]]]
PACKAGE_WITH_WARNING = {**KILO, "trackingNumber": "1Z999AA10123456785"}
"""A tracking number with a wrong check digit."""
COMPARED_FIELDS = ("index", "clientRef", "duplicate", "errors", "warnings", "statusChanged")


async def calls(mutations: MutationClient) -> Calls:
    """For each mutation, calls that succeed and calls that fail; bulk calls with valid and invalid rows."""
    await mutations.save_carrier("ups")
    draft = await mutations.created(externalReference="draft", packages=[KILO], recipient=minimal()["shipper"])
    ready_id, delivered_id = (await mutations.confirmed(2))["id"], (await mutations.confirmed())["id"]
    recorded = await mutations.record(
        event(delivered_id, "PICKED_UP"), event(delivered_id, "DELIVERED", "2026-03-02T10:00:00Z")
    )
    pickup, delivery = [result["event"]["id"] for result in recorded["results"]]
    by = {
        name: {"by": {"id": id_}}
        for name, id_ in (("draft", draft["id"]), ("ready", ready_id), ("delivered", delivered_id))
    }
    input_ = complete(packages=[PACKAGE_WITH_WARNING], confirm=True)
    edits = [{**by["draft"], "input": {"tagsAdd": ["x"]}}, {**by["delivered"], "input": {"service": "x"}}]
    key = await mutations.run("apiKeyCreate", input={"name": "key", "scopes": ["admin"]})
    mapping = {"carrier": "ups", "raw": "Eh?", "code": "HELD"}
    unmapped_event = event(ready_id, None, carrierStatusRaw="Hm")
    return [
        ("shipmentCreate", {"input": {**input_, "externalReference": "new"}}),
        ("shipmentCreate", {"input": {**input_, "externalReference": "draft"}}),
        ("shipmentUpsert", {"externalReference": "newer", "input": input_}),
        ("shipmentUpsert", {"externalReference": "draft", "input": {**input_, "carrier": "ups"}}),
        ("shipmentUpsert", {"externalReference": "draft", "input": {**input_, "carrier": "nobody"}}),
        ("shipmentUpdate", {**by["ready"], "input": {"recipient": {"name": "x", "country": "DE", "postalCode": "1"}}}),
        ("shipmentUpdate", {**by["delivered"], "input": {"references": [{"kind": "po", "value": "1"}]}}),
        ("shipmentsBulkCreate", {"inputs": [input_, {**input_, "carrier": "nobody", "clientRef": "r"}, input_]}),
        ("shipmentsBulkCreate", {"inputs": [input_, {**input_, "tags": ["\0"]}], "errorPolicy": "REJECT_EVERYTHING"}),
        ("shipmentsBulkUpdate", {"inputs": edits}),
        ("shipmentsBulkUpdate", {"inputs": edits, "errorPolicy": "REJECT_EVERYTHING"}),
        ("trackingEventsRecord", {"inputs": [unmapped_event, unmapped_event, event("shp_1")]}),
        ("trackingEventsRecord", {"inputs": [unmapped_event, event("shp_1")], "errorPolicy": "REJECT_EVERYTHING"}),
        ("trackingEventVoid", {"id": delivery, "reason": "No", "replacement": event(draft["id"], "HELD")}),
        ("trackingEventVoid", {"id": delivery, "reason": "No", "replacement": event(delivered_id, "HELD")}),
        ("trackingEventVoid", {"id": pickup, "reason": "No"}),
        ("shipmentConfirm", by["delivered"]),
        ("shipmentConfirm", by["draft"]),
        ("shipmentOverrideStatus", {**by["delivered"], "status": "DRAFT", "reason": "x"}),
        ("shipmentOverrideStatus", {**by["delivered"], "status": "RETURNED", "reason": "x"}),
        ("shipmentCancel", by["delivered"]),
        ("shipmentCancel", {**by["ready"], "reason": "x"}),
        ("shipmentArchive", {"by": {"number": "none"}}),
        ("shipmentArchive", by["delivered"]),
        ("carrierSave", {"code": "ups", "input": {"name": " "}}),
        ("carrierSave", {"code": "ups", "input": {"name": "United"}}),
        ("carrierSave", {"code": "dhl", "input": {"name": "DHL"}}),
        ("carrierStatusMap", {**mapping, "carrier": "nobody"}),
        ("carrierStatusMap", mapping),
        ("apiKeyCreate", {"input": {"name": "k", "scopes": ["everything"]}}),
        ("apiKeyCreate", {"input": {"name": "k", "scopes": ["admin"]}}),
        ("apiKeyRevoke", {"id": "key_1"}),
        ("apiKeyRevoke", {"id": key["apiKey"]["id"]}),
    ]


def outcome(payload: dict[str, Any]) -> dict[str, Any]:
    """Errors and warnings of a call and of its rows, without objects that only a real call can return."""
    rows = [{name: row[name] for name in COMPARED_FIELDS if name in row} for row in payload.get("results", ())]
    return {name: payload.get(name) for name in ("succeeded", "failed", "errors", "warnings")} | {"rows": rows}


async def test_validate_only_returns_what_the_call_returns_and_writes_nothing(
    mutations: MutationClient, owner: AsyncEngine, execute: Execute, client: httpx.AsyncClient
) -> None:
    key = await mutations.run("apiKeyCreate", input={"name": "all", "scopes": [*scopes.SCOPES]})
    client.headers["Authorization"] = f"Bearer {key['secret']}"  # as soon as a key exists, every request needs one
    all_calls = await calls(mutations)
    mutation_type = (await execute("{ __schema { mutationType { fields { name } } } }"))["data"]["__schema"][
        "mutationType"
    ]
    assert {field for field, _ in all_calls} == set(DOCUMENTS) == {field["name"] for field in mutation_type["fields"]}
    for number, (field, variables) in enumerate(all_calls):
        key, before = (
            f"key {number}",
            await database_snapshot(owner, "api_key"),
        )  # api_key holds the time of its last use
        validated = await mutations.run(field, **variables, options={"idempotencyKey": key, "validateOnly": True})
        assert await database_snapshot(owner, "api_key") == before, (field, variables)
        assert validated["meta"]["validateOnly"] is True
        executed = await mutations.run(field, **variables, options={"idempotencyKey": key})
        assert executed["meta"]["replayed"] is False
        assert outcome(validated) == outcome(executed), (field, variables)


async def test_validate_only_returns_existing_objects_unchanged(mutations: MutationClient) -> None:
    await mutations.save_carrier("ups")
    options = {"validateOnly": True}
    payload = await mutations.run("carrierSave", code="ups", input={"name": "United"}, options=options)
    assert payload["carrier"]["name"] == "UPS"
    assert (await mutations.run("carrierSave", code="dhl", input={"name": "DHL"}, options=options))["carrier"] is None
