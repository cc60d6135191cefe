"""Tracking events → status. Pure: the same events give the same result in whatever order they arrived.

A shipment's state is folded over its events in the order in which they *happened*: each event is a step on the state of
the packages that it is about, and the shipment's status is rolled up from theirs. An event that is later than all that
came before is one step from the stored state; an older one folds again from the beginning (`fold`), which is the same
step repeated, so the two cannot differ.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from graphql_app.domain import status_rules
from graphql_app.domain.enums import ExceptionReason, NotAppliedReason, ShipmentStatus, StatusSource
from graphql_app.domain.enums import TrackingEventCode as Code

Status = ShipmentStatus
FUTURE_TOLERANCE = timedelta(hours=24)
RETURNS = (Status.RETURNING, Status.RETURNED)
NOT_SCANNED = (*status_rules.PLANNING, Status.CANCELLED)
"""What is reported by somebody who need not have seen the package."""
TROUBLE = (Status.EXCEPTION, Status.FAILED, Status.DELIVERY_ATTEMPTED, Status.RETURNING, Status.RETURNED)
DEFAULT_REASONS = {
    Code.CUSTOMS_HELD: ExceptionReason.CUSTOMS_DELAY,
    Code.DAMAGED: ExceptionReason.DAMAGED,
    Code.LOST: ExceptionReason.LOST,
}


@dataclass(frozen=True, slots=True)
class ProjectionEvent:
    """What of an event matters for the status."""

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
        """Events of one moment are told apart by stage and content, never by arrival."""
        return self.occurred_at, self.position

    @property
    def status(self) -> Status | None:
        """The status that it reports; None if it says nothing about it."""
        return self.override or status_rules.STATUS_OF_CODE.get(self.code)

    @property
    def future(self) -> bool:
        return self.occurred_at > self.recorded_at + FUTURE_TOLERANCE


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """Where one package is, and what brought it there."""

    status: Status
    at: datetime
    event_id: UUID | None = None
    reason: ExceptionReason | None = None


@dataclass(frozen=True, slots=True)
class ShipmentState:
    """A shipment's status with its milestones, and the stages of its packages. One without packages is its own."""

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
    """The state after some events, and why each of them that did not count did not."""

    state: ShipmentState
    not_applied: dict[UUID, NotAppliedReason | None]


def position(code: Code, override: Status | None, content: bytes, package_seq: int = 0) -> int:
    """Order among events of one moment as a 64-bit integer: rank of the stage, 48 bits of a digest of what is reported,
    then the package's place in the shipment. Identities play no part: they are given in the order of arrival."""
    status = override or status_rules.STATUS_OF_CODE.get(code)
    rank = status_rules.RANK[status] if status else 0
    return (rank << 56) | (int.from_bytes(hashlib.sha256(content).digest()[:6], "big") << 8) | package_seq


def not_applied_reason(stage: PackageStatus, event: ProjectionEvent) -> NotAppliedReason | None:
    """Why an event does not move a package that stands at this stage; None if it does."""
    target = event.status
    if target is None:
        return NotAppliedReason.NOT_STATUS_BEARING
    if event.override is not None:
        return None
    now = stage.status
    if now in status_rules.CLOSED:
        return None if reopens(stage, event) else after_end(now, event)
    if target in status_rules.PLANNING and now not in status_rules.PLANNING:
        return NotAppliedReason.REGRESSION
    if event.date_only and status_rules.RANK[target] < status_rules.RANK[now] and same_day(stage.at, event.occurred_at):
        return NotAppliedReason.SUPERSEDED
    return None


def reopens(stage: PackageStatus, event: ProjectionEvent) -> bool:
    """Whether an event leads out of an end: a delivery may turn out damaged or come back, what was lost be found."""
    if stage.status is Status.DELIVERED:
        return event.status in RETURNS or event.code is Code.DAMAGED
    lost = stage.status is Status.FAILED and stage.reason is ExceptionReason.LOST
    return lost and event.code is not Code.LOST and event.status not in NOT_SCANNED


def after_end(end: Status, event: ProjectionEvent) -> NotAppliedReason:
    """Why an event does not count after this end."""
    return NotAppliedReason.SUPERSEDED if event.status is end else NotAppliedReason.AFTER_TERMINAL


def same_day(one: datetime, other: datetime) -> bool:
    """Whether both lie on one day in UTC."""
    return one.astimezone(UTC).date() == other.astimezone(UTC).date()


def move_package(stage: PackageStatus, event: ProjectionEvent, target: Status) -> PackageStatus:
    """The stage of a package after an event that applies. A command may be younger than what is reported after it."""
    reason = (event.reason or DEFAULT_REASONS.get(event.code)) if target in TROUBLE else None
    at = event.occurred_at
    return PackageStatus(target, min(stage.at, at) if target is stage.status else at, event.id, reason)


def roll_up(stages: Sequence[PackageStatus]) -> Status:
    """The status of a shipment with these packages."""
    statuses = {stage.status for stage in stages}
    if len(statuses) == 1:
        return stages[0].status
    if Status.DELIVERED in statuses:
        return Status.PARTIALLY_DELIVERED
    if Status.EXCEPTION in statuses:
        return Status.EXCEPTION
    return min(statuses, key=status_rules.RANK.__getitem__)


def apply_event(state: ShipmentState, event: ProjectionEvent) -> tuple[ShipmentState, NotAppliedReason | None]:
    """The state after one event that is later than all before it, and why it did not count if it did not."""
    if event.future:
        return state, NotAppliedReason.FUTURE
    target, why, packages = event.status, None, dict(state.packages or {event.id: state.status})
    moved = False
    for key in packages if event.package_id is None or not state.packages else (event.package_id,):
        refused = not_applied_reason(packages[key], event)
        if refused is None and target is not None:
            packages[key], moved = move_package(packages[key], event, target), True
        elif why is None:
            why = refused
    if not moved or target is None:
        return without_move(state, event), why
    return with_milestones(state, event, target, packages), None


def without_move(state: ShipmentState, event: ProjectionEvent) -> ShipmentState:
    """The state after an event that moved nothing: it was seen, and may have brought an estimate."""
    return ShipmentState(
        state.status,
        state.source,
        state.packages,
        state.ready_at,
        state.picked_up_at,
        state.first_attempt_at,
        state.delivered_at,
        state.closed_at,
        later(state.last_event_at, event.occurred_at),
        event.estimated_delivery_at or state.estimated_delivery_at,
    )


def later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None or known < at else known


def with_milestones(
    state: ShipmentState, event: ProjectionEvent, target: Status, packages: dict[UUID, PackageStatus]
) -> ShipmentState:
    """The shipment after one of its packages moved."""
    at, old = event.occurred_at, state.status
    stage, source = roll_up_status(state, event, list(packages.values()))
    status, same = stage.status, stage.status is old.status
    undone = event.override is not None and status in status_rules.PLANNING
    picked_up, attempted, delivered = state.picked_up_at, state.first_attempt_at, state.delivered_at
    if undone:
        picked_up = attempted = None
    elif target not in NOT_SCANNED:
        picked_up = picked_up or at
    if target is Status.DELIVERED or target is Status.DELIVERY_ATTEMPTED:
        attempted = attempted or at
    if status is Status.DELIVERED:
        delivered = delivered if same else at
    elif event.override is not None and status not in RETURNS:
        delivered = None
    return ShipmentState(
        stage,
        source,
        packages if state.packages else {},
        at if state.ready_at is None else min(at, state.ready_at),
        picked_up,
        attempted,
        delivered,
        (state.closed_at if same else at) if status in status_rules.CLOSED else None,
        later(state.last_event_at, at),
        event.estimated_delivery_at or state.estimated_delivery_at,
    )


def roll_up_status(
    state: ShipmentState, event: ProjectionEvent, stages: Sequence[PackageStatus]
) -> tuple[PackageStatus, StatusSource]:
    """The stage of the shipment, rolled up, and what decided it: the latest of the stages that make it what it is."""
    old, status = state.status, roll_up(stages)
    partial = status is Status.PARTIALLY_DELIVERED
    decisive = [one for one in stages if one.status is status or (partial and one.status is Status.DELIVERED)]
    decider = decisive[0] if len(decisive) == 1 else max(decisive, key=lambda one: one.at)
    reason = decider.reason
    if partial:
        troubled = [one for one in stages if one.reason is not None]
        reason = max(troubled, key=lambda one: one.at).reason if troubled else None
    if decider.event_id is None:
        source = StatusSource.COMMAND
    elif decider.event_id == event.id:
        source = StatusSource.PROJECTION if event.override is None else StatusSource.OVERRIDE
    else:
        source = state.source if decider.event_id == old.event_id else StatusSource.PROJECTION
    since = event.occurred_at if status is not old.status else min(old.at, decider.at)
    return PackageStatus(status, since, decider.event_id, reason), source


def fold(base: ShipmentState, events: Iterable[ProjectionEvent]) -> ProjectionResult:
    """The state after all of these events, whatever their order: they are taken in the order in which they happened."""
    state, not_applied = base, dict[UUID, NotAppliedReason | None]()
    for event in sorted(events, key=lambda event: event.order):
        state, not_applied[event.id] = apply_event(state, event)
    return ProjectionResult(state, not_applied)
