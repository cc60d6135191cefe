"""API keys over WebSocket and event streams: how they are shown, and what happens to who stays when a key goes."""

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
from tests.support.live_server import serving
from tests.support.streaming_clients import CHANGED, CREATE, PLAIN, Api, Socket, authorization, events

ALL = CHANGED % PLAIN
WHO = "{ viewer { apiKey } }"
SOON = 1.5
"""Seconds within which a stream ends whose key has gone; a request is refused within one."""


@pytest.fixture
async def key(owner: AsyncEngine) -> api_key.ApiKeySecret:
    return await account_admin.create_key(owner, "default", "listener")


@pytest.fixture
async def port(app: Starlette, settings: Settings, key: api_key.ApiKeySecret) -> AsyncIterator[int]:
    async with serving(app, settings) as number:
        yield number


WAYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "Authorization": lambda key: {"Authorization": f"Bearer {key}"},
    "authorization": lambda key: {"authorization": f"Bearer {key}"},
    "headers": lambda key: {"headers": {"Authorization": f"Bearer {key}"}},
    "headers, small": lambda key: {"headers": {"authorization": f"Bearer {key}"}, "more": 1},
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_comes_with_the_introduction(way: str, port: int, key: api_key.ApiKeySecret) -> None:
    async with Socket(port) as socket:
        await socket.init(**WAYS[way](key.text))
        await socket.subscribe(WHO)
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"apiKey": "listener"}}}


async def test_a_key_comes_with_the_handshake(port: int, key: api_key.ApiKeySecret) -> None:
    async with Socket(port, additional_headers=authorization(key.text)) as socket:
        await socket.init()
        await socket.subscribe(WHO)
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
async def test_who_has_no_key_is_shown_the_door(payload: dict[str, Any], port: int, key: api_key.ApiKeySecret) -> None:
    async with Socket(port) as socket:
        await socket.send(type="connection_init", payload=payload)
        assert await socket.closed() == 4403


async def test_an_introduction_that_is_no_key_is_not_made_up_for_by_the_handshake(
    port: int, key: api_key.ApiKeySecret
) -> None:
    async with Socket(port, additional_headers=authorization(key.text)) as socket:
        await socket.send(type="connection_init", payload={"Authorization": "Bearer nonsense"})
        assert await socket.closed() == 4403


async def test_a_stream_needs_a_key(port: int, key: api_key.ApiKeySecret) -> None:
    with pytest.raises(AssertionError, match="401"):
        async with events(port, ALL):
            pass
    async with events(port, ALL, key=key.text) as stream, Api(port, key.text) as api:
        await anext(stream)
        await api.create()
        event = await anext(stream)
    assert event["event"] == "next"


async def test_a_revoked_key_closes_its_sockets_and_no_others(
    port: int, key: api_key.ApiKeySecret, app: Starlette, owner: AsyncEngine
) -> None:
    stays = await account_admin.create_key(owner, "default", "stays")
    async with Socket(port) as idle, Socket(port) as busy, Socket(port) as other, Api(port, stays.text) as api:
        await idle.init(Authorization=f"Bearer {key.text}")
        await busy.init(Authorization=f"Bearer {key.text}")
        await other.init(Authorization=f"Bearer {stays.text}")
        for socket in (busy, other):
            await socket.subscribe(ALL)
        await asyncio.sleep(0.3)
        await account_admin.revoke_key(owner, key.prefix)
        begun = time.monotonic()
        assert await idle.closed(SOON) == await busy.closed(SOON) == 4403
        assert time.monotonic() - begun < SOON
        await api.create()
        assert len(await other.changes(1)) == 1
    assert not app.state.subscription_broker.authenticator.cached[api_key.digest(stays.text.encode())].on_revoked


async def test_a_revoked_key_ends_its_streams(
    port: int, key: api_key.ApiKeySecret, app: Starlette, owner: AsyncEngine
) -> None:
    async with events(port, ALL, key=key.text) as stream:
        await anext(stream)
        await account_admin.revoke_key(owner, key.prefix)
        async with asyncio.timeout(SOON):
            left = [event async for event in stream if event.get("event")]
    assert [event["event"] for event in left] == ["next", "complete"]
    assert json.loads(left[0]["data"])["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not app.state.subscription_broker.open_subscriptions


async def test_an_expired_key_closes_its_socket(port: int, owner: AsyncEngine, key: api_key.ApiKeySecret) -> None:
    until = datetime.now(UTC) + timedelta(seconds=1)
    short = await account_admin.create_key(owner, "default", "short", expires_at=until)
    async with Socket(port) as socket:
        await socket.init(Authorization=f"Bearer {short.text}")
        left = (until - datetime.now(UTC)).total_seconds()
        assert await socket.closed(left + SOON) == 4403
        assert datetime.now(UTC) >= until


async def test_the_first_key_ends_what_began_without_one(
    app: Starlette, settings: Settings, owner: AsyncEngine
) -> None:
    async with serving(app, settings) as port, Socket(port) as socket, events(port, ALL) as stream:
        await socket.init()
        await socket.subscribe(ALL)
        await anext(stream)
        await account_admin.create_key(owner, "default", "first")
        assert await socket.closed(SOON) == 4403
        async with asyncio.timeout(SOON):
            left = [event async for event in stream if event.get("event")]
    assert json.loads(left[0]["data"])["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def revoke_quietly(owner: AsyncEngine, key: api_key.ApiKeySecret) -> None:
    """Without the change log, whose statement would wait for the lock on shipments."""
    async with owner.begin() as connection:
        await connection.execute(
            text("UPDATE api_key SET revoked_at = now() WHERE prefix = :prefix"), {"prefix": key.prefix}
        )


async def test_a_mutation_that_has_begun_outlives_its_key(
    port: int, key: api_key.ApiKeySecret, owner: AsyncEngine, settings: Settings
) -> None:
    """It is carried out: whoever sent it may find it by its idempotency key."""
    stays = await account_admin.create_key(owner, "default", "stays")
    async with Socket(port) as socket, Api(port, stays.text) as api:
        await socket.init(Authorization=f"Bearer {key.text}")
        async with owner.begin() as connection:
            await connection.exec_driver_sql("LOCK TABLE shipment IN EXCLUSIVE MODE")
            await socket.subscribe(CREATE, {"reference": "late", "tags": []})
            await asyncio.sleep(0.3)
            await revoke_quietly(owner, key)
            assert await socket.closed(SOON) == 4403
        for _ in range(100):
            if found := (await api.ask("{ shipments { nodes { externalReference } } }"))["shipments"]["nodes"]:
                break
            await asyncio.sleep(0.05)
        assert found == [{"externalReference": "late"}]


async def test_a_database_that_is_away_closes_no_socket(
    app: Starlette, settings: Settings, key: api_key.ApiKeySecret, owner: AsyncEngine
) -> None:
    keys: authenticator.ApiKeyAuthenticator = app.state.subscription_broker.authenticator
    own = keys.connect
    async with serving(app, settings) as port, Socket(port) as socket:
        await socket.init(Authorization=f"Bearer {key.text}")
        keys.connect = engine.make_engine("postgresql://127.0.0.1:1/gone", settings).connect
        await asyncio.sleep(authenticator.CACHE_SECONDS + 0.3)
        await socket.subscribe(WHO, name="away")
        message = await socket.receive()
        assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("away", "UNAVAILABLE")
        keys.connect = own
        await socket.subscribe(WHO, name="back")
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"apiKey": "listener"}}}


async def test_a_key_has_its_own_share_of_sockets(
    app: Starlette, settings: Settings, key: api_key.ApiKeySecret, owner: AsyncEngine
) -> None:
    other = await account_admin.create_key(owner, "default", "listener")
    app.state.subscription_broker.settings = settings.model_copy(update={"max_streams_per_client": 1})
    async with serving(app, settings) as port, Socket(port) as one, Socket(port) as two, Socket(port) as three:
        await one.init(Authorization=f"Bearer {key.text}")
        await two.init(Authorization=f"Bearer {other.text}")
        await three.send(type="connection_init", payload={"Authorization": f"Bearer {key.text}"})
        assert await three.closed() == 4429
