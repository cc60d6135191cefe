"""Lateness in plain Python over ORM objects, written from the descriptions of the schema."""

from datetime import UTC, datetime, timedelta
from typing import Any

from graphql_app.domain import enums, status_rules


def deadline(row: Any) -> datetime | None:
    """The end of the promised window, otherwise the estimate."""
    promised: datetime | None = row.promised_to
    estimated: datetime | None = row.estimated_delivery_at
    return promised or estimated


def lateness(row: Any, now: datetime | None = None) -> enums.Lateness:
    """The lateness of a shipment at a time, by default the current one."""
    limit = deadline(row)
    if limit is None or (row.delivered_at is None and row.status in status_rules.CLOSED):
        return enums.Lateness.UNKNOWN
    if row.delivered_at is not None:
        return enums.Lateness.ON_TIME if row.delivered_at <= limit else enums.Lateness.LATE
    return enums.Lateness.LATE if limit < (now or datetime.now(UTC)) else enums.Lateness.DUE


def late_by(row: Any, now: datetime | None = None) -> timedelta | None:
    """How late a shipment is or was; None unless it is late."""
    limit = deadline(row)
    if limit is None or lateness(row, now) is not enums.Lateness.LATE:
        return None
    end: datetime = row.delivered_at or now or datetime.now(UTC)
    return end - limit
