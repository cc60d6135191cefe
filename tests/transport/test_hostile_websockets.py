"""Limits, rate limits and error responses are the same over a WebSocket as over HTTP.

After a rejected operation the socket stays open and executes the next one; a closed socket leaves nothing behind.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.query_engine import plan
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from graphql_app.transport import websocket_connection
from tests.execution.test_document_limits import HEALTH, OVER
from tests.support.live_server import run_server
from tests.support.streaming_clients import WebSocketClient

CARRIERS = "{ carriers { nodes { code } } }"
MAX_MEMORY_GROWTH_BYTES = 40_000_000


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


async def execute(socket: WebSocketClient, query: str, variables: dict[str, Any] | None = None) -> Any:
    """Execute an operation; returns its result, or the list of errors if it was rejected."""
    await socket.subscribe(query, variables)
    message = await socket.receive()
    if message["type"] == "next":
        assert (await socket.receive())["type"] == "complete"
    return message["payload"]


async def assert_healthy(socket: WebSocketClient) -> None:
    """The socket still executes a query."""
    assert await execute(socket, HEALTH) == {"data": {"viewer": {"account": "default"}}}


@pytest.mark.parametrize("name", OVER)
async def test_a_document_over_a_limit_is_rejected_with_the_limit(port: int, name: str) -> None:
    document, text_in_message = OVER[name]
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        (error,) = await execute(socket, document)
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert text_in_message in error["message"]
        await assert_healthy(socket)


async def test_variables_are_limited_too(port: int) -> None:
    query = "query($w: ShipmentWhere) { shipments(where: $w) { nodes { id } } }"
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        for where, code in (
            ({"OR": [{"phase": "ACTIVE"}] * 700}, "LIMIT_EXCEEDED"),
            ({"status": {"eq": "x" * 10_000}}, "BAD_USER_INPUT"),
            ({"number": {"contains": "\0"}}, "BAD_USER_INPUT"),
        ):
            result = await execute(socket, query, {"w": where})
            errors = result if isinstance(result, list) else result["errors"]
            assert errors[0]["extensions"]["code"] == code
            assert len(errors[0]["message"]) <= 300
            await assert_healthy(socket)


async def test_many_rejected_operations_do_not_grow_memory(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_connection, "MAX_MESSAGES_PER_SECOND", 10_000)
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        before = psutil.Process().memory_info().rss
        for number in range(500):
            assert isinstance(await execute(socket, f"{{ nothing{number}{'x' * 20_000} }}"), list)
        await assert_healthy(socket)
        assert psutil.Process().memory_info().rss - before < MAX_MEMORY_GROWTH_BYTES


async def test_the_rate_limit_is_shared_by_all_connections_of_a_client(engine: AsyncEngine, settings: Settings) -> None:
    limited = settings.model_copy(update={"rate_limit": 1.0, "rate_limit_burst": 60.0})
    app = app_module.create_app(limited, engine=engine, keyless=True)
    async with app.router.lifespan_context(app), run_server(app, limited) as port, WebSocketClient(port) as socket:
        await socket.connection_init()
        assert "data" in await execute(socket, CARRIERS)
        assert "data" in await execute(socket, CARRIERS)
        (error,) = await execute(socket, CARRIERS)
        assert error["extensions"]["code"] == "RATE_LIMITED"
        async with WebSocketClient(port) as other:
            await other.connection_init()
            (error,) = await execute(other, "subscription { shipmentChanged { cursor } }")
            assert error["extensions"]["code"] == "RATE_LIMITED"


async def test_an_unexpected_exception_is_logged_and_returns_no_details(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("internal detail")

    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        with monkeypatch.context() as patch:
            patch.setattr(plan.Plan, "arguments", fail)
            result = await execute(socket, CARRIERS)
        assert result["data"] == {"carriers": None}
        assert result["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
        assert "internal detail" not in str(result)
        (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert result["errors"][0]["extensions"]["requestId"] in record.getMessage()
        assert "internal detail" in caplog.text
        await assert_healthy(socket)


async def test_a_query_is_cancelled_when_its_socket_closes(port: int, owner: AsyncEngine) -> None:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'carrier'")
    async with owner.connect() as locking, owner.connect() as observing:
        await locking.execute(text("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE"))
        async with WebSocketClient(port) as socket:
            await socket.connection_init()
            await socket.subscribe(CARRIERS)
            await wait_until(observing, waiting, 1)
            socket.connection.transport.abort()
        await wait_until(observing, waiting, 0)
        await locking.rollback()
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await assert_healthy(socket)


async def wait_until(observing: Any, waiting: Any, number: int) -> None:
    """Wait until `number` statements wait for a lock. Statistics do not change within a transaction."""
    async with asyncio.timeout(5):
        while (await observing.execute(waiting)).scalar_one() != number:
            await observing.rollback()
            await asyncio.sleep(0.05)
        await observing.rollback()
