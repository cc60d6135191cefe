"""Idempotency keys: a repeated call returns the result of the first one, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graphql_app.database import retention
from tests.support.graphql_client import Ask
from tests.support.mutation_client import (
    BERLIN,
    Deeds,
    codes,
    complete,
    document,
    minimal,
    trail,
    versions_hold,
)

KEYS = "SELECT operation, key, state FROM idempotency_key ORDER BY key"
CREATE = "mutation($input: ShipmentCreateInput!) { shipmentCreate(input: $input) { FIELDS } }"


def without_meta(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload without `meta`, which differs in a replay."""
    return {name: value for name, value in payload.items() if name != "meta"}


async def rows(owner: AsyncEngine, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query, read as the owner of the database."""
    async with owner.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def change(owner: AsyncEngine, statement: str) -> None:
    """Run a statement as the owner of the database."""
    async with owner.begin() as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def holding(owner: AsyncEngine, statement: str) -> AsyncIterator[AsyncConnection]:
    """Another transaction that has run a statement and has not ended; it is rolled back unless committed."""
    async with owner.connect() as connection:
        await connection.execute(text(statement))
        yield connection


async def test_a_retry_with_the_same_key_returns_the_first_shipment(deeds: Deeds, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    first = await deeds.create(options, **complete(confirm=True))
    before = await trail(owner)
    second = await deeds.create(options, **complete(confirm=True))
    assert without_meta(second) == without_meta(first)
    assert (first["meta"]["replayed"], second["meta"]["replayed"]) == (False, True)
    assert second["created"] is True
    assert await trail(owner) == before
    assert await rows(owner, KEYS) == [("shipmentCreate", "k", "DONE")]


async def test_a_retry_may_select_other_fields_and_reads_them_again(deeds: Deeds, ask: Ask) -> None:
    variables, headers = {"input": minimal()}, {"Idempotency-Key": "k"}
    first = await ask(CREATE.replace("FIELDS", "shipment { id }"), variables, headers=headers)
    id_ = first["data"]["shipmentCreate"]["shipment"]["id"]
    await deeds.update(id_, {"tagsAdd": ["later"]})
    second = await ask(CREATE.replace("FIELDS", "shipment { id tags } created"), variables, headers=headers)
    assert second["data"]["shipmentCreate"] == {"shipment": {"id": id_, "tags": ["later"]}, "created": True}


async def test_the_spelling_of_an_equal_input_does_not_matter(ask: Ask, deeds: Deeds) -> None:
    options = {"idempotencyKey": "k"}
    first = await deeds.create(options, promisedTo="2026-03-01T10:00:00Z", tags=["a"])
    query = """mutation { retry: shipmentCreate(options: {idempotencyKey: "k"}, input: {
      tags: "a", promisedTo: "2026-03-01t10:00:00.000+00:00", confirm: false
      shipper: {postalCode: "10115", country: de, city: "Berlin", name: "Sender"}
    }) { shipment { id } meta { replayed } errors { message } } }"""
    response = await ask(query.replace("country: de", 'country: "de"'))
    assert response["data"]["retry"] == {
        "shipment": {"id": first["shipment"]["id"]}, "meta": {"replayed": True}, "errors": [],
    }  # fmt: skip


async def test_a_different_input_with_the_same_key_is_rejected_with_the_time_of_first_use(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    await deeds.create({"idempotencyKey": "k"})
    before = await trail(owner)
    for other in ({"tags": ["x"]}, {"shipper": {**BERLIN, "name": "Other"}}, {"promisedTo": None}):
        payload = await deeds.create({"idempotencyKey": "k"}, **other)
        assert codes(payload) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]
        assert payload["errors"][0]["firstUsedAt"].startswith("20")
        assert (payload["shipment"], payload["created"]) == (None, False)
    assert await trail(owner) == before


async def test_a_key_belongs_to_one_mutation_and_one_actor(deeds: Deeds, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    shipment = (await deeds.create(options, **complete()))["shipment"]
    assert (await deeds.confirm(shipment["id"], **options))["meta"]["replayed"] is False
    assert (await deeds.archive(shipment["id"], **options))["meta"]["replayed"] is False
    assert (await deeds.bulk_create(minimal(), **options))["meta"]["replayed"] is False
    assert len(await rows(owner, KEYS)) == 4
    await change(owner, "UPDATE idempotency_key SET actor = 'another actor'")
    assert (await deeds.create(options, **complete()))["shipment"]["id"] != shipment["id"]


@pytest.mark.parametrize("variables", [{"carrier": "nobody"}, {"packages": [{"trackingNumber": " "}]}])
async def test_a_call_that_wrote_nothing_stores_no_key(
    deeds: Deeds, owner: AsyncEngine, variables: dict[str, Any]
) -> None:
    options = {"idempotencyKey": "k"}
    assert (await deeds.create(options, **variables))["errors"] != []
    assert await rows(owner, KEYS) == []
    assert (await deeds.create(options))["errors"] == []


async def test_validate_only_claims_no_key_but_respects_a_claimed_one(deeds: Deeds, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    validated = await deeds.create({**options, "validateOnly": True}, externalReference="A")
    assert (validated["errors"], validated["meta"]) == (
        [],
        {**validated["meta"], "replayed": False, "validateOnly": True},
    )
    assert await rows(owner, KEYS) == []
    created = await deeds.create(options, externalReference="A")
    before = await trail(owner)
    replayed = await deeds.create({**options, "validateOnly": True}, externalReference="A")
    assert (replayed["shipment"]["id"], replayed["meta"]["replayed"]) == (created["shipment"]["id"], True)
    other = await deeds.create({**options, "validateOnly": True}, externalReference="B")
    assert codes(other) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]
    assert await trail(owner) == before


async def test_the_header_applies_to_the_single_mutation_field(deeds: Deeds, ask: Ask, owner: AsyncEngine) -> None:
    query = """mutation($input: ShipmentCreateInput!) { __typename ...A }
      fragment A on Mutation { ... on Mutation { created: shipmentCreate(input: $input) { shipment { id } } } }"""
    first = await ask(query, {"input": minimal()}, headers={"Idempotency-Key": '"quoted-key"'})
    second = await ask(query, {"input": minimal()}, headers={"Idempotency-Key": "quoted-key"})
    assert first["data"] == second["data"]
    assert await rows(owner, KEYS) == [("shipmentCreate", "quoted-key", "DONE")]


async def test_the_argument_takes_precedence_over_the_header(deeds: Deeds, owner: AsyncEngine) -> None:
    variables = {"input": minimal(), "options": {"idempotencyKey": "mine"}}
    await deeds.do("shipmentCreate", headers={"Idempotency-Key": "other"}, **variables)
    assert [used for _, used, _ in await rows(owner, KEYS)] == ["mine"]


async def test_the_header_is_rejected_with_several_mutation_fields(ask: Ask, owner: AsyncEngine) -> None:
    query = """mutation($input: ShipmentCreateInput!) { a: shipmentCreate(input: $input) { shipment { id } }
      b: shipmentCreate(input: $input) { shipment { id } } }"""
    before = await trail(owner)
    response = await ask(query, {"input": minimal()}, headers={"Idempotency-Key": "k"}, status=400)
    assert "options.idempotencyKey" in response["errors"][0]["message"]
    assert await trail(owner) == before


@pytest.mark.parametrize(("invalid", "code"), [(" ", "REQUIRED"), ("x" * 256, "LIMIT_EXCEEDED"), ("a\0", "INVALID")])
async def test_an_invalid_key_is_rejected(deeds: Deeds, owner: AsyncEngine, invalid: str, code: str) -> None:
    before = await trail(owner)
    assert codes(await deeds.create({"idempotencyKey": invalid})) == [(code, "options.idempotencyKey")]
    assert await trail(owner) == before


async def test_concurrent_calls_with_one_key_wait_and_return_the_first_result(deeds: Deeds, owner: AsyncEngine) -> None:
    for number in range(5):
        options = {"idempotencyKey": f"k{number}"}
        payloads = await asyncio.gather(*(deeds.create(options, tags=[str(number)]) for _ in range(8)))
        assert len({payload["shipment"]["id"] for payload in payloads}) == 1
        assert sorted(payload["meta"]["replayed"] for payload in payloads) == [False] + [True] * 7
        assert all(payload["created"] and payload["errors"] == [] for payload in payloads)
    assert await versions_hold(owner) == 5


async def test_a_waiting_call_does_the_work_if_the_first_one_rolls_back(deeds: Deeds, owner: AsyncEngine) -> None:
    insert_key = (
        "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
        "SELECT id, 'default', 'shipmentCreate', 'k', '', 'RUNNING', now() + interval '1 day' FROM account"
    )
    async with holding(owner, insert_key) as other:
        waiting = asyncio.create_task(deeds.create({"idempotencyKey": "k"}))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await other.rollback()
        payload = await waiting
    assert (payload["created"], payload["meta"]["replayed"]) == (True, False)


async def test_a_call_that_waits_too_long_for_the_first_returns_conflict(ask: Ask, owner: AsyncEngine) -> None:
    insert_key = (
        "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
        "SELECT id, 'default', 'shipmentCreate', 'k', '', 'RUNNING', now() + interval '1 day' FROM account"
    )
    variables = {"input": minimal(), "options": {"idempotencyKey": "k"}}
    async with holding(owner, insert_key):
        response = await ask(document("shipmentCreate"), variables)
    assert response["data"] == {"shipmentCreate": None}
    assert response["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert response["errors"][0]["path"] == ["shipmentCreate"]
    replayed = await ask(document("shipmentCreate"), variables)
    assert replayed["data"]["shipmentCreate"]["created"] is True


async def test_an_expired_key_can_be_used_again(deeds: Deeds, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    first = await deeds.create(options)
    await change(owner, "UPDATE idempotency_key SET expires_at = now() - interval '1 second'")
    validated = await deeds.create({**options, "validateOnly": True}, tags=["other"])
    assert (validated["errors"], validated["meta"]["replayed"]) == ([], False)
    second = await deeds.create(options, tags=["other"])
    assert (second["created"], second["errors"]) == (True, [])
    assert second["shipment"]["id"] != first["shipment"]["id"]
    assert (await deeds.create(options, tags=["other"]))["meta"]["replayed"] is True


async def test_retention_skips_a_key_that_a_call_is_claiming(
    deeds: Deeds, engine: AsyncEngine, owner: AsyncEngine
) -> None:
    await deeds.create({"idempotencyKey": "taken over"})
    await deeds.create({"idempotencyKey": "old"})
    await deeds.create({"idempotencyKey": "young"})
    await change(owner, "UPDATE idempotency_key SET expires_at = now() - interval '1 day' WHERE key <> 'young'")
    claim = "UPDATE idempotency_key SET expires_at = now() + interval '1 day' WHERE key = 'taken over'"
    async with holding(owner, claim) as other:
        assert await retention.sweep(engine, 0) == 1
        await other.commit()
    assert [used for _, used, _ in await rows(owner, KEYS)] == ["taken over", "young"]


async def test_a_call_with_a_key_takes_six_statements_and_its_retry_five(
    deeds: Deeds, ask: Ask, statements: list[str]
) -> None:
    await deeds.create({"idempotencyKey": "warm"})
    statements.clear()
    await deeds.create({"idempotencyKey": "k"})
    assert len(statements) == 6  # BEGIN, claim, create, complete, COMMIT, read
    statements.clear()
    await deeds.create({"idempotencyKey": "k"})
    assert len(statements) == 5  # BEGIN, claim, get, ROLLBACK, read
