"""Types of `shipmentStats`, `trackingEventStats`, `shipmentItemStats` and facets.

These classes only declare the schema: `query_engine/statistics/` computes the values.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import strawberry

from graphql_app.domain import enums
from graphql_app.domain import statistics_enums as statistics
from graphql_app.graphql_types import arguments, objects
from graphql_app.graphql_types.connections import Connection
from graphql_app.graphql_types.model_type import computed_field, field
from graphql_app.graphql_types.scalars import CurrencyCode, LocalDateTime

Percentiles = Annotated[
    list[float],
    strawberry.argument(description="The percentiles to return, each from 0 to 100, at most 20. Default 50, 90, 95."),
]
DEFAULT_PERCENTILES = [50.0, 90.0, 95.0]


@strawberry.type(description="The share of objects that satisfy a condition.")
class Rate:
    kept: int = field("The number of objects that satisfy the condition.")
    of: int = field("The number of objects that could satisfy it.")
    rate: float | None = field("The share `kept` / `of`, from 0 to 1. Null if `of` is 0.")


@strawberry.type(description="One percentile of durations, interpolated between the two nearest values.")
class DurationPercentile:
    percentile: float = field("The percentile, from 0 to 100.")
    value: timedelta = field("The duration that this share of the values does not exceed.")


@strawberry.type(description="Statistics of a set of durations.")
class DurationStatistics:
    count: int = field("The number of objects that have this duration.")
    average: timedelta | None = field("The arithmetic mean. Null without values.")
    minimum: timedelta | None = field("The shortest duration. Null without values, and with precision ESTIMATED.")
    maximum: timedelta | None = field("The longest duration. Null without values, and with precision ESTIMATED.")
    percentiles: list[DurationPercentile] = field("The requested percentiles, in their order. Empty without values.")


@strawberry.type(description="Statistics of weights. Shipments without a weight do not count.")
class WeightStatistics:
    count: int = field("The number of shipments with a weight.")
    unit: enums.WeightUnit = field("The unit that was requested.")
    sum: Decimal = field(
        "The exact sum of the weights, rounded to 6 decimal places only if it is no finite decimal in the unit."
    )
    average: Decimal | None = field("The mean weight, rounded to 6 decimal places. Null without weights.")
    minimum: Decimal | None = field("The lowest weight. Null without weights, and with precision ESTIMATED.")
    maximum: Decimal | None = field("The highest weight. Null without weights, and with precision ESTIMATED.")


@strawberry.type(description="Statistics of amounts of money in one currency.")
class MoneyStatistics:
    currency: CurrencyCode = field("The currency of the amounts (ISO 4217).")
    count: int = field("The number of objects with an amount in this currency.")
    sum: Decimal = field("The sum of the amounts.")
    average: Decimal = field("The mean amount, rounded to 4 decimal places.")


@strawberry.type(description="Statistics of numbers. Values that are not numbers do not count.")
class NumberStatistics:
    count: int = field("The number of objects with a number.")
    sum: Decimal = field("The sum of the numbers.")
    average: Decimal | None = field("The mean, rounded to 6 decimal places. Null without numbers.")
    minimum: Decimal | None = field("The lowest number. Null without numbers.")
    maximum: Decimal | None = field("The highest number. Null without numbers.")


MetadataKey = Annotated[
    str,
    strawberry.argument(
        description="The top-level metadata key. Numbers and texts that are decimal numbers count. Case-sensitive."
    ),
]


@strawberry.type(description="Measures of a set of shipments. Only the selected ones are computed.")
class ShipmentMeasures:
    count: int = field("The number of shipments.")
    packages: int = field("The number of packages of the shipments.")

    @computed_field
    def weight(self, unit: arguments.WeightUnitArgument = enums.WeightUnit.KG) -> WeightStatistics:
        """Statistics of the total weights of the shipments."""

    declared_value: list[MoneyStatistics] = field("Statistics of the declared values, ordered by currency.")
    on_time: Rate = field("Delivered shipments with a deadline; `kept` counts those delivered by it.")
    first_attempt_rate: Rate = field(
        "Delivered shipments; `kept` counts those without an applied event DELIVERY_ATTEMPTED."
    )
    exception_rate: Rate = field(
        "Shipments that the carrier picked up; `kept` counts those with an applied event of a problem: EXCEPTION, "
        "HELD, CUSTOMS_HELD, DAMAGED or LOST."
    )
    return_rate: Rate = field(
        "Shipments that the carrier picked up; `kept` counts those in status RETURNING or RETURNED."
    )

    @computed_field
    def transit_time(self, percentiles: Percentiles = DEFAULT_PERCENTILES) -> DurationStatistics:
        """Time from the pickup to the delivery."""

    @computed_field
    def age(self, percentiles: Percentiles = DEFAULT_PERCENTILES) -> DurationStatistics:
        """Time since `readyAt` of the shipments that are not closed."""

    @computed_field
    def late_by(self, percentiles: Percentiles = DEFAULT_PERCENTILES) -> DurationStatistics:
        """How late the late shipments are or were: see `Shipment.lateBy`."""

    @computed_field
    def metadata_number(self, key: MetadataKey) -> NumberStatistics:
        """Statistics of the numbers in a metadata key of the shipments."""


@strawberry.type(description="A period of the calendar.")
class TimeBucket:
    start: datetime = field("The first instant of the bucket.")
    end: datetime = field("The first instant after the bucket.")
    local_start: LocalDateTime = field("The first instant of the bucket in its time zone.")


@strawberry.type(description="The value of one dimension of a group of shipments.")
class ShipmentGroupKey:
    dimension: statistics.ShipmentDimension = field("The dimension of the value.")
    value: str | None = field("The value as text: a code, name or enum value. Null if not set.")
    label: str | None = field("A text for people: the name of a carrier, otherwise the value itself.")


@strawberry.type(description="Shipments with the same values of all dimensions, in the same bucket.")
class ShipmentGroup:
    keys: list[ShipmentGroupKey] = field("The values of the dimensions, in the order of the enum.")
    bucket: TimeBucket | None = field("The bucket of the group. Null if `bucket` is not set.")
    measures: ShipmentMeasures = field("The measures of the shipments of the group.")

    @computed_field
    def shipments(self, first: arguments.First = 10) -> objects.ShipmentConnection:
        """The newest shipments of the group."""


@strawberry.type(description="Statistics of the shipments that satisfy a filter.")
class ShipmentStatistics:
    total: ShipmentMeasures = field("The measures of all matching shipments.")
    groups: list[ShipmentGroup] = field("The groups. Empty without `groupBy` and `bucket`.")
    has_more: bool = field("Whether there are more groups than `first`.")
    precision: statistics.StatisticsPrecision = field("How exact the figures are.")
    as_of: datetime = field("The time for which the figures hold.")


@strawberry.type(description="Measures of a set of tracking events. Only the selected ones are computed.")
class TrackingEventMeasures:
    count: int = field("The number of tracking events.")
    shipments: int = field("The number of different shipments with such an event.")

    @computed_field
    def recording_delay(self, percentiles: Percentiles = DEFAULT_PERCENTILES) -> DurationStatistics:
        """Time from `occurredAt` to `recordedAt`. Negative for events that were reported in advance."""


@strawberry.type(description="The value of one dimension of a group of tracking events.")
class TrackingEventGroupKey:
    dimension: statistics.TrackingEventDimension = field("The dimension of the value.")
    value: str | None = field("The value as text: a code or name. Null if not set.")
    label: str | None = field("A text for people: the name of a carrier, otherwise the value itself.")


@strawberry.type(description="Tracking events with the same values of all dimensions, in the same bucket.")
class TrackingEventGroup:
    keys: list[TrackingEventGroupKey] = field("The values of the dimensions, in the order of the enum.")
    bucket: TimeBucket | None = field("The bucket of the group. Null if `bucket` is not set.")
    measures: TrackingEventMeasures = field("The measures of the events of the group.")

    @computed_field
    def events(self, first: arguments.First = 10) -> "Connection[objects.TrackingEvent]":
        """The latest events of the group."""


@strawberry.type(description="Statistics of the tracking events that satisfy a filter.")
class TrackingEventStatistics:
    total: TrackingEventMeasures = field("The measures of all matching events.")
    groups: list[TrackingEventGroup] = field("The groups. Empty without `groupBy` and `bucket`.")
    has_more: bool = field("Whether there are more groups than `first`.")
    precision: statistics.StatisticsPrecision = field("How exact the figures are.")
    as_of: datetime = field("The time for which the figures hold.")


@strawberry.type(description="Measures of a set of items. Only the selected ones are computed.")
class ShipmentItemMeasures:
    count: int = field("The number of items.")
    shipments: int = field("The number of different shipments with such an item.")
    quantity: NumberStatistics = field("Statistics of the quantities, whatever their unit.")
    value: list[MoneyStatistics] = field("Statistics of quantity × unit value, ordered by currency.")

    @computed_field
    def metadata_number(self, key: MetadataKey) -> NumberStatistics:
        """Statistics of the numbers in a metadata key of the items."""


@strawberry.type(description="The value of one dimension of a group of items.")
class ShipmentItemGroupKey:
    dimension: statistics.ShipmentItemDimension = field("The dimension of the value.")
    value: str | None = field("The value as text. Null if not set.")
    label: str | None = field("A text for people: the value itself.")


@strawberry.type(description="Items with the same values of all dimensions.")
class ShipmentItemGroup:
    keys: list[ShipmentItemGroupKey] = field("The values of the dimensions, in the order of the enum.")
    measures: ShipmentItemMeasures = field("The measures of the items of the group.")


@strawberry.type(description="Statistics of the items of the shipments that satisfy a filter.")
class ShipmentItemStatistics:
    total: ShipmentItemMeasures = field("The measures of all matching items.")
    groups: list[ShipmentItemGroup] = field("The groups. Empty without `groupBy`.")
    has_more: bool = field("Whether there are more groups than `first`.")
    precision: statistics.StatisticsPrecision = field("How exact the figures are.")
    as_of: datetime = field("The time for which the figures hold.")
