"""What HTTP has to say about mutations: which methods, how many at once, and whose idempotency key."""

from typing import Any

import httpx
import pytest

from graphql_app.execution import document_limits
from tests.support.graphql_client import Ask

SAVE = 'carrierSave(code: "ups", input: {name: "UPS"}) { carrier { code } meta { replayed } errors { code path } }'
SAVED = {"carrier": {"code": "ups"}, "meta": {"replayed": False}, "errors": []}


async def test_a_mutation_is_not_taken_by_get(client: httpx.AsyncClient, ask: Ask) -> None:
    for method in ("GET", "HEAD"):
        answer = await client.request(method, "/graphql", params={"query": f"mutation {{ {SAVE} }}"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await ask("{ carriers { nodes { code } } }") == {"data": {"carriers": {"nodes": []}}}


async def test_of_two_operations_only_the_named_one_is_looked_at(client: httpx.AsyncClient) -> None:
    both = f"query Q {{ viewer {{ account }} }} mutation M {{ {SAVE} }}"
    asked = await client.get("/graphql", params={"query": both, "operationName": "Q"})
    assert asked.json() == {"data": {"viewer": {"account": "default"}}}
    written = await client.get("/graphql", params={"query": both, "operationName": "M"})
    assert written.status_code == 405


async def test_the_key_in_the_header_is_that_of_the_one_mutation_field(ask: Ask) -> None:
    for key in ("first-key", '"a-quoted-key"'):
        headers = {"idempotency-key": key}
        first = await ask(f"mutation {{ {SAVE} }}", headers=headers)
        again = await ask(f"mutation {{ {SAVE} }}", headers=headers)
        assert first == {"data": {"carrierSave": SAVED}}
        assert again == {"data": {"carrierSave": {**SAVED, "meta": {"replayed": True}}}}
    quoted = await ask(f"mutation {{ {SAVE} }}", headers={"idempotency-key": "a-quoted-key"})
    assert quoted["data"]["carrierSave"]["meta"]["replayed"], "the quotes are the header's, not the key's"


async def test_a_key_in_the_header_is_refused_where_it_could_mean_several_fields(ask: Ask) -> None:
    for query in (f"mutation {{ {SAVE} b: {SAVE} }}", f"mutation {{ ...F ...G }} fragment F on Mutation {{ {SAVE} }} "
                  f"fragment G on Mutation {{ b: {SAVE} }}"):  # fmt: skip
        answer = await ask(query, status=400, headers={"idempotency-key": "k-1"})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
        assert "options.idempotencyKey" in answer["errors"][0]["message"]
    assert await ask("{ carriers { nodes { code } } }") == {"data": {"carriers": {"nodes": []}}}


@pytest.mark.parametrize("key", ["", " ", "a key", "x" * 256, "\u00e9", '"'])
async def test_a_key_that_is_none_is_refused(ask: Ask, key: str) -> None:
    headers: Any = {"idempotency-key": key.encode("latin-1")}
    answer = await ask(f"mutation {{ {SAVE} }}", status=400, headers=headers)
    assert "Idempotency-Key" in answer["errors"][0]["message"]


async def test_a_key_in_the_header_means_nothing_to_a_query(ask: Ask) -> None:
    answer = await ask("{ a: viewer { account } b: viewer { account } }", headers={"idempotency-key": "k-1"})
    assert "errors" not in answer


async def test_an_operation_has_at_most_25_mutation_fields(ask: Ask) -> None:
    fields = [f"a{n}: {SAVE}" for n in range(document_limits.MAX_MUTATION_FIELDS + 1)]
    refused = await ask(f"mutation {{ {' '.join(fields)} }}")
    assert "26 mutation fields; the limit is 25" in refused["errors"][0]["message"]
    assert "data" not in refused
    written = await ask(f"mutation {{ {' '.join(fields[1:])} }}")
    assert list(written["data"].values()) == [SAVED] * 25


async def test_a_request_may_not_hold_lists_and_objects_without_end(ask: Ask) -> None:
    query = "mutation($inputs: [ShipmentCreateInput!]!) { shipmentsBulkCreate(inputs: $inputs) { succeeded } }"
    answer = await ask(query, {"inputs": [{"shipper": {"country": "DE"}}] * 15_001})
    assert "lists and objects; the limit is 30000" in answer["errors"][0]["message"]


async def test_what_a_mutation_costs_is_told(ask: Ask, client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": f"mutation {{ {SAVE} }}", "extensions": {"cost": True}})
    assert 10 <= answer.json()["extensions"]["cost"]["requested"] <= 12
