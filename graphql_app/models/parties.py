"""TODO docstring."""

from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models.columns import ACCOUNT, COUNTRY, column, either, enum, identity, plain, reference

WORDS = " || ' ' || ".join(["name", *(either(one, "''") for one in ("company", "city", "region", "postal_code"))])
PARTY_WORDS = text(f"to_tsvector('simple', {WORDS})")
"""The words of a party that `shipments(search:)` finds."""


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
    role: enums.PartyRole = column(enum(enums.PartyRole), "What the party is to the shipment.")
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
