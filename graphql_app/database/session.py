"""The database session of one operation: a SQLAlchemy `AsyncSession` that is scoped to one account."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from graphql_app.database import pool
from graphql_app.database.reader import AccountReader


class Session(AccountReader, AsyncSession):
    """A session scoped to one account. It also reads in autocommit mode, as an AccountReader does.

    It runs one statement at a time. It takes a connection when it is first used.
    """

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        AccountReader.__init__(self, engine, account_id)
        AsyncSession.__init__(
            self, engine, expire_on_commit=False, autoflush=False, info={pool.ACCOUNT_INFO_KEY: account_id}
        )

    async def execute_sql(self, sql: str, arguments: Sequence[object]) -> Sequence[Row[Any]]:
        """Run one statement in the session's transaction, which it begins if there is none; return its rows."""
        connection: AsyncConnection = await self.connection()
        result = await connection.exec_driver_sql(sql, tuple(arguments))
        return result.all() if result.returns_rows else []

    async def end(self) -> None:
        """Roll back what was not committed and return the connection to the pool, also if the task is cancelled."""
        if self.in_transaction():
            await asyncio.shield(asyncio.ensure_future(self.close()))


@asynccontextmanager
async def get_session(engine: AsyncEngine, account_id: UUID) -> AsyncIterator[Session]:
    """Yield a session. At the end of the block, uncommitted changes are rolled back and the connection is returned."""
    session = Session(engine, account_id)
    try:
        yield session
    finally:
        await session.end()
