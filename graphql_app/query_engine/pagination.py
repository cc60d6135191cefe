"""A Relay connection → one SELECT of its JSON: edges, nodes, pageInfo and totalCount, each only when asked for.

Keyset paging in both directions, for root fields and below any row alike. The inner SELECT takes the page's rows in the
order asked for, one more than the page if `pageInfo` is asked for; the outer one puts them together. Refuses page sizes
out of range, `first` with `last`, and cursors that are not of this order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from graphql_app.errors import request_errors
from graphql_app.models.columns import Xid8
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.selection import Arguments, Row, SelectedField

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 250
MAX_COUNT_LIMIT = 1_000_000
COUNTED_ROWS_PER_POINT = 100
"""So many rows counted cost as much as one object that is read; an exact count costs as much as the highest limit."""

Where = Callable[[Row], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True)
class RowSet:
    """What a connection goes through: rows of a model, in an order that an index has and that a cursor can name."""

    model: type[SQLModel]
    where: Where
    order: str
    keys: Callable[[Row], list[cursor.Key]]
    via_foreign_key: bool = False
    """Whether a key of another row leads to them."""


class ConnectionBuilder:
    """One connection in the making."""

    def __init__(
        self, field: SelectedField, given: Arguments, rows: RowSet, *, default: int = DEFAULT_PAGE_SIZE
    ) -> None:
        self.field, self.given, self.rows, self.draft = field, given, rows, field.builder
        self.size, self.backward = page_size(given, default)
        self.name = self.draft.name("page")
        self.row = self.draft.row(rows.model)
        self.keys = rows.keys(self.row)
        self.columns: dict[str, ColumnElement[Any]] = {}
        self.goes_through = False  # whether anything asked for is an aggregate of the page's rows
        self.peeks = any(asked is not None and asked.name == "pageInfo" for _, asked in field.selection().fields())

    def statement(self) -> Select[Any]:
        """The SELECT of the connection's JSON: one row, one text."""
        pieces = self.field.embedded(
            edges=self.edges, nodes=self.nodes, pageInfo=self.page_info, totalCount=self.total_count
        )
        statement = select(json_sql.text(pieces))
        if self.goes_through:
            return statement.select_from(self.page().subquery(self.name))
        for name in ("after", "before"):
            if self.given[name] is not None:  # refused where it is wrong, even if nothing needs it
                self.given.check(name, lambda given: cursor.decode(given, self.rows.order, self.keys))
        return statement

    def page(self) -> Select[Any]:
        """The rows of the page, in the order in which they are taken: backwards for `last`."""
        order = [key.expression.desc() if key.descending != self.backward else key.expression for key in self.keys]
        columns = [expression.label(name) for name, expression in self.columns.items()]
        if self.peeks or self.backward:
            columns.insert(0, func.row_number().over(order_by=order).label("at"))
        columns = columns or [json_sql.sql("1").label("one")]
        wanted = [*self.wanted(self.row), *self.between()]
        most = json_sql.sql(str(self.size + self.peeks))
        return select(*columns).select_from(self.row).where(*wanted).order_by(*order).limit(most)

    def wanted(self, row: Row) -> list[ColumnElement[bool]]:
        """What makes a row one of the connection's."""
        account = self.draft.account_check(row) if self.rows.via_foreign_key else self.draft.account_filter(row)
        return [account, *self.rows.where(row)]

    def between(self) -> list[ColumnElement[bool]]:
        """Behind `after` and before `before`, where they are given."""
        found = [self.compare("after", self.keys, ahead=True)] if self.given["after"] is not None else []
        return found + ([self.compare("before", self.keys, ahead=False)] if self.given["before"] is not None else [])

    def edges(self, field: SelectedField) -> json_sql.Pieces:
        with self.draft.times(self.size):
            return self.aggregate(field.embedded(node=self.node, cursor=lambda _: ['"', self.place(), '"']))

    def nodes(self, field: SelectedField) -> json_sql.Pieces:
        with self.draft.times(self.size):
            return self.aggregate(self.node(field))

    def node(self, field: SelectedField) -> json_sql.Pieces:
        return [self.column(f"node_{len(self.columns) + 1}", json_sql.text(field.selection().of(self.row)))]

    def place(self) -> ColumnElement[str]:
        """The cursor of each row."""
        return self.column("cursor", cursor.expression(self.rows.order, self.keys))

    def column(self, name: str, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """A column that the inner SELECT computes for every row, as the outer one sees it."""
        self.columns.setdefault(name, expression)
        return json_sql.sql(f"{self.name}.{name}", Text())

    def aggregate(self, pieces: json_sql.Pieces) -> json_sql.Pieces:
        """A list of what the pieces say of each row of the page, without the one beyond it."""
        self.goes_through = True
        comma: Any = json_sql.sql("','")
        at = json_sql.sql(f"{self.name}.at")
        if self.backward:
            comma = aggregate_order_by(comma, at.desc())
        joined: ColumnElement[Any] = func.string_agg(json_sql.text(pieces), comma)
        if self.peeks:
            joined = joined.filter(at <= json_sql.sql(str(self.size)))
        return ["[", joined, "]"]

    def page_info(self, field: SelectedField) -> json_sql.Pieces:
        return field.embedded(
            hasNextPage=lambda asked: asked.scalar(self.beyond("before", ahead=True, peeked=not self.backward)),
            hasPreviousPage=lambda asked: asked.scalar(self.beyond("after", ahead=False, peeked=self.backward)),
            startCursor=lambda asked: self.end(first=not self.backward),
            endCursor=lambda asked: self.end(first=self.backward),
        )

    def beyond(self, name: str, *, ahead: bool, peeked: bool) -> ColumnElement[bool]:
        """Whether rows lie on the far side of the page: of a cursor that was given, or because one more was seen."""
        found: list[ColumnElement[bool]] = []
        if peeked:
            self.goes_through = True
            found.append(func.count() > json_sql.sql(str(self.size)))
        if self.given[name] is not None:
            row = self.draft.row(self.rows.model)
            far = self.compare(name, self.rows.keys(row), ahead=ahead, inclusive=True)
            found.append(exists(select(json_sql.sql("1")).select_from(row).where(*self.wanted(row), far)))
        return or_(*found) if found else json_sql.sql("false")

    def end(self, *, first: bool) -> json_sql.Pieces:
        """The cursor of the page's first row, or of its last, in the order in which they were taken."""
        self.goes_through = True
        self.place()
        page, most = self.name, self.size
        place = "1" if first else f"least(count(*), {most})"
        cursors = f"array_agg({page}.cursor ORDER BY {page}.at) FILTER (WHERE {page}.at <= {most})"
        return json_sql.quoted(json_sql.sql(f"({cursors})[{place}]", Text()), nullable=True)

    def total_count(self, field: SelectedField) -> json_sql.Pieces:
        """Counts the rows of the whole connection, and stops one beyond the limit."""
        limit = field.arguments["limit"]
        if limit is not None and not 0 <= limit <= MAX_COUNT_LIMIT:
            raise request_errors.BadUserInput(f"`limit` must be between 0 and {MAX_COUNT_LIMIT}; it was {limit}.")
        self.draft.charge((MAX_COUNT_LIMIT if limit is None else limit) // COUNTED_ROWS_PER_POINT)
        row = self.draft.row(self.rows.model)
        rows: Select[Any] = select(json_sql.sql("1")).where(*self.wanted(row)).select_from(row)
        name = self.draft.name("count")
        if limit is None:
            counted = select(func.count().label("rows")).select_from(rows.subquery()).subquery(name)
            exact = '"EXACT"'
            return self.counted(field, counted.c.rows, [exact], counted)
        rows = rows.limit(json_sql.sql(str(limit + 1)))
        counted = select(func.count().label("rows")).select_from(rows.subquery()).subquery(name)
        most = json_sql.sql(str(limit))
        precision = json_sql.sql(f"CASE WHEN {name}.rows > {limit} THEN '\"AT_LEAST\"' ELSE '\"EXACT\"' END")
        return self.counted(field, func.least(counted.c.rows, most), [precision], counted)

    def counted(self, field: SelectedField, count: Any, precision: json_sql.Pieces, source: Any) -> json_sql.Pieces:
        pieces = field.embedded(count=lambda _: [count], precision=lambda _: precision)
        return [select(json_sql.text(pieces)).select_from(source).scalar_subquery()]

    def compare(
        self, name: str, keys: Sequence[cursor.Key], *, ahead: bool, inclusive: bool = False
    ) -> ColumnElement[bool]:
        """Rows that stand ahead of a cursor in the order, or behind it; with the cursor's own row if inclusive."""
        values = [self.value(name, at, key) for at, key in enumerate(keys)]
        upwards = [key.descending != ahead for key in keys]
        expressions = [key.expression for key in keys]
        if len(set(upwards)) == 1:
            left, right = tuple_(*expressions), tuple_(*values)
            if upwards[0]:
                return left >= right if inclusive else left > right
            return left <= right if inclusive else left < right
        ways: list[ColumnElement[bool]] = []
        for at, (expression, value, up) in enumerate(zip(expressions, values, upwards, strict=True)):
            same = [left == right for left, right in zip(expressions[:at], values[:at], strict=True)]
            last = inclusive and at == len(keys) - 1
            beyond = (
                (expression >= value if last else expression > value)
                if up
                else (expression <= value if last else expression < value)
            )
            ways.append(and_(*same, beyond))
        # the first column alone bounds the range that the index is read in
        bound = expressions[0] >= values[0] if upwards[0] else expressions[0] <= values[0]
        return and_(bound, or_(*ways))

    def value(self, name: str, at: int, key: cursor.Key) -> ColumnElement[Any]:
        """One of the values that a given cursor stands for, as a parameter."""
        keys, order = self.keys, self.rows.order
        if isinstance(key.type, Xid8):
            text = self.given.bind(name, Text(), lambda given: str(cursor.decode(given, order, keys)[at]))
            return cast(text, Xid8())
        return self.given.bind(name, key.type, lambda given: cursor.decode(given, order, keys)[at])


def page_size(given: Arguments, default: int) -> tuple[int, bool]:
    """How many rows are asked for, and whether from the end."""
    first, last = given["first"], given["last"]
    if first is not None and last is not None:
        raise request_errors.BadUserInput("Give `first` or `last`, not both.")
    for name, number in (("first", first), ("last", last)):
        if number is not None and not 0 <= number <= MAX_PAGE_SIZE:
            raise request_errors.BadUserInput(f"`{name}` must be between 0 and {MAX_PAGE_SIZE}; it was {number}.")
    return (last, True) if last is not None else (default if first is None else first, False)
