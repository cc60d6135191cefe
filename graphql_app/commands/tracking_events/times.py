"""When an event happened. In flows an `EventTime`, out flow its instant, local time, offset and precision.

Exactly one of three is given: an instant with its offset, a local time with the IANA zone of its place, or a date.
Always: instant = local time − offset. A local time that the clocks showed twice means the first of the two; one that
they jumped over is read as on a clock that had not been put forward yet. Both are kept as they were reported: a report
about the world is not refused because a clock was. Refuses: unknown zones, and times in which nothing was shipped.
"""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from graphql_app.commands.validation import EARLIEST, LATEST, Input, Validator
from graphql_app.domain.enums import TimePrecision
from graphql_app.errors import user_errors

FORMS = ("instant", "local", "date")
DATE_SORTS_AT = time(23, 59, 59, tzinfo=UTC)
MAX_OFFSET = timedelta(hours=18)
RANGE = "This must lie in the years from 1900 to 2999."


class EventTime(NamedTuple):
    """A time as it is kept: columns of `tracking_event`."""

    occurred_at: datetime
    occurred_local: datetime | None
    utc_offset_min: int | None
    time_precision: TimePrecision


def parse_event_time(check: Validator, given: Input) -> EventTime | None:
    """The time that an `EventTime` names; None when something is wrong with it, which `check` then knows."""
    ways = [name for name in FORMS if given.get(name) is not None]
    if len(ways) != 1:
        check.add_error(user_errors.Required("Give exactly one of instant, local and date."))
        return None
    if ways == ["date"]:
        return from_date(check, given["date"])
    return (
        from_instant(check, given["instant"])
        if ways == ["instant"]
        else from_local_time(check.at("local"), given["local"])
    )


def from_instant(check: Validator, instant: datetime) -> EventTime | None:
    """An instant with its offset."""
    offset = instant.utcoffset()
    if offset is None or abs(offset) > MAX_OFFSET:
        check.add_error(user_errors.Invalid("No clock is more than 18 hours from UTC."), "instant")
        return None
    if not EARLIEST <= instant < LATEST:
        check.add_error(user_errors.Invalid(RANGE), "instant")
        return None
    return EventTime(instant.astimezone(UTC), instant.replace(tzinfo=None), minutes(offset), TimePrecision.EXACT)


def from_local_time(check: Validator, given: Input) -> EventTime | None:
    """A local time with the zone of its place."""
    local: datetime = given["at"]
    zone = time_zone(given["timeZone"])
    if zone is None:
        check.add_error(user_errors.Invalid(unknown_zone_message(given["timeZone"])), "timeZone")
    if not EARLIEST <= local.replace(tzinfo=UTC) < LATEST:
        check.add_error(user_errors.Invalid(RANGE), "at")
        return None
    if zone is None:
        return None
    offset = local.replace(tzinfo=zone).utcoffset()
    if offset is None:
        return None
    return EventTime((local - offset).replace(tzinfo=UTC), local, minutes(offset), TimePrecision.ZONE_ASSUMED)


def from_date(check: Validator, day: date) -> EventTime | None:
    """A date, which is sorted after whatever is known to have happened on that day."""
    at = datetime.combine(day, DATE_SORTS_AT)
    if not EARLIEST <= at < LATEST:
        check.add_error(user_errors.Invalid(RANGE), "date")
        return None
    return EventTime(at, None, None, TimePrecision.DATE_ONLY)


def minutes(offset: timedelta) -> int:
    """An offset in minutes. Until about 1940 some had seconds; those are rounded away, the instant is exact."""
    return round(offset / timedelta(minutes=1))


@cache
def zone_names() -> frozenset[str]:
    """All names of zones: those of the tzdata package, so that every machine knows the same ones."""
    return frozenset((files("tzdata") / "zones").read_text().split()) - {"Factory"}


@cache
def zone_names_by_lower_case() -> dict[str, str]:
    """The names of zones by their spelling in small letters."""
    return {name.lower(): name for name in zone_names()}


def time_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of this name; None where there is none."""
    return load_zone(name) if name in zone_names() else None


@cache
def load_zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


def unknown_zone_message(name: str) -> str:
    """What to say of a name that is none."""
    meant = zone_names_by_lower_case().get(name.lower())
    hint = f"Did you mean {meant}?" if meant else "Write its IANA name, such as Europe/Berlin."
    return f"There is no time zone {name[:64]!r}. {hint}"
