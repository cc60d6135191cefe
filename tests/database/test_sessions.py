"""Sessions: a connection is taken when needed and returned in every case; uncommitted changes are rolled back."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import models
from graphql_app import settings as settings_module
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.settings import Settings
from tests.support.graphql_client import Execute

UNKNOWN_ACCOUNT = UUID(int=1)
INSERT = "INSERT INTO carrier (account_id, code, name) SELECT id, 'acme', 'Acme' FROM account WHERE slug = 'default'"


async def count_carriers(engine: AsyncEngine) -> int:
    """Number of carriers of all accounts."""
    async with engine.connect() as connection:
        count: int = (await connection.execute(text("SELECT count(*) FROM carrier"))).scalar_one()
        return count


async def open_transactions(engine: AsyncEngine) -> int:
    """Number of idle connections to this database that have an open transaction."""
    async with engine.connect() as connection:
        result = await connection.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'")
        )
        count: int = result.scalar_one()
        return count


def checked_out(engine: AsyncEngine) -> int:
    """Number of connections that are taken from the pool."""
    pool: Any = engine.pool
    count: int = pool.checkedout()
    return count


async def test_an_engine_connects_when_it_is_first_used() -> None:
    url = "postgresql://me@/nowhere?host=/nonexistent"
    engine = make_engine(url, settings_module.read(postgres_url=url))
    async with get_session(engine, UNKNOWN_ACCOUNT) as session:
        assert not session.in_transaction()
    with pytest.raises(OSError, match="No such file"):
        async with engine.connect():
            pass
    await engine.dispose()


async def test_a_session_takes_a_connection_when_it_is_first_used(engine: AsyncEngine) -> None:
    async with get_session(engine, UNKNOWN_ACCOUNT) as session:
        assert checked_out(engine) == 0
        await session.execute_sql("SELECT 1", ())
        assert checked_out(engine) == 1
    assert checked_out(engine) == 0


async def test_uncommitted_changes_are_rolled_back(engine: AsyncEngine, owner: AsyncEngine, account: UUID) -> None:
    async with get_session(engine, account) as session:
        await session.execute_sql(INSERT, ())
    assert (await count_carriers(owner), await open_transactions(owner)) == (0, 0)


async def test_committed_objects_can_still_be_read(engine: AsyncEngine, owner: AsyncEngine, account: UUID) -> None:
    async with get_session(engine, account) as session:
        carrier = models.Carrier(account_id=account, code="acme", name="Acme")
        session.add(carrier)
        await session.commit()
        assert carrier.name == "Acme"  # expire_on_commit is off, so this sends no statement
        assert carrier.id is not None
    assert await count_carriers(owner) == 1


async def test_an_exception_rolls_back_and_returns_the_connection(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            await session.execute_sql(INSERT, ())
            raise RuntimeError("failed")

    with pytest.raises(RuntimeError, match="failed"):
        await request()
    assert (checked_out(engine), await count_carriers(owner), await open_transactions(owner)) == (0, 0, 0)


async def test_a_failed_statement_rolls_back_and_returns_the_connection(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            await session.execute_sql(INSERT, ())
            await session.execute_sql(INSERT, ())

    with pytest.raises(IntegrityError, match="uq_carrier_account_id_code"):
        await request()
    assert (checked_out(engine), await count_carriers(owner), await open_transactions(owner)) == (0, 0, 0)


@pytest.mark.parametrize("wait", ["inside a statement", "between statements"])
async def test_a_cancelled_request_returns_its_connection(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID, wait: str
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            await session.execute_sql(INSERT, ())
            started.set()
            if wait == "inside a statement":
                await session.execute_sql("SELECT pg_sleep(4)", ())
            else:
                await asyncio.sleep(4)

    for _ in range(5):
        started = asyncio.Event()
        task = asyncio.create_task(request())
        await asyncio.wait_for(started.wait(), 5)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.sleep(0.1)
    assert (checked_out(engine), await count_carriers(owner), await open_transactions(owner)) == (0, 0, 0)


async def test_a_cancelled_read_returns_its_connection(engine: AsyncEngine, owner: AsyncEngine, account: UUID) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            started.set()
            await session.fetch("SELECT pg_sleep(4)", [])

    for _ in range(5):
        started = asyncio.Event()
        task = asyncio.create_task(request())
        await asyncio.wait_for(started.wait(), 5)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (checked_out(engine), await open_transactions(owner)) == (0, 0)


async def test_requests_wait_for_a_connection_when_all_are_taken(
    execute: Execute, engine: AsyncEngine, owner: AsyncEngine, settings: Settings
) -> None:
    query = "{ a: carriers { nodes { id } } b: shipments { nodes { id } } }"
    results = await asyncio.gather(*(execute(query) for _ in range(settings.pool_size * 4)))
    assert results == [{"data": {"a": {"nodes": []}, "b": {"nodes": []}}}] * len(results)
    assert (checked_out(engine), await open_transactions(owner)) == (0, 0)


async def test_a_broken_connection_is_replaced(execute: Execute, owner: AsyncEngine) -> None:
    await execute("{ carriers { nodes { id } } }")
    async with owner.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.1)
    assert await execute("{ carriers { nodes { id } } }") == {"data": {"carriers": {"nodes": []}}}


async def test_statements_are_logged_with_sql_echo(postgres_url: str) -> None:
    for echo in (False, True):
        engine = make_engine(postgres_url, settings_module.read(postgres_url=postgres_url, sql_echo=echo))
        assert bool(engine.echo) is echo


async def test_a_lost_connection_replaces_all_connections_of_the_pool(engine: AsyncEngine, owner: AsyncEngine) -> None:
    async with get_session(engine, UNKNOWN_ACCOUNT) as first, get_session(engine, UNKNOWN_ACCOUNT) as second:
        await second.execute_sql("SELECT 1", ())  # its connection is idle later and older than the loss
        (row,) = await first.execute_sql("SELECT pg_backend_pid()", ())
        async with owner.connect() as connection:
            await connection.execute(text(f"SELECT pg_terminate_backend({row[0]})"))
        with pytest.raises(DBAPIError):
            await first.execute_sql("SELECT 1", ())
    async with get_session(engine, UNKNOWN_ACCOUNT) as session:
        assert [tuple(row) for row in await session.fetch("SELECT 1", ())] == [(1,)]
