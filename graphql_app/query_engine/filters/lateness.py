"""Filters and expressions of lateness: `Shipment.lateness`, `lateBy`, and their conditions in `ShipmentWhere`.

They compare two generated columns of the shipment with the clock of the statement: see `models/lateness.py`. A value of
`lateness` is a range of an index, so that the size of the table does not matter.
"""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import BigInteger, ColumnElement, Interval, and_, case, cast, func, or_

from graphql_app.domain.enums import Lateness
from graphql_app.errors import request_errors
from graphql_app.models.lateness import MAX_BIGINT
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.predicates import INFINITY, NO_ROWS, Predicate
from graphql_app.query_engine.selection import Arguments, RowAlias

MAX_DURATION = timedelta(days=36_500)
"""Longest duration in a filter."""
MICROSECOND = timedelta(microseconds=1)
"""The unit of `delivery_delay`."""
NOW = func.now()
"""The time of the statement: a read is a transaction of its own."""
MINUS_INFINITY = json_sql.sql("'-infinity'::timestamptz")
"""The timestamp before all others."""
NO_DELAY = json_sql.sql(MAX_BIGINT)
"""The indexed value of a missing delay."""


def indexed_delay(row: RowAlias) -> ColumnElement[int]:
    """Return the delay of the delivery in microseconds as the index stores it: null is later than every value."""
    return case((row.c.delivery_delay.is_(None), NO_DELAY), else_=row.c.delivery_delay)


def lateness(row: RowAlias) -> ColumnElement[str]:
    """Return the name of the lateness of a shipment."""
    return case(
        (row.c.late_from < NOW, json_sql.string(Lateness.LATE)),
        (row.c.delivery_delay <= json_sql.sql("0"), json_sql.string(Lateness.ON_TIME)),
        (row.c.late_from < INFINITY, json_sql.string(Lateness.DUE)),
        else_=json_sql.string(Lateness.UNKNOWN),
    )


def late_by(row: RowAlias) -> ColumnElement[timedelta]:
    """Return how late a shipment is or was; null unless it is late."""
    deadline = case((row.c.promised_to.is_(None), row.c.estimated_delivery_at), else_=row.c.promised_to)
    return case(
        (row.c.late_from == MINUS_INFINITY, row.c.delivered_at - deadline),
        (row.c.late_from < NOW, NOW - row.c.late_from),
    )


PREDICATES: dict[Lateness, Callable[[RowAlias], Predicate]] = {
    Lateness.ON_TIME: lambda row: indexed_delay(row) <= json_sql.sql("0"),
    Lateness.LATE: lambda row: row.c.late_from < NOW,
    Lateness.DUE: lambda row: and_(row.c.late_from >= NOW, row.c.late_from < INFINITY),
    Lateness.UNKNOWN: lambda row: and_(row.c.late_from == INFINITY, row.c.delivery_delay.is_(None)),
}
"""The predicate of each value of lateness."""


def lateness_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """LatenessFilter: `eq`, `in`."""
    result = list[Predicate]()
    if arguments["eq"] is not None:
        result.append(PREDICATES[arguments["eq"]](row))
    if arguments["in"] is not None:
        values = sorted(set(arguments["in"]))  # `plan.shape` ignores the order of enum values
        result.append(or_(*(PREDICATES[value](row) for value in values)) if values else NO_ROWS)
    return result


def checked_duration(duration: timedelta) -> timedelta:
    """Return a duration of a filter unchanged if it is not too long.

    Raises:
        BadUserInput: it exceeds `MAX_DURATION`.
    """
    if duration > MAX_DURATION:
        raise request_errors.BadUserInput(f"A duration in a filter must be at most {MAX_DURATION.days:,} days.")
    return duration


def in_microseconds(duration: timedelta) -> int:
    """Return a duration of a filter in microseconds. Raises as `checked_duration` does."""
    return checked_duration(duration) // MICROSECOND


def late_by_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """DurationFilter of `lateBy`: compares the delay of a delivery, or how long the deadline has passed."""
    delivered, still_open = list[Predicate](), list[Predicate]()
    for name in ("gte", "gt", "lte", "lt"):
        if arguments[name] is None:
            continue
        delay = arguments.bind(name, BigInteger(), in_microseconds)
        deadline = NOW - cast(arguments.bind(name, Interval(), checked_duration), Interval())
        value = indexed_delay(row)
        comparisons = {
            "gte": (value >= delay, row.c.late_from <= deadline),
            "gt": (value > delay, row.c.late_from < deadline),
            "lte": (value <= delay, row.c.late_from >= deadline),
            "lt": (value < delay, row.c.late_from > deadline),
        }
        delivered.append(comparisons[name][0])
        still_open.append(comparisons[name][1])
    if not delivered:
        return []
    delivered += [indexed_delay(row) > json_sql.sql("0"), indexed_delay(row) < NO_DELAY]
    still_open += [row.c.late_from > MINUS_INFINITY, row.c.late_from < NOW]
    return [or_(and_(*delivered), and_(*still_open))]
