"""What moves: shipments with their parties and references."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
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

from graphql_app import vocabulary as v
from graphql_app.models.accounts import Carrier
from graphql_app.models.columns import (
    ACCOUNT,
    COUNTRY,
    CURRENCY,
    DIRECTION,
    INSTANT,
    MONEY,
    NOW,
    REASON,
    STATUS,
    column,
    either,
    enum,
    identity,
    plain,
    reference,
    related,
)

if TYPE_CHECKING:
    from graphql_app.models.packages import Package, ShipmentItem

INFINITY = "'infinity'::timestamptz"
WORDS = " || ' ' || ".join(["name", *(either(one, "''") for one in ("company", "city", "region", "postal_code"))])
PARTY_WORDS = text(f"to_tsvector('simple', {WORDS})")
"""The words of a party that `shipments(search:)` finds."""


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
    direction: v.ShipmentDirection = column(DIRECTION, "Which way the goods move.", server=text("'OUTBOUND'"))
    status: v.ShipmentStatus = column(STATUS, "Where it is, rolled up from its packages.", server=text("'DRAFT'"))
    status_at: datetime | None = column(INSTANT, "Since when it has this status.", server=NOW)
    status_event_id: UUID | None = column(
        Uuid, "The event that decided the status. No constraint: events are never deleted.", null=True
    )
    status_source: v.StatusSource = column(enum(v.StatusSource), "What decided the status.", server=text("'COMMAND'"))
    exception_reason: v.ExceptionReason | None = column(REASON, "What went wrong, while something is wrong.", null=True)
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


class Party(SQLModel, table=True):
    """A name and address at one shipment, copied there: later changes elsewhere do not rewrite history."""

    __table_args__ = (
        UniqueConstraint("shipment_id", "role"),
        Index("ix_party_place", "account_id", "role", "country_code", "region", "city"),
        Index("ix_party_city", "account_id", "role", "city"),
        Index("ix_party_postal_code", "account_id", "role", "postal_code"),
        Index("ix_party_words", PARTY_WORDS, postgresql_using="gin"),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("cardinality(lines) <= 4", name="lines"),
        {"comment": "A name and address at one shipment, copied there: later changes elsewhere change no history."},
    )
    id: UUID | None = identity("Identity of the row.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment.")
    role: v.PartyRole = column(enum(v.PartyRole), "What the party is to the shipment.")
    name: str = column(
        String(200), "Name; may be empty, for records that hold nothing but a country.", server=text("''")
    )
    company: str | None = column(String(200), "Company.", null=True)
    lines: list[str] = column(ARRAY(String(200)), "Street lines, at most four.", server=text("'{}'"))
    city: str | None = column(plain(200), "City.", null=True)
    region: str | None = column(plain(100), "State, province or region.", null=True)
    postal_code: str | None = column(plain(32), "Postal code.", null=True)
    country_code: str = column(COUNTRY, "Country (ISO 3166-1 alpha-2).")
    phone: str | None = column(String(50), "Telephone.", null=True)
    email: str | None = column(String(254), "E-mail.", null=True)


class ShipmentReference(SQLModel, table=True):
    """Another name by which somebody knows the shipment."""

    __tablename__ = "shipment_reference"
    __table_args__ = (
        UniqueConstraint("shipment_id", "kind", "value"),
        Index(None, "account_id", "value"),
        CheckConstraint("kind ~ '^[a-z0-9_]{1,32}$'", name="kind"),
        {"comment": "Another name by which somebody knows the shipment; not unique across shipments."},
    )
    id: UUID | None = identity("Identity of the row.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment.")
    seq: int = column(SmallInteger, "Place in the list.")
    kind: str = column(plain(32), "What kind of name: order, po, invoice, bol, pro, rma, customer, …")
    value: str = column(plain(128), "The name.")
