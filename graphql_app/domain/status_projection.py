"""Status projection: derives the status of a shipment and its packages from tracking events.

Pure functions: the same events give the same result, whatever the order in which they arrived. Events are applied in
the order in which they occurred. Each event changes the status of the packages that it is about, and the shipment's
status is rolled up from the packages' statuses. An event that is later than all others is applied to the stored state
(`apply_event`). An older event causes a replay of all events from the initial state (`replay`), which calls the same
function for each event, so that both ways give the same result.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from graphql_app.domain import status_rules
from graphql_app.domain.enums import ExceptionReason, NotAppliedReason, StatusSource
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code

FUTURE_TOLERANCE = timedelta(hours=24)
"""An event that occurs later than this after it was recorded is not applied."""

RETURN_STATUSES = (Status.RETURNING, Status.RETURNED)
"""Statuses of a return to the shipper."""

UNSCANNED_STATUSES = (*status_rules.PLANNING, Status.CANCELLED)
"""Statuses that can be reported without a scan of the package."""

STATUSES_WITH_REASON = (Status.EXCEPTION, Status.FAILED, Status.DELIVERY_ATTEMPTED, Status.RETURNING, Status.RETURNED)
"""Statuses that keep the exception reason of their event."""

DEFAULT_REASONS = {
    Code.CUSTOMS_HELD: ExceptionReason.CUSTOMS_DELAY,
    Code.DAMAGED: ExceptionReason.DAMAGED,
    Code.LOST: ExceptionReason.LOST,
}
"""Event code → exception reason of events that name none."""


@dataclass(frozen=True, slots=True)
class ProjectionEvent:
    """The fields of a tracking event that determine the status.

    `position` orders events with the same time, see `position()`. `override` is the status that
    `shipmentOverrideStatus` set. `date_only`: the event was reported with a date only.
    """

    id: UUID
    package_id: UUID | None
    code: Code
    reason: ExceptionReason | None
    occurred_at: datetime
    recorded_at: datetime
    position: int
    estimated_delivery_at: datetime | None = None
    override: Status | None = None
    date_only: bool = False

    @property
    def order(self) -> tuple[datetime, int]:
        """Sort key: time, then progress and content. The order of arrival never matters."""
        return self.occurred_at, self.position

    @property
    def status(self) -> Status | None:
        """The reported status, or None if the event code carries no status."""
        return self.override or status_rules.STATUS_OF_CODE.get(self.code)

    @property
    def future(self) -> bool:
        """Whether the event occurs more than FUTURE_TOLERANCE after it was recorded."""
        return self.occurred_at > self.recorded_at + FUTURE_TOLERANCE


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """The status of a package or shipment, since when it has it, and the event that determined it.

    `event_id` is None if a command determined the status.
    """

    status: Status
    at: datetime
    event_id: UUID | None = None
    reason: ExceptionReason | None = None


@dataclass(frozen=True, slots=True)
class ShipmentState:
    """The status of a shipment, its milestones, and the statuses of its packages by id.

    A shipment without packages has an empty `packages`; events then change the status of the shipment itself.
    """

    status: PackageStatus
    source: StatusSource
    packages: dict[UUID, PackageStatus] = field(default_factory=dict)
    ready_at: datetime | None = None
    picked_up_at: datetime | None = None
    first_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None
    last_event_at: datetime | None = None
    estimated_delivery_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """The state after a series of events, and for each event's id why it was not applied (None: it was)."""

    state: ShipmentState
    not_applied: dict[UUID, NotAppliedReason | None]


def position(code: Code, override: Status | None, content: bytes, package_seq: int = 0) -> int:
    """Return the sort position of an event among events with the same time, as a 64-bit integer.

    From the highest bits down: rank of the status (8 bits), SHA-256 of `content` (48 bits), sequence number of the
    package in the shipment (8 bits). Event ids play no part, because they follow the order of arrival.
    """
    status = override or status_rules.STATUS_OF_CODE.get(code)
    rank = status_rules.RANK[status] if status else 0
    return (rank << 56) | (int.from_bytes(hashlib.sha256(content).digest()[:6], "big") << 8) | package_seq


def not_applied_reason(package: PackageStatus, event: ProjectionEvent) -> NotAppliedReason | None:
    """Return why an event does not change the status of a package, or None if it does."""
    target = event.status
    if target is None:
        return NotAppliedReason.NOT_STATUS_BEARING
    if event.override is not None:
        return None
    current = package.status
    if current in status_rules.CLOSED:
        return None if reopens(package, event) else closed_reason(current, event)
    if target in status_rules.PLANNING and current not in status_rules.PLANNING:
        return NotAppliedReason.REGRESSION
    less_advanced = status_rules.RANK[target] < status_rules.RANK[current]
    if event.date_only and less_advanced and is_same_day(package.at, event.occurred_at):
        return NotAppliedReason.SUPERSEDED
    return None


def reopens(package: PackageStatus, event: ProjectionEvent) -> bool:
    """Whether an event changes a final status: damage or return after delivery, a scan after a loss."""
    if package.status is Status.DELIVERED:
        return event.status in RETURN_STATUSES or event.code is Code.DAMAGED
    lost = package.status is Status.FAILED and package.reason is ExceptionReason.LOST
    return lost and event.code is not Code.LOST and event.status not in UNSCANNED_STATUSES


def closed_reason(final: Status, event: ProjectionEvent) -> NotAppliedReason:
    """Return why an event is not applied to a package with this final status."""
    return NotAppliedReason.SUPERSEDED if event.status is final else NotAppliedReason.AFTER_TERMINAL


def is_same_day(first: datetime, second: datetime) -> bool:
    """Whether two times are on the same day in UTC."""
    return first.astimezone(UTC).date() == second.astimezone(UTC).date()


def move_package(package: PackageStatus, event: ProjectionEvent, target: Status) -> PackageStatus:
    """Return the status of a package after an event that is applied.

    An event that repeats the status can only make it earlier: a command may have set it after the event occurred.
    """
    reason = (event.reason or DEFAULT_REASONS.get(event.code)) if target in STATUSES_WITH_REASON else None
    at = event.occurred_at
    return PackageStatus(target, min(package.at, at) if target is package.status else at, event.id, reason)


def roll_up(packages: Sequence[PackageStatus]) -> Status:
    """Return the status of a shipment with these packages: at least one.

    The common status, otherwise PARTIALLY_DELIVERED if any is delivered, EXCEPTION if any has one, or the least
    advanced.
    """
    statuses = {package.status for package in packages}
    if len(statuses) == 1:
        return packages[0].status
    if Status.DELIVERED in statuses:
        return Status.PARTIALLY_DELIVERED
    if Status.EXCEPTION in statuses:
        return Status.EXCEPTION
    return min(statuses, key=status_rules.RANK.__getitem__)


def apply_event(state: ShipmentState, event: ProjectionEvent) -> tuple[ShipmentState, NotAppliedReason | None]:
    """Apply an event that is later than all events before it.

    Returns the new state, and None if the event changed the status of any package, otherwise the reason of the first.
    """
    if event.future:
        return state, NotAppliedReason.FUTURE
    target, first_reason, packages = event.status, None, dict(state.packages or {event.id: state.status})
    moved = False
    for key in packages if event.package_id is None or not state.packages else (event.package_id,):
        reason = not_applied_reason(packages[key], event)
        if reason is None and target is not None:
            packages[key], moved = move_package(packages[key], event, target), True
        elif first_reason is None:
            first_reason = reason
    if not moved or target is None:
        return without_status_change(state, event), first_reason
    return with_milestones(state, event, target, packages), None


def without_status_change(state: ShipmentState, event: ProjectionEvent) -> ShipmentState:
    """Return the state after an event that moved no package: time of the last event and delivery estimate change."""
    return ShipmentState(
        state.status,
        state.source,
        state.packages,
        state.ready_at,
        state.picked_up_at,
        state.first_attempt_at,
        state.delivered_at,
        state.closed_at,
        latest_of(state.last_event_at, event.occurred_at),
        event.estimated_delivery_at or state.estimated_delivery_at,
    )


def latest_of(current: datetime | None, at: datetime) -> datetime:
    """Return the later of two times; None counts as earlier than any time."""
    return at if current is None or current < at else current


def with_milestones(
    state: ShipmentState, event: ProjectionEvent, target: Status, packages: dict[UUID, PackageStatus]
) -> ShipmentState:
    """Return the state after an event that moved at least one package, with its new status and milestones."""
    at, previous = event.occurred_at, state.status
    shipment, source = roll_up_status(state, event, list(packages.values()))
    status, unchanged = shipment.status, shipment.status is previous.status
    reset_to_planning = event.override is not None and status in status_rules.PLANNING
    picked_up, attempted, delivered = state.picked_up_at, state.first_attempt_at, state.delivered_at
    if reset_to_planning:
        picked_up = attempted = None
    elif target not in UNSCANNED_STATUSES:
        picked_up = picked_up or at
    if target is Status.DELIVERED or target is Status.DELIVERY_ATTEMPTED:
        attempted = attempted or at
    if status is Status.DELIVERED:
        delivered = delivered if unchanged else at
    elif event.override is not None and status not in RETURN_STATUSES:
        delivered = None
    return ShipmentState(
        shipment,
        source,
        packages if state.packages else {},
        at if state.ready_at is None else min(at, state.ready_at),
        picked_up,
        attempted,
        delivered,
        (state.closed_at if unchanged else at) if status in status_rules.CLOSED else None,
        latest_of(state.last_event_at, at),
        event.estimated_delivery_at or state.estimated_delivery_at,
    )


def roll_up_status(
    state: ShipmentState, event: ProjectionEvent, packages: Sequence[PackageStatus]
) -> tuple[PackageStatus, StatusSource]:
    """Return the status of the shipment and its source.

    The status is determined by the latest of the packages that have it (by the latest delivered one, if the shipment
    is partially delivered).
    """
    previous, status = state.status, roll_up(packages)
    partial = status is Status.PARTIALLY_DELIVERED
    candidates = [
        package for package in packages if package.status is status or (partial and package.status is Status.DELIVERED)
    ]
    deciding = candidates[0] if len(candidates) == 1 else max(candidates, key=lambda package: package.at)
    reason = deciding.reason
    if partial:
        with_reason = [package for package in packages if package.reason is not None]
        reason = max(with_reason, key=lambda package: package.at).reason if with_reason else None
    if deciding.event_id is None:
        source = StatusSource.COMMAND
    elif deciding.event_id == event.id:
        source = StatusSource.PROJECTION if event.override is None else StatusSource.OVERRIDE
    else:
        source = state.source if deciding.event_id == previous.event_id else StatusSource.PROJECTION
    since = event.occurred_at if status is not previous.status else min(previous.at, deciding.at)
    return PackageStatus(status, since, deciding.event_id, reason), source


def replay(base: ShipmentState, events: Iterable[ProjectionEvent]) -> ProjectionResult:
    """Return the state after all events, applied to `base` in the order in which they occurred."""
    state, not_applied = base, dict[UUID, NotAppliedReason | None]()
    for event in sorted(events, key=lambda event: event.order):
        state, not_applied[event.id] = apply_event(state, event)
    return ProjectionResult(state, not_applied)
