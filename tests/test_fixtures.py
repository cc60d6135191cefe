"""The fixtures themselves: a clean database for each test, and a complete record of SQL statements."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Execute


async def test_a_test_starts_with_the_default_account_and_no_other_rows(execute: Execute) -> None:
    response = await execute("{ viewer { account } shipments { nodes { id } } }")
    assert response == {"data": {"viewer": {"account": "default"}, "shipments": {"nodes": []}}}


async def test_statements_are_recorded_through_sqlalchemy_and_directly_from_the_driver(
    execute: Execute, engine: AsyncEngine, statements: list[str]
) -> None:
    await execute("{ viewer { account } }")
    statements.clear()
    await execute("{ carriers { nodes { id } } }")
    assert len(statements) == 1
    statements.clear()
    async with engine.begin() as connection:
        await connection.execute(text("SELECT 1"))
    assert sorted(statements) == ["BEGIN;", "COMMIT;", "SELECT 1"]
