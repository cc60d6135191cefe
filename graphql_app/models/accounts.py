"""Who owns everything, who may come in, and the carriers they use."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models.columns import ACCOUNT, CODE, INSTANT, NOW, REASON, column, identity, plain, reference


class Account(SQLModel, table=True):
    """Who owns everything else."""

    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name="slug"),
        {"comment": "Who owns everything else. An insert also makes the sequence of its shipment numbers."},
    )
    id: UUID | None = identity("Identity of the account.")
    slug: str = column(plain(63), "Short name for people and scripts.", unique=True)
    name: str = column(String(200), "Display name.")
    settings: dict[str, Any] = column(JSONB, "Settings of the account.", server=text("'{}'"))
    created_at: datetime | None = column(INSTANT, "When it was made.", server=NOW)


class ApiKey(SQLModel, table=True):
    """What a client shows to be let in."""

    __tablename__ = "api_key"
    __table_args__ = (
        Index(None, "account_id", "id"),
        {"comment": "What a client shows to be let in. Only the SHA-256 of the secret is kept."},
    )
    id: UUID | None = identity("Identity of the key.")
    account_id: UUID = reference("account", ACCOUNT)
    name: str = column(String(200), "What the key is for; it is the actor in the change log.")
    prefix: str = column(plain(24), "The readable beginning of the secret.", unique=True)
    hash: bytes = column(LargeBinary, "SHA-256 of the secret.", unique=True)
    scopes: list[str] = column(ARRAY(Text), "What it may do: shipments:read, shipments:write, events:write, admin.")
    created_at: datetime | None = column(INSTANT, "When it was made.", server=NOW)
    last_used_at: datetime | None = column(INSTANT, "When it was last used, to the minute.", null=True)
    expires_at: datetime | None = column(INSTANT, "When it stops to work.", null=True)
    revoked_at: datetime | None = column(INSTANT, "When it was revoked.", null=True)


class Carrier(SQLModel, table=True):
    """A company that moves shipments."""

    __table_args__ = (
        UniqueConstraint("account_id", "code"),
        CheckConstraint("code ~ '^[a-z0-9_]{2,32}$'", name="code"),
        {"comment": "A company that moves shipments, addressed by its code."},
    )
    id: UUID | None = identity("Identity of the carrier: `car_` and 32 hex digits.")
    account_id: UUID = reference("account", ACCOUNT)
    code: str = column(plain(32), "How clients name the carrier: 2 to 32 of a-z, 0-9 and _.")
    name: str = column(String(200), "Display name.")
    tracking_url_template: str | None = column(
        String(1000), "URL of the carrier's tracking page; `{trackingNumber}` stands for the number.", null=True
    )
    created_at: datetime | None = column(INSTANT, "When it was made.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When it was last changed.", server=NOW)


class CarrierStatus(SQLModel, table=True):
    """What one of a carrier's own words means to this account."""

    __tablename__ = "carrier_status"
    __table_args__ = (
        UniqueConstraint("account_id", "carrier_id", "raw"),
        CheckConstraint("raw = upper(btrim(raw)) AND raw <> ''", name="raw"),
        {"comment": "What a carrier's own word means to this account; it wins over what ships with the program."},
    )
    id: UUID | None = identity("Identity of the row.")
    account_id: UUID = reference("account", ACCOUNT)
    carrier_id: UUID = reference("carrier", "Whose word it is.")
    raw: str = column(plain(128), "The word, in capitals and without blanks around it.")
    code: enums.TrackingEventCode = column(CODE, "What it means.")
    reason: enums.ExceptionReason | None = column(REASON, "Why, where the word says that too.", null=True)
    created_at: datetime | None = column(INSTANT, "When it was made.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When it was last changed.", server=NOW)
