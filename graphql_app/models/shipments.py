"""The tables `shipment`, `package` and `shipment_item`."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Computed,
    Date,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models import lateness
from graphql_app.models.accounts import Carrier
from graphql_app.models.columns import (
    ACCOUNT,
    COUNTRY,
    CURRENCY,
    DIRECTION,
    GRAMS,
    INSTANT,
    LENGTH_UNIT,
    MILLIMETRES,
    MONEY,
    NOW,
    REASON,
    RETURNING,
    STATUS,
    TOTAL_GRAMS,
    WEIGHT_UNIT,
    column,
    enum,
    identifier,
    identity,
    reference,
    related,
)
from graphql_app.models.parties import ShipmentReference
from graphql_app.models.shipment_constraints import ITEM_CONSTRAINTS, PACKAGE_CONSTRAINTS, SHIPMENT_CONSTRAINTS


class Shipment(SQLModel, table=True):
    """A shipment: goods that move together from a shipper to a recipient."""

    __table_args__ = (
        *SHIPMENT_CONSTRAINTS,
        {
            "comment": "A shipment: goods that move together from a shipper to a recipient. Milestones are columns of "
            "the row, so that lists, filters and orders need no join."
        },
    )
    id: UUID | None = identity(
        "ID of the shipment (UUIDv7), written as `shp_` and 32 hexadecimal digits. Sorts by creation time."
    )
    account_id: UUID = column(Uuid, ACCOUNT)
    number: str = column(
        identifier(32), "Human-readable number, such as SHP-0001234, unique within the account. Numbers may have gaps."
    )
    external_reference: str | None = column(
        identifier(128), "The client's own ID of the shipment, unique within the account. Null if not set.", null=True
    )
    version: int | None = column(
        Integer,
        "Version, starting at 1 and incremented by every change. `options.expectedVersion` compares it.",
        server=text("1"),
    )
    direction: enums.ShipmentDirection = column(
        DIRECTION, "Direction in which the goods move.", server=text("'OUTBOUND'")
    )
    status: enums.ShipmentStatus = column(
        STATUS, "Current status, derived from those of its packages.", server=text("'DRAFT'")
    )
    status_at: datetime | None = column(INSTANT, "When the shipment reached its current status.", server=NOW)
    status_event_id: UUID | None = column(
        Uuid, "The event that determined the status, if any. No foreign key: events are never deleted.", null=True
    )
    status_source: enums.StatusSource = column(
        enum(enums.StatusSource), "What determined the current status.", server=text("'COMMAND'")
    )
    exception_reason: enums.ExceptionReason | None = column(
        REASON, "Cause of the current problem. Null if there is no problem or its cause is unknown.", null=True
    )
    confirmed_at: datetime | None = column(INSTANT, "When the shipment was confirmed. Null if it was not.", null=True)
    cancelled_at: datetime | None = column(INSTANT, "When the shipment was cancelled. Null if it was not.", null=True)
    carrier_id: UUID | None = reference("carrier", "The carrier. Null if none is set.", null=True)
    service: str | None = column(
        identifier(64), "The carrier's service, an identifier of up to 64 characters. Null if not set.", null=True
    )
    return_of_id: UUID | None = reference(
        "shipment", "The shipment whose goods this shipment returns. Null if it is not a return.", null=True
    )
    promised_from: datetime | None = column(
        INSTANT, "Start of the promised delivery window. Null if not set.", null=True
    )
    promised_to: datetime | None = column(INSTANT, "End of the promised delivery window. Null if not set.", null=True)
    promised_from_date: date | None = column(
        Date, "The day of `promised_from` if it was given as a day. Null otherwise.", null=True
    )
    promised_to_date: date | None = column(
        Date, "The day of `promised_to` if it was given as a day. Null otherwise.", null=True
    )
    estimate_given_date: date | None = column(
        Date, "The day of the client's own estimate if it was given as a day. Null otherwise.", null=True
    )
    estimated_delivery_at: datetime | None = column(
        INSTANT, "Newest estimate of the delivery time, from the client or an event. Null if there is none.", null=True
    )
    estimate_given: datetime | None = column(
        INSTANT, "The client's own estimate of the delivery time. Null if there is none.", null=True
    )
    estimate_given_at: datetime | None = column(
        INSTANT, "When the client set its estimate. Estimates of events recorded later take precedence.", null=True
    )
    ready_at: datetime | None = column(
        INSTANT,
        "When the shipment was confirmed or first changed by an event, whichever is earlier. Null before that.",
        null=True,
    )
    picked_up_at: datetime | None = column(
        INSTANT, "Time of the first event that shows the shipment with the carrier. Null before that.", null=True
    )
    first_attempt_at: datetime | None = column(
        INSTANT, "When delivery was first attempted, successfully or not. Null before that.", null=True
    )
    delivered_at: datetime | None = column(
        INSTANT, "When the last package of the shipment was delivered. Null before that.", null=True
    )
    closed_at: datetime | None = column(
        INSTANT, "When the shipment reached its current final status. Null while it is not closed.", null=True
    )
    last_event_at: datetime | None = column(
        INSTANT, "Time of the latest event, ignoring voided and future events. Null if there is none.", null=True
    )
    last_order_at: datetime | None = column(
        INSTANT,
        "`occurred_at` of the last event in the order of events, ignoring voided and future events. Null if none.",
        null=True,
    )
    is_returning: bool | None = column(Boolean, RETURNING, server=text("false"))
    event_count: int | None = column(Integer, "Number of tracking events that are not voided.", server=text("0"))
    package_count: int | None = column(Integer, "Number of packages, from 0 to 200.", server=text("0"))
    total_weight_g: Decimal | None = column(
        TOTAL_GRAMS, "Exact sum of the packages' weights in grams. Null unless every package has a weight.", null=True
    )
    declared_value: Decimal | None = column(MONEY, "Declared value, from 0. Null if not set.", null=True)
    currency: str | None = column(CURRENCY, "Currency of the declared value (ISO 4217).", null=True)
    incoterm: str | None = column(
        identifier(3), "Incoterm: three capital letters, such as DAP. Null if not set.", null=True
    )
    metadata_: dict[str, Any] = column(
        JSONB, "The client's own fields, a JSON object of up to 16,384 bytes.", server=text("'{}'"), name="metadata"
    )
    tags: list[str] = column(
        ARRAY(Text), "The client's own labels: up to 50, each up to 100 characters.", server=text("'{}'")
    )
    recipient_name: str | None = column(
        identifier(200), "Name of the recipient, for ordering. Null if there is no recipient.", null=True
    )
    late_from: datetime | None = column(
        INSTANT,
        "Time from which the shipment is late: -infinity if it was delivered late, infinity if it was delivered on "
        "time, was closed without a delivery or has neither a promise nor an estimate.",
        sa_column_args=[Computed(lateness.LATE_FROM_SQL, persisted=True)],
    )
    delivery_delay: int | None = column(
        BigInteger,
        "Microseconds from the end of the promised window, or else the estimate, to the delivery; negative if the "
        "delivery was earlier. Null without a delivery or a deadline.",
        null=True,
        sa_column_args=[Computed(lateness.DELIVERY_DELAY_SQL, persisted=True)],
    )
    archived_at: datetime | None = column(
        INSTANT,
        "When the shipment was archived. Lists exclude it by default. Null if it is not archived.",
        null=True,
    )
    created_at: datetime | None = column(INSTANT, "When the shipment was created.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When the shipment was last changed.", server=NOW)
    created_by: str = column(String(200), "The actor that created the shipment.", server=text("'system'"))
    log_position: int | None = column(
        BigInteger, "Position of the shipment's last change in the change log, see `change`.", server=text("0")
    )

    carrier: Carrier | None = related()
    packages: list["Package"] = related(order_by="Package.seq")
    items: list["ShipmentItem"] = related(order_by="ShipmentItem.seq")
    references: list["ShipmentReference"] = related(order_by="ShipmentReference.seq")
    return_of: "Shipment" = related(remote_side="Shipment.id")


class Package(SQLModel, table=True):
    """A package of a shipment, with its own status."""

    __table_args__ = (
        *PACKAGE_CONSTRAINTS,
        {"comment": "A package of a shipment, with its own status."},
    )
    id: UUID | None = identity("ID of the package (UUIDv7), written as `pkg_` and 32 hexadecimal digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the package belongs to.")
    seq: int = column(SmallInteger, "Position of the package in its shipment, starting at 1.")
    tracking_number: str | None = column(
        identifier(128),
        "The carrier's tracking number as entered: up to 64 characters, not counting blanks. Not unique: carriers "
        "reuse numbers. Null if not set.",
        null=True,
    )
    tracking_number_norm: str | None = column(
        identifier(64), "The tracking number in upper case, letters and digits only. Null if there is none.", null=True
    )
    weight_g: Decimal | None = column(GRAMS, "Exact weight in grams. Null if unknown.", null=True)
    weight_entered: Decimal | None = column(Numeric, "Weight as entered, in `weight_unit`. Null if unknown.", null=True)
    weight_unit: enums.WeightUnit | None = column(
        WEIGHT_UNIT, "Unit in which the weight was entered. Null if unknown.", null=True
    )
    length_mm: Decimal | None = column(MILLIMETRES, "Exact length in millimetres. Null if unknown.", null=True)
    width_mm: Decimal | None = column(MILLIMETRES, "Exact width in millimetres. Null if unknown.", null=True)
    height_mm: Decimal | None = column(MILLIMETRES, "Exact height in millimetres. Null if unknown.", null=True)
    dims_unit: enums.LengthUnit | None = column(
        LENGTH_UNIT, "Unit in which the dimensions were entered. Null if unknown.", null=True
    )
    status: enums.ShipmentStatus = column(STATUS, "Current status of the package.", server=text("'DRAFT'"))
    status_at: datetime | None = column(INSTANT, "When the package reached its current status.", server=NOW)
    status_event_id: UUID | None = column(
        Uuid, "The tracking event that determined the status. Null if a command did.", null=True
    )
    exception_reason: enums.ExceptionReason | None = column(
        REASON, "Cause of the current problem. Null if there is no problem or its cause is unknown.", null=True
    )
    is_returning: bool | None = column(Boolean, RETURNING, server=text("false"))

    shipment: Shipment = related()
    items: list["ShipmentItem"] = related(order_by="ShipmentItem.seq")


class ShipmentItem(SQLModel, table=True):
    """An item of a shipment: a quantity of one kind of goods."""

    __tablename__ = "shipment_item"
    __table_args__ = (
        *ITEM_CONSTRAINTS,
        {
            "comment": "An item of a shipment: a quantity of one kind of goods, in one of its packages or not yet "
            "packed."
        },
    )
    id: UUID | None = identity("ID of the item (UUIDv7), written as `itm_` and 32 hexadecimal digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the item belongs to.")
    package_id: UUID | None = reference(
        "package", "The package that contains the item. Null if it is not packed yet.", null=True
    )
    seq: int = column(SmallInteger, "Position in the list of items, starting at 1.")
    sku: str | None = column(
        identifier(100), "The client's article number, up to 100 characters. Null if not set.", null=True
    )
    title: str = column(identifier(500), "Description of the goods, up to 500 characters.")
    quantity: Decimal = column(MONEY, "Quantity of the goods, greater than 0, with up to 4 decimal places.")
    unit: str | None = column(String(32), "Unit of the quantity, up to 32 characters. Null if not set.", null=True)
    unit_value: Decimal | None = column(
        MONEY, "Value of one unit, from 0, with 4 decimal places. Null if not set.", null=True
    )
    currency: str | None = column(
        CURRENCY, "Currency of the unit value (ISO 4217). Null if there is no unit value.", null=True
    )
    origin_country: str | None = column(COUNTRY, "Country of origin (ISO 3166-1 alpha-2). Null if not set.", null=True)
    batch: str | None = column(
        identifier(100), "Batch or lot number, up to 100 characters. Null if not set.", null=True
    )
    metadata_: dict[str, Any] = column(
        JSONB,
        "The client's own fields: a JSON object of up to 16,384 bytes. Default: empty.",
        server=text("'{}'"),
        name="metadata",
    )

    package: Package | None = related()
