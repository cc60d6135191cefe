"""Retention: deletes old rows of the change log and expired idempotency keys, periodically and in batches.

In the change log of each account, all rows before the newest row that exceeds the retention period are deleted. That
row itself stays: a reader whose cursor is at it has missed nothing, and a reader whose cursor is before the oldest
remaining row gets CursorExpired.
"""

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.errors import is_database_failure
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 600.0
"""Interval between two runs, and before the first one."""
BATCH_ROWS = 2_000
"""Rows that one transaction deletes at most."""
BATCH_INTERVAL_SECONDS = 0.05
"""Pause between two batches."""
LOCK = 7274612
"""Key of the advisory lock with which one process deletes and the others skip the run. Any number will do."""

SEE_ALL_ACCOUNTS_SQL = text("SELECT set_config('app.bypass_account_scope', 'on', true)")
"""Lets the functions below see all accounts until the end of the transaction, also where requests run as the owner of
the tables and row-level security is forced on it."""
DELETE_CHANGES_SQL = text("SELECT change_log_delete_old(:account, :age, :batch_size)")
DELETE_KEYS_SQL = text("SELECT idempotency_keys_delete_expired(:batch_size)")


async def run(engine: AsyncEngine, settings: Settings) -> None:
    """Run `delete_expired` every INTERVAL_SECONDS, forever."""
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await delete_expired(engine, settings.change_retention_days)
        except Exception as error:  # an exception would end the task unnoticed
            if is_database_failure(error):
                logger.warning("Old rows were not deleted; the next run tries again: %s", type(error).__name__)
            else:
                logger.exception("The deletion of old rows failed.")


async def delete_expired(engine: AsyncEngine, days: float) -> int:
    """Delete expired idempotency keys and changes older than `days` (0 keeps all changes).

    Returns the number of deleted rows.
    """
    deleted = await delete_in_batches(engine, DELETE_KEYS_SQL, {})
    if days:
        async with engine.begin() as connection:
            await connection.execute(SEE_ALL_ACCOUNTS_SQL)
            accounts = (await connection.execute(text("SELECT account_ids()"))).scalars().all()
        for account in accounts:
            parameters = {"account": account, "age": timedelta(days=days)}
            deleted += await delete_in_batches(engine, DELETE_CHANGES_SQL, parameters)
    return deleted


async def delete_in_batches(engine: AsyncEngine, statement: object, parameters: dict[str, object]) -> int:
    """Run a deletion until a batch is not full, or until another process holds the lock.

    Returns the number of deleted rows.
    """
    total = 0
    while True:
        async with engine.begin() as connection:
            if not (await connection.execute(text(f"SELECT pg_try_advisory_xact_lock({LOCK})"))).scalar_one():
                return total
            await connection.execute(SEE_ALL_ACCOUNTS_SQL)
            result = await connection.execute(statement, {**parameters, "batch_size": BATCH_ROWS})  # type: ignore[call-overload]
            deleted = result.scalar_one()
        total += deleted
        if deleted < BATCH_ROWS - 1:
            return total
        await asyncio.sleep(BATCH_INTERVAL_SECONDS)
