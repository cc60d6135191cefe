"""The rows that a resolver may return. Each source restricts its rows to the viewer's account.

`SingleRow`: a row or null. `RowList`: a list of limited length. `ConnectionSource`: a Relay connection.
`RowsById`: rows of one model by their IDs. `NodesById`: rows of several models by their IDs. Each turns a selected
field into one SELECT with one text per row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, Select, Text, Uuid, case, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import normal_forms
from graphql_app.query_engine import cursor, json_sql
from graphql_app.query_engine.filters import fields, ordering, predicates, search, text_values
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, RowAlias, SelectedField, outer_column

Condition = Callable[[RowAlias], Predicate]
"""A predicate of a row that does not depend on arguments."""


class Source(Protocol):
    """Rows that a field can be read from."""

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of a field's JSON."""
        ...


@dataclass(frozen=True)
class SingleRow:
    """The row that matches the predicates, or null."""

    model: type[SQLModel]
    where: Callable[[RowAlias, SelectedField], list[Predicate]]

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the row's JSON."""
        row = field.builder.row(self.model)
        with field.builder.repeated(1):
            text = json_sql.text(field.selection_on(field.builder.reader.type_of(self.model)).of(row))
        return select(text).select_from(row).where(field.builder.account_filter(row), *self.where(row, field))


@dataclass(frozen=True)
class RowsById:
    """Rows by the `ids` that come with the `SourceQuery`. See `executor.RowBatch`."""

    model: type[SQLModel]

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the rows' JSON, with the ID in a second column."""
        row = field.builder.row(self.model)
        with field.builder.repeated(1):
            text = json_sql.text(field.selection_on(field.builder.reader.type_of(self.model)).of(row))
        ids = field.builder.source_value("ids", ARRAY(Uuid()))
        return (
            select(text, row.c.id).select_from(row).where(field.builder.account_filter(row), row.c.id == func.any(ids))
        )


@dataclass(frozen=True)
class RowList:
    """The rows that match the predicates, newest first, at most `limit`."""

    model: type[SQLModel]
    where: Callable[[RowAlias, Arguments], list[Predicate]]
    limit: int

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of a JSON list."""
        row = field.builder.row(self.model)
        with field.builder.repeated(self.limit):
            item = json_sql.text(field.selection().of(row))
        predicates = [field.builder.account_filter(row), *self.where(row, field.arguments)]
        items = select(item.label("item")).select_from(row).where(*predicates).order_by(row.c.id.desc())
        page = items.limit(json_sql.sql(str(self.limit))).subquery(field.builder.unique_name("page"))
        return select(json_sql.text(["[", func.string_agg(page.c.item, json_sql.sql("','")), "]"])).select_from(page)


@dataclass(frozen=True)
class ConnectionSource:
    """A connection. The field's arguments determine its rows and their order."""

    rows: Callable[[Arguments], RowSet]

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the connection's JSON."""
        arguments = field.arguments
        return ConnectionBuilder(field, arguments, self.rows(arguments)).statement()


@dataclass(frozen=True)
class NodesById:
    """Rows of several models by the `ids` and `kinds` (type names) of the `SourceQuery`, in order; null if missing.

    `max_ids` limits the number of IDs. It is a power of two, so that a few plans serve all numbers of IDs.
    """

    max_ids: int

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of a JSON list."""
        ids = func.unnest(
            field.builder.source_value("ids", ARRAY(Uuid())), field.builder.source_value("kinds", ARRAY(Text()))
        )
        given = ids.table_valued("id", "kind", with_ordinality="at").render_derived("given")
        alternatives = []
        for name, model in field.builder.reader.models.items():
            if model not in NODE_MODELS:
                continue
            row = field.builder.row(model)
            with field.builder.repeated(self.max_ids):
                text = json_sql.text(field.selection_on(field.builder.reader.type_of(model)).of(row))
            predicates = [field.builder.account_filter(row), row.c.id == json_sql.sql("given.id")]
            node = select(text).select_from(row).where(*predicates).scalar_subquery()
            alternatives.append((json_sql.sql("given.kind") == json_sql.string(name), node))
        item = func.coalesce(case(*alternatives), json_sql.string(json_sql.NULL))
        comma = aggregate_order_by(json_sql.sql("','"), json_sql.sql("given.at"))
        return select(json_sql.text(["[", func.string_agg(item, comma), "]"])).select_from(given)


NODE_MODELS: tuple[type[SQLModel], ...] = (
    models.Shipment,
    models.Package,
    models.TrackingEvent,
    models.ShipmentItem,
    models.Carrier,
)
"""The models of the interface Node."""


def shipments(arguments: Arguments, *conditions: Condition) -> RowSet:
    """Return the shipments that match `where` and `search`, in the order of `orderBy`."""
    order = ordering.Order("shipments", ordering.SHIPMENT_ORDERS, "CREATED_AT", arguments)

    def where(row: RowAlias) -> list[Predicate]:
        return [
            *(condition(row) for condition in conditions),
            *fields.shipment_where(row, arguments),
            *search.search_predicates(row, arguments),
        ]

    return RowSet(
        models.Shipment,
        where,
        order.name,
        order.sort_keys,
        of_arguments=lambda changed: shipments(changed, *conditions),
        by_arguments_only=not conditions,
    )


def events(arguments: Arguments) -> RowSet:
    """Return the account's tracking events that match `where`, in the order of `orderBy`."""
    order = ordering.Order("events", ordering.EVENT_ORDERS, "OCCURRED_AT", arguments)
    return RowSet(models.TrackingEvent, lambda row: fields.event_where(row, arguments), order.name, order.sort_keys)


def timeline(arguments: Arguments, *conditions: Condition) -> RowSet:
    """Return the events of one shipment or package by the time when they occurred, not by their order of arrival."""
    descending = arguments["orderBy"] == "DESC"

    def sort_keys(row: RowAlias) -> list[cursor.SortKey]:
        return [
            cursor.SortKey(row.c.occurred_at, ordering.TIMESTAMP, descending),
            cursor.SortKey(row.c.position, BigInteger(), descending),
            cursor.SortKey(row.c.id, Uuid(), descending),
        ]

    def where(row: RowAlias) -> list[Predicate]:
        return [*(condition(row) for condition in conditions), *fields.event_where(row, arguments)]

    return RowSet(models.TrackingEvent, where, "timeline", sort_keys, via_foreign_key=True)


def carriers(arguments: Arguments) -> RowSet:
    """Return the account's carriers, ordered by code."""

    def sort_keys(row: RowAlias) -> list[cursor.SortKey]:
        return [cursor.SortKey(row.c.code, Text(), False), cursor.SortKey(row.c.id, Uuid(), False)]

    return RowSet(models.Carrier, lambda _: [], "carriers", sort_keys)


def status_mappings(condition: Condition) -> RowSet:
    """Return the account's mappings of carrier status codes that match a condition, ordered by status code."""

    def sort_keys(row: RowAlias) -> list[cursor.SortKey]:
        return [cursor.SortKey(row.c.raw, Text(), False), cursor.SortKey(row.c.id, Uuid(), False)]

    return RowSet(models.CarrierStatus, lambda row: [condition(row)], "statusMappings", sort_keys)


def api_keys(arguments: Arguments) -> RowSet:
    """Return the account's API keys in the order of their creation."""
    return RowSet(models.ApiKey, lambda _: [], "apiKeys", lambda row: [cursor.SortKey(row.c.id, Uuid(), False)])


def tracking_number_where(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """Return the predicates for packages with `trackingNumber`, of shipments with `carrier` if it is set."""
    number = arguments.bind(
        "trackingNumber", Text(), lambda text: normal_forms.tracking_number(text_values.checked_text(text))
    )
    result = [row.c.tracking_number_norm == number]
    if arguments["carrier"] is not None:
        shipment, carrier = arguments.builder.row(models.Shipment), arguments.builder.row(models.Carrier)
        carrier_predicates = [
            arguments.builder.account_filter(carrier),
            carrier.c.code == arguments.bind("carrier", Text(), text_values.normalized_text),
        ]
        shipment_predicates = [
            arguments.builder.account_filter(shipment),
            shipment.c.id == outer_column(row.c.shipment_id),
            shipment.c.carrier_id == carrier.c.id,
        ]
        rows = select(json_sql.sql("1")).select_from(shipment, carrier)
        result.append(exists(rows.where(*shipment_predicates, *carrier_predicates)))
    return result


def id_where(row: RowAlias, field: SelectedField) -> list[Predicate]:
    """Return the predicate for the row with the `id` of the `SourceQuery`."""
    return [row.c.id == field.builder.source_value("id", Uuid())]


def shipment_by(row: RowAlias, field: SelectedField) -> list[Predicate]:
    """Return the predicate for the shipment that the argument `by` identifies."""
    by = field.arguments.nested("by")
    assert by is not None
    return predicates.shipment_by(row, by)


BY_ID = {model: SingleRow(model, id_where) for model in NODE_MODELS}
"""One row by the `id` of the `SourceQuery`, for each model of Node."""
READ_BACK_MODELS: tuple[type[SQLModel], ...] = (*NODE_MODELS, models.ApiKey)
"""The models whose rows appear in the payloads of mutations."""
ROWS_BY_ID = {model: RowsById(model) for model in READ_BACK_MODELS}
"""Rows by the `ids` of the `SourceQuery`, for each model that appears in payloads."""
SHIPMENT = SingleRow(models.Shipment, shipment_by)
"""`Query.shipment`."""
SHIPMENTS = ConnectionSource(shipments)
"""`Query.shipments`."""
EVENTS = ConnectionSource(events)
"""`Query.trackingEvents`."""
MAX_TRACKED_PACKAGES = 100
"""Maximum number of packages in the result of `Query.track`."""
TRACK = RowList(models.Package, tracking_number_where, limit=MAX_TRACKED_PACKAGES)
"""`Query.track`."""
CARRIER = SingleRow(
    models.Carrier, lambda row, field: [row.c.code == field.arguments.bind("code", Text(), text_values.normalized_text)]
)
"""`Query.carrier`."""
CARRIERS = ConnectionSource(carriers)
"""`Query.carriers`."""
API_KEYS = ConnectionSource(api_keys)
"""`Query.apiKeys`."""
NODES_BY_ID = {max_ids: NodesById(max_ids) for max_ids in (1, 2, 4, 8, 16, 32, 64, 128)}
"""`Query.nodes`, by the maximum number of IDs."""


def nodes_by_id(count: int) -> NodesById:
    """Return the source for a number of IDs, at most 128."""
    return next(source for max_ids, source in NODES_BY_ID.items() if count <= max_ids)
