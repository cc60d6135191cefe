"""The role of requests: which one it is, and whether row-level security and privileges fit it.

Requests switch to the role of SHIPMENTS_DATABASE_ROLE if the role of POSTGRES_URL can. Otherwise they keep the role of
POSTGRES_URL. If that is the owner of the tables, row-level security is forced on owners. A role for which row-level
security does not apply, or that lacks privileges, stops the start.
"""

import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import row_security
from graphql_app.database.engine import check_server, make_engine
from graphql_app.errors import startup_error
from graphql_app.settings import Settings

ROLE_SQL = text("""
SELECT current_user::text AS login, effective.name AS name, pg_has_role(effective.name, c.relowner, 'USAGE') AS is_owner
FROM (
    SELECT CASE WHEN pg_has_role(to_regrole(:role), 'SET') THEN CAST(:role AS text) ELSE current_user END::name AS name
) AS effective, pg_class c WHERE c.oid = to_regclass('account')""")

MISSING_PRIVILEGE_SQL = text("""
SELECT privilege || ' on ' || name
FROM unnest(CAST(:tables AS text[]), CAST(:privileges AS text[])) AS t (name, privilege)
WHERE has_table_privilege(to_regclass(name), privilege) IS NOT TRUE
UNION ALL SELECT 'EXECUTE on ' || name FROM unnest(CAST(:functions AS text[])) AS f (name)
WHERE has_function_privilege(to_regprocedure(name), 'EXECUTE') IS NOT TRUE
LIMIT 1""")


@dataclass(frozen=True)
class RequestRole:
    """The role of requests."""

    setting: str
    """The role that connections switch to; "" if they keep that of POSTGRES_URL."""
    is_owner: bool
    """Whether it has the rights of the tables' owner, so that row-level security must be forced on owners."""


async def find(engine: AsyncEngine, role: str) -> RequestRole:
    """Return the role of requests.

    Args:
        engine: connects with POSTGRES_URL, without switching roles, to a migrated database.
        role: value of SHIPMENTS_DATABASE_ROLE; may be empty.
    """
    async with engine.connect() as connection:
        row = (await connection.execute(ROLE_SQL, {"role": role or None})).one()
    return RequestRole(role if row.name == role else "", row.is_owner)


async def check(postgres_url: str, settings: Settings) -> None:
    """Check a connection of requests: server, role, settings, row-level security and privileges.

    Args:
        postgres_url: URL of requests.
        settings: their settings, with the role that `find` returned.

    Raises:
        StartupError: requests would fail, or see rows of other accounts.
    """
    privileges = list(required_privileges())
    parameters = {
        "tables": [table for table, _ in privileges],
        "privileges": [privilege for _, privilege in privileges],
        "functions": [f"{name}({arguments})" for name, arguments in row_security.FUNCTIONS.items()],
    }
    engine = make_engine(postgres_url, settings, scoped=True)
    try:
        await check_server(engine)
        async with engine.connect() as connection:
            role = (await connection.execute(text("SELECT current_user"))).scalar_one()
            missing = (await connection.execute(MISSING_PRIVILEGE_SQL, parameters)).scalar_one_or_none()
    finally:
        await engine.dispose()
    if missing:
        raise startup_error.StartupError(
            f"The role {role}, as which requests run, lacks the privilege {missing}. Grant it with "
            f"`GRANT {row_security.ROLE} TO {role}`, or set POSTGRES_URL to the owner of the tables."
        )


def required_privileges() -> "list[tuple[str, str]]":
    """Return the tables of requests with each privilege on the whole table that requests need."""
    return [
        (table, privilege)
        for table, privileges in row_security.TABLES.items()
        for privilege in re.split(r", (?![^(]*\))", privileges)
        if "(" not in privilege and table != "alembic_version"
    ]
