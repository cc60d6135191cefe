"""A small world to look at: made by the same actions as everything else, and in an empty account only.

May import `commands` and everything below it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands import carriers
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import create, locking, transitions
from graphql_app.commands.tracking_events import corrections, record, report
from graphql_app.commands.validation import Validator
from graphql_app.database.session import get_session
from graphql_app.demo.reference_data import CARRIERS
from graphql_app.demo.scenarios import Status, Story, world
from graphql_app.errors import user_errors

MOST_ROWS = 1_000
ALONE = "SELECT id FROM account WHERE slug = 'default' FOR UPDATE"  # two that start at once do not both fill it
EMPTY = "SELECT NOT EXISTS (SELECT FROM shipment WHERE account_id = $1)"


async def fill(engine: AsyncEngine, now: datetime | None = None) -> int:
    """Fill the default account, unless it has shipments. Returns how many were made."""
    async with engine.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
    async with get_session(engine, account) as session:
        await session.execute_sql(ALONE, ())
        ((empty,),) = await session.execute_sql(EMPTY, (account,))
        if not empty:
            return 0
        told = list(world(now or datetime.now(UTC)))
        await tell(CommandContext(session.execute_sql, account, "demo", "demo"), told)
        await session.commit()
        return len(told)


async def tell(act: CommandContext, told: list[Story]) -> None:
    """All stories, set by set."""
    for code, (name, template) in CARRIERS.items():
        check = Validator()
        given = {"code": code, "input": {"name": name, "trackingUrlTemplate": template}}
        await carriers.save(act, carriers.validate(check, given), check)
    returns = [story for story in told if "returnOf" in story.shipment]
    for some in ([story for story in told if story not in returns], returns):
        rows = [create.validate(Validator("inputs", at), story.shipment) for at, story in enumerate(some)]
        well(await create.create(act, rows))
    reported = [event for story in told for event in story.events]
    for first in range(0, len(reported), MOST_ROWS):
        some_events = reported[first : first + MOST_ROWS]
        well(
            await record.record(
                act, [report.validate(Validator("inputs", at), one) for at, one in enumerate(some_events)]
            )
        )
    for story in told:
        key: dict[str, Any] = {**locking.NO_KEY, "reference": story.shipment["externalReference"]}
        if story.status is Status.CANCELLED:
            well([await transitions.run(act, key, None, Validator(), transitions.cancel("Ordered twice"))])
        if story.override:
            well([await corrections.override(act, key, Status.DELIVERED, story.override, None, Validator())])
        if story.archive:
            well([await transitions.run(act, key, None, Validator(), transitions.archive(True))])


def well(outcomes: list[RowResult]) -> None:
    """A demonstration in which something is wrong is a mistake of ours."""
    problems = [problem for outcome in outcomes for problem in outcome.errors]
    if problems:
        raise user_errors.InvalidInput(problems)
