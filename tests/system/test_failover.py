"""Failover to a standby that had not received the last transactions: no follower skips a change in silence."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from graphql_app import settings as settings_module
from graphql_app.database import change_log_adoption, migrate
from graphql_app.database.engine import make_engine
from graphql_app.query_engine import change_log
from graphql_app.server import app as app_module
from tests.support.expired_cursors import CODE, assert_expired
from tests.support.live_server import run_server
from tests.support.replication import ReplicatedServer
from tests.support.streaming_clients import SHIPMENT_CHANGED, ApiClient, WebSocketClient, sse_events

QUERY = SHIPMENT_CHANGED % "cursor shipmentSeq shipment { number }"
LAST = "{ changes(first: null, last: 1) { nodes { cursor } } }"


@pytest.fixture
def servers(server_folder: Path) -> Iterator[ReplicatedServer]:
    """A primary, without a standby yet."""
    servers = ReplicatedServer(server_folder / "replicated")
    yield servers
    servers.stop()


@pytest.fixture
async def port(servers: ReplicatedServer) -> AsyncIterator[int]:
    """The port of a server process that lives through the failover."""
    settings = settings_module.read(postgres_url=servers.url, demo=False)
    owner = make_engine(servers.url, settings)
    try:
        await migrate.upgrade(owner)
        await change_log_adoption.adopt(owner)
    finally:
        await owner.dispose()
    engine = make_engine(servers.url, settings, scoped=True)
    app = app_module.create_app(settings, engine=engine, keyless=True)
    async with app.router.lifespan_context(app), run_server(app, settings) as number:
        yield number
    await engine.dispose()


async def reconnected(api: ApiClient) -> None:
    """Wait until the server process reaches the database again."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(AssertionError):
                await api.execute("{ shipments(first: 1) { nodes { id } } }")
                return
            await asyncio.sleep(0.1)


async def test_after_a_failover_no_cursor_of_the_old_primary_is_accepted(servers: ReplicatedServer, port: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(ApiClient(port))
        await api.create()
        await asyncio.to_thread(servers.add_standby)
        await asyncio.to_thread(servers.wait_for_standby)
        kept = (await api.execute(LAST))["changes"]["nodes"][0]["cursor"]
        waiting, replaying = [await stack.enter_async_context(WebSocketClient(port)) for _ in range(2)]
        events = await stack.enter_async_context(sse_events(port, QUERY, {"after": ""}))
        await (await waiting.connection_init()).subscribe(QUERY, {"after": kept})
        await (await replaying.connection_init()).subscribe(QUERY, {"after": ""})
        await replaying.changes(1)
        await asyncio.to_thread(servers.stop_receiver)
        for _ in range(6):
            await api.create()
        lost = (await api.execute(LAST))["changes"]["nodes"][0]["cursor"]
        await replaying.changes(6)
        await waiting.changes(6)
        await asyncio.to_thread(servers.fail_over)
        await reconnected(api)
        created = [await api.create() for _ in range(3)]
        connection = await asyncpg.connect(servers.url)
        positions = await connection.fetchval("SELECT array_agg(log_position) FROM change")
        await connection.close()
        assert min(positions[1:]) <= change_log.decode_position(lost)[0].log_position, "no transaction ID was reused"
        for socket in (waiting, replaying):
            message = await socket.receive(within=10)
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", CODE), message
        assert CODE in "".join([event.get("data", "") async for event in events])
        for cursor in (kept, lost):
            await assert_expired(port, cursor)
        log = await api.log()
        assert len(log) == 1 + len(created)
        async with WebSocketClient(port) as socket:
            await (await socket.connection_init()).subscribe(QUERY, {"after": log[0]["cursor"]})
            assert [change["cursor"] for change in await socket.changes(3)] == [c["cursor"] for c in log[1:]]
            await api.create()
            (change,) = await socket.changes(1)
            assert change["shipment"]["number"] == "SHP-0000005"


async def test_a_restart_of_the_primary_keeps_the_cursors(servers: ReplicatedServer, port: int) -> None:
    async with ApiClient(port) as api, WebSocketClient(port) as socket:
        await api.create()
        cursor = (await api.execute(LAST))["changes"]["nodes"][0]["cursor"]
        await (await socket.connection_init()).subscribe(QUERY, {"after": ""})
        await socket.changes(1)
        process = servers.processes.pop("primary")
        process.kill()
        process.wait()
        await asyncio.sleep(0.5)
        (servers.root / "primary" / "postmaster.pid").unlink(missing_ok=True)
        await asyncio.to_thread(servers.start, "primary")
        await reconnected(api)
        await api.create()
        (change,) = await socket.changes(1, within=10)
        assert [entry["cursor"] for entry in await api.log(cursor)] == [change["cursor"]]
