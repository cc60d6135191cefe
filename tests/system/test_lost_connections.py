"""A connection to PostgreSQL ends after each message of the server, in every way in which connections end.

A proxy between the app and the server counts messages and closes the connection. The client always gets an error that
it can retry, never INTERNAL_ERROR, and a retry with the same idempotency key completes the operation exactly once.
"""

import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.database.engine import make_engine
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.settings import Settings
from tests.support.mutation_client import complete, document
from tests.support.postgres_proxy import ENDINGS, PostgresProxy, postgres_proxy, serving

RETRYABLE_CODES = {"UNAVAILABLE", "CONFLICT", "TIMEOUT"}
QUERY = "{ shipments(first: 2) { nodes { number packages { seq } } } carriers { nodes { code } } }"


@pytest.fixture
async def proxy(settings: Settings, server_folder: Path, engine: AsyncEngine) -> AsyncIterator[PostgresProxy]:
    """A proxy to the test database, which the fixture `engine` empties afterwards."""
    async with postgres_proxy(settings, server_folder) as proxy:
        yield proxy


def codes(result: dict[str, Any]) -> set[str]:
    """The codes of a result's errors."""
    return {error["extensions"]["code"] for error in result.get("errors", ())}


async def cut_everywhere(
    proxy: PostgresProxy, settings: Settings, fields: list[str], ending: str, *, warm: bool
) -> int:
    """Cut the connection of each operation after each message of the server; return the number of cuts.

    Every second time, the proxy stays down until the operation has ended. If not `warm`, the app has no open
    connection before.
    """
    async with serving(proxy, settings) as (client, engine):

        async def run(field: str, key: str) -> dict[str, Any]:
            body = {"query": document(field) if arguments[field] else QUERY, "variables": arguments[field]}
            headers = {"Idempotency-Key": key}
            result: dict[str, Any] = (await client.post("/graphql", json=body, headers=headers)).json()
            return result

        arguments: dict[str, Any] = {"read": {}, "shipmentCreate": {"input": complete(confirm=True)}}
        created = await run("shipmentCreate", "first")
        id_ = created["data"]["shipmentCreate"]["shipment"]["id"]
        arguments["shipmentUpdate"] = {"by": {"id": id_}, "input": {"tagsAdd": ["x"]}}
        cuts = 0
        for field in fields:
            for message in itertools.count():
                if warm:
                    await run(field, "second")
                else:
                    await engine.dispose()
                proxy.cut, proxy.stays_down, key = (ending, message), message % 2 == 1, uuid.uuid4().hex
                proxy.was_cut.clear()
                result = await run(field, key)
                was_cut, proxy.cut, proxy.down = proxy.cut is None, None, False
                if was_cut:  # otherwise the retry may meet the same end and have to be retried itself
                    await proxy.wait_until_noticed()
                assert codes(result) <= RETRYABLE_CODES, (field, message)
                assert codes(await run(field, key)) == set(), (field, message)
                if not was_cut:
                    break
                cuts += 1
    return cuts


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_lost_connection_returns_a_retryable_error(
    proxy: PostgresProxy, settings: Settings, owner: AsyncEngine, ending: str
) -> None:
    cuts = await cut_everywhere(proxy, settings, ["shipmentCreate", "shipmentUpdate", "read"], ending, warm=True)
    assert cuts >= 40
    counts_sql = "SELECT (SELECT count(*) FROM shipment), count(*) FROM idempotency_key WHERE operation = $1"
    async with owner.connect() as connection:
        shipments, keys = (await connection.exec_driver_sql(counts_sql, ("shipmentCreate",))).one()
    assert shipments == keys


async def test_a_connection_that_ends_while_it_is_opened_returns_a_retryable_error(
    proxy: PostgresProxy, settings: Settings
) -> None:
    assert await cut_everywhere(proxy, settings, ["read"], "57P03", warm=False) >= 30


LOST_CONNECTION_ERRORS = [
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
OTHER_ERRORS = [
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
    asyncpg.UndefinedColumnError("there is no such column"),
]


def wrapped_forms(dialect: Any, error: Exception) -> Iterator[BaseException]:
    """An error as asyncpg raises it, as SQLAlchemy's pool does, and as a connection of SQLAlchemy does."""
    yield error
    try:
        AsyncAdapt_asyncpg_connection._handle_exception_no_connection(dialect.loaded_dbapi, error)
    except Exception as wrapped:
        yield wrapped
        yield DBAPIError.instance("SELECT 1", (), wrapped, dialect.loaded_dbapi.Error, dialect=dialect)


@pytest.mark.parametrize("error", [*LOST_CONNECTION_ERRORS, *OTHER_ERRORS], ids=repr)
def test_driver_errors_of_lost_connections_are_classified(error: Exception) -> None:
    engine = make_engine("postgresql://nobody@nowhere/nothing", settings_module.read())
    for form in wrapped_forms(engine.dialect, error):
        assert type(error_formatting.classify_error(form)) is (
            request_errors.ConnectionLost if error in LOST_CONNECTION_ERRORS else type(None)
        ), repr(form)
