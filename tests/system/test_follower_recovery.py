"""Whatever is killed, whenever: every client of the feed has seen exactly the log, in its order, in the end."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import websockets

from graphql_app.database import change_notifier
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.query_engine import change_log
from tests.database.test_embedded_server import server_pid, wait_until_gone
from tests.support.server_process import Program, create_key, started, wait_until_closed
from tests.support.streaming_clients import CHANGED, PLAIN, Api, Socket, events

ALL = CHANGED % PLAIN
BEGINNING = change_log.encode_position(change_notifier.BEGINNING)
CREATE = """mutation($key: String!) { shipmentCreate(
    input: {confirm: true, shipper: {name: "A", country: "DE"}, recipient: {name: "B", country: "FR"}, packages: [{}]}
    options: {idempotencyKey: $key}) { shipment { id } errors { message } } }"""
TAG = """mutation($id: ID!, $tag: String!, $key: String!) { shipmentUpdate(
    by: {id: $id} input: {tagsAdd: [$tag]} options: {idempotencyKey: $key}) { shipment { id } errors { message } } }"""
SECONDS = 8.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


class World:
    """Two API processes on one PostgreSQL, any of which may be killed at any time."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.root, self.stack = folder / "killed", stack
        self.database = EmbeddedServer(self.root, fast=True).start()
        self.key = create_key(self.database.url)
        self.ports = [free_port(), free_port()]
        self.programs: dict[int, Program] = {}

    def run(self, port: int) -> None:
        program = started(
            "serve", "--port", str(port), POSTGRES_URL=self.database.url, SHIPMENTS_LOG_LEVEL="error",
            SHIPMENTS_DEMO="false",
        )  # fmt: skip
        self.programs[port] = self.stack.enter_context(program)
        assert self.programs[port].url

    def kill_postgres(self) -> None:
        pid = server_pid(self.root)
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(Exception):
            self.database.stop()
        wait_until_gone(pid, self.root)
        self.database = EmbeddedServer(self.root, fast=True).start()

    def kill_api(self, port: int) -> None:
        self.programs[port].process.kill()
        self.programs[port].process.wait()
        self.run(port)

    async def cut_connections(self) -> None:
        """All connections to the database, those of the feed too."""
        connection = await asyncpg.connect(self.database.url)
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        await connection.close()


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        made = World(folder, stack)
        stack.callback(lambda: made.database.stop())
        for port in made.ports:
            made.run(port)
        yield made


LOST = (
    OSError, httpx.HTTPError, websockets.WebSocketException, TimeoutError, AssertionError, StopAsyncIteration,
    AttributeError,  # anyio asks a socket of uvloop's that has just gone for its peer
)  # fmt: skip


class Reader:
    """A client that comes back with the last cursor it has, however often it is thrown out."""

    def __init__(self, world: World) -> None:
        self.world, self.seen, self.times = world, list[str](), 0
        self.socket: Socket | None = None

    @property
    def last(self) -> str:
        return self.seen[-1] if self.seen else BEGINNING

    async def again(self, once: Callable[[int], Awaitable[None]]) -> None:
        while True:
            with contextlib.suppress(*LOST):
                self.times += 1
                await once(random.choice(self.world.ports))
            await asyncio.sleep(0.05)

    async def over_websocket(self, port: int) -> None:
        async with Socket(port) as self.socket:
            init = self.socket.init(Authorization=f"Bearer {self.world.key}")
            await (await init).subscribe(ALL, {"after": self.last})
            while True:
                self.seen += [change["cursor"] for change in await self.socket.changes(1, within=30)]

    async def over_events(self, port: int) -> None:
        async with events(port, ALL, {"after": BEGINNING}, last=self.last, key=self.world.key) as stream:
            async for event in stream:
                if event.get("event") == "next":
                    assert "errors" not in event["data"]
                    self.seen.append(event["id"])

    async def by_asking(self, port: int) -> None:
        async with Api(port, self.world.key) as api:
            while True:
                self.seen += [change["cursor"] for change in await api.log(self.last)]
                await asyncio.sleep(0.05)


async def write(world: World, until: float, done: list[str]) -> None:
    """Make and change shipments; whatever has no answer is sent again with the same key."""

    async def sent(query: str, **variables: Any) -> str:
        key = uuid.uuid4().hex
        while True:
            with contextlib.suppress(*LOST):
                async with Api(random.choice(world.ports), world.key) as api:
                    (payload,) = (await api.ask(query, {**variables, "key": key})).values()
                    if payload:
                        assert payload["errors"] == []
                        done.append(key)
                        return str(payload["shipment"]["id"])
            await asyncio.sleep(0.05)

    while time.monotonic() < until:
        made = await sent(CREATE)
        for tag in ("a", "b", "c"):
            await sent(TAG, id=made, tag=tag)


async def havoc(world: World, readers: list[Reader], until: float) -> None:
    """Kill something, again and again; everything at least once."""
    deeds = ["postgres", "api", "connections", "socket"]
    while time.monotonic() < until or deeds:
        await asyncio.sleep(random.uniform(0.2, 0.7))
        deed = deeds.pop() if deeds else random.choice(["api", "connections", "socket", "socket"])
        if deed == "postgres":
            await asyncio.to_thread(world.kill_postgres)
        elif deed == "api":
            await asyncio.to_thread(world.kill_api, random.choice(world.ports))
        elif deed == "connections":
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await world.cut_connections()
        else:
            for reader in readers:
                if reader.socket is not None and random.random() < 0.5:
                    reader.socket.wire.transport.abort()


async def test_every_client_sees_the_log_whatever_is_killed(world: World) -> None:
    readers = [Reader(world) for _ in range(7)]
    ways = [Reader.over_websocket] * 3 + [Reader.over_events] * 3 + [Reader.by_asking]
    following = [
        asyncio.create_task(reader.again(way.__get__(reader))) for reader, way in zip(readers, ways, strict=True)
    ]
    until, done = time.monotonic() + SECONDS, list[str]()
    await asyncio.gather(havoc(world, readers, until), *(write(world, until, done) for _ in range(4)))
    connection = await asyncpg.connect(world.database.url)
    rows = await connection.fetch("SELECT xid::text::bigint AS xid, seq FROM change ORDER BY xid, seq")
    await connection.close()
    expected = [change_log.encode_position((row["xid"], row["seq"])) for row in rows]
    assert len(expected) == len(done), "each acknowledged call is one change"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(15):
            while any(len(reader.seen) < len(expected) for reader in readers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    for task in following:
        task.cancel()
    await asyncio.wait(following)
    for reader in readers:
        assert reader.seen == expected
    assert sum(reader.times for reader in readers) > len(readers), "nobody was ever thrown out"


async def test_the_end_of_the_process_is_told_to_sockets_and_streams(world: World) -> None:
    port = world.ports[0]
    async with Socket(port) as client, events(port, ALL, key=world.key) as stream:
        await (await client.init(Authorization=f"Bearer {world.key}")).subscribe(ALL)
        assert "id" in await anext(stream)
        begun = time.monotonic()
        world.programs[port].process.send_signal(signal.SIGTERM)
        assert await client.closed() in (1001, 1012)
        left = [event async for event in stream]
        assert all(event.get("event") != "complete" for event in left), "a stream that completes is not come back to"
        await asyncio.to_thread(world.programs[port].process.wait, 10)
        assert time.monotonic() - begun < 5
    assert world.programs[port].process.returncode == 0
    wait_until_closed(f"http://127.0.0.1:{port}")
