"""A mutation's frame: one transaction for each call, its outcome kept under the client's key, then committed.

In flows what was checked and an action; out flow outcomes. Whatever was not acknowledged was not written: an outcome is
returned only after the commit. Where PostgreSQL reports a deadlock, a serialization failure, or a race for a unique
name, the whole transaction is tried again, a bounded number of times.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo

from graphql_app import database, errors
from graphql_app.actions import once
from graphql_app.actions.act import Act, Outcome, Run
from graphql_app.actions.checks import Check
from graphql_app.api.context import Context

TRIES = 5
AGAIN = {"40001", "40P01"}
RACES = {"uq_shipment_account_id_external_reference", "uq_carrier_account_id_code"}

Action = Callable[[Act], Awaitable[list[Outcome]]]


@dataclass(slots=True)
class Call:
    """One call of a mutation: what was given, under GraphQL names."""

    context: Context
    operation: str
    arguments: Mapping[str, Any]
    key: str | None = None
    expected: int | None = None
    dry: bool = False
    replayed: bool = False
    problems: list[errors.Problem] = field(default_factory=list)
    """What is wrong with the call as a whole."""


def call(info: GraphQLResolveInfo[Context], arguments: Mapping[str, Any], *, versioned: bool) -> Call:
    """A call with its options, checked. `versioned`: whether it can expect a version."""
    context, options = info.context, arguments.get("options") or {}
    made = Call(context, info.field_name, {k: v for k, v in arguments.items() if k != "options"})
    check = Check("options")
    made.dry, made.expected = bool(options.get("validateOnly")), options.get("expectedVersion")
    if made.expected is not None and not versioned:
        check.add(errors.Invalid("This mutation cannot expect one version."), "expectedVersion")
    if options.get("idempotencyKey") is not None:
        made.key = check.text(options, "idempotencyKey", once.MOST_KEY, required=True)
    elif context.idempotency_key is not None:  # given only where the operation has one mutation field
        made.key = check.text({"idempotencyKey": context.idempotency_key}, "idempotencyKey", once.MOST_KEY)
    made.problems = check.problems
    return made


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
        except errors.KeyReused as problem:
            call.problems.append(problem)
            return []
        except Exception as error:
            if database.sqlstate(error) not in AGAIN and database.constraint(error) not in RACES:
                raise
            if not tries_left:
                raise errors.Conflict from error
            for check, mark in zip(checks, marks, strict=True):
                check.back_to(mark)
            await asyncio.sleep(random.uniform(0.001, 0.02) * (TRIES - tries_left))
    raise AssertionError("unreachable")


async def in_transaction(call: Call, action: Action, *, everything: bool, dry: bool) -> list[Outcome]:
    """The action in the session's transaction: committed, or rolled back where nothing may stay."""
    session = call.context.session
    try:
        act = act_of(call, session.run, dry)
        request_hash = once.digest(call.arguments) if call.key else b""
        if call.key:
            kept = await once.claim(act, call.operation, call.key, request_hash)
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
            await once.keep(act, call.operation, call.key, outcomes)
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
