"""The rows behind a group: a connection of its newest rows, in the statement of the group.

The matching rows of a group are ordered once, and the page reads its rows by their primary keys. The cursors are those
of the list, so that a client can continue there with the same filter and the values of the group.
"""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, func
from sqlalchemy.dialects.postgresql import aggregate_order_by

from graphql_app.query_engine import json_sql
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, RowAlias, SelectedField
from graphql_app.query_engine.statistics.grouping import Grouping

DEFAULT_ROWS = 10
"""Rows of a group without `first`."""


def connection(grouping: Grouping, field: SelectedField) -> json_sql.Pieces:
    """Return the JSON of the connection of each group."""
    assert grouping.subject.rows is not None
    arguments = field.arguments
    builder = GroupConnectionBuilder(field, arguments, grouping.subject.rows(arguments), grouping)
    return [builder.statement().scalar_subquery()]


class GroupConnectionBuilder(ConnectionBuilder):
    """Builds the connection of one group. Its rows are those with the IDs that the group has collected."""

    def __init__(self, field: SelectedField, arguments: Arguments, rows: RowSet, grouping: Grouping) -> None:
        super().__init__(field, arguments, rows, default_size=DEFAULT_ROWS)
        self.matching, self.frame = matching, frame = grouping.rows, grouping.page
        keys = [
            matching.column(key.expression, f"sort_{index}")
            for index, key in enumerate(rows.sort_keys(matching.row), 1)
        ]
        order = [expression.desc() for expression in keys]
        collected: Any = func.array_agg(aggregate_order_by(matching.stored("id"), *order), type_=ARRAY(Uuid()))
        self.ids = frame.add(collected[1 : self.size + 1])
        self.ids.type = ARRAY(Uuid())
        self.number_of_rows = json_sql.sql(f"{frame.name}.number_of_rows")

    def predicates(self, row: RowAlias) -> list[ColumnElement[bool]]:
        """Return the predicates of the rows of the page and the one after it."""
        return [self.builder.account_check(row), row.c.id == func.any(self.ids)]

    def rollup_arguments(self, own_filter: tuple[str, ...]) -> Arguments | None:
        """Return None: the group restricts its rows by more than `where`."""
        _ = own_filter
        return None

    def facet_predicates(self, row: RowAlias, own_filter: tuple[str, ...]) -> list[ColumnElement[bool]]:
        """Return the predicates of all rows of the group."""
        _ = own_filter  # the group keeps its own values
        collected: Any = func.array_agg(self.matching.stored("id"), type_=ARRAY(Uuid()))
        return [self.builder.account_check(row), row.c.id == func.any(self.frame.add(collected))]

    def total_count(self, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of `totalCount`: the number of rows of the group."""
        limit = field.arguments["limit"]
        count: ColumnElement[Any] = self.number_of_rows
        precision = json_sql.string("EXACT")
        if limit is not None:
            precision = json_sql.sql(
                f"CASE WHEN {self.number_of_rows} > {limit} THEN 'AT_LEAST' ELSE 'EXACT' END", Text()
            )
            count = func.least(count, json_sql.sql(str(limit)))
        return field.embedded_object(count=lambda _: [count], precision=lambda _: ['"', precision, '"'])
