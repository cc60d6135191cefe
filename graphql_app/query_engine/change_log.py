"""The change log as a source: a connection for queries, the rows between two positions for subscriptions.

The order is (log_position, seq). Only positions before `END` are read: `database/change_log_sql.py`
explains why no row is missed. A cursor also contains the history of the log and the time of its row. It is rejected if
the history is another one, or if its row does not exist: then rows behind it were deleted by the retention, or it comes
from a copy of the database that has gone another way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Uuid,
    and_,
    case,
    exists,
    func,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.database import change_log_sql
from graphql_app.database.change_notifier import LogPosition
from graphql_app.domain import enums
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.filters import fields, predicates, previous_state
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, PlanBuilder, RowAlias, SelectedField

END = json_sql.sql(change_log_sql.END, BigInteger())
"""The position before which the log is complete."""
HISTORY = json_sql.sql(change_log_sql.HISTORY, BigInteger())
"""The history of the log."""
ORDER_NAME = "changes"
"""The name of the order in cursors."""
MAX_ROWS_PER_READ = 200
"""Maximum number of rows of the log that a subscription reads in one statement, whether they match or not."""
MAX_COST_PER_READ = 2_000
"""Maximum number of objects that a subscription reads in one statement. Large messages reduce the number of rows."""


def sort_keys(row: RowAlias) -> list[cursor.SortKey]:
    """Return the sort keys of a row of the log."""
    return [cursor.SortKey(row.c.log_position, BigInteger(), False), cursor.SortKey(row.c.seq, BigInteger(), False)]


def cursor_keys(row: RowAlias) -> list[cursor.SortKey]:
    """Return what the cursor of a row contains: its sort keys, its time and the history of the log."""
    at, history = cursor.SortKey(row.c.at, DateTime(timezone=True), False), HISTORY
    return [*sort_keys(row), at, cursor.SortKey(history, BigInteger(), False)]


CURSOR_KEYS = cursor_keys(models.Change.__table__.alias("change"))  # type: ignore[attr-defined]
"""The keys of cursors that Python encodes and decodes."""


def encode_position(position: LogPosition, history: int) -> str:
    """Return the cursor of a position, equal to the one that SQL creates."""
    body = cursor.encode_integer(position.log_position) + cursor.encode_integer(position.seq)
    body += cursor.encode_timestamp(position.at) + cursor.encode_integer(history)
    return cursor.encode(ORDER_NAME, CURSOR_KEYS, body)


def decode_position(encoded: str) -> tuple[LogPosition, int]:
    """Return the position of a cursor and the history that it belongs to.

    Raises:
        InvalidCursor: it is not a cursor of the change log; raised by `cursor.decode`.
    """
    log_position, seq, at, history = cursor.decode(encoded, ORDER_NAME, CURSOR_KEYS)
    return LogPosition(log_position, seq, at), history  # type: ignore[arg-type, return-value]


def changes(arguments: Arguments, *conditions: Callable[[RowAlias], Predicate]) -> RowSet:
    """Return the committed changes that match `where` and the conditions, in the order of the log.

    Conditions join the changes to an outer row by its foreign key.
    """

    def where(row: RowAlias) -> list[Predicate]:
        is_settled = row.c.log_position < END
        return [is_settled, *(condition(row) for condition in conditions), *fields.change_where(row, arguments)]

    return RowSet(
        models.Change, where, ORDER_NAME, sort_keys,
        via_foreign_key=bool(conditions), cursor_keys=cursor_keys, expired=is_expired,
    )  # fmt: skip


@dataclass(frozen=True)
class ChangeConnection:
    """The connection of all changes."""

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the connection's JSON."""
        arguments = field.arguments
        return ConnectionBuilder(field, arguments, changes(arguments)).statement()


def is_expired(builder: PlanBuilder, values: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Return the condition under which a cursor is rejected; `values` are those of `cursor_keys`."""
    log_position, seq, at, history = values
    row = builder.row(models.Change)
    position = and_(row.c.log_position == log_position, row.c.seq == seq, row.c.at == at)
    is_stored = exists(select(json_sql.sql("1")).select_from(row).where(builder.account_filter(row), position))
    # The position before the first row has the number 0.
    return or_(history != HISTORY, and_(seq > json_sql.sql("0"), not_(is_stored)))


@dataclass(frozen=True)
class ChangeStream:
    """Rows of the log between the two positions of the `SourceQuery`, in order: text, log_position, seq and at of each,
    and the history of the log.

    The text is null if the row does not match the subscription. Such rows are skipped and need not be read again.
    Without rows in between there is one row with the history only, so that a reader notices another history.
    """

    model: type[SQLModel]
    """The model of the message's content."""
    join: Callable[[RowAlias, RowAlias], list[Predicate]]
    """The predicates that join a row of the log to a row of the model."""
    where: Callable[[RowAlias, Arguments, SelectedField], list[Predicate]]
    """The filter of the subscription, on a row of the model."""

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the rows."""
        builder = field.builder
        table = builder.row(models.Change)
        position = tuple_(table.c.log_position, table.c.seq)
        limit = max(1, min(MAX_ROWS_PER_READ, MAX_COST_PER_READ // message_cost(field)))
        page = (
            select(*table.c)
            .select_from(table)
            .where(
                builder.account_filter(table),
                position > position_parameter(field, "after"),
                position <= position_parameter(field, "until"),
            )
            .order_by(table.c.log_position, table.c.seq)
            .limit(json_sql.sql(str(limit)))
        )
        change, matches = self.matched(field, page.subquery(builder.unique_name("log")))
        with builder.repeated(1):
            text = json_sql.text(field.selection().of(change.row))
        message = case((matches, text))
        log = select(HISTORY.label("history")).subquery(builder.unique_name("history"))
        joined = log.outerjoin(change.joined, json_sql.sql("true"))
        row = change.row
        columns = message, row.c.log_position, row.c.seq, row.c.at, log.c.history
        return select(*columns).select_from(joined).order_by(row.c.log_position, row.c.seq)

    def matched(self, field: SelectedField, change: Any) -> "tuple[JoinedChanges, Predicate]":
        """Return the changes with what they are joined to, and the condition for those that are sent."""
        arguments, builder = field.arguments, field.builder
        row = builder.row(self.model)
        condition = and_(builder.account_filter(row), *self.join(change, row), *self.where(row, arguments, field))
        return JoinedChanges(change, change.outerjoin(row, condition)), row.c.id.is_not(None)


class JoinedChanges(NamedTuple):
    """Rows of the log, and the FROM clause in which they stand."""

    row: Any
    joined: Any


@dataclass(frozen=True)
class ShipmentStream(ChangeStream):
    """The changes of shipments. If the field `match` is selected, it also delivers those after which a shipment no
    longer satisfies `where`. Clients that do not select it could not tell them from the others."""

    def matched(self, field: SelectedField, change: Any) -> "tuple[JoinedChanges, Predicate]":
        """Return the changes, each with its `match`, and the condition for those that have one."""
        arguments, builder = field.arguments, field.builder
        names = {selected.name for _, selected in field.selection().fields() if selected is not None}
        if "match" not in names or arguments["where"] is None:
            return super().matched(field, change)
        row, before = builder.row(self.model), previous_state.old_values(builder, change)
        condition = and_(builder.account_filter(row), *self.join(change, row))
        matches = and_(true(), *fields.shipment_where(row, arguments))
        matched_before = previous_state.may_have_matched(arguments, change, row, before)
        match = case(
            (row.c.id.is_(None), null()),
            (and_(matches, matched_before), json_sql.string(enums.FilterMatch.STAYED)),
            (matches, json_sql.string(enums.FilterMatch.ENTERED)),
            (matched_before, json_sql.string(enums.FilterMatch.LEFT)),
        )
        joined = change.outerjoin(row, condition).outerjoin(before, json_sql.sql("true"))
        # OFFSET keeps PostgreSQL from evaluating `match` again wherever it is used.
        with_match = select(*change.c, match.label("match")).select_from(joined).offset(json_sql.sql("0"))
        result = with_match.subquery(builder.unique_name("matched"))
        return JoinedChanges(result, result), result.c.match.is_not(None)


def match_of(change: RowAlias) -> Any:
    """Return the `match` of a change. Without `where` a shipment enters when it is created, and then stays."""
    if "match" in change.c:
        return change.c.match
    created = change.c.op == json_sql.string("shipment.created")
    return case((created, json_sql.string(enums.FilterMatch.ENTERED)), else_=json_sql.string(enums.FilterMatch.STAYED))


def message_cost(field: SelectedField) -> int:
    """Return the number of objects that one message may contain."""
    builder = PlanBuilder(field.builder.inputs, field.builder.reader)
    with builder.repeated(1):
        SelectedField(builder, field.definition, field.details).selection().of(builder.row(models.Change))
    return builder.cost


def position_parameter(field: SelectedField, name: str) -> Any:
    """Return one of the two positions of the `SourceQuery`, `after` or `until`, as parameters."""
    values = [field.builder.source_value(f"{name}_{part}", BigInteger()) for part in ("position", "seq")]
    return tuple_(*values)


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
SHIPMENT_CHANGED = ShipmentStream(models.Shipment, shipment_of_change, shipment_where)
"""`Subscription.shipmentChanged`."""
EVENT_RECORDED = ChangeStream(models.TrackingEvent, recorded_event_of_change, event_where)
"""`Subscription.trackingEventRecorded`."""
