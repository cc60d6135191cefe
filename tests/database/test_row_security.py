"""Row-level security and privileges: what the role of requests can do if a statement omits the account filter."""

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

from graphql_app.database import migrate, request_role, retention, row_security
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.errors.startup_error import UnsuitableServer
from graphql_app.settings import Settings
from tests.support import seed_data
from tests.support.account_rows import count
from tests.support.databases import admin_connection, database_url

UNKNOWN_ACCOUNT = UUID(int=1)
ACCOUNT_COLUMNS = {
    name: "id" if name == "account" else "account_id"
    for name, table in SQLModel.metadata.tables.items()
    if name == "account" or "account_id" in table.c
}
"""Table → column with the account."""
ROLE_ATTRIBUTES_SQL = """
SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
    EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid) AS owns,
    EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) AS inherits
FROM pg_roles r WHERE rolname = current_user"""
DENIED = "permission denied|row-level security"


def test_every_table_of_an_account_has_privileges() -> None:
    assert ACCOUNT_COLUMNS.keys() == row_security.TABLES.keys() - {"alembic_version", "change_log_state"}


async def test_every_table_of_an_account_has_row_level_security(owner: AsyncEngine) -> None:
    async with owner.connect() as connection:
        policies = await connection.execute(
            text(
                "SELECT c.relname, c.relrowsecurity, array_agg(p.polname::text) FROM pg_class c "
                "LEFT JOIN pg_policy p ON p.polrelid = c.oid WHERE c.relkind = 'r' "
                "AND c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('alembic_version', "
                "'change_log_state') GROUP BY 1, 2"
            )
        )
        assert {tuple(map(str, row)) for row in policies} == {
            (name, "True", "['own_account']") for name in ACCOUNT_COLUMNS
        }


async def test_the_role_of_requests_owns_nothing_and_bypasses_nothing(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT current_user"))).scalar_one() == row_security.ROLE
        assert tuple((await connection.execute(text(ROLE_ATTRIBUTES_SQL))).one()) == (False,) * 6
        await connection.execute(text("RESET ROLE"))
        assert (await connection.execute(text("SELECT current_user"))).scalar_one() == row_security.ROLE


async def test_without_an_account_no_row_is_visible(accounts: dict[str, UUID], engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for table in ACCOUNT_COLUMNS:
            assert (await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() == 0, table


@pytest.mark.parametrize("table", ACCOUNT_COLUMNS)
async def test_an_account_sees_all_of_its_rows_and_no_others(
    accounts: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, table: str
) -> None:
    column = ACCOUNT_COLUMNS[table]
    for account in accounts.values():
        assert await count(engine, account, table) == await count(owner, account, table, f"{column} = '{account}'") > 0
        assert await count(engine, account, table, f"{column} <> '{account}'") == 0


@pytest.mark.parametrize("table", ACCOUNT_COLUMNS)
async def test_an_account_cannot_change_or_delete_rows_of_another(
    accounts: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, table: str
) -> None:
    column = ACCOUNT_COLUMNS[table]
    is_other = f"{column} = '{accounts['other']}'"
    before = await rows(owner, table, is_other)
    for statement in (
        f'UPDATE "{table}" SET {column} = {column} WHERE {is_other}',
        f'DELETE FROM "{table}" WHERE {is_other}',
        f'WITH gone AS (DELETE FROM "{table}" RETURNING *) SELECT * FROM gone WHERE {is_other}',
    ):
        with contextlib.suppress(ProgrammingError):
            async with get_session(engine, accounts["default"]) as session:
                assert list(await session.execute_sql(statement, ())) == []
                await session.commit()
    assert await rows(owner, table, is_other) == before


@pytest.mark.parametrize("table", sorted(ACCOUNT_COLUMNS.keys() - {"account"}))
async def test_an_account_cannot_insert_rows_into_another(
    accounts: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, table: str
) -> None:
    before = await rows(owner, table, "true")
    columns = [f'"{column.name}"' for column in SQLModel.metadata.tables[table].columns if column.computed is None]
    copied = ", ".join(f"(copy).{column}" for column in columns)
    copy_sql = f"""
        INSERT INTO "{table}" ({", ".join(columns)}) OVERRIDING SYSTEM VALUE SELECT {copied} FROM (
            SELECT jsonb_populate_record(t, '{{"account_id": "{accounts["other"]}"}}') AS copy FROM "{table}" t LIMIT 1
        ) AS copies ON CONFLICT DO NOTHING"""
    for statement in (copy_sql, f"UPDATE \"{table}\" SET account_id = '{accounts['other']}'"):
        with pytest.raises(ProgrammingError, match=DENIED):
            async with get_session(engine, accounts["default"]) as session:
                await session.execute_sql(statement, ())
    assert await rows(owner, table, "true") == before


async def rows(owner: AsyncEngine, table: str, where: str) -> set[str]:
    """The rows of a table as text."""
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
async def test_requests_cannot_change_the_log_or_their_privileges(
    accounts: dict[str, UUID], engine: AsyncEngine, statement: str
) -> None:
    async with get_session(engine, accounts["default"]) as session:
        # as a user who logged in as this role; one who only assumed it could RESET ROLE
        await session.execute_sql("SET SESSION AUTHORIZATION graphql_app_api", ())
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            await session.execute_sql(statement, ())


INDEXED_QUERIES = {
    "status": "SELECT id FROM shipment WHERE account_id = $1 AND status = 'EXCEPTION' ORDER BY created_at DESC LIMIT 9",
    "weight": "SELECT id FROM shipment WHERE account_id = $1 AND total_weight_g >= 999999::numeric",
    "tags": "SELECT id FROM shipment WHERE account_id = $1 AND tags && '{cold}' AND tags <> '{}'",
    "all tags": "SELECT id FROM shipment WHERE account_id = $1 AND tags @> '{cold,fragile}' AND tags <> '{}'",
    "metadata": "SELECT id FROM shipment WHERE account_id = $1 AND metadata @> '{\"a\": 1}' AND metadata <> '{}'",
    "words": "SELECT shipment_id FROM shipment_search WHERE account_id = $1 AND terms @@ 'nobody'::tsquery",
    "role": "SELECT id FROM party WHERE account_id = $1 AND role = 'SHIPPER' AND city = 'Nowhere'",
    "code": "SELECT id FROM tracking_event WHERE account_id = $1 AND code = 'LOST' ORDER BY occurred_at DESC LIMIT 9",
    "prefix": "SELECT id FROM package WHERE account_id = $1 "
    "AND tracking_number_norm >= '1Z' AND tracking_number_norm < '1a'",
    "a page": "SELECT id FROM shipment WHERE account_id = $1 AND (created_at, id) < (now(), $1) "
    "ORDER BY created_at DESC, id DESC LIMIT 9",
}


@pytest.mark.parametrize("name", INDEXED_QUERIES)
async def test_row_security_does_not_disable_an_index(
    accounts: dict[str, UUID], engine: AsyncEngine, owner: AsyncEngine, name: str
) -> None:
    """The same conditions use the same indexes with and without row-level security."""
    plans = []
    for each in (owner, engine):
        async with get_session(each, accounts["default"]) as session:
            for kind in ("seqscan", "bitmapscan"):  # which of the kinds of index scans is cheaper varies
                await session.execute_sql(f"SET LOCAL enable_{kind} = off", ())
            sql = INDEXED_QUERIES[name].replace("$1", f"'{accounts['default']}'::uuid")
            plan = [row[0].lstrip(" ->") for row in await session.execute_sql(f"EXPLAIN (COSTS OFF) {sql}", ())]
            used = [line for line in plan if re.search("Index.* Scan|^Index Cond", line)]
            plans.append([line.replace("Index Only Scan", "Index Scan").replace(" Backward", "") for line in used])
    assert plans[0] == plans[1] != []


@pytest.fixture
async def single_role(server: EmbeddedServer, settings: Settings) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Engines of requests and of the owner, where both use one role, which can neither create roles nor assume any."""
    url = make_url(database_url(server, "single_role")).set(username="single_role").render_as_string()
    async with admin_connection(server) as connection:
        await connection.execute("CREATE ROLE single_role LOGIN")
        await connection.execute("CREATE DATABASE single_role OWNER single_role")
    owner = make_engine(url, settings)
    requests = make_engine(url, settings.model_copy(update={"database_role": ""}), scoped=True)
    try:
        await migrate.upgrade(owner)
        await seed_data.insert_seed_data(owner)
        assert await request_role.find(owner, row_security.ROLE) == request_role.RequestRole("", is_owner=True)
        await migrate.force_row_security(owner, forced=True)
        yield requests, owner
    finally:
        await asyncio.gather(requests.dispose(), owner.dispose())
        async with admin_connection(server) as connection:
            await connection.execute("DROP DATABASE single_role WITH (FORCE)")
            await connection.execute("DROP ROLE single_role")


async def test_an_owner_that_cannot_assume_the_role_sees_one_account_too(
    single_role: tuple[AsyncEngine, AsyncEngine],
) -> None:
    requests, owner = single_role
    async with requests.connect() as connection:
        for table in ACCOUNT_COLUMNS:
            assert (await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() == 0, table
    async with owner.connect() as connection:
        default = (await connection.execute(text("SELECT id, slug FROM default_account()"))).one()
        assert len(list(await connection.execute(text("SELECT account_ids()")))) == 2
    assert await count(requests, default.id, "account") == 1
    assert await count(requests, default.id, "shipment") == seed_data.SHIPMENTS["default"]
    with pytest.raises(ProgrammingError, match=DENIED):
        async with get_session(requests, default.id) as session:
            await session.execute_sql(
                "INSERT INTO carrier (account_id, code, name) VALUES ($1, 'xx', 'x')", (UNKNOWN_ACCOUNT,)
            )


async def test_an_owner_that_cannot_assume_the_role_deletes_old_changes_of_all_accounts(
    single_role: tuple[AsyncEngine, AsyncEngine],
) -> None:
    requests, owner = single_role
    async with owner.begin() as connection:
        await connection.execute(text("UPDATE change SET at = now() - interval '10 days'"))
        before = (await connection.execute(text("SELECT account_id, count(*) FROM change GROUP BY 1"))).all()
    assert len(before) == 2
    deleted = await retention.delete_expired(requests, 1)
    assert deleted >= sum(count for _, count in before) - 2
    async with owner.connect() as connection:
        after = (await connection.execute(text("SELECT account_id, count(*) FROM change GROUP BY 1"))).all()
    assert sorted(count for _, count in after) == [1, 1]


async def test_privileges_and_policies_are_applied_to_a_restored_database(
    server: EmbeddedServer, migrated: str, settings: Settings
) -> None:
    """A dump contains neither roles nor LEAKPROOF marks of built-in functions."""
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
    with pytest.raises(UnsuitableServer, match="does not apply to the role graphql_app_api on the table change"):
        await count(requests, UNKNOWN_ACCOUNT, "change")
    assert await migrate.upgrade(owner) == []
    assert await count(requests, UNKNOWN_ACCOUNT, "change") == 0
    async with owner.connect() as connection:
        leakproof = await connection.execute(text("SELECT proleakproof FROM pg_proc WHERE proname = 'enum_eq'"))
        secured = await connection.execute(text("SELECT relrowsecurity FROM pg_class WHERE relname = 'change'"))
        assert (leakproof.scalar_one(), secured.scalar_one()) == (True, True)
    await asyncio.gather(owner.dispose(), requests.dispose())
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE restored WITH (FORCE)")
