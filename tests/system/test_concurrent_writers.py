"""Tens of clients write at once to a server of two processes: every acknowledged write is there exactly once."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest

from graphql_app import settings
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from tests.commands.test_corrections import assert_settled
from tests.server.test_startup import key_of, started
from tests.support.databases import admin_connection, database_url
from tests.support.load import Json, Refused, Storm, query

CLIENTS = 24
WAIT_AND_SEE = {"CONFLICT", "UNAVAILABLE", "TIMEOUT"}

HEAD = (
    b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n"
)


class Lines:
    """Connections kept open to one address, as many as are used at once. HTTP as plain as it gets, to be quick."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self.host, self.port, self.key = host, port, key.encode()
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: Json) -> Json:
        reader, writer = await self.line()
        data = orjson.dumps(body)
        writer.write(HEAD % (self.key, len(data)) + data)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answer: Json = orjson.loads(await reader.readexactly(length))
        self.idle.append((reader, writer))
        return answer

    async def line(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the server does not wait for ever
        return await asyncio.open_connection(self.host, self.port)

    def close(self) -> None:
        for _, writer in self.idle:
            writer.close()


@pytest.fixture
async def racing_url(server: EmbeddedServer, migrated: str) -> AsyncIterator[str]:
    """A database of its own: there is too much in it afterwards to be emptied row by row."""
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE races TEMPLATE {migrated}")
    yield database_url(server, "races")
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE races WITH (FORCE)")


@pytest.fixture
def key(racing_url: str) -> str:
    return key_of(racing_url)


@pytest.fixture
def address(racing_url: str, key: str) -> Iterator[str]:
    with started("serve", "--port", "0", "--workers", "2", POSTGRES_URL=racing_url, SHIPMENTS_DEMO="false") as program:
        yield program.url


async def test_whatever_is_written_at_once_every_acknowledged_write_is_there_once(
    address: str, key: str, racing_url: str, storm_seconds: float
) -> None:
    host, port = address.removeprefix("http://").split(":")
    lines = Lines(host, int(port), key)

    async def send(field: str, variables: Json, key: str) -> Json:
        options = {"idempotencyKey": key, **variables.pop("options", {})}
        answer = await lines.post({"query": query(field), "variables": {**variables, "options": options}})
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        if codes:
            assert codes <= WAIT_AND_SEE, answer["errors"]
            raise Refused
        payload: Json = answer["data"][field]
        return payload

    storm = Storm(send, seed=1)
    begun = time.monotonic()
    await storm.blow(CLIENTS, storm_seconds)
    spent = time.monotonic() - begun
    lines.close()
    changes = await storm.agrees(racing_url)
    assert storm.refused <= 0.01 * storm.completed.total()
    # some hundred a second on an idle machine; a machine that is busy with other things makes fewer
    assert changes > 50 * storm_seconds, f"{changes} changes in {spent:.1f} s are no storm"
    engine = make_engine(racing_url, settings.read())
    try:
        await assert_settled(engine)
    finally:
        await engine.dispose()
