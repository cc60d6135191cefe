"""Registers the enums of the domain as GraphQL enums. Imported before any type refers to them."""

from inspect import cleandoc

import strawberry

from graphql_app.domain import enums


def register(enum_class: type[enums.DocumentedEnum]) -> None:
    """Make an enum a GraphQL enum, with the descriptions of the class and of its values."""
    strawberry.enum(enum_class, description=cleandoc(enum_class.__doc__ or ""))
    for value in enum_class.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = enum_class(value.value).doc


REGISTERED = (
    enums.ShipmentStatus, enums.ShipmentPhase, enums.ShipmentDirection, enums.PartyRole, enums.WeightUnit,
    enums.LengthUnit, enums.TimePrecision, enums.NotAppliedReason, enums.ExceptionReason, enums.TrackingEventCode,
    enums.CountPrecision, enums.OrderDirection,
    enums.ShipmentOrderField, enums.TrackingEventOrderField, enums.BulkErrorPolicy,
)  # fmt: skip
"""All enums of the API but `ErrorCode`, which `payloads.py` registers."""

for enum_class in REGISTERED:
    register(enum_class)
