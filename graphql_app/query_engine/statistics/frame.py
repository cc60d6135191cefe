"""Sets of rows whose aggregates become JSON: the columns of the matching rows, and the aggregates over them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Select, func

from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import Arguments, PlanBuilder, RowAlias


class MatchingRows:
    """The rows that a statistics field describes: one column for each expression that an aggregate needs."""

    def __init__(self, builder: PlanBuilder, row: RowAlias, arguments: Arguments) -> None:
        self.builder, self.row, self.arguments = builder, row, arguments
        self.name = builder.unique_name("matching")
        self.columns: dict[str, ColumnElement[Any]] = {}
        self.queries: list[CTE] = []

    def column(self, expression: ColumnElement[Any], name: str = "") -> ColumnElement[Any]:
        """Add an expression of the row and return it as the aggregates refer to it. A name is added once."""
        key = name or f"c{len(self.columns) + 1}"
        self.columns.setdefault(key, expression)
        return json_sql.sql(f"{self.name}.{key}", expression.type)

    def add_query(self, prefix: str, query: Select[Any]) -> str:
        """Add a query over the matching rows to the statement and return its name."""
        name = self.builder.unique_name(prefix)
        self.queries.append(query.cte(name))
        return name

    def stored(self, name: str) -> ColumnElement[Any]:
        """Add a column of the table and return it as the aggregates refer to it."""
        return self.column(self.row.c[name], f"row_{name}")


class Frame:
    """A set of groups, or the single group of the total, with one column for each aggregate that is selected.

    `name` is the query that computes the aggregates from `source`. `keys` are the columns that identify a group: name
    in the frame → expression over the source.
    """

    def __init__(
        self,
        rows: MatchingRows,
        name: str,
        source: FromClause,
        keys: Mapping[str, ColumnElement[Any]],
        number_of_rows: ColumnElement[Any] | None = None,
    ) -> None:
        self.rows, self.name, self.source, self.keys = rows, name, source, keys
        self.number_of_rows: ColumnElement[Any] = func.count() if number_of_rows is None else number_of_rows
        self.transit_rows = ""
        """The query with the transit times of the groups; only for rollups."""
        self.columns: dict[str, ColumnElement[Any]] = {}

    def add(self, aggregate: ColumnElement[Any]) -> ColumnElement[Any]:
        """Add an aggregate and return it as the JSON refers to it."""
        name = f"a{len(self.columns) + 1}"
        self.columns[name] = aggregate
        return json_sql.sql(f"{self.name}.{name}", aggregate.type)

    def count(self, aggregate: ColumnElement[Any]) -> ColumnElement[Any]:
        """Add a count or sum and return it, with 0 for a bucket without rows."""
        return func.coalesce(self.add(aggregate), json_sql.sql("0"), type_=aggregate.type)

    def number(self, condition: ColumnElement[bool] | None = None) -> ColumnElement[Any]:
        """Add the number of rows, or of those that satisfy a condition."""
        return self.count(func.count() if condition is None else func.count().filter(condition))

    def key(self, name: str) -> ColumnElement[Any]:
        """Return one of the keys as the JSON refers to it."""
        return json_sql.sql(f"{self.name}.{name}")

    def renamed(self, name: str) -> "Frame":
        """Return the same frame under another name. Both have the same columns."""
        frame = Frame(self.rows, name, self.source, self.keys, self.number_of_rows)
        frame.columns = self.columns
        return frame
