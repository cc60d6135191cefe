"""Scalars: how values look on the wire. What cannot be meant is refused with a sentence that shows how to write it.

The text that a scalar serializes to here is the text that `read/json.py` lets PostgreSQL write.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

LocalDateTime = NewType("LocalDateTime", datetime)
TimeZone = NewType("TimeZone", str)
CountryCode = NewType("CountryCode", str)
CurrencyCode = NewType("CurrencyCode", str)

DATE_AND_TIME = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?"
DATETIME_WITH_OFFSET = re.compile(DATE_AND_TIME + r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
LOCAL_DATETIME = re.compile(DATE_AND_TIME, re.ASCII)
DECIMAL = re.compile(r"[+-]?\d{1,30}(\.\d{1,20})?", re.ASCII)
MAX_QUOTED_CHARACTERS = 64
INFINITE = (datetime.min, datetime.max)
"""asyncpg takes these for PostgreSQL's -infinity and infinity, which are no times."""


def quote(value: object) -> str:
    """A value for a message: quoted, and cut where it is long."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_QUOTED_CHARACTERS else text[:MAX_QUOTED_CHARACTERS] + "…"


def to_microseconds(found: re.Match[str]) -> str:
    """Date and time to the microsecond; what is finer is cut off."""
    day, time, fraction = found[1], found[2], found[3]
    return f"{day}T{time}" + (f".{fraction[:6].ljust(6, '0')}" if fraction else "")


def parse_datetime(value: object) -> datetime:
    """RFC 3339 with an offset. The offset is kept; a time without one is refused."""
    if not isinstance(value, str) or not (found := DATETIME_WITH_OFFSET.fullmatch(value)):
        if isinstance(value, str) and LOCAL_DATETIME.fullmatch(value):
            raise GraphQLError(
                f"The time {quote(value)} has no offset, so it could mean any of 26 hours. "
                f"Write 2026-11-24T09:30:00+01:00, or 2026-11-24T08:30:00Z."
            )
        raise GraphQLError(f"{quote(value)} is no date-time. Write 2026-11-24T09:30:00+01:00, or 2026-11-24T08:30:00Z.")
    try:
        moment = datetime.fromisoformat(to_microseconds(found) + found[4].upper().replace("Z", "+00:00"))
        if moment.astimezone(UTC).replace(tzinfo=None) in INFINITE:
            raise ValueError("it lies at the end of the calendar")
    except (ValueError, OverflowError) as error:
        raise GraphQLError(f"{quote(value)} is no date-time: {error}.") from None
    return moment


def format_datetime(value: datetime) -> str:
    """RFC 3339 in UTC, without the zeros at the end of a fraction: as PostgreSQL writes it."""
    text = value.astimezone(UTC).isoformat()
    day, _, offset = text.partition("+")
    return f"{day.rstrip('0') if '.' in day else day}+{offset}"


def parse_local_datetime(value: object) -> datetime:
    """RFC 3339 without an offset."""
    if not isinstance(value, str) or not (found := LOCAL_DATETIME.fullmatch(value)):
        raise GraphQLError(f"{quote(value)} is no local date-time. Write 2026-11-24T09:30:00, without an offset.")
    try:
        moment = datetime.fromisoformat(to_microseconds(found))
        if moment in INFINITE:
            raise ValueError("it lies at the end of the calendar")
        return moment
    except ValueError as error:
        raise GraphQLError(f"{quote(value)} is no local date-time: {error}.") from None


def format_local_datetime(value: datetime) -> str:
    text = value.isoformat()
    return text.rstrip("0") if "." in text else text


def parse_date(value: object) -> date:
    """A date, YYYY-MM-DD."""
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"{quote(value)} is no date: {error}.") from None
    raise GraphQLError(f"{quote(value)} is no date. Write 2026-11-24.")


def parse_decimal(value: object) -> Decimal:
    """An exact decimal from a string, or from a whole number. Never from a float, which is not exact."""
    if isinstance(value, float):
        raise GraphQLError(f'{quote(value)} is a float, which is not exact. Write it as a string: "{quote(value)}".')
    if isinstance(value, bool) or not isinstance(value, str | int) or not DECIMAL.fullmatch(str(value)):
        raise GraphQLError(f'{quote(value)} is no decimal. Write it as a string, such as "12.50".')
    return Decimal(value)


def format_decimal(value: Decimal) -> str:
    """Digits without an exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def code_parser(count: int, example: str, what: str) -> Callable[[object], str]:
    """A code of so many letters. Whether it is in use is asked later, where the answer can carry a path."""

    def parse(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(rf"[A-Za-z]{{{count}}}", value, re.ASCII):
            return value.upper()
        raise GraphQLError(f"{quote(value)} is no {what}. Write {count} letters, such as {example}.")

    return parse


def parse_time_zone(value: object) -> str:
    """The name of a time zone. Whether it exists is asked later."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_+\-/]{1,64}", value, re.ASCII):
        return value
    raise GraphQLError(f"{quote(value)} is no time zone. Write its IANA name, such as Europe/Berlin.")


def pass_through(value: Any) -> Any:
    return value


def define(name: str, description: str, url: str | None, parse: Callable[..., Any], text: Callable[..., Any]) -> Any:
    """A scalar's definition."""
    return strawberry.scalar(
        name=name, description=description, specified_by_url=url, parse_value=parse, serialize=text
    )


SCALARS: dict[object, ScalarDefinition] = {
    datetime: define(
        "DateTime",
        "A date and time with a UTC offset (RFC 3339), such as `2026-11-24T09:30:00+01:00` or `2026-11-24T08:30:00Z`. "
        "Results are in UTC. Precision: microseconds.",
        "https://scalars.graphql.org/andimarek/date-time.html", parse_datetime, format_datetime),
    LocalDateTime: define(
        "LocalDateTime",
        "A local date and time without a UTC offset, such as `2026-11-24T09:30:00`. Precision: microseconds.",
        "https://scalars.graphql.org/andimarek/local-date-time.html", parse_local_datetime, format_local_datetime),
    date: define(
        "Date", "A calendar date (RFC 3339), such as `2026-11-24`.",
        "https://scalars.graphql.org/andimarek/local-date.html", parse_date, date.isoformat),
    TimeZone: define(
        "TimeZone", "The name of a time zone (IANA), such as `Europe/Berlin`. Case-sensitive.",
        "https://www.iana.org/time-zones", parse_time_zone, str),
    Decimal: define(
        "Decimal",
        "An exact decimal number as a string, such as `\"12.5\"`: up to 30 digits before and 20 after the decimal "
        "point. Integers are accepted as well; floats are rejected.",
        "https://www.rfc-editor.org/rfc/rfc8259#section-7", parse_decimal, format_decimal),
    CountryCode: define(
        "CountryCode", "A country code of two letters (ISO 3166-1 alpha-2), such as `DE`.",
        "https://www.iso.org/iso-3166-country-codes.html", code_parser(2, "DE", "country code"), str),
    CurrencyCode: define(
        "CurrencyCode", "A currency code of three letters (ISO 4217), such as `EUR`.",
        "https://www.iso.org/iso-4217-currency-codes.html", code_parser(3, "EUR", "currency code"), str),
    JSON: define(
        "JSON", "A JSON value of any type.", "https://www.rfc-editor.org/rfc/rfc8259", pass_through, pass_through),
}  # fmt: skip

CONFIG = StrawberryConfig(scalar_map=SCALARS, sort_schema=True)
