"""`validateOnly` on every mutation: what the call itself would say, and no trace of it anywhere."""

from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import scopes
from tests.conftest import Ask
from tests.support.mutation_client import DOCUMENTS, KILO, Deeds, complete, event, minimal, trail

Calls = list[tuple[str, dict[str, Any]]]
ODD = {**KILO, "trackingNumber": "1Z999AA10123456785"}
SAID = ("index", "clientRef", "duplicate", "errors", "warnings", "statusChanged")


async def calls(deeds: Deeds) -> Calls:
    """For each mutation one call that succeeds and one that fails, bulk calls with both kinds of rows."""
    await deeds.carrier("ups")
    draft = await deeds.made(externalReference="draft", packages=[KILO], recipient=minimal()["shipper"])
    ready, gone = (await deeds.ready(2))["id"], (await deeds.ready())["id"]
    scans = await deeds.record(event(gone, "PICKED_UP"), event(gone, "DELIVERED", "2026-03-02T10:00:00Z"))
    picked_up, delivered = [result["event"]["id"] for result in scans["results"]]
    of = {name: {"by": {"id": id_}} for name, id_ in (("draft", draft["id"]), ("ready", ready), ("gone", gone))}
    odd = complete(packages=[ODD], confirm=True)
    edits = [{**of["draft"], "input": {"tagsAdd": ["x"]}}, {**of["gone"], "input": {"service": "x"}}]
    key = await deeds.do("apiKeyCreate", input={"name": "key", "scopes": ["admin"]})
    word = {"carrier": "ups", "raw": "Eh?", "code": "HELD"}
    unknown_word = event(ready, None, carrierStatusRaw="Hm")
    return [
        ("shipmentCreate", {"input": {**odd, "externalReference": "new"}}),
        ("shipmentCreate", {"input": {**odd, "externalReference": "draft"}}),
        ("shipmentUpsert", {"externalReference": "newer", "input": odd}),
        ("shipmentUpsert", {"externalReference": "draft", "input": {**odd, "carrier": "ups"}}),
        ("shipmentUpsert", {"externalReference": "draft", "input": {**odd, "carrier": "nobody"}}),
        ("shipmentUpdate", {**of["ready"], "input": {"recipient": {"name": "x", "country": "DE", "postalCode": "1"}}}),
        ("shipmentUpdate", {**of["gone"], "input": {"references": [{"kind": "po", "value": "1"}]}}),
        ("shipmentsBulkCreate", {"inputs": [odd, {**odd, "carrier": "nobody", "clientRef": "r"}, odd]}),
        ("shipmentsBulkCreate", {"inputs": [odd, {**odd, "tags": ["\0"]}], "errorPolicy": "REJECT_EVERYTHING"}),
        ("shipmentsBulkUpdate", {"inputs": edits}),
        ("shipmentsBulkUpdate", {"inputs": edits, "errorPolicy": "REJECT_EVERYTHING"}),
        ("trackingEventsRecord", {"inputs": [unknown_word, unknown_word, event("shp_1")]}),
        ("trackingEventsRecord", {"inputs": [unknown_word, event("shp_1")], "errorPolicy": "REJECT_EVERYTHING"}),
        ("trackingEventVoid", {"id": delivered, "reason": "No", "replacement": event(draft["id"], "HELD")}),
        ("trackingEventVoid", {"id": delivered, "reason": "No", "replacement": event(gone, "HELD")}),
        ("trackingEventVoid", {"id": picked_up, "reason": "No"}),
        ("shipmentConfirm", of["gone"]),
        ("shipmentConfirm", of["draft"]),
        ("shipmentOverrideStatus", {**of["gone"], "status": "DRAFT", "reason": "x"}),
        ("shipmentOverrideStatus", {**of["gone"], "status": "RETURNED", "reason": "x"}),
        ("shipmentCancel", of["gone"]),
        ("shipmentCancel", {**of["ready"], "reason": "x"}),
        ("shipmentArchive", {"by": {"number": "none"}}),
        ("shipmentArchive", of["gone"]),
        ("carrierSave", {"code": "ups", "input": {"name": " "}}),
        ("carrierSave", {"code": "ups", "input": {"name": "United"}}),
        ("carrierSave", {"code": "dhl", "input": {"name": "DHL"}}),
        ("carrierStatusMap", {**word, "carrier": "nobody"}),
        ("carrierStatusMap", word),
        ("apiKeyCreate", {"input": {"name": "k", "scopes": ["everything"]}}),
        ("apiKeyCreate", {"input": {"name": "k", "scopes": ["admin"]}}),
        ("apiKeyRevoke", {"id": "key_1"}),
        ("apiKeyRevoke", {"id": key["apiKey"]["id"]}),
    ]


def said(payload: dict[str, Any]) -> dict[str, Any]:
    """What is said of a call and of each of its rows, the objects that only a call that writes can show left out."""
    rows = [{name: row[name] for name in SAID if name in row} for row in payload.get("results", ())]
    return {name: payload.get(name) for name in ("succeeded", "failed", "errors", "warnings")} | {"rows": rows}


async def test_validation_says_what_the_call_says_and_leaves_no_trace(
    deeds: Deeds, owner: AsyncEngine, ask: Ask, client: httpx.AsyncClient
) -> None:
    key = await deeds.do("apiKeyCreate", input={"name": "all", "scopes": [*scopes.SCOPES]})
    client.headers["Authorization"] = f"Bearer {key['secret']}"  # from the first key on, all need one
    made = await calls(deeds)
    offered = (await ask("{ __schema { mutationType { fields { name } } } }"))["data"]["__schema"]["mutationType"]
    assert {field for field, _ in made} == set(DOCUMENTS) == {field["name"] for field in offered["fields"]}
    for at, (field, variables) in enumerate(made):
        key, before = f"key {at}", await trail(owner, "api_key")  # which remembers when a key was last used
        checked = await deeds.do(field, **variables, options={"idempotencyKey": key, "validateOnly": True})
        assert await trail(owner, "api_key") == before, (field, variables)
        assert checked["meta"]["validateOnly"] is True
        done = await deeds.do(field, **variables, options={"idempotencyKey": key})
        assert done["meta"]["replayed"] is False
        assert said(checked) == said(done), (field, variables)


async def test_validation_shows_what_is_there(deeds: Deeds) -> None:
    await deeds.carrier("ups")
    options = {"validateOnly": True}
    known = await deeds.do("carrierSave", code="ups", input={"name": "United"}, options=options)
    assert known["carrier"]["name"] == "UPS"
    assert (await deeds.do("carrierSave", code="dhl", input={"name": "DHL"}, options=options))["carrier"] is None
