"""The tracking events of locked shipments and the status that follows from them, by `domain.status_projection`.

An event that is later than all applied ones is applied as one step to the stored state, without loading any event. A
late event, a void or a command replays the events from the last checkpoint before it, see `domain.incremental_replay`.
Both ways run the same step function, so they cannot differ. Events are loaded in pages, and other requests get their
turn between the steps, so that a replay of any length does not hold the event loop.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.loop_share import LoopShare
from graphql_app.commands.shipments.checkpoints import (
    checkpoint_base,
    checkpoint_state,
    checkpoint_text,
    initial_state,
    stored_event,
    with_valid_estimate,
)
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import enums, incremental_replay, status_projection
from graphql_app.domain.incremental_replay import IncrementalReplay
from graphql_app.domain.projection_state import EventOrder, ProjectionEvent, ShipmentState

PAGE_EVENTS = 500
"""Maximum number of events of one shipment that are loaded by one statement."""
MAX_BATCH_EVENTS = 4_000
"""Maximum number of events that are loaded by one statement."""
BEGINNING: EventOrder = (datetime(1, 1, 1, tzinfo=UTC), -(2**63), UUID(int=0))
"""Before all events."""
LAST_OF_INSTANT = (2**63 - 1, UUID(int=2**128 - 1))
"""The order of `shipmentCancel` among the events of its instant."""


@dataclass(slots=True)
class EventChanges:
    """The changed events of one shipment and the result of the last replay.

    `before` is the state before all changes. `events` are the new ones, `removed` the ids of the voided ones, `orders`
    the orders of all changes. `rows` are the stored events to update, by id.
    """

    before: ShipmentState
    events: list[ProjectionEvent] = field(default_factory=list)
    removed: set[UUID] = field(default_factory=set)
    orders: list[EventOrder] = field(default_factory=list)
    ends_at_checkpoint: bool = True
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)


class EventHistory:
    """The changes to the events of locked shipments. Their packages must be loaded."""

    def __init__(self, context: CommandContext) -> None:
        self.context = context
        self.share = LoopShare()
        self.changes: dict[UUID, EventChanges] = {}
        self.reasons: dict[UUID, enums.NotAppliedReason | None] = {}
        """Why each new event is not applied; None for an applied one."""
        self.checkpoints: dict[UUID, str] = {}
        """New states by event id, as JSON."""

    async def add(self, batch: Sequence[tuple[LockedShipment, Sequence[ProjectionEvent]]]) -> None:
        """Prepare new events for `applied`: replay the shipments to which some are late."""
        late = [(shipment, events) for shipment, events in batch if self.is_late(shipment, events)]
        for shipment, events in late:
            changes = self.changes_of(shipment)
            changes.events += events
            changes.orders += [event.order for event in events]
        await self.replay([shipment for shipment, _ in late])

    async def applied(
        self, shipment: LockedShipment, events: Sequence[ProjectionEvent]
    ) -> AsyncIterator[ProjectionEvent]:
        """Yield each new event after it was applied, in the order in which they happened.

        If the shipment was replayed, the event that decided the current status is first: the change log attributes the
        whole change of status to it.
        """
        if shipment.id in self.changes:
            decided_by = shipment.row["status_event_id"]
            for event in sorted(
                events, key=lambda event: (event.id != decided_by, self.reasons[event.id] is not None, *event.order)
            ):
                yield event
            return
        interval, count = incremental_replay.interval(len(shipment.packages)), shipment.row["event_count"]
        state = shipment.state()
        for number, event in enumerate(sorted(events, key=lambda event: event.order), count + 1):
            state, reason = status_projection.apply_event(state, event)
            shipment.apply_state(state)
            self.reasons[event.id] = reason
            if number % interval == 0 and reason is not enums.NotAppliedReason.FUTURE:
                self.checkpoints[event.id] = checkpoint_text(shipment, state)
            yield event
            await self.share.turn()

    async def remove(self, shipment: LockedShipment, event_id: UUID, order: EventOrder) -> None:
        """Replay a shipment without a voided event."""
        changes = self.changes_of(shipment)
        changes.removed.add(event_id)
        changes.orders.append(order)
        await self.replay([shipment])

    async def replace(
        self, shipment: LockedShipment, events: Sequence[tuple[ProjectionEvent, ProjectionEvent]]
    ) -> None:
        """Replay a shipment with changed events, each given before and after. The caller saves their columns."""
        changes = self.changes_of(shipment)
        for old, new in events:
            changes.removed.add(old.id)
            changes.events.append(new)
            changes.orders += [old.order, new.order]
        await self.replay([shipment])
        for _, new in events:
            row = {"id": new.id, "reason": self.reasons[new.id], "state": self.checkpoints.get(new.id)}
            changes.rows[new.id] = row

    async def recalculate(self, shipments: Iterable[LockedShipment], *, from_cancellation: bool = False) -> None:
        """Replay all events of shipments whose initial state or stored events a command changed.

        `from_cancellation`: only those after the cancellation, which is the only change.
        """
        batch = list(shipments)
        for shipment in batch:
            changes = self.changes_of(shipment)
            changes.ends_at_checkpoint = False
            cancelled_at = shipment.row["cancelled_at"] if from_cancellation else None
            changes.orders.append((cancelled_at, *LAST_OF_INSTANT) if cancelled_at else BEGINNING)
        await self.replay(batch)

    def is_late(self, shipment: LockedShipment, events: Sequence[ProjectionEvent]) -> bool:
        """Whether a new event happened at or before the last applied one or the cancellation, or events changed."""
        row = shipment.row
        applied = [at for at in (row["last_order_at"] or row["last_event_at"], row["cancelled_at"]) if at is not None]
        return shipment.id in self.changes or (
            bool(applied) and min(event.occurred_at for event in events) <= max(applied)
        )

    def changes_of(self, shipment: LockedShipment) -> EventChanges:
        """The changes of a shipment."""
        return self.changes.setdefault(shipment.id, EventChanges(shipment.state()))

    async def replay(self, shipments: Sequence[LockedShipment]) -> None:
        """Replay shipments from their first change on. Several shipments with few events are loaded together."""
        batch, size = list[LockedShipment](), 0
        for shipment in shipments:
            rows = min(shipment.row["event_count"], PAGE_EVENTS)
            if batch and size + rows > MAX_BATCH_EVENTS:
                await self.replay_batch(batch)
                batch, size = [], 0
            batch.append(shipment)
            size += rows
        if batch:
            await self.replay_batch(batch)

    async def replay_batch(self, shipments: Sequence[LockedShipment]) -> None:
        """Replay shipments whose first pages are loaded by one statement."""
        pages: dict[UUID, list[Any]] = {shipment.id: [] for shipment in shipments}
        starts = [(shipment, min(self.changes[shipment.id].orders), False) for shipment in shipments]
        for row in await self.load(starts):
            pages[row.shipment_id].append(row)
            await self.share.turn()
        for shipment in shipments:
            await self.replay_shipment(shipment, pages.pop(shipment.id))

    async def load(self, starts: Sequence[tuple[LockedShipment, EventOrder, bool]]) -> Sequence[Any]:
        """The next events of each shipment: from the last checkpoint before an order, or from the order itself."""
        rows = [
            {
                "id": shipment.id,
                "base": checkpoint_base(shipment),
                "at": order[0],
                "position": order[1],
                "event": order[2],
                "is_next": is_next,
            }
            for shipment, order, is_next in starts
        ]
        values = {"shipments": json_text(rows), "page": PAGE_EVENTS}
        return await self.context.sql("tracking_events_get_from_checkpoint", values)

    async def replay_shipment(self, shipment: LockedShipment, page: Sequence[Any]) -> None:
        """Replay one shipment, beginning with a page of its stored events, and set its state."""
        changes = self.changes[shipment.id]
        changes.rows = {}
        state, cancelled_at = initial_state(shipment), shipment.row["cancelled_at"]
        if page and page[0].is_checkpoint:
            state = checkpoint_state(shipment, page[0]) or state
            if cancelled_at is not None and page[0].occurred_at > cancelled_at:
                cancelled_at = None
        replay = IncrementalReplay(
            state,
            incremental_replay.interval(len(shipment.packages)),
            cancelled_at,
            max(changes.orders) if changes.ends_at_checkpoint else None,
        )
        new = sorted(changes.events, key=lambda event: event.order, reverse=True)
        async for event, row in self.stored_events(shipment, page):
            while new and new[-1].order < event.order:
                replay.apply(with_valid_estimate(shipment, new.pop()))
                await self.share.turn()
            if event.id in changes.removed:
                continue
            replay.apply(with_valid_estimate(shipment, event), checkpoint_state(shipment, row))
            self.note_changes(shipment, changes, replay, row)
            if replay.is_finished:
                break
            await self.share.turn()
        while new:
            replay.apply(with_valid_estimate(shipment, new.pop()))
            await self.share.turn()
        replay.cancel()
        shipment.apply_state(changes.before if replay.is_finished else replay.state)
        self.note_new_events(shipment, changes, replay)

    async def stored_events(
        self, shipment: LockedShipment, page: Sequence[Any]
    ) -> AsyncIterator[tuple[ProjectionEvent, Any]]:
        """The stored events in their order, page by page, each with its row. The checkpoint itself is left out."""
        last: UUID | None = page[0].id if page and page[0].is_checkpoint else None
        while page:
            for row in page:
                if row.id != last:
                    yield stored_event(row), row
            if len(page) < PAGE_EVENTS:
                return
            end = page[-1]
            last = end.id
            page = await self.load([(shipment, (end.occurred_at, end.position, end.id), True)])

    def note_changes(
        self, shipment: LockedShipment, changes: EventChanges, replay: IncrementalReplay, row: Any
    ) -> None:
        """Collect the columns of a stored event that changed. A checkpoint may follow later than its event."""
        reason = replay.not_applied.pop(row.id)
        stored = None if row.not_applied_reason is None else enums.NotAppliedReason(row.not_applied_reason)
        if (row.applied, stored) != (reason is None, reason):
            changes.rows[row.id] = {"id": row.id, "reason": reason}
        if row.id in replay.checkpoints:
            state = checkpoint_text(shipment, replay.checkpoints.pop(row.id))
            changes.rows.setdefault(row.id, {"id": row.id, "reason": reason})["state"] = state

    def note_new_events(self, shipment: LockedShipment, changes: EventChanges, replay: IncrementalReplay) -> None:
        """Collect the reasons of the new events, and the checkpoints that were added between stored ones."""
        new = {event.id for event in changes.events}
        self.reasons.update(replay.not_applied)
        for event_id, state in replay.checkpoints.items():
            text = checkpoint_text(shipment, state)
            if event_id in new:
                self.checkpoints[event_id] = text
            else:
                changes.rows.setdefault(event_id, {"id": event_id, "keeps_reason": True})["state"] = text

    def changed_rows(self) -> list[dict[str, Any]]:
        """The stored events to update: `applied`, `not_applied_reason` and the checkpoint."""
        return [row for changes in self.changes.values() for row in changes.rows.values()]


async def recalculate(
    context: CommandContext, shipments: Iterable[LockedShipment], *, from_cancellation: bool = False
) -> list[dict[str, Any]]:
    """Replay the events of shipments that a command changed. Returns the stored events to update, for `save_events`."""
    with_events = [shipment for shipment in shipments if shipment.row["event_count"]]
    history = EventHistory(context)
    await history.recalculate(with_events, from_cancellation=from_cancellation)
    for shipment in with_events:
        shipment.sync_status()
    return history.changed_rows()


async def save_events(context: CommandContext, rows: Sequence[dict[str, Any]]) -> None:
    """Save which stored events are applied and the checkpoints. Nothing with `validate_only`."""
    if rows and not context.validate_only:
        await context.sql("tracking_events_set_applied", {"changed_events": json_text(rows)})
