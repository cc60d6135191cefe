"""Followers of the change log recover: whatever is killed, each one receives every change once, in order."""

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

from graphql_app.database import change_log_sql, change_notifier
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.query_engine import change_log
from tests.database.test_embedded_server import server_pid, wait_until_gone
from tests.support.server_process import Program, create_key, started, wait_until_closed
from tests.support.streaming_clients import CHANGE_FIELDS, SHIPMENT_CHANGED, ApiClient, WebSocketClient, sse_events

ALL_CHANGES = SHIPMENT_CHANGED % CHANGE_FIELDS
CREATE_SHIPMENT = """mutation($key: String!) { shipmentCreate(
    input: {confirm: true, shipper: {name: "A", country: "DE"}, recipient: {name: "B", country: "FR"}, packages: [{}]}
    options: {idempotencyKey: $key}) { shipment { id } errors { message } } }"""
ADD_TAG = """mutation($id: ID!, $tag: String!, $key: String!) { shipmentUpdate(
    by: {id: $id} input: {tagsAdd: [$tag]} options: {idempotencyKey: $key}) { shipment { id } errors { message } } }"""
TEST_SECONDS = 8.0


def free_port() -> int:
    """A port that no process uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


class World:
    """Two API processes and their PostgreSQL, each of which can be killed."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.root, self.stack = folder / "killed", stack
        self.database = EmbeddedServer(self.root, fast=True).start()
        self.key = create_key(self.database.url)
        self.ports = [free_port(), free_port()]
        self.programs: dict[int, Program] = {}

    def run(self, port: int) -> None:
        """Start an API process."""
        program = started(
            "serve", "--port", str(port), POSTGRES_URL=self.database.url, SHIPMENTS_LOG_LEVEL="error",
            SHIPMENTS_DEMO="false",
        )  # fmt: skip
        self.programs[port] = self.stack.enter_context(program)
        assert self.programs[port].url

    def kill_postgres(self) -> None:
        """Kill PostgreSQL and start it again."""
        pid = server_pid(self.root)
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(Exception):
            self.database.stop()
        wait_until_gone(pid, self.root)
        self.database = EmbeddedServer(self.root, fast=True).start()

    def kill_api(self, port: int) -> None:
        """Kill an API process and start another one on its port."""
        self.programs[port].process.kill()
        self.programs[port].process.wait()
        self.run(port)

    async def cut_connections(self) -> None:
        """Terminate all connections to the database, including those of the change notifiers."""
        connection = await asyncpg.connect(self.database.url)
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        await connection.close()


@pytest.fixture
def world(server_folder: Path) -> Iterator[World]:
    """Two running API processes on one PostgreSQL."""
    with contextlib.ExitStack() as stack:
        world = World(server_folder, stack)
        stack.callback(lambda: world.database.stop())
        for port in world.ports:
            world.run(port)
        yield world


CONNECTION_ERRORS = (
    OSError, httpx.HTTPError, websockets.WebSocketException, TimeoutError, AssertionError, StopAsyncIteration,
    AttributeError,  # anyio reads the peer address of a uvloop socket that was just closed
)  # fmt: skip


class Follower:
    """A client that reconnects with its last cursor after each disconnect."""

    def __init__(self, world: World) -> None:
        self.world, self.cursors, self.connects = world, list[str](), 0
        self.socket: WebSocketClient | None = None

    @property
    def last(self) -> str:
        """The last received cursor."""
        return self.cursors[-1] if self.cursors else ""

    async def follow(self, once: Callable[[int], Awaitable[None]]) -> None:
        """Run `once(port)` again after each disconnect."""
        while True:
            with contextlib.suppress(*CONNECTION_ERRORS):
                self.connects += 1
                await once(random.choice(self.world.ports))
            await asyncio.sleep(0.05)

    async def over_websocket(self, port: int) -> None:
        """Subscribe over WebSocket."""
        async with WebSocketClient(port) as self.socket:
            init = self.socket.connection_init(Authorization=f"Bearer {self.world.key}")
            await (await init).subscribe(ALL_CHANGES, {"after": self.last})
            while True:
                self.cursors += [change["cursor"] for change in await self.socket.changes(1, within=30)]

    async def over_events(self, port: int) -> None:
        """Subscribe with server-sent events."""
        async with sse_events(port, ALL_CHANGES, {"after": ""}, last=self.last, key=self.world.key) as stream:
            async for event in stream:
                if event.get("event") == "next":
                    assert "errors" not in event["data"]
                    self.cursors.append(event["id"])

    async def by_polling(self, port: int) -> None:
        """Poll the change log."""
        async with ApiClient(port, self.world.key) as api:
            while True:
                self.cursors += [change["cursor"] for change in await api.log(self.last or None)]
                await asyncio.sleep(0.05)


async def write(world: World, deadline: float, acknowledged: list[str]) -> None:
    """Create and change shipments until the deadline; retry with the same idempotency key without a response."""

    async def send(query: str, **variables: Any) -> str:
        key = uuid.uuid4().hex
        while True:
            with contextlib.suppress(*CONNECTION_ERRORS):
                async with ApiClient(random.choice(world.ports), world.key) as api:
                    (payload,) = (await api.execute(query, {**variables, "key": key})).values()
                    if payload:
                        assert payload["errors"] == []
                        acknowledged.append(key)
                        return str(payload["shipment"]["id"])
            await asyncio.sleep(0.05)

    while time.monotonic() < deadline:
        id_ = await send(CREATE_SHIPMENT)
        for tag in ("a", "b", "c"):
            await send(ADD_TAG, id=id_, tag=tag)


async def kill_repeatedly(world: World, followers: list[Follower], deadline: float) -> None:
    """Kill processes and connections until the deadline, each kind at least once."""
    actions = ["postgres", "api", "connections", "socket"]
    while time.monotonic() < deadline or actions:
        await asyncio.sleep(random.uniform(0.2, 0.7))
        action = actions.pop() if actions else random.choice(["api", "connections", "socket", "socket"])
        if action == "postgres":
            await asyncio.to_thread(world.kill_postgres)
        elif action == "api":
            await asyncio.to_thread(world.kill_api, random.choice(world.ports))
        elif action == "connections":
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await world.cut_connections()
        else:
            for follower in followers:
                if follower.socket is not None and random.random() < 0.5:
                    follower.socket.connection.transport.abort()


async def test_every_follower_receives_the_whole_log_whatever_is_killed(world: World) -> None:
    followers = [Follower(world) for _ in range(7)]
    methods = [Follower.over_websocket] * 3 + [Follower.over_events] * 3 + [Follower.by_polling]
    tasks = [
        asyncio.create_task(follower.follow(method.__get__(follower)))
        for follower, method in zip(followers, methods, strict=True)
    ]
    deadline, acknowledged = time.monotonic() + TEST_SECONDS, list[str]()
    writers = (write(world, deadline, acknowledged) for _ in range(4))
    await asyncio.gather(kill_repeatedly(world, followers, deadline), *writers)
    connection = await asyncpg.connect(world.database.url)
    rows = await connection.fetch("SELECT log_position, seq, at FROM change ORDER BY log_position, seq")
    history = await connection.fetchval(f"SELECT {change_log_sql.HISTORY}")
    await connection.close()
    expected = [change_log.encode_position(change_notifier.LogPosition(*row), history) for row in rows]
    assert len(expected) == len(acknowledged), "each acknowledged call is one change"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(15):
            while any(len(follower.cursors) < len(expected) for follower in followers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for follower in followers:
        assert follower.cursors == expected
    assert sum(follower.connects for follower in followers) > len(followers), "no follower was ever disconnected"


async def test_sockets_and_streams_are_closed_at_shutdown(world: World) -> None:
    port = world.ports[0]
    async with WebSocketClient(port) as client, sse_events(port, ALL_CHANGES, key=world.key) as stream:
        await (await client.connection_init(Authorization=f"Bearer {world.key}")).subscribe(ALL_CHANGES)
        assert "id" in await anext(stream)
        started_at = time.monotonic()
        world.programs[port].process.send_signal(signal.SIGTERM)
        assert await client.closed() in (1001, 1012)
        remaining = [event async for event in stream]
        assert all(event.get("event") != "complete" for event in remaining), (
            "clients do not reconnect to a completed stream"
        )
        await asyncio.to_thread(world.programs[port].process.wait, 10)
        assert time.monotonic() - started_at < 5
    assert world.programs[port].process.returncode == 0
    wait_until_closed(f"http://127.0.0.1:{port}")
