"""Events of locked shipments and what they make of them: the database's side of the projection.

An event that is later than all that counted so far is one step from where its shipment stands. An older one, a void or
an override folds the shipment's events again from the beginning. Both run the same step, so they cannot differ.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import enums, status_projection
from graphql_app.domain.status_projection import PackageStatus, ProjectionEvent, ProjectionResult, ShipmentState

CANCELLATION_ID = UUID(int=0)
"""Identity of the step that `shipmentCancel` is in a fold."""
Reasons = dict[UUID, enums.NotAppliedReason | None]
AppliedFlag = tuple[UUID, enums.NotAppliedReason | None]


class EventHistory:
    """The events of some locked shipments: those that are stored, once they are needed, and those that are new."""

    def __init__(self, locked: Mapping[UUID, LockedShipment]) -> None:
        self.locked = locked
        self.stored: dict[UUID, dict[UUID, ProjectionEvent]] = {}
        self.reasons: dict[UUID, Reasons] = {}
        self.stored_flags: dict[UUID, tuple[bool, enums.NotAppliedReason | None]] = {}

    async def load(self, act: CommandContext, shipments: Iterable[UUID]) -> None:
        """The live events of these shipments."""
        wanted = [key for key in shipments if key not in self.stored]
        if not wanted:
            return
        for key in wanted:
            self.stored[key] = {}
        for row in await act.sql("tracking_events_get_active", {"shipments": wanted}):
            self.stored[row.shipment_id][row.id] = event_of(row)
            reason = row.not_applied_reason
            self.stored_flags[row.id] = row.applied, None if reason is None else enums.NotAppliedReason(reason)

    def has_late_event(self, shipment: LockedShipment, events: Sequence[ProjectionEvent]) -> bool:
        """Whether some of these new events happened before what already counts."""
        row = shipment.row
        known = [at for at in (row["last_event_at"], row["cancelled_at"]) if at is not None]
        return bool(known) and min(event.occurred_at for event in events) <= max(known)

    def add(self, shipment: LockedShipment, events: Sequence[ProjectionEvent]) -> Iterator[ProjectionEvent]:
        """New events, each yielded when it has moved the shipment: in the order in which they count.

        Where the shipment's events had to be folded again, the new one that decided where it stands now comes first,
        and stands for what became of all of them.
        """
        if shipment.id in self.stored:
            self.stored[shipment.id].update({event.id: event for event in events})
            self.replay(shipment)
            decided, reasons = shipment.row["status_event_id"], self.reasons[shipment.id]
            yield from sorted(
                events, key=lambda event: (event.id != decided, reasons[event.id] is not None, *event.order)
            )
            return
        for event in sorted(events, key=lambda event: event.order):
            state, reason = status_projection.apply_event(shipment.state(), event)
            shipment.apply_state(state)
            self.reasons.setdefault(shipment.id, {})[event.id] = reason
            yield event

    def remove(self, shipment: LockedShipment, event_id: UUID) -> None:
        """An event that does not count any more. The shipment's events must be loaded."""
        self.stored[shipment.id].pop(event_id, None)
        self.reasons.get(shipment.id, {}).pop(event_id, None)
        self.replay(shipment)

    def replay(self, shipment: LockedShipment) -> None:
        """Where all loaded events bring a shipment."""
        folded = replay(shipment, self.stored[shipment.id].values())
        shipment.apply_state(folded.state)
        self.reasons[shipment.id] = folded.not_applied

    def changed_flags(self) -> list[AppliedFlag]:
        """Stored events that count now and did not, or the other way round."""
        return [
            (event, reason)
            for reasons in self.reasons.values()
            for event, reason in reasons.items()
            if event in self.stored_flags and self.stored_flags[event] != (reason is None, reason)
        ]


async def recalculate(act: CommandContext, shipments: Iterable[LockedShipment]) -> list[AppliedFlag]:
    """Let the events of shipments follow what a command did, or a package that came; which of them count anew."""
    moved = {one.id: one for one in shipments if one.row["event_count"]}
    timeline = EventHistory(moved)
    await timeline.load(act, moved)
    for one in moved.values():
        timeline.replay(one)
        one.sync_status()
    return timeline.changed_flags()


async def save_flags(act: CommandContext, flipped: Sequence[AppliedFlag]) -> None:
    """Write which stored events count now."""
    if flipped and not act.validate_only:
        await act.sql("tracking_events_set_applied", flag_rows(flipped))


def flag_rows(flipped: Sequence[AppliedFlag]) -> dict[str, Any]:
    """The table for a statement."""
    return {"flipped": json_text([{"id": event, "reason": reason} for event, reason in flipped])}


def replay(shipment: LockedShipment, events: Iterable[ProjectionEvent]) -> ProjectionResult:
    """The state after these events, from where the commands alone had brought the shipment."""
    row = shipment.row
    given_at: datetime | None = row["estimate_given_at"]
    steps = [
        replace(event, estimated_delivery_at=None) if given_at and event.recorded_at <= given_at else event
        for event in events
    ]
    cancelled = row["cancelled_at"]
    if cancelled is not None:
        steps.append(
            ProjectionEvent(CANCELLATION_ID, None, enums.TrackingEventCode.CANCELLED, None, cancelled, cancelled, 2**63 - 1,
                  override=enums.ShipmentStatus.CANCELLED)
        )  # fmt: skip
    folded = status_projection.fold(initial_state(shipment), steps)
    folded.not_applied.pop(CANCELLATION_ID, None)
    last = max((event.occurred_at for event in steps if event.id != CANCELLATION_ID and not event.future), default=None)
    return ProjectionResult(without_cancellation_id(folded.state, last, cancelled), folded.not_applied)


def initial_state(shipment: LockedShipment) -> ShipmentState:
    """Where creation and `shipmentConfirm` brought it."""
    row = shipment.row
    confirmed = row["confirmed_at"]
    status = enums.ShipmentStatus.READY if confirmed else enums.ShipmentStatus.DRAFT
    start = PackageStatus(status, confirmed or row["created_at"])
    packages = dict.fromkeys(shipment.packages, start)
    return ShipmentState(
        start, enums.StatusSource.COMMAND, packages, ready_at=confirmed, estimated_delivery_at=row["estimate_given"]
    )


def without_cancellation_id(
    state: ShipmentState, last_event_at: datetime | None, cancelled_at: datetime | None
) -> ShipmentState:
    """A state that the cancellation decided names no event, and was not made ready by it."""
    packages = {key: without_event_id(stage) for key, stage in state.packages.items()}
    source = enums.StatusSource.COMMAND if state.status.event_id == CANCELLATION_ID else state.source
    ready_at = None if state.ready_at == cancelled_at else state.ready_at
    stage = without_event_id(state.status)
    return replace(
        state, status=stage, source=source, packages=packages, last_event_at=last_event_at, ready_at=ready_at
    )


def without_event_id(stage: PackageStatus) -> PackageStatus:
    return replace(stage, event_id=None) if stage.event_id == CANCELLATION_ID else stage


def event_of(row: Any) -> ProjectionEvent:
    """A stored event, as the projection sees it."""
    return ProjectionEvent(
        row.id,
        row.package_id,
        enums.TrackingEventCode(row.code),
        None if row.reason is None else enums.ExceptionReason(row.reason),
        row.occurred_at,
        row.recorded_at,
        row.position,
        row.estimated_delivery_at,
        None if row.override_status is None else enums.ShipmentStatus(row.override_status),
        row.date_only,
    )
