"""A connection to PostgreSQL ends after each message that the server sends, in every way in which connections end.

Between the program and the real server stands a wire that counts messages. Whatever it does, a client hears that the
database cannot be reached, never of a mistake of ours; a second try with the same key finds or does the work, once.
"""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.database.engine import make_engine
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.mutation_client import complete, document

WAYS = ["closed", "half", "57P01", "late"]
PASSING = {"UNAVAILABLE", "CONFLICT", "TIMEOUT"}
READ = "{ shipments(first: 2) { nodes { number packages { seq } } } carriers { nodes { code } } }"


def told(state: str) -> bytes:
    """What PostgreSQL says before it goes."""
    fields = b"SFATAL\0VFATAL\0C%b\0Mterminating connection\0\0" % state.encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


class Wire:
    """What lies between. `cut`: how the connection ends after so many messages more. `stays`: nobody gets through then,
    until it is `down` no more."""

    def __init__(self, server: str, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.cut: tuple[str, int] | None = None
        self.stays = self.down = False
        self.over = asyncio.Event()

    async def settled(self) -> None:
        """Wait until the program can have seen the end: with the same turns of the loop it reads what was written."""
        await self.over.wait()
        for _ in range(10):
            await asyncio.sleep(0)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.close()
            return
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        there = asyncio.create_task(self.there(reader, to_server))
        try:
            await self.back(from_server, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            there.cancel()
            to_server.close()
            writer.close()

    async def there(self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            to_server.write(data)
        to_server.close()

    async def back(self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await from_server.readexactly(5)
            message = head + await from_server.readexactly(int.from_bytes(head[1:], "big") - 4)
            if self.cut is not None:
                way, left = self.cut
                if left == 0:
                    self.cut, self.down = None, self.stays
                    self.over.set()
                    if way == "half":
                        writer.write(message[: len(message) // 2])
                    elif way == "late":
                        writer.write(message + told("57P01"))
                    elif way != "closed":
                        writer.write(told(way))
                    return
                self.cut = way, left - 1
            writer.write(message)


@pytest.fixture
async def wire(settings: Settings, folder: Path, engine: AsyncEngine) -> AsyncIterator[Wire]:
    """A wire to the database of `engine`, which empties it afterwards."""
    assert settings.postgres_url
    real = make_url(settings.postgres_url.get_secret_value()).query["host"]
    made = Wire(f"{real}/.s.PGSQL.5432", folder / f"wire-{uuid.uuid4().hex[:8]}")
    made.folder.mkdir()
    server = await asyncio.start_unix_server(made.connected, made.folder / ".s.PGSQL.5432")
    yield made
    server.close()


@asynccontextmanager
async def serving(wire: Wire, settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """The app, with one connection to the database, through the wire."""
    assert settings.postgres_url
    url = make_url(settings.postgres_url.get_secret_value()).set(query={"host": str(wire.folder)})
    few = settings.model_copy(update={"pool_size": 1})
    engine = make_engine(url.render_as_string(hide_password=False), few, scoped=True)
    app = app_module.create_app(few, engine=engine, keyless=True)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client, engine
    finally:
        await engine.dispose()


def codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


async def cut_everywhere(wire: Wire, settings: Settings, fields: list[str], way: str, *, warm: bool) -> int:
    """Cut each of some operations after each message of the server's, every second time for longer; how many cuts."""
    async with serving(wire, settings) as (client, engine):

        async def ask(field: str, key: str) -> dict[str, Any]:
            body = {"query": document(field) if given[field] else READ, "variables": given[field]}
            answer: dict[str, Any] = (await client.post("/graphql", json=body, headers={"Idempotency-Key": key})).json()
            return answer

        given: dict[str, Any] = {"read": {}, "shipmentCreate": {"input": complete(confirm=True)}}
        made = await ask("shipmentCreate", "first")
        id_ = made["data"]["shipmentCreate"]["shipment"]["id"]
        given["shipmentUpdate"] = {"by": {"id": id_}, "input": {"tagsAdd": ["x"]}}
        cuts = 0
        for field in fields:
            for at in itertools.count():
                if warm:
                    await ask(field, "second")
                else:
                    await engine.dispose()
                wire.cut, wire.stays, key = (way, at), at % 2 == 1, uuid.uuid4().hex
                wire.over.clear()
                answer = await ask(field, key)
                reached, wire.cut, wire.down = wire.cut is None, None, False
                if reached:  # else a call that comes at once may meet the end, and has to be tried again like any other
                    await wire.settled()
                assert codes(answer) <= PASSING, (field, at)
                assert codes(await ask(field, key)) == set(), (field, at)
                if not reached:
                    break
                cuts += 1
    return cuts


@pytest.mark.parametrize("way", WAYS)
async def test_whenever_a_connection_ends_it_is_told_as_that(
    wire: Wire, settings: Settings, owner: AsyncEngine, way: str
) -> None:
    cuts = await cut_everywhere(wire, settings, ["shipmentCreate", "shipmentUpdate", "read"], way, warm=True)
    assert cuts >= 40
    made_by_keys = "SELECT (SELECT count(*) FROM shipment), count(*) FROM idempotency_key WHERE operation = $1"
    async with owner.connect() as connection:
        shipments, keys = (await connection.exec_driver_sql(made_by_keys, ("shipmentCreate",))).one()
    assert shipments == keys


async def test_a_connection_that_is_being_made_may_end_too(wire: Wire, settings: Settings) -> None:
    assert await cut_everywhere(wire, settings, ["read"], "57P03", warm=False) >= 30


LOST = [
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.InterfaceError("cannot perform operation: connection is closed"),
    asyncpg.InterfaceError("cannot call Transaction.commit(): the underlying connection is closed"),
    asyncpg.InterfaceError("cannot perform operation: another operation is cancelling"),
    asyncpg.InternalClientError("got result for unknown protocol state 3"),
    asyncpg.InvalidCachedStatementError("cached statement plan is invalid"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    ConnectionResetError("Connection lost"),
    BrokenPipeError(),
    FileNotFoundError("No such file or directory"),
    TimeoutError(),
]
OURS = [
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    asyncpg.UndefinedColumnError("there is no such column"),
]


def forms(dialect: Any, error: Exception) -> Iterator[BaseException]:
    """An error as the driver raises it, as the pool does, and as a connection of SQLAlchemy's does."""
    yield error
    try:
        AsyncAdapt_asyncpg_connection._handle_exception_no_connection(dialect.loaded_dbapi, error)
    except Exception as wrapped:
        yield wrapped
        yield DBAPIError.instance("SELECT 1", (), wrapped, dialect.loaded_dbapi.Error, dialect=dialect)


@pytest.mark.parametrize("error", [*LOST, *OURS], ids=repr)
def test_what_the_driver_says_of_a_connection_that_is_lost_is_known(error: Exception) -> None:
    engine = make_engine("postgresql://nobody@nowhere/nothing", settings_module.read())
    for form in forms(engine.dialect, error):
        assert type(error_formatting.classify_error(form)) is (
            request_errors.ConnectionLost if error in LOST else type(None)
        ), repr(form)
