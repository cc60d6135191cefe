"""TODO docstring."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.shipments import key
from graphql_app.commands.tracking_events import times
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums, status_projection, tracking_numbers
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

DEFAULT_SOURCE = "api"
UNKNOWN_TIME = times.EventTime(datetime(2000, 1, 1, tzinfo=UTC), None, None, enums.TimePrecision.EXACT)
"""Stands where a time is wrong; an event with that is not recorded."""


@dataclass(slots=True)
class EventReport:
    """One event that may be recorded: the columns that are known, and what it is about."""

    check: Validator
    target: dict[str, Any]
    row: dict[str, Any]
    code: enums.TrackingEventCode | None
    """The code that was given; where there is none, the carrier's word is looked up and decides the row's."""
    reason: str | None
    corrects: UUID | None = None
    package_seq: int = 0


def validate(check: Validator, given: Input) -> EventReport:
    """One input, checked."""
    moment = times.parse_event_time(check.at("occurred"), given["occurred"]) or UNKNOWN_TIME
    code = enums.TrackingEventCode(given["code"]) if given.get("code") else None
    raw, reason = check.text(given, "carrierStatusRaw", 128), given.get("reason") and str(given["reason"])
    if code is None and not (given.get("carrierStatusRaw") or "").strip():
        check.add_error(user_errors.Required("Give `code`, or `carrierStatusRaw` with the carrier's own word."), "code")
    row = {
        "id": public_ids.new(),
        "code": code,
        "reason": reason,
        "message": check.text(given, "message", 1000),
        "occurred_at": moment.occurred_at,
        "occurred_local": moment.occurred_local,
        "utc_offset_min": moment.utc_offset_min,
        "time_precision": moment.time_precision.value,
        "source": enums.EventSource.REPORT.value,
        "source_name": check.text(given, "source", 64) or DEFAULT_SOURCE,
        "external_event_id": check.text(given, "externalEventId", 128),
        "carrier_status_raw": raw,
        "estimated_delivery_at": check.instant(given, "estimatedDeliveryAt"),
        "override_status": None,
        **validate_place(check.at("place"), given.get("place") or {}),
    }
    if moment.occurred_at > datetime.now(UTC) + status_projection.FUTURE_TOLERANCE:
        check.add_warning("FUTURE", "This lies more than 24 hours ahead: it is kept, and moves no status.", "occurred")
    return EventReport(check, validate_target(check.at("target"), given["target"]), row, code, reason)


def validate_target(check: Validator, given: Input) -> dict[str, Any]:
    """What an event is about: a shipment, a package, or whatever bears a tracking number."""
    found: dict[str, Any] = {**key.parse_key(given.get("shipment")), "package": None, "carrier": None}
    key.check_key(check, given.get("shipment"), "shipment")
    found["tracking_number"] = None
    if given.get("packageId") is not None:
        found["package"] = public_ids.decode_as(models.Package, given["packageId"]) or UUID(int=0)
    if given.get("trackingNumber") is not None:
        inner = given["trackingNumber"]
        found["tracking_number"] = tracking_numbers.normalize(inner["trackingNumber"])
        found["carrier"] = inner.get("carrier")
        if key.check_key(check, inner, "trackingNumber") and not found["tracking_number"]:
            message = "A tracking number has at least one letter or digit."
            check.add_error(user_errors.Invalid(message), "trackingNumber", "trackingNumber")
    return found


def validate_place(check: Validator, given: Input) -> dict[str, Any]:
    """Where it happened, as far as is known."""
    latitude, longitude = given.get("latitude"), given.get("longitude")
    if (latitude is None) is not (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        check.add_error(user_errors.Required("Latitude and longitude go together."), missing)
    for name, value, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if value is not None and not -most <= value <= most:
            check.add_error(user_errors.Invalid(f"This must lie between -{most} and {most} degrees."), name)
    return {
        "place_name": check.text(given, "name", 200),
        "city": check.text(given, "city", 200),
        "region": check.text(given, "region", 100),
        "postal_code": check.text(given, "postalCode", 32),
        "country_code": check.country(given, "country"),
        "latitude": latitude,
        "longitude": longitude,
    }
