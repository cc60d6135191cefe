"""API keys over WebSocket and SSE: where they are sent, and what ends when a key is revoked or expires."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.auth import api_key, authenticator
from graphql_app.cli import account_admin
from graphql_app.database import engine
from graphql_app.settings import Settings
from tests.support.live_server import run_server
from tests.support.streaming_clients import (
    CHANGE_FIELDS,
    CREATE,
    SHIPMENT_CHANGED,
    ApiClient,
    WebSocketClient,
    authorization,
    sse_events,
)

ALL = SHIPMENT_CHANGED % CHANGE_FIELDS
API_KEY_NAME = "{ viewer { apiKey } }"
REVOCATION_SECONDS = 1.5
"""Time within which the streams of a revoked key end; requests are rejected within one second."""


@pytest.fixture
async def key(owner: AsyncEngine) -> api_key.ApiKeySecret:
    return await account_admin.create_key(owner, "default", "listener")


@pytest.fixture
async def port(app: Starlette, settings: Settings, key: api_key.ApiKeySecret) -> AsyncIterator[int]:
    async with run_server(app, settings) as number:
        yield number


PAYLOADS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Authorization": lambda key: {"Authorization": f"Bearer {key}"},
    "authorization": lambda key: {"authorization": f"Bearer {key}"},
    "headers": lambda key: {"headers": {"Authorization": f"Bearer {key}"}},
    "headers, lower case": lambda key: {"headers": {"authorization": f"Bearer {key}"}, "more": 1},
}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_the_key_is_taken_from_the_payload_of_connection_init(
    name: str, port: int, key: api_key.ApiKeySecret
) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init(**PAYLOADS[name](key.text))
        await socket.subscribe(API_KEY_NAME)
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"apiKey": "listener"}}}


async def test_the_key_is_taken_from_the_headers_of_the_handshake(port: int, key: api_key.ApiKeySecret) -> None:
    async with WebSocketClient(port, additional_headers=authorization(key.text)) as socket:
        await socket.connection_init()
        await socket.subscribe(API_KEY_NAME)
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"apiKey": "listener"}}}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"Authorization": ""},
        {"Authorization": None},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": 1},
        {"Authorization": ["Bearer x"]},
        {"Authorization": "Bearer é\n"},
        {"headers": "Authorization"},
        {"headers": {"Authorization": {"a": 1}}},
        {"Authorization": f"Bearer {api_key.generate().text}"},
    ],
)
async def test_a_socket_without_a_valid_key_is_closed(
    payload: dict[str, Any], port: int, key: api_key.ApiKeySecret
) -> None:
    async with WebSocketClient(port) as socket:
        await socket.send(type="connection_init", payload=payload)
        assert await socket.closed() == 4403


async def test_an_invalid_key_in_the_payload_is_not_replaced_by_the_key_of_the_handshake(
    port: int, key: api_key.ApiKeySecret
) -> None:
    async with WebSocketClient(port, additional_headers=authorization(key.text)) as socket:
        await socket.send(type="connection_init", payload={"Authorization": "Bearer nonsense"})
        assert await socket.closed() == 4403


async def test_an_event_stream_requires_a_key(port: int, key: api_key.ApiKeySecret) -> None:
    with pytest.raises(AssertionError, match="401"):
        async with sse_events(port, ALL):
            pass
    async with sse_events(port, ALL, key=key.text) as stream, ApiClient(port, key.text) as api:
        await anext(stream)
        await api.create()
        event = await anext(stream)
    assert event["event"] == "next"


async def test_a_revoked_key_closes_its_own_sockets_only(
    port: int, key: api_key.ApiKeySecret, app: Starlette, owner: AsyncEngine
) -> None:
    valid = await account_admin.create_key(owner, "default", "valid")
    async with (
        WebSocketClient(port) as idle,
        WebSocketClient(port) as busy,
        WebSocketClient(port) as other,
        ApiClient(port, valid.text) as api,
    ):
        await idle.connection_init(Authorization=f"Bearer {key.text}")
        await busy.connection_init(Authorization=f"Bearer {key.text}")
        await other.connection_init(Authorization=f"Bearer {valid.text}")
        for socket in (busy, other):
            await socket.subscribe(ALL)
        await asyncio.sleep(0.3)
        await account_admin.revoke_key(owner, key.prefix)
        started_at = time.monotonic()
        assert await idle.closed(REVOCATION_SECONDS) == await busy.closed(REVOCATION_SECONDS) == 4403
        assert time.monotonic() - started_at < REVOCATION_SECONDS
        await api.create()
        assert len(await other.changes(1)) == 1
    assert not app.state.subscription_broker.authenticator.cached[api_key.digest(valid.text.encode())].on_revoked


async def test_a_revoked_key_ends_its_event_streams(
    port: int, key: api_key.ApiKeySecret, app: Starlette, owner: AsyncEngine
) -> None:
    async with sse_events(port, ALL, key=key.text) as stream:
        await anext(stream)
        await account_admin.revoke_key(owner, key.prefix)
        async with asyncio.timeout(REVOCATION_SECONDS):
            remaining = [event async for event in stream if event.get("event")]
    assert [event["event"] for event in remaining] == ["next", "complete"]
    assert json.loads(remaining[0]["data"])["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not app.state.subscription_broker.open_subscriptions


async def test_an_expired_key_closes_its_socket(port: int, owner: AsyncEngine, key: api_key.ApiKeySecret) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=1)
    short_lived = await account_admin.create_key(owner, "default", "short-lived", expires_at=expires_at)
    async with WebSocketClient(port) as socket:
        await socket.connection_init(Authorization=f"Bearer {short_lived.text}")
        seconds_left = (expires_at - datetime.now(UTC)).total_seconds()
        assert await socket.closed(seconds_left + REVOCATION_SECONDS) == 4403
        assert datetime.now(UTC) >= expires_at


async def test_creating_the_first_key_ends_streams_without_a_key(
    app: Starlette, settings: Settings, owner: AsyncEngine
) -> None:
    async with run_server(app, settings) as port, WebSocketClient(port) as socket, sse_events(port, ALL) as stream:
        await socket.connection_init()
        await socket.subscribe(ALL)
        await anext(stream)
        await account_admin.create_key(owner, "default", "first")
        assert await socket.closed(REVOCATION_SECONDS) == 4403
        async with asyncio.timeout(REVOCATION_SECONDS):
            remaining = [event async for event in stream if event.get("event")]
    assert json.loads(remaining[0]["data"])["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def revoke_without_log(owner: AsyncEngine, key: api_key.ApiKeySecret) -> None:
    """Revoke a key without an entry in the change log, whose statement would wait for the lock on shipments."""
    async with owner.begin() as connection:
        await connection.execute(
            text("UPDATE api_key SET revoked_at = now() WHERE prefix = :prefix"), {"prefix": key.prefix}
        )


async def test_a_mutation_that_has_started_completes_after_its_key_is_revoked(
    port: int, key: api_key.ApiKeySecret, owner: AsyncEngine, settings: Settings
) -> None:
    """Its client can read the result with the same idempotency key."""
    valid = await account_admin.create_key(owner, "default", "valid")
    async with WebSocketClient(port) as socket, ApiClient(port, valid.text) as api:
        await socket.connection_init(Authorization=f"Bearer {key.text}")
        async with owner.begin() as connection:
            await connection.exec_driver_sql("LOCK TABLE shipment IN EXCLUSIVE MODE")
            await socket.subscribe(CREATE, {"reference": "late", "tags": []})
            await asyncio.sleep(0.3)
            await revoke_without_log(owner, key)
            assert await socket.closed(REVOCATION_SECONDS) == 4403
        for _ in range(100):
            if nodes := (await api.execute("{ shipments { nodes { externalReference } } }"))["shipments"]["nodes"]:
                break
            await asyncio.sleep(0.05)
        assert nodes == [{"externalReference": "late"}]


async def test_sockets_stay_open_while_the_database_is_unavailable(
    app: Starlette, settings: Settings, key: api_key.ApiKeySecret, owner: AsyncEngine
) -> None:
    key_authenticator: authenticator.ApiKeyAuthenticator = app.state.subscription_broker.authenticator
    original_connect = key_authenticator.connect
    async with run_server(app, settings) as port, WebSocketClient(port) as socket:
        await socket.connection_init(Authorization=f"Bearer {key.text}")
        key_authenticator.connect = engine.make_engine("postgresql://127.0.0.1:1/gone", settings).connect
        await asyncio.sleep(authenticator.CACHE_SECONDS + 0.3)
        await socket.subscribe(API_KEY_NAME, name="unavailable")
        message = await socket.receive()
        assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("unavailable", "UNAVAILABLE")
        key_authenticator.connect = original_connect
        await socket.subscribe(API_KEY_NAME, name="back")
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"apiKey": "listener"}}}


async def test_sockets_are_limited_per_key(
    app: Starlette, settings: Settings, key: api_key.ApiKeySecret, owner: AsyncEngine
) -> None:
    other = await account_admin.create_key(owner, "default", "listener")
    app.state.subscription_broker.settings = settings.model_copy(update={"max_streams_per_client": 1})
    async with (
        run_server(app, settings) as port,
        WebSocketClient(port) as first,
        WebSocketClient(port) as second,
        WebSocketClient(port) as third,
    ):
        await first.connection_init(Authorization=f"Bearer {key.text}")
        await second.connection_init(Authorization=f"Bearer {other.text}")
        await third.send(type="connection_init", payload={"Authorization": f"Bearer {key.text}"})
        assert await third.closed() == 4429
