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
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models.columns import (
    ACCOUNT,
    CODE,
    COUNTRY,
    INSTANT,
    NOW,
    REASON,
    STATUS,
    column,
    enum,
    identity,
    plain,
    reference,
    related,
)
from graphql_app.models.shipments import Package, Shipment


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
    code: enums.TrackingEventCode = column(CODE, "What happened.")
    reason: enums.ExceptionReason | None = column(REASON, "Why, when something went wrong.", null=True)
    message: str | None = column(String(1000), "The reporter's words.", null=True)
    occurred_at: datetime = column(INSTANT, "When it happened.")
    occurred_local: datetime | None = column(
        TIMESTAMP(timezone=False), "The same on the clock of the place.", null=True
    )
    utc_offset_min: int | None = column(SmallInteger, "Offset of that clock from UTC in minutes.", null=True)
    time_precision: enums.TimePrecision = column(enum(enums.TimePrecision), "How exactly the time is known.")
    recorded_at: datetime | None = column(INSTANT, "When it was recorded here.", server=NOW)
    source: enums.EventSource = column(enum(enums.EventSource), "What made it.", server=text("'REPORT'"))
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
    override_status: enums.ShipmentStatus | None = column(STATUS, "The status that an override sets.", null=True)
    dedupe_key: bytes = column(LargeBinary, "SHA-256 of what makes the event the same event.")
    applied: bool = column(Boolean, "Whether it moved the status.")
    not_applied_reason: enums.NotAppliedReason | None = column(
        enum(enums.NotAppliedReason), "Why it did not.", null=True
    )
    voided_at: datetime | None = column(INSTANT, "When it was voided.", null=True)
    voided_by: str | None = column(String(200), "Who voided it.", null=True)
    void_reason: str | None = column(String(500), "Why it was voided.", null=True)
    corrects_event_id: UUID | None = reference("tracking_event", "The voided event that it replaces.", null=True)
    raw: dict[str, Any] | None = column(JSONB, "The report as the carrier sent it.", null=True)

    shipment: Shipment = related()
    package: Package | None = related()
    corrects: "TrackingEvent" = related(remote_side="TrackingEvent.id")
