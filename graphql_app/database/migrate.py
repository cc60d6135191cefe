"""Brings a database to the tables of this program. Several processes may do it at once: one does, the others wait."""

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
from graphql_app.database.errors import first_line
from graphql_app.errors import startup_error

LOCK = 7274611  # any number that is ours: processes that start at once migrate one after another


async def upgrade(engine: AsyncEngine) -> list[str]:
    """Apply what is missing, in one transaction. Returns the revisions that were missing when it began.

    Who may do what is settled in any case: roles are the server's, and do not come along with a restored database.
    """
    missing = await pending(engine)
    try:
        async with engine.begin() as connection:
            if missing:
                await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
            await settle(connection)
    except DBAPIError as error:
        raise startup_error.StartupError(f"The migration failed: {first_line(error.orig)}.") from error
    return missing


async def settle(connection: AsyncConnection) -> None:
    """Bring rights and row-level security to what they must be, if the tables are ours to do so."""
    for patient in ("statement_timeout", "lock_timeout"):
        await connection.exec_driver_sql(f"SET LOCAL {patient} = 0")
    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    owned = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('account')"
    if (await connection.exec_driver_sql(owned)).scalar_one_or_none():
        await connection.exec_driver_sql(row_security.SETTLE)


async def may_become(engine: AsyncEngine, role: str) -> bool:
    """Whether the engine's role can take on another."""
    async with engine.connect() as connection:
        asked = text("SELECT coalesce(pg_has_role(to_regrole(:role), 'SET'), false)")
        return bool((await connection.execute(asked, {"role": role})).scalar_one())


async def let_in(engine: AsyncEngine, role: str) -> None:
    """Let a role of a PostgreSQL of our own log in, where the socket's directory is the lock on the door."""
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER ROLE {role} LOGIN"))


async def pending(engine: AsyncEngine) -> list[str]:
    """The revisions that the database lacks, oldest first."""
    scripts = ScriptDirectory.from_config(config())
    async with engine.connect() as connection:
        have = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_heads())
    unknown = set(have) - {script.revision for script in scripts.walk_revisions()}
    if unknown:
        raise startup_error.StartupError(
            f"The database at {database_name(engine)} has the migration {', '.join(sorted(unknown))}, which this "
            "version of the program does not know: start the newer one that made it, or this one with another database."
        )
    return [script.revision for script in scripts.iterate_revisions("heads", have or "base")][::-1]


HAVE = """
SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT proname || '()' FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"""


async def check(engine: AsyncEngine) -> None:
    """Raise `errors.StartError` where a database that has all migrations is none of ours: a version made it whose
    migrations had the same names and made something else."""
    columns = [f"{table.name}.{column.name}" for table in SQLModel.metadata.tables.values() for column in table.columns]
    async with engine.connect() as connection:
        have = set((await connection.execute(text(HAVE))).scalars())
    lacking = [name for name in (*columns, *(f"{name}()" for name in row_security.FUNCTIONS)) if name not in have]
    if lacking:
        raise startup_error.StartupError(
            f"The database at {database_name(engine)} was made by a version of this program that this one cannot "
            f"continue: it has all migrations, but no {lacking[0]}. Start with an empty database, or with another "
            "SHIPMENTS_DATA_DIR."
        )


ADOPT = """
UPDATE change SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) AND EXISTS (
    SELECT FROM account a CROSS JOIN LATERAL (
        SELECT c.xid FROM change c WHERE c.account_id = a.id ORDER BY c.xid DESC, c.seq DESC LIMIT 1
    ) AS newest WHERE newest.xid >= pg_snapshot_xmax(pg_current_snapshot())
)"""


async def adopt(engine: AsyncEngine) -> int:
    """Put the change log of a restored backup into the past of this server; the number of its rows.

    A log that comes from a dump names transactions of another server, which here may lie in the future: its readers
    would wait for them. All become one transaction, older than any other, in the order of `seq`.
    """
    try:
        async with engine.begin() as connection:
            return (await connection.exec_driver_sql(ADOPT)).rowcount
    except DBAPIError as error:
        raise startup_error.StartupError(f"The change log cannot be adopted: {first_line(error.orig)}.") from error


async def write(engine: AsyncEngine, message: str) -> None:
    """Write the migration from this database, which has all the others, to the models. A person then reads it."""
    number = len(list(ScriptDirectory.from_config(config()).walk_revisions())) + 1
    async with engine.begin() as connection:
        await connection.run_sync(
            lambda sync: command.revision(config(sync), message, autogenerate=True, rev_id=f"{number:04}")
        )


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration: the scripts lie in the package."""
    made = Config()
    made.set_main_option("script_location", "graphql_app:migrations")
    made.attributes["connection"] = connection
    return made
