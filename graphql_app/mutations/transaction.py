"""A mutation's frame: one transaction for each call, its outcome kept under the client's key, then committed.

In flows what was checked and an action; out flow outcomes. Whatever was not acknowledged was not written: an outcome is
returned only after the commit. Where PostgreSQL reports a deadlock, a serialization failure, or a race for a unique
name, the whole transaction is tried again, a bounded number of times.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from graphql_app.commands import idempotency
from graphql_app.commands.command import Act, Outcome, Run
from graphql_app.commands.validation import Check
from graphql_app.database.errors import constraint, sqlstate
from graphql_app.errors import request_errors, user_errors
from graphql_app.mutations.call import Arguments, Call

TRIES = 5
AGAIN = {"40001", "40P01"}
RACES = {"uq_shipment_account_id_external_reference", "uq_carrier_account_id_code"}

Action = Callable[[Act], Awaitable[list[Outcome]]]


async def perform(
    call: Call,
    checks: Sequence[Check],
    action: Action,
    *,
    everything: bool = False,
    one_statement: bool = False,
    only_checked: bool = False,
) -> list[Outcome]:
    """The outcomes of an action, once they are written for good.

    `everything`: all rows or none. `one_statement`: the action is one statement, which needs no transaction around it.
    `only_checked`: it is known already that nothing may be written. What was found by a try that failed is forgotten.
    """
    dry, marks = call.dry or only_checked, [check.mark() for check in checks]
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            if one_statement and call.key is None and (dry or not everything):
                outcomes = await action(act_of(call, call.context.rows.fetch_rows, dry))
            else:
                outcomes = await in_transaction(call, action, everything=everything, dry=dry)
            if not dry:
                call.context.wrote()
            return outcomes
        except user_errors.IdempotencyKeyReused as problem:
            call.problems.append(problem)
            return []
        except Exception as error:
            if sqlstate(error) not in AGAIN and constraint(error) not in RACES:
                raise
            if not tries_left:
                raise request_errors.Conflict from error
            for check, mark in zip(checks, marks, strict=True):
                check.back_to(mark)
            await asyncio.sleep(random.uniform(0.001, 0.02) * (TRIES - tries_left))
    raise AssertionError("unreachable")


async def in_transaction(call: Call, action: Action, *, everything: bool, dry: bool) -> list[Outcome]:
    """The action in the session's transaction: committed, or rolled back where nothing may stay."""
    session = call.context.session
    try:
        act = act_of(call, session.run, dry)
        request_hash = idempotency.digest(call.arguments) if call.key else b""
        if call.key:
            kept = await idempotency.claim(act, call.operation, call.key, request_hash)
            if kept is not None:
                call.replayed = True
                return kept
        outcomes = await action(act)
        failed = any(outcome.problems for outcome in outcomes)
        succeeded = any(not outcome.problems for outcome in outcomes)
        if dry or not succeeded or (everything and failed):
            if not call.dry:
                forget(outcomes)
            return outcomes
        if call.key:
            await idempotency.keep(act, call.operation, call.key, outcomes)
        await session.commit()
        return outcomes
    finally:
        if session.in_transaction():
            await session.rollback()


def forget(outcomes: Sequence[Outcome]) -> None:
    """What was rolled back is not there: what it made has no identity, and nothing repeats it."""
    made = {outcome.event for outcome in outcomes if outcome.created}
    for outcome in outcomes:
        if outcome.duplicate and outcome.event in made:
            outcome.duplicate, outcome.event = False, None
        if outcome.created and not outcome.duplicate:
            outcome.shipment = outcome.event = None
        outcome.created = outcome.status_changed = False


def act_of(call: Call, run: Run, dry: bool) -> Act:
    viewer = call.context.viewer
    return Act(run, viewer.account_id, viewer.actor, call.context.request_id, dry)


MOST_ROWS = 1_000
ALL = "REJECT_EVERYTHING"


def fitting(made: Call, inputs: Sequence[Arguments]) -> Sequence[Arguments]:
    """The rows of a call; none of one that has none, or too many."""
    if not inputs:
        made.problems.append(user_errors.Required("Give at least one row.", path=("inputs",)))
    if len(inputs) > MOST_ROWS:
        message = f"At most {MOST_ROWS} rows fit; these are {len(inputs)}."
        made.problems.append(user_errors.LimitExceeded(message, path=("inputs",)))
        return ()
    return inputs


async def several(
    made: Call, checks: Sequence[Check], action: Any, whole: bool, *, one_statement: bool = False
) -> list[Outcome]:
    """The outcomes of a call. Where the checks leave nothing to do, the database is not asked; where they have decided
    that nothing may be written, it is still asked what else is wrong."""
    good = sum(not check.problems for check in checks)
    if made.problems or not good:
        return [] if made.problems else [Outcome.of(check) for check in checks]
    only_checked = whole and good < len(checks)
    return await perform(made, checks, action, everything=whole, one_statement=one_statement, only_checked=only_checked)
