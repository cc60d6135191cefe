"""Authentication: how long keys are cached, revocation, expiry, use without keys, and database outages."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import api_key, scopes
from graphql_app.auth import authenticator as authenticator_module
from graphql_app.auth.authenticator import CACHE_SECONDS, REFRESH_SECONDS, ApiKeyAuthenticator
from graphql_app.cli import account_admin
from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.api_key_requests import VIEWER, assert_rejected_within_a_second, bearer
from tests.support.graphql_client import Execute
from tests.support.live_server import client_with_settings

pytestmark = pytest.mark.plain_owner


async def test_a_query_with_a_key_is_one_statement(
    execute: Execute, key: str, key_statements: list[str], statements: list[str]
) -> None:
    await execute("{ carriers { nodes { id } } }", headers=bearer(key))
    statements.clear()
    key_statements.clear()
    started_at = time.monotonic()
    for _ in range(50):
        await execute("{ carriers { nodes { id } } }", headers=bearer(key))
        await execute(VIEWER, headers=bearer(key))
    assert len(statements) == 50
    assert len(key_statements) <= 2 + 2 * (time.monotonic() - started_at) / REFRESH_SECONDS


async def test_a_revoked_key_is_rejected_within_a_second(
    execute: Execute, client: httpx.AsyncClient, owner: AsyncEngine
) -> None:
    for _ in range(3):
        secret = await account_admin.create_key(owner, "default", "gone")
        await execute(VIEWER, headers=bearer(secret.text))
        await account_admin.revoke_key(owner, secret.prefix)
        await assert_rejected_within_a_second(client, bearer(secret.text))


async def test_an_expired_key_is_rejected_within_a_second(
    execute: Execute, client: httpx.AsyncClient, owner: AsyncEngine
) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=1.5)
    secret = await account_admin.create_key(owner, "default", "short", expires_at=expires_at)
    await execute(VIEWER, headers=bearer(secret.text))
    await asyncio.sleep((expires_at - datetime.now(UTC)).total_seconds())
    await assert_rejected_within_a_second(client, bearer(secret.text))


async def test_without_keys_local_requests_use_the_default_account_until_the_first_key_is_created(
    execute: Execute, client: httpx.AsyncClient, owner: AsyncEngine
) -> None:
    result = await execute(VIEWER)
    assert result["data"]["viewer"] == {"account": "default", "apiKey": None, "scopes": list(scopes.SCOPES)}
    secret = await account_admin.create_key(owner, "default", "first")
    await assert_rejected_within_a_second(client, {})
    await account_admin.revoke_key(owner, secret.prefix)
    await asyncio.sleep(1)
    await execute(VIEWER, status=401)
    await execute(VIEWER, status=401, headers=bearer(secret.text))


async def test_a_process_that_requires_keys_rejects_requests_without_one(
    engine: AsyncEngine, settings: Settings
) -> None:
    app = app_module.create_app(settings, engine=engine)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        assert (await client.post("/graphql", json={"query": VIEWER})).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "127.0.0.1@evil", ""])
async def test_without_keys_a_page_whose_name_resolves_to_this_machine_is_rejected(host: str, execute: Execute) -> None:
    result = await execute(VIEWER, status=403, headers={"host": host})
    assert result["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("name", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"])
async def test_without_keys_requests_of_a_proxy_are_rejected(name: str, execute: Execute) -> None:
    await execute(VIEWER, status=403, headers={name: "203.0.113.7"})


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "127.8.9.1", "[::1]:8000", "LOCALHOST"])
async def test_without_keys_loopback_hosts_are_accepted(host: str, execute: Execute) -> None:
    await execute(VIEWER, headers={"host": host})


async def test_with_a_key_any_host_is_accepted(execute: Execute, key: str) -> None:
    await execute(VIEWER, headers={"host": "api.example", **bearer(key)})


async def test_unknown_keys_use_bounded_memory_and_one_statement_at_a_time(
    client: httpx.AsyncClient,
    key: str,
    authenticator: ApiKeyAuthenticator,
    key_statements: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authenticator_module, "MAX_UNKNOWN_KEYS", 100)
    await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))
    key_statements.clear()
    started_at = time.monotonic()
    unknown = [bearer(api_key.generate().text) for _ in range(300)]
    responses = await asyncio.gather(
        *(client.post("/graphql", json={"query": VIEWER}, headers=headers) for headers in [*unknown, *unknown])
    )
    assert {response.status_code for response in responses} == {401}
    assert len(key_statements) <= 4 + (time.monotonic() - started_at) / REFRESH_SECONDS
    assert len(authenticator.unknown) == 100
    assert (await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))).status_code == 200


async def test_unused_keys_are_dropped_from_the_cache_and_read_again(
    execute: Execute, key: str, authenticator: ApiKeyAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator_module, "IN_USE_SECONDS", 0.1)
    await execute(VIEWER, headers=bearer(key))
    deadline = time.monotonic() + 5
    while authenticator.cached:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await execute(VIEWER, headers=bearer(key))


async def test_the_number_of_cached_keys_is_limited(
    execute: Execute, owner: AsyncEngine, authenticator: ApiKeyAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator_module, "MAX_CACHED_KEYS", 3)
    keys = [await account_admin.create_key(owner, "default", f"{n}") for n in range(5)]
    for _ in range(2):
        for secret in keys:
            await execute(VIEWER, headers=bearer(secret.text))
            assert len(authenticator.cached) <= 3


@pytest.mark.parametrize("keyless", [True, False])
async def test_without_the_database_no_request_is_authenticated(
    keyless: bool, key: str, engine: AsyncEngine, settings: Settings
) -> None:
    url = engine.url.set(query={}, host="127.0.0.1", port=1).render_as_string(hide_password=False)
    unreachable = make_engine(url, settings, scoped=True)
    app = app_module.create_app(settings, engine=unreachable, keyless=keyless)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        for headers in [bearer(key), *([{}] if keyless else [])]:
            response = await client.post("/graphql", json={"query": VIEWER}, headers=headers)
            assert response.status_code == 503
            assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    await unreachable.dispose()


async def test_keys_are_accepted_again_after_a_database_outage(
    client: httpx.AsyncClient, key: str, authenticator: ApiKeyAuthenticator
) -> None:
    """The authenticator loses the database for longer than cached keys are trusted, then gets it back."""
    assert (await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))).status_code == 200
    connect = authenticator.connect
    authenticator.connect = make_engine("postgresql://127.0.0.1:1/gone", Settings()).connect
    started_at = time.monotonic()
    while (response := await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))).status_code == 200:
        assert time.monotonic() - started_at < CACHE_SECONDS + 0.2
        await asyncio.sleep(0.02)
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert response.headers["retry-after"] == "1"
    authenticator.connect = connect
    assert (await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))).status_code == 200


async def test_the_authenticator_reconnects_after_a_lost_connection(
    client: httpx.AsyncClient, key: str, owner: AsyncEngine
) -> None:
    terminate = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'graphql-app authenticator'"
    )
    for _ in range(4):
        assert (await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))).status_code == 200
        async with owner.connect() as connection:
            await connection.execute(terminate)
        await asyncio.sleep(0.5)


async def test_the_last_use_of_a_key_is_saved_to_the_minute_at_shutdown(
    key: str, owner: AsyncEngine, engine: AsyncEngine, settings: Settings
) -> None:
    async with client_with_settings(engine, settings) as client:
        assert isinstance(client._transport, httpx.ASGITransport)
        app: Any = client._transport.app
        authenticator: ApiKeyAuthenticator = app.state.subscription_broker.authenticator
        for _ in range(20):
            await client.post("/graphql", json={"query": VIEWER}, headers=bearer(key))
        assert len(authenticator.last_used) == 1
    async with owner.connect() as connection:
        last_used_at = (await connection.execute(text("SELECT last_used_at FROM api_key"))).scalar_one()
    assert last_used_at == last_used_at.replace(second=0, microsecond=0)
    assert timedelta(0) <= datetime.now(UTC) - last_used_at < timedelta(minutes=2)


async def test_the_last_use_of_a_key_is_saved_periodically(
    execute: Execute, key: str, authenticator: ApiKeyAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticator_module, "SAVE_SECONDS", 0.2)
    deadline = time.monotonic() + 5
    query = "{ apiKeys { nodes { lastUsedAt } } }"
    while (await execute(query, headers=bearer(key)))["data"]["apiKeys"]["nodes"] == [{"lastUsedAt": None}]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert not authenticator.last_used


async def test_each_key_has_its_own_rate_limit(owner: AsyncEngine, engine: AsyncEngine, settings: Settings) -> None:
    first, second = [await account_admin.create_key(owner, "default", "same name") for _ in range(2)]
    async with client_with_settings(engine, settings, rate_limit=0.001, rate_limit_burst=3) as client:
        statuses = [
            (await client.post("/graphql", json={"query": VIEWER}, headers=bearer(secret.text))).status_code
            for secret in (first, first, first, first, first, second)
        ]
    assert statuses == [200, 200, 200, 200, 429, 200]
