"""Statistics in plain Python over ORM objects, written from the descriptions of the schema."""

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

from graphql_app.domain import status_rules
from tests.support import reference_filters, reference_lateness
from tests.support.orm_rows import AccountRows

PROBLEMS = {"EXCEPTION", "HELD", "CUSTOMS_HELD", "DAMAGED", "LOST"}
PERCENTILES = [50.0, 90.0, 95.0]
NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)


def metadata_text(raw: str, key: str) -> str | None:
    """The value of a metadata key as text."""
    token = dict(reference_filters.spans(raw)).get(json.dumps(key, ensure_ascii=False))
    if token is None or token == "null":
        return None
    return json.loads(token) if token.startswith('"') else token


def dimension_values(row: Any, name: str, loaded: AccountRows, metadata_key: str | None) -> list[str | None]:
    """The values of a dimension of a shipment: one, or all tags."""
    recipient, shipper = loaded.party(row.id, "RECIPIENT"), loaded.party(row.id, "SHIPPER")
    carrier = loaded.carriers.get(row.carrier_id)
    if name == "TAG":
        return list(dict.fromkeys(row.tags)) or [None]
    values: dict[str, Callable[[], Any]] = {
        "STATUS": lambda: row.status,
        "PHASE": lambda: status_rules.phase(row.status),
        "LATENESS": lambda: reference_lateness.lateness(row),
        "CARRIER": lambda: carrier and carrier.code,
        "SERVICE": lambda: row.service,
        "DIRECTION": lambda: row.direction,
        "ORIGIN_COUNTRY": lambda: shipper and shipper.country_code,
        "DESTINATION_COUNTRY": lambda: recipient and recipient.country_code,
        "DESTINATION_CITY": lambda: recipient and recipient.city,
        "EXCEPTION_REASON": lambda: row.exception_reason,
        "INCOTERM": lambda: row.incoterm,
        "CURRENCY": lambda: row.currency,
        "METADATA": lambda: metadata_text(loaded.raw[row.id], metadata_key or ""),
    }
    value = values[name]()
    return [None if value is None else str(value)]


def bucket_key(instant: datetime, unit: str, zone: ZoneInfo) -> datetime:
    """The first instant of the bucket that contains an instant."""
    local = instant.astimezone(zone)
    if unit == "HOUR":
        start = (local.replace(tzinfo=None) - local.utcoffset()).replace(tzinfo=UTC)  # type: ignore[operator]
        start -= timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        while label(start, zone) != label(instant, zone):
            start += timedelta(minutes=1)
        return start
    day = local.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "WEEK":
        day -= timedelta(days=day.weekday())
    if unit in ("MONTH", "YEAR"):
        day = day.replace(day=1)
    if unit == "YEAR":
        day = day.replace(month=1)
    return day.replace(tzinfo=zone, fold=0).astimezone(UTC)


def label(instant: datetime, zone: ZoneInfo) -> tuple[datetime, timedelta | None]:
    """The local hour of an instant, with its offset."""
    local = instant.astimezone(zone)
    return local.replace(tzinfo=None, minute=0, second=0, microsecond=0, fold=0), local.utcoffset()


def percentile(values: list[float], fraction: float) -> float:
    """A percentile, interpolated between the two nearest values."""
    position = fraction * (len(values) - 1)
    low = int(position)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (position - low)


def duration(values: Iterable[timedelta | None]) -> dict[str, Any]:
    """DurationStatistics, with durations in seconds."""
    seconds = sorted(value / timedelta(seconds=1) for value in values if value is not None)
    return {
        "count": len(seconds),
        "average": sum(seconds) / len(seconds) if seconds else None,
        "minimum": seconds[0] if seconds else None,
        "maximum": seconds[-1] if seconds else None,
        "percentiles": [
            {"percentile": share, "value": percentile(seconds, share / 100)} for share in PERCENTILES if seconds
        ],
    }


def rate(rows: list[Any], kept: Callable[[Any], bool], of: Callable[[Any], bool]) -> dict[str, Any]:
    """A Rate."""
    denominator = [row for row in rows if of(row)]
    numerator = sum(1 for row in denominator if kept(row))
    return {"kept": numerator, "of": len(denominator), "rate": numerator / len(denominator) if denominator else None}


def rounded(value: Decimal, places: int) -> Decimal:
    """A decimal rounded half up."""
    with localcontext(prec=100):
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def money(pairs: Iterable[tuple[Decimal | None, str | None]]) -> list[dict[str, Any]]:
    """MoneyStatistics of amounts with their currencies."""
    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for amount, currency in pairs:
        if amount is not None:
            amounts[currency or ""].append(amount)
    return [
        {
            "currency": currency,
            "count": len(values),
            "sum": sum(values, Decimal(0)),
            "average": rounded(sum(values, Decimal(0)) / len(values), 4),
        }
        for currency, values in sorted(amounts.items())
    ]


def numbers(values: Iterable[Decimal | None]) -> dict[str, Any]:
    """NumberStatistics."""
    known = [value for value in values if value is not None]
    with localcontext(prec=100):
        return {
            "count": len(known),
            "sum": sum(known, Decimal(0)),
            "average": rounded(sum(known, Decimal(0)) / len(known), 6) if known else None,
            "minimum": min(known, default=None),
            "maximum": max(known, default=None),
        }


def as_number(text: str | None) -> Decimal | None:
    """A text as number."""
    return Decimal(text) if text is not None and NUMBER.fullmatch(text) else None


def has_event(row: Any, loaded: AccountRows, codes: set[str]) -> bool:
    """Whether a shipment has an applied event with one of the codes."""
    return any(event.applied and event.voided_at is None and event.code in codes for event in loaded.events_of[row.id])


def shipment_measures(rows: list[Any], loaded: AccountRows, now: datetime) -> dict[str, Any]:
    """ShipmentMeasures of rows."""
    weights = [row.total_weight_g for row in rows if row.total_weight_g is not None]
    with localcontext(prec=100):
        kilograms = [weight / 1000 for weight in weights]
        weight = {
            "count": len(weights),
            "sum": sum(kilograms, Decimal(0)),
            "average": rounded(sum(kilograms, Decimal(0)) / len(weights), 6) if weights else None,
            "minimum": min(kilograms, default=None),
            "maximum": max(kilograms, default=None),
        }
    open_rows = [row for row in rows if row.status not in status_rules.CLOSED]
    return {
        "count": len(rows),
        "packages": sum(row.package_count for row in rows),
        "weight": weight,
        "declaredValue": money((row.declared_value, row.currency) for row in rows),
        "onTime": rate(
            rows,
            lambda row: row.delivered_at <= reference_lateness.deadline(row),
            lambda row: row.delivered_at is not None and reference_lateness.deadline(row) is not None,
        ),
        "firstAttemptRate": rate(
            rows,
            lambda row: not has_event(row, loaded, {"DELIVERY_ATTEMPTED"}),
            lambda row: row.delivered_at is not None,
        ),
        "exceptionRate": rate(
            rows, lambda row: has_event(row, loaded, PROBLEMS), lambda row: row.picked_up_at is not None
        ),
        "returnRate": rate(
            rows, lambda row: row.status in ("RETURNING", "RETURNED"), lambda row: row.picked_up_at is not None
        ),
        "transitTime": duration(
            row.delivered_at - row.picked_up_at for row in rows if row.delivered_at and row.picked_up_at
        ),
        "age": duration(now - row.ready_at for row in open_rows if row.ready_at is not None),
        "lateBy": duration(reference_lateness.late_by(row, now) for row in rows),
        "metadataNumber": numbers(as_number(metadata_text(loaded.raw[row.id], "pieces")) for row in rows),
    }


def grouped(
    rows: list[Any], dimensions: list[str], loaded: AccountRows, metadata_key: str | None,
    bucket: Callable[[Any], datetime | None] | None,
) -> dict[tuple[Any, ...], list[Any]]:  # fmt: skip
    """The rows of each group, by the values of the dimensions and the start of the bucket (None without buckets)."""
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        start = None if bucket is None else bucket(row)
        if bucket is not None and start is None:
            continue
        values = [dimension_values(row, name, loaded, metadata_key) for name in dimensions]
        for combination in itertools.product(*values):
            groups[(*combination, start)].append(row)
    return groups
