"""The tables `party` and `shipment_reference`."""

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
from graphql_app.models.columns import ACCOUNT, COUNTRY, column, enum, identifier, identity, reference


class Party(SQLModel, table=True):
    """The name and address of a party, copied to the shipment. Later changes elsewhere do not affect it."""

    __table_args__ = (
        UniqueConstraint("shipment_id", "role"),
        Index("ix_party_place", "account_id", "role", "country_code", "region", "city_key"),
        Index("ix_party_city", "account_id", "role", "city_key"),
        Index("ix_party_postal_code", "account_id", "role", "postal_code"),
        Index("ix_party_name", "account_id", "name", postgresql_where=text("role = 'RECIPIENT'")),
        Index(
            "ix_party_email", "account_id", "email", postgresql_where=text("role = 'RECIPIENT' AND email IS NOT NULL")
        ),
        Index(
            "ix_party_phone", "account_id", "phone", postgresql_where=text("role = 'RECIPIENT' AND phone IS NOT NULL")
        ),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("cardinality(lines) <= 4", name="lines"),
        CheckConstraint("(city IS NULL) = (city_key IS NULL)", name="city_key"),
        {"comment": "Name and address of a party, copied to the shipment: later changes elsewhere do not affect it."},
    )
    id: UUID | None = identity("ID of the party (UUIDv7).")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the party belongs to.")
    role: enums.PartyRole = column(enum(enums.PartyRole), "Role of the party in the shipment, unique per shipment.")
    name: str = column(
        identifier(200), "Name of the person or place. Empty if only the country is known.", server=text("''")
    )
    company: str | None = column(String(200), "Company name. Null if not set.", null=True)
    lines: list[str] = column(
        ARRAY(String(200)), "Street address lines: up to 4, each up to 200 characters.", server=text("'{}'")
    )
    city: str | None = column(identifier(200), "City, up to 200 characters. Null if not set.", null=True)
    city_key: str | None = column(
        identifier(600), "City without regard to case, for comparison. Null if there is no city.", null=True
    )
    region: str | None = column(identifier(100), "State, province or region. Null if not set.", null=True)
    postal_code: str | None = column(identifier(32), "Postal code, up to 32 characters. Null if not set.", null=True)
    country_code: str = column(COUNTRY, "Country code (ISO 3166-1 alpha-2).")
    phone: str | None = column(identifier(50), "Telephone number. Null if not set.", null=True)
    email: str | None = column(identifier(254), "E-mail address. Null if not set.", null=True)


class ShipmentReference(SQLModel, table=True):
    """A reference number of a shipment, such as an order number."""

    __tablename__ = "shipment_reference"
    __table_args__ = (
        UniqueConstraint("shipment_id", "kind", "value"),
        Index(None, "account_id", "value"),
        Index("ix_shipment_reference_value_key", "account_id", "value_key"),
        CheckConstraint("kind ~ '^[a-z0-9_]{1,32}$'", name="kind"),
        {"comment": "A reference number of a shipment, such as an order number. Not unique across shipments."},
    )
    id: UUID | None = identity("ID of the reference (UUIDv7).")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the reference belongs to.")
    seq: int = column(SmallInteger, "Position in the list of references, starting at 1.")
    kind: str = column(identifier(32), "Type of the reference, such as order, po, invoice, bol, pro, rma or customer.")
    value: str = column(identifier(128), "Value of the reference, up to 128 characters.")
    value_key: str = column(
        identifier(128), "Letters and digits of the value, folded, for the search. Empty if there are none."
    )
