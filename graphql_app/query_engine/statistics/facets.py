"""`ShipmentConnection.facets`: the values of dimensions with the number of shipments, beside a page of the list.

Each facet is one subquery over the rows of the connection, by default without the filter on the facet's own dimension:
a list that is filtered by one status still shows how many shipments the other statuses have.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from sqlalchemy import BigInteger, ColumnElement, Text, case, cast, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from graphql_app import models
from graphql_app.domain.statistics_enums import ShipmentDimension
from graphql_app.domain.statistics_enums import StatisticsPrecision as Precision
from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.text_values import normalized_metadata_text
from graphql_app.query_engine.selection import Arguments, RowAlias, SelectedField
from graphql_app.query_engine.statistics import limits
from graphql_app.query_engine.statistics.dimensions import SHIPMENT_DIMENSIONS, TextOfKey, sort_text
from graphql_app.query_engine.statistics.rollup_cells import RollupCells

DEFAULT_VALUES, MAX_VALUES = 20, 250
"""Values of a facet without `limit`, and the maximum of `limit`."""
OWN_FILTERS: Mapping[str, tuple[str, ...]] = {
    ShipmentDimension.STATUS: ("status",),
    ShipmentDimension.PHASE: ("phase",),
    ShipmentDimension.LATENESS: ("lateness",),
    ShipmentDimension.CARRIER: ("carrier",),
    ShipmentDimension.SERVICE: ("service",),
    ShipmentDimension.DIRECTION: ("direction",),
    ShipmentDimension.ORIGIN_COUNTRY: ("origin", "country"),
    ShipmentDimension.DESTINATION_COUNTRY: ("destination", "country"),
    ShipmentDimension.DESTINATION_CITY: ("destination", "city"),
    ShipmentDimension.EXCEPTION_REASON: ("exceptionReason",),
    ShipmentDimension.INCOTERM: ("incoterm",),
    ShipmentDimension.TAG: ("tags",),
    ShipmentDimension.METADATA: ("metadata",),
}
"""The filter on each dimension: its path in `where`. CURRENCY has none."""


class FacetRows(Protocol):
    """The rows of a connection that facets count."""

    def facet_row(self) -> RowAlias:
        """Return the table of the rows under a new alias."""
        ...

    def rollup_arguments(self, own_filter: tuple[str, ...]) -> Arguments | None:
        """Return the arguments whose `where`, without one filter, determines the rows; None if more does."""
        ...

    def facet_predicates(self, row: RowAlias, own_filter: tuple[str, ...]) -> Sequence[ColumnElement[bool]]:
        """Return the predicates of the rows without one filter of `where`."""
        ...


def facets(rows: FacetRows, field: SelectedField) -> json_sql.Pieces:
    """Return the JSON list of the facets.

    Raises:
        BadUserInput: a dimension is repeated, or `limit` is out of range.
    """
    arguments = field.arguments
    names, limit = arguments["by"], arguments["limit"]
    limit = DEFAULT_VALUES if limit is None else limit
    if len(set(names)) < len(names):
        raise request_errors.BadUserInput("`by` takes each dimension once.")
    if not 0 <= limit <= MAX_VALUES:
        raise request_errors.BadUserInput(f"`limit` must be between 0 and {MAX_VALUES} (was {limit}).")
    if arguments["metadataKey"] is not None:
        arguments.validate("metadataKey", normalized_metadata_text)
    pieces: json_sql.Pieces = []
    for name in sorted(names, key=list(ShipmentDimension).index):
        pieces += [*([","] if pieces else []), facet(rows, field, arguments, name, limit)]
    return ["[", *pieces, "]"]


def facet(rows: FacetRows, field: SelectedField, arguments: Arguments, name: str, limit: int) -> ColumnElement[Any]:
    """Return the JSON of one facet."""
    builder, dimension = field.builder, SHIPMENT_DIMENSIONS[name]
    builder.add_objects(limits.COST + limit)
    row = rows.facet_row()
    own_filter = () if arguments["ownFilter"] else OWN_FILTERS.get(name, ())
    number = func.row_number().over().label("number")
    matching = select(dimension.expression(row, arguments).label("key"), number).select_from(row)
    limited = matching.where(*rows.facet_predicates(row, own_filter)).limit(
        json_sql.sql(str(limits.MAX_EXACT_ROWS + 1))
    )
    source: Any = limited.subquery(builder.unique_name("facet_rows"))
    key: ColumnElement[Any] = source.c.key
    if dimension.is_list:
        elements = func.unnest(key).table_valued("value").render_derived(builder.unique_name("element"))
        key, source_with_elements = elements.c.value, source.outerjoin(elements, true())
    else:
        source_with_elements = source
    counted = (
        select(key.label("key"), func.count().label("rows"), func.max(source.c.number).label("last"))
        .select_from(source_with_elements)
        .group_by(key)
        .subquery(builder.unique_name("facet_counts"))
    )
    order = [counted.c.rows.desc(), sort_text(dimension.value(builder, counted.c.key)).asc().nulls_last()]
    values = (
        select(
            counted.c.key,
            counted.c.rows,
            func.max(counted.c.last).over().label("last"),
            func.row_number().over(order_by=order).label("at"),
        )
        .order_by(json_sql.sql("at"))
        .limit(json_sql.sql(str(limit + 1)))
        .subquery(builder.unique_name("facet"))
    )
    is_complete = func.coalesce(func.max(values.c.last), json_sql.sql("0")) <= json_sql.sql(str(limits.MAX_EXACT_ROWS))
    precision = case((is_complete, json_sql.string(Precision.EXACT)), else_=json_sql.string(Precision.AT_LEAST))
    exact = facet_json(field, name, limit, values, precision)
    rollup_arguments = rows.rollup_arguments(own_filter)
    cells = None if rollup_arguments is None else RollupCells.of_question(rollup_arguments, [name])
    if cells is None:
        return exact
    # PostgreSQL reads a few cells to decide, and does not run the other way.
    return case((is_large(cells, name), rollup_facet(cells, field, name, limit)), else_=exact)


def is_large(cells: RollupCells, name: str) -> ColumnElement[bool]:
    """Return whether more shipments match than exact figures are computed for."""
    rows = cells.select(models.ShipmentRollup, "", [name]).subquery(cells.builder.unique_name("cells"))
    number = func.coalesce(func.sum(rows.c.shipments), json_sql.sql("0"))
    return select(number > json_sql.sql(str(limits.MAX_EXACT_ROWS))).select_from(rows).scalar_subquery()


def rollup_facet(cells: RollupCells, field: SelectedField, name: str, limit: int) -> ColumnElement[Any]:
    """Return the JSON of one facet, read from the rollups."""
    builder, dimension = field.builder, SHIPMENT_DIMENSIONS[name]
    source = cells.select(models.ShipmentRollup, "", [name]).subquery(builder.unique_name("cells"))
    key, number = source.c.k1, func.sum(source.c.shipments)
    counted = (
        select(key.label("key"), cast(number, BigInteger).label("rows"))
        .group_by(key)
        .subquery(builder.unique_name("facet_counts"))
    )
    order = [counted.c.rows.desc(), sort_text(dimension.value(builder, counted.c.key)).asc().nulls_last()]
    values = (
        select(counted.c.key, counted.c.rows, func.row_number().over(order_by=order).label("at"))
        .order_by(json_sql.sql("at"))
        .limit(json_sql.sql(str(limit + 1)))
        .subquery(builder.unique_name("facet"))
    )
    return facet_json(field, name, limit, values, json_sql.string(Precision.ESTIMATED))


def facet_json(
    field: SelectedField, name: str, limit: int, values: Any, precision: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return the JSON of a facet from its values."""
    dimension = SHIPMENT_DIMENSIONS[name]

    def value_list(selected: SelectedField) -> json_sql.Pieces:
        item = selected.embedded_object(
            value=partial(read_text, dimension.value, values.c.key),
            label=partial(read_text, dimension.label, values.c.key),
            count=lambda _: [values.c.rows],
        )
        comma = aggregate_order_by(json_sql.sql("','"), values.c.at)
        listed = func.string_agg(json_sql.text(item), comma).filter(values.c.at <= json_sql.sql(str(limit)))
        return ["[", listed, "]"]

    pieces = field.embedded_object(
        dimension=lambda _: [f'"{name}"'],
        values=value_list,
        hasMore=lambda selected: selected.scalar(func.count() > json_sql.sql(str(limit))),
        precision=lambda _: ['"', precision, '"'],
    )
    return select(json_sql.text(pieces)).select_from(values).scalar_subquery()


def read_text(read: TextOfKey, key: ColumnElement[Any], selected: SelectedField) -> json_sql.Pieces:
    """Return the JSON of the text of a value."""
    return selected.scalar(read(selected.builder, json_sql.sql(f"{key.table.name}.{key.name}", Text())))


def without_filter(arguments: Arguments, path: tuple[str, ...]) -> Arguments:
    """Return the arguments of a connection without one filter of `where`."""
    where = arguments["where"]
    if not path or where is None or where.get(path[0]) is None:
        return arguments
    inner = {name: value for name, value in where[path[0]].items() if name != path[1]} if len(path) > 1 else {}
    kept = {name: value for name, value in where.items() if name != path[0]}
    if inner:
        kept[path[0]] = inner
    values = {**arguments.values, "where": kept}
    return Arguments(arguments.builder, values, arguments.owner_index, arguments.path)
