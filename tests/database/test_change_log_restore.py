"""A change log that was restored from a dump or replaced by a copy: it can be read and continued, and cursors of the
other history are rejected."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.database import change_log_adoption, change_notifier, migrate
from graphql_app.database.change_log_sql import HISTORY
from graphql_app.database.embedded_binaries import PostgresPrograms
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from graphql_app.query_engine import change_log
from graphql_app.server import app as app_module
from tests.support.databases import admin_connection, database_url
from tests.support.expired_cursors import assert_expired
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server
from tests.support.streaming_clients import SHIPMENT_CHANGED, ApiClient, WebSocketClient

LOG = "SELECT s.number, c.shipment_seq, c.op FROM change c LEFT JOIN shipment s ON s.id = c.shipment_id {}"
IN_ORDER = LOG.format("ORDER BY c.log_position, c.seq")
TAKE_TRANSACTION_IDS = "DO $$ BEGIN FOR i IN 1..%d LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[int]:
    """Run a server on a database, which is prepared as at the start of the program; yields the port."""
    settings = settings_module.read(postgres_url=url, demo=False)
    owner = make_engine(url, settings)
    try:
        await migrate.upgrade(owner)
        await change_log_adoption.adopt(owner)
    finally:
        await owner.dispose()
    engine = make_engine(url, settings, scoped=True)
    app = app_module.create_app(settings, engine=engine, keyless=True)
    async with app.router.lifespan_context(app), run_server(app, settings) as port:
        yield port
    await engine.dispose()


async def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


@pytest.fixture
def other_server(server_folder: Path) -> Iterator[EmbeddedServer]:
    """Another PostgreSQL server, whose transaction IDs are lower."""
    server = EmbeddedServer(server_folder / "restored", fast=True).start()
    yield server
    server.stop()
    shutil.rmtree(server_folder / "restored", ignore_errors=True)


@pytest.fixture
async def source_url(server: EmbeddedServer, migrated: str) -> AsyncIterator[str]:
    """The URL of a database to be dumped."""
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE source TEMPLATE {migrated}")
        await connection.execute(TAKE_TRANSACTION_IDS % 3_000)
    yield database_url(server, "source")
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE source WITH (FORCE)")


def dump_and_restore(source: EmbeddedServer, name: str, target: EmbeddedServer) -> None:
    """Copy a database to another server with pg_dump and pg_restore."""
    programs, file = PostgresPrograms(target.root), target.root / "run" / "dump"
    connect = "-U", "postgres"
    programs.run("pg_dump", "-h", source.socket_directory, *connect, "-Fc", "-f", file, name)
    programs.run("pg_restore", "-h", target.socket_directory, *connect, "-d", "shipments", "--no-privileges", file)


async def test_a_dump_that_is_restored_on_another_server_can_be_read_and_continued(
    server: EmbeddedServer, source_url: str, other_server: EmbeddedServer
) -> None:
    async with serving(source_url) as port, ApiClient(port) as api:
        shipments = [await api.create() for _ in range(3)]
        for code in ("PICKED_UP", "DELIVERED"):
            for shipment in shipments:
                await api.record(shipment, code, f"2026-01-0{1 + len(code) % 7}T00:00:00Z")
        old_cursors = [change["cursor"] for change in await api.log()]
    before = await rows(source_url, IN_ORDER)
    ((highest,),) = await rows(source_url, "SELECT max(log_position) FROM change")
    dump_and_restore(server, "source", other_server)
    ((next_id,),) = await rows(other_server.url, "SELECT pg_current_xact_id()::text::bigint")
    assert highest > next_id + 1_000, "the restored positions are ahead of the server's transaction IDs"
    async with serving(other_server.url) as port, ApiClient(port) as api:
        assert await rows(other_server.url, IN_ORDER) == before
        changes = await api.log()
        assert len(changes) == len(before)
        for cursor in old_cursors:
            await assert_expired(port, cursor)
        async with WebSocketClient(port) as socket:
            await (await socket.connection_init()).subscribe(
                SHIPMENT_CHANGED % "cursor", {"after": changes[-2]["cursor"]}
            )
            await api.record(shipments[0], "RETURN_STARTED", "2026-02-01T00:00:00Z")
            await api.create()
            received = await socket.changes(3)
        log = await api.log()
        assert log[: len(changes)] == changes
        assert [change["cursor"] for change in received] == [change["cursor"] for change in log[-3:]]
        assert [change["shipmentSeq"] for change in log[-2:]] == [4, 1]


async def test_only_another_location_begins_a_new_epoch(
    server: EmbeddedServer, source_url: str, other_server: EmbeddedServer
) -> None:
    """A restart does not, and neither does a second process that starts at the same time."""
    async with engine_on(source_url) as owner:
        assert not await change_log_adoption.adopt(owner)
        ((first,),) = await rows(source_url, f"SELECT {HISTORY}")
        assert not await change_log_adoption.adopt(owner)
        assert await rows(source_url, f"SELECT {HISTORY}") == [(first,)]
    dump_and_restore(server, "source", other_server)
    async with engine_on(other_server.url) as owner:
        assert await change_log_adoption.adopt(owner)
        ((second,),) = await rows(other_server.url, f"SELECT {HISTORY}")
        assert second != first
        assert not await change_log_adoption.adopt(owner)
        assert await rows(other_server.url, f"SELECT {HISTORY}") == [(second,)]


async def test_a_database_that_is_restored_over_itself_or_copied_begins_a_new_epoch(
    server: EmbeddedServer, source_url: str
) -> None:
    async with engine_on(source_url) as owner:
        await change_log_adoption.adopt(owner)
    programs, file = PostgresPrograms(server.root), server.root / "run" / "dump"
    connect = "-h", server.socket_directory, "-U", "postgres"
    programs.run("pg_dump", *connect, "-Fc", "-f", file, "source")
    programs.run("pg_restore", *connect, "-d", "source", "--clean", "--if-exists", "--no-privileges", file)
    async with engine_on(source_url) as owner:
        assert await change_log_adoption.adopt(owner)
    async with admin_connection(server) as connection:
        await connection.execute("CREATE DATABASE copy TEMPLATE source")
    async with engine_on(database_url(server, "copy")) as owner:
        assert await change_log_adoption.adopt(owner)
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE copy")


async def test_a_log_without_an_epoch_gets_one(server: EmbeddedServer, source_url: str) -> None:
    """A dump of chosen tables may lack the table's row."""
    await rows(source_url, "DELETE FROM change_log_state")
    async with serving(source_url) as port, ApiClient(port) as api:
        await api.create()
        assert len(await api.log()) == 1


@asynccontextmanager
async def engine_on(url: str) -> AsyncIterator[AsyncEngine]:
    """The owner's engine on a database."""
    engine = make_engine(url, settings_module.read())
    yield engine
    await engine.dispose()


async def test_a_data_directory_that_was_replaced_by_an_older_copy_rejects_the_cursors_of_lost_changes(
    server_folder: Path,
) -> None:
    """Transaction IDs and numbers are taken again there, on the same timeline and in the same epoch."""
    server = EmbeddedServer(server_folder / "replaced", fast=True).start()
    backup = server_folder / "replaced.backup"
    try:
        async with serving(server.url) as port, ApiClient(port) as api:
            await api.create()
            kept = (await api.log())[-1]["cursor"]
        server.stop()
        shutil.copytree(server.data, backup)
        server.start()
        async with serving(server.url) as port, ApiClient(port) as api:
            lost = [await api.create() for _ in range(5)] and (await api.log(kept))[-1]["cursor"]
        server.stop()
        shutil.rmtree(server.data)
        backup.rename(server.data)
        own(server.data, server.root / "run")
        server.start()
        async with serving(server.url) as port, ApiClient(port) as api:
            for _ in range(8):
                await api.create()
            position, history = change_log.decode_position(lost)
            same = f"UPDATE change SET log_position = {position.log_position} WHERE seq = {position.seq} RETURNING 1"
            assert await rows(server.url, same) == [(1,)], "the number was not taken again"
            assert await rows(server.url, f"SELECT {HISTORY}") == [(history,)]
            await assert_expired(port, lost)
            assert len(await api.log(kept)) == 8
    finally:
        server.stop()
        shutil.rmtree(server_folder / "replaced", ignore_errors=True)
        shutil.rmtree(backup, ignore_errors=True)


def own(directory: Path, example: Path) -> None:
    """Give a directory tree to the owner of another directory: PostgreSQL rejects files of other users."""
    status = example.stat()
    for path in (directory, *directory.rglob("*")):
        shutil.chown(path, status.st_uid, status.st_gid)
    directory.chmod(0o700)


async def test_a_cursor_of_a_row_that_never_existed_is_rejected(execute: Execute, engine: AsyncEngine) -> None:
    query = "query($after: String) { changes(after: $after) { nodes { op } } }"
    async with engine.connect() as connection:
        history = (await connection.exec_driver_sql(f"SELECT {HISTORY}")).scalar_one()
    position = change_notifier.BEGINNING._replace(log_position=2**60, seq=1)
    for cursor in (change_log.encode_position(position, history), change_log.encode_position(position, history + 1)):
        response = await execute(query, {"after": cursor})
        assert response["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
    beginning = change_notifier.BEGINNING
    assert "errors" not in await execute(query, {"after": change_log.encode_position(beginning, history)})
    response = await execute(query, {"after": change_log.encode_position(beginning, history + 1)})
    assert response["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
