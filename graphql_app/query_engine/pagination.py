"""A Relay connection → one SELECT of its JSON: edges, nodes, pageInfo and totalCount, each only if selected.

Keyset pagination in both directions, for root fields and for fields of any row. The inner SELECT takes the rows of the
page in the requested order, one more than the page size if `pageInfo` is selected; the outer SELECT aggregates them.
Page sizes out of range, `first` together with `last`, and cursors of another order are rejected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from graphql_app.errors import request_errors
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.selection import Arguments, PlanBuilder, RowAlias, SelectedField, Where
from graphql_app.query_engine.statistics import facets

DEFAULT_PAGE_SIZE = 50
"""Rows of a page without `first` and `last`."""
MAX_PAGE_SIZE = 250
"""Maximum of `first` and `last`, in rows."""
MAX_COUNT_LIMIT = 1_000_000
"""Maximum of `totalCount(limit:)`, in rows."""
COUNTED_ROWS_PER_OBJECT = 100
"""Counting this many rows costs as much as reading one object. An exact count costs as much as the highest limit."""


@dataclass(frozen=True)
class RowSet:
    """The rows of a connection, in an order that has an index and a cursor."""

    model: type[SQLModel]
    where: Where
    """The predicates of the connection, without the account."""
    order_name: str
    """The name of the order: cursors are valid for this name only."""
    sort_keys: Callable[[RowAlias], list[cursor.SortKey]]
    via_foreign_key: bool = False
    """Whether the rows are found by a foreign key of an outer row: see `PlanBuilder.account_check`."""
    cursor_keys: Callable[[RowAlias], list[cursor.SortKey]] | None = None
    """What cursors contain: the sort keys, then further values. None: the sort keys only."""
    expired: Callable[[PlanBuilder, Sequence[ColumnElement[Any]]], ColumnElement[bool]] | None = None
    """The condition under which a cursor with these values is rejected with CURSOR_EXPIRED. None: never."""
    of_arguments: "Callable[[Arguments], RowSet] | None" = None
    """The rows for other arguments; only for connections with facets."""
    by_arguments_only: bool = False
    """Whether `where` and `search` alone determine the rows."""


class ConnectionBuilder:
    """Builds the statement of one connection.

    Raises:
        BadUserInput: a page size is out of range, or both `first` and `last` are set.
    """

    def __init__(
        self, field: SelectedField, arguments: Arguments, rows: RowSet, *, default_size: int = DEFAULT_PAGE_SIZE
    ) -> None:
        self.field, self.arguments, self.rows, self.builder = field, arguments, rows, field.builder
        self.size, self.backward = page_size(arguments, default_size)
        self.name = self.builder.unique_name("page")
        self.row = self.builder.row(rows.model)
        self.sort_keys = rows.sort_keys(self.row)
        self.cursor_keys = self.sort_keys if rows.cursor_keys is None else rows.cursor_keys(self.row)
        self.columns: dict[str, ColumnElement[Any]] = {}
        self.reads_rows = False  # whether a selected field aggregates the rows of the page
        self.fetches_extra_row = any(
            selected is not None and selected.name == "pageInfo" for _, selected in field.selection().fields()
        )

    def statement(self) -> Select[Any]:
        """Return the SELECT of the connection's JSON: one row with one text."""
        pieces = self.field.embedded_object(
            edges=self.edges, nodes=self.nodes, pageInfo=self.page_info, totalCount=self.total_count,
            facets=partial(facets.facets, self),
        )  # fmt: skip
        statement = select(json_sql.text(pieces))
        self.check_expired()
        if self.reads_rows:
            return statement.select_from(self.page().subquery(self.name))
        for name in ("after", "before"):
            if self.arguments[name] is not None:  # an invalid cursor is rejected even if no selected field needs it
                self.arguments.validate(name, lambda text: cursor.decode(text, self.rows.order_name, self.cursor_keys))
        return statement

    def check_expired(self) -> None:
        """Let the statement report whether a cursor in `after` or `before` has expired."""
        for name in ("after", "before"):
            if self.rows.expired is not None and self.arguments[name] is not None:
                values = [self.cursor_value(name, index, key) for index, key in enumerate(self.cursor_keys)]
                self.builder.expired_cursors.append(self.rows.expired(self.builder, values))

    def page(self) -> Select[Any]:
        """Return the SELECT of the page's rows, in reverse order for `last`."""
        order = [key.expression.desc() if key.descending != self.backward else key.expression for key in self.sort_keys]
        columns = [expression.label(name) for name, expression in self.columns.items()]
        if self.fetches_extra_row or self.backward:
            columns.insert(0, func.row_number().over(order_by=order).label("at"))
        columns = columns or [json_sql.sql("1").label("one")]
        predicates = [*self.predicates(self.row), *self.cursor_predicates()]
        limit = json_sql.sql(str(self.size + self.fetches_extra_row))
        return select(*columns).select_from(self.row).where(*predicates).order_by(*order).limit(limit)

    def predicates(self, row: RowAlias) -> list[ColumnElement[bool]]:
        """Return the predicates of the connection's rows, on any page."""
        restrict = self.builder.account_check if self.rows.via_foreign_key else self.builder.account_filter
        return [restrict(row), *self.rows.where(row)]

    def facet_row(self) -> RowAlias:
        """Return the table of the rows that facets count. Implements `facets.FacetRows`."""
        return self.builder.row(self.rows.model)

    def rollup_arguments(self, own_filter: tuple[str, ...]) -> Arguments | None:
        """Return the arguments that determine the rows; None if more than `where` does."""
        return facets.without_filter(self.arguments, own_filter) if self.rows.by_arguments_only else None

    def facet_predicates(self, row: RowAlias, own_filter: tuple[str, ...]) -> list[ColumnElement[bool]]:
        """Return the predicates of these rows without one filter of `where`."""
        assert self.rows.of_arguments is not None
        rows = self.rows.of_arguments(facets.without_filter(self.arguments, own_filter))
        return [self.builder.account_filter(row), *rows.where(row)]

    def cursor_predicates(self) -> list[ColumnElement[bool]]:
        """Return the predicates for rows after `after` and before `before`, if these are set."""
        predicates = []
        if self.arguments["after"] is not None:
            predicates.append(self.cursor_predicate("after", self.sort_keys, forward=True))
        if self.arguments["before"] is not None:
            predicates.append(self.cursor_predicate("before", self.sort_keys, forward=False))
        return predicates

    def edges(self, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of `edges`."""
        with self.builder.repeated(self.size):
            edge = field.embedded_object(node=self.node, cursor=lambda _: ['"', self.cursor_column(), '"'])
            return self.aggregate(edge)

    def nodes(self, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of `nodes`."""
        with self.builder.repeated(self.size):
            return self.aggregate(self.node(field))

    def node(self, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of one node."""
        return [self.column(f"node_{len(self.columns) + 1}", json_sql.text(field.selection().of(self.row)))]

    def cursor_column(self) -> ColumnElement[str]:
        """Return the cursor of each row."""
        return self.column("cursor", cursor.expression(self.rows.order_name, self.cursor_keys))

    def column(self, name: str, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """Add a column to the inner SELECT and return it as the outer SELECT refers to it."""
        self.columns.setdefault(name, expression)
        return json_sql.sql(f"{self.name}.{name}", Text())

    def aggregate(self, pieces: json_sql.Pieces) -> json_sql.Pieces:
        """Return a JSON list with the pieces of each row of the page, without the extra row."""
        self.reads_rows = True
        comma: Any = json_sql.sql("','")
        row_number = json_sql.sql(f"{self.name}.at")
        if self.backward:
            comma = aggregate_order_by(comma, row_number.desc())
        joined: ColumnElement[Any] = func.string_agg(json_sql.text(pieces), comma)
        if self.fetches_extra_row:
            joined = joined.filter(row_number <= json_sql.sql(str(self.size)))
        return ["[", joined, "]"]

    def page_info(self, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of `pageInfo`."""
        return field.embedded_object(
            hasNextPage=lambda selected: selected.scalar(
                self.has_more("before", forward=True, extra_row=not self.backward)
            ),
            hasPreviousPage=lambda selected: selected.scalar(
                self.has_more("after", forward=False, extra_row=self.backward)
            ),
            startCursor=lambda _: self.boundary_cursor(first=not self.backward),
            endCursor=lambda _: self.boundary_cursor(first=self.backward),
        )

    def has_more(self, name: str, *, forward: bool, extra_row: bool) -> ColumnElement[bool]:
        """Return whether rows exist outside of the page in one direction.

        They do if the extra row exists (`extra_row`: in the direction of paging), or rows at or beyond the cursor in
        the argument `name`.
        """
        conditions: list[ColumnElement[bool]] = []
        if extra_row:
            self.reads_rows = True
            conditions.append(func.count() > json_sql.sql(str(self.size)))
        if self.arguments[name] is not None:
            row = self.builder.row(self.rows.model)
            outside = self.cursor_predicate(name, self.rows.sort_keys(row), forward=forward, inclusive=True)
            rows = select(json_sql.sql("1")).select_from(row).where(*self.predicates(row), outside)
            conditions.append(exists(rows))
        return or_(*conditions) if conditions else json_sql.sql("false")

    def boundary_cursor(self, *, first: bool) -> json_sql.Pieces:
        """Return the cursor of the first or last row, in the order of the inner SELECT; null on an empty page."""
        self.reads_rows = True
        self.cursor_column()
        page, size = self.name, self.size
        index = "1" if first else f"least(count(*), {size})"
        cursors = f"array_agg({page}.cursor ORDER BY {page}.at) FILTER (WHERE {page}.at <= {size})"
        return json_sql.quoted(json_sql.sql(f"({cursors})[{index}]", Text()), nullable=True)

    def total_count(self, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of `totalCount`: counts the rows of the whole connection, up to one more than the limit.

        Raises:
            BadUserInput: the limit is out of range.
        """
        limit = field.arguments["limit"]
        if limit is not None and not 0 <= limit <= MAX_COUNT_LIMIT:
            raise request_errors.BadUserInput(f"`limit` must be between 0 and {MAX_COUNT_LIMIT} (was {limit}).")
        self.builder.add_objects((MAX_COUNT_LIMIT if limit is None else limit) // COUNTED_ROWS_PER_OBJECT)
        row = self.builder.row(self.rows.model)
        rows: Select[Any] = select(json_sql.sql("1")).where(*self.predicates(row)).select_from(row)
        name = self.builder.unique_name("count")
        if limit is None:
            counted = select(func.count().label("rows")).select_from(rows.subquery()).subquery(name)
            return self.count_object(field, counted.c.rows, ['"EXACT"'], counted)
        rows = rows.limit(json_sql.sql(str(limit + 1)))
        counted = select(func.count().label("rows")).select_from(rows.subquery()).subquery(name)
        count = func.least(counted.c.rows, json_sql.sql(str(limit)))
        precision = json_sql.sql(f"CASE WHEN {name}.rows > {limit} THEN '\"AT_LEAST\"' ELSE '\"EXACT\"' END")
        return self.count_object(field, count, [precision], counted)

    def count_object(self, field: SelectedField, count: Any, precision: json_sql.Pieces, table: Any) -> json_sql.Pieces:
        """Return the JSON object of a count."""
        pieces = field.embedded_object(count=lambda _: [count], precision=lambda _: precision)
        return [select(json_sql.text(pieces)).select_from(table).scalar_subquery()]

    def cursor_predicate(
        self, name: str, sort_keys: Sequence[cursor.SortKey], *, forward: bool, inclusive: bool = False
    ) -> ColumnElement[bool]:
        """Return the predicate for rows on one side of a cursor in the order.

        Args:
            name: the argument with the cursor, `after` or `before`.
            sort_keys: the sort keys of the row that is compared.
            forward: whether the rows come after the cursor; otherwise they come before it.
            inclusive: whether the row of the cursor matches too.
        """
        values = [self.cursor_value(name, index, key) for index, key in enumerate(sort_keys)]
        greater = [key.descending != forward for key in sort_keys]
        expressions = [key.expression for key in sort_keys]
        if len(set(greater)) == 1:
            left, right = tuple_(*expressions), tuple_(*values)
            if greater[0]:
                return left >= right if inclusive else left > right
            return left <= right if inclusive else left < right
        alternatives: list[ColumnElement[bool]] = []
        for index, (expression, value, is_greater) in enumerate(zip(expressions, values, greater, strict=True)):
            equal = [left == right for left, right in zip(expressions[:index], values[:index], strict=True)]
            or_equal = inclusive and index == len(sort_keys) - 1
            if is_greater:
                beyond = expression >= value if or_equal else expression > value
            else:
                beyond = expression <= value if or_equal else expression < value
            alternatives.append(and_(*equal, beyond))
        # The predicate on the first column limits the range of the index that is scanned.
        bound = expressions[0] >= values[0] if greater[0] else expressions[0] <= values[0]
        return and_(bound, or_(*alternatives))

    def cursor_value(self, name: str, index: int, key: cursor.SortKey) -> ColumnElement[Any]:
        """Return one of the values of the cursor in an argument, as a parameter."""
        keys, order_name = self.cursor_keys, self.rows.order_name
        return self.arguments.bind(name, key.type, lambda encoded: cursor.decode(encoded, order_name, keys)[index])


def page_size(arguments: Arguments, default_size: int) -> tuple[int, bool]:
    """Return the page size in rows, and whether the page is taken from the end (`last`).

    Raises:
        BadUserInput: a page size is out of range, or both `first` and `last` are set.
    """
    first, last = arguments["first"], arguments["last"]
    if first is not None and last is not None:
        raise request_errors.BadUserInput("Set either `first` or `last`, not both.")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= MAX_PAGE_SIZE:
            raise request_errors.BadUserInput(f"`{name}` must be between 0 and {MAX_PAGE_SIZE} (was {size}).")
    return (last, True) if last is not None else (default_size if first is None else first, False)
