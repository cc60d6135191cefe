"""Status projection: derives the status of a shipment and its packages from tracking events.

Pure functions: the same events give the same result, whatever the order in which they arrived. Events are applied in
the order in which they occurred. Each event changes the status of the packages that it is about, and the shipment's
status is rolled up from the packages' statuses. An event that is later than all others is applied to the stored state
(`apply_event`). An older event causes a replay of all events from the initial state (`replay`), which calls the same
function for each event, so that both ways give the same result. `event_order` defines the order.

**Returns.** RETURN_STARTED, or an override to RETURNING, starts the way back to the shipper. From then on a scan of the
package keeps RETURNING, whatever stage it reports, and DELIVERED means RETURNED: the recipient never got it, so
`delivered_at` and `first_attempt_at` do not change. REDIRECTED ends the return (IN_TRANSIT), and so does an override. A
package that is lost on its way back and found again is still on its way back.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from graphql_app.domain import event_order, status_rules
from graphql_app.domain.enums import ExceptionReason, NotAppliedReason, StatusSource
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.event_order import TimeOrder
from graphql_app.domain.projection_state import PackageStatus, ProjectionEvent, ProjectionResult, ShipmentState

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


def position(code: Code, override: Status | None, content: bytes, package_seq: int = 0) -> int:
    """Return the sort position of an event among events with the same time, as a 64-bit integer.

    From the highest bits down: rank of the status (8 bits), SHA-256 of `content` (48 bits), sequence number of the
    package in the shipment (8 bits). Event ids play no part, because they follow the order of arrival.
    """
    status = override or status_rules.STATUS_OF_CODE.get(code)
    rank = status_rules.RANK[status] if status else 0
    return (rank << 56) | (int.from_bytes(hashlib.sha256(content).digest()[:6], "big") << 8) | package_seq


def target_status(package: PackageStatus, event: ProjectionEvent) -> Status | None:
    """Return the status that an event gives a package, or None if it carries none.

    On the way back to the shipper, active statuses mean RETURNING and DELIVERED means RETURNED. REDIRECTED ends the
    return.
    """
    status = event.status
    if not package.returning or event.override is not None:
        return status
    if event.code is Code.REDIRECTED and package.status is Status.RETURNING:
        return Status.IN_TRANSIT
    if status is Status.DELIVERED:
        return Status.RETURNED
    return Status.RETURNING if status in status_rules.ACTIVE else status


def not_applied_reason(
    package: PackageStatus, event: ProjectionEvent, target: Status | None
) -> NotAppliedReason | None:
    """Return why an event does not change the status of a package to `target`, or None if it does."""
    if target is None:
        return NotAppliedReason.NOT_STATUS_BEARING
    if event.override is not None:
        return None
    current = package.status
    order = TimeOrder.AFTER if package.time is None else event_order.compare(event.time, package.time)
    if order is TimeOrder.BEFORE and package.time is not None and package.time.override:
        return NotAppliedReason.SUPERSEDED
    if current in status_rules.CLOSED:
        return None if reopens(package, event) else closed_reason(current, event)
    if target in status_rules.PLANNING and current not in status_rules.PLANNING:
        return NotAppliedReason.REGRESSION
    if order is TimeOrder.UNKNOWN and status_rules.RANK[target] < status_rules.RANK[current]:
        return NotAppliedReason.SUPERSEDED
    if order is TimeOrder.BEFORE and not outlasts(package, event, target):
        return NotAppliedReason.SUPERSEDED
    return None


def outlasts(package: PackageStatus, event: ProjectionEvent, target: Status) -> bool:
    """Whether an event that occurred before the deciding one still decides, because the later one does not change it.

    Final statuses do, unless they are followed by what reopens them; the start of a return does if scans follow.
    """
    if target in status_rules.CLOSED:
        reopened = package.returning or package.reason is ExceptionReason.DAMAGED
        return event.code is not Code.LOST and not (event.status is Status.DELIVERED and reopened)
    return target is Status.RETURNING and not package.returning


def reopens(package: PackageStatus, event: ProjectionEvent) -> bool:
    """Whether an event changes a final status: damage or return after delivery, a scan after a loss."""
    if package.status is Status.DELIVERED:
        return event.status in RETURN_STATUSES or event.code is Code.DAMAGED
    lost = package.status is Status.FAILED and package.reason is ExceptionReason.LOST
    return lost and event.code is not Code.LOST and event.status not in UNSCANNED_STATUSES


def closed_reason(final: Status, event: ProjectionEvent) -> NotAppliedReason:
    """Return why an event is not applied to a package with this final status."""
    return NotAppliedReason.SUPERSEDED if event.status is final else NotAppliedReason.AFTER_TERMINAL


def move_package(package: PackageStatus, event: ProjectionEvent, target: Status) -> PackageStatus:
    """Return the status of a package after an event that is applied.

    An event that repeats the status can only make it earlier: a command may have set it after the event occurred. A
    return keeps its reason until an event names another one.
    """
    reason = None
    if target in STATUSES_WITH_REASON:
        reason = event.reason or DEFAULT_REASONS.get(event.code)
        if reason is None and package.returning and target in RETURN_STATUSES:
            reason = package.reason
    time = event.time
    at = min(package.at, time.known_at) if target is package.status else time.known_at
    lost = target is Status.FAILED and reason is ExceptionReason.LOST
    returning = target is Status.RETURNING or (package.returning and lost and event.override is None)
    return PackageStatus(target, at, event.id, reason, returning, time)


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
    if event.time.is_future:
        return state, NotAppliedReason.FUTURE
    first_reason, packages = None, dict(state.packages or {event.id: state.status})
    targets = set[Status]()
    for key in packages if event.package_id is None or not state.packages else (event.package_id,):
        target = target_status(packages[key], event)
        reason = not_applied_reason(packages[key], event, target)
        if reason is None and target is not None:
            packages[key] = move_package(packages[key], event, target)
            targets.add(target)
        elif first_reason is None:
            first_reason = reason
    if not targets:
        return without_status_change(state, event), first_reason
    return with_milestones(state, event, targets, packages), None


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
        latest_of(state.last_event_at, event.time.known_at),
        event.estimated_delivery_at or state.estimated_delivery_at,
        event.occurred_at,
    )


def latest_of(current: datetime | None, at: datetime) -> datetime:
    """Return the later of two times; None counts as earlier than any time."""
    return at if current is None or current < at else current


def with_milestones(
    state: ShipmentState, event: ProjectionEvent, targets: set[Status], packages: dict[UUID, PackageStatus]
) -> ShipmentState:
    """Return the state after an event that moved packages to `targets`, with its new status and milestones."""
    at, previous = event.time.known_at, state.status
    shipment, source = roll_up_status(state, event, list(packages.values()))
    status, unchanged = shipment.status, shipment.status is previous.status
    reset_to_planning = event.override is not None and status in status_rules.PLANNING
    picked_up, attempted, delivered = state.picked_up_at, state.first_attempt_at, state.delivered_at
    if reset_to_planning:
        picked_up = attempted = None
    elif not targets.issubset(UNSCANNED_STATUSES):
        picked_up = picked_up or at
    if Status.DELIVERED in targets or Status.DELIVERY_ATTEMPTED in targets:
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
        event.occurred_at,
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
    since = event.time.known_at if status is not previous.status else min(previous.at, deciding.at)
    return PackageStatus(status, since, deciding.event_id, reason, deciding.returning, deciding.time), source


def cancel(state: ShipmentState, at: datetime) -> ShipmentState:
    """Return the state after `shipmentCancel` at this time: a command, which is no event and no scan."""
    packages = {id_: cancelled_status(package, at) for id_, package in state.packages.items()}
    is_cancelled = state.status.status is Status.CANCELLED
    return replace(
        state,
        status=cancelled_status(state.status, at),
        source=StatusSource.COMMAND,
        packages=packages,
        delivered_at=None,
        closed_at=state.closed_at if is_cancelled else at,
    )


def cancelled_status(status: PackageStatus, at: datetime) -> PackageStatus:
    """Return CANCELLED since this time, or since an earlier cancellation by the carrier."""
    return PackageStatus(Status.CANCELLED, min(status.at, at) if status.status is Status.CANCELLED else at)


def replay(
    base: ShipmentState, events: Iterable[ProjectionEvent], cancelled_at: datetime | None = None
) -> ProjectionResult:
    """Return the state after all events, applied to `base` in the order in which they occurred.

    `cancelled_at`: the time of `shipmentCancel`, which comes after all events of the same instant.
    """
    state, not_applied = base, dict[UUID, NotAppliedReason | None]()
    pending = cancelled_at
    for event in sorted(events, key=lambda event: event.order):
        if pending is not None and event.occurred_at > pending:
            state, pending = cancel(state, pending), None
        state, not_applied[event.id] = apply_event(state, event)
    return ProjectionResult(state if pending is None else cancel(state, pending), not_applied)
