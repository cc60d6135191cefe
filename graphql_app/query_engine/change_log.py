"""The change log as a source: a connection for queries, the rows between two positions for subscriptions.

The order is (xid, seq), and a row is read only if its transaction is older than every transaction that is still
running: `seq` alone would skip the rows of a transaction that got its number early and committed late. A cursor older
than the retained rows is rejected, since the rows between would be missed without notice.
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
from graphql_app.query_engine.selection import Arguments, PlanBuilder, RowAlias, SelectedField

ORDER_NAME = "changes"
"""The name of the order in cursors."""
MAX_ROWS_PER_READ = 200
"""Maximum number of rows of the log that a subscription reads in one statement, whether they match or not."""
MAX_COST_PER_READ = 2_000
"""Maximum number of objects that a subscription reads in one statement. Large messages reduce the number of rows."""
EXPIRED = "expired"
"""What the statement returns for a cursor before the oldest retained row; see `plan.CURSOR_ERRORS`."""
AHEAD = "ahead"
"""What the statement returns for a cursor after every readable row; see `plan.CURSOR_ERRORS`."""


def sort_keys(row: RowAlias) -> list[cursor.SortKey]:
    """Return the sort keys of a row of the log."""
    return [cursor.SortKey(row.c.xid, Xid8(), False), cursor.SortKey(row.c.seq, BigInteger(), False)]


SORT_KEYS = sort_keys(models.Change.__table__.alias("change"))  # type: ignore[attr-defined]
"""The sort keys for cursors that Python encodes and decodes."""


def encode_position(position: change_notifier.Position) -> str:
    """Return the cursor of a position."""
    return cursor.encode_integers(ORDER_NAME, SORT_KEYS, position)


def decode_position(encoded: str) -> change_notifier.Position:
    """Return the position of a cursor.

    Raises:
        InvalidCursor: it is not a cursor of the change log; raised by `cursor.decode`.
    """
    xid, seq = cursor.decode(encoded, ORDER_NAME, SORT_KEYS)
    return xid, seq  # type: ignore[return-value]


def changes(arguments: Arguments, *conditions: Callable[[RowAlias], Predicate]) -> RowSet:
    """Return the committed changes that match `where` and the conditions, in the order of the log.

    Conditions join the changes to an outer row by its foreign key.
    """

    def where(row: RowAlias) -> list[Predicate]:
        is_settled = row.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot())
        return [is_settled, *(condition(row) for condition in conditions), *fields.change_where(row, arguments)]

    return RowSet(models.Change, where, ORDER_NAME, sort_keys, via_foreign_key=bool(conditions))


@dataclass(frozen=True)
class ChangeConnection:
    """The connection of all changes. A second column of its statement reports an error of the cursor."""

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the connection's JSON."""
        arguments = field.arguments
        connection = ConnectionBuilder(field, arguments, changes(arguments))
        statement = connection.statement()
        for name in ("after", "before"):
            if arguments[name] is not None:
                position = [connection.cursor_value(name, index, key) for index, key in enumerate(connection.sort_keys)]
                return statement.add_columns(cursor_error(field, position))
        return statement


def cursor_error(field: SelectedField, position: Sequence[Any]) -> Any:
    """Return the SQL for the error of a cursor: `EXPIRED`, `AHEAD` or null. `position` holds its xid and seq."""
    row = field.builder.row(models.Change)
    retained = select(row.c.xid, row.c.seq).select_from(row).where(field.builder.account_filter(row))
    oldest = retained.order_by(row.c.xid, row.c.seq).limit(json_sql.sql("1"))
    first = oldest.subquery(field.builder.unique_name("oldest"))
    # Position 0 is the beginning of the log, which never expires.
    is_expired = and_(tuple_(first.c.xid, first.c.seq) > tuple_(*position), position[1] > json_sql.sql("0"))
    expired = select(is_expired).select_from(first).scalar_subquery()
    is_ahead = position[0] >= func.pg_snapshot_xmin(func.pg_current_snapshot())
    return case((is_ahead, json_sql.string(AHEAD)), (expired, json_sql.string(EXPIRED)))


@dataclass(frozen=True)
class ChangeStream:
    """Rows of the log between the two positions of the `SourceQuery`, in order: text, xid and seq of each.

    The text is null if the row does not match the subscription. Such rows are skipped and need not be read again.
    """

    model: type[SQLModel]
    """The model of the message's content."""
    join: Callable[[RowAlias, RowAlias], list[Predicate]]
    """The predicates that join a row of the log to a row of the model."""
    where: Callable[[RowAlias, Arguments, SelectedField], list[Predicate]]
    """The filter of the subscription, on a row of the model."""

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the rows."""
        arguments, builder = field.arguments, field.builder
        table = builder.row(models.Change)
        position = tuple_(table.c.xid, table.c.seq)
        limit = max(1, min(MAX_ROWS_PER_READ, MAX_COST_PER_READ // message_cost(field)))
        page = (
            select(*table.c)
            .select_from(table)
            .where(
                builder.account_filter(table),
                position > position_parameter(field, "after"),
                position <= position_parameter(field, "until"),
            )
            .order_by(table.c.xid, table.c.seq)
            .limit(json_sql.sql(str(limit)))
        )
        change: Any = page.subquery(builder.unique_name("log"))
        row = builder.row(self.model)
        condition = and_(builder.account_filter(row), *self.join(change, row), *self.where(row, arguments, field))
        with builder.repeated(1):
            text = json_sql.text(field.selection().of(change))
        message = case((row.c.id.is_not(None), text))
        xid = cast(cast(change.c.xid, Text), BigInteger)
        joined = change.outerjoin(row, condition)
        return select(message, xid, change.c.seq).select_from(joined).order_by(change.c.xid, change.c.seq)


def message_cost(field: SelectedField) -> int:
    """Return the number of objects that one message may contain."""
    builder = PlanBuilder(field.builder.inputs, field.builder.reader)
    with builder.repeated(1):
        SelectedField(builder, field.definition, field.details).selection().of(builder.row(models.Change))
    return builder.cost


def position_parameter(field: SelectedField, name: str) -> Any:
    """Return one of the two positions of the `SourceQuery`, `after` or `until`, as parameters."""
    xid = cast(field.builder.source_value(f"{name}_xid", Text()), Xid8())
    return tuple_(xid, field.builder.source_value(f"{name}_seq", BigInteger()))


def shipment_of_change(change: RowAlias, shipment: RowAlias) -> list[Predicate]:
    """Join a change to its shipment."""
    return [shipment.c.id == change.c.shipment_id]


def shipment_where(row: RowAlias, arguments: Arguments, _field: SelectedField) -> list[Predicate]:
    """Apply `where` to the current state of the shipment.

    Without `where` every shipment matches, archived shipments included, so that no change is missed.
    """
    return [] if arguments["where"] is None else fields.shipment_where(row, arguments)


def recorded_event_of_change(change: RowAlias, event: RowAlias) -> list[Predicate]:
    """Join a change that records a tracking event to this event."""
    return [event.c.id == change.c.entity_id, change.c.op == json_sql.string("tracking_event.recorded")]


def event_where(row: RowAlias, arguments: Arguments, _field: SelectedField) -> list[Predicate]:
    """Apply the arguments `shipments` and `codes` to a tracking event."""
    result = []
    if arguments["codes"] is not None:
        result.append(predicates.enum_in(row.c.code, arguments["codes"]))
    if arguments["shipments"] is not None:
        ids = arguments.bind("shipments", ARRAY(Uuid()), predicates.decode_shipment_ids)
        result.append(row.c.shipment_id == func.any(ids))
    return result


CHANGES = ChangeConnection()
"""`Query.changes`."""
SHIPMENT_CHANGED = ChangeStream(models.Shipment, shipment_of_change, shipment_where)
"""`Subscription.shipmentChanged`."""
EVENT_RECORDED = ChangeStream(models.TrackingEvent, recorded_event_of_change, event_where)
"""`Subscription.trackingEventRecorded`."""
