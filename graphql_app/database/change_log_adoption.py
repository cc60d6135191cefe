"""Adoption of a change log that was restored from a dump or copied: a new epoch, and positions above the restored ones.

The row of `change_log_state` holds the location of the log. A dump that was restored on another server, into another
database or over the tables of the same database has another location. `change_log_sql.py` explains epochs and
positions.
"""

import logging

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from graphql_app.database.errors import first_line
from graphql_app.errors import startup_error

logger = logging.getLogger(__name__)

CAN_IDENTIFY_SQL = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
SYSTEM_IDENTIFIER_SQL = "SELECT system_identifier::text FROM pg_control_system()"
STATE_SQL = text("""
SELECT concat_ws('/', CAST(:system AS text), d.oid, 'change'::regclass::oid) AS current_location, s.location
FROM pg_database d LEFT JOIN change_log_state s ON true WHERE d.datname = current_database()""")
LOCK_SQL = "LOCK TABLE change IN SHARE ROW EXCLUSIVE MODE"
"""Waits for running writers. Those that come later read the new offset."""
ADOPT_SQL = text("""
INSERT INTO change_log_state AS s (epoch, position_offset, location)
SELECT random(0, 2147483647), coalesce(greatest(
    (SELECT max(newest.log_position) FROM account a CROSS JOIN LATERAL (
        SELECT c.log_position FROM change c WHERE c.account_id = a.id ORDER BY c.log_position DESC, c.seq DESC LIMIT 1
    ) AS newest),
    (SELECT max(log_position) FROM shipment), (SELECT max(log_position) FROM carrier)
), 0), CAST(:location AS text)
ON CONFLICT (is_current) DO UPDATE SET
    epoch = CASE WHEN s.location IS NULL THEN s.epoch ELSE excluded.epoch END,
    position_offset = greatest(s.position_offset, excluded.position_offset), location = excluded.location""")


async def adopt(engine: AsyncEngine) -> bool:
    """Begin a new epoch of the change log if it was restored from a dump or copied; return whether it was.

    The owner of the tables must call this before requests are served. At the first start of a new database the location
    of the log is stored.

    Raises:
        StartupError: the epoch cannot be changed.
    """
    try:
        async with engine.connect() as connection:
            location, stored = await locations(connection)
        if location == stored:
            return False
        async with engine.begin() as connection:
            for timeout in ("statement_timeout", "lock_timeout"):
                await connection.exec_driver_sql(f"SET LOCAL {timeout} = 0")
            await connection.exec_driver_sql(LOCK_SQL)
            location, stored = await locations(connection)  # another process may have adopted it in the meantime
            if location != stored:
                await connection.execute(ADOPT_SQL, {"location": location})
    except DBAPIError as error:
        raise startup_error.StartupError(
            f"The epoch of the restored change log cannot be set: {first_line(error.orig)}."
        ) from error
    is_restored = stored is not None and location != stored
    if is_restored:
        logger.warning(
            "The database was restored or copied. Cursors of the change log from before are rejected with "
            "CURSOR_EXPIRED."
        )
    return is_restored


async def locations(connection: AsyncConnection) -> tuple[str, str | None]:
    """Return the current location of the log and the stored one."""
    system = None
    if (await connection.exec_driver_sql(CAN_IDENTIFY_SQL)).scalar_one():
        system = (await connection.exec_driver_sql(SYSTEM_IDENTIFIER_SQL)).scalar_one()
    row = (await connection.execute(STATE_SQL, {"system": system})).one()
    return row.current_location, row.location
