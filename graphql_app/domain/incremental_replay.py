"""Replay of a part of a shipment's events: from a stored state before the first change until nothing differs any more.

The state after some of the events is stored with these events: the checkpoints, about one for `interval()` events. A
replay starts at the last checkpoint before the first changed event (recorded late, voided, or a command), and ends at
the first checkpoint after the last change whose state is the replayed one: from there on, everything is as it was. The
result equals `status_projection.replay` of all events, because both fold the same events in the same order with the
same function, and the rest of a fold depends only on the state at which it starts.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app.domain import status_projection
from graphql_app.domain.enums import ExceptionReason, NotAppliedReason, ShipmentStatus, StatusSource, TimePrecision
from graphql_app.domain.event_order import OccurrenceTime
from graphql_app.domain.projection_state import EventOrder, PackageStatus, ProjectionEvent, ShipmentState

MIN_INTERVAL_EVENTS = 128
"""Minimum number of events between two checkpoints."""
PACKAGE_EVENTS = 4
"""Additional events between two checkpoints for each package, because the state grows with the packages."""
MILESTONES = (
    "ready_at", "picked_up_at", "first_attempt_at", "delivered_at", "closed_at", "last_event_at",
    "estimated_delivery_at", "last_order_at",
)  # fmt: skip
"""Attributes of `ShipmentState` that are times."""
Json = Mapping[str, Any]
"""A state as JSON."""


def interval(packages: int) -> int:
    """Return the number of events between two checkpoints of a shipment with so many packages."""
    return MIN_INTERVAL_EVENTS + PACKAGE_EVENTS * packages


class IncrementalReplay:
    """Applies the events of one shipment in their order, beginning with `state`.

    Args:
        state: the state at the start.
        events_per_checkpoint: see `interval`.
        cancelled_at: the time of `shipmentCancel` if `state` does not include it, otherwise None.
        last_change: the order of the last changed event; None if a checkpoint must not end the replay.

    Attributes: `state`; `not_applied`, reason by event id; `checkpoints`, new states by event id; `is_finished`,
    whether the stored state was reached, so that everything after it stays as it is.
    """

    def __init__(
        self,
        state: ShipmentState,
        events_per_checkpoint: int,
        cancelled_at: datetime | None = None,
        last_change: EventOrder | None = None,
    ) -> None:
        self.state = state
        self.events_per_checkpoint = events_per_checkpoint
        self.cancelled_at = cancelled_at
        self.last_change = last_change
        self.not_applied: dict[UUID, NotAppliedReason | None] = {}
        self.checkpoints: dict[UUID, ShipmentState] = {}
        self.is_finished = False
        self._events_since_checkpoint = 0
        self._candidate: tuple[UUID, ShipmentState] | None = None

    def apply(self, event: ProjectionEvent, checkpoint: ShipmentState | None = None) -> None:
        """Apply the next event. `checkpoint` is the state stored with it."""
        if self.cancelled_at is not None and event.occurred_at > self.cancelled_at:
            self.cancel()
        self.state, reason = status_projection.apply_event(self.state, event)
        self.not_applied[event.id] = reason
        if checkpoint is not None:
            self._events_since_checkpoint, self._candidate = 0, None
            if checkpoint != self.state:
                self.checkpoints[event.id] = self.state
            elif self.last_change is not None and event.order > self.last_change and self.cancelled_at is None:
                self.is_finished = True
        elif reason is not NotAppliedReason.FUTURE:
            self._count(event)

    def _count(self, event: ProjectionEvent) -> None:
        """Add a checkpoint in the middle of two intervals without one, so that checkpoints never become dense."""
        self._events_since_checkpoint += 1
        if self._candidate is None and self._events_since_checkpoint >= self.events_per_checkpoint:
            self._candidate = event.id, self.state
        elif self._candidate is not None and self._events_since_checkpoint >= 2 * self.events_per_checkpoint:
            self.checkpoints[self._candidate[0]] = self._candidate[1]
            self._events_since_checkpoint -= self.events_per_checkpoint
            self._candidate = event.id, self.state

    def cancel(self) -> None:
        """Apply `shipmentCancel`, if it is not applied yet."""
        if self.cancelled_at is not None:
            self.state, self.cancelled_at = status_projection.cancel(self.state, self.cancelled_at), None


def encode_state(state: ShipmentState) -> Json:
    """Return a state as JSON, for `decode_state`."""
    return {
        "status": encode_status(state.status),
        "source": state.source.value,
        "packages": {id_.hex: encode_status(status) for id_, status in state.packages.items()},
        "milestones": [encode_time(getattr(state, name)) for name in MILESTONES],
    }


def decode_state(value: Json) -> ShipmentState:
    """Return the state that `encode_state` encoded."""
    return ShipmentState(
        decode_status(value["status"]),
        StatusSource(value["source"]),
        {UUID(id_): decode_status(status) for id_, status in value["packages"].items()},
        **{name: decode_time(at) for name, at in zip(MILESTONES, value["milestones"], strict=True)},
    )


def with_given_estimate(state: ShipmentState, estimate: datetime | None) -> ShipmentState:
    """Return a state with the estimate of a command, which replaces those of all events recorded before it."""
    return replace(state, estimated_delivery_at=estimate)


def encode_status(status: PackageStatus) -> list[Any]:
    """Return the status of a package as JSON."""
    time = status.time
    return [
        status.status.value,
        encode_time(status.at),
        status.event_id and status.event_id.hex,
        status.reason and status.reason.value,
        status.returning,
        time
        and [
            encode_time(time.occurred_at),
            encode_time(time.recorded_at),
            time.precision.value,
            encode_time(time.local),
            time.override,
        ],
    ]


def decode_status(value: list[Any]) -> PackageStatus:
    """Return the status that `encode_status` encoded."""
    status, at, event_id, reason, returning, time = value
    return PackageStatus(
        ShipmentStatus(status),
        datetime.fromisoformat(at),
        event_id and UUID(event_id),
        reason and ExceptionReason(reason),
        returning,
        time and decode_occurrence(*time),
    )


def decode_occurrence(
    occurred_at: str, recorded_at: str, precision: str, local: str | None, override: bool
) -> OccurrenceTime:
    """Return the time of the event that determined a status."""
    return OccurrenceTime(
        datetime.fromisoformat(occurred_at),
        datetime.fromisoformat(recorded_at),
        TimePrecision(precision),
        decode_time(local),
        override,
    )


def encode_time(at: datetime | None) -> str | None:
    """Return a time in UTC, or a local time without offset, as text."""
    if at is None:
        return None
    return (at if at.tzinfo is None else at.astimezone(UTC)).isoformat()


def decode_time(value: str | None) -> datetime | None:
    """Return the time that `encode_time` encoded."""
    return None if value is None else datetime.fromisoformat(value)
