"""Strawberry, and only Strawberry. The vocabulary becomes the API's enums here, before any type speaks of them."""

from inspect import cleandoc

import strawberry

from graphql_app import vocabulary as v


def publish(words: type[v.Word]) -> None:
    """Make a vocabulary an enum of the API, each value with its meaning."""
    strawberry.enum(words, description=cleandoc(words.__doc__ or ""))
    for value in words.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = words(value.value).doc


PUBLISHED = (
    v.ShipmentStatus, v.ShipmentPhase, v.ShipmentDirection, v.PartyRole, v.WeightUnit, v.LengthUnit, v.TimePrecision,
    v.NotAppliedReason, v.ExceptionReason, v.TrackingEventCode, v.CountPrecision, v.OrderDirection,
    v.ShipmentOrderField, v.TrackingEventOrderField, v.BulkErrorPolicy,
)  # fmt: skip
for words in PUBLISHED:
    publish(words)
