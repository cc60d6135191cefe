"""How one account is read: finished statements, straight over a connection of the pool, outside of any transaction.

`Rows.fetch` sends one statement in autocommit, or inside `Rows.snapshot()`, where several must see the same
moment. It costs about a fifth of what SQLAlchemy's `execute` does; one who reads needs no session.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import pool
from graphql_app.database.pool import LeasedConnection

RESET_TIMEOUT_SECONDS = 2.0  # seconds


class AccountReader:
    """The rows of one account. Used by one statement at a time."""

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        self.engine, self.account_id = engine, account_id
        self._snapshot: ReadSnapshot | None = None

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
        """Rows of one reading statement."""
        if self._snapshot is not None:
            return await self._snapshot.fetch(sql, arguments)
        async with ConnectionLease(self.engine, self.account_id) as connection:
            return await connection.fetch(sql, *arguments)

    async def fetch_rows(self, sql: str, arguments: Sequence[object]) -> Sequence[Any]:
        """What one statement outside of any transaction returns; it is a transaction by itself, and may write."""
        async with ConnectionLease(self.engine, self.account_id) as connection:
            return await connection.fetch(sql, *arguments, record_class=NamedRecord)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Let all that is fetched inside see the same moment: that of the first statement."""
        async with AsyncExitStack() as stack:
            self._snapshot = ReadSnapshot(stack, lambda: ConnectionLease(self.engine, self.account_id))
            try:
                yield
            finally:
                self._snapshot = None


class ConnectionLease:
    """`async with`: a driver connection of the engine's pool, which shows one account.

    Nobody gets it before the server has done with it: what was cancelled is waited for, or thrown away.
    """

    __slots__ = ("account_id", "engine", "leased")

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        self.engine, self.account_id = engine, account_id

    async def __aenter__(self) -> "asyncpg.Connection[Any]":
        self.leased = leased = await pool.lease(self.engine, self.account_id)
        if leased.info.get(pool.SHOWN) != self.account_id:
            try:
                await self.show()
            except BaseException as error:
                await self.__aexit__(type(error), error, None)
                raise
        return leased.connection

    async def show(self) -> None:
        info = self.leased.info
        info.pop(pool.SHOWN, None)  # whatever becomes of the statement, it is not the old one
        await self.leased.connection.execute(pool.set_account_sql(self.account_id))
        info[pool.SHOWN] = self.account_id

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, asyncpg.PostgresError):
            self.leased.release()
        elif issubclass(kind, asyncio.CancelledError):
            settling.add(task := asyncio.ensure_future(reset_connection(self.leased)))
            task.add_done_callback(settling.discard)
            await asyncio.shield(task)
        else:
            self.leased.discard()


class ReadSnapshot:
    """One moment of the database. PostgreSQL goes on with nothing after a failure, so it is that of all that follow."""

    def __init__(self, stack: AsyncExitStack, lease: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._stack, self._lease = stack, lease
        self._connection: asyncpg.Connection[Any] | None = None
        self._failure: Exception | None = None

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
        """Rows of one statement; the first begins the transaction."""
        if self._failure is not None:
            raise self._failure
        try:
            if self._connection is None:
                leased = await self._stack.enter_async_context(self._lease())
                await self._stack.enter_async_context(leased.transaction(isolation="repeatable_read", readonly=True))
                self._connection = leased
            return await self._connection.fetch(sql, *arguments)
        except Exception as failure:
            self._failure = failure
            raise


settling: set["asyncio.Future[None]"] = set()
"""What must come to its end although it may be that nobody waits for it any more."""


async def reset_connection(leased: LeasedConnection) -> None:
    """Wait until the server has stopped what was cancelled, and give the connection back; or throw it away."""
    leased.info.pop(pool.SHOWN, None)  # with all other settings it forgets the account
    try:
        await leased.connection.reset(timeout=RESET_TIMEOUT_SECONDS)
    except Exception:  # whatever it is, this connection is of no use
        leased.discard()
    except BaseException:
        leased.discard()
        raise
    else:
        leased.release()


class NamedRecord(asyncpg.Record):
    """A row of the driver whose columns are attributes, as those of SQLAlchemy's rows are."""

    def __getattr__(self, name: str) -> Any:
        return self[name]
