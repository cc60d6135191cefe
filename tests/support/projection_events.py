"""Shipment states and events for the tests of the status projection."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from graphql_app.domain import event_identity, status_projection
from graphql_app.domain.enums import NotAppliedReason as NotApplied
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import StatusSource as Source
from graphql_app.domain.enums import TimePrecision
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.projection_state import PackageStatus, ProjectionEvent, ProjectionResult, ShipmentState

BOOKED = datetime(2026, 3, 1, 8, tzinfo=UTC)
A, B, C = (UUID(int=number) for number in (1, 2, 3))


def state(*packages: UUID, status: Status = Status.READY) -> ShipmentState:
    """A shipment whose status a command set at BOOKED."""
    initial = PackageStatus(status, BOOKED)
    ready = None if status is Status.DRAFT else BOOKED
    return ShipmentState(initial, Source.COMMAND, dict.fromkeys(packages, initial), ready_at=ready)


def event(code: Code, hours: float, package: UUID | None = None, **fields: Any) -> ProjectionEvent:
    """An event `hours` after BOOKED, recorded at the same time. Its id is derived from its content."""
    at = BOOKED + timedelta(hours=hours)
    override = fields.get("override")
    report = {"source_name": "", "external_event_id": None, "code": code, "occurred_at": at, "place": [repr(override)]}
    content = event_identity.dedupe_key(package_id=None, **report)
    identity = event_identity.digest(repr(package), repr(sorted(fields.items())), content.hex())
    sequence = 0 if package is None else package.int
    if fields.pop("date_only", False):
        fields |= {"precision": TimePrecision.DATE_ONLY, "occurred_at": at.replace(hour=23, minute=59, second=59)}
    if local := fields.get("local"):
        at = local.replace(tzinfo=UTC)
    values = {"reason": None, "recorded_at": at, "occurred_at": at, **fields}
    return ProjectionEvent(
        UUID(bytes=identity[:16]), package, code,
        position=status_projection.position(code, override, content, sequence), **values,
    )  # fmt: skip


def override(status: Status, hours: float) -> ProjectionEvent:
    """The event of `shipmentOverrideStatus`, `hours` after BOOKED."""
    return event(Code.INFO, hours, override=status)


def project(base: ShipmentState, *events: ProjectionEvent) -> ProjectionResult:
    """State and reasons after all events."""
    return status_projection.replay(base, events)


def status_after(*events: ProjectionEvent, base: ShipmentState | None = None) -> Status:
    """Status of a shipment without packages after these events."""
    return project(base or state(), *events).state.status.status


def not_applied(*events: ProjectionEvent, base: ShipmentState | None = None) -> NotApplied | None:
    """Why the last event was not applied; None if it was."""
    return project(base or state(), *events).not_applied[events[-1].id]


class EventStore:
    """Records events as the database does: ignores duplicates, applies a latest event, replays for an older one."""

    def __init__(self, base: ShipmentState) -> None:
        self.base = self.state = base
        self.active: dict[UUID, ProjectionEvent] = {}
        self.not_applied: dict[UUID, NotApplied | None] = {}
        self.replays = 0

    def record(self, event: ProjectionEvent) -> None:
        if event.id in self.active:
            return
        latest = max((event.order for event in self.active.values()), default=None)
        self.active[event.id] = event
        if latest is None or event.order > latest:
            self.state, self.not_applied[event.id] = status_projection.apply_event(self.state, event)
        else:
            self.replay()

    def void(self, id_: UUID) -> None:
        if self.active.pop(id_, None):
            self.replay()

    def replay(self) -> None:
        self.replays += 1
        result = status_projection.replay(self.base, self.active.values())
        self.state, self.not_applied = result.state, result.not_applied
