"""Buckets: periods of the calendar in a time zone, right at both changes of the clock.

A day or longer is identified by its local start, so that it is 23 or 25 hours long when the clock changes. An hour is
identified by its first instant, so that an hour that the clock repeats is two buckets. Where the clock is moved by half
an hour (Lord Howe Island), the hour of the change is shorter or longer, and each bucket begins at its first instant.
"""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, DateTime, Text, case, cast, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

from graphql_app.domain.statistics_enums import BucketUnit
from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import Arguments

MAX_BUCKETS = 10_000
"""Maximum number of buckets with `fillGaps`."""
INSTANT, LOCAL = DateTime(timezone=True), TIMESTAMP()
HOUR = json_sql.sql("interval '1 hour'")


def checked_zone(name: str) -> str:
    """Return the name of a time zone unchanged if it exists.

    Raises:
        BadUserInput: it does not exist.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise request_errors.BadUserInput(
            f"The time zone {name!r} does not exist. Use an IANA name, for example Europe/Berlin."
        ) from None
    return name


class Buckets:
    """The buckets of one field: `unit` in the time zone of an argument.

    `key` identifies a bucket: an instant for hours, the local start for longer ones.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.unit = BucketUnit(arguments["by"])
        self.arguments = arguments
        self.key_type = INSTANT if self.unit is BucketUnit.HOUR else LOCAL

    @property
    def zone(self) -> ColumnElement[str]:
        """The time zone, as a parameter."""
        if self.arguments["timeZone"] is None:
            return json_sql.sql("'UTC'")
        return cast(self.arguments.bind("timeZone", Text(), checked_zone), Text)

    @property
    def step(self) -> ColumnElement[Any]:
        """The length of a bucket as an interval of the calendar."""
        return json_sql.sql(f"interval '1 {self.unit.lower()}'")

    def local(self, instant: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the local time of an instant."""
        return func.timezone(self.zone, instant, type_=LOCAL)

    def truncated(self, local: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the local start of the bucket of a local time."""
        return func.date_trunc(json_sql.string(self.unit.lower()), local, type_=LOCAL)

    def key(self, instant: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the key of the bucket that contains an instant."""
        if self.unit is not BucketUnit.HOUR:
            return self.truncated(self.local(instant))
        start = instant - (self.local(instant) - self.truncated(self.local(instant)))
        local_start = self.local(start)
        # Where the clock was moved by less than an hour, the bucket begins at the change, which is a full local hour.
        late = HOUR - (local_start - self.truncated(local_start))
        is_start = local_start == self.truncated(self.local(instant))
        return case((is_start, start), else_=start + late)

    def start(self, key: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the first instant of a bucket. Of a midnight that the clock repeats, it is the first one."""
        if self.unit is BucketUnit.HOUR:
            return key
        start = func.timezone(self.zone, key, type_=INSTANT)
        earlier = start - HOUR
        return case((self.local(earlier) == key, earlier), else_=start)

    def end(self, key: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the first instant after a bucket."""
        return self.key(key + HOUR) if self.unit is BucketUnit.HOUR else self.start(key + self.step)

    def local_start(self, key: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the local time of the start of a bucket."""
        return self.local(key) if self.unit is BucketUnit.HOUR else self.local(self.start(key))

    def series(self, first: ColumnElement[Any], last: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a set of values from the first key to the last one, at most `MAX_BUCKETS`: see `key_in_series`.

        Hours are generated every quarter of an hour, because a change of the clock may move their start by so much.
        """
        step = json_sql.sql("interval '15 minutes'") if self.unit is BucketUnit.HOUR else self.step
        limit = func.least(last, first + self.step * json_sql.sql(str(MAX_BUCKETS)), type_=self.key_type)
        return func.generate_series(first, limit, step, type_=self.key_type)

    def key_in_series(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the key of the bucket of a value of `series`. Several values may have the same one."""
        return self.key(value) if self.unit is BucketUnit.HOUR else value
