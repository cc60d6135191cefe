"""What happened: tracking events, the change log, and the outcomes of calls that may be repeated."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import SQLModel

from graphql_app import vocabulary as v
from graphql_app.models.columns import (
    ACCOUNT,
    CODE,
    COUNTRY,
    INSTANT,
    NOW,
    REASON,
    STATUS,
    Xid8,
    column,
    enum,
    identity,
    plain,
    reference,
    related,
)
from graphql_app.models.packages import Package
from graphql_app.models.shipments import Shipment


class TrackingEvent(SQLModel, table=True):
    """A report about the world. Only voided_*, applied and not_applied_reason ever change."""

    __tablename__ = "tracking_event"
    __table_args__ = (
        UniqueConstraint("account_id", "shipment_id", "dedupe_key"),
        Index(None, "shipment_id", "occurred_at", "position", "id"),
        Index(None, "account_id", "occurred_at", "id"),
        Index(None, "account_id", "recorded_at", "id"),
        Index(None, "account_id", "code", "occurred_at", "id"),
        Index(
            "ix_tracking_event_country",
            "account_id",
            "country_code",
            "occurred_at",
            "id",
            postgresql_where=text("country_code IS NOT NULL"),
        ),
        Index(
            "ix_tracking_event_corrects", "corrects_event_id", postgresql_where=text("corrects_event_id IS NOT NULL")
        ),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint(
            "num_nulls(latitude, longitude) IN (0, 2) AND abs(latitude) <= 90 AND abs(longitude) <= 180",
            name="coordinates",
        ),
        CheckConstraint("abs(utc_offset_min) <= 1080", name="utc_offset_min"),
        CheckConstraint("applied = (not_applied_reason IS NULL)", name="applied"),
        CheckConstraint("num_nulls(voided_at, voided_by, void_reason) IN (0, 3)", name="voided"),
        CheckConstraint("(source = 'OVERRIDE') = (override_status IS NOT NULL)", name="override"),
        {"comment": "A report about the world, kept as it came. Only voided_*, applied and not_applied_reason change."},
    )
    id: UUID | None = identity("Identity of the event: `evt_` and 32 hex digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment it is about.")
    package_id: UUID | None = reference("package", "The package it is about; null: the whole shipment.", null=True)
    seq: int | None = column(BigInteger, "Number of arrival.", sa_column_args=[Identity(always=True)], default=None)
    position: int = column(
        BigInteger,
        "Order among events of one moment: rank of the stage, then a digest of the "
        "content, so that the order of arrival plays no part.",
    )
    code: v.TrackingEventCode = column(CODE, "What happened.")
    reason: v.ExceptionReason | None = column(REASON, "Why, when something went wrong.", null=True)
    message: str | None = column(String(1000), "The reporter's words.", null=True)
    occurred_at: datetime = column(INSTANT, "When it happened.")
    occurred_local: datetime | None = column(
        TIMESTAMP(timezone=False), "The same on the clock of the place.", null=True
    )
    utc_offset_min: int | None = column(SmallInteger, "Offset of that clock from UTC in minutes.", null=True)
    time_precision: v.TimePrecision = column(enum(v.TimePrecision), "How exactly the time is known.")
    recorded_at: datetime | None = column(INSTANT, "When it was recorded here.", server=NOW)
    source: v.EventSource = column(enum(v.EventSource), "What made it.", server=text("'REPORT'"))
    source_name: str = column(plain(64), "Who reported it.")
    external_event_id: str | None = column(plain(128), "The reporter's own identity of the event.", null=True)
    carrier_status_raw: str | None = column(String(128), "The carrier's own status code.", null=True)
    place_name: str | None = column(String(200), "Name of the place.", null=True)
    city: str | None = column(String(200), "City.", null=True)
    region: str | None = column(String(100), "State, province or region.", null=True)
    postal_code: str | None = column(String(32), "Postal code.", null=True)
    country_code: str | None = column(COUNTRY, "Country (ISO 3166-1 alpha-2).", null=True)
    latitude: float | None = column(Double, "Degrees north.", null=True)
    longitude: float | None = column(Double, "Degrees east.", null=True)
    estimated_delivery_at: datetime | None = column(INSTANT, "The estimate that came with the event.", null=True)
    override_status: v.ShipmentStatus | None = column(STATUS, "The status that an override sets.", null=True)
    dedupe_key: bytes = column(LargeBinary, "SHA-256 of what makes the event the same event.")
    applied: bool = column(Boolean, "Whether it moved the status.")
    not_applied_reason: v.NotAppliedReason | None = column(enum(v.NotAppliedReason), "Why it did not.", null=True)
    voided_at: datetime | None = column(INSTANT, "When it was voided.", null=True)
    voided_by: str | None = column(String(200), "Who voided it.", null=True)
    void_reason: str | None = column(String(500), "Why it was voided.", null=True)
    corrects_event_id: UUID | None = reference("tracking_event", "The voided event that it replaces.", null=True)
    raw: dict[str, Any] | None = column(JSONB, "The report as the carrier sent it.", null=True)

    shipment: Shipment = related()
    package: Package | None = related()
    corrects: "TrackingEvent" = related(remote_side="TrackingEvent.id")


class Change(SQLModel, table=True):
    """One committed change."""

    __table_args__ = (
        Index(None, "account_id", "xid", "seq"),
        Index(
            "uq_change_shipment_id_shipment_seq",
            "shipment_id",
            "shipment_seq",
            unique=True,
            postgresql_where=text("shipment_id IS NOT NULL"),
        ),
        {
            "comment": "One committed change. Readers follow (xid, seq) and take only rows below the oldest running "
            "transaction: seq alone skips the rows of a transaction that took its number early and committed late."
        },
    )
    seq: int | None = column(
        BigInteger, "Number of the row.", sa_column_args=[Identity(always=True)], primary_key=True, default=None
    )
    xid: int | None = column(Xid8(), "The transaction.", server=text("pg_current_xact_id()"))
    account_id: UUID = column(Uuid, ACCOUNT)
    entity: str = column(plain(32), "What changed: shipment, tracking_event, carrier, …")
    entity_id: UUID = column(Uuid, "Its identity.")
    shipment_id: UUID | None = column(Uuid, "The shipment, where there is one.", null=True)
    shipment_seq: int = column(Integer, "Number of the change within the shipment: the version it led to; else 0.")
    op: str = column(plain(64), "What was done, such as shipment.created.")
    status_before: v.ShipmentStatus | None = column(STATUS, "Status of the shipment before.", null=True)
    status_after: v.ShipmentStatus | None = column(STATUS, "Status of the shipment after.", null=True)
    changed: dict[str, Any] = column(JSONB, "Field → [old, new].")
    actor: str = column(String(200), "Who did it.")
    request_id: str | None = column(String(64), "The request that did it.", null=True)
    at: datetime | None = column(INSTANT, "When.", server=NOW)


class IdempotencyKey(SQLModel, table=True):
    """The outcome of a call that brought a key: what it made and what it answered, not the answer's body."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        Index(None, "expires_at"),
        {"comment": "The outcome of a call that brought a key. A retry reads the entities afresh."},
    )
    account_id: UUID = column(Uuid, ACCOUNT, primary_key=True)
    actor: str = column(plain(200), "Who called.", primary_key=True)
    operation: str = column(plain(64), "The mutation.", primary_key=True)
    key: str = column(plain(255), "The client's key.", primary_key=True)
    request_hash: bytes = column(LargeBinary, "SHA-256 of the input.")
    state: v.IdempotencyState = column(enum(v.IdempotencyState), "How far the call has come.")
    result: dict[str, Any] | None = column(JSONB, "Identities and errors of the outcome.", null=True)
    created_at: datetime | None = column(INSTANT, "When it was first used.", server=NOW)
    expires_at: datetime = column(INSTANT, "When it is forgotten.")
