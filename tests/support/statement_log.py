"""Records every SQL statement that an engine sends, through SQLAlchemy or directly through asyncpg."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg import introspection
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.session import get_session

TYPE_LOOKUPS = {introspection.INTRO_LOOKUP_TYPES, introspection.TYPE_BY_NAME}
"""Statements that asyncpg itself sends on a new connection; they are not recorded."""


@contextlib.asynccontextmanager
async def recorded_statements(
    engine: AsyncEngine, account: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[str]]:
    """The list to which each statement is appended, BEGIN and COMMIT included.

    Statements by which SQLAlchemy and asyncpg set up a new connection are left out. asyncpg calls its own query loggers
    one event loop iteration too late, so the method that calls them is patched instead. The pool starts with one
    connection, which is set to the default account already.
    """
    sent: list[str] = []
    driver_connections: set[int] = set()
    time_and_log = asyncpg.Connection._time_and_log

    def record_direct(connection: Any, query: str, *arguments: object) -> Any:
        if id(connection) in driver_connections and query not in TYPE_LOOKUPS:
            sent.append(query)
        return time_and_log(connection, query, *arguments)

    def record_sqlalchemy(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        sent.append(statement)

    def on_connect(connection: Any, *_: object) -> None:
        driver_connections.add(id(connection.driver_connection))
        # asyncpg calls _time_and_log only for connections that have a query logger
        connection.driver_connection.add_query_logger(lambda _record: None)

    monkeypatch.setattr(asyncpg.Connection, "_time_and_log", record_direct)
    event.listen(engine.sync_engine, "connect", on_connect)
    async with get_session(engine, account) as session:
        await session.fetch("SELECT 1", [])
    event.listen(engine.sync_engine, "before_cursor_execute", record_sqlalchemy)
    sent.clear()
    yield sent
    event.remove(engine.sync_engine, "before_cursor_execute", record_sqlalchemy)
