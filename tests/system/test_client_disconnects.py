"""Clients that leave: whatever they had begun, no session, connection, lock or task of it stays."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from graphql_app.transport.endpoint import Endpoint
from tests.support.live_server import Wire, posted, serving

READ = json.dumps({"query": "{ carriers { nodes { code } } }"}).encode()
TWO = json.dumps({"query": "{ carriers { nodes { code } } shipments { nodes { id } } }"}).encode()
WRITE = json.dumps({"query": 'mutation { carrierSave(code: "ups", input: {name: "UPS"}) { carrier { id } } }'}).encode()
KEYED = (
    'mutation { carrierSave(code: "ups", input: {name: "UPS"}, options: {idempotencyKey: "k-1"}) '
    "{ carrier { code } meta { replayed } } }"
)


class Served:
    """The app behind a socket, and what one can see of it."""

    def __init__(self, port: int, endpoint: Endpoint, engine: AsyncEngine, beside: "asyncpg.Connection[Any]") -> None:
        self.port, self.endpoint, self.engine, self.beside = port, endpoint, engine, beside
        self.tasks: set[asyncio.Task[Any]] = set()

    def in_use(self) -> int:
        return self.engine.pool.checkedout()  # type: ignore[attr-defined, no-any-return]

    async def settled(self) -> bool:
        """Whether everything is as it was before anybody came: waited for, but not for long."""
        for _ in range(100):
            gate = self.endpoint.runner.concurrency_limiter
            left = {task for task in asyncio.all_tasks() - self.tasks if "TestRunner" not in repr(task)}
            await self.beside.execute("SELECT pg_stat_clear_snapshot()")  # it may be inside a transaction
            open_ = await self.beside.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'app-under-test' AND state <> 'idle'"
            )
            if not (self.in_use() or left or open_ or gate.running or gate.waiting):
                return gate.free == self.engine.pool.size()  # type: ignore[attr-defined, no-any-return]
            await asyncio.sleep(0.02)
        return False

    async def is_well(self) -> bool:
        async with Wire(self.port) as line:
            await line.send(posted(READ))
            return b'{"data":{"carriers":' in await line.receive()


@pytest.fixture
async def beside(postgres_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture
async def served(settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]") -> AsyncIterator[Served]:
    """With three connections, so that one that leaks is missed soon."""
    assert settings.postgres_url
    few = settings.model_copy(update={"pool_size": 3, "request_timeout": 5.0})
    own = make_engine(settings.postgres_url.get_secret_value(), few, name="app-under-test")
    app = app_module.create_app(few, engine=own, keyless=True)
    (endpoint,) = {route.app for route in app.routes if isinstance(getattr(route, "app", None), Endpoint)}
    async with app.router.lifespan_context(app), serving(app, few) as port:
        made = Served(port, endpoint, own, beside)
        assert await made.is_well()
        await asyncio.sleep(0.05)
        made.tasks = asyncio.all_tasks()
        yield made
    await own.dispose()


async def locked(connection: "asyncpg.Connection[Any]") -> Any:
    """Lets everything that touches carriers wait."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
    return transaction


async def leave(port: int, request: bytes, after: float) -> None:
    """Ask, and go without waiting for the answer; with a reset, as a client that crashed."""
    line = Wire(port)
    async with line:
        await line.send(request)
        await asyncio.sleep(after)
        line.writer.transport.abort()


@pytest.mark.parametrize("body", [READ, TWO], ids=["one root field", "two, in a snapshot"])
async def test_a_query_whose_client_left_is_cancelled_and_leaves_nothing(
    served: Served, beside: "asyncpg.Connection[Any]", body: bytes
) -> None:
    holding = await locked(beside)
    await asyncio.gather(*(leave(served.port, posted(body), 0.2) for _ in range(2)))
    assert await served.settled(), "although the lock is still held"
    await holding.rollback()
    assert await served.is_well()


async def test_a_mutation_whose_client_left_is_finished_and_found_again_by_its_key(
    served: Served, beside: "asyncpg.Connection[Any]"
) -> None:
    holding = await locked(beside)
    request = posted(json.dumps({"query": KEYED}).encode())
    await leave(served.port, request, 0.3)
    await asyncio.sleep(0.2)
    assert served.in_use() == 1, "it goes on"
    await holding.rollback()
    assert await served.settled()
    async with Wire(served.port) as line:
        await line.send(request)
        said = await line.receive()
    assert b'{"data":{"carrierSave":{"carrier":{"code":"ups"},"meta":{"replayed":true}}}}' in said


async def test_a_mutation_that_takes_too_long_is_rolled_back_and_leaves_no_lock(
    served: Served, beside: "asyncpg.Connection[Any]"
) -> None:
    served.endpoint.settings = served.endpoint.settings.model_copy(update={"request_timeout": 0.3})
    holding = await locked(beside)
    async with Wire(served.port) as line:
        await line.send(posted(json.dumps({"query": KEYED}).encode()))
        said = await line.receive()
    assert b'"code":"TIMEOUT"' in said
    assert await served.settled()
    await holding.rollback()
    assert await beside.fetchval("SELECT count(*) FROM carrier") == 0
    assert await beside.fetchval("SELECT count(*) FROM idempotency_key") == 0
    assert await served.is_well()


async def test_clients_that_leave_at_any_moment_leave_nothing(served: Served) -> None:
    """Before the head is complete, in the body, while it is answered, while the answer is sent."""
    for body in (READ, TWO, WRITE):
        request = posted(body)
        for cut in (1, len(request) // 2, len(request) - 1, len(request)):
            for after in (0.0, 0.002, 0.01):
                await asyncio.gather(*(leave(served.port, request[:cut], after) for _ in range(4)))
    assert await served.settled()
    assert await served.is_well()


async def test_those_who_wait_for_a_place_can_leave_too(served: Served, beside: "asyncpg.Connection[Any]") -> None:
    holding = await locked(beside)
    await asyncio.gather(*(leave(served.port, posted(READ), 0.2) for _ in range(30)))
    assert await served.settled()
    await holding.rollback()
    assert await served.is_well()


async def test_a_slow_body_holds_no_connection(served: Served) -> None:
    lines = [Wire(served.port) for _ in range(20)]
    for line in lines:
        await line.__aenter__()
        await line.send(posted(READ)[:-3])
    await asyncio.sleep(0.1)
    assert served.in_use() == 0
    assert await served.is_well()
    for line in lines:
        await line.__aexit__()
    assert await served.settled()


async def test_a_client_that_gives_up_by_itself_leaves_nothing(
    served: Served, beside: "asyncpg.Connection[Any]"
) -> None:
    holding = await locked(beside)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        for _ in range(5):
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/graphql", json=json.loads(READ), timeout=0.1)
    assert await served.settled()
    await holding.rollback()
    assert await served.is_well()
