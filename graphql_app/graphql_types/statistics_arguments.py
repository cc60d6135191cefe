"""Arguments of the statistics fields: buckets, orders of groups, and the arguments that they share."""

from typing import Annotated

import strawberry

from graphql_app.domain import enums
from graphql_app.domain import statistics_enums as statistics
from graphql_app.graphql_types.arguments import argument, optional
from graphql_app.graphql_types.model_type import field
from graphql_app.graphql_types.scalars import TimeZone

ZONE = "The time zone of the calendar (IANA). Default UTC."
GAPS = (
    "Whether buckets without rows between the first and the last one are returned, up to 10,000 buckets. Default false."
)


@strawberry.input(description="Forms buckets by a time of the shipments. Shipments without this time are in no group.")
class ShipmentBucket:
    field: statistics.ShipmentTimeField = field("The time by which the buckets are formed.")
    by: statistics.BucketUnit = strawberry.field(description="The length of a bucket.")
    time_zone: TimeZone | None = optional(ZONE)
    fill_gaps: bool | None = strawberry.field(description=GAPS, default=False)


@strawberry.input(description="Forms buckets by a time of the tracking events.")
class TrackingEventBucket:
    field: statistics.TrackingEventTimeField = field("The time by which the buckets are formed.")
    by: statistics.BucketUnit = strawberry.field(description="The length of a bucket.")
    time_zone: TimeZone | None = optional(ZONE)
    fill_gaps: bool | None = strawberry.field(description=GAPS, default=False)


@strawberry.input(description="A sort key for groups of shipments.")
class ShipmentGroupOrder:
    field: statistics.ShipmentGroupOrderField = field("The property to order by.")
    direction: enums.OrderDirection = strawberry.field(
        description="The direction of the order. Default DESC.", default=enums.OrderDirection.DESC
    )


@strawberry.input(description="A sort key for groups.")
class GroupOrder:
    field: statistics.GroupOrderField = field("The property to order by.")
    direction: enums.OrderDirection = strawberry.field(
        description="The direction of the order. Default DESC.", default=enums.OrderDirection.DESC
    )


ORDER = (
    "Up to three sort keys, each field at most once. Ties are broken by bucket and values. Default: BUCKET ASC with "
    "`bucket`, otherwise COUNT DESC."
)
FirstGroups = Annotated[int | None, argument("Returns the first _n_ groups. Between 0 and 1,000; default 50.")]
MetadataKeyArgument = Annotated[str | None, argument("The metadata key of the dimension METADATA. Case-sensitive.")]
ShipmentGroupOrders = Annotated[list[ShipmentGroupOrder] | None, argument(ORDER)]
GroupOrders = Annotated[list[GroupOrder] | None, argument(ORDER)]
ShipmentBucketArgument = Annotated[
    ShipmentBucket | None, argument("Groups by periods of the calendar, together with the dimensions of `groupBy`.")
]
TrackingEventBucketArgument = Annotated[
    TrackingEventBucket | None,
    argument("Groups by periods of the calendar, together with the dimensions of `groupBy`."),
]
GROUP_BY = "Up to three dimensions. Each combination of their values is a group."
ShipmentDimensions = Annotated[list[statistics.ShipmentDimension] | None, argument(GROUP_BY)]
TrackingEventDimensions = Annotated[list[statistics.TrackingEventDimension] | None, argument(GROUP_BY)]
ShipmentItemDimensions = Annotated[list[statistics.ShipmentItemDimension] | None, argument(GROUP_BY)]
