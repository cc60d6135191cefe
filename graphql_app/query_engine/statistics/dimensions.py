"""The dimensions of statistics: the expression that rows are grouped by, and the text of its values.

A dimension is grouped by what is stored in the row. A text that needs another table, such as the code of a carrier, is
read once for each group and not for each row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, cast, func, select
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import enums, status_rules
from graphql_app.domain.statistics_enums import ShipmentDimension, ShipmentItemDimension, TrackingEventDimension
from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import lateness
from graphql_app.query_engine.filters.predicates import enum_literal
from graphql_app.query_engine.filters.text_values import normalized_metadata_text
from graphql_app.query_engine.selection import Arguments, PlanBuilder, RowAlias, outer_column
from graphql_app.query_engine.status_fields import by_status

TextOfKey = Callable[[PlanBuilder, ColumnElement[Any]], ColumnElement[Any]]
"""Returns the text of a value of a dimension."""


def as_text(_builder: PlanBuilder, key: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a stored value as text."""
    return cast(key, Text)


@dataclass(frozen=True)
class Dimension:
    """A dimension.

    `expression` returns the grouped expression of a row. `value` and `label` return the texts of a group. `is_list`:
    the expression is an array, and the row belongs to the group of each element.
    """

    expression: Callable[[RowAlias, Arguments], ColumnElement[Any]]
    value: TextOfKey = as_text
    label: TextOfKey = as_text
    is_list: bool = False


def of_column(name: str) -> Dimension:
    """Return the dimension of a column."""
    return Dimension(lambda row, _: row.c[name])


def carrier_text(column: str) -> TextOfKey:
    """Return the function for a column of the carrier whose ID is the value of a group."""

    def text(builder: PlanBuilder, key: ColumnElement[Any]) -> ColumnElement[Any]:
        carrier = builder.row(models.Carrier)
        where = [carrier.c.id == key, builder.account_check(carrier)]
        return select(cast(carrier.c[column], Text)).select_from(carrier).where(*where).scalar_subquery()

    return text


def of_party(role: enums.PartyRole, column: str) -> Dimension:
    """Return the dimension of a column of the party with a role."""

    def expression(row: RowAlias, arguments: Arguments) -> ColumnElement[Any]:
        party = arguments.builder.row(models.Party)
        where = [
            party.c.shipment_id == outer_column(row.c.id),
            party.c.role == enum_literal(role),
            arguments.builder.account_check(party),
        ]
        return select(party.c[column]).select_from(party).where(*where).scalar_subquery()

    return Dimension(expression)


def phase(row: RowAlias, _: Arguments) -> ColumnElement[Any]:
    """Return the phase of a shipment."""
    return by_status(row, {status: status_rules.phase(status).value for status in enums.ShipmentStatus})


def metadata_value(row: RowAlias, arguments: Arguments) -> ColumnElement[Any]:
    """Return the value of the metadata key in the argument `metadataKey` as text.

    Raises:
        BadUserInput: the argument is missing.
    """
    if arguments["metadataKey"] is None:
        raise request_errors.BadUserInput("The dimension METADATA requires the argument `metadataKey`.")
    text: ColumnElement[Any] = row.c.metadata.op("->>", return_type=Text())(
        cast(arguments.bind("metadataKey", Text(), normalized_metadata_text), Text)
    )
    return text


def carrier_of_event(row: RowAlias, arguments: Arguments) -> ColumnElement[Any]:
    """Return the ID of the carrier of an event's shipment."""
    return of_parent(models.Shipment, "shipment_id", "carrier_id", row, arguments)


def of_parent(
    model: type[SQLModel], foreign_key: str, column: str, row: RowAlias, arguments: Arguments
) -> ColumnElement[Any]:
    """Return a column of the row that a foreign key refers to."""
    parent = arguments.builder.row(model)
    where = [parent.c.id == outer_column(row.c[foreign_key]), arguments.builder.account_check(parent)]
    return select(parent.c[column]).select_from(parent).where(*where).scalar_subquery()


SHIPMENT_DIMENSIONS: Mapping[str, Dimension] = {
    ShipmentDimension.STATUS: of_column("status"),
    ShipmentDimension.PHASE: Dimension(phase),
    ShipmentDimension.LATENESS: Dimension(lambda row, _: lateness.lateness(row)),
    ShipmentDimension.CARRIER: Dimension(lambda row, _: row.c.carrier_id, carrier_text("code"), carrier_text("name")),
    ShipmentDimension.SERVICE: of_column("service"),
    ShipmentDimension.DIRECTION: of_column("direction"),
    ShipmentDimension.ORIGIN_COUNTRY: of_party(enums.PartyRole.SHIPPER, "country_code"),
    ShipmentDimension.DESTINATION_COUNTRY: of_party(enums.PartyRole.RECIPIENT, "country_code"),
    ShipmentDimension.DESTINATION_CITY: of_party(enums.PartyRole.RECIPIENT, "city"),
    ShipmentDimension.EXCEPTION_REASON: of_column("exception_reason"),
    ShipmentDimension.INCOTERM: of_column("incoterm"),
    ShipmentDimension.CURRENCY: of_column("currency"),
    ShipmentDimension.TAG: Dimension(lambda row, _: row.c.tags, is_list=True),
    ShipmentDimension.METADATA: Dimension(metadata_value),
}
"""The dimensions of shipments."""
EVENT_DIMENSIONS: Mapping[str, Dimension] = {
    TrackingEventDimension.CODE: of_column("code"),
    TrackingEventDimension.CARRIER: Dimension(carrier_of_event, carrier_text("code"), carrier_text("name")),
    TrackingEventDimension.COUNTRY: of_column("country_code"),
    TrackingEventDimension.SOURCE: of_column("source_name"),
}
"""The dimensions of tracking events."""
ITEM_DIMENSIONS: Mapping[str, Dimension] = {
    ShipmentItemDimension.SKU: of_column("sku"),
    ShipmentItemDimension.TITLE: of_column("title"),
    ShipmentItemDimension.BATCH: of_column("batch"),
    ShipmentItemDimension.ORIGIN_COUNTRY: of_column("origin_country"),
    ShipmentItemDimension.CURRENCY: of_column("currency"),
    ShipmentItemDimension.METADATA: Dimension(metadata_value),
}
"""The dimensions of items."""


def key_type(dimension: str) -> Any:
    """Return the type of the grouped expression of a dimension that is compared with a parameter."""
    return Uuid() if dimension == "CARRIER" else Text()


def sort_text(key: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the text of a grouped value by which groups are ordered, compared byte by byte."""
    return func.convert_to(cast(key, Text), json_sql.ENCODING)
