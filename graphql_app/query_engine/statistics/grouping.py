"""What a statistics field counts, and how its arguments group the rows."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, func, table, true
from sqlmodel import SQLModel

from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.pagination import RowSet
from graphql_app.query_engine.selection import Arguments, RowAlias
from graphql_app.query_engine.statistics.buckets import Buckets
from graphql_app.query_engine.statistics.dimensions import Dimension
from graphql_app.query_engine.statistics.frame import Frame, MatchingRows
from graphql_app.query_engine.statistics.measures import Measure

MAX_DIMENSIONS = 3
"""Maximum number of dimensions in `groupBy`."""
DEFAULT_GROUPS, MAX_GROUPS = 50, 1_000
"""Number of groups without `first`, and its maximum."""
GroupOrderValue = Callable[[Frame], ColumnElement[Any]]
"""Returns the value by which groups are ordered."""


@dataclass(frozen=True)
class Subject:
    """What a statistics field counts."""

    model: type[SQLModel]
    where: Callable[[RowAlias, Arguments], list[Predicate]]
    dimensions: Mapping[str, Dimension]
    measures: Mapping[str, Measure]
    times: Mapping[str, str] = field(default_factory=dict)
    """Time fields of buckets and their columns."""
    orders: Mapping[str, GroupOrderValue] = field(default_factory=dict)
    """Orders of groups besides COUNT, KEYS and BUCKET."""
    rows_field: str = ""
    """The field of a group with its newest rows."""
    rows: Callable[[Arguments], RowSet] | None = None
    """The order of these rows."""


class Grouping:
    """The groups that the arguments of a statistics field ask for.

    Raises:
        BadUserInput: a dimension is repeated, there are too many dimensions, or `first` is out of range.
    """

    def __init__(self, arguments: Arguments, subject: Subject, rows: MatchingRows) -> None:
        self.arguments, self.subject, self.rows, self.builder = arguments, subject, rows, rows.builder
        self.dimensions = checked_dimensions(arguments["groupBy"] or ())
        self.size = group_count(arguments)
        bucket = arguments.nested("bucket")
        self.buckets = None if bucket is None else Buckets(bucket)
        self.fills_gaps = bucket is not None and bool(bucket["fillGaps"])
        source, keys = self.group_source()
        self.page = Frame(rows, self.builder.unique_name("page"), source, keys)

    def of_rollup(self, subject: Subject) -> "Grouping":
        """Return a copy for the measures and orders of rollups. Its `page` must be set."""
        grouping = copy(self)
        grouping.subject = subject
        return grouping

    def group_source(self) -> tuple[FromClause, dict[str, ColumnElement[Any]]]:
        """Return the rows that are grouped, and the keys of a group.

        A row occurs once for each element of a dimension that is a list, and once if the list is empty.
        """
        source: FromClause = table(self.rows.name)
        keys: dict[str, ColumnElement[Any]] = {}
        for index, name in enumerate(self.dimensions, 1):
            dimension = self.subject.dimensions[name]
            key = self.rows.column(dimension.expression(self.rows.row, self.arguments), f"k{index}")
            if dimension.is_list:
                elements = func.unnest(key).table_valued("value").render_derived(f"element_{index}")
                source = source.outerjoin(elements, true())
                key = json_sql.sql(f"element_{index}.value", Text())
            keys[f"k{index}"] = key
        if self.buckets is not None:
            column = self.subject.times[self.buckets.arguments["field"]]
            instant = self.rows.row.c[column]
            keys["bucket"] = self.rows.column(self.buckets.key(instant), "bucket")
            keys["bucket"].type = self.buckets.key_type
        return source, keys


def checked_dimensions(names: Sequence[str]) -> list[str]:
    """Return the dimensions in the order of their enum.

    Raises:
        BadUserInput: one is repeated, or there are more than MAX_DIMENSIONS.
    """
    if len(names) > MAX_DIMENSIONS or len(set(names)) < len(names):
        raise request_errors.BadUserInput(f"`groupBy` takes at most {MAX_DIMENSIONS} dimensions, each once.")
    order = list(type(names[0])) if names else []  # type: ignore[call-overload]
    return sorted(names, key=order.index)


def group_count(arguments: Arguments) -> int:
    """Return the maximum number of groups.

    Raises:
        BadUserInput: `first` is out of range.
    """
    first = arguments["first"]
    if first is not None and not 0 <= first <= MAX_GROUPS:
        raise request_errors.BadUserInput(f"`first` must be between 0 and {MAX_GROUPS} (was {first}).")
    return DEFAULT_GROUPS if first is None else first
