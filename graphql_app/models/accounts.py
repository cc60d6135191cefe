"""The tables `account`, `api_key`, `carrier` and `carrier_status`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models.columns import ACCOUNT, CODE, INSTANT, NOW, REASON, column, identifier, identity, reference


class Account(SQLModel, table=True):
    """An account: the owner of all other objects."""

    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name="slug"),
        {
            "comment": "An account: the owner of all other rows. Inserting one also creates the sequence of its "
            "shipment numbers."
        },
    )
    id: UUID | None = identity("ID of the account (UUIDv7).")
    slug: str = column(
        identifier(63),
        "Short name of the account, unique, up to 63 characters: lower-case letters, digits and hyphens.",
        unique=True,
    )
    name: str = column(String(200), "Display name of the account, up to 200 characters.")
    settings: dict[str, Any] = column(
        JSONB, "Settings of the account, a JSON object. Default: empty.", server=text("'{}'")
    )
    created_at: datetime | None = column(INSTANT, "When the account was created.", server=NOW)


class ApiKey(SQLModel, table=True):
    """An API key. Clients send its secret in the `Authorization: Bearer` header. Only the secret's SHA-256 hash is
    stored."""

    __tablename__ = "api_key"
    __table_args__ = (
        Index(None, "account_id", "id"),
        {
            "comment": "An API key. Clients send its secret in the Authorization: Bearer header. Only the secret's "
            "SHA-256 hash is stored."
        },
    )
    id: UUID | None = identity("ID of the API key (UUIDv7), written as `key_` and 32 hexadecimal digits.")
    account_id: UUID = reference("account", ACCOUNT)
    name: str = column(
        String(200),
        "Purpose of the key, up to 100 characters. With the prefix it identifies the actor in the change log.",
    )
    prefix: str = column(
        identifier(24),
        "First 15 characters of the secret, unique. They identify the key in lists and logs.",
        unique=True,
    )
    hash: bytes = column(LargeBinary, "SHA-256 hash of the secret.", unique=True)
    scopes: list[str] = column(
        ARRAY(Text),
        "Scopes of the key: `shipments:read`, `shipments:write`, `events:write`, `admin`. No scope implies another.",
    )
    created_at: datetime | None = column(INSTANT, "When the API key was created.", server=NOW)
    last_used_at: datetime | None = column(
        INSTANT, "When the key was last used, to the minute. Null if it was never used.", null=True
    )
    expires_at: datetime | None = column(INSTANT, "When the key expires. Null if it never expires.", null=True)
    revoked_at: datetime | None = column(INSTANT, "When the key was revoked. Null if it was not revoked.", null=True)


class Carrier(SQLModel, table=True):
    """A company that transports shipments."""

    __table_args__ = (
        UniqueConstraint("account_id", "code"),
        CheckConstraint("code ~ '^[a-z0-9_]{2,32}$'", name="code"),
        {"comment": "A company that transports shipments, identified by its code."},
    )
    id: UUID | None = identity("ID of the carrier (UUIDv7), written as `car_` and 32 hexadecimal digits.")
    account_id: UUID = reference("account", ACCOUNT)
    code: str = column(
        identifier(32),
        "Code of the carrier, unique within the account: 2 to 32 lower-case letters, digits and underscores.",
    )
    name: str = column(String(200), "Display name of the carrier, up to 200 characters.")
    tracking_url_template: str | None = column(
        String(1000),
        "URL template of the carrier's tracking page, up to 1,000 characters. `{trackingNumber}` and "
        "`{trackingNumberRaw}` are replaced by the tracking number, `{postalCode}` and `{country}` by those of the "
        "recipient. Null if not set.",
        null=True,
    )
    created_at: datetime | None = column(INSTANT, "When the carrier was created.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When the carrier was last changed.", server=NOW)
    log_position: int | None = column(
        BigInteger, "Position of the carrier's last change in the change log, see `change`.", server=text("0")
    )


class CarrierStatus(SQLModel, table=True):
    """The account's mapping of a carrier's own status code to a tracking event code."""

    __tablename__ = "carrier_status"
    __table_args__ = (
        UniqueConstraint("account_id", "carrier_id", "raw"),
        CheckConstraint("raw = upper(btrim(raw)) AND raw <> ''", name="raw"),
        {
            "comment": "The account's mapping of a carrier's own status code to a tracking event code. It takes "
            "precedence over the built-in mapping."
        },
    )
    id: UUID | None = identity("ID of the mapping (UUIDv7).")
    account_id: UUID = reference("account", ACCOUNT)
    carrier_id: UUID = reference("carrier", "The carrier that uses the status code.")
    raw: str = column(identifier(128), "The carrier's status code, trimmed and in upper case, up to 128 characters.")
    code: enums.TrackingEventCode = column(CODE, "The tracking event code that it maps to.")
    reason: enums.ExceptionReason | None = column(
        REASON, "The exception reason that it maps to. Null if it maps to none.", null=True
    )
    created_at: datetime | None = column(INSTANT, "When the mapping was created.", server=NOW)
    updated_at: datetime | None = column(INSTANT, "When the mapping was last changed.", server=NOW)
