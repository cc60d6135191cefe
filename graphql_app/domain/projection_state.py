"""The values of the status projection: an event, the status of a package, the state of a shipment, the result."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from graphql_app.domain import status_rules
from graphql_app.domain.enums import ExceptionReason, NotAppliedReason, StatusSource, TimePrecision
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.domain.event_order import OccurrenceTime

EventOrder = tuple[datetime, int, UUID]
"""The sort key of an event: `occurred_at`, `position`, id."""


@dataclass(frozen=True, slots=True)
class ProjectionEvent:
    """The fields of a tracking event that determine the status.

    `position` orders events with the same time, see `position()`. `override` is the status that
    `shipmentOverrideStatus` set. `local` is the local time, None if it is unknown.
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
    precision: TimePrecision = TimePrecision.EXACT
    local: datetime | None = None
    time: OccurrenceTime = field(init=False, compare=False, repr=False)
    """When the event occurred, as far as it is known. Made once: a step reads it up to six times."""

    def __post_init__(self) -> None:
        """Set `time`."""
        time = OccurrenceTime(self.occurred_at, self.recorded_at, self.precision, self.local, self.override is not None)
        object.__setattr__(self, "time", time)

    @property
    def order(self) -> EventOrder:
        """Sort key: time, then progress and content, then the id. The order of arrival never matters."""
        return self.occurred_at, self.position, self.id

    @property
    def status(self) -> Status | None:
        """The reported status, or None if the event code carries no status."""
        return self.override or status_rules.STATUS_OF_CODE.get(self.code)


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """The status of a package or shipment, since when it has it, and the event that determined it.

    `event_id` is None if a command determined the status, and then so is `time`, the time of that event. `returning`:
    the package is on its way back to the shipper.
    """

    status: Status
    at: datetime
    event_id: UUID | None = None
    reason: ExceptionReason | None = None
    returning: bool = False
    time: OccurrenceTime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ShipmentState:
    """The status of a shipment, its milestones, and the statuses of its packages by id.

    A shipment without packages has an empty `packages`; events then change the status of the shipment itself.
    `last_order_at` is the `occurred_at` of the last event in the order of events. `last_event_at` is not in the future
    if that event has only a date.
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
    last_order_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """The state after a series of events, and for each event's id why it was not applied (None: it was)."""

    state: ShipmentState
    not_applied: dict[UUID, NotAppliedReason | None]
