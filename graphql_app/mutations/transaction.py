"""The transaction of a mutation: run a command, store its results under the idempotency key, commit.

Results are returned only after the commit, so every result that a client receives is stored. If PostgreSQL reports a
deadlock, a serialization failure or a race for a unique name, the whole transaction is run again, up to `MAX_ATTEMPTS`
times in total.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from graphql_app.commands import idempotency
from graphql_app.commands.command import CommandContext, Execute, RowResult
from graphql_app.commands.validation import Validator
from graphql_app.database.errors import constraint, sqlstate
from graphql_app.errors import request_errors, user_errors
from graphql_app.mutations.call import MutationCall

MAX_ATTEMPTS = 5
"""Maximum number of attempts, the first one included."""
MIN_RETRY_SECONDS = 0.001
MAX_RETRY_SECONDS = 0.02
"""Bounds of the random delay before the second attempt; attempt n waits n times as long."""
RETRYABLE_SQLSTATES = {"40001", "40P01"}
"""serialization_failure and deadlock_detected: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
RETRYABLE_CONSTRAINTS = {"uq_shipment_account_id_external_reference", "uq_carrier_account_id_code"}
"""Unique constraints on names that a concurrent transaction may take between the check and the insert."""

Command = Callable[[CommandContext], Awaitable[list[RowResult]]]


async def run(
    call: MutationCall,
    validators: Sequence[Validator],
    command: Command,
    *,
    atomic: bool = False,
    single_statement: bool = False,
) -> list[RowResult]:
    """Run a command and commit, unless nothing valid is left to write.

    Args:
        call: the call, whose `errors` are extended.
        validators: one for each row of the call, in the order of the results. Their errors are those found so far.
        command: runs the statements and returns one result for each row.
        atomic: write all rows or none (`errorPolicy: REJECT_EVERYTHING`).
        single_statement: the command is one SQL statement, so without an idempotency key it needs no BEGIN and COMMIT.

    Returns one result for each row; an empty list if the call itself is invalid. If validation has already decided that
    nothing may be written, the command runs with `validate_only`, so that the response names all errors at once.

    Raises:
        request_errors.Conflict: every attempt ended in a deadlock, a serialization failure or a race.
    """
    valid = sum(not validator.errors for validator in validators)
    if call.errors:
        return []
    if not valid:
        return [RowResult.from_validator(validator) for validator in validators]
    validate_only = call.validate_only or (atomic and valid < len(validators))
    checkpoints = [validator.checkpoint() for validator in validators]
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            if single_statement and call.idempotency_key is None and (validate_only or not atomic):
                results = await command(command_context(call, call.context.reader.fetch_rows, validate_only))
                if not validate_only and any(not result.errors for result in results):
                    call.note_commit()
            else:
                results = await run_in_transaction(call, command, atomic=atomic, validate_only=validate_only)
            if not validate_only:
                call.context.notify_commit()
            return results
        except user_errors.IdempotencyKeyReused as error:
            call.errors.append(error)
            return []
        except Exception as error:
            if sqlstate(error) not in RETRYABLE_SQLSTATES and constraint(error) not in RETRYABLE_CONSTRAINTS:
                raise
            if attempt == MAX_ATTEMPTS:
                raise request_errors.Conflict from error
            for validator, checkpoint in zip(validators, checkpoints, strict=True):
                validator.rollback(checkpoint)
            await asyncio.sleep(random.uniform(MIN_RETRY_SECONDS, MAX_RETRY_SECONDS) * attempt)
    raise AssertionError("unreachable")


async def run_in_transaction(
    call: MutationCall, command: Command, *, atomic: bool, validate_only: bool
) -> list[RowResult]:
    """Run a command in the session's transaction; commit if anything was written, else roll back.

    The idempotency key is claimed and completed in the same transaction, so a crash loses both or neither.

    Raises:
        user_errors.IdempotencyKeyReused: the key was used before with other arguments.
    """
    session = call.context.session
    try:
        context = command_context(call, session.execute_sql, validate_only)
        request_hash = idempotency.request_hash(call.arguments) if call.idempotency_key else b""
        if call.idempotency_key:
            stored = await idempotency.claim(context, call.operation, call.idempotency_key, request_hash)
            if stored is not None:
                call.replayed = True
                call.note_commit()
                return stored
        results = await command(context)
        failed = any(result.errors for result in results)
        succeeded = any(not result.errors for result in results)
        if validate_only or not succeeded or (atomic and failed):
            if not call.validate_only:
                clear_rolled_back(results)
            return results
        if call.idempotency_key:
            await idempotency.complete(context, call.operation, call.idempotency_key, results)
        await session.commit()
        call.note_commit()
        return results
    finally:
        if session.in_transaction():
            await session.rollback()


def clear_rolled_back(results: Sequence[RowResult]) -> None:
    """Remove from the results what the rollback undid: IDs of created rows, and duplicates of them."""
    created_events = {result.event for result in results if result.created}
    for result in results:
        if result.duplicate and result.event in created_events:
            result.duplicate, result.event = False, None
        if result.created and not result.duplicate:
            result.shipment = result.event = None
        result.created = result.status_changed = False


def command_context(call: MutationCall, execute: Execute, validate_only: bool) -> CommandContext:
    """The context in which the command of a call runs; `execute` runs a statement and returns its rows."""
    viewer = call.context.viewer
    return CommandContext(execute, viewer.account_id, viewer.actor, call.context.request_id, validate_only)
