"""What is kept for a time only: rows of the change log, outcomes under idempotency keys. Swept now and then, in bites.

Of each account's log the oldest rows go, up to the newest that is old enough, which stays: a reader whose cursor stands
there has missed nothing, and one whose cursor lies before the oldest row that is kept is told so.
"""

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 600.0
"""Seconds between two sweeps, the first of which comes a while after the start."""
BATCH_ROWS = 2_000
"""Rows that one transaction deletes."""
LOCK = 7274612  # any number that is ours: one process sweeps, the others leave it to that one

CHANGES = text("SELECT sweep_changes(:account, :age, :bite)")
KEYS = text("SELECT sweep_idempotency_keys(:bite)")


async def run(engine: AsyncEngine, settings: Settings) -> None:
    """Sweep for good."""
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await sweep(engine, settings.change_retention_days)
        except (SQLAlchemyError, OSError) as error:
            logger.warning("The sweep of what is old did not come to its end: %s", type(error).__name__)


async def sweep(engine: AsyncEngine, days: float) -> int:
    """Delete what is older than so many days (0: keep it), and what has expired. The number of rows."""
    gone = await delete_in_batches(engine, KEYS, {})
    if days:
        async with engine.connect() as connection:
            accounts = (await connection.execute(text("SELECT account_ids()"))).scalars().all()
        for account in accounts:
            gone += await delete_in_batches(engine, CHANGES, {"account": account, "age": timedelta(days=days)})
    return gone


async def delete_in_batches(engine: AsyncEngine, statement: object, given: dict[str, object]) -> int:
    """Run a deletion until it finds little; nothing where another process is at it."""
    gone = 0
    while True:
        async with engine.begin() as connection:
            if not (await connection.execute(text(f"SELECT pg_try_advisory_xact_lock({LOCK})"))).scalar_one():
                return gone
            found = await connection.execute(statement, {**given, "bite": BATCH_ROWS})  # type: ignore[call-overload]
            deleted = found.scalar_one()
        gone += deleted
        if deleted < BATCH_ROWS - 1:
            return gone
        await asyncio.sleep(0.05)
