"""Rules about statuses: phase, rank, allowed transitions, editable fields.

`commands/` enforces these rules, and `query_engine/` returns them in `allowedTransitions` and `editableFields`. Both
read this module, so that the documented and the enforced rules cannot differ.
"""

from graphql_app.domain.enums import ShipmentPhase as Phase
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code

PLANNING = (Status.DRAFT, Status.READY)
"""Statuses of the phase PLANNING."""

CLOSED = (Status.DELIVERED, Status.RETURNED, Status.FAILED, Status.CANCELLED)
"""Statuses of the phase CLOSED: the final statuses."""

ACTIVE = tuple(status for status in Status if status not in (*PLANNING, *CLOSED))
"""Statuses of the phase ACTIVE."""

PHASES = {Phase.PLANNING: PLANNING, Phase.ACTIVE: ACTIVE, Phase.CLOSED: CLOSED}
"""Phase → its statuses."""

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
"""Progress of each status. Orders events with the same time and finds the least advanced package of a shipment."""

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
"""Event code → the status that it reports. Other event codes do not change the status."""

NOT_OVERRIDABLE = (Status.DRAFT, Status.CANCELLED)
"""Statuses that cannot be overridden. Confirm or cancel a draft; create a cancelled shipment again."""

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
"""Fields of `ShipmentUpdateInput` that can be changed until the shipment is closed."""

EDITABLE_WHILE_PLANNING = ("carrier", "service", "shipper", "recipient", "packages.weight", "packages.dimensions")
"""Fields of `ShipmentUpdateInput` that can be changed only in the phase PLANNING."""

EDITABLE_FIELDS = {
    Phase.PLANNING: (*EDITABLE_WHILE_PLANNING, *EDITABLE_UNTIL_CLOSED),
    Phase.ACTIVE: EDITABLE_UNTIL_CLOSED,
    Phase.CLOSED: (),
}
"""Phase → fields of `ShipmentUpdateInput` that can be changed."""


def phase(status: Status) -> Phase:
    """Return the phase of a status."""
    return next(phase for phase, statuses in PHASES.items() if status in statuses)


def transitions(status: Status, *, complete: bool) -> tuple[Status, ...]:
    """Return the statuses that `shipmentConfirm` and `shipmentCancel` can set.

    `complete`: the shipment has a recipient and a package, which `shipmentConfirm` requires.
    """
    if status is Status.DRAFT:
        return (Status.READY, Status.CANCELLED) if complete else (Status.CANCELLED,)
    return (Status.CANCELLED,) if status is Status.READY else ()
