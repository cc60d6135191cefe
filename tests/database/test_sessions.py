"""One session a request: made when needed, given back whatever happens."""

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
from tests.support.graphql_client import Ask

NOBODY = UUID(int=1)
INSERT = "INSERT INTO carrier (account_id, code, name) SELECT id, 'acme', 'Acme' FROM account WHERE slug = 'default'"


async def carriers(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        count: int = (await connection.execute(text("SELECT count(*) FROM carrier"))).scalar_one()
        return count


async def left_open(engine: AsyncEngine) -> int:
    """How many of the server's sessions in this database are amid a transaction."""
    async with engine.connect() as connection:
        open_ = await connection.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'")
        )
        count: int = open_.scalar_one()
        return count


def taken(engine: AsyncEngine) -> int:
    """Connections of the pool that are out."""
    pool: Any = engine.pool
    count: int = pool.checkedout()
    return count


async def test_an_engine_connects_only_when_it_is_first_needed() -> None:
    nowhere = "postgresql://me@/nowhere?host=/nonexistent"
    engine = make_engine(nowhere, settings_module.read(postgres_url=nowhere))
    async with get_session(engine, NOBODY) as session:
        assert not session.in_transaction()
    with pytest.raises(OSError, match="No such file"):
        async with engine.connect():
            pass
    await engine.dispose()


async def test_a_session_takes_a_connection_only_when_it_is_first_used(engine: AsyncEngine) -> None:
    async with get_session(engine, NOBODY) as session:
        assert taken(engine) == 0
        await session.execute_sql("SELECT 1", ())
        assert taken(engine) == 1
    assert taken(engine) == 0


async def test_what_was_not_committed_is_rolled_back(engine: AsyncEngine, owner: AsyncEngine, account: UUID) -> None:
    async with get_session(engine, account) as session:
        await session.execute_sql(INSERT, ())
    assert (await carriers(owner), await left_open(owner)) == (0, 0)


async def test_what_was_committed_stays_and_can_still_be_read(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID
) -> None:
    async with get_session(engine, account) as session:
        carrier = models.Carrier(account_id=account, code="acme", name="Acme")
        session.add(carrier)
        await session.commit()
        assert carrier.name == "Acme"  # expire_on_commit is off: no statement is sent for this
        assert carrier.id is not None
    assert await carriers(owner) == 1


async def test_an_exception_rolls_back_and_gives_the_connection_back(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            await session.execute_sql(INSERT, ())
            raise RuntimeError("amid")

    with pytest.raises(RuntimeError, match="amid"):
        await request()
    assert (taken(engine), await carriers(owner), await left_open(owner)) == (0, 0, 0)


async def test_a_statement_that_fails_rolls_back_and_gives_the_connection_back(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            await session.execute_sql(INSERT, ())
            await session.execute_sql(INSERT, ())

    with pytest.raises(IntegrityError, match="uq_carrier_account_id_code"):
        await request()
    assert (taken(engine), await carriers(owner), await left_open(owner)) == (0, 0, 0)


@pytest.mark.parametrize("wait", ["inside a statement", "between statements"])
async def test_a_cancelled_request_gives_its_connection_back(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID, wait: str
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            await session.execute_sql(INSERT, ())
            begun.set()
            if wait == "inside a statement":
                await session.execute_sql("SELECT pg_sleep(4)", ())
            else:
                await asyncio.sleep(4)

    for _ in range(5):
        begun = asyncio.Event()
        task = asyncio.create_task(request())
        await asyncio.wait_for(begun.wait(), 5)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.sleep(0.1)
    assert (taken(engine), await carriers(owner), await left_open(owner)) == (0, 0, 0)


async def test_a_cancelled_read_gives_its_connection_back(
    engine: AsyncEngine, owner: AsyncEngine, account: UUID
) -> None:
    async def request() -> None:
        async with get_session(engine, account) as session:
            begun.set()
            await session.fetch("SELECT pg_sleep(4)", [])

    for _ in range(5):
        begun = asyncio.Event()
        task = asyncio.create_task(request())
        await asyncio.wait_for(begun.wait(), 5)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (taken(engine), await left_open(owner)) == (0, 0)


async def test_more_requests_than_connections_wait_their_turn(
    ask: Ask, engine: AsyncEngine, owner: AsyncEngine, settings: Settings
) -> None:
    question = "{ a: carriers { nodes { id } } b: shipments { nodes { id } } }"
    answers = await asyncio.gather(*(ask(question) for _ in range(settings.pool_size * 4)))
    assert answers == [{"data": {"a": {"nodes": []}, "b": {"nodes": []}}}] * len(answers)
    assert (taken(engine), await left_open(owner)) == (0, 0)


async def test_a_broken_connection_is_replaced(ask: Ask, owner: AsyncEngine) -> None:
    await ask("{ carriers { nodes { id } } }")
    async with owner.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.1)
    assert await ask("{ carriers { nodes { id } } }") == {"data": {"carriers": {"nodes": []}}}


async def test_statements_are_logged_when_asked_for(postgres_url: str) -> None:
    for echo in (False, True):
        engine = make_engine(postgres_url, settings_module.read(postgres_url=postgres_url, sql_echo=echo))
        assert bool(engine.echo) is echo


async def test_a_lost_connection_makes_all_of_the_pool_new_and_nobody_hears_of_it(
    engine: AsyncEngine, owner: AsyncEngine
) -> None:
    async with get_session(engine, NOBODY) as one, get_session(engine, NOBODY) as other:
        await other.execute_sql("SELECT 1", ())  # idle after this, open, and of the time before the loss
        (lost,) = await one.execute_sql("SELECT pg_backend_pid()", ())
        async with owner.connect() as third:
            await third.execute(text(f"SELECT pg_terminate_backend({lost[0]})"))
        with pytest.raises(DBAPIError):
            await one.execute_sql("SELECT 1", ())
    async with get_session(engine, NOBODY) as session:
        assert [tuple(row) for row in await session.fetch("SELECT 1", ())] == [(1,)]
