"""The tracking events of locked shipments and the status that follows from them, by `domain.status_projection`.

An event that is later than all applied ones is applied as one step to the stored state. A late event, a void or an
override replays all events of the shipment from the beginning. Both paths run the same step function, so they cannot
differ; the first one loads no stored events.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import enums, status_projection
from graphql_app.domain.projection_state import PackageStatus, ProjectionEvent, ProjectionResult, ShipmentState

Reasons = dict[UUID, enums.NotAppliedReason | None]
"""Why each event is not applied; None for an applied one."""
AppliedFlag = tuple[UUID, enums.NotAppliedReason | None]
"""The id of an event, and why it is not applied."""


class EventHistory:
    """The events of locked shipments: the stored ones, once they are loaded, and the new ones."""

    def __init__(self, locked: Mapping[UUID, LockedShipment]) -> None:
        self.locked = locked
        self.stored: dict[UUID, dict[UUID, ProjectionEvent]] = {}
        self.reasons: dict[UUID, Reasons] = {}
        self.stored_flags: dict[UUID, tuple[bool, enums.NotAppliedReason | None]] = {}

    async def load(self, context: CommandContext, shipments: Iterable[UUID]) -> None:
        """Load the events of these shipments that are not voided, in one statement."""
        missing = [id_ for id_ in shipments if id_ not in self.stored]
        if not missing:
            return
        for id_ in missing:
            self.stored[id_] = {}
        for row in await context.sql("tracking_events_get_active", {"shipments": missing}):
            self.stored[row.shipment_id][row.id] = stored_event(row)
            reason = row.not_applied_reason
            self.stored_flags[row.id] = row.applied, None if reason is None else enums.NotAppliedReason(reason)

    def has_late_event(self, shipment: LockedShipment, events: Sequence[ProjectionEvent]) -> bool:
        """Whether some of these new events happened at or before the last applied event or the cancellation."""
        row = shipment.row
        applied = [at for at in (row["last_order_at"] or row["last_event_at"], row["cancelled_at"]) if at is not None]
        return bool(applied) and min(event.occurred_at for event in events) <= max(applied)

    def add(self, shipment: LockedShipment, events: Sequence[ProjectionEvent]) -> Iterator[ProjectionEvent]:
        """Apply new events and yield each one after it was applied, in the order in which they happened.

        If the stored events are loaded, everything is replayed. Then the new event that decided the current status is
        yielded first: the change log attributes the whole change of status to it.
        """
        if shipment.id in self.stored:
            self.stored[shipment.id].update({event.id: event for event in events})
            self.replay(shipment)
            decided_by, reasons = shipment.row["status_event_id"], self.reasons[shipment.id]
            yield from sorted(
                events, key=lambda event: (event.id != decided_by, reasons[event.id] is not None, *event.order)
            )
            return
        for event in sorted(events, key=lambda event: event.order):
            state, reason = status_projection.apply_event(shipment.state(), event)
            shipment.apply_state(state)
            self.reasons.setdefault(shipment.id, {})[event.id] = reason
            yield event

    def remove(self, shipment: LockedShipment, event_id: UUID) -> None:
        """Remove a voided event and replay the others. The events of the shipment must be loaded."""
        self.stored[shipment.id].pop(event_id, None)
        self.reasons.get(shipment.id, {}).pop(event_id, None)
        self.replay(shipment)

    def replay(self, shipment: LockedShipment) -> None:
        """Set the state of a shipment from all its loaded events."""
        result = replay(shipment, self.stored[shipment.id].values())
        shipment.apply_state(result.state)
        self.reasons[shipment.id] = result.not_applied

    def changed_flags(self) -> list[AppliedFlag]:
        """The stored events whose `applied` or `notAppliedReason` changed."""
        return [
            (event_id, reason)
            for reasons in self.reasons.values()
            for event_id, reason in reasons.items()
            if event_id in self.stored_flags and self.stored_flags[event_id] != (reason is None, reason)
        ]


async def recalculate(context: CommandContext, shipments: Iterable[LockedShipment]) -> list[AppliedFlag]:
    """Replay the events of shipments that a command or a new package changed. Returns the changed flags."""
    with_events = {shipment.id: shipment for shipment in shipments if shipment.row["event_count"]}
    history = EventHistory(with_events)
    await history.load(context, with_events)
    for shipment in with_events.values():
        history.replay(shipment)
        shipment.sync_status()
    return history.changed_flags()


async def save_flags(context: CommandContext, flags: Sequence[AppliedFlag]) -> None:
    """Save which stored events are applied. Nothing with `validate_only`."""
    if flags and not context.validate_only:
        await context.sql("tracking_events_set_applied", flag_rows(flags))


def flag_rows(flags: Sequence[AppliedFlag]) -> dict[str, Any]:
    """The flags as the JSON table that the statements take."""
    return {"changed_flags": json_text([{"id": event_id, "reason": reason} for event_id, reason in flags])}


def replay(shipment: LockedShipment, events: Iterable[ProjectionEvent]) -> ProjectionResult:
    """The state after these events, starting from the state that creation and commands alone gave the shipment.

    An estimate that a command has set replaces the estimates of the events recorded before it.
    """
    row = shipment.row
    estimate_set_at: datetime | None = row["estimate_given_at"]
    steps = [
        replace(event, estimated_delivery_at=None)
        if estimate_set_at and event.recorded_at <= estimate_set_at
        else event
        for event in events
    ]
    return status_projection.replay(initial_state(shipment), steps, row["cancelled_at"])


def initial_state(shipment: LockedShipment) -> ShipmentState:
    """The state after creation and, if it was confirmed, `shipmentConfirm`."""
    row = shipment.row
    confirmed_at = row["confirmed_at"]
    status = enums.ShipmentStatus.READY if confirmed_at else enums.ShipmentStatus.DRAFT
    initial = PackageStatus(status, confirmed_at or row["created_at"])
    packages = dict.fromkeys(shipment.packages, initial)
    return ShipmentState(
        initial,
        enums.StatusSource.COMMAND,
        packages,
        ready_at=confirmed_at,
        estimated_delivery_at=row["estimate_given"],
    )


def stored_event(row: Any) -> ProjectionEvent:
    """A row of `tracking_event` as an event of the projection."""
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
        enums.TimePrecision(row.time_precision),
        row.occurred_local,
    )
