"""Rows that a session of an account sees."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.session import get_session


async def count(engine: AsyncEngine, account: UUID, table: str, where: str = "true") -> int:
    """Count the rows of a table that a session of the account sees."""
    async with get_session(engine, account) as session:
        (row,) = await session.execute_sql(f'SELECT count(*) FROM "{table}" WHERE {where}', ())
        return int(row[0])
