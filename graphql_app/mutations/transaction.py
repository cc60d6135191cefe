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
from graphql_app.commands.command import CommandContext, Execute, RowResult
from graphql_app.commands.validation import Validator
from graphql_app.database.errors import constraint, sqlstate
from graphql_app.errors import request_errors, user_errors
from graphql_app.mutations.call import Arguments, MutationCall

TRIES = 5
RETRYABLE_SQLSTATES = {"40001", "40P01"}
RETRYABLE_CONSTRAINTS = {"uq_shipment_account_id_external_reference", "uq_carrier_account_id_code"}

Action = Callable[[CommandContext], Awaitable[list[RowResult]]]


async def run_in_transaction(
    call: MutationCall,
    checks: Sequence[Validator],
    action: Action,
    *,
    everything: bool = False,
    one_statement: bool = False,
    only_checked: bool = False,
) -> list[RowResult]:
    """The outcomes of an action, once they are written for good.

    `everything`: all rows or none. `one_statement`: the action is one statement, which needs no transaction around it.
    `only_checked`: it is known already that nothing may be written. What was found by a try that failed is forgotten.
    """
    dry, marks = call.validate_only or only_checked, [check.checkpoint() for check in checks]
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            if one_statement and call.idempotency_key is None and (dry or not everything):
                outcomes = await action(act_of(call, call.context.reader.fetch_rows, dry))
            else:
                outcomes = await in_transaction(call, action, everything=everything, dry=dry)
            if not dry:
                call.context.notify_commit()
            return outcomes
        except user_errors.IdempotencyKeyReused as problem:
            call.errors.append(problem)
            return []
        except Exception as error:
            if sqlstate(error) not in RETRYABLE_SQLSTATES and constraint(error) not in RETRYABLE_CONSTRAINTS:
                raise
            if not tries_left:
                raise request_errors.Conflict from error
            for check, mark in zip(checks, marks, strict=True):
                check.rollback(mark)
            await asyncio.sleep(random.uniform(0.001, 0.02) * (TRIES - tries_left))
    raise AssertionError("unreachable")


async def in_transaction(call: MutationCall, action: Action, *, everything: bool, dry: bool) -> list[RowResult]:
    """The action in the session's transaction: committed, or rolled back where nothing may stay."""
    session = call.context.session
    try:
        act = act_of(call, session.execute_sql, dry)
        request_hash = idempotency.request_hash(call.arguments) if call.idempotency_key else b""
        if call.idempotency_key:
            kept = await idempotency.claim(act, call.operation, call.idempotency_key, request_hash)
            if kept is not None:
                call.replayed = True
                return kept
        outcomes = await action(act)
        failed = any(outcome.errors for outcome in outcomes)
        succeeded = any(not outcome.errors for outcome in outcomes)
        if dry or not succeeded or (everything and failed):
            if not call.validate_only:
                clear_rolled_back(outcomes)
            return outcomes
        if call.idempotency_key:
            await idempotency.complete(act, call.operation, call.idempotency_key, outcomes)
        await session.commit()
        return outcomes
    finally:
        if session.in_transaction():
            await session.rollback()


def clear_rolled_back(outcomes: Sequence[RowResult]) -> None:
    """What was rolled back is not there: what it made has no identity, and nothing repeats it."""
    made = {outcome.event for outcome in outcomes if outcome.created}
    for outcome in outcomes:
        if outcome.duplicate and outcome.event in made:
            outcome.duplicate, outcome.event = False, None
        if outcome.created and not outcome.duplicate:
            outcome.shipment = outcome.event = None
        outcome.created = outcome.status_changed = False


def act_of(call: MutationCall, run: Execute, dry: bool) -> CommandContext:
    viewer = call.context.viewer
    return CommandContext(run, viewer.account_id, viewer.actor, call.context.request_id, dry)


MAX_ROWS = 1_000
REJECT_EVERYTHING = "REJECT_EVERYTHING"


def limit_rows(made: MutationCall, inputs: Sequence[Arguments]) -> Sequence[Arguments]:
    """The rows of a call; none of one that has none, or too many."""
    if not inputs:
        made.errors.append(user_errors.Required("Give at least one row.", path=("inputs",)))
    if len(inputs) > MAX_ROWS:
        message = f"At most {MAX_ROWS} rows fit; these are {len(inputs)}."
        made.errors.append(user_errors.LimitExceeded(message, path=("inputs",)))
        return ()
    return inputs


async def run_rows(
    made: MutationCall, checks: Sequence[Validator], action: Any, whole: bool, *, one_statement: bool = False
) -> list[RowResult]:
    """The outcomes of a call. Where the checks leave nothing to do, the database is not asked; where they have decided
    that nothing may be written, it is still asked what else is wrong."""
    good = sum(not check.errors for check in checks)
    if made.errors or not good:
        return [] if made.errors else [RowResult.from_validator(check) for check in checks]
    only_checked = whole and good < len(checks)
    return await run_in_transaction(
        made, checks, action, everything=whole, one_statement=one_statement, only_checked=only_checked
    )
