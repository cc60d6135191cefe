"""What is refused over HTTP is refused over a socket: the same limits, budgets and silence about the inside.

The socket stays open, the next operation on it is answered, and nothing is left behind when it goes.
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
from tests.support.live_server import serving
from tests.support.streaming_clients import Socket

CARRIERS = "{ carriers { nodes { code } } }"
MOST_MEMORY = 40_000_000


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with serving(app, settings) as port:
        yield port


async def answered(socket: Socket, query: str, variables: dict[str, Any] | None = None) -> Any:
    """The answer of an operation: its data, or the errors in its place."""
    await socket.subscribe(query, variables)
    said = await socket.receive()
    if said["type"] == "next":
        assert (await socket.receive())["type"] == "complete"
    return said["payload"]


async def healthy(socket: Socket) -> None:
    assert await answered(socket, HEALTH) == {"data": {"viewer": {"account": "default"}}}


@pytest.mark.parametrize("name", OVER)
async def test_a_document_beyond_a_limit_is_told_which(port: int, name: str) -> None:
    document, says = OVER[name]
    async with Socket(port) as socket:
        await socket.init()
        (error,) = await answered(socket, document)
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert says in error["message"]
        await healthy(socket)


async def test_variables_are_bounded_too(port: int) -> None:
    asked = "query($w: ShipmentWhere) { shipments(where: $w) { nodes { id } } }"
    async with Socket(port) as socket:
        await socket.init()
        for where, code in (
            ({"OR": [{"phase": "ACTIVE"}] * 700}, "LIMIT_EXCEEDED"),
            ({"status": {"eq": "x" * 10_000}}, "BAD_USER_INPUT"),
            ({"number": {"contains": "\0"}}, "BAD_USER_INPUT"),
        ):
            found = await answered(socket, asked, {"w": where})
            errors = found if isinstance(found, list) else found["errors"]
            assert errors[0]["extensions"]["code"] == code
            assert len(errors[0]["message"]) <= 300
            await healthy(socket)


async def test_a_flood_of_refused_operations_costs_no_memory(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_connection, "MAX_MESSAGES_PER_SECOND", 10_000)
    async with Socket(port) as socket:
        await socket.init()
        before = psutil.Process().memory_info().rss
        for number in range(500):
            assert isinstance(await answered(socket, f"{{ nothing{number}{'x' * 20_000} }}"), list)
        await healthy(socket)
        assert psutil.Process().memory_info().rss - before < MOST_MEMORY


async def test_a_budget_is_that_of_the_client_however_it_speaks(engine: AsyncEngine, settings: Settings) -> None:
    poor = settings.model_copy(update={"rate": 1.0, "burst": 60.0})
    app = app_module.create_app(poor, engine=engine, keyless=True)
    async with app.router.lifespan_context(app), serving(app, poor) as port, Socket(port) as socket:
        await socket.init()
        assert "data" in await answered(socket, CARRIERS)
        assert "data" in await answered(socket, CARRIERS)
        (error,) = await answered(socket, CARRIERS)
        assert error["extensions"]["code"] == "RATE_LIMITED"
        async with Socket(port) as other:
            await other.init()
            (error,) = await answered(other, "subscription { shipmentChanged { cursor } }")
            assert error["extensions"]["code"] == "RATE_LIMITED"


async def test_a_mistake_of_ours_says_nothing_and_is_in_the_log(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    async with Socket(port) as socket:
        await socket.init()
        with monkeypatch.context() as broken:
            broken.setattr(plan.Plan, "arguments", wrong)
            found = await answered(socket, CARRIERS)
        assert found["data"] == {"carriers": None}
        assert found["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
        assert "secret" not in str(found)
        (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
        assert found["errors"][0]["extensions"]["requestId"] in record.getMessage()
        assert "a secret of ours" in caplog.text
        await healthy(socket)


async def test_a_query_whose_socket_went_is_cancelled(port: int, owner: AsyncEngine) -> None:
    running = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'carrier'")
    async with owner.connect() as holding, owner.connect() as beside:
        await holding.execute(text("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE"))
        async with Socket(port) as socket:
            await socket.init()
            await socket.subscribe(CARRIERS)
            await until(beside, running, 1)
            socket.wire.transport.abort()
        await until(beside, running, 0)
        await holding.rollback()
    async with Socket(port) as socket:
        await socket.init()
        await healthy(socket)


async def until(beside: Any, running: Any, number: int) -> None:
    """Wait until so many statements wait for a lock. What is looked at stays the same within a transaction."""
    async with asyncio.timeout(5):
        while (await beside.execute(running)).scalar_one() != number:
            await beside.rollback()
            await asyncio.sleep(0.05)
        await beside.rollback()
