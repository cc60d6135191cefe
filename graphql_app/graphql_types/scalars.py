"""Custom scalars: parsing, serialization and descriptions. Error messages show a valid example.

A scalar serializes to the same text as PostgreSQL writes with the expressions of `query_engine/json_sql.py`.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from graphql_app.domain import date_times
from graphql_app.domain.invalid_text import InvalidText

LocalDateTime = NewType("LocalDateTime", datetime)
TimeZone = NewType("TimeZone", str)
CountryCode = NewType("CountryCode", str)
CurrencyCode = NewType("CurrencyCode", str)

DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,6})W|(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?)",
    re.ASCII,
)
"""ISO 8601 duration without years and months. Groups: weeks, days, hours, minutes, seconds."""

DECIMAL = re.compile(r"[+-]?\d{1,30}(\.\d{1,24})?", re.ASCII)
"""Up to 30 digits before and 24 after the decimal point."""

MAX_QUOTED_CHARACTERS = 64
"""Longer values are truncated in error messages."""

INFINITY_TIMES = (datetime.min, datetime.max)
"""asyncpg sends these as PostgreSQL's `-infinity` and `infinity`, so they are rejected."""


def quote(value: object) -> str:
    """Return a value for an error message: texts in quotes, truncated to MAX_QUOTED_CHARACTERS."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= MAX_QUOTED_CHARACTERS else text[:MAX_QUOTED_CHARACTERS] + "…"


def parse_datetime(value: object) -> datetime:
    """Return the time of a date and time with its UTC offset, see `date_times.parse`.

    Raises:
        GraphQLError: the value is no such text, or has no offset.
    """
    problem = "is not a valid DateTime"
    try:
        if isinstance(value, str) and (time := date_times.parse(value)) is not None:
            return time
        if isinstance(value, str) and date_times.parse_local(value) is not None:
            problem = "has no UTC offset"
    except ValueError:
        raise GraphQLError(
            f"{quote(value)} is not a valid DateTime: there is no such time in the years 1 to 9999."
        ) from None
    raise GraphQLError(f"{quote(value)} {problem}. Use RFC 3339 with an offset, for example 2026-11-24T09:30:00+01:00.")


def format_datetime(value: datetime) -> str:
    """Return a time as RFC 3339 text in UTC without trailing zeros of the fraction, as PostgreSQL writes it."""
    text = value.astimezone(UTC).isoformat()
    date_and_time, _, offset = text.partition("+")
    return f"{date_and_time.rstrip('0') if '.' in date_and_time else date_and_time}+{offset}"


def parse_local_datetime(value: object) -> datetime:
    """Return the time of a date and time without an offset, see `date_times.parse_local`.

    Raises:
        GraphQLError: the value is no such text, or is the first or last instant of the calendar.
    """
    try:
        if isinstance(value, str) and (time := date_times.parse_local(value)) is not None:
            if time in INFINITY_TIMES:
                raise ValueError("the first and the last instant of the calendar are not supported")
            return time
    except ValueError:
        raise GraphQLError(
            f"{quote(value)} is not a valid LocalDateTime: there is no such time in the years 1 to 9999."
        ) from None
    raise GraphQLError(
        f"{quote(value)} is not a valid LocalDateTime. Use a date and time without an offset, for example "
        "2026-11-24T09:30:00."
    )


def format_local_datetime(value: datetime) -> str:
    """Return a local time as RFC 3339 text without an offset and without trailing zeros of the fraction."""
    text = value.isoformat()
    return text.rstrip("0") if "." in text else text


def parse_date(value: object) -> date:
    """Return the date of a text YYYY-MM-DD (RFC 3339 `full-date`).

    Raises:
        GraphQLError: the value is no such text or no date of the calendar.
    """
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        raise GraphQLError(f"{quote(value)} is not a valid Date: there is no such day.") from None
    raise GraphQLError(f"{quote(value)} is not a valid Date. Use YYYY-MM-DD, for example 2026-11-24.")


def parse_decimal(value: object) -> Decimal:
    """Return the exact decimal of a string or an integer.

    Raises:
        GraphQLError: the value is a float, which is not exact, or no decimal number with up to 30 digits before and 24
            after the decimal point.
    """
    if isinstance(value, float):
        raise GraphQLError(f'{quote(value)} is a float, which is not exact. Use a string: "{quote(value)}".')
    if isinstance(value, bool) or not isinstance(value, str | int) or not DECIMAL.fullmatch(str(value)):
        raise GraphQLError(
            f"{quote(value)} is not a valid Decimal. Use a string with up to 30 digits before and 24 after the decimal "
            'point, for example "12.50".'
        )
    return Decimal(value)


def format_decimal(value: Decimal) -> str:
    """Return a decimal as text without exponent and without trailing zeros of the fraction."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_duration(value: object) -> timedelta:
    """Return the duration of an ISO 8601 text in weeks, or in days, hours, minutes and seconds.

    Raises:
        GraphQLError: the value is no such text.
    """
    if not isinstance(value, str) or not (match := DURATION.fullmatch(value)):
        raise GraphQLError(
            f"{quote(value)} is not a valid Duration. Use weeks, or days, hours, minutes and seconds (ISO 8601), for "
            "example P2D or PT36H30M."
        )
    weeks, days, hours, minutes = (int(group or 0) for group in match.groups()[:4])
    whole, _, fraction = (match[5] or "0").partition(".")
    return timedelta(
        weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=int(whole),
        microseconds=int(fraction.ljust(6, "0")),
    )  # fmt: skip


def format_duration(value: timedelta) -> str:
    """Return a duration as ISO 8601 text in days, hours, minutes and seconds, as PostgreSQL writes it.

    A negative duration has a minus sign before each of its parts.
    """
    sign = "-" if value < timedelta(0) else ""
    seconds, microseconds = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    fraction = f".{microseconds:06}".rstrip("0") if microseconds else ""
    parts = [f"{sign}{number}{unit}" for number, unit in ((hour, "H"), (minute, "M")) if number]
    if second or microseconds:
        parts.append(f"{sign}{second}{fraction}S")
    date_part = f"{sign}{day}D" if day else ""
    time_part = f"T{''.join(parts)}" if parts else ""
    return f"P{date_part}{time_part}" if date_part or time_part else "PT0S"


def code_parser(length: int, example: str, type_name: str) -> Callable[[object], str]:
    """Return the parser of a scalar for codes of `length` letters. It returns the code in upper case or raises
    GraphQLError.

    Mutations check later whether the code exists, so that the error has a path.
    """

    def parse(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(rf"[A-Za-z]{{{length}}}", value, re.ASCII):
            return value.upper()
        raise GraphQLError(f"{quote(value)} is not a valid {type_name}. Use {length} letters, for example {example}.")

    return parse


def parse_time_zone(value: object) -> str:
    """Return the name of a time zone. Mutations check later whether it exists, so that the error has a path.

    Raises:
        GraphQLError: the value is not a text of 1 to 64 letters, digits and `_+-/`.
    """
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_+\-/]{1,64}", value, re.ASCII):
        return value
    raise GraphQLError(f"{quote(value)} is not a valid TimeZone. Use an IANA name, for example Europe/Berlin.")


def pass_through(value: Any) -> Any:
    """Return the value unchanged."""
    return value


def accept_texts(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Return the parser of a scalar that returns an InvalidText for a text that `parse` rejects.

    Values that are no text still raise GraphQLError: they have the wrong type.
    """

    def parse_or_keep(value: object) -> Any:
        try:
            return parse(value)
        except GraphQLError as error:
            if isinstance(value, str):
                return InvalidText(value, error.message)
            raise

    return parse_or_keep


def define(
    name: str, description: str, url: str | None, parse: Callable[..., Any], serialize: Callable[..., Any]
) -> Any:
    """Return the definition of a scalar. `url` is its `specifiedByURL`."""
    return strawberry.scalar(
        name=name, description=description, specified_by_url=url, parse_value=accept_texts(parse), serialize=serialize
    )


SCALARS: dict[object, ScalarDefinition] = {
    datetime: define(
        "DateTime",
        "A date and time with a UTC offset (RFC 3339), such as `2026-11-24T09:30:00+01:00` or `2026-11-24T08:30:00Z`. "
        "Accepted as well: no seconds (`T09:30Z`), offsets such as `+0100` and `+01`, and the limits `0001-01-01` and "
        "`9999-12-31T23:59:59.9999999` of other systems, before and after all times. Results are in UTC. Precision: "
        "microseconds.",
        "https://scalars.graphql.org/andimarek/date-time.html", parse_datetime, format_datetime),
    LocalDateTime: define(
        "LocalDateTime",
        "A local date and time without a UTC offset, such as `2026-11-24T09:30:00` or `2026-11-24T09:30`. Precision: "
        "microseconds.",
        "https://scalars.graphql.org/andimarek/local-date-time.html", parse_local_datetime, format_local_datetime),
    date: define(
        "Date", "A calendar date (RFC 3339), such as `2026-11-24`.",
        "https://scalars.graphql.org/andimarek/local-date.html", parse_date, date.isoformat),
    TimeZone: define(
        "TimeZone", "The name of a time zone (IANA), such as `Europe/Berlin`. Case-sensitive.",
        "https://www.iana.org/time-zones", parse_time_zone, str),
    timedelta: define(
        "Duration",
        "A duration (ISO 8601) in weeks, or in days of 24 hours, hours, minutes and seconds, such as `P2D`, `P1W` or "
        "`PT36H30M`. Years and months are rejected, because their length varies. Precision: microseconds.",
        "https://scalars.graphql.org/andimarek/duration.html", parse_duration, format_duration),
    Decimal: define(
        "Decimal",
        "An exact decimal number as a string, such as `\"12.5\"`: up to 30 digits before and 24 after the decimal "
        "point. Integers are accepted as well; floats are rejected.",
        "https://www.rfc-editor.org/rfc/rfc8259#section-7", parse_decimal, format_decimal),
    CountryCode: define(
        "CountryCode", "A country code of two letters (ISO 3166-1 alpha-2), such as `DE`. Also `AC` (Ascension), "
        "`TA` (Tristan da Cunha) and `XK` (Kosovo).",
        "https://www.iso.org/iso-3166-country-codes.html", code_parser(2, "DE", "CountryCode"), str),
    CurrencyCode: define(
        "CurrencyCode", "A currency code of three letters (ISO 4217), such as `EUR`.",
        "https://www.iso.org/iso-4217-currency-codes.html", code_parser(3, "EUR", "CurrencyCode"), str),
    JSON: define(
        "JSON", "A JSON value of any type.", "https://www.rfc-editor.org/rfc/rfc8259", pass_through, pass_through),
}  # fmt: skip
"""Python type → definition of its scalar."""

CONFIG = StrawberryConfig(scalar_map=SCALARS, sort_schema=True)
"""Configuration of the schema. The SDL is sorted, so that its differences are easy to read."""
