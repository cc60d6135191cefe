"""Texts of dates and times as clients write them: RFC 3339, and forms of ISO 8601 whose meaning is certain.

Seconds may be omitted, as browsers do in `datetime-local`. The separator is `T` or a space, that of fractions a dot or
a comma; digits of a fraction after the sixth are cut off. An offset is `Z`, `+01:00`, `+0100` or `+01`, and a space may
precede it. A text without offset is never taken for an instant, with one exception: the first and the last day of the
calendar, which .NET and databases use for "no limit", are before and after all times in every time zone.
"""

import re
from datetime import UTC, datetime, timedelta

DATE_AND_TIME = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
"""Groups: date, hours and minutes, seconds, fraction."""
OFFSET = r" ?([Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
"""Group: offset."""
WITH_OFFSET = re.compile(DATE_AND_TIME + OFFSET, re.ASCII)
"""A date and time with an offset."""
WITHOUT_OFFSET = re.compile(DATE_AND_TIME, re.ASCII)
"""A date and time without an offset."""
LIMIT = re.compile(r"(0001-01-01|9999-12-31)(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?", re.ASCII)
"""A time on the first or last day of the calendar without offset. Group: date."""
FIRST_TIME = datetime.min.replace(tzinfo=UTC) + timedelta(microseconds=1)
"""Before all times. Not the first one of the calendar, which asyncpg sends as `-infinity`."""
LAST_TIME = datetime.max.replace(tzinfo=UTC) - timedelta(microseconds=1)
"""After all times. Not the last one of the calendar, which asyncpg sends as `infinity`."""


def parse(text: str) -> datetime | None:
    """Return the time of a text with an offset, or a limit; None if the text has another form.

    Times beyond the limits, for example `0001-01-01T00:00:00+01:00`, are the limits.

    Raises:
        ValueError: the text has this form but is no date and time.
    """
    if limit := LIMIT.fullmatch(text):
        return FIRST_TIME if limit[1] == "0001-01-01" else LAST_TIME
    match = WITH_OFFSET.fullmatch(text)
    if match is None:
        return None
    offset = match[5].upper()
    time = datetime.fromisoformat(iso_text(match) + ("+00:00" if offset == "Z" else offset))
    try:
        return min(max(time, FIRST_TIME), LAST_TIME)
    except OverflowError:  # its UTC time is not in the calendar
        return FIRST_TIME if time.year == 1 else LAST_TIME


def parse_local(text: str) -> datetime | None:
    """Return the time of a text without offset; None if the text has another form.

    Raises:
        ValueError: the text has this form but is no date and time.
    """
    match = WITHOUT_OFFSET.fullmatch(text)
    return None if match is None else datetime.fromisoformat(iso_text(match))


def iso_text(match: re.Match[str]) -> str:
    """Return date and time of a match in ISO 8601 with up to 6 digits of the fraction."""
    fraction = f".{match[4][:6].ljust(6, '0')}" if match[4] else ""
    return f"{match[1]}T{match[2]}:{match[3] or '00'}{fraction}"
