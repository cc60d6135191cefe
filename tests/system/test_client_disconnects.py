"""Clients that disconnect: no session, connection, lock or task of their requests remains."""

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
from tests.support.live_server import RawConnection, raw_post, run_server

QUERY = json.dumps({"query": "{ carriers { nodes { code } } }"}).encode()
TWO_FIELDS_QUERY = json.dumps({"query": "{ carriers { nodes { code } } shipments { nodes { id } } }"}).encode()
MUTATION = json.dumps(
    {"query": 'mutation { carrierSave(code: "ups", input: {name: "UPS"}) { carrier { id } } }'}
).encode()
IDEMPOTENT_MUTATION = (
    'mutation { carrierSave(code: "ups", input: {name: "UPS"}, options: {idempotencyKey: "k-1"}) '
    "{ carrier { code } meta { replayed } } }"
)


class RunningServer:
    """The app on a port, its engine, and a separate database connection that observes it."""

    def __init__(self, port: int, endpoint: Endpoint, engine: AsyncEngine, observer: "asyncpg.Connection[Any]") -> None:
        self.port, self.endpoint, self.engine, self.observer = port, endpoint, engine, observer
        self.tasks: set[asyncio.Task[Any]] = set()

    def in_use(self) -> int:
        """Number of connections that are taken from the pool."""
        return self.engine.pool.checkedout()  # type: ignore[attr-defined, no-any-return]

    async def is_idle(self) -> bool:
        """Whether no connection, task, transaction or execution slot is in use; waits up to 2 seconds for it."""
        for _ in range(100):
            limiter = self.endpoint.runner.concurrency_limiter
            tasks = {task for task in asyncio.all_tasks() - self.tasks if "TestRunner" not in repr(task)}
            await self.observer.execute("SELECT pg_stat_clear_snapshot()")  # the observer may be inside a transaction
            open_connections = await self.observer.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'app-under-test' AND state <> 'idle'"
            )
            if not (self.in_use() or tasks or open_connections or limiter.running or limiter.waiting):
                return limiter.free == self.engine.pool.size()  # type: ignore[attr-defined, no-any-return]
            await asyncio.sleep(0.02)
        return False

    async def is_healthy(self) -> bool:
        """Whether a query succeeds."""
        async with RawConnection(self.port) as client:
            await client.send(raw_post(QUERY))
            return b'{"data":{"carriers":' in await client.receive()


@pytest.fixture
async def observer(postgres_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A database connection of the test itself."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@pytest.fixture
async def app_server(
    settings: Settings, engine: AsyncEngine, observer: "asyncpg.Connection[Any]"
) -> AsyncIterator[RunningServer]:
    """The app with a pool of three connections, so that a leaked one is noticed soon."""
    assert settings.postgres_url
    small = settings.model_copy(update={"pool_size": 3, "request_timeout": 5.0})
    app_engine = make_engine(settings.postgres_url.get_secret_value(), small, name="app-under-test")
    app = app_module.create_app(small, engine=app_engine, keyless=True)
    (endpoint,) = {route.app for route in app.routes if isinstance(getattr(route, "app", None), Endpoint)}
    async with app.router.lifespan_context(app), run_server(app, small) as port:
        running = RunningServer(port, endpoint, app_engine, observer)
        assert await running.is_healthy()
        await asyncio.sleep(0.05)
        running.tasks = asyncio.all_tasks()
        yield running
    await app_engine.dispose()


async def lock_carriers(connection: "asyncpg.Connection[Any]") -> Any:
    """Lock the table of carriers until the returned transaction is rolled back; all statements on it wait."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
    return transaction


async def send_and_reset(port: int, request: bytes, after: float) -> None:
    """Send a request and reset the connection `after` seconds later, like a client that crashed."""
    client = RawConnection(port)
    async with client:
        await client.send(request)
        await asyncio.sleep(after)
        client.writer.transport.abort()


@pytest.mark.parametrize("body", [QUERY, TWO_FIELDS_QUERY], ids=["one root field", "two, in a snapshot"])
async def test_a_query_whose_client_disconnected_is_cancelled_and_leaks_nothing(
    app_server: RunningServer, observer: "asyncpg.Connection[Any]", body: bytes
) -> None:
    lock = await lock_carriers(observer)
    await asyncio.gather(*(send_and_reset(app_server.port, raw_post(body), 0.2) for _ in range(2)))
    assert await app_server.is_idle(), "while the lock is still held"
    await lock.rollback()
    assert await app_server.is_healthy()


async def test_a_mutation_whose_client_disconnected_completes_and_a_retry_returns_its_result(
    app_server: RunningServer, observer: "asyncpg.Connection[Any]"
) -> None:
    lock = await lock_carriers(observer)
    request = raw_post(json.dumps({"query": IDEMPOTENT_MUTATION}).encode())
    await send_and_reset(app_server.port, request, 0.3)
    await asyncio.sleep(0.2)
    assert app_server.in_use() == 1, "the mutation was cancelled"
    await lock.rollback()
    assert await app_server.is_idle()
    async with RawConnection(app_server.port) as client:
        await client.send(request)
        response = await client.receive()
    assert b'{"data":{"carrierSave":{"carrier":{"code":"ups"},"meta":{"replayed":true}}}}' in response


async def test_a_mutation_that_exceeds_the_request_timeout_is_rolled_back_and_holds_no_lock(
    app_server: RunningServer, observer: "asyncpg.Connection[Any]"
) -> None:
    app_server.endpoint.settings = app_server.endpoint.settings.model_copy(update={"request_timeout": 0.3})
    lock = await lock_carriers(observer)
    async with RawConnection(app_server.port) as client:
        await client.send(raw_post(json.dumps({"query": IDEMPOTENT_MUTATION}).encode()))
        response = await client.receive()
    assert b'"code":"TIMEOUT"' in response
    assert await app_server.is_idle()
    await lock.rollback()
    assert await observer.fetchval("SELECT count(*) FROM carrier") == 0
    assert await observer.fetchval("SELECT count(*) FROM idempotency_key") == 0
    assert await app_server.is_healthy()


async def test_clients_that_disconnect_at_any_time_leak_nothing(app_server: RunningServer) -> None:
    """In the headers, in the body, during execution, and while the response is sent."""
    for body in (QUERY, TWO_FIELDS_QUERY, MUTATION):
        request = raw_post(body)
        for size in (1, len(request) // 2, len(request) - 1, len(request)):
            for after in (0.0, 0.002, 0.01):
                await asyncio.gather(*(send_and_reset(app_server.port, request[:size], after) for _ in range(4)))
    assert await app_server.is_idle()
    assert await app_server.is_healthy()


async def test_clients_that_wait_for_an_execution_slot_can_disconnect(
    app_server: RunningServer, observer: "asyncpg.Connection[Any]"
) -> None:
    lock = await lock_carriers(observer)
    await asyncio.gather(*(send_and_reset(app_server.port, raw_post(QUERY), 0.2) for _ in range(30)))
    assert await app_server.is_idle()
    await lock.rollback()
    assert await app_server.is_healthy()


async def test_a_slow_body_holds_no_connection(app_server: RunningServer) -> None:
    clients = [RawConnection(app_server.port) for _ in range(20)]
    for client in clients:
        await client.__aenter__()
        await client.send(raw_post(QUERY)[:-3])
    await asyncio.sleep(0.1)
    assert app_server.in_use() == 0
    assert await app_server.is_healthy()
    for client in clients:
        await client.__aexit__()
    assert await app_server.is_idle()


async def test_a_client_with_its_own_timeout_leaks_nothing(
    app_server: RunningServer, observer: "asyncpg.Connection[Any]"
) -> None:
    lock = await lock_carriers(observer)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{app_server.port}") as client:
        for _ in range(5):
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/graphql", json=json.loads(QUERY), timeout=0.1)
    assert await app_server.is_idle()
    await lock.rollback()
    assert await app_server.is_healthy()
