"""What every test stands on."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.conftest import Ask


async def test_a_test_begins_with_the_default_account_and_nothing_else(ask: Ask) -> None:
    answer = await ask("{ viewer { account } shipments { nodes { id } } }")
    assert answer == {"data": {"viewer": {"account": "default"}, "shipments": {"nodes": []}}}


async def test_statements_are_seen_on_both_ways_to_the_driver(
    ask: Ask, engine: AsyncEngine, statements: list[str]
) -> None:
    await ask("{ viewer { account } }")
    statements.clear()
    await ask("{ carriers { nodes { id } } }")
    assert len(statements) == 1
    statements.clear()
    async with engine.begin() as connection:
        await connection.execute(text("SELECT 1"))
    assert sorted(statements) == ["BEGIN;", "COMMIT;", "SELECT 1"]
