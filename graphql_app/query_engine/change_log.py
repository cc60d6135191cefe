"""The change log as a source: a connection for those who ask, a run of rows for those who follow.

The order is (xid, seq), and only rows are read whose transaction is older than any that still runs: `seq` alone would
skip the rows of a transaction that took its number early and committed late. A cursor older than what is kept is
refused, since what lay between would be missed in silence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, Text, Uuid, and_, case, cast, func, select, tuple_
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.database import change_notifier
from graphql_app.models.columns import Xid8
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.filters import fields, predicates
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, PlanBuilder, Row, SelectedField

ORDER = "changes"
MAX_ROWS_PER_READ, MAX_COST_PER_READ = 200, 2_000
"""Rows of the log that a follower looks at in one statement, whether they concern it or not; fewer where one message
asks for so much that they would come to more objects than this."""
EXPIRED, AHEAD = "expired", "ahead"  # see plan.TROUBLE


def keys(row: Row) -> list[cursor.Key]:
    return [cursor.Key(row.c.xid, Xid8(), False), cursor.Key(row.c.seq, BigInteger(), False)]


KEYS = keys(models.Change.__table__.alias("change"))  # type: ignore[attr-defined]


def cursor_of(position: change_notifier.Position) -> str:
    """The cursor of a position."""
    return cursor.of_numbers(ORDER, KEYS, position)


def decode_position(named: str) -> change_notifier.Position:
    """The position that a cursor names. Raises InvalidCursor."""
    xid, seq = cursor.decode(named, ORDER, KEYS)
    return xid, seq  # type: ignore[return-value]


def changes(given: Arguments, *more: Callable[[Row], Predicate]) -> RowSet:
    """Committed changes in the order of commit."""

    def wanted(row: Row) -> list[Predicate]:
        settled = row.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot())
        return [settled, *(test(row) for test in more), *fields.changes(row, given)]

    return RowSet(models.Change, wanted, ORDER, keys, via_foreign_key=bool(more))


@dataclass(frozen=True)
class ChangeConnection:
    """The connection of all changes. Its second column says what is wrong with the cursor that was given."""

    def statement(self, field: SelectedField) -> Select[Any]:
        given = field.arguments
        connection = ConnectionBuilder(field, given, changes(given))
        statement = connection.statement()
        for argument in ("after", "before"):
            if given[argument] is not None:
                after = [connection.value(argument, at, key) for at, key in enumerate(connection.keys)]
                return statement.add_columns(cursor_error(field, after))
        return statement


def cursor_error(field: SelectedField, after: Sequence[Any]) -> Any:
    """What is wrong with a cursor: it lies before the oldest row that is kept, or behind all that can be read."""
    row = field.builder.row(models.Change)
    oldest = select(row.c.xid, row.c.seq).select_from(row).where(field.builder.account_filter(row))
    first = oldest.order_by(row.c.xid, row.c.seq).limit(json_sql.sql("1")).subquery(field.builder.name("oldest"))
    behind = and_(
        tuple_(first.c.xid, first.c.seq) > tuple_(*after), after[1] > json_sql.sql("0")
    )  # 0: from the beginning
    expired = select(behind).select_from(first).scalar_subquery()
    ahead = after[0] >= func.pg_snapshot_xmin(func.pg_current_snapshot())
    return case((ahead, json_sql.string(AHEAD)), (expired, json_sql.string(EXPIRED)))


@dataclass(frozen=True)
class ChangeStream:
    """Rows of the log between two positions that the Read brings, in their order: text, xid, seq of each.

    The text is null where the row does not concern the follower: it is passed over, and need not be looked at again.
    """

    model: type[SQLModel]
    about: Callable[[Row, Row], list[Predicate]]
    wanted: Callable[[Row, Arguments, SelectedField], list[Predicate]]

    def statement(self, field: SelectedField) -> Select[Any]:
        given, draft = field.arguments, field.builder
        table = draft.row(models.Change)
        here = tuple_(table.c.xid, table.c.seq)
        page = (
            select(*table.c)
            .select_from(table)
            .where(draft.account_filter(table), here > boundary(field, "after"), here <= boundary(field, "until"))
            .order_by(table.c.xid, table.c.seq)
            .limit(json_sql.sql(str(max(1, min(MAX_ROWS_PER_READ, MAX_COST_PER_READ // message_cost(field))))))
        )
        row: Any = page.subquery(draft.name("log"))
        found = draft.row(self.model)
        same = and_(draft.account_filter(found), *self.about(row, found), *self.wanted(found, given, field))
        with draft.times(1):
            text = json_sql.text(field.selection().of(row))
        shown = case((found.c.id.is_not(None), text))
        xid = cast(cast(row.c.xid, Text), BigInteger)
        return select(shown, xid, row.c.seq).select_from(row.outerjoin(found, same)).order_by(row.c.xid, row.c.seq)


def message_cost(field: SelectedField) -> int:
    """The objects that one message may come to."""
    scratch = PlanBuilder(field.builder.executor, field.builder.reader)
    with scratch.times(1):
        SelectedField(scratch, field.definition, field.details).selection().of(scratch.row(models.Change))
    return scratch.cost


def boundary(field: SelectedField, which: str) -> Any:
    """One of the two positions, as parameters."""
    xid = cast(field.builder.source_value(f"{which}_xid", Text()), Xid8())
    return tuple_(xid, field.builder.source_value(f"{which}_seq", BigInteger()))


def of_shipment(change: Row, shipment: Row) -> list[Predicate]:
    return [shipment.c.id == change.c.shipment_id]


def shipments(row: Row, given: Arguments, _field: SelectedField) -> list[Predicate]:
    """`where`, as of the query; without it every shipment, archived ones too: then nothing is missed."""
    return [] if given["where"] is None else fields.shipments(row, given)


def of_event(change: Row, event: Row) -> list[Predicate]:
    return [event.c.id == change.c.entity_id, change.c.op == json_sql.string("tracking_event.recorded")]


def events(row: Row, given: Arguments, _field: SelectedField) -> list[Predicate]:
    """`shipments` and `codes`."""
    found = predicates.one_of(row.c.code, given["codes"]) if given["codes"] is not None else None
    wanted = [] if found is None else [found]
    if given["shipments"] is not None:
        wanted.append(row.c.shipment_id == func.any(given.bind("shipments", ARRAY(Uuid()), predicates.shipment_ids)))
    return wanted


CHANGES = ChangeConnection()
SHIPMENT_CHANGED = ChangeStream(models.Shipment, of_shipment, shipments)
EVENT_RECORDED = ChangeStream(models.TrackingEvent, of_event, events)
