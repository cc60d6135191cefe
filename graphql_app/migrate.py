"""Brings a database to the tables of this program. Several processes may do it at once: one does, the others wait."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import database, errors


async def upgrade(engine: AsyncEngine) -> list[str]:
    """Apply what is missing, in one transaction. Returns the revisions that were missing when it began."""
    missing = await pending(engine)
    if missing:
        try:
            async with engine.begin() as connection:
                await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
        except DBAPIError as error:
            raise errors.StartError(f"The migration failed: {database.first_line(error.orig)}.") from error
    return missing


async def pending(engine: AsyncEngine) -> list[str]:
    """The revisions that the database lacks, oldest first."""
    async with engine.connect() as connection:
        return await connection.run_sync(_pending)


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
        raise errors.StartError(f"The change log cannot be adopted: {database.first_line(error.orig)}.") from error


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


def _pending(connection: Connection) -> list[str]:
    scripts = ScriptDirectory.from_config(config())
    have = MigrationContext.configure(connection).get_current_heads()
    try:
        return [script.revision for script in scripts.iterate_revisions("heads", have or "base")][::-1]
    except CommandError:
        raise errors.StartError(
            f"The database has the migration {', '.join(have)}, which this version of the program does not know."
        ) from None
