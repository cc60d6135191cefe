"""Migrations: brings a database to the tables of this version with Alembic.

Several processes may do it at the same time: an advisory lock lets one migrate while the others wait.
"""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import SQLModel

from graphql_app.database import row_security
from graphql_app.database.engine import database_name
from graphql_app.database.errors import first_line, sqlstate
from graphql_app.errors import startup_error

INSUFFICIENT_PRIVILEGE = "42501"
"""SQLSTATE of statements that need a privilege that the role does not have."""
LOCK = 7274611
"""Key of the advisory lock with which processes migrate one after another. Any number will do."""


async def upgrade(engine: AsyncEngine) -> list[str]:
    """Apply the pending migrations in one transaction.

    Privileges and row-level security are applied in any case: roles belong to the server and are not part of a restored
    database.

    Returns:
        The revisions that were pending, oldest first.

    Raises:
        StartupError: a migration failed, or the database has a migration that this version does not know.
    """
    missing = await pending(engine)
    try:
        async with engine.begin() as connection:
            if missing:
                await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
            await apply_privileges(connection)
    except DBAPIError as error:
        if sqlstate(error) == INSUFFICIENT_PRIVILEGE:
            raise startup_error.StartupError(
                f"The role of {database_name(engine)} may not migrate the database: {first_line(error.orig)}. Make it "
                "the owner of the database and its tables, or set POSTGRES_OWNER_URL to a role that is."
            ) from error
        raise startup_error.StartupError(f"Migration failed: {first_line(error.orig)}.") from error
    return missing


async def apply_privileges(connection: AsyncConnection) -> None:
    """Apply privileges and row-level security, if the current role owns the tables."""
    await run_as_owner(connection, row_security.PRIVILEGES_SQL)


async def force_row_security(engine: AsyncEngine, *, forced: bool) -> None:
    """Apply row-level security to the owner of the tables too, or only to other roles, if this role owns the tables."""
    async with engine.begin() as connection:
        await run_as_owner(connection, row_security.force_sql(forced=forced))


async def run_as_owner(connection: AsyncConnection, statement: str) -> None:
    """Run a statement if the current role owns the tables, while no other process migrates."""
    for timeout in ("statement_timeout", "lock_timeout"):
        await connection.exec_driver_sql(f"SET LOCAL {timeout} = 0")
    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    is_owner = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('account')"
    if (await connection.exec_driver_sql(is_owner)).scalar_one_or_none():
        await connection.exec_driver_sql(statement)


async def allow_login(engine: AsyncEngine, role: str) -> None:
    """Allow a role to log in to the embedded PostgreSQL, where access is restricted by the socket's directory."""
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER ROLE {role} LOGIN"))


async def pending(engine: AsyncEngine) -> list[str]:
    """Return the revisions that the database lacks, oldest first.

    Raises:
        StartupError: the database has a migration that this version does not know.
    """
    scripts = ScriptDirectory.from_config(config())
    async with engine.connect() as connection:
        applied = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_heads())
    unknown = set(applied) - {script.revision for script in scripts.walk_revisions()}
    if unknown:
        raise startup_error.StartupError(
            f"The database at {database_name(engine)} has the migration {', '.join(sorted(unknown))}, which this "
            "version does not know. Start the newer version that applied it, or use another database."
        )
    return [script.revision for script in scripts.iterate_revisions("heads", applied or "base")][::-1]


EXISTING_NAMES_SQL = """
SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT proname || '()' FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"""


async def check_schema(engine: AsyncEngine) -> None:
    """Check that a database with all migrations has all columns and functions.

    They are missing if another version created it, whose migrations had the same names and different contents.

    Raises:
        StartupError: names the first missing column or function.
    """
    columns = [f"{table.name}.{column.name}" for table in SQLModel.metadata.tables.values() for column in table.columns]
    async with engine.connect() as connection:
        existing = set((await connection.execute(text(EXISTING_NAMES_SQL))).scalars())
    required = (*columns, *(f"{name}()" for name in row_security.FUNCTIONS))
    missing = [name for name in required if name not in existing]
    if missing:
        raise startup_error.StartupError(
            f"The database at {database_name(engine)} was created by an incompatible version: it has all migrations, "
            f"but no {missing[0]}. Start with an empty database or with another SHIPMENTS_DATA_DIR."
        )


async def write_migration(engine: AsyncEngine, message: str) -> None:
    """Write the next migration: the difference between the models and this database, which has all other migrations.

    Review the file before you commit it.
    """
    number = len(list(ScriptDirectory.from_config(config()).walk_revisions())) + 1
    async with engine.begin() as connection:
        await connection.run_sync(
            lambda sync: command.revision(config(sync), message, autogenerate=True, rev_id=f"{number:04}")
        )


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; the scripts are in the package. `migrations/env.py` uses the connection."""
    alembic_config = Config()
    alembic_config.set_main_option("script_location", "graphql_app:migrations")
    alembic_config.attributes["connection"] = connection
    return alembic_config
