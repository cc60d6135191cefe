"""Connections and their account: `SET app.account` is sent when needed, and no connection shows another account."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import pool
from graphql_app.database.session import get_session
from tests.support.account_rows import count


async def test_the_account_of_a_connection_is_set_only_when_it_changes(
    accounts: dict[str, UUID], engine: AsyncEngine, statements: list[str]
) -> None:
    own, other = accounts.values()

    async def read(account: UUID) -> list[str]:
        statements.clear()
        async with get_session(engine, account) as session:
            await session.fetch("SELECT 1", [])
        return list(statements)

    async def write(account: UUID) -> list[str]:
        statements.clear()
        async with get_session(engine, account) as session:
            await session.execute_sql("SELECT 2", ())
            await session.commit()
        return list(statements)

    assert await read(own) == ["SELECT 1"]
    assert await write(own) == ["SELECT 2", "BEGIN;", "COMMIT;"]  # in the order in which SQLAlchemy reports them
    assert await read(other) == [pool.set_account_sql(other), "SELECT 1"]
    assert await read(other) == ["SELECT 1"]
    assert await write(own) == [pool.set_account_sql(own), "SELECT 2", "BEGIN;", "COMMIT;"]
    assert await read(own) == ["SELECT 1"]


async def test_a_connection_that_has_the_account_is_preferred(
    accounts: dict[str, UUID], engine: AsyncEngine, statements: list[str]
) -> None:
    async def read(account: UUID) -> None:
        async with get_session(engine, account) as session:
            await session.fetch("SELECT pg_sleep(0.05)", [])

    await asyncio.gather(*map(read, accounts.values()))
    statements.clear()
    for account in (*accounts.values(), *accounts.values()):
        await read(account)
        async with get_session(engine, account) as session:
            await session.execute_sql("SELECT 1", ())
    assert not [sql for sql in statements if sql.startswith("SET app.account")]


async def test_neither_a_rollback_nor_a_failure_changes_the_account_of_a_connection(
    accounts: dict[str, UUID], engine: AsyncEngine
) -> None:
    own, other = accounts.values()
    carriers = {account: await count(engine, account, "carrier") for account in (own, other)}
    assert carriers[own] != carriers[other]
    for account in (own, other, own, other):
        async with get_session(engine, account) as session:
            await session.execute_sql("SELECT 1", ())
            await session.rollback()
        assert await count(engine, account, "carrier") == carriers[account]
        with pytest.raises(Exception, match="division by zero"):
            async with get_session(engine, account) as session:
                await session.execute_sql("SELECT 1/0", ())
        async with get_session(engine, account) as session, session.snapshot():
            (row,) = await session.fetch("SELECT count(*) FROM carrier", [])
            assert row[0] == carriers[account]


async def test_a_cancelled_statement_does_not_change_the_account_of_a_connection(
    accounts: dict[str, UUID], engine: AsyncEngine
) -> None:
    carriers = {account: await count(engine, account, "carrier") for account in accounts.values()}

    async def sleep(account: UUID, transaction: bool) -> None:
        async with get_session(engine, account) as session:
            await (session.execute_sql if transaction else session.fetch)("SELECT pg_sleep(4)", [])

    for account in accounts.values():
        for transaction in (False, True):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(sleep(account, transaction), 0.05)
            async with get_session(engine, account) as session:
                (row,) = await session.fetch("SELECT count(*) FROM carrier", [])
                assert row[0] == carriers[account]
            assert await count(engine, account, "carrier") == carriers[account]


async def test_concurrent_requests_of_several_accounts_each_see_their_own_rows(
    accounts: dict[str, UUID], engine: AsyncEngine
) -> None:
    carriers = {account: await count(engine, account, "carrier") for account in accounts.values()}

    async def count_carriers(number: int) -> None:
        account = list(accounts.values())[number % 2]
        if number % 3:
            assert await count(engine, account, "carrier") == carriers[account]
        else:
            async with get_session(engine, account) as session:
                (row,) = await session.fetch("SELECT count(*) FROM carrier", [])
                assert row[0] == carriers[account]

    await asyncio.gather(*map(count_carriers, range(200)))
