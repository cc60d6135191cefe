"""Tracking events → status. Pure: the same events give the same result in whatever order they arrived.

A shipment's state is folded over its events in the order in which they *happened*: each event is a step on the state of
the packages that it is about, and the shipment's status is rolled up from theirs. An event that is later than all that
came before is one step from the stored state; an older one folds again from the beginning (`fold`), which is the same
step repeated, so the two cannot differ.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from graphql_app import lifecycle
from graphql_app.vocabulary import ExceptionReason, NotAppliedReason, ShipmentStatus, StatusSource
from graphql_app.vocabulary import TrackingEventCode as Code

Status = ShipmentStatus
FUTURE = timedelta(hours=24)
RETURNS = (Status.RETURNING, Status.RETURNED)
TROUBLE = (Status.EXCEPTION, Status.FAILED, Status.DELIVERY_ATTEMPTED, Status.RETURNING, Status.RETURNED)
DEFAULT_REASONS = {
    Code.CUSTOMS_HELD: ExceptionReason.CUSTOMS_DELAY,
    Code.DAMAGED: ExceptionReason.DAMAGED,
    Code.LOST: ExceptionReason.LOST,
}


@dataclass(frozen=True, slots=True)
class Event:
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

    @property
    def order(self) -> tuple[datetime, int]:
        """Events of one moment are told apart by stage and content, never by arrival."""
        return self.occurred_at, self.position

    @property
    def status(self) -> Status | None:
        """The status that it reports; None if it says nothing about it."""
        return self.override or lifecycle.OF_CODE.get(self.code)

    @property
    def future(self) -> bool:
        return self.occurred_at > self.recorded_at + FUTURE


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one package is, and what brought it there."""

    status: Status
    at: datetime
    event_id: UUID | None = None
    reason: ExceptionReason | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A shipment's status with its milestones, and the stages of its packages. One without packages is its own."""

    stage: Stage
    source: StatusSource
    packages: dict[UUID, Stage] = field(default_factory=dict)
    ready_at: datetime | None = None
    picked_up_at: datetime | None = None
    first_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None
    last_event_at: datetime | None = None
    estimated_delivery_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """The state after some events, and why each of them that did not count did not."""

    state: State
    not_applied: dict[UUID, NotAppliedReason | None]


def position(code: Code, override: Status | None, dedupe_key: bytes) -> int:
    """Order among events of one moment as a 64-bit integer: rank of the stage, then 56 bits of the content's digest."""
    status = override or lifecycle.OF_CODE.get(code)
    rank = lifecycle.RANK[status] if status else 0
    return (rank << 56) | int.from_bytes(hashlib.sha256(dedupe_key).digest()[:7], "big")


def refusal(stage: Stage, event: Event) -> NotAppliedReason | None:
    """Why an event does not move a package that stands at this stage; None if it does."""
    target = event.status
    if target is None:
        return NotAppliedReason.NOT_STATUS_BEARING
    if event.override is not None:
        return None
    now = stage.status
    if now in lifecycle.CLOSED:
        if now is Status.DELIVERED and (target in RETURNS or event.code is Code.DAMAGED):
            return None
        if now is Status.FAILED and stage.reason is ExceptionReason.LOST and target not in lifecycle.PLANNING:
            return None if target is not Status.FAILED else NotAppliedReason.SUPERSEDED
        return NotAppliedReason.SUPERSEDED if target is now else NotAppliedReason.AFTER_TERMINAL
    if target in lifecycle.PLANNING and now not in lifecycle.PLANNING:
        return NotAppliedReason.REGRESSION
    return None


def advance(stage: Stage, event: Event) -> Stage:
    """The stage of a package after an event that applies."""
    assert event.status is not None
    reason = (event.reason or DEFAULT_REASONS.get(event.code)) if event.status in TROUBLE else None
    return Stage(event.status, stage.at if event.status is stage.status else event.occurred_at, event.id, reason)


def rolled_up(stages: Sequence[Stage]) -> Status:
    """The status of a shipment with these packages."""
    statuses = {stage.status for stage in stages}
    if len(statuses) == 1:
        return next(iter(statuses))
    if Status.DELIVERED in statuses:
        return Status.PARTIALLY_DELIVERED
    if Status.EXCEPTION in statuses:
        return Status.EXCEPTION
    return min(statuses, key=lifecycle.RANK.__getitem__)


def step(state: State, event: Event) -> tuple[State, NotAppliedReason | None]:
    """The state after one event that is later than all before it, and why it did not count if it did not."""
    if event.future:
        return state, NotAppliedReason.FUTURE
    at = event.occurred_at
    seen = at if state.last_event_at is None else max(at, state.last_event_at)
    state = replace(
        state, last_event_at=seen, estimated_delivery_at=event.estimated_delivery_at or state.estimated_delivery_at
    )
    before = state.packages or {event.id: state.stage}
    about = before if event.package_id is None or not state.packages else {event.package_id: before[event.package_id]}
    refused = {key: refusal(stage, event) for key, stage in about.items()}
    if None not in refused.values():
        return state, next(iter(refused.values()))
    moved = {key: advance(about[key], event) for key, reason in refused.items() if reason is None}
    after = {**before, **moved}
    return milestones(state, event, after), None


def milestones(state: State, event: Event, packages: dict[UUID, Stage]) -> State:
    """The shipment after one of its packages moved."""
    at, target, old = event.occurred_at, event.status, state.stage
    stages = list(packages.values())
    status = rolled_up(stages)
    alike = [one for one in stages if one.status in (status, Status.DELIVERED)]
    latest = max(alike, key=lambda one: one.at)
    stage = Stage(status, old.at if status is old.status else at, latest.event_id, latest.reason)
    active = target not in (*lifecycle.PLANNING, Status.CANCELLED)
    attempted = target in (Status.DELIVERY_ATTEMPTED, Status.DELIVERED)
    return replace(
        state,
        stage=stage,
        source=StatusSource.OVERRIDE if event.override is not None else StatusSource.PROJECTION,
        packages=packages if state.packages else {},
        ready_at=at if state.ready_at is None else min(at, state.ready_at),
        picked_up_at=state.picked_up_at or (at if active else None),
        first_attempt_at=state.first_attempt_at or (at if attempted else None),
        delivered_at=at if status is Status.DELIVERED and old.status is not status else state.delivered_at,
        closed_at=(state.closed_at if status is old.status else at) if status in lifecycle.CLOSED else None,
    )


def fold(base: State, events: Iterable[Event]) -> Folded:
    """The state after all of these events, whatever their order: they are taken in the order in which they happened."""
    state, not_applied = base, dict[UUID, NotAppliedReason | None]()
    for event in sorted(events, key=lambda event: event.order):
        state, not_applied[event.id] = step(state, event)
    return Folded(state, not_applied)
