"""The background task that maintains the rollups of all accounts, in batches: see `rollup_sql`."""

import asyncio
import logging

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.engine import make_engine
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
"""Interval between two runs."""
BATCH_ROWS = 1_000
"""Changes that one transaction reads at most: it must end within the statement timeout."""
BATCH_INTERVAL_SECONDS = 0.01
"""Pause between two batches."""

ADVANCE_SQL = text("SELECT shipment_rollups_advance(:account, :batch_size)")


async def run(app_engine: AsyncEngine, settings: Settings) -> None:
    """Run `advance` every INTERVAL_SECONDS, forever, on a connection of its own.

    Requests do not wait for it, since it takes no connection of their pool. If requests run as the owner of the tables,
    the connection may see all accounts (`database/row_security.py`).
    """
    url = app_engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, settings, name="graphql-app rollups", scoped=bool(settings.database_role))
    try:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await advance(engine)
            except (SQLAlchemyError, OSError) as error:
                logger.warning("The rollups were not updated; the next run tries again: %s", type(error).__name__)
    finally:
        await engine.dispose()


async def advance(engine: AsyncEngine) -> int:
    """Read the change logs of all accounts to their readable ends. Returns the number of changes that were read.

    An account on which another process works is skipped.
    """
    async with engine.connect() as connection:
        accounts = (await connection.execute(text("SELECT shipment_rollups_behind()"))).scalars().all()
    total = 0
    for account in accounts:
        while True:
            async with engine.begin() as connection:
                parameters = {"account": account, "batch_size": BATCH_ROWS}
                rows: int = (await connection.execute(ADVANCE_SQL, parameters)).scalar_one()
            total += rows
            if rows < BATCH_ROWS:
                break
            await asyncio.sleep(BATCH_INTERVAL_SECONDS)
    return total
