"""What a status means: its phase, how far along it is, where commands may lead from it, what may still be edited.

Facts only. `actions/` enforces them, `read/` shows them in `allowedTransitions` and `editableFields`: one source, so
that what the API says and what it does cannot part.
"""

from graphql_app.domain.enums import ShipmentPhase as Phase
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code

PLANNING = (Status.DRAFT, Status.READY)
CLOSED = (Status.DELIVERED, Status.RETURNED, Status.FAILED, Status.CANCELLED)
ACTIVE = tuple(status for status in Status if status not in (*PLANNING, *CLOSED))
PHASES = {Phase.PLANNING: PLANNING, Phase.ACTIVE: ACTIVE, Phase.CLOSED: CLOSED}

RANK = {
    status: rank
    for rank, status in enumerate(
        (
            Status.DRAFT,
            Status.READY,
            Status.PICKED_UP,
            Status.IN_TRANSIT,
            Status.EXCEPTION,
            Status.OUT_FOR_DELIVERY,
            Status.AVAILABLE_FOR_PICKUP,
            Status.DELIVERY_ATTEMPTED,
            Status.PARTIALLY_DELIVERED,
            Status.RETURNING,
            Status.DELIVERED,
            Status.RETURNED,
            Status.FAILED,
            Status.CANCELLED,
        )
    )
}
"""How far along a status is: decides among events of one moment, and which of several packages is least advanced."""

STATUS_OF_CODE: dict[Code, Status] = {
    Code.LABEL_CREATED: Status.READY,
    Code.INFO_RECEIVED: Status.READY,
    Code.PICKED_UP: Status.PICKED_UP,
    Code.DROPPED_OFF: Status.PICKED_UP,
    Code.ARRIVED_AT_FACILITY: Status.IN_TRANSIT,
    Code.DEPARTED_FACILITY: Status.IN_TRANSIT,
    Code.IN_TRANSIT: Status.IN_TRANSIT,
    Code.CUSTOMS_STARTED: Status.IN_TRANSIT,
    Code.CUSTOMS_CLEARED: Status.IN_TRANSIT,
    Code.CUSTOMS_HELD: Status.EXCEPTION,
    Code.HANDED_TO_PARTNER: Status.IN_TRANSIT,
    Code.ARRIVED_AT_DESTINATION_FACILITY: Status.IN_TRANSIT,
    Code.OUT_FOR_DELIVERY: Status.OUT_FOR_DELIVERY,
    Code.DELIVERY_ATTEMPTED: Status.DELIVERY_ATTEMPTED,
    Code.AVAILABLE_FOR_PICKUP: Status.AVAILABLE_FOR_PICKUP,
    Code.DELIVERED: Status.DELIVERED,
    Code.HELD: Status.EXCEPTION,
    Code.EXCEPTION: Status.EXCEPTION,
    Code.RETURN_STARTED: Status.RETURNING,
    Code.RETURNED: Status.RETURNED,
    Code.LOST: Status.FAILED,
    Code.DAMAGED: Status.EXCEPTION,
    Code.DESTROYED: Status.FAILED,
    Code.CANCELLED: Status.CANCELLED,
}
"""The status that an event of a code reports; codes that are absent say nothing about it."""

NOT_OVERRIDABLE = (Status.DRAFT, Status.CANCELLED)
"""A plan is confirmed or cancelled, what was cancelled is made anew: neither can be overridden."""

EDITABLE_UNTIL_CLOSED = (
    "externalReference",
    "promisedFrom",
    "promisedTo",
    "estimatedDeliveryAt",
    "references",
    "metadataSet",
    "metadataUnset",
    "tagsAdd",
    "tagsRemove",
    "packages.trackingNumber",
)
EDITABLE_WHILE_PLANNING = ("carrier", "service", "shipper", "recipient", "packages.weight", "packages.dimensions")
EDITABLE_FIELDS = {
    Phase.PLANNING: (*EDITABLE_WHILE_PLANNING, *EDITABLE_UNTIL_CLOSED),
    Phase.ACTIVE: EDITABLE_UNTIL_CLOSED,
    Phase.CLOSED: (),
}
"""Fields of `ShipmentUpdateInput` that may be given, by phase."""


def phase(status: Status) -> Phase:
    """The phase that a status belongs to."""
    return next(phase for phase, statuses in PHASES.items() if status in statuses)


def transitions(status: Status, *, complete: bool) -> tuple[Status, ...]:
    """Where `shipmentConfirm` and `shipmentCancel` may lead. `complete`: it has a recipient and a package."""
    if status is Status.DRAFT:
        return (Status.READY, Status.CANCELLED) if complete else (Status.CANCELLED,)
    return (Status.CANCELLED,) if status is Status.READY else ()
