"""Reapplying the mapping of a carrier's status code: recorded events take the event code that is mapped now.

Only events whose code was derived from `carrierStatusRaw` change, and their shipments are projected again. The work is
done in batches, one transaction each. Within a batch the carrier is locked first, so that its mapping stays the same,
and then the shipments in the order of their ids, as every other command does. A batch decides under these locks, so
batches of several calls, and other writes, can run at the same time. Repeating it has no effect.

A report that is being recorded may have read the previous mapping. It locks its shipment before it reads the mapping
(`record.py`), so its transaction has an ID by then: `transactions_before` waits for the end of all such transactions.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.shipments import checkpoints, event_history, locking
from graphql_app.commands.shipments.event_history import EventHistory
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.commands.tracking_events.carrier_status_lookup import mapped_status
from graphql_app.domain import status_rules
from graphql_app.domain.carrier_status_codes import MappedStatus
from graphql_app.domain.enums import ExceptionReason, TrackingEventCode
from graphql_app.domain.projection_state import ProjectionEvent

MAX_EVENTS_PER_BATCH = 200
"""Maximum number of events that a batch changes."""
MAX_STORED_EVENTS_PER_BATCH = 1_000
"""A batch takes no further shipment once its shipments have this many events, all of which are projected again."""
MAX_SCANNED_EVENTS_PER_BATCH = 5_000
"""Maximum number of events with the status code that a batch reads to find those with another event code."""
MAX_EVENTS_PER_CALL = 1_000
"""A call starts no further batch once it has changed this many events."""
MAX_SECONDS_PER_CALL = 3.0
"""A call starts no further batch after this time."""
WAIT_SECONDS = 1.0
"""How long a call waits for transactions that may have read the previous mapping."""
POLL_SECONDS = 0.01
"""Pause between two looks at the running transactions."""
Position = tuple[datetime, UUID]
"""Position of an event among those with the same status code: time of occurrence and id."""
START: Position = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
"""Before all events."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one batch: changed events and shipments, and the position to go on from; None at the end."""

    events: int
    shipments: int
    next_position: Position | None


@dataclass(slots=True)
class Progress:
    """What a call has done so far. `started` is a time of `time.monotonic`; `position` is None at the end."""

    started: float
    events: int = 0
    shipments: int = 0
    position: Position | None = START

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.events += batch.events
        self.shipments += batch.shipments
        self.position = batch.next_position

    @property
    def may_continue(self) -> bool:
        """Whether there is more to do within the limits of a call."""
        in_time = time.monotonic() - self.started < MAX_SECONDS_PER_CALL
        return self.position is not None and self.events < MAX_EVENTS_PER_CALL and in_time


async def transactions_before(context: CommandContext) -> bool:
    """Wait until all transactions that run now have ended, at most WAIT_SECONDS. Returns whether some still run."""
    (row,) = await context.sql("transactions_horizon", {})
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        (still,) = await context.sql("transactions_running", {"horizon": row.horizon})
        if not still.running or time.monotonic() >= deadline:
            return bool(still.running)
        await asyncio.sleep(POLL_SECONDS)


async def run_batch(context: CommandContext, carrier: str, raw: str, after: Position, requested: MappedStatus) -> Batch:
    """Change one batch of events with a carrier's status code, in the order of their occurrence.

    Args:
        context: the transaction of the batch. With `validate_only` the events are only counted.
        carrier: the code of the carrier.
        raw: the normalized status code.
        after: the position to go on from.
        requested: the mapping of a call with `validate_only`, which is not stored; otherwise the stored one is read.
    """
    await context.sql("carrier_lock", {"carrier": carrier})
    code, reason = requested if context.validate_only else await mapped_status(context, carrier, raw)
    values = {
        "carrier": carrier,
        "raw": raw,
        "after_at": after[0],
        "after_id": after[1],
        "code": code.value,
        "reason": reason and reason.value,
        "scanned": MAX_SCANNED_EVENTS_PER_BATCH,
        "changed": MAX_EVENTS_PER_BATCH,
    }
    rows = await context.sql("carrier_status_events_find", values)
    if not rows:
        return Batch(0, 0, None)
    outdated, following = select(rows)
    if context.validate_only:
        return Batch(len(outdated), len({row.shipment_id for row in outdated}), following)
    shipment_ids = {row.shipment_id for row in outdated}
    locked = await locking.lock(context, [{**locking.NO_KEY, "id": id_} for id_ in shipment_ids])
    await locking.load_packages(context, locked)
    history = EventHistory(context)
    stored = {row.id: row for row in await context.sql("tracking_events_get", {"ids": [row.id for row in outdated]})}
    changed: list[ProjectionEvent] = []
    for shipment in locked.values():
        remapped = []
        for row in outdated:
            if row.shipment_id == shipment.id and row.id in stored:  # else it was voided before the lock
                event = checkpoints.stored_event(stored[row.id])
                remapped.append((event, with_code(event, code, reason if row.reason_mapped else event.reason)))
        changed += await remap(shipment, history, remapped, raw)
    if changed:
        await context.sql("tracking_events_remap", {"events": json_text([columns(event) for event in changed])})
        await event_history.save_events(context, history.changed_rows())
        await locking.save(context, locked.values())
    return Batch(len(changed), sum(bool(shipment.changes) for shipment in locked.values()), following)


def select(rows: Sequence[Any]) -> tuple[list[Any], Position | None]:
    """The events to change in this batch, and the position to go on from; None if no event is left.

    Each row is an event to change; the last row, without one, is the last event that was read.
    """
    outdated: list[Any] = []
    stored_events: dict[UUID, int] = {}
    for row in rows:
        if row.shipment_id is None:
            return outdated, (row.occurred_at, row.id) if row.more else None
        if row.shipment_id not in stored_events and sum(stored_events.values()) >= MAX_STORED_EVENTS_PER_BATCH:
            break
        stored_events[row.shipment_id] = row.event_count
        outdated.append(row)
    return outdated, (outdated[-1].occurred_at, outdated[-1].id)


async def remap(
    shipment: LockedShipment, history: EventHistory, events: Sequence[tuple[ProjectionEvent, ProjectionEvent]], raw: str
) -> list[ProjectionEvent]:
    """Change events of one shipment, project it again and log each event as one change. Returns the changed events.

    `events`: each event before and after.
    """
    before = shipment.status
    changes = {new.id: (old, new) for old, new in events if (old.code, old.reason) != (new.code, new.reason)}
    if not changes:
        return []
    await history.replace(shipment, list(changes.values()))
    decided_by = shipment.row["status_event_id"]
    for old, new in sorted(
        changes.values(), key=lambda change: (change[1].id != decided_by, change[1].occurred_at, change[1].position)
    ):
        changed: dict[str, Any] = {"carrierStatusRaw": [None, raw]}
        for name, previous, current in (("code", old.code, new.code), ("reason", old.reason, new.reason)):
            if previous != current:
                changed[name] = [previous, current]
        shipment.add_change("tracking_event.remapped", changed, before, new.id)
        before = shipment.status
    return [new for _, new in changes.values()]


def with_code(event: ProjectionEvent, code: TrackingEventCode, reason: ExceptionReason | None) -> ProjectionEvent:
    """The event with another code and reason."""
    return replace(event, code=code, reason=reason, position=position_with_code(event.position, code))


def position_with_code(position: int, code: TrackingEventCode) -> int:
    """The position of an event that gets another code: only the rank of the status changes, see
    `status_projection.position`."""
    status = status_rules.STATUS_OF_CODE.get(code)
    return ((status_rules.RANK[status] if status else 0) << 56) | (position & ((1 << 56) - 1))


def columns(event: ProjectionEvent) -> Mapping[str, Any]:
    """The columns of an event that its code determines."""
    return {"id": event.id, "code": event.code, "reason": event.reason, "position": event.position}
