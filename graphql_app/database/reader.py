"""Reads for one account: SQL text and arguments, sent directly over a connection of the pool.

`AccountReader.fetch` sends one statement in autocommit mode, or inside `AccountReader.snapshot()` if several statements
must see the same state. It takes about a fifth of the time of SQLAlchemy's `execute` and saves BEGIN and ROLLBACK
(12 µs and a round trip), so a read needs no session.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import errors, pool
from graphql_app.database.pool import LeasedConnection

RESET_TIMEOUT_SECONDS = 2.0
"""Timeout for resetting a connection after its statement was cancelled."""


class AccountReader:
    """Reads the rows of one account. It runs one statement at a time."""

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        self.engine, self.account_id = engine, account_id
        self._snapshot: ReadSnapshot | None = None

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
        """Return the rows of a statement that reads; inside `snapshot()`, those of the snapshot."""
        if self._snapshot is not None:
            return await self._snapshot.fetch(sql, arguments)
        async with ConnectionLease(self.engine, self.account_id) as connection:
            return await connection.fetch(sql, *arguments)

    async def fetch_rows(self, sql: str, arguments: Sequence[object]) -> Sequence[Any]:
        """Run a statement in autocommit mode and return its rows, whose columns are attributes. It may write."""
        async with ConnectionLease(self.engine, self.account_id) as connection:
            return await connection.fetch(sql, *arguments, record_class=NamedRecord)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Let all `fetch` calls inside the block see the state at the first of them."""
        async with AsyncExitStack() as stack:
            self._snapshot = ReadSnapshot(stack, lambda: ConnectionLease(self.engine, self.account_id))
            try:
                yield
            finally:
                self._snapshot = None


class ConnectionLease:
    """`async with`: a driver connection of the engine's pool with the account set.

    After a cancellation the connection returns to the pool only when the server has stopped the statement; otherwise
    it is discarded.
    """

    __slots__ = ("account_id", "engine", "leased")

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        self.engine, self.account_id = engine, account_id

    async def __aenter__(self) -> "asyncpg.Connection[Any]":
        self.leased = leased = await pool.lease(self.engine, self.account_id)
        if leased.info.get(pool.ACCOUNT_INFO_KEY) != self.account_id:
            try:
                await self.set_account()
            except BaseException as error:
                await self.__aexit__(type(error), error, None)
                raise
        return leased.connection

    async def set_account(self) -> None:
        """Set the account for row-level security."""
        info = self.leased.info
        info.pop(pool.ACCOUNT_INFO_KEY, None)  # if the statement fails, the account is unknown
        await self.leased.connection.execute(pool.set_account_sql(self.account_id))
        info[pool.ACCOUNT_INFO_KEY] = self.account_id

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, asyncpg.PostgresError) and not errors.makes_unusable(error)):
            self.leased.release()
        elif isinstance(error, asyncio.CancelledError):
            resets.add(task := asyncio.ensure_future(reset_connection(self.leased)))
            task.add_done_callback(resets.discard)
            await asyncio.shield(task)
        else:
            self.leased.discard()
            if errors.discredits_pool(error):
                self.leased.renew_pool()


class ReadSnapshot:
    """A repeatable-read transaction. After a failure PostgreSQL rejects every further statement, so the same exception
    is raised for each of them."""

    def __init__(self, stack: AsyncExitStack, lease: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._stack, self._lease = stack, lease
        self._connection: asyncpg.Connection[Any] | None = None
        self._failure: Exception | None = None

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
        """Return the rows of one statement; the first one begins the transaction."""
        if self._failure is not None:
            raise self._failure
        try:
            if self._connection is None:
                connection = await self._stack.enter_async_context(self._lease())
                await self._stack.enter_async_context(
                    connection.transaction(isolation="repeatable_read", readonly=True)
                )
                self._connection = connection
            return await self._connection.fetch(sql, *arguments)
        except Exception as failure:
            self._failure = failure
            raise


resets: set["asyncio.Future[None]"] = set()
"""Running resets, kept referenced because after a second cancellation no task awaits them."""


async def reset_connection(leased: LeasedConnection) -> None:
    """Wait until the server has stopped a cancelled statement and release the connection; discard it on failure."""
    leased.info.pop(pool.ACCOUNT_INFO_KEY, None)  # the reset clears all settings, the account included
    try:
        await leased.connection.reset(timeout=RESET_TIMEOUT_SECONDS)
    except Exception:  # whatever the reason, the connection is unusable
        leased.discard()
    except BaseException:
        leased.discard()
        raise
    else:
        leased.release()


class NamedRecord(asyncpg.Record):
    """A row of the driver whose columns are also attributes, like those of SQLAlchemy's rows."""

    def __getattr__(self, name: str) -> Any:
        return self[name]
