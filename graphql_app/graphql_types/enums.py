"""Registers the enums of the domain as GraphQL enums. Imported before any type refers to them."""

from inspect import cleandoc

import strawberry

from graphql_app.domain import enums, statistics_enums
from graphql_app.errors.user_errors import ErrorCode
from graphql_app.graphql_internals import describe_enum_values


def register(enum_class: type[enums.DocumentedEnum]) -> None:
    """Make an enum a GraphQL enum, with the descriptions of the class and of its values."""
    strawberry.enum(enum_class, description=cleandoc(enum_class.__doc__ or ""))
    describe_enum_values(enum_class)


REGISTERED = (
    enums.ShipmentStatus, enums.ShipmentPhase, enums.ShipmentDirection, enums.PartyRole, enums.WeightUnit,
    enums.LengthUnit, enums.TimePrecision, enums.NotAppliedReason, enums.ExceptionReason, enums.TrackingEventCode,
    enums.CountPrecision, enums.Lateness, enums.OrderDirection, enums.ShipmentOrderField, enums.TrackingEventOrderField,
    statistics_enums.ShipmentDimension, statistics_enums.TrackingEventDimension,
    statistics_enums.ShipmentItemDimension, statistics_enums.ShipmentTimeField,
    statistics_enums.TrackingEventTimeField, statistics_enums.BucketUnit, statistics_enums.GroupOrderField,
    statistics_enums.ShipmentGroupOrderField, statistics_enums.StatisticsPrecision,
    enums.BulkErrorPolicy, enums.FilterMatch, ErrorCode,
)  # fmt: skip
"""All enums of the API."""

for enum_class in REGISTERED:
    register(enum_class)
