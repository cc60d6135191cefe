"""Processes are killed with -9 while clients write: nothing that was acknowledged is lost, and nothing is done twice.

The clients are those that a user would copy, from `examples/`: they send again, with the same key, what had no answer.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from retrying_client import Client

from graphql_app import settings
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from tests.commands.test_corrections import assert_settled
from tests.support.load import Json, Storm, query
from tests.system.test_follower_recovery import World

CLIENTS = 12


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    """Two API processes on one PostgreSQL."""
    with contextlib.ExitStack() as stack:
        made = World(folder / "crashing", stack)
        stack.callback(lambda: made.database.stop())
        for port in made.ports:
            made.run(port)
        yield made


def restart_postgres(world: World) -> None:
    """As an administrator does it."""
    world.database.stop()
    world.database = EmbeddedServer(world.root, fast=True).start()


async def havoc(world: World, seconds: float) -> int:
    """Everything that can be killed is, in turn, so that each is down while the others come back; how often."""
    one, two = world.ports
    deeds = itertools.cycle(
        [
            lambda: asyncio.to_thread(world.kill_api, one),
            lambda: asyncio.to_thread(world.kill_postgres),
            world.cut_connections,
            lambda: asyncio.to_thread(world.kill_api, two),
            lambda: asyncio.to_thread(restart_postgres, world),
        ]
    )
    until, times = time.monotonic() + seconds, 0
    while time.monotonic() < until or times < 5:
        await asyncio.sleep(0.4)
        with contextlib.suppress(OSError, asyncpg.PostgresError):  # who cuts connections may find nobody there
            await next(deeds)()
        times += 1
    return times


async def test_whatever_is_killed_every_acknowledged_write_is_there_once(world: World, storm_seconds: float) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for port in world.ports:
            http = httpx.AsyncClient(timeout=httpx.Timeout(8.0, connect=2.0))
            client = Client(f"http://127.0.0.1:{port}/graphql", key=world.key, http=http)
            clients.append(await stack.enter_async_context(client))
        turns = itertools.cycle(clients)

        async def send(field: str, variables: Json, key: str) -> Json:
            answer = await next(turns).do(query(field), variables, key=key)
            payload: Json = answer[field]
            return payload

        storm = Storm(send, seed=2)
        writing = asyncio.create_task(storm.blow(CLIENTS, storm_seconds + 3))
        await asyncio.sleep(0.5)
        killed = await havoc(world, storm_seconds + 2)
        await writing
    assert killed >= 5
    assert sum(client.retries for client in clients) > 0, "nobody ever had to send again"
    assert await storm.agrees(world.database.url) > 100
    engine = make_engine(world.database.url, settings.read())
    try:
        await assert_settled(engine)
    finally:
        await engine.dispose()
