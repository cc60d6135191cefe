"""What a shipment consists of: packages, and the goods in them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app import vocabulary as v
from graphql_app.models.columns import (
    ACCOUNT,
    COUNTRY,
    CURRENCY,
    GRAMS,
    INSTANT,
    LENGTH_UNIT,
    MILLIMETRES,
    MONEY,
    NOW,
    REASON,
    STATUS,
    WEIGHT_UNIT,
    column,
    identity,
    plain,
    reference,
    related,
)
from graphql_app.models.shipments import Shipment


class Package(SQLModel, table=True):
    """A package of a shipment, with its own status."""

    __table_args__ = (
        UniqueConstraint("shipment_id", "seq"),
        Index(
            "ix_package_tracking_number_norm",
            "account_id",
            "tracking_number_norm",
            "id",
            postgresql_where=text("tracking_number_norm IS NOT NULL"),
        ),
        CheckConstraint("(tracking_number IS NULL) = (tracking_number_norm IS NULL)", name="tracking_number"),
        CheckConstraint("tracking_number_norm ~ '^[A-Z0-9]+$'", name="tracking_number_norm"),
        CheckConstraint("weight_g >= 0 AND num_nulls(weight_g, weight_entered, weight_unit) IN (0, 3)", name="weight"),
        CheckConstraint(
            "length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND "
            "num_nulls(length_mm, width_mm, height_mm, dims_unit) IN (0, 4)",
            name="dimensions",
        ),
        {"comment": "A package of a shipment, with its own status."},
    )
    id: UUID | None = identity("ID of the package (UUIDv7), written as `pkg_` and 32 hexadecimal digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the package belongs to.")
    seq: int = column(SmallInteger, "Position of the package in its shipment, starting at 1.")
    tracking_number: str | None = column(
        plain(64),
        "The carrier's tracking number as entered, up to 64 characters. Not unique: carriers reuse numbers. Null "
        "if not set.",
        null=True,
    )
    tracking_number_norm: str | None = column(
        plain(64), "The tracking number in upper case, letters and digits only. Null if there is none.", null=True
    )
    weight_g: Decimal | None = column(GRAMS, "Weight in grams, to the milligram. Null if unknown.", null=True)
    weight_entered: Decimal | None = column(Numeric, "Weight as entered, in `weight_unit`. Null if unknown.", null=True)
    weight_unit: v.WeightUnit | None = column(
        WEIGHT_UNIT, "Unit in which the weight was entered. Null if unknown.", null=True
    )
    length_mm: Decimal | None = column(
        MILLIMETRES, "Length in millimetres, to 4 decimal places. Null if unknown.", null=True
    )
    width_mm: Decimal | None = column(
        MILLIMETRES, "Width in millimetres, to 4 decimal places. Null if unknown.", null=True
    )
    height_mm: Decimal | None = column(
        MILLIMETRES, "Height in millimetres, to 4 decimal places. Null if unknown.", null=True
    )
    dims_unit: v.LengthUnit | None = column(
        LENGTH_UNIT, "Unit in which the dimensions were entered. Null if unknown.", null=True
    )
    status: v.ShipmentStatus = column(STATUS, "Current status of the package.", server=text("'DRAFT'"))
    status_at: datetime | None = column(INSTANT, "When the package reached its current status.", server=NOW)
    status_event_id: UUID | None = column(
        Uuid, "The tracking event that determined the status. Null if a command did.", null=True
    )
    exception_reason: v.ExceptionReason | None = column(
        REASON, "Cause of the current problem. Null if there is no problem or its cause is unknown.", null=True
    )

    shipment: Shipment = related()
    items: list["ShipmentItem"] = related(order_by="ShipmentItem.seq")


class ShipmentItem(SQLModel, table=True):
    """An item of a shipment: a quantity of one kind of goods."""

    __tablename__ = "shipment_item"
    __table_args__ = (
        UniqueConstraint("shipment_id", "seq"),
        Index("ix_shipment_item_package", "package_id", "seq", postgresql_where=text("package_id IS NOT NULL")),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_value >= 0", name="unit_value"),
        CheckConstraint("(unit_value IS NULL) = (currency IS NULL)", name="money"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("origin_country ~ '^[A-Z]{2}$'", name="origin_country"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
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
        String(100), "The client's article number, up to 100 characters. Null if not set.", null=True
    )
    title: str = column(String(500), "Description of the goods, up to 500 characters.")
    quantity: Decimal = column(MONEY, "Quantity of the goods, greater than 0, with up to 4 decimal places.")
    unit: str | None = column(String(32), "Unit of the quantity, up to 32 characters. Null if not set.", null=True)
    unit_value: Decimal | None = column(
        MONEY, "Value of one unit, from 0, with 4 decimal places. Null if not set.", null=True
    )
    currency: str | None = column(
        CURRENCY, "Currency of the unit value (ISO 4217). Null if there is no unit value.", null=True
    )
    origin_country: str | None = column(COUNTRY, "Country of origin (ISO 3166-1 alpha-2). Null if not set.", null=True)
    batch: str | None = column(String(100), "Batch or lot number, up to 100 characters. Null if not set.", null=True)
    metadata_: dict[str, Any] = column(
        JSONB,
        "The client's own fields: a JSON object of up to 16,384 bytes. Default: empty.",
        server=text("'{}'"),
        name="metadata",
    )

    package: Package | None = related()
