"""All enums of the tables and of the API, each value with its description.

Names of values are the same in Python, in PostgreSQL and in GraphQL.
"""

from enum import StrEnum
from typing import Self


class DocumentedEnum(StrEnum):
    """A string enum whose values carry a description. Declare a value as `NAME = "NAME", "Description."`."""

    doc: str
    """Description of the value, used in the GraphQL schema and in the documentation."""

    def __new__(cls, value: str, doc: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        return member

    # Faster than Enum.__hash__, which is written in Python and hashes the name. Name and value are equal here, so the
    # hashes are, too. Members are keys of dicts that every request reads.
    __hash__ = str.__hash__


class ShipmentStatus(DocumentedEnum):
    """The status of a shipment or a package."""

    DRAFT = "DRAFT", "Being planned, not confirmed yet."
    READY = "READY", "Booked, but not yet in the carrier's possession."
    PICKED_UP = "PICKED_UP", "The carrier has taken possession of the shipment."
    IN_TRANSIT = "IN_TRANSIT", "On its way between facilities."
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY", "On the vehicle for final delivery."
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP", "Waiting for the recipient at a counter or locker."
    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED", "The carrier attempted a delivery that failed."
    EXCEPTION = "EXCEPTION", "Held up by a problem. `exceptionReason` names the cause, if known."
    PARTIALLY_DELIVERED = (
        "PARTIALLY_DELIVERED",
        "Some packages are delivered, others are not. Shipments only, never packages.",
    )
    DELIVERED = "DELIVERED", "Delivered to the recipient. Only a return, damage or an override changes this status."
    RETURNING = "RETURNING", "On its way back to the shipper."
    RETURNED = "RETURNED", "Back with the shipper. Only an override changes this status."
    FAILED = (
        "FAILED",
        "Lost, destroyed or undeliverable. Only an override or, after a loss, a later scan changes this status.",
    )
    CANCELLED = "CANCELLED", "Cancelled by `shipmentCancel` or by the carrier. Cannot be overridden."


class ShipmentPhase(DocumentedEnum):
    """The phase in the life of a shipment. Every status belongs to exactly one phase."""

    PLANNING = "PLANNING", "Status DRAFT or READY. The shipment can still be edited and cancelled."
    ACTIVE = "ACTIVE", "The carrier has the shipment, and its status is not final."
    CLOSED = "CLOSED", "Status DELIVERED, RETURNED, FAILED or CANCELLED. No further progress is expected."


class StatusSource(DocumentedEnum):
    """What determined the current status of a shipment."""

    PROJECTION = "PROJECTION", "The status follows from tracking events."
    COMMAND = "COMMAND", "The status was set by a command: creation, `shipmentConfirm` or `shipmentCancel`."
    OVERRIDE = "OVERRIDE", "The status was set by `shipmentOverrideStatus`."


class ShipmentDirection(DocumentedEnum):
    """The direction in which the goods move, seen from the account."""

    OUTBOUND = "OUTBOUND", "From the account to a customer."
    INBOUND = "INBOUND", "From a supplier to the account."
    RETURN = "RETURN", "Back from a customer to the account."
    TRANSFER = "TRANSFER", "Between two locations of the account."


class PartyRole(DocumentedEnum):
    """The role of a party in a shipment. Each role occurs at most once per shipment."""

    SHIPPER = "SHIPPER", "The party that sends the shipment."
    RECIPIENT = "RECIPIENT", "The party that receives the shipment."
    RETURN_TO = "RETURN_TO", "The party that receives the shipment if it cannot be delivered."
    BILL_TO = "BILL_TO", "The party that pays for the shipment."
    NOTIFY = "NOTIFY", "The party to notify about the shipment."


class WeightUnit(DocumentedEnum):
    """A unit of weight."""

    G = "G", "Gram, equal to 0.001 kg."
    KG = "KG", "Kilogram, equal to 1,000 g."
    OZ = "OZ", "Avoirdupois ounce, equal to 28.349523125 g."
    LB = "LB", "Avoirdupois pound, equal to 453.59237 g."


class LengthUnit(DocumentedEnum):
    """A unit of length."""

    MM = "MM", "Millimetre, equal to 0.001 m."
    CM = "CM", "Centimetre, equal to 10 mm."
    M = "M", "Metre, equal to 1,000 mm."
    IN = "IN", "Inch, equal to 25.4 mm."
    FT = "FT", "Foot, equal to 304.8 mm."


class TimePrecision(DocumentedEnum):
    """The precision of the time of a tracking event."""

    EXACT = "EXACT", "Reported as an instant with its UTC offset."
    ZONE_ASSUMED = "ZONE_ASSUMED", "Reported as a local time with the time zone of its place."
    LOCAL = "LOCAL", "Reported as a local time whose time zone is unknown. The event sorts as if it were UTC."
    DATE_ONLY = "DATE_ONLY", "Reported as a date. The event sorts at 23:59:59 UTC of that day."


class NotAppliedReason(DocumentedEnum):
    """The reason why a tracking event did not change the status."""

    NOT_STATUS_BEARING = "NOT_STATUS_BEARING", "The event code carries no status."
    REGRESSION = "REGRESSION", "The event would move a package back to phase PLANNING, but the carrier already has it."
    AFTER_TERMINAL = "AFTER_TERMINAL", "The package already had a final status that this event code cannot change."
    SUPERSEDED = (
        "SUPERSEDED",
        "The event repeats a final status. Or its time of day or time zone is unknown, and it occurred before the "
        "deciding event, or on the same local day with less progress.",
    )
    FUTURE = "FUTURE", "The event occurred more than 24 hours after the time at which it was recorded."
    VOIDED = "VOIDED", "The event was voided by `trackingEventVoid`."


class ExceptionReason(DocumentedEnum):
    """The cause of an exception, a failed delivery attempt, a failure or a return."""

    ADDRESS = "ADDRESS", "The address is incomplete or wrong."
    RECIPIENT_ABSENT = "RECIPIENT_ABSENT", "The recipient was not present."
    REFUSED = "REFUSED", "The recipient rejected the shipment."
    BUSINESS_CLOSED = "BUSINESS_CLOSED", "The recipient's business was closed."
    ACCESS = "ACCESS", "The place could not be reached or entered."
    CUSTOMS_DELAY = "CUSTOMS_DELAY", "Customs clearance takes longer than planned."
    CUSTOMS_DOCUMENTS = "CUSTOMS_DOCUMENTS", "Customs documents are missing or wrong."
    DUTIES_UNPAID = "DUTIES_UNPAID", "Duties or taxes are not paid."
    DAMAGED = "DAMAGED", "The goods are damaged."
    LOST = "LOST", "The shipment cannot be found."
    MISROUTED = "MISROUTED", "The shipment was sent to the wrong place."
    CARRIER_CAPACITY = "CARRIER_CAPACITY", "The carrier lacks space or staff."
    VEHICLE = "VEHICLE", "The vehicle broke down or had an accident."
    WEATHER = "WEATHER", "Bad weather holds up the shipment."
    DISASTER = "DISASTER", "Natural disaster, strike or unrest."
    PAYMENT_DUE = "PAYMENT_DUE", "A payment on delivery is due."
    SHIPPER = "SHIPPER", "The shipper has to resolve a problem."
    SECURITY = "SECURITY", "The shipment is held for security reasons."
    OTHER = "OTHER", "Another cause, described in the event's message."


class TrackingEventCode(DocumentedEnum):
    """The type of a tracking event, in one vocabulary for all carriers, with the status that it reports."""

    LABEL_CREATED = "LABEL_CREATED", "A label was created. Status: READY."
    INFO_RECEIVED = "INFO_RECEIVED", "The carrier has the shipment's data, but not the shipment. Status: READY."
    PICKED_UP = "PICKED_UP", "The carrier picked up the shipment. Status: PICKED_UP."
    DROPPED_OFF = "DROPPED_OFF", "The shipper handed the shipment to the carrier. Status: PICKED_UP."
    ARRIVED_AT_FACILITY = "ARRIVED_AT_FACILITY", "Arrived at a facility. Status: IN_TRANSIT."
    DEPARTED_FACILITY = "DEPARTED_FACILITY", "Departed from a facility. Status: IN_TRANSIT."
    IN_TRANSIT = "IN_TRANSIT", "On its way. Status: IN_TRANSIT."
    CUSTOMS_STARTED = "CUSTOMS_STARTED", "Customs clearance started. Status: IN_TRANSIT."
    CUSTOMS_CLEARED = "CUSTOMS_CLEARED", "Customs released the shipment. Status: IN_TRANSIT."
    CUSTOMS_HELD = "CUSTOMS_HELD", "Customs holds the shipment. Status: EXCEPTION."
    HANDED_TO_PARTNER = "HANDED_TO_PARTNER", "Handed over to another carrier. Status: IN_TRANSIT."
    ARRIVED_AT_DESTINATION_FACILITY = (
        "ARRIVED_AT_DESTINATION_FACILITY",
        "Arrived at the facility that delivers the shipment. Status: IN_TRANSIT.",
    )
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY", "On the vehicle for final delivery. Status: OUT_FOR_DELIVERY."
    DELIVERY_SCHEDULED = "DELIVERY_SCHEDULED", "A delivery was scheduled. Does not change the status."
    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED", "A delivery was attempted and failed. Status: DELIVERY_ATTEMPTED."
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP", "Ready for pickup by the recipient. Status: AVAILABLE_FOR_PICKUP."
    DELIVERED = "DELIVERED", "Delivered to the recipient. Status: DELIVERED; RETURNED during a return."
    DELAYED = "DELAYED", "The delivery will be late. Does not change the status."
    HELD = "HELD", "The carrier holds the shipment. Status: EXCEPTION."
    EXCEPTION = "EXCEPTION", "A problem occurred; `reason` names the cause. Status: EXCEPTION."
    ADDRESS_CORRECTED = "ADDRESS_CORRECTED", "The carrier corrected the address. Does not change the status."
    REDIRECTED = "REDIRECTED", "Redirected to another address. Ends a return: RETURNING becomes IN_TRANSIT."
    RETURN_STARTED = "RETURN_STARTED", "The return to the shipper started. Status: RETURNING, which later scans keep."
    RETURNED = "RETURNED", "Returned to the shipper. Status: RETURNED."
    LOST = "LOST", "The shipment cannot be found. Status: FAILED, until a later scan shows that it was found."
    DAMAGED = "DAMAGED", "The shipment is damaged. Status: EXCEPTION."
    DESTROYED = "DESTROYED", "The shipment was destroyed. Status: FAILED."
    CANCELLED = "CANCELLED", "The carrier cancelled the shipment. Status: CANCELLED."
    INFO = "INFO", "Any other information. Does not change the status."


class EventSource(DocumentedEnum):
    """The origin of a tracking event."""

    REPORT = "REPORT", "Reported through `trackingEventsRecord`."
    OVERRIDE = "OVERRIDE", "Created by `shipmentOverrideStatus`."


class IdempotencyState(DocumentedEnum):
    """The state of a call with an idempotency key."""

    RUNNING = "RUNNING", "Claimed by a transaction that has not ended."
    DONE = "DONE", "The result is stored and returned to retries."


class CountPrecision(DocumentedEnum):
    """Whether a count is exact or a lower bound."""

    EXACT = "EXACT", "All matching items were counted."
    AT_LEAST = "AT_LEAST", "Counting stopped at the limit; there are more items."


class Lateness(DocumentedEnum):
    """Whether a shipment keeps its deadline: the end of the promised window, otherwise the estimated delivery time."""

    ON_TIME = "ON_TIME", "Delivered at the deadline or before it."
    LATE = "LATE", "Delivered after the deadline, or still open although the deadline has passed."
    DUE = "DUE", "Still open, and the deadline has not passed."
    UNKNOWN = "UNKNOWN", "Neither promise nor estimate is known, or the shipment was closed without a delivery."


class OrderDirection(DocumentedEnum):
    """The direction of a sort order."""

    ASC = "ASC", "Ascending: smallest or earliest first, null values last."
    DESC = "DESC", "Descending: largest or latest first, null values first."


class ShipmentOrderField(DocumentedEnum):
    """A field to order shipments by. Null values sort as later than all others. If the value of a shipment changes
    between two pages, the second page can omit or repeat it; only `CREATED_AT` and `NUMBER` never change."""

    CREATED_AT = "CREATED_AT", "Orders by the creation time."
    UPDATED_AT = "UPDATED_AT", "Orders by the time of the last change."
    NUMBER = "NUMBER", "Orders by the shipment number, as text."
    STATUS_AT = "STATUS_AT", "Orders by the time of the last status change."
    PROMISED_TO = "PROMISED_TO", "Orders by the end of the promised delivery window."
    ESTIMATED_DELIVERY_AT = "ESTIMATED_DELIVERY_AT", "Orders by the estimated delivery time."
    LAST_EVENT_AT = "LAST_EVENT_AT", "Orders by the time of the latest tracking event."
    DELIVERED_AT = "DELIVERED_AT", "Orders by the time of delivery."
    TOTAL_WEIGHT = "TOTAL_WEIGHT", "Orders by the sum of the packages' weights."
    RECIPIENT_NAME = "RECIPIENT_NAME", "Orders by the name of the recipient, as text: upper case before lower case."
    STATUS = (
        "STATUS",
        "Orders by the status, from DRAFT to CANCELLED in the order of the enum, then by the creation time. It cannot "
        "be combined with other fields.",
    )
    LATENESS = (
        "LATENESS",
        "With ASC: shipments that were delivered late, then open ones by their deadline, the most overdue first, then "
        "all others.",
    )
    DELIVERY_DELAY = "DELIVERY_DELAY", "Orders by the time from the deadline to the delivery. Early ones are negative."


class TrackingEventOrderField(DocumentedEnum):
    """A field to order tracking events by."""

    OCCURRED_AT = "OCCURRED_AT", "Orders by the time of occurrence."
    RECORDED_AT = "RECORDED_AT", "Orders by the time of recording."


class FilterMatch(DocumentedEnum):
    """How a changed shipment relates to the filter of a subscription. To keep a live list, add or replace the shipment
    for ENTERED and STAYED, and remove it for LEFT."""

    ENTERED = "ENTERED", "The shipment satisfies the filter now and did not before the change."
    STAYED = "STAYED", "The shipment satisfies the filter now and did, or may have done so, before the change."
    LEFT = (
        "LEFT",
        "The shipment does not satisfy the filter now and did, or may have done so, before the change. Ignore it if "
        "the shipment is not in your list.",
    )


class BulkErrorPolicy(DocumentedEnum):
    """How a mutation with many rows treats valid rows when other rows have errors."""

    REJECT_EVERYTHING = "REJECT_EVERYTHING", "Writes nothing unless every row is valid."
    REJECT_FAILED_ROWS = "REJECT_FAILED_ROWS", "Writes the valid rows and returns errors for the others."
