"""`carrierStatusMap(reapply: true)`: the batches of `commands.tracking_events.reapply`, one transaction each.

The mapping is committed before, so a crash between two batches loses nothing: the next call continues.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.tracking_events import reapply
from graphql_app.commands.validation import Validator
from graphql_app.domain import carrier_status_codes, enums
from graphql_app.graphql_types import payloads
from graphql_app.mutations import transaction
from graphql_app.mutations.call import MutationCall


async def reapply_mapping(call: MutationCall, mapping: Mapping[str, Any]) -> payloads.ReappliedEvents:
    """Apply a mapping to recorded events, batch by batch, within the limits of a call. `mapping`: its columns."""
    batch_call = replace(call, idempotency_key=None, replayed=False, errors=[])
    progress = reapply.Progress(started=time.monotonic())
    unfinished = False
    if not call.validate_only:
        context = transaction.command_context(call, call.context.reader.fetch_rows, False)
        unfinished = await reapply.transactions_before(context)
    while progress.may_continue:
        progress.add(await run_batch(batch_call, mapping, progress.position or reapply.START))
    return payloads.ReappliedEvents(
        events=progress.events,
        shipments=progress.shipments,
        has_more=unfinished or progress.position is not None,
    )


async def run_batch(call: MutationCall, mapping: Mapping[str, Any], after: reapply.Position) -> reapply.Batch:
    """Run one batch in its own transaction."""
    batches: list[reapply.Batch] = []
    requested = requested_mapping(mapping)

    async def command(context: CommandContext) -> list[RowResult]:
        batches.append(await reapply.run_batch(context, mapping["carrier"], mapping["raw"], after, requested))
        return [RowResult()]

    await transaction.run(call, [Validator()], command)
    return batches[-1]  # after a deadlock the batch has run several times; the last run was committed


def requested_mapping(mapping: Mapping[str, Any]) -> carrier_status_codes.MappedStatus:
    """The mapping that applies once these columns are stored."""
    if mapping["code"] is None:
        built_in = carrier_status_codes.built_in_mapping(mapping["carrier"], mapping["raw"])
        return built_in or (enums.TrackingEventCode.INFO, None)
    reason = mapping["reason"] and enums.ExceptionReason(mapping["reason"])
    return enums.TrackingEventCode(mapping["code"]), reason
