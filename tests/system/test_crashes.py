"""Processes are killed with `kill -9` while clients write: no acknowledged write is lost, and none is done twice.

The clients are those of `examples/`: they retry, with the same idempotency key, every request without a response.
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
from tests.support.load import ConcurrentWriters, Json, mutation_text
from tests.system.test_follower_recovery import World

CLIENTS = 12


@pytest.fixture
def world(server_folder: Path) -> Iterator[World]:
    """Two API processes on one PostgreSQL."""
    with contextlib.ExitStack() as stack:
        world = World(server_folder / "crashing", stack)
        stack.callback(lambda: world.database.stop())
        for port in world.ports:
            world.run(port)
        yield world


def restart_postgres(world: World) -> None:
    """Restart PostgreSQL in an orderly way."""
    world.database.stop()
    world.database = EmbeddedServer(world.root, fast=True).start()


async def kill_in_turn(world: World, seconds: float) -> int:
    """Kill each process in turn, so that one is down while others restart; return the number of kills."""
    first, second = world.ports
    actions = itertools.cycle(
        [
            lambda: asyncio.to_thread(world.kill_api, first),
            lambda: asyncio.to_thread(world.kill_postgres),
            world.cut_connections,
            lambda: asyncio.to_thread(world.kill_api, second),
            lambda: asyncio.to_thread(restart_postgres, world),
        ]
    )
    deadline, kills = time.monotonic() + seconds, 0
    while time.monotonic() < deadline or kills < 5:
        await asyncio.sleep(0.4)
        with contextlib.suppress(OSError, asyncpg.PostgresError):  # PostgreSQL may be down
            await next(actions)()
        kills += 1
    return kills


async def test_every_acknowledged_write_survives_crashes_exactly_once(world: World, load_seconds: float) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for port in world.ports:
            http = httpx.AsyncClient(timeout=httpx.Timeout(8.0, connect=2.0))
            client = Client(f"http://127.0.0.1:{port}/graphql", key=world.key, http=http)
            clients.append(await stack.enter_async_context(client))
        turns = itertools.cycle(clients)

        async def send(field: str, variables: Json, key: str) -> Json:
            data = await next(turns).mutate(mutation_text(field), variables, key=key)
            payload: Json = data[field]
            return payload

        writers = ConcurrentWriters(send, seed=2)
        writing = asyncio.create_task(writers.run(CLIENTS, load_seconds + 3))
        await asyncio.sleep(0.5)
        kills = await kill_in_turn(world, load_seconds + 2)
        await writing
    assert kills >= 5
    assert sum(client.retries for client in clients) > 0, "no client had to retry"
    assert await writers.assert_database_matches(world.database.url) > 100
    engine = make_engine(world.database.url, settings.read())
    try:
        await assert_settled(engine)
    finally:
        await engine.dispose()
