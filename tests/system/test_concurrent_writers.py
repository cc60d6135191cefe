"""Many clients write to a server of two processes: every acknowledged write is stored exactly once."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest

from graphql_app import settings
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from tests.commands.test_corrections import assert_settled
from tests.support.databases import admin_connection, database_url
from tests.support.load import ConcurrentWriters, Json, NothingDone, mutation_text
from tests.support.server_process import create_key, started

CLIENTS = 24
RETRYABLE_CODES = {"CONFLICT", "UNAVAILABLE", "TIMEOUT"}

REQUEST_HEADERS = (
    b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n"
)


class HttpConnections:
    """Connections to one server that are reused. It is a minimal HTTP client, for speed."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self.host, self.port, self.key = host, port, key.encode()
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: Json) -> Json:
        """Send a GraphQL request; return the parsed response."""
        reader, writer = await self.take()
        data = orjson.dumps(body)
        writer.write(REQUEST_HEADERS % (self.key, len(data)) + data)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        response: Json = orjson.loads(await reader.readexactly(length))
        self.idle.append((reader, writer))
        return response

    async def take(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Take an idle connection, or open one."""
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the server closes idle connections
        return await asyncio.open_connection(self.host, self.port)

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self.idle:
            writer.close()


@pytest.fixture
async def writers_url(server: EmbeddedServer, migrated: str) -> AsyncIterator[str]:
    """A separate database: it has too many rows afterwards to delete them one by one."""
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE concurrent_writers TEMPLATE {migrated}")
    yield database_url(server, "concurrent_writers")
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE concurrent_writers WITH (FORCE)")


@pytest.fixture
def key(writers_url: str) -> str:
    """The secret of an API key."""
    return create_key(writers_url)


@pytest.fixture
def address(writers_url: str, key: str) -> Iterator[str]:
    """The URL of a server with two worker processes."""
    with started("serve", "--port", "0", "--workers", "2", POSTGRES_URL=writers_url, SHIPMENTS_DEMO="false") as program:
        yield program.url


async def test_every_acknowledged_concurrent_write_is_stored_exactly_once(
    address: str, key: str, writers_url: str, load_seconds: float
) -> None:
    host, port = address.removeprefix("http://").split(":")
    connections = HttpConnections(host, int(port), key)

    async def send(field: str, variables: Json, key: str) -> Json:
        options = {"idempotencyKey": key, **variables.pop("options", {})}
        response = await connections.post(
            {"query": mutation_text(field), "variables": {**variables, "options": options}}
        )
        codes = {error["extensions"]["code"] for error in response.get("errors", ())}
        if codes:
            assert codes <= RETRYABLE_CODES, response["errors"]
            raise NothingDone
        payload: Json = response["data"][field]
        return payload

    writers = ConcurrentWriters(send, seed=1)
    started_at = time.monotonic()
    await writers.run(CLIENTS, load_seconds)
    seconds = time.monotonic() - started_at
    connections.close()
    changes = await writers.assert_database_matches(writers_url)
    assert writers.rejected <= 0.01 * writers.completed.total()
    # an idle machine makes a few hundred changes per second, a busy one fewer
    assert changes > 50 * load_seconds, f"{changes} changes in {seconds:.1f} s are too few"
    engine = make_engine(writers_url, settings.read())
    try:
        await assert_settled(engine)
    finally:
        await engine.dispose()
