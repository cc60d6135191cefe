"""Strawberry, and only Strawberry. The vocabulary becomes the API's enums here, before any type speaks of them."""

from inspect import cleandoc

import strawberry

from graphql_app.domain import enums


def register(words: type[enums.DocumentedEnum]) -> None:
    """Make a vocabulary an enum of the API, each value with its meaning."""
    strawberry.enum(words, description=cleandoc(words.__doc__ or ""))
    for value in words.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = words(value.value).doc


REGISTERED = (
    enums.ShipmentStatus, enums.ShipmentPhase, enums.ShipmentDirection, enums.PartyRole, enums.WeightUnit,
    enums.LengthUnit, enums.TimePrecision, enums.NotAppliedReason, enums.ExceptionReason, enums.TrackingEventCode,
    enums.CountPrecision, enums.OrderDirection,
    enums.ShipmentOrderField, enums.TrackingEventOrderField, enums.BulkErrorPolicy,
)  # fmt: skip
for words in REGISTERED:
    register(words)
