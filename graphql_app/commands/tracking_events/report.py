"""A report of a tracking event: the validated TrackingEventInput, before its target and its carrier status are looked
up."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands import delivery_times
from graphql_app.commands.carriers import MAX_CARRIER_STATUS_CHARACTERS
from graphql_app.commands.shipments.input_rows import NO_LETTER_OR_DIGIT
from graphql_app.commands.shipments.key import check_key, validate_key
from graphql_app.commands.tracking_events import times
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums, normal_forms
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

DEFAULT_SOURCE = "api"
"""The source of a report without `source`."""
INVALID_TIME = times.ParsedEventTime(datetime(2000, 1, 1, tzinfo=UTC), None, None, enums.TimePrecision.EXACT)
"""Placeholder for an invalid time; the report has an error and is not recorded."""
MAX_LATITUDE_DEGREES = 90
"""Latitudes are between minus and plus this."""
MAX_LONGITUDE_DEGREES = 180
"""Longitudes are between minus and plus this."""


@dataclass(slots=True)
class EventReport:
    """A report of one event: the columns known so far and the target of the event."""

    validator: Validator
    target: dict[str, Any]
    row: dict[str, Any]
    code: enums.TrackingEventCode | None
    """The code of the input; if it is None, the carrier status decides `row["code"]`."""
    reason: str | None
    corrects: UUID | None = None
    """Id of the voided event that this one replaces."""
    package_seq: int = 0


def validate(validator: Validator, fields: Input) -> EventReport:
    """Validate a TrackingEventInput."""
    time = times.parse_event_time(validator.at("occurred"), fields["occurred"]) or INVALID_TIME
    code = enums.TrackingEventCode(fields["code"]) if fields.get("code") else None
    raw = validator.text(fields, "carrierStatusRaw", MAX_CARRIER_STATUS_CHARACTERS)
    reason = fields.get("reason") and str(fields["reason"])
    if code is None and not (fields.get("carrierStatusRaw") or "").strip():
        message = "Either `code` or `carrierStatusRaw` (the carrier's own status code) is required."
        validator.add_error(user_errors.Required(message), "code")
    estimate = delivery_times.parse(validator, fields, "estimatedDeliveryAt", delivery_times.zone(validator, fields))
    row = {
        "id": public_ids.new(),
        "code": code,
        "reason": reason,
        "message": validator.text(fields, "message", 1000),
        "occurred_at": time.occurred_at,
        "occurred_local": time.occurred_local,
        "utc_offset_min": time.utc_offset_min,
        "time_precision": time.time_precision.value,
        "source": enums.EventSource.REPORT.value,
        "source_name": validator.text(fields, "source", 64) or DEFAULT_SOURCE,
        "external_event_id": validator.text(fields, "externalEventId", 128),
        "carrier_status_raw": raw,
        "estimated_delivery_at": estimate.instant,
        "estimated_delivery_date": estimate.day,
        "override_status": None,
        "code_mapped": code is None,
        "reason_mapped": code is None and reason is None,
        **validate_place(validator.at("place"), fields.get("place") or {}),
    }
    return EventReport(validator, validate_target(validator.at("target"), fields["target"]), row, code, reason)


def validate_target(validator: Validator, fields: Input) -> dict[str, Any]:
    """The target of an event: the key of a shipment, a package id, or a tracking number with an optional carrier."""
    key = validate_key(validator, fields.get("shipment"), "shipment")
    target: dict[str, Any] = {**key, "package": None, "carrier": None}
    target["tracking_number"] = None
    if fields.get("packageId") is not None:
        target["package"] = public_ids.decode_as(models.Package, fields["packageId"]) or UUID(int=0)
    if fields.get("trackingNumber") is not None:
        number = fields["trackingNumber"]
        target["tracking_number"] = normal_forms.tracking_number(number["trackingNumber"])
        target["carrier"] = normal_forms.text(number["carrier"]) if number.get("carrier") is not None else None
        if check_key(validator, number, "trackingNumber") and not target["tracking_number"]:
            error = user_errors.Invalid(NO_LETTER_OR_DIGIT)
            validator.add_error(error, "trackingNumber", "trackingNumber")
    return target


def validate_place(validator: Validator, fields: Input) -> dict[str, Any]:
    """The columns of the place of an event."""
    latitude, longitude = fields.get("latitude"), fields.get("longitude")
    if (latitude is None) is not (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        validator.add_error(user_errors.Required("`latitude` and `longitude` must be sent together."), missing)
    for name, value, max_degrees in (
        ("latitude", latitude, MAX_LATITUDE_DEGREES),
        ("longitude", longitude, MAX_LONGITUDE_DEGREES),
    ):
        if value is not None and not -max_degrees <= value <= max_degrees:
            message = f"Must be between -{max_degrees} and {max_degrees} degrees (was {value})."
            validator.add_error(user_errors.Invalid(message), name)
    return {
        "place_name": validator.text(fields, "name", 200),
        "city": validator.text(fields, "city", 200),
        "region": validator.text(fields, "region", 100),
        "postal_code": validator.text(fields, "postalCode", 32),
        "country_code": validator.country(fields, "country"),
        "latitude": latitude,
        "longitude": longitude,
    }
