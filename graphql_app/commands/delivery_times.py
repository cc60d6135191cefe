"""Times of a promise or an estimate: an instant, or a day or local time in a time zone that the input names.

A day is stored as its last second (its first one for the start of a window) in that time zone, together with the day,
so that it can be returned as a day.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from graphql_app.commands.tracking_events.times import time_zone, unknown_zone_message
from graphql_app.commands.validation import EARLIEST, LATEST, OUT_OF_RANGE, Input, Validator
from graphql_app.domain import date_times
from graphql_app.domain.invalid_text import InvalidText
from graphql_app.errors.user_errors import Invalid, Required

ZONE_FIELD = "deliveryTimeZone"
"""The field with the time zone of days and local times."""
DAY_COLUMNS: Mapping[str, str] = {
    "promisedFrom": "promised_from_date",
    "promisedTo": "promised_to_date",
    "estimatedDeliveryAt": "estimate_given_date",
}
"""Columns of a shipment that hold the day, by the GraphQL name of the time."""
FIRST_TIME, LAST_TIME = time(0, 0, 0), time(23, 59, 59)
"""The time of a day that starts a window, and of one that ends it."""


class DeliveryTime(NamedTuple):
    """An instant, and the day if it was given as one."""

    instant: datetime | None
    day: date | None = None


def zone(validator: Validator, fields: Input) -> ZoneInfo | None:
    """The time zone of the input; None if it is omitted or unknown, which is an error."""
    name: str | None = validator.parsed(fields, ZONE_FIELD)
    if name is None:
        return None
    if (known := time_zone(name)) is None:
        validator.add_error(Invalid(unknown_zone_message(name)), ZONE_FIELD)
    return known


def parse(
    validator: Validator, fields: Input, name: str, time_zone: ZoneInfo | None, time_of_day: time = LAST_TIME
) -> DeliveryTime:
    """A time of an input. `time_of_day` is that of a day. Both parts are None if it is omitted or invalid."""
    value = fields.get(name)
    text = value.text if isinstance(value, InvalidText) else ""
    local = local_time(text, time_of_day)
    if local is None:
        return DeliveryTime(validator.instant(fields, name))
    at, day = local
    if time_zone is None:
        if fields.get(ZONE_FIELD) is None:
            kind = "is a day" if day else "has no UTC offset"
            message = f"`{text}` {kind}. Set `{ZONE_FIELD}` as well, for example Europe/Berlin, or add an offset."
            validator.add_error(Required(message), name)
        return DeliveryTime(None)
    if not EARLIEST <= at.replace(tzinfo=UTC) < LATEST:
        validator.add_error(Invalid(OUT_OF_RANGE), name)
        return DeliveryTime(None)
    return DeliveryTime(at.replace(tzinfo=time_zone).astimezone(UTC), day)


def local_time(text: str, time_of_day: time) -> tuple[datetime, date | None] | None:
    """The local time of a text, and its day if it is one; None if it is neither a day nor a local time."""
    try:
        if len(text) == len("YYYY-MM-DD"):
            day = date.fromisoformat(text)
            return datetime.combine(day, time_of_day), day
        at = date_times.parse_local(text)
    except ValueError:
        return None
    return None if at is None else (at, None)
