"""TODO docstring."""

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
    """One request's session, scoped to one account; it also reads as `Rows` do. Used by one statement at a time."""

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        AccountReader.__init__(self, engine, account_id)
        AsyncSession.__init__(self, engine, expire_on_commit=False, autoflush=False, info={pool.SHOWN: account_id})

    async def execute_sql(self, sql: str, arguments: Sequence[object]) -> Sequence[Row[Any]]:
        """Rows of one statement inside the session's transaction, which begins when there is none."""
        connection: AsyncConnection = await self.connection()
        result = await connection.exec_driver_sql(sql, tuple(arguments))
        return result.all() if result.returns_rows else []

    async def end(self) -> None:
        """Roll back what was not committed and give the connection back, whatever happens."""
        if self.in_transaction():
            await asyncio.shield(asyncio.ensure_future(self.close()))


@asynccontextmanager
async def get_session(engine: AsyncEngine, account_id: UUID) -> AsyncIterator[Session]:
    """One session for one request: rolled back unless committed, its connection returned, whatever happens."""
    session = Session(engine, account_id)
    try:
        yield session
    finally:
        await session.end()
