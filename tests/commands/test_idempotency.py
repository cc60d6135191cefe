"""Idempotency keys: a repeated call returns the result of the first one, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graphql_app.database import retention
from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    BERLIN,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    database_snapshot,
    document,
    minimal,
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


async def test_a_retry_with_the_same_key_returns_the_first_shipment(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    options = {"idempotencyKey": "k"}
    first = await mutations.create(options, **complete(confirm=True))
    before = await database_snapshot(owner)
    second = await mutations.create(options, **complete(confirm=True))
    assert without_meta(second) == without_meta(first)
    assert (first["meta"]["replayed"], second["meta"]["replayed"]) == (False, True)
    assert second["created"] is True
    assert await database_snapshot(owner) == before
    assert await rows(owner, KEYS) == [("shipmentCreate", "k", "DONE")]


async def test_a_retry_may_select_other_fields_and_reads_them_again(
    mutations: MutationClient, execute: Execute
) -> None:
    variables, headers = {"input": minimal()}, {"Idempotency-Key": "k"}
    first = await execute(CREATE.replace("FIELDS", "shipment { id }"), variables, headers=headers)
    id_ = first["data"]["shipmentCreate"]["shipment"]["id"]
    await mutations.update(id_, {"tagsAdd": ["later"]})
    second = await execute(CREATE.replace("FIELDS", "shipment { id tags } created"), variables, headers=headers)
    assert second["data"]["shipmentCreate"] == {"shipment": {"id": id_, "tags": ["later"]}, "created": True}


async def test_the_spelling_of_an_equal_input_does_not_matter(execute: Execute, mutations: MutationClient) -> None:
    options = {"idempotencyKey": "k"}
    first = await mutations.create(options, promisedTo="2026-03-01T10:00:00Z", tags=["a"])
    query = """mutation { retry: shipmentCreate(options: {idempotencyKey: "k"}, input: {
      tags: "a", promisedTo: "2026-03-01t10:00:00.000+00:00", confirm: false
      shipper: {postalCode: "10115", country: de, city: "Berlin", name: "Sender"}
    }) { shipment { id } meta { replayed } errors { message } } }"""
    response = await execute(query.replace("country: de", 'country: "de"'))
    assert response["data"]["retry"] == {
        "shipment": {"id": first["shipment"]["id"]}, "meta": {"replayed": True}, "errors": [],
    }  # fmt: skip


async def test_a_different_input_with_the_same_key_is_rejected_with_the_time_of_first_use(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    await mutations.create({"idempotencyKey": "k"})
    before = await database_snapshot(owner)
    for other in ({"tags": ["x"]}, {"shipper": {**BERLIN, "name": "Other"}}, {"promisedTo": None}):
        payload = await mutations.create({"idempotencyKey": "k"}, **other)
        assert codes(payload) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]
        assert payload["errors"][0]["firstUsedAt"].startswith("20")
        assert (payload["shipment"], payload["created"]) == (None, False)
    assert await database_snapshot(owner) == before


async def test_a_key_belongs_to_one_mutation_and_one_actor(mutations: MutationClient, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    shipment = (await mutations.create(options, **complete()))["shipment"]
    assert (await mutations.confirm(shipment["id"], **options))["meta"]["replayed"] is False
    assert (await mutations.archive(shipment["id"], **options))["meta"]["replayed"] is False
    assert (await mutations.bulk_create(minimal(), **options))["meta"]["replayed"] is False
    assert len(await rows(owner, KEYS)) == 4
    await change(owner, "UPDATE idempotency_key SET actor = 'another actor'")
    assert (await mutations.create(options, **complete()))["shipment"]["id"] != shipment["id"]


@pytest.mark.parametrize("variables", [{"carrier": "nobody"}, {"packages": [{"trackingNumber": " "}]}])
async def test_a_call_that_wrote_nothing_stores_no_key(
    mutations: MutationClient, owner: AsyncEngine, variables: dict[str, Any]
) -> None:
    options = {"idempotencyKey": "k"}
    assert (await mutations.create(options, **variables))["errors"] != []
    assert await rows(owner, KEYS) == []
    assert (await mutations.create(options))["errors"] == []


async def test_validate_only_claims_no_key_but_respects_a_claimed_one(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    options = {"idempotencyKey": "k"}
    validated = await mutations.create({**options, "validateOnly": True}, externalReference="A")
    assert (validated["errors"], validated["meta"]) == (
        [],
        {**validated["meta"], "replayed": False, "validateOnly": True},
    )
    assert await rows(owner, KEYS) == []
    created = await mutations.create(options, externalReference="A")
    before = await database_snapshot(owner)
    replayed = await mutations.create({**options, "validateOnly": True}, externalReference="A")
    assert (replayed["shipment"]["id"], replayed["meta"]["replayed"]) == (created["shipment"]["id"], True)
    other = await mutations.create({**options, "validateOnly": True}, externalReference="B")
    assert codes(other) == [("IDEMPOTENCY_KEY_REUSED", "options.idempotencyKey")]
    assert await database_snapshot(owner) == before


async def test_the_header_applies_to_the_single_mutation_field(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine
) -> None:
    query = """mutation($input: ShipmentCreateInput!) { __typename ...A }
      fragment A on Mutation { ... on Mutation { created: shipmentCreate(input: $input) { shipment { id } } } }"""
    first = await execute(query, {"input": minimal()}, headers={"Idempotency-Key": '"quoted-key"'})
    second = await execute(query, {"input": minimal()}, headers={"Idempotency-Key": "quoted-key"})
    assert first["data"] == second["data"]
    assert await rows(owner, KEYS) == [("shipmentCreate", "quoted-key", "DONE")]


async def test_the_argument_takes_precedence_over_the_header(mutations: MutationClient, owner: AsyncEngine) -> None:
    variables = {"input": minimal(), "options": {"idempotencyKey": "mine"}}
    await mutations.run("shipmentCreate", headers={"Idempotency-Key": "other"}, **variables)
    assert [used for _, used, _ in await rows(owner, KEYS)] == ["mine"]


async def test_the_header_is_rejected_with_several_mutation_fields(execute: Execute, owner: AsyncEngine) -> None:
    query = """mutation($input: ShipmentCreateInput!) { a: shipmentCreate(input: $input) { shipment { id } }
      b: shipmentCreate(input: $input) { shipment { id } } }"""
    before = await database_snapshot(owner)
    response = await execute(query, {"input": minimal()}, headers={"Idempotency-Key": "k"}, status=400)
    assert "options.idempotencyKey" in response["errors"][0]["message"]
    assert await database_snapshot(owner) == before


@pytest.mark.parametrize(("invalid", "code"), [(" ", "REQUIRED"), ("x" * 256, "LIMIT_EXCEEDED"), ("a\0", "INVALID")])
async def test_an_invalid_key_is_rejected(
    mutations: MutationClient, owner: AsyncEngine, invalid: str, code: str
) -> None:
    before = await database_snapshot(owner)
    assert codes(await mutations.create({"idempotencyKey": invalid})) == [(code, "options.idempotencyKey")]
    assert await database_snapshot(owner) == before


async def test_concurrent_calls_with_one_key_wait_and_return_the_first_result(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    for number in range(5):
        options = {"idempotencyKey": f"k{number}"}
        payloads = await asyncio.gather(*(mutations.create(options, tags=[str(number)]) for _ in range(8)))
        assert len({payload["shipment"]["id"] for payload in payloads}) == 1
        assert sorted(payload["meta"]["replayed"] for payload in payloads) == [False] + [True] * 7
        assert all(payload["created"] and payload["errors"] == [] for payload in payloads)
    assert await assert_versions_match_changes(owner) == 5


async def test_a_waiting_call_does_the_work_if_the_first_one_rolls_back(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    insert_key = (
        "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
        "SELECT id, 'default', 'shipmentCreate', 'k', '', 'RUNNING', now() + interval '1 day' FROM account"
    )
    async with holding(owner, insert_key) as other:
        waiting = asyncio.create_task(mutations.create({"idempotencyKey": "k"}))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await other.rollback()
        payload = await waiting
    assert (payload["created"], payload["meta"]["replayed"]) == (True, False)


async def test_a_call_that_waits_too_long_for_the_first_returns_conflict(execute: Execute, owner: AsyncEngine) -> None:
    insert_key = (
        "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
        "SELECT id, 'default', 'shipmentCreate', 'k', '', 'RUNNING', now() + interval '1 day' FROM account"
    )
    variables = {"input": minimal(), "options": {"idempotencyKey": "k"}}
    async with holding(owner, insert_key):
        response = await execute(document("shipmentCreate"), variables)
    assert response["data"] == {"shipmentCreate": None}
    assert response["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert response["errors"][0]["path"] == ["shipmentCreate"]
    replayed = await execute(document("shipmentCreate"), variables)
    assert replayed["data"]["shipmentCreate"]["created"] is True


async def test_an_expired_key_can_be_used_again(mutations: MutationClient, owner: AsyncEngine) -> None:
    options = {"idempotencyKey": "k"}
    first = await mutations.create(options)
    await change(owner, "UPDATE idempotency_key SET expires_at = now() - interval '1 second'")
    validated = await mutations.create({**options, "validateOnly": True}, tags=["other"])
    assert (validated["errors"], validated["meta"]["replayed"]) == ([], False)
    second = await mutations.create(options, tags=["other"])
    assert (second["created"], second["errors"]) == (True, [])
    assert second["shipment"]["id"] != first["shipment"]["id"]
    assert (await mutations.create(options, tags=["other"]))["meta"]["replayed"] is True


async def test_retention_skips_a_key_that_a_call_is_claiming(
    mutations: MutationClient, engine: AsyncEngine, owner: AsyncEngine
) -> None:
    await mutations.create({"idempotencyKey": "taken over"})
    await mutations.create({"idempotencyKey": "old"})
    await mutations.create({"idempotencyKey": "young"})
    await change(owner, "UPDATE idempotency_key SET expires_at = now() - interval '1 day' WHERE key <> 'young'")
    claim = "UPDATE idempotency_key SET expires_at = now() + interval '1 day' WHERE key = 'taken over'"
    async with holding(owner, claim) as other:
        assert await retention.delete_expired(engine, 0) == 1
        await other.commit()
    assert [used for _, used, _ in await rows(owner, KEYS)] == ["taken over", "young"]


async def test_a_call_with_a_key_takes_six_statements_and_its_retry_five(
    mutations: MutationClient, execute: Execute, statements: list[str]
) -> None:
    await mutations.create({"idempotencyKey": "warm"})
    statements.clear()
    await mutations.create({"idempotencyKey": "k"})
    assert len(statements) == 6  # BEGIN, claim, create, complete, COMMIT, read
    statements.clear()
    await mutations.create({"idempotencyKey": "k"})
    assert len(statements) == 5  # BEGIN, claim, get, ROLLBACK, read
