"""The table `tracking_event`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
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
    CARRIER_STATUS_KEY,
    CODE,
    COUNTRY,
    INSTANT,
    NOW,
    REASON,
    STATUS,
    column,
    enum,
    identifier,
    identity,
    reference,
    related,
)
from graphql_app.models.shipments import Package, Shipment


class TrackingEvent(SQLModel, table=True):
    """A tracking event: a report of what happened to a shipment or package. Apart from voiding, whether it is applied,
    and a code that is mapped again, it never changes."""

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
            "ix_tracking_event_carrier_status",
            "account_id",
            "carrier_status_key",
            "occurred_at",
            "id",
            postgresql_where=text("carrier_status_key IS NOT NULL"),
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
        {
            "comment": "A tracking event, stored as reported. Only voided_at, voided_by, void_reason, applied, "
            "not_applied_reason and state_after ever change, and code, reason and position if a mapping is applied "
            "again."
        },
    )
    id: UUID | None = identity("ID of the event (UUIDv7), written as `evt_` and 32 hexadecimal digits.")
    account_id: UUID = column(Uuid, ACCOUNT)
    shipment_id: UUID = reference("shipment", "The shipment that the event is about.")
    package_id: UUID | None = reference(
        "package", "The package that the event is about. Null if it is about the whole shipment.", null=True
    )
    seq: int | None = column(
        BigInteger, "Number of the event in the order of arrival.", sa_column_args=[Identity(always=True)], default=None
    )
    position: int = column(
        BigInteger,
        "Order among events of the same instant: the rank of the status, then a hash of the content, so that the "
        "order of arrival has no influence.",
    )
    code: enums.TrackingEventCode = column(CODE, "Type of the tracking event.")
    reason: enums.ExceptionReason | None = column(
        REASON, "Cause of the problem that the event reports. Null if there is none or it is unknown.", null=True
    )
    message: str | None = column(
        String(1000), "Text of the report, up to 1,000 characters. Null if there is none.", null=True
    )
    occurred_at: datetime = column(
        INSTANT,
        "When the event occurred. For a local time of unknown zone: that time as if it were UTC. For a date: 23:59:59 "
        "UTC of that day.",
    )
    occurred_local: datetime | None = column(
        TIMESTAMP(timezone=False), "Local time at the place of the event. Null if unknown.", null=True
    )
    utc_offset_min: int | None = column(
        SmallInteger, "UTC offset of the local time in minutes, from -1080 to 1080. Null if unknown.", null=True
    )
    time_precision: enums.TimePrecision = column(
        enum(enums.TimePrecision), "Precision of the time at which the event occurred."
    )
    recorded_at: datetime | None = column(INSTANT, "When the event was recorded.", server=NOW)
    source: enums.EventSource = column(
        enum(enums.EventSource), "Origin of the event. Default REPORT.", server=text("'REPORT'")
    )
    source_name: str = column(identifier(64), "Name of the reporting source, up to 64 characters.")
    external_event_id: str | None = column(
        identifier(128), "The source's own ID of the event, up to 128 characters. Null if there is none.", null=True
    )
    carrier_status_raw: str | None = column(
        identifier(128), "The carrier's own status code, up to 128 characters. Null if there is none.", null=True
    )
    carrier_status_key: str | None = column(
        identifier(128),
        "The carrier's status code for comparison: in upper case, with single spaces. Null if there is none.",
        sa_column_args=[Computed(CARRIER_STATUS_KEY, persisted=True)],
        null=True,
    )
    code_mapped: bool = column(
        Boolean, "Whether the code was derived from the carrier's status code.", server=text("false")
    )
    reason_mapped: bool = column(
        Boolean, "Whether the reason was derived from the carrier's status code.", server=text("false")
    )
    place_name: str | None = column(String(200), "Name of the place, up to 200 characters. Null if unknown.", null=True)
    city: str | None = column(String(200), "City, up to 200 characters. Null if unknown.", null=True)
    region: str | None = column(
        String(100), "State, province or region, up to 100 characters. Null if unknown.", null=True
    )
    postal_code: str | None = column(String(32), "Postal code, up to 32 characters. Null if unknown.", null=True)
    country_code: str | None = column(COUNTRY, "Country code (ISO 3166-1 alpha-2). Null if unknown.", null=True)
    latitude: float | None = column(Double, "Latitude in degrees north, from -90 to 90. Null if unknown.", null=True)
    longitude: float | None = column(Double, "Longitude in degrees east, from -180 to 180. Null if unknown.", null=True)
    estimated_delivery_at: datetime | None = column(
        INSTANT, "Estimate of the delivery time that the event reports. Null if it reports none.", null=True
    )
    estimated_delivery_date: date | None = column(
        Date, "The day of the estimate if it was reported as a day. Null otherwise.", null=True
    )
    override_status: enums.ShipmentStatus | None = column(
        STATUS, "Status that `shipmentOverrideStatus` set. Null for reported events.", null=True
    )
    dedupe_key: bytes = column(
        LargeBinary, "SHA-256 hash of the content that identifies duplicates within the shipment."
    )
    applied: bool = column(Boolean, "Whether the event was applied to the status.")
    not_applied_reason: enums.NotAppliedReason | None = column(
        enum(enums.NotAppliedReason), "Reason why the event was not applied. Null if it was applied.", null=True
    )
    voided_at: datetime | None = column(INSTANT, "When the event was voided. Null if it is not voided.", null=True)
    voided_by: str | None = column(String(200), "The actor that voided the event. Null if it is not voided.", null=True)
    void_reason: str | None = column(
        String(500), "Reason why the event was voided, up to 500 characters. Null if it is not voided.", null=True
    )
    corrects_event_id: UUID | None = reference(
        "tracking_event", "The voided event that this event replaces. Null if it replaces none.", null=True
    )
    raw: dict[str, Any] | None = column(
        JSONB, "The report as the carrier sent it, a JSON object. Null if not stored.", null=True
    )
    state_after: dict[str, Any] | None = column(
        JSONB,
        "State of the shipment after this event, a checkpoint for recalculations. Null for most events.",
        null=True,
    )

    shipment: Shipment = related()
    package: Package | None = related()
    corrects: "TrackingEvent" = related(remote_side="TrackingEvent.id")
