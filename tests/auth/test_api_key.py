"""API key secrets: their format, what is stored of them, and which `Authorization` headers are rejected."""

import hashlib
import re
import secrets
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import api_key, scopes
from graphql_app.auth.authenticator import ApiKeyAuthenticator
from graphql_app.auth.viewer import Viewer
from graphql_app.cli import account_admin
from tests.support.api_key_requests import CREATE_KEY, CREATE_SHIPMENT, VIEWER, bearer
from tests.support.graphql_client import Execute
from tests.support.mutation_client import database_snapshot, minimal


def test_a_secret_has_256_random_bits_a_prefix_and_a_checksum() -> None:
    generated = [api_key.generate() for _ in range(200)]
    assert len({secret.text for secret in generated}) == len({secret.prefix for secret in generated}) == 200
    assert len(api_key.ALPHABET) ** api_key.RANDOM_LENGTH >= 2**256
    for secret in generated:
        assert re.fullmatch(r"shpk_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}", secret.text)
        assert secret.text.startswith(f"{secret.prefix}_")
        assert secret.hash == hashlib.sha256(secret.text.encode()).digest()
        assert api_key.has_valid_checksum(secret.text.encode())
        assert not api_key.has_valid_checksum(secret.text[:-10].encode() + secret.text[-9:].encode() + b"!")


async def test_a_key_determines_the_account_the_name_and_the_scopes(
    execute: Execute, key: str, other_key: str, owner: AsyncEngine
) -> None:
    result = await execute(VIEWER, headers=bearer(key))
    assert result["data"]["viewer"] == {"account": "default", "apiKey": "tests", "scopes": list(scopes.SCOPES)}
    read_key = await account_admin.create_key(owner, "other", "little", [scopes.READ])
    result = await execute(VIEWER, headers={"authorization": f"bearer   {read_key.text} "})
    assert result["data"]["viewer"] == {"account": "other", "apiKey": "little", "scopes": [scopes.READ]}
    await execute(CREATE_SHIPMENT, {"input": minimal()}, headers=bearer(other_key))
    for secret, count in ((key, 0), (other_key, 1)):
        result = await execute("{ shipments { totalCount { count } } }", headers=bearer(secret))
        assert result["data"]["shipments"]["totalCount"]["count"] == count


async def test_only_the_hash_and_the_prefix_of_a_secret_are_stored(
    execute: Execute, key: str, owner: AsyncEngine
) -> None:
    result = await execute(CREATE_KEY, {"input": {"name": "n", "scopes": ["admin"]}}, headers=bearer(key))
    rows = "\n".join((await database_snapshot(owner)).values())
    for secret in (key, result["data"]["apiKeyCreate"]["secret"]):
        assert hashlib.sha256(secret.encode()).hexdigest() in rows
        assert secret[: api_key.PREFIX_LENGTH] in rows
        assert secret[: api_key.PREFIX_LENGTH + 2] not in rows
        assert secret[-20:] not in rows


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer nonsense",
        "Bearer shpk_0123456789_" + "a" * 49,
        "Bearer " + "x" * 60_000,
        "Bearer \u00e9",
        "Bearer two words",
    ],
)
async def test_a_malformed_key_is_rejected_without_a_statement(
    header: str | None, client: httpx.AsyncClient, key: str, key_statements: list[str], statements: list[str]
) -> None:
    await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))
    await client.post("/graphql", json={"query": VIEWER})  # from here on the authenticator knows that a key exists
    key_statements.clear()
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    response = await client.post("/graphql", content=b"{", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert [sql for sql in key_statements if "shpk" in sql or "default_account" in sql] == []
    assert statements == []


async def test_an_unknown_key_is_rejected(client: httpx.AsyncClient, key: str) -> None:
    unknown = api_key.generate()
    for secret in (unknown.text, unknown.text[:-49] + key[-49:], key[:-1] + ("a" if key[-1] != "a" else "b")):
        response = await client.post("/graphql", json={"query": VIEWER}, headers=bearer(secret))
        assert response.status_code == 401
        assert response.json()["errors"][0]["message"] == api_key.UNKNOWN_KEY


async def test_a_nearly_correct_secret_is_handled_like_any_unknown_one(
    client: httpx.AsyncClient, key: str, authenticator: ApiKeyAuthenticator, key_statements: list[str]
) -> None:
    """A secret is never compared with a stored one, so response times do not reveal how much of it is correct: the
    database searches its hash, which one different character changes completely."""
    await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))
    last = -api_key.CHECKSUM_LENGTH - 1
    body = key[:last] + ("a" if key[last] != "a" else "b")
    similar, different = body + api_key.checksum(body.encode()), api_key.generate().text
    outcomes = []
    for secret in (similar, different):
        key_statements.clear()
        response = await client.post("/graphql", json={"query": VIEWER}, headers=bearer(secret))
        envelope = response.json()
        del envelope["errors"][0]["extensions"]["requestId"]
        outcomes.append((response.status_code, envelope, set(key_statements)))
        assert api_key.digest(secret.encode()) in authenticator.unknown
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][2]) == 1


async def test_the_schema_has_no_hash(client: httpx.AsyncClient) -> None:
    fields = re.findall(r"^  (\w+)[(:]", (await client.get("/schema.graphql")).text, re.M)
    assert [name for name in fields if "hash" in name.lower()] == []


def test_the_repr_of_a_viewer_has_no_hash() -> None:
    viewer = Viewer(UUID(int=1), "default", "name", scopes.SCOPES, "shpk_0", UUID(int=2), secrets.token_bytes(32))
    assert viewer.hash.hex() not in repr(viewer)
    assert "hash" not in repr(viewer)
