"""Times of events: an `EventTime` input → instant, local time, UTC offset and precision.

Exactly one of three is required: an instant with its offset, a local time with the IANA time zone of its place if it is
known, or a date. If the offset is known: instant = local time − offset. An ambiguous local time (clocks set back) is
the first of the two instants; a skipped one (clocks set forward) is read with the offset before the change. Both are
stored as reported: a report is not rejected because of a clock change. Names that are no time zones and years outside
1900 to 2999 are rejected. `domain.event_order` says how times of different precision are ordered.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from graphql_app.commands.validation import EARLIEST, LATEST, OUT_OF_RANGE, Input, Validator
from graphql_app.domain.enums import TimePrecision
from graphql_app.errors import user_errors

FORMS = ("instant", "local", "date")
"""The fields of `EventTime`, of which exactly one is required."""
TIME_OF_DATE = time(23, 59, 59, tzinfo=UTC)
"""The time of an event with a date only: it is sorted after the other events of that day."""
MAX_OFFSET = timedelta(hours=18)
"""Maximum UTC offset of an instant, in both directions."""


class ParsedEventTime(NamedTuple):
    """The time of an event as columns of `tracking_event`."""

    occurred_at: datetime
    occurred_local: datetime | None
    utc_offset_min: int | None
    time_precision: TimePrecision


def parse_event_time(validator: Validator, fields: Input) -> ParsedEventTime | None:
    """The time of an `EventTime` input; None if it is invalid, with the errors in `validator`."""
    forms = [name for name in FORMS if fields.get(name) is not None]
    if len(forms) != 1:
        validator.add_error(user_errors.Required("Exactly one of `instant`, `local` and `date` is required."))
        return None
    if forms == ["local"]:
        return from_local_time(validator.at("local"), fields["local"])
    value = validator.parsed(fields, forms[0])
    if value is None:
        return None
    return from_date(validator, value) if forms == ["date"] else from_instant(validator, value)


def from_instant(validator: Validator, instant: datetime) -> ParsedEventTime | None:
    """The time of an instant with its UTC offset."""
    offset = instant.utcoffset()
    if offset is None or abs(offset) > MAX_OFFSET:
        validator.add_error(user_errors.Invalid("The UTC offset must be between -18:00 and +18:00."), "instant")
        return None
    if not EARLIEST <= instant < LATEST:
        validator.add_error(user_errors.Invalid(OUT_OF_RANGE), "instant")
        return None
    return ParsedEventTime(instant.astimezone(UTC), instant.replace(tzinfo=None), minutes(offset), TimePrecision.EXACT)


def from_local_time(validator: Validator, fields: Input) -> ParsedEventTime | None:
    """The time of a local time with the time zone of its place; without time zone as if it were UTC."""
    local: datetime | None = validator.parsed(fields, "at")
    name: str | None = validator.parsed(fields, "timeZone")
    zone = None if name is None else time_zone(name)
    if name is not None and zone is None:
        validator.add_error(user_errors.Invalid(unknown_zone_message(name)), "timeZone")
    if local is None:
        return None
    if not EARLIEST <= local.replace(tzinfo=UTC) < LATEST:
        validator.add_error(user_errors.Invalid(OUT_OF_RANGE), "at")
        return None
    if fields.get("timeZone") is None:
        return ParsedEventTime(local.replace(tzinfo=UTC), local, None, TimePrecision.LOCAL)
    if zone is None:
        return None
    offset = local.replace(tzinfo=zone).utcoffset()
    if offset is None:
        return None
    occurred_at = (local - offset).replace(tzinfo=UTC)
    return ParsedEventTime(occurred_at, local, minutes(offset), TimePrecision.ZONE_ASSUMED)


def from_date(validator: Validator, day: date) -> ParsedEventTime | None:
    """The time of a date: the last second of the day in UTC, without local time and offset."""
    occurred_at = datetime.combine(day, TIME_OF_DATE)
    if not EARLIEST <= occurred_at < LATEST:
        validator.add_error(user_errors.Invalid(OUT_OF_RANGE), "date")
        return None
    return ParsedEventTime(occurred_at, None, None, TimePrecision.DATE_ONLY)


def minutes(offset: timedelta) -> int:
    """An offset in minutes. Until about 1940 some offsets had seconds: they are rounded, the instant stays exact."""
    return round(offset / timedelta(minutes=1))


@cache
def zone_names() -> frozenset[str]:
    """All IANA time zone names, from the tzdata package, so that they do not depend on the machine."""
    return frozenset((files("tzdata") / "zones").read_text().split()) - {"Factory"}


@cache
def zone_names_by_lower_case() -> dict[str, str]:
    """The time zone names by their spelling in lower case."""
    return {name.lower(): name for name in zone_names()}


def time_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The time zone with this name; None if there is none."""
    return load_zone(name) if name in zone_names() else None


@cache
def load_zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone with this name, cached."""
    return zoneinfo.ZoneInfo(name)


def unknown_zone_message(name: str) -> str:
    """The message for an unknown time zone, with a suggestion if only the case is wrong."""
    suggestion = zone_names_by_lower_case().get(name.lower())
    hint = f"Did you mean {suggestion}?" if suggestion else "Use an IANA name, for example Europe/Berlin."
    return f"{name[:64]!r} is not a time zone. {hint}"
