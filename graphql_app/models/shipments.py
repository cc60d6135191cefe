"""What moves: shipments with their parties and references."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.domain import enums
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
    STATUS,
    WEIGHT_UNIT,
    column,
    either,
    enum,
    identity,
    plain,
    reference,
    related,
)
from graphql_app.models.parties import ShipmentReference

INFINITY = "'infinity'::timestamptz"


class Shipment(SQLModel, table=True):
    """Goods that move together from a shipper to a recipient."""

    __table_args__ = (
        UniqueConstraint("account_id", "number"),
        Index(
            "uq_shipment_account_id_external_reference",
            "account_id",
            "external_reference",
            unique=True,
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
        Index(None, "account_id", "created_at", "id"),
        Index(None, "account_id", "updated_at", "id"),
        Index(None, "account_id", "status_at", "id"),
        Index("ix_shipment_promised_to", "account_id", text(either("promised_to", INFINITY)), "id"),
        Index(
            "ix_shipment_estimated_delivery_at",
            "account_id",
            text(either("estimated_delivery_at", INFINITY)),
            "id",
        ),
        Index("ix_shipment_last_event_at", "account_id", text(either("last_event_at", INFINITY)), "id"),
        Index(None, "account_id", "status", "created_at", "id"),
        Index(
            "ix_shipment_carrier",
            "account_id",
            "carrier_id",
            "created_at",
            "id",
            postgresql_where=text("carrier_id IS NOT NULL"),
        ),
        Index(
            "ix_shipment_service",
            "account_id",
            "service",
            "created_at",
            "id",
            postgresql_where=text("service IS NOT NULL"),
        ),
        Index(
            "ix_shipment_delivered_at",
            "account_id",
            "delivered_at",
            "id",
            postgresql_where=text("delivered_at IS NOT NULL"),
        ),
        Index(
            "ix_shipment_total_weight_g",
            "account_id",
            "total_weight_g",
            "id",
            postgresql_where=text("total_weight_g IS NOT NULL"),
        ),
        Index("ix_shipment_archived", "account_id", "archived_at", postgresql_where=text("archived_at IS NOT NULL")),
        Index("ix_shipment_return_of", "return_of_id", postgresql_where=text("return_of_id IS NOT NULL")),
        Index("ix_shipment_tags", "tags", postgresql_using="gin", postgresql_where=text("tags <> '{}'")),
        Index(
            "ix_shipment_metadata",
            "metadata",
            postgresql_using="gin",
            postgresql_ops={"metadata": "jsonb_path_ops"},
            postgresql_where=text("metadata <> '{}'"),
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("event_count >= 0 AND package_count BETWEEN 0 AND 200", name="counts"),
        CheckConstraint("declared_value >= 0", name="declared_value"),
        CheckConstraint("(declared_value IS NULL) = (currency IS NULL)", name="money"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("incoterm ~ '^[A-Z]{3}$'", name="incoterm"),
        CheckConstraint("total_weight_g >= 0", name="total_weight_g"),
        CheckConstraint("promised_from <= promised_to", name="promise"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
        CheckConstraint("cardinality(tags) <= 50", name="tags"),
        {
            "comment": "Goods that move together from a shipper to a recipient. Milestones live on the row, so that "
            "lists, filters and orders need no join."
        },
    )
    id: UUID | None = identity("Identity of the shipment: `shp_` and 32 hex digits; sorts by time.")
    account_id: UUID = column(Uuid, ACCOUNT)
    number: str = column(plain(32), "Number for people, such as SHP-0001234: unique in the account, not gapless.")
    external_reference: str | None = column(
        plain(128), "The client's own identity of the shipment; unique in the account.", null=True
    )
    version: int | None = column(
        Integer, "Raised by one with every change; `options.expectedVersion` compares it.", server=text("1")
    )
    direction: enums.ShipmentDirection = column(DIRECTION, "Which way the goods move.", server=text("'OUTBOUND'"))
    status: enums.ShipmentStatus = column(STATUS, "Where it is, rolled up from its packages.", server=text("'DRAFT'"))
    status_at: datetime | None = column(INSTANT, "Since when it has this status.", server=NOW)
    status_event_id: UUID | None = column(
        Uuid, "The event that decided the status. No constraint: events are never deleted.", null=True
    )
    status_source: enums.StatusSource = column(
        enum(enums.StatusSource), "What decided the status.", server=text("'COMMAND'")
    )
    exception_reason: enums.ExceptionReason | None = column(
        REASON, "What went wrong, while something is wrong.", null=True
    )
    confirmed_at: datetime | None = column(INSTANT, "When `shipmentConfirm` booked it.", null=True)
    cancelled_at: datetime | None = column(INSTANT, "When `shipmentCancel` called it off.", null=True)
    carrier_id: UUID | None = reference("carrier", "Who moves it.", null=True)
    service: str | None = column(plain(64), "The carrier's service, a slug of the client's choice.", null=True)
    return_of_id: UUID | None = reference("shipment", "The shipment that this one brings back.", null=True)
    promised_from: datetime | None = column(INSTANT, "Begin of the promised delivery window.", null=True)
    promised_to: datetime | None = column(INSTANT, "End of the promised delivery window.", null=True)
    estimated_delivery_at: datetime | None = column(
        INSTANT, "When it should arrive, by the newest estimate.", null=True
    )
    estimate_given: datetime | None = column(INSTANT, "The client's own estimate.", null=True)
    estimate_given_at: datetime | None = column(
        INSTANT, "When the client gave it: estimates of events recorded later count for more.", null=True
    )
    ready_at: datetime | None = column(INSTANT, "When it was booked, or the carrier first knew of it.", null=True)
    picked_up_at: datetime | None = column(INSTANT, "When the carrier was first seen to have it.", null=True)
    first_attempt_at: datetime | None = column(INSTANT, "First attempt to deliver, successful or not.", null=True)
    delivered_at: datetime | None = column(INSTANT, "When the last of its packages was delivered.", null=True)
    closed_at: datetime | None = column(INSTANT, "When it reached its present end.", null=True)
    last_event_at: datetime | None = column(INSTANT, "Time of the latest event that counts.", null=True)
    event_count: int | None = column(Integer, "How many events are recorded and not voided.", server=text("0"))
    package_count: int | None = column(Integer, "How many packages it has.", server=text("0"))
    total_weight_g: Decimal | None = column(
        Numeric(14, 3), "Sum of the packages' weights in grams; null unless every package has one.", null=True
    )
    declared_value: Decimal | None = column(MONEY, "Declared value.", null=True)
    currency: str | None = column(CURRENCY, "Currency of the declared value (ISO 4217).", null=True)
    incoterm: str | None = column(plain(3), "Incoterm, three letters.", null=True)
    metadata_: dict[str, Any] = column(
        JSONB, "The client's own fields, at most 16 kB.", server=text("'{}'"), name="metadata"
    )
    tags: list[str] = column(ARRAY(Text), "The client's own labels.", server=text("'{}'"))
    archived_at: datetime | None = column(INSTANT, "When it was put out of the lists.", null=True)
    created_at: datetime | None = column(INSTANT, "When it was made here.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When it was last changed.", server=NOW)
    created_by: str = column(String(200), "Who made it.", server=text("'system'"))

    carrier: Carrier | None = related()
    packages: list["Package"] = related(order_by="Package.seq")
    items: list["ShipmentItem"] = related(order_by="ShipmentItem.seq")
    references: list["ShipmentReference"] = related(order_by="ShipmentReference.seq")
    return_of: "Shipment" = related(remote_side="Shipment.id")


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
    weight_unit: enums.WeightUnit | None = column(WEIGHT_UNIT, "Unit in which the weight was given.", null=True)
    length_mm: Decimal | None = column(MILLIMETRES, "Length in millimetres.", null=True)
    width_mm: Decimal | None = column(MILLIMETRES, "Width in millimetres.", null=True)
    height_mm: Decimal | None = column(MILLIMETRES, "Height in millimetres.", null=True)
    dims_unit: enums.LengthUnit | None = column(LENGTH_UNIT, "Unit in which the dimensions were given.", null=True)
    status: enums.ShipmentStatus = column(STATUS, "Where this package is.", server=text("'DRAFT'"))
    status_at: datetime | None = column(INSTANT, "Since when it has this status.", server=NOW)
    status_event_id: UUID | None = column(Uuid, "The event that decided the status.", null=True)
    exception_reason: enums.ExceptionReason | None = column(
        REASON, "What went wrong, while something is wrong.", null=True
    )

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
