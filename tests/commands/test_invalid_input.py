"""Oversized and malformed input in every place: a short error, never an internal error or a partial write."""

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.error_messages import assert_no_internals
from tests.support.graphql_client import Execute
from tests.support.mutation_client import MutationClient, codes, database_snapshot, document, event, minimal

LITERALS = [
    "metadata: {a: 1e400}",
    "metadata: {a: 99999999999999999999999999}",
    f"metadata: {{a: {'9' * 5000}}}",
    f"metadata: {'[' * 20}{']' * 20}",
    f'items: [{{title: "x", quantity: {"9" * 5000}}}]',
    'items: [{title: "x", quantity: 1e400}]',
    'items: [{title: "x", quantity: "1", packageSeq: 99999999999999999999}]',
    f'packages: [{{weight: {{value: "{"9" * 5000}", unit: KG}}}}]',
    "externalReference: 7",
    "tags: [1]",
    "promisedTo: 2026",
    'direction: "RETURN"',
    "direction: OUTWARDS",
]


@pytest.mark.parametrize("fields", LITERALS, ids=range(len(LITERALS)))
async def test_invalid_literals_in_the_document_are_rejected(execute: Execute, owner: AsyncEngine, fields: str) -> None:
    before = await database_snapshot(owner)
    shipper = 'shipper: {name: "x", country: "DE"}'
    query = "mutation { shipmentCreate(input: {SHIPPER, FIELDS}) { shipment { id } errors { code path } } }"
    response = await execute(query.replace("SHIPPER", shipper).replace("FIELDS", fields))
    assert_no_internals(response)
    assert "errors" in response or response["data"]["shipmentCreate"]["errors"] != []
    assert await database_snapshot(owner) == before


async def test_a_body_of_ten_megabytes_is_rejected(client: httpx.AsyncClient, owner: AsyncEngine) -> None:
    before = await database_snapshot(owner)
    fields = {"query": document("shipmentCreate"), "variables": {"input": minimal(service="x" * 10_000_000)}}
    response = await client.post("/graphql", json=fields)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert await database_snapshot(owner) == before


async def test_a_megabyte_in_any_text_is_rejected_with_a_short_message(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.confirmed()
    long = "x" * 1_000_000
    before = await database_snapshot(owner)
    payloads = [
        await mutations.create(service=long),
        await mutations.create(metadata={long: 1}),
        await mutations.create({"idempotencyKey": long}),
        await mutations.upsert(long, minimal()),
        await mutations.run("shipmentUpdate", by={"externalReference": long}, input={}, options={}),
        await mutations.cancel(created["id"], long),
        await mutations.override(created["id"], "DELIVERED", long),
        (await mutations.record(event({"trackingNumber": {"trackingNumber": long}})))["results"][0],
        (await mutations.void(long))["results"][0],
        await mutations.save_carrier(long),
        await mutations.map_status(long, "X", "DELIVERED"),
    ]
    for payload in payloads:
        (error,) = payload["errors"]
        assert len(error["message"]) < 300
    assert await database_snapshot(owner) == before


async def test_numbers_outside_the_range_of_json_are_rejected(client: httpx.AsyncClient) -> None:
    query = document("shipmentCreate")
    for number in ("1e400", "-1e999", "9" * 5000, "NaN", "Infinity", "-Infinity", "1e-400000"):
        body = '{"query": "%s", "variables": {"input": {"shipper": %s, "metadata": {"a": %s}}}}'
        response = await client.post(
            "/graphql",
            content=body % (query.replace("\n", " "), '{"name": "x", "country": "DE"}', number),
            headers={"content-type": "application/json"},
        )
        parsed = response.json()
        assert response.status_code < 500
        assert_no_internals(parsed)
        if number != "1e-400000":  # parsed as 0
            assert "errors" in parsed or parsed["data"]["shipmentCreate"]["errors"] != []


async def test_carriers_and_their_status_mappings_are_validated(mutations: MutationClient, owner: AsyncEngine) -> None:
    await mutations.save_carrier("dhl")
    before = await database_snapshot(owner)
    assert codes(await mutations.save_carrier("D")) == [("INVALID", "code")]
    assert codes(await mutations.save_carrier("d\0")) == [("INVALID", "code")]
    assert codes(await mutations.save_carrier("ups", name=" ")) == [("REQUIRED", "input.name")]
    assert codes(await mutations.save_carrier("ups", trackingUrlTemplate="javascript:alert(1)")) == [
        ("INVALID", "input.trackingUrlTemplate")
    ]
    assert codes(await mutations.map_status("dhl", " ", "DELIVERED")) == [("REQUIRED", "raw")]
    assert codes(await mutations.map_status("dhl", "x" * 129, "DELIVERED")) == [("LIMIT_EXCEEDED", "raw")]
    assert codes(await mutations.map_status("dhl", "X", None, "LOST")) == [("REQUIRED", "code")]
    assert codes(await mutations.map_status("d\0", "X", "DELIVERED")) == [("INVALID", "carrier")]
    assert codes(await mutations.map_status("ups", "X", "DELIVERED")) == [("NOT_FOUND", "carrier")]
    assert await database_snapshot(owner) == before
