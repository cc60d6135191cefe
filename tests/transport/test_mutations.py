"""Mutations over HTTP: methods, number of fields, and the `Idempotency-Key` header."""

from typing import Any

import httpx
import pytest

from graphql_app.execution import document_limits
from tests.support.graphql_client import Execute

pytestmark = pytest.mark.plain_owner

SAVE = 'carrierSave(code: "ups", input: {name: "UPS"}) { carrier { code } meta { replayed } errors { code path } }'
SAVED = {"carrier": {"code": "ups"}, "meta": {"replayed": False}, "errors": []}


async def test_a_mutation_by_get_is_rejected(client: httpx.AsyncClient, execute: Execute) -> None:
    for method in ("GET", "HEAD"):
        response = await client.request(method, "/graphql", params={"query": f"mutation {{ {SAVE} }}"})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert await execute("{ carriers { nodes { code } } }") == {"data": {"carriers": {"nodes": []}}}


async def test_only_the_selected_operation_decides_about_the_method(client: httpx.AsyncClient) -> None:
    document = f"query Q {{ viewer {{ account }} }} mutation M {{ {SAVE} }}"
    query = await client.get("/graphql", params={"query": document, "operationName": "Q"})
    assert query.json() == {"data": {"viewer": {"account": "default"}}}
    mutation = await client.get("/graphql", params={"query": document, "operationName": "M"})
    assert mutation.status_code == 405


async def test_the_header_is_the_idempotency_key_of_a_single_mutation_field(execute: Execute) -> None:
    for key in ("first-key", '"a-quoted-key"'):
        headers = {"idempotency-key": key}
        first = await execute(f"mutation {{ {SAVE} }}", headers=headers)
        replayed = await execute(f"mutation {{ {SAVE} }}", headers=headers)
        assert first == {"data": {"carrierSave": SAVED}}
        assert replayed == {"data": {"carrierSave": {**SAVED, "meta": {"replayed": True}}}}
    quoted = await execute(f"mutation {{ {SAVE} }}", headers={"idempotency-key": "a-quoted-key"})
    assert quoted["data"]["carrierSave"]["meta"]["replayed"], "quotes are not part of the key"


async def test_the_header_is_rejected_for_several_mutation_fields(execute: Execute) -> None:
    for query in (f"mutation {{ {SAVE} b: {SAVE} }}", f"mutation {{ ...F ...G }} fragment F on Mutation {{ {SAVE} }} "
                  f"fragment G on Mutation {{ b: {SAVE} }}"):  # fmt: skip
        response = await execute(query, status=400, headers={"idempotency-key": "k-1"})
        assert response["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        assert "options.idempotencyKey" in response["errors"][0]["message"]
    assert await execute("{ carriers { nodes { code } } }") == {"data": {"carriers": {"nodes": []}}}


@pytest.mark.parametrize("key", ["", " ", "a key", "x" * 256, "\u00e9", '"'])
async def test_an_invalid_idempotency_key_is_rejected(execute: Execute, key: str) -> None:
    headers: Any = {"idempotency-key": key.encode("latin-1")}
    response = await execute(f"mutation {{ {SAVE} }}", status=400, headers=headers)
    assert "Idempotency-Key" in response["errors"][0]["message"]


async def test_the_idempotency_key_of_a_query_is_ignored(execute: Execute) -> None:
    response = await execute("{ a: viewer { account } b: viewer { account } }", headers={"idempotency-key": "k-1"})
    assert "errors" not in response


async def test_an_operation_has_at_most_25_mutation_fields(execute: Execute) -> None:
    fields = [f"a{n}: {SAVE}" for n in range(document_limits.MAX_MUTATION_FIELDS + 1)]
    rejected = await execute(f"mutation {{ {' '.join(fields)} }}")
    assert "26 mutation fields; the limit is 25" in rejected["errors"][0]["message"]
    assert "data" not in rejected
    accepted = await execute(f"mutation {{ {' '.join(fields[1:])} }}")
    assert list(accepted["data"].values()) == [SAVED] * 25


async def test_the_number_of_lists_and_objects_in_a_request_is_limited(execute: Execute) -> None:
    query = "mutation($inputs: [ShipmentCreateInput!]!) { shipmentsBulkCreate(inputs: $inputs) { succeeded } }"
    response = await execute(query, {"inputs": [{"shipper": {"country": "DE"}}] * 15_001})
    assert "lists and objects; the limit is 30000" in response["errors"][0]["message"]


async def test_the_cost_of_a_mutation_is_returned_on_request(execute: Execute, client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": f"mutation {{ {SAVE} }}", "extensions": {"cost": True}})
    assert 10 <= response.json()["extensions"]["cost"]["requested"] <= 12
