"""API keys through the API: create, list and revoke them, their names in the change log, and GraphiQL."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import api_key, scopes
from graphql_app.cli import account_admin
from tests.support.api_key_requests import (
    CREATE_KEY,
    CREATE_SHIPMENT,
    LIST_KEYS,
    REVOKE_KEY,
    VIEWER,
    assert_rejected_within_a_second,
    bearer,
)
from tests.support.graphql_client import Execute
from tests.support.mutation_client import minimal

pytestmark = pytest.mark.plain_owner


async def test_two_keys_with_the_same_name_are_two_actors(
    execute: Execute, owner: AsyncEngine, client: httpx.AsyncClient
) -> None:
    first, second = [await account_admin.create_key(owner, "default", "script") for _ in range(2)]
    created = []
    for secret in (first, second, first):
        headers = {**bearer(secret.text), "idempotency-key": "k-1"}
        payload = (await execute(CREATE_SHIPMENT, {"input": minimal()}, headers=headers))["data"]["shipmentCreate"]
        created.append((payload["shipment"]["number"], payload["meta"]["replayed"]))
    assert created[0][0] != created[1][0]
    assert created[2] == (created[0][0], True)
    query = '{ changes(where: {ops: ["shipment.created"]}) { nodes { actor } } }'
    result = await execute(query, headers=bearer(first.text))
    actors = [node["actor"] for node in result["data"]["changes"]["nodes"]]
    assert actors == [f"script ({first.prefix})", f"script ({second.prefix})"]


async def test_a_key_is_created_returned_once_listed_and_revoked(
    execute: Execute, client: httpx.AsyncClient, key: str, owner: AsyncEngine
) -> None:
    input_ = {"name": "  scanner ", "scopes": ["events:write", "shipments:read"], "expiresAt": "2999-01-01T00:00:00Z"}
    payload = (await execute(CREATE_KEY, {"input": input_}, headers=bearer(key)))["data"]["apiKeyCreate"]
    created, secret = payload["apiKey"], payload["secret"]
    assert payload["errors"] == []
    assert (created["name"], created["scopes"]) == ("scanner", ["shipments:read", "events:write"])
    assert (created["prefix"], created["revokedAt"], created["lastUsedAt"]) == (
        secret[: api_key.PREFIX_LENGTH],
        None,
        None,
    )
    assert created["expiresAt"].startswith("2999-01-01T00:00:00")
    assert (await execute(VIEWER, headers=bearer(secret)))["data"]["viewer"]["apiKey"] == "scanner"
    connection = (await execute(LIST_KEYS, headers=bearer(key)))["data"]["apiKeys"]
    assert [node["name"] for node in connection["nodes"]] == ["tests", "scanner"]
    assert connection["totalCount"]["count"] == 2
    for _ in range(2):  # the second call has no effect
        payload = (await execute(REVOKE_KEY, {"id": created["id"]}, headers=bearer(key)))["data"]["apiKeyRevoke"]
        assert payload["errors"] == []
        assert payload["apiKey"]["revokedAt"] is not None
    await assert_rejected_within_a_second(client, bearer(secret))
    log = await execute("{ changes { nodes { op actor changed } } }", headers=bearer(key))
    (first, creation, revocation) = log["data"]["changes"]["nodes"]
    assert (first["op"], first["actor"]) == ("api_key.created", account_admin.ACTOR)
    assert (creation["op"], creation["actor"]) == ("api_key.created", f"tests ({key[: api_key.PREFIX_LENGTH]})")
    assert creation["changed"]["name"] == [None, "scanner"]
    assert creation["changed"]["scopes"] == [None, ["shipments:read", "events:write"]]
    assert revocation["op"] == "api_key.revoked"


async def test_a_retry_does_not_return_the_secret_again(execute: Execute, key: str) -> None:
    variables = {"input": {"name": "n", "scopes": ["admin"]}, "options": {"idempotencyKey": "k"}}
    first, second = [
        (await execute(CREATE_KEY, variables, headers=bearer(key)))["data"]["apiKeyCreate"] for _ in range(2)
    ]
    assert first["secret"].startswith(first["apiKey"]["prefix"])
    assert second == {**first, "secret": None, "meta": {"replayed": True}}
    assert (await execute(LIST_KEYS, headers=bearer(key)))["data"]["apiKeys"]["totalCount"]["count"] == 2


async def test_validate_only_creates_no_key(execute: Execute, key: str) -> None:
    variables = {"input": {"name": "n", "scopes": ["admin"]}, "options": {"validateOnly": True}}
    payload = (await execute(CREATE_KEY, variables, headers=bearer(key)))["data"]["apiKeyCreate"]
    assert (payload["apiKey"], payload["secret"], payload["errors"]) == (None, None, [])
    assert (await execute(LIST_KEYS, headers=bearer(key)))["data"]["apiKeys"]["totalCount"]["count"] == 1


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"name": " "}, "REQUIRED", ["input", "name"]),
        ({"name": "x" * 101}, "LIMIT_EXCEEDED", ["input", "name"]),
        ({"name": "a\0b"}, "INVALID", ["input", "name"]),
        ({"scopes": []}, "REQUIRED", ["input", "scopes"]),
        ({"scopes": ["admin", "everything"]}, "INVALID", ["input", "scopes", "1"]),
        ({"scopes": ["admin", "shipments:write"]}, "FORBIDDEN", ["input", "scopes", "1"]),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "INVALID", ["input", "expiresAt"]),
        ({"expiresAt": "9999-01-01T00:00:00Z"}, "INVALID", ["input", "expiresAt"]),
    ],
)
async def test_invalid_input_for_a_new_key_returns_an_error(
    changes: dict[str, Any], code: str, path: list[str], execute: Execute, owner: AsyncEngine
) -> None:
    admin = await account_admin.create_key(owner, "default", "admin", [scopes.ADMIN])
    input_ = {"name": "n", "scopes": ["admin"], **changes}
    payload = (await execute(CREATE_KEY, {"input": input_}, headers=bearer(admin.text)))["data"]["apiKeyCreate"]
    assert (payload["apiKey"], payload["secret"]) == (None, None)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]


async def test_keys_of_another_account_are_not_found(execute: Execute, key: str, other_key: str) -> None:
    (theirs,) = (await execute(LIST_KEYS, headers=bearer(other_key)))["data"]["apiKeys"]["nodes"]
    (own,) = (await execute(LIST_KEYS, headers=bearer(key)))["data"]["apiKeys"]["nodes"]
    assert own["id"] != theirs["id"]
    missing = f"key_{UUID(int=7).hex}"
    payloads = [
        (await execute(REVOKE_KEY, {"id": id_}, headers=bearer(key)))["data"]["apiKeyRevoke"]
        for id_ in (theirs["id"], missing, "nonsense")
    ]
    assert payloads == [{"apiKey": None, "errors": [{"code": "NOT_FOUND", "path": ["id"]}]}] * 3
    await asyncio.sleep(0.1)
    await execute(VIEWER, headers=bearer(other_key))


async def test_graphiql_needs_no_key_and_says_that_requests_do(
    client: httpx.AsyncClient, execute: Execute, key: str
) -> None:
    await execute(VIEWER, status=401)
    page = await client.get("/graphql", headers={"accept": "text/html", "host": "anything.example"})
    assert page.status_code == 200
    assert "This server requires an API key" in page.text
