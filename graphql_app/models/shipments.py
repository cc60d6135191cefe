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
    """A shipment: goods that move together from a shipper to a recipient."""

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
            "comment": "A shipment: goods that move together from a shipper to a recipient. Milestones are columns of "
            "the row, so that lists, filters and orders need no join."
        },
    )
    id: UUID | None = identity(
        "ID of the shipment (UUIDv7), written as `shp_` and 32 hexadecimal digits. Sorts by creation time."
    )
    account_id: UUID = column(Uuid, ACCOUNT)
    number: str = column(
        plain(32), "Human-readable number, such as SHP-0001234, unique within the account. Numbers may have gaps."
    )
    external_reference: str | None = column(
        plain(128), "The client's own ID of the shipment, unique within the account. Null if not set.", null=True
    )
    version: int | None = column(
        Integer,
        "Version, starting at 1 and incremented by every change. `options.expectedVersion` compares it.",
        server=text("1"),
    )
    direction: v.ShipmentDirection = column(DIRECTION, "Direction in which the goods move.", server=text("'OUTBOUND'"))
    status: v.ShipmentStatus = column(
        STATUS, "Current status, derived from those of its packages.", server=text("'DRAFT'")
    )
    status_at: datetime | None = column(INSTANT, "When the shipment reached its current status.", server=NOW)
    status_event_id: UUID | None = column(
        Uuid, "The event that determined the status, if any. No foreign key: events are never deleted.", null=True
    )
    status_source: v.StatusSource = column(
        enum(v.StatusSource), "What determined the current status.", server=text("'COMMAND'")
    )
    exception_reason: v.ExceptionReason | None = column(
        REASON, "Cause of the current problem. Null if there is no problem or its cause is unknown.", null=True
    )
    confirmed_at: datetime | None = column(INSTANT, "When it was confirmed. Null if it was not.", null=True)
    cancelled_at: datetime | None = column(INSTANT, "When it was cancelled. Null if it was not.", null=True)
    carrier_id: UUID | None = reference("carrier", "The carrier. Null if none is set.", null=True)
    service: str | None = column(
        plain(64), "The carrier's service, an identifier of up to 64 characters. Null if not set.", null=True
    )
    return_of_id: UUID | None = reference(
        "shipment", "The shipment that this one returns. Null if it is not a return.", null=True
    )
    promised_from: datetime | None = column(
        INSTANT, "Start of the promised delivery window. Null if not set.", null=True
    )
    promised_to: datetime | None = column(INSTANT, "End of the promised delivery window. Null if not set.", null=True)
    estimated_delivery_at: datetime | None = column(
        INSTANT, "Newest estimate of the delivery time, by the client or an event. Null if there is none.", null=True
    )
    estimate_given: datetime | None = column(
        INSTANT, "The client's own estimate of the delivery time. Null if there is none.", null=True
    )
    estimate_given_at: datetime | None = column(
        INSTANT, "When the client set its estimate. Estimates of events recorded later take precedence.", null=True
    )
    ready_at: datetime | None = column(
        INSTANT,
        "When it was confirmed, or first reported by the carrier if that is earlier. Null before that.",
        null=True,
    )
    picked_up_at: datetime | None = column(
        INSTANT, "When the carrier was first known to have the shipment. Null before that.", null=True
    )
    first_attempt_at: datetime | None = column(
        INSTANT, "When delivery was first attempted, successfully or not. Null before that.", null=True
    )
    delivered_at: datetime | None = column(
        INSTANT, "When the last of its packages was delivered. Null before that.", null=True
    )
    closed_at: datetime | None = column(
        INSTANT, "When the shipment reached its current final status. Null while it is not closed.", null=True
    )
    last_event_at: datetime | None = column(
        INSTANT, "Time of the latest event, without voided and future ones. Null if there is none.", null=True
    )
    event_count: int | None = column(Integer, "Number of tracking events that are not voided.", server=text("0"))
    package_count: int | None = column(Integer, "Number of packages, from 0 to 200.", server=text("0"))
    total_weight_g: Decimal | None = column(
        Numeric(14, 3), "Sum of the packages' weights in grams. Null unless every package has a weight.", null=True
    )
    declared_value: Decimal | None = column(MONEY, "Declared value, from 0. Null if not set.", null=True)
    currency: str | None = column(CURRENCY, "Currency of the declared value (ISO 4217).", null=True)
    incoterm: str | None = column(plain(3), "Incoterm: three capital letters, such as DAP. Null if not set.", null=True)
    metadata_: dict[str, Any] = column(
        JSONB, "The client's own fields, a JSON object of up to 16,384 bytes.", server=text("'{}'"), name="metadata"
    )
    tags: list[str] = column(
        ARRAY(Text), "The client's own labels: up to 50, each up to 100 characters.", server=text("'{}'")
    )
    archived_at: datetime | None = column(
        INSTANT, "When it was archived, which hides it from lists by default. Null if it is not archived.", null=True
    )
    created_at: datetime | None = column(INSTANT, "When the shipment was created.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When the shipment was last changed.", server=NOW)
    created_by: str = column(String(200), "The actor that created the shipment.", server=text("'system'"))

    carrier: Carrier | None = related()
    packages: list["Package"] = related(order_by="Package.seq")
    items: list["ShipmentItem"] = related(order_by="ShipmentItem.seq")
    references: list["ShipmentReference"] = related(order_by="ShipmentReference.seq")
    return_of: "Shipment" = related(remote_side="Shipment.id")


class Party(SQLModel, table=True):
    """The name and address of a party, copied to the shipment. Later changes elsewhere do not affect it."""

    __table_args__ = (
        UniqueConstraint("shipment_id", "role"),
        Index("ix_party_place", "account_id", "role", "country_code", "region", "city"),
        Index("ix_party_city", "account_id", "role", "city"),
        Index("ix_party_postal_code", "account_id", "role", "postal_code"),
        Index("ix_party_words", PARTY_WORDS, postgresql_using="gin"),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("cardinality(lines) <= 4", name="lines"),
        {"comment": "Name and address of a party, copied to the shipment: later changes elsewhere do not affect it."},
    )
    id: UUID | None = identity("ID of the party (UUIDv7).")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the party belongs to.")
    role: v.PartyRole = column(enum(v.PartyRole), "Role of the party in the shipment, unique per shipment.")
    name: str = column(
        String(200), "Name of the person or place. Empty if only the country is known.", server=text("''")
    )
    company: str | None = column(String(200), "Company name. Null if not set.", null=True)
    lines: list[str] = column(
        ARRAY(String(200)), "Street address lines: up to 4, each up to 200 characters.", server=text("'{}'")
    )
    city: str | None = column(plain(200), "City, up to 200 characters. Null if not set.", null=True)
    region: str | None = column(plain(100), "State, province or region. Null if not set.", null=True)
    postal_code: str | None = column(plain(32), "Postal code, up to 32 characters. Null if not set.", null=True)
    country_code: str = column(COUNTRY, "Country code (ISO 3166-1 alpha-2).")
    phone: str | None = column(String(50), "Telephone number. Null if not set.", null=True)
    email: str | None = column(String(254), "E-mail address. Null if not set.", null=True)


class ShipmentReference(SQLModel, table=True):
    """A reference number of a shipment, such as an order number."""

    __tablename__ = "shipment_reference"
    __table_args__ = (
        UniqueConstraint("shipment_id", "kind", "value"),
        Index(None, "account_id", "value"),
        CheckConstraint("kind ~ '^[a-z0-9_]{1,32}$'", name="kind"),
        {"comment": "A reference number of a shipment, such as an order number. Not unique across shipments."},
    )
    id: UUID | None = identity("ID of the reference (UUIDv7).")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the reference belongs to.")
    seq: int = column(SmallInteger, "Position in the list of references, starting at 1.")
    kind: str = column(plain(32), "Type of the reference, such as order, po, invoice, bol, pro, rma or customer.")
    value: str = column(plain(128), "Value of the reference, up to 128 characters.")
