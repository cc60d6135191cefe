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
    """One box, with a status of its own."""

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
        {"comment": "One box of a shipment, with a status of its own."},
    )
    id: UUID | None = identity("Identity of the package: `pkg_` and 32 hex digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment it belongs to.")
    seq: int = column(SmallInteger, "Place in the shipment, from 1.")
    tracking_number: str | None = column(plain(64), "The carrier's number, as given. Carriers reuse them.", null=True)
    tracking_number_norm: str | None = column(plain(64), "The same in upper case, letters and digits only.", null=True)
    weight_g: Decimal | None = column(GRAMS, "Weight in grams.", null=True)
    weight_entered: Decimal | None = column(Numeric, "Weight as it was given.", null=True)
    weight_unit: v.WeightUnit | None = column(WEIGHT_UNIT, "Unit in which the weight was given.", null=True)
    length_mm: Decimal | None = column(MILLIMETRES, "Length in millimetres.", null=True)
    width_mm: Decimal | None = column(MILLIMETRES, "Width in millimetres.", null=True)
    height_mm: Decimal | None = column(MILLIMETRES, "Height in millimetres.", null=True)
    dims_unit: v.LengthUnit | None = column(LENGTH_UNIT, "Unit in which the dimensions were given.", null=True)
    status: v.ShipmentStatus = column(STATUS, "Where this package is.", server=text("'DRAFT'"))
    status_at: datetime | None = column(INSTANT, "Since when it has this status.", server=NOW)
    status_event_id: UUID | None = column(Uuid, "The event that decided the status.", null=True)
    exception_reason: v.ExceptionReason | None = column(REASON, "What went wrong, while something is wrong.", null=True)

    shipment: Shipment = related()
    items: list["ShipmentItem"] = related(order_by="ShipmentItem.seq")


class ShipmentItem(SQLModel, table=True):
    """A kind of goods in a shipment."""

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
        {"comment": "A kind of goods in a shipment, in one of its packages or not yet packed."},
    )
    id: UUID | None = identity("Identity of the item: `itm_` and 32 hex digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment.")
    package_id: UUID | None = reference("package", "The package it is in.", null=True)
    seq: int = column(SmallInteger, "Place in the list, from 1.")
    sku: str | None = column(String(100), "The client's article number.", null=True)
    title: str = column(String(500), "What it is.")
    quantity: Decimal = column(MONEY, "How much of it.")
    unit: str | None = column(String(32), "Unit of the quantity.", null=True)
    unit_value: Decimal | None = column(MONEY, "Value of one unit.", null=True)
    currency: str | None = column(CURRENCY, "Currency of the value (ISO 4217).", null=True)
    origin_country: str | None = column(COUNTRY, "Country of origin (ISO 3166-1 alpha-2).", null=True)
    batch: str | None = column(String(100), "Batch or lot.", null=True)
    metadata_: dict[str, Any] = column(JSONB, "The client's own fields.", server=text("'{}'"), name="metadata")

    package: Package | None = related()
