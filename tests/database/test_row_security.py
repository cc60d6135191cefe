"""The second wall between accounts: what the role of requests can do in the database when a statement forgets one."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

from graphql_app.database import migrate, pool, row_security
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.models.parties import PARTY_WORDS
from graphql_app.settings import Settings
from tests.support import seed_data
from tests.support.databases import admin_connection, database_url

NOBODY = UUID(int=1)
TABLES = {
    name: "id" if name == "account" else "account_id"
    for name, table in SQLModel.metadata.tables.items()
    if name == "account" or "account_id" in table.c
}
ROLES = """
SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
    EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid) AS owns,
    EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) AS inherits
FROM pg_roles r WHERE rolname = current_user"""
MORE = (
    "INSERT INTO api_key (account_id, name, prefix, hash, scopes) "
    "VALUES ('{account}', 'k', '{slug}', sha256('{slug}'), '{{admin}}')",
    "INSERT INTO carrier_status (account_id, carrier_id, raw, code) "
    "SELECT account_id, id, 'X', 'INFO' FROM carrier WHERE account_id = '{account}'",
    "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
    "VALUES ('{account}', 'a', 'o', 'k', '', 'DONE', now() + interval '1 day')",
)
"""What the world has no rows of."""
REFUSED = "permission denied|row-level security"


@pytest.fixture
async def filled(owner: AsyncEngine) -> dict[str, UUID]:
    """A world of two accounts that may be changed, a row at least in every table for each of them."""
    accounts = await seed_data.fill(owner)
    async with owner.begin() as connection:
        for slug, account in accounts.items():
            for statement in MORE:
                await connection.exec_driver_sql(statement.format(slug=slug, account=account))
    return accounts


async def count(engine: AsyncEngine, account: UUID, table: str, where: str = "true") -> int:
    async with get_session(engine, account) as session:
        (row,) = await session.execute_sql(f'SELECT count(*) FROM "{table}" WHERE {where}', ())
        return int(row[0])


def test_every_table_that_belongs_to_an_account_has_its_rights_written_down() -> None:
    assert TABLES.keys() == row_security.TABLES.keys() - {"alembic_version"}


async def test_every_table_that_belongs_to_an_account_is_secured(owner: AsyncEngine) -> None:
    async with owner.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT c.relname, c.relrowsecurity, array_agg(p.polname::text) FROM pg_class c "
                "LEFT JOIN pg_policy p ON p.polrelid = c.oid WHERE c.relkind = 'r' "
                "AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version' GROUP BY 1, 2"
            )
        )
        assert {tuple(map(str, row)) for row in found} == {(name, "True", "['own_account']") for name in TABLES}


async def test_the_role_of_requests_owns_nothing_and_can_bypass_nothing(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT current_user"))).scalar_one() == row_security.ROLE
        assert tuple((await connection.execute(text(ROLES))).one()) == (False,) * 6
        await connection.execute(text("RESET ROLE"))
        assert (await connection.execute(text("SELECT current_user"))).scalar_one() == row_security.ROLE


async def test_without_an_account_nothing_is_seen(filled: dict[str, UUID], engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for table in TABLES:
            assert (await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() == 0, table


@pytest.mark.parametrize("table", TABLES)
async def test_an_account_sees_all_of_its_rows_and_no_others(
    filled: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, table: str
) -> None:
    column = TABLES[table]
    for account in filled.values():
        assert await count(engine, account, table) == await count(owner, account, table, f"{column} = '{account}'") > 0
        assert await count(engine, account, table, f"{column} <> '{account}'") == 0


@pytest.mark.parametrize("table", TABLES)
async def test_an_account_changes_and_deletes_no_row_of_another(
    filled: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, table: str
) -> None:
    column = TABLES[table]
    other = f"{column} = '{filled['other']}'"
    before = await rows(owner, table, other)
    for statement in (
        f'UPDATE "{table}" SET {column} = {column} WHERE {other}',
        f'DELETE FROM "{table}" WHERE {other}',
        f'WITH gone AS (DELETE FROM "{table}" RETURNING *) SELECT * FROM gone WHERE {other}',
    ):
        with contextlib.suppress(ProgrammingError):
            async with get_session(engine, filled["default"]) as session:
                assert list(await session.execute_sql(statement, ())) == []
                await session.commit()
    assert await rows(owner, table, other) == before


@pytest.mark.parametrize("table", sorted(TABLES.keys() - {"account"}))
async def test_an_account_puts_no_row_into_another(
    filled: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, table: str
) -> None:
    before = await rows(owner, table, "true")
    copied = f"""
        INSERT INTO "{table}" OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(t, '{{"account_id":
        "{filled["other"]}"}}')).* FROM "{table}" t LIMIT 1 ON CONFLICT DO NOTHING"""
    for statement in (copied, f"UPDATE \"{table}\" SET account_id = '{filled['other']}'"):
        with pytest.raises(ProgrammingError, match=REFUSED):
            async with get_session(engine, filled["default"]) as session:
                await session.execute_sql(statement, ())
    assert await rows(owner, table, "true") == before


async def rows(owner: AsyncEngine, table: str, where: str) -> set[str]:
    async with owner.connect() as connection:
        return set((await connection.execute(text(f'SELECT t::text FROM "{table}" t WHERE {where}'))).scalars())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM shipment",
        "DELETE FROM tracking_event",
        "DELETE FROM change",
        "UPDATE change SET actor = 'somebody else'",
        "UPDATE api_key SET scopes = '{admin}'",
        "UPDATE api_key SET expires_at = NULL",
        "DELETE FROM api_key",
        "UPDATE account SET slug = 'mine'",
        "INSERT INTO account (slug, name) VALUES ('mine', 'Mine')",
        "TRUNCATE shipment CASCADE",
        "ALTER TABLE shipment DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_account ON shipment",
        "CREATE TABLE mine ()",
        "SET ROLE postgres",
    ],
)
async def test_requests_cannot_rewrite_history_or_widen_their_rights(
    filled: dict[str, UUID], engine: AsyncEngine, statement: str
) -> None:
    async with get_session(engine, filled["default"]) as session:
        # as one who logged in as the role, not as who put it on: that one may put it off again
        await session.execute_sql("SET SESSION AUTHORIZATION graphql_app_api", ())
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            await session.execute_sql(statement, ())


async def test_an_account_is_told_to_a_connection_only_when_it_is_another(
    filled: dict[str, UUID], engine: AsyncEngine, statements: list[str]
) -> None:
    own, other = filled.values()

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
    assert await write(own) == ["SELECT 2", "BEGIN;", "COMMIT;"]  # in the order in which SQLAlchemy tells them
    assert await read(other) == [pool.set_account_sql(other), "SELECT 1"]
    assert await read(other) == ["SELECT 1"]
    assert await write(own) == [pool.set_account_sql(own), "SELECT 2", "BEGIN;", "COMMIT;"]
    assert await read(own) == ["SELECT 1"]


async def test_a_connection_that_shows_the_account_already_is_preferred(
    filled: dict[str, UUID], engine: AsyncEngine, statements: list[str]
) -> None:
    async def at_once(account: UUID) -> None:
        async with get_session(engine, account) as session:
            await session.fetch("SELECT pg_sleep(0.05)", [])

    await asyncio.gather(*map(at_once, filled.values()))
    statements.clear()
    for account in (*filled.values(), *filled.values()):
        await at_once(account)
        async with get_session(engine, account) as session:
            await session.execute_sql("SELECT 1", ())
    assert not [one for one in statements if one.startswith("SET app.account")]


async def test_neither_a_rollback_nor_a_failure_changes_what_a_connection_shows(
    filled: dict[str, UUID], engine: AsyncEngine
) -> None:
    own, other = filled.values()
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


async def test_a_connection_whose_statement_was_cancelled_shows_the_account_again(
    filled: dict[str, UUID], engine: AsyncEngine
) -> None:
    carriers = {account: await count(engine, account, "carrier") for account in filled.values()}

    async def slow(account: UUID, transaction: bool) -> None:
        async with get_session(engine, account) as session:
            await (session.execute_sql if transaction else session.fetch)("SELECT pg_sleep(4)", [])

    for account in filled.values():
        for transaction in (False, True):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(slow(account, transaction), 0.05)
            async with get_session(engine, account) as session:
                (row,) = await session.fetch("SELECT count(*) FROM carrier", [])
                assert row[0] == carriers[account]
            assert await count(engine, account, "carrier") == carriers[account]


async def test_requests_of_many_accounts_at_once_each_see_their_own(
    filled: dict[str, UUID], engine: AsyncEngine
) -> None:
    carriers = {account: await count(engine, account, "carrier") for account in filled.values()}

    async def one(at: int) -> None:
        account = list(filled.values())[at % 2]
        if at % 3:
            assert await count(engine, account, "carrier") == carriers[account]
        else:
            async with get_session(engine, account) as session:
                (row,) = await session.fetch("SELECT count(*) FROM carrier", [])
                assert row[0] == carriers[account]

    await asyncio.gather(*map(one, range(200)))


INDEXED = {
    "status": "SELECT id FROM shipment WHERE account_id = $1 AND status = 'EXCEPTION' ORDER BY created_at DESC LIMIT 9",
    "weight": "SELECT id FROM shipment WHERE account_id = $1 AND total_weight_g >= 999999::numeric",
    "tags": "SELECT id FROM shipment WHERE account_id = $1 AND tags && '{cold}' AND tags <> '{}'",
    "all tags": "SELECT id FROM shipment WHERE account_id = $1 AND tags @> '{cold,fragile}' AND tags <> '{}'",
    "metadata": "SELECT id FROM shipment WHERE account_id = $1 AND metadata @> '{\"a\": 1}' AND metadata <> '{}'",
    "words": f"SELECT id FROM party WHERE account_id = $1 AND {PARTY_WORDS} @@ 'nobody'::tsquery",
    "role": "SELECT id FROM party WHERE account_id = $1 AND role = 'SHIPPER' AND city = 'Nowhere'",
    "code": "SELECT id FROM tracking_event WHERE account_id = $1 AND code = 'LOST' ORDER BY occurred_at DESC LIMIT 9",
    "prefix": "SELECT id FROM package WHERE account_id = $1 "
    "AND tracking_number_norm >= '1Z' AND tracking_number_norm < '1a'",
    "a page": "SELECT id FROM shipment WHERE account_id = $1 AND (created_at, id) < (now(), $1) "
    "ORDER BY created_at DESC, id DESC LIMIT 9",
}


@pytest.mark.parametrize("what", INDEXED)
async def test_row_security_takes_no_index_away(
    filled: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, what: str
) -> None:
    """The same indexes serve the same conditions, whether the account is checked a second time or not."""
    found = []
    for one in (owner, engine):
        async with get_session(one, filled["default"]) as session:
            await session.execute_sql("SET LOCAL enable_seqscan = off", ())
            sql = INDEXED[what].replace("$1", f"'{filled['default']}'::uuid")
            plan = [row[0].lstrip(" ->") for row in await session.execute_sql(f"EXPLAIN (COSTS OFF) {sql}", ())]
            found.append([line for line in plan if re.search("Index.* Scan|^Index Cond", line)])
    assert found[0] == found[1] != []


@pytest.fixture
async def humble(server: EmbeddedServer, settings: Settings) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Engines of requests and of all the rest where one role has it all: it may make no roles and take on none."""
    url = make_url(database_url(server, "humble")).set(username="humble").render_as_string()
    async with admin_connection(server) as connection:
        await connection.execute("CREATE ROLE humble LOGIN")
        await connection.execute("CREATE DATABASE humble OWNER humble")
    owner = make_engine(url, settings)
    made = make_engine(url, settings.model_copy(update={"database_role": ""}), scoped=True)
    try:
        await migrate.upgrade(owner)
        await seed_data.fill(owner)
        assert not await migrate.may_become(owner, row_security.ROLE)
        yield made, owner
    finally:
        await asyncio.gather(made.dispose(), owner.dispose())
        async with admin_connection(server) as connection:
            await connection.execute("DROP DATABASE humble WITH (FORCE)")
            await connection.execute("DROP ROLE humble")


async def test_an_owner_who_can_take_on_no_role_is_bound_too(humble: tuple[AsyncEngine, AsyncEngine]) -> None:
    requests, rest = humble
    async with requests.connect() as connection:
        for table in TABLES:
            assert (await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() == 0, table
    async with rest.connect() as connection:
        own = (await connection.execute(text("SELECT id, slug FROM default_account()"))).one()
        assert len(list(await connection.execute(text("SELECT account_ids()")))) == 2
    assert await count(requests, own.id, "account") == 1
    assert await count(requests, own.id, "shipment") == seed_data.SHIPMENTS["default"]
    with pytest.raises(ProgrammingError, match=REFUSED):
        async with get_session(requests, own.id) as session:
            await session.execute_sql("INSERT INTO carrier (account_id, code, name) VALUES ($1, 'xx', 'x')", (NOBODY,))


async def test_rights_are_settled_again_wherever_a_database_comes_from(
    server: EmbeddedServer, migrated: str, settings: Settings
) -> None:
    """A dump has neither roles nor the marks on functions of PostgreSQL's own."""
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE restored TEMPLATE {migrated}")
    owner = make_engine(database_url(server, "restored"), settings)
    requests = make_engine(database_url(server, "restored"), settings, scoped=True)
    async with owner.begin() as connection:
        for statement in (
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {row_security.ROLE}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {row_security.ROLE}",
            "ALTER FUNCTION enum_eq(anyenum, anyenum) NOT LEAKPROOF",
            "DROP POLICY own_account ON change",
            "ALTER TABLE change DISABLE ROW LEVEL SECURITY",
        ):
            await connection.execute(text(statement))
    with pytest.raises(ProgrammingError, match="permission denied"):
        await count(requests, NOBODY, "change")
    assert await migrate.upgrade(owner) == []
    assert await count(requests, NOBODY, "change") == 0
    async with owner.connect() as connection:
        marked = await connection.execute(text("SELECT proleakproof FROM pg_proc WHERE proname = 'enum_eq'"))
        secured = await connection.execute(text("SELECT relrowsecurity FROM pg_class WHERE relname = 'change'"))
        assert (marked.scalar_one(), secured.scalar_one()) == (True, True)
    await asyncio.gather(owner.dispose(), requests.dispose())
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE restored WITH (FORCE)")
