"""Events of locked shipments and what they make of them: the database's side of the projection.

An event that is later than all that counted so far is one step from where its shipment stands. An older one, a void or
an override folds the shipment's events again from the beginning. Both run the same step, so they cannot differ.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import Act, json_text
from graphql_app.commands.shipments.locking import Locked
from graphql_app.domain import enums, status_projection
from graphql_app.domain.status_projection import Event, Folded, Stage, State

CANCEL = UUID(int=0)
"""Identity of the step that `shipmentCancel` is in a fold."""
Reasons = dict[UUID, enums.NotAppliedReason | None]
Flip = tuple[UUID, enums.NotAppliedReason | None]


class Timeline:
    """The events of some locked shipments: those that are stored, once they are needed, and those that are new."""

    def __init__(self, locked: Mapping[UUID, Locked]) -> None:
        self.locked = locked
        self.stored: dict[UUID, dict[UUID, Event]] = {}
        self.reasons: dict[UUID, Reasons] = {}
        self.was: dict[UUID, tuple[bool, enums.NotAppliedReason | None]] = {}

    async def load(self, act: Act, shipments: Iterable[UUID]) -> None:
        """The live events of these shipments."""
        wanted = [key for key in shipments if key not in self.stored]
        if not wanted:
            return
        for key in wanted:
            self.stored[key] = {}
        for row in await act.sql("tracking_events_get_active", {"shipments": wanted}):
            self.stored[row.shipment_id][row.id] = event_of(row)
            reason = row.not_applied_reason
            self.was[row.id] = row.applied, None if reason is None else enums.NotAppliedReason(reason)

    def late(self, shipment: Locked, events: Sequence[Event]) -> bool:
        """Whether some of these new events happened before what already counts."""
        row = shipment.row
        known = [at for at in (row["last_event_at"], row["cancelled_at"]) if at is not None]
        return bool(known) and min(event.occurred_at for event in events) <= max(known)

    def add(self, shipment: Locked, events: Sequence[Event]) -> Iterator[Event]:
        """New events, each yielded when it has moved the shipment: in the order in which they count.

        Where the shipment's events had to be folded again, the new one that decided where it stands now comes first,
        and stands for what became of all of them.
        """
        if shipment.id in self.stored:
            self.stored[shipment.id].update({event.id: event for event in events})
            self.fold(shipment)
            decided, reasons = shipment.row["status_event_id"], self.reasons[shipment.id]
            yield from sorted(
                events, key=lambda event: (event.id != decided, reasons[event.id] is not None, *event.order)
            )
            return
        for event in sorted(events, key=lambda event: event.order):
            state, reason = status_projection.step(shipment.state(), event)
            shipment.take(state)
            self.reasons.setdefault(shipment.id, {})[event.id] = reason
            yield event

    def remove(self, shipment: Locked, event_id: UUID) -> None:
        """An event that does not count any more. The shipment's events must be loaded."""
        self.stored[shipment.id].pop(event_id, None)
        self.reasons.get(shipment.id, {}).pop(event_id, None)
        self.fold(shipment)

    def fold(self, shipment: Locked) -> None:
        """Where all loaded events bring a shipment."""
        folded = refold(shipment, self.stored[shipment.id].values())
        shipment.take(folded.state)
        self.reasons[shipment.id] = folded.not_applied

    def flipped(self) -> list[Flip]:
        """Stored events that count now and did not, or the other way round."""
        return [
            (event, reason)
            for reasons in self.reasons.values()
            for event, reason in reasons.items()
            if event in self.was and self.was[event] != (reason is None, reason)
        ]


async def settle(act: Act, shipments: Iterable[Locked]) -> list[Flip]:
    """Let the events of shipments follow what a command did, or a package that came; which of them count anew."""
    moved = {one.id: one for one in shipments if one.row["event_count"]}
    timeline = Timeline(moved)
    await timeline.load(act, moved)
    for one in moved.values():
        timeline.fold(one)
        one.follow()
    return timeline.flipped()


async def save(act: Act, flipped: Sequence[Flip]) -> None:
    """Write which stored events count now."""
    if flipped and not act.dry:
        await act.sql("tracking_events_set_applied", flips(flipped))


def flips(flipped: Sequence[Flip]) -> dict[str, Any]:
    """The table for a statement."""
    return {"flipped": json_text([{"id": event, "reason": reason} for event, reason in flipped])}


def refold(shipment: Locked, events: Iterable[Event]) -> Folded:
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
            Event(CANCEL, None, enums.TrackingEventCode.CANCELLED, None, cancelled, cancelled, 2**63 - 1,
                  override=enums.ShipmentStatus.CANCELLED)
        )  # fmt: skip
    folded = status_projection.fold(base(shipment), steps)
    folded.not_applied.pop(CANCEL, None)
    last = max((event.occurred_at for event in steps if event.id != CANCEL and not event.future), default=None)
    return Folded(named(folded.state, last, cancelled), folded.not_applied)


def base(shipment: Locked) -> State:
    """Where creation and `shipmentConfirm` brought it."""
    row = shipment.row
    confirmed = row["confirmed_at"]
    status = enums.ShipmentStatus.READY if confirmed else enums.ShipmentStatus.DRAFT
    start = Stage(status, confirmed or row["created_at"])
    packages = dict.fromkeys(shipment.packages, start)
    return State(
        start, enums.StatusSource.COMMAND, packages, ready_at=confirmed, estimated_delivery_at=row["estimate_given"]
    )


def named(state: State, last_event_at: datetime | None, cancelled_at: datetime | None) -> State:
    """A state that the cancellation decided names no event, and was not made ready by it."""
    packages = {key: unnamed(stage) for key, stage in state.packages.items()}
    source = enums.StatusSource.COMMAND if state.stage.event_id == CANCEL else state.source
    ready_at = None if state.ready_at == cancelled_at else state.ready_at
    stage = unnamed(state.stage)
    return replace(state, stage=stage, source=source, packages=packages, last_event_at=last_event_at, ready_at=ready_at)


def unnamed(stage: Stage) -> Stage:
    return replace(stage, event_id=None) if stage.event_id == CANCEL else stage


def event_of(row: Any) -> Event:
    """A stored event, as the projection sees it."""
    return Event(
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
