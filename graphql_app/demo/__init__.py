"""Demonstration data: a few hundred shipments, written by the same commands as the API, into an empty account only.

May import `commands` and everything below it.
"""

from datetime import datetime
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
from graphql_app.demo.scenarios import Scenario, Status, generate
from graphql_app.errors import user_errors

MAX_ROWS = 1_000
"""Maximum number of tracking events per command."""
LOCK_ACCOUNT = "SELECT id FROM account WHERE slug = 'default' FOR UPDATE"
"""Of two processes that start at the same time, only one writes the data."""
IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM shipment WHERE account_id = $1) AS is_empty, now() AS now"


async def fill(engine: AsyncEngine, now: datetime | None = None) -> int:
    """Write the demonstration data into the default account, unless it has shipments.

    All events lie before `now`, which is the current time of the database by default. Returns the number of shipments
    created.
    """
    async with engine.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
    async with get_session(engine, account) as session:
        await session.execute_sql(LOCK_ACCOUNT, ())
        (row,) = await session.execute_sql(IS_EMPTY, (account,))
        if not row.is_empty:
            return 0
        scenarios = list(generate(now or row.now))
        await write(CommandContext(session.execute_sql, account, "demo", "demo"), scenarios)
        await session.commit()
        return len(scenarios)


async def write(context: CommandContext, scenarios: list[Scenario]) -> None:
    """Create the carriers and shipments, record the tracking events, and apply the final commands."""
    for code, (name, template) in CARRIERS.items():
        validator = Validator()
        arguments = {"code": code, "input": {"name": name, "trackingUrlTemplate": template}}
        await carriers.save(context, carriers.validate(validator, arguments), validator)
    returns = [scenario for scenario in scenarios if "returnOf" in scenario.shipment]
    for group in ([scenario for scenario in scenarios if scenario not in returns], returns):
        rows = [create.validate(Validator("inputs", index), scenario.shipment) for index, scenario in enumerate(group)]
        raise_errors(await create.create(context, rows))
    events = [event for scenario in scenarios for event in scenario.events]
    for start in range(0, len(events), MAX_ROWS):
        reports = [
            report.validate(Validator("inputs", index), event)
            for index, event in enumerate(events[start : start + MAX_ROWS])
        ]
        raise_errors(await record.record(context, reports))
    for scenario in scenarios:
        key: dict[str, Any] = {**locking.NO_KEY, "reference": scenario.shipment["externalReference"]}
        if scenario.status is Status.CANCELLED:
            cancel = transitions.cancel("Ordered twice")
            raise_errors([await transitions.run(context, key, None, Validator(), cancel)])
        if scenario.override:
            result = await corrections.override(context, key, Status.DELIVERED, scenario.override, None, Validator())
            raise_errors([result])
        if scenario.archive:
            raise_errors([await transitions.run(context, key, None, Validator(), transitions.archive(True))])


def raise_errors(results: list[RowResult]) -> None:
    """Raise the errors of the results, which are mistakes in the demonstration data.

    Raises:
        InvalidInput: there are any.
    """
    errors = [error for result in results for error in result.errors]
    if errors:
        raise user_errors.InvalidInput(errors)
