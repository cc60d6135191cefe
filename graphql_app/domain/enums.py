"""The words of the domain: every enum of the tables and of the API, each value with its meaning.

Nothing flows in; everything else flows from here. Labels are the same in Python, in PostgreSQL and in GraphQL.
"""

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """An enum whose values carry their meaning: it becomes the description in the API's documentation."""

    doc: str

    def __new__(cls, value: str, doc: str = "") -> Self:
        word = str.__new__(cls, value)
        word._value_ = value
        word.doc = doc
        return word

    # Enum's own is written in Python and hashes the name, which here is the value: dicts of words are read everywhere
    __hash__ = str.__hash__


class ShipmentStatus(Word):
    """Where a shipment or package is."""

    DRAFT = "DRAFT", "Being planned; nothing was promised to anyone."
    READY = "READY", "Booked; the carrier does not have it yet."
    PICKED_UP = "PICKED_UP", "The carrier has it."
    IN_TRANSIT = "IN_TRANSIT", "On its way between facilities."
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY", "On the vehicle that delivers it."
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP", "Waiting for the recipient at a counter or locker."
    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED", "The carrier came and could not deliver."
    EXCEPTION = "EXCEPTION", "Held up; `exceptionReason` says by what."
    PARTIALLY_DELIVERED = "PARTIALLY_DELIVERED", "Some packages are delivered, some are not."
    DELIVERED = "DELIVERED", "With the recipient."
    RETURNING = "RETURNING", "On its way back to the shipper."
    RETURNED = "RETURNED", "Back with the shipper."
    FAILED = "FAILED", "Lost, destroyed or undeliverable."
    CANCELLED = "CANCELLED", "Called off before the carrier had it."


class ShipmentPhase(Word):
    """The three parts of a shipment's life; every status belongs to one."""

    PLANNING = "PLANNING", "DRAFT and READY: can still be edited and cancelled."
    ACTIVE = "ACTIVE", "The carrier has it, and it is not over."
    CLOSED = "CLOSED", "DELIVERED, RETURNED, FAILED and CANCELLED: nothing more is expected."


class StatusSource(Word):
    """What decided the status."""

    PROJECTION = "PROJECTION", "Tracking events."
    COMMAND = "COMMAND", "A command: creation, `shipmentConfirm` or `shipmentCancel`."
    OVERRIDE = "OVERRIDE", "`shipmentOverrideStatus`."


class ShipmentDirection(Word):
    """Which way the goods move, seen from the account."""

    OUTBOUND = "OUTBOUND", "From us to a customer."
    INBOUND = "INBOUND", "From a supplier to us."
    RETURN = "RETURN", "Back from a customer."
    TRANSFER = "TRANSFER", "Between our own places."


class PartyRole(Word):
    """What a party is to a shipment; each role is held once."""

    SHIPPER = "SHIPPER", "Who sends it."
    RECIPIENT = "RECIPIENT", "Who receives it."
    RETURN_TO = "RETURN_TO", "Where it goes when it cannot be delivered."
    BILL_TO = "BILL_TO", "Who pays."
    NOTIFY = "NOTIFY", "Who is told."


class WeightUnit(Word):
    """Units of weight."""

    G = "G", "Gram."
    KG = "KG", "Kilogram, 1,000 g."
    OZ = "OZ", "Avoirdupois ounce, 28.349523125 g."
    LB = "LB", "Avoirdupois pound, 453.59237 g."


class LengthUnit(Word):
    """Units of length."""

    MM = "MM", "Millimetre."
    CM = "CM", "Centimetre, 10 mm."
    M = "M", "Metre, 1,000 mm."
    IN = "IN", "Inch, 25.4 mm."
    FT = "FT", "Foot, 304.8 mm."


class TimePrecision(Word):
    """How exactly the time of an event is known."""

    EXACT = "EXACT", "An instant with its offset was given."
    ZONE_ASSUMED = "ZONE_ASSUMED", "A local time was given, with the time zone of its place."
    DATE_ONLY = "DATE_ONLY", "Only the day was given; it sorts at 23:59:59 of that day (UTC)."


class NotAppliedReason(Word):
    """Why a tracking event did not move the status."""

    NOT_STATUS_BEARING = "NOT_STATUS_BEARING", "The code says nothing about where the package is."
    REGRESSION = "REGRESSION", "It would move a package that the carrier has back to planning."
    AFTER_TERMINAL = "AFTER_TERMINAL", "The package had already reached an end that this code cannot undo."
    SUPERSEDED = (
        "SUPERSEDED",
        "It repeats an end that was reached before, or has only a date, and a scan of that day says more.",
    )
    FUTURE = "FUTURE", "It lies more than 24 hours after the moment at which it was recorded."
    VOIDED = "VOIDED", "It was voided by `trackingEventVoid`."


class ExceptionReason(Word):
    """What went wrong."""

    ADDRESS = "ADDRESS", "Address incomplete or wrong."
    RECIPIENT_ABSENT = "RECIPIENT_ABSENT", "Nobody was there."
    REFUSED = "REFUSED", "The recipient refused it."
    BUSINESS_CLOSED = "BUSINESS_CLOSED", "The business was closed."
    ACCESS = "ACCESS", "The place could not be reached or entered."
    CUSTOMS_DELAY = "CUSTOMS_DELAY", "Customs takes longer."
    CUSTOMS_DOCUMENTS = "CUSTOMS_DOCUMENTS", "Papers for customs are missing or wrong."
    DUTIES_UNPAID = "DUTIES_UNPAID", "Duties or taxes are not paid."
    DAMAGED = "DAMAGED", "The goods are damaged."
    LOST = "LOST", "It cannot be found."
    MISROUTED = "MISROUTED", "It was sent the wrong way."
    CARRIER_CAPACITY = "CARRIER_CAPACITY", "The carrier lacks space or people."
    VEHICLE = "VEHICLE", "Breakdown or accident of the vehicle."
    WEATHER = "WEATHER", "Weather."
    DISASTER = "DISASTER", "Natural disaster, strike or unrest."
    PAYMENT_DUE = "PAYMENT_DUE", "A payment on delivery is due."
    SHIPPER = "SHIPPER", "Something the shipper has to settle."
    SECURITY = "SECURITY", "Held for reasons of security."
    OTHER = "OTHER", "Something else; see the event's message."


class TrackingEventCode(Word):
    """What a tracking event reports, in one vocabulary for all carriers."""

    LABEL_CREATED = "LABEL_CREATED", "A label was made."
    INFO_RECEIVED = "INFO_RECEIVED", "The carrier knows of it, and does not have it yet."
    PICKED_UP = "PICKED_UP", "The carrier took it over."
    DROPPED_OFF = "DROPPED_OFF", "The shipper brought it to the carrier."
    ARRIVED_AT_FACILITY = "ARRIVED_AT_FACILITY", "It came to a facility."
    DEPARTED_FACILITY = "DEPARTED_FACILITY", "It left a facility."
    IN_TRANSIT = "IN_TRANSIT", "It is on its way."
    CUSTOMS_STARTED = "CUSTOMS_STARTED", "Customs began to look at it."
    CUSTOMS_CLEARED = "CUSTOMS_CLEARED", "Customs let it go."
    CUSTOMS_HELD = "CUSTOMS_HELD", "Customs holds it."
    HANDED_TO_PARTNER = "HANDED_TO_PARTNER", "Another carrier goes on with it."
    ARRIVED_AT_DESTINATION_FACILITY = "ARRIVED_AT_DESTINATION_FACILITY", "It came to the facility that delivers it."
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY", "It is on the vehicle that delivers it."
    DELIVERY_SCHEDULED = "DELIVERY_SCHEDULED", "A delivery was agreed on. Does not move the status."
    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED", "The carrier came and could not deliver."
    AVAILABLE_FOR_PICKUP = "AVAILABLE_FOR_PICKUP", "It waits for the recipient."
    DELIVERED = "DELIVERED", "It is with the recipient."
    DELAYED = "DELAYED", "It will be late. Delay is no stage: does not move the status."
    HELD = "HELD", "The carrier holds it."
    EXCEPTION = "EXCEPTION", "Something went wrong; `reason` says what."
    ADDRESS_CORRECTED = "ADDRESS_CORRECTED", "The carrier corrected the address. Does not move the status."
    REDIRECTED = "REDIRECTED", "It goes to another address. Does not move the status."
    RETURN_STARTED = "RETURN_STARTED", "It goes back to the shipper."
    RETURNED = "RETURNED", "It is back with the shipper."
    LOST = "LOST", "It cannot be found; a later scan shows that it was."
    DAMAGED = "DAMAGED", "It is damaged."
    DESTROYED = "DESTROYED", "It was destroyed."
    CANCELLED = "CANCELLED", "The carrier called it off."
    INFO = "INFO", "Anything else. Does not move the status."


class EventSource(Word):
    """What made a tracking event."""

    REPORT = "REPORT", "A report about the world, through `trackingEventsRecord`."
    OVERRIDE = "OVERRIDE", "`shipmentOverrideStatus`."


class IdempotencyState(Word):
    """How far the call that brought an idempotency key has come."""

    RUNNING = "RUNNING", "Claimed by a transaction that has not ended."
    DONE = "DONE", "Its outcome is stored and is replayed."


class CountPrecision(Word):
    """Whether a count is all of them."""

    EXACT = "EXACT", "All of them were counted."
    AT_LEAST = "AT_LEAST", "Counting stopped at the limit; there are more."


class OrderDirection(Word):
    """Which way an order goes."""

    ASC = "ASC", "Smallest or earliest first; unknown last."
    DESC = "DESC", "Greatest or latest first; unknown first."


class ShipmentOrderField(Word):
    """What shipments can be ordered by. A shipment without the value counts as later than all others."""

    CREATED_AT = "CREATED_AT", "When it was made."
    UPDATED_AT = "UPDATED_AT", "When it was last changed."
    NUMBER = "NUMBER", "Its number."
    STATUS_AT = "STATUS_AT", "Since when it has its status."
    PROMISED_TO = "PROMISED_TO", "End of the promised window."
    ESTIMATED_DELIVERY_AT = "ESTIMATED_DELIVERY_AT", "When it should arrive."
    LAST_EVENT_AT = "LAST_EVENT_AT", "Its latest event."


class TrackingEventOrderField(Word):
    """What tracking events can be ordered by."""

    OCCURRED_AT = "OCCURRED_AT", "When it happened."
    RECORDED_AT = "RECORDED_AT", "When it was recorded."


class BulkErrorPolicy(Word):
    """What becomes of the good rows of a call when others are bad."""

    REJECT_EVERYTHING = "REJECT_EVERYTHING", "Nothing is written unless every row is good."
    REJECT_FAILED_ROWS = "REJECT_FAILED_ROWS", "The good rows are written, the others answered with errors."
