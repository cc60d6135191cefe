"""The sources of `shipmentStats`, `trackingEventStats` and `shipmentItemStats`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from graphql_app import models
from graphql_app.domain.statistics_enums import ShipmentTimeField, TrackingEventTimeField
from graphql_app.query_engine import sources
from graphql_app.query_engine.filters import fields, related_predicates
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.selection import Arguments, RowAlias, SelectedField
from graphql_app.query_engine.statistics import dimensions, measures, rollup_builder
from graphql_app.query_engine.statistics.builder import StatisticsBuilder
from graphql_app.query_engine.statistics.grouping import Subject


@dataclass(frozen=True)
class StatisticsSource:
    """The statistics of a subject."""

    name: str

    def statement(self, field: SelectedField) -> Select[Any]:
        """Return the SELECT of the field's JSON."""
        builder = StatisticsBuilder(field, SUBJECTS[self.name])
        return rollup_builder.statement(field, builder) if self.name == "shipments" else builder.statement()


def item_where(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """Return the predicates of items: those of the shipment in `where`, and their own in `itemWhere`."""
    shipment = arguments.builder.row(models.Shipment)
    where = [arguments.builder.account_filter(shipment), *fields.shipment_where(shipment, arguments)]
    result: list[Predicate] = [row.c.shipment_id.in_(select(shipment.c.id).select_from(shipment).where(*where))]
    own = arguments.nested("itemWhere")
    return result if own is None else [*result, *related_predicates.item_predicates(row, own)]


SUBJECTS = {
    "shipments": Subject(
        models.Shipment,
        fields.shipment_where,
        dimensions.SHIPMENT_DIMENSIONS,
        measures.SHIPMENT_MEASURES,
        {name: name.lower() for name in ShipmentTimeField},
        measures.SHIPMENT_ORDERS,
        "shipments",
        sources.shipments,
    ),
    "events": Subject(
        models.TrackingEvent,
        fields.event_where,
        dimensions.EVENT_DIMENSIONS,
        measures.EVENT_MEASURES,
        {name: name.lower() for name in TrackingEventTimeField},
        rows_field="events",
        rows=sources.events,
    ),
    "items": Subject(models.ShipmentItem, item_where, dimensions.ITEM_DIMENSIONS, measures.ITEM_MEASURES),
}
"""What each statistics field counts, by name."""
SHIPMENT_STATISTICS = StatisticsSource("shipments")
"""`Query.shipmentStats`."""
EVENT_STATISTICS = StatisticsSource("events")
"""`Query.trackingEventStats`."""
ITEM_STATISTICS = StatisticsSource("items")
"""`Query.shipmentItemStats`."""
