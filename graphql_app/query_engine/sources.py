"""What a resolver may ask for. A source names rows, and each is bound to the session's account by `Draft.scope`.

`One`: a row or null. `Many`: a bounded list. `Page`: a Relay connection. `Mixed`: rows of several kinds by their ids.
Each turns the field that was asked for into one SELECT of one text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, Select, Text, Uuid, case, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import tracking_numbers
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.filters import fields, ordering, predicates, search
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, Row, SelectedField, outer_column


class Source(Protocol):
    """Something to read."""

    def statement(self, field: SelectedField) -> Select[Any]: ...


@dataclass(frozen=True)
class SingleRow:
    """The row that the condition finds, or null."""

    model: type[SQLModel]
    where: Callable[[Row, SelectedField], list[Predicate]]

    def statement(self, field: SelectedField) -> Select[Any]:
        row = field.builder.row(self.model)
        with field.builder.times(1):
            text = json_sql.text(field.selection_on(field.builder.reader.type_of(self.model)).of(row))
        return select(text).select_from(row).where(field.builder.account_filter(row), *self.where(row, field))


@dataclass(frozen=True)
class RowsById:
    """Rows by the identities that the Read brings, each a text of its own beside its identity: see `executor.Batch`."""

    model: type[SQLModel]

    def statement(self, field: SelectedField) -> Select[Any]:
        row = field.builder.row(self.model)
        with field.builder.times(1):
            text = json_sql.text(field.selection_on(field.builder.reader.type_of(self.model)).of(row))
        ids = field.builder.source_value("ids", ARRAY(Uuid()))
        return (
            select(text, row.c.id).select_from(row).where(field.builder.account_filter(row), row.c.id == func.any(ids))
        )


@dataclass(frozen=True)
class RowList:
    """The rows that the condition finds, newest first, `most` of them."""

    model: type[SQLModel]
    where: Callable[[Row, Arguments], list[Predicate]]
    limit: int

    def statement(self, field: SelectedField) -> Select[Any]:
        row = field.builder.row(self.model)
        with field.builder.times(self.limit):
            item = json_sql.text(field.selection().of(row))
        wanted = [field.builder.account_filter(row), *self.where(row, field.arguments)]
        items = select(item.label("item")).select_from(row).where(*wanted).order_by(row.c.id.desc())
        page = items.limit(json_sql.sql(str(self.limit))).subquery(field.builder.name("page"))
        return select(json_sql.text(["[", func.string_agg(page.c.item, json_sql.sql("','")), "]"])).select_from(page)


@dataclass(frozen=True)
class ConnectionSource:
    """A connection in an order that the field's arguments choose."""

    rows: Callable[[Arguments], RowSet]

    def statement(self, field: SelectedField) -> Select[Any]:
        given = field.arguments
        return ConnectionBuilder(field, given, self.rows(given)).statement()


@dataclass(frozen=True)
class NodesById:
    """Rows of several kinds, in the order of the ids that the Read brings; null for each that is not there.

    `most`: so many ids or fewer. It is a power of two, so that few plans serve all numbers of ids.
    """

    max_ids: int

    def statement(self, field: SelectedField) -> Select[Any]:
        asked = func.unnest(
            field.builder.source_value("ids", ARRAY(Uuid())), field.builder.source_value("kinds", ARRAY(Text()))
        )
        given = asked.table_valued("id", "kind", with_ordinality="at").render_derived("given")
        ways = []
        for name, model in field.builder.reader.models.items():
            if model not in NODES:
                continue
            row = field.builder.row(model)
            with field.builder.times(self.max_ids):
                text = json_sql.text(field.selection_on(field.builder.reader.type_of(model)).of(row))
            wanted = [field.builder.account_filter(row), row.c.id == json_sql.sql("given.id")]
            ways.append((name, select(text).select_from(row).where(*wanted).scalar_subquery()))
        found = case(*((json_sql.sql("given.kind") == json_sql.string(name), way) for name, way in ways))
        item = func.coalesce(found, json_sql.string(json_sql.NULL))
        comma = aggregate_order_by(json_sql.sql("','"), json_sql.sql("given.at"))
        return select(json_sql.text(["[", func.string_agg(item, comma), "]"])).select_from(given)


NODES: tuple[type[SQLModel], ...] = (
    models.Shipment,
    models.Package,
    models.TrackingEvent,
    models.ShipmentItem,
    models.Carrier,
)


def shipments(given: Arguments, *more: Callable[[Row], Predicate]) -> RowSet:
    """Shipments that `where` and `search` find, in the order of `orderBy`."""
    order = ordering.Order("shipments", ordering.SHIPMENT_ORDERS, "CREATED_AT", given)

    def wanted(row: Row) -> list[Predicate]:
        return [*(test(row) for test in more), *fields.shipments(row, given), *search.search_predicates(row, given)]

    return RowSet(models.Shipment, wanted, order.name, order.keys)


def events(given: Arguments) -> RowSet:
    """The account's tracking events that `where` finds."""
    order = ordering.Order("events", ordering.EVENT_ORDERS, "OCCURRED_AT", given)
    return RowSet(models.TrackingEvent, lambda row: fields.events_where(row, given), order.name, order.keys)


def timeline(given: Arguments, *more: Callable[[Row], Predicate]) -> RowSet:
    """The events of one shipment or package in the order in which they happened, whatever the order of arrival."""
    down = given["orderBy"] == "DESC"

    def keys(row: Row) -> list[cursor.Key]:
        by_time = cursor.Key(row.c.occurred_at, ordering.INSTANT, down)
        return [by_time, cursor.Key(row.c.position, BigInteger(), down), cursor.Key(row.c.id, Uuid(), down)]

    def wanted(row: Row) -> list[Predicate]:
        return [*(test(row) for test in more), *fields.events_where(row, given)]

    return RowSet(models.TrackingEvent, wanted, "timeline", keys, via_foreign_key=True)


def carriers(given: Arguments) -> RowSet:
    """The account's carriers by code."""

    def keys(row: Row) -> list[cursor.Key]:
        return [cursor.Key(row.c.code, Text(), False), cursor.Key(row.c.id, Uuid(), False)]

    return RowSet(models.Carrier, lambda _: [], "carriers", keys)


def api_keys(given: Arguments) -> RowSet:
    """The account's API keys in the order in which they were made."""
    return RowSet(models.ApiKey, lambda _: [], "apiKeys", lambda row: [cursor.Key(row.c.id, Uuid(), False)])


def tracked(row: Row, given: Arguments) -> list[Predicate]:
    """Packages that bear a tracking number, of shipments with the carrier if one is named."""
    number = given.bind(
        "trackingNumber", Text(), lambda text: predicates.checked_text(tracking_numbers.normalize(text))
    )
    found = [row.c.tracking_number_norm == number]
    if given["carrier"] is not None:
        shipment, carrier = given.builder.row(models.Shipment), given.builder.row(models.Carrier)
        named = [
            given.builder.account_filter(carrier),
            carrier.c.code == given.bind("carrier", Text(), predicates.checked_text),
        ]
        same = [
            given.builder.account_filter(shipment),
            shipment.c.id == outer_column(row.c.shipment_id),
            shipment.c.carrier_id == carrier.c.id,
        ]
        found.append(exists(select(json_sql.sql("1")).select_from(shipment, carrier).where(*same, *named)))
    return found


def by_own_id(row: Row, field: SelectedField) -> list[Predicate]:
    return [row.c.id == field.builder.source_value("id", Uuid())]


def by(row: Row, field: SelectedField) -> list[Predicate]:
    given = field.arguments.nested("by")
    assert given is not None
    return predicates.by(row, given)


BY_ID = {model: SingleRow(model, by_own_id) for model in NODES}
"""By the identity that the Read brings."""
READ_BACK_MODELS: tuple[type[SQLModel], ...] = (*NODES, models.ApiKey)
ROWS_BY_ID = {model: RowsById(model) for model in READ_BACK_MODELS}
SHIPMENT = SingleRow(models.Shipment, by)
SHIPMENTS = ConnectionSource(shipments)
EVENTS = ConnectionSource(events)
TRACK = RowList(models.Package, tracked, limit=100)
CARRIER = SingleRow(
    models.Carrier, lambda row, field: [row.c.code == field.arguments.bind("code", Text(), predicates.checked_text)]
)
CARRIERS = ConnectionSource(carriers)
API_KEYS = ConnectionSource(api_keys)
NODES_BY_ID = {most: NodesById(most) for most in (1, 2, 4, 8, 16, 32, 64, 128)}
"""By the identities that the Read brings: for so many of them."""


def nodes_by_id(number: int) -> NodesById:
    """The rows of several kinds that so many identities name."""
    return next(source for most, source in NODES_BY_ID.items() if number <= most)
