"""Filters on single values: texts, IDs, statuses, times, durations, numbers and weights.

`filters.py` combines them to the filters of lists. Null and omitted are the same.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import strawberry

from graphql_app.domain import enums
from graphql_app.graphql_types.arguments import UNSET, optional
from graphql_app.graphql_types.model_type import field


@strawberry.input(description="A filter on an ID. All given conditions must hold; null conditions are ignored.")
class IDFilter:
    eq: strawberry.ID | None = optional("Matches this ID. An ID of another type matches nothing.")
    in_: list[strawberry.ID] | None = strawberry.field(
        name="in", description="Matches any of these IDs. An empty list matches nothing.", default=UNSET
    )


@strawberry.input(
    description="A filter on a text. All given conditions must hold; null conditions are ignored. Comparisons are "
    "case-sensitive unless the field says otherwise. Texts are limited to 1,000 characters. They are brought into the "
    "form in which values are stored: Unicode NFC without surrounding whitespace (in metadata, whitespace counts). A "
    "text of which nothing remains matches nothing."
)
class StringFilter:
    eq: str | None = optional("Matches values equal to this text.")
    in_: list[str] | None = strawberry.field(
        name="in",
        description="Matches values equal to any of these texts. An empty list matches nothing.",
        default=UNSET,
    )
    starts_with: str | None = optional("Matches values that start with this text.")
    contains: str | None = optional(
        "Matches values that contain this text. No index supports this condition: combine it with a selective one."
    )
    is_null: bool | None = optional("`true` matches null values, `false` matches non-null values.")


@strawberry.input(
    description="A filter on a list of texts. All given conditions must hold; null conditions are ignored."
)
class StringListFilter:
    has_any: list[str] | None = optional(
        "Matches lists that contain at least one of these texts. An empty list matches nothing."
    )
    has_all: list[str] | None = optional(
        "Matches lists that contain all of these texts. An empty list matches everything."
    )


@strawberry.input(description="A filter on the status. All given conditions must hold; null conditions are ignored.")
class ShipmentStatusFilter:
    eq: enums.ShipmentStatus | None = optional("Matches shipments with this status.")
    in_: list[enums.ShipmentStatus] | None = strawberry.field(
        name="in",
        description="Matches shipments with any of these statuses. An empty list matches nothing.",
        default=UNSET,
    )
    not_in: list[enums.ShipmentStatus] | None = optional(
        "Matches shipments with none of these statuses. An empty list matches everything."
    )


@strawberry.input(
    description="A filter on a time. All given conditions must hold; null conditions are ignored. Comparisons "
    "never match null values."
)
class DateTimeFilter:
    gte: datetime | None = optional("Matches times at or after this one.")
    gt: datetime | None = optional("Matches times after this one.")
    lte: datetime | None = optional("Matches times at or before this one.")
    lt: datetime | None = optional("Matches times before this one.")
    is_null: bool | None = optional("`true` matches null values, `false` matches non-null values.")


@strawberry.input(
    description="A filter on a whole number. All given conditions must hold; null conditions are ignored."
)
class IntFilter:
    eq: int | None = optional("Matches exactly this number.")
    gte: int | None = optional("Matches numbers of at least this one.")
    lte: int | None = optional("Matches numbers of at most this one.")


@strawberry.input(
    description="A filter on the exception reason. All given conditions must hold; null conditions are ignored."
)
class ExceptionReasonFilter:
    eq: enums.ExceptionReason | None = optional("Matches shipments with this reason.")
    in_: list[enums.ExceptionReason] | None = strawberry.field(
        name="in",
        description="Matches shipments with any of these reasons. An empty list matches nothing.",
        default=UNSET,
    )
    is_null: bool | None = optional("`true` matches shipments without a reason, `false` those with one.")


@strawberry.input(description="A filter on the lateness. All given conditions must hold; null conditions are ignored.")
class LatenessFilter:
    eq: enums.Lateness | None = optional("Matches shipments with this lateness.")
    in_: list[enums.Lateness] | None = strawberry.field(
        name="in",
        description="Matches shipments with any of these values. An empty list matches nothing.",
        default=UNSET,
    )


@strawberry.input(
    description="A filter on how late a shipment is. It matches late shipments only. Durations are limited to 36,500 "
    "days."
)
class DurationFilter:
    gte: timedelta | None = optional("Matches durations of at least this one.")
    gt: timedelta | None = optional("Matches durations longer than this one.")
    lte: timedelta | None = optional("Matches durations of at most this one.")
    lt: timedelta | None = optional("Matches durations shorter than this one.")


@strawberry.input(description="A weight with its unit.")
class WeightInput:
    value: Decimal = field("The amount, in the given unit.")
    unit: enums.WeightUnit = field("The unit of the amount.")


@strawberry.input(
    description="A filter on a weight. Weights in different units are compared exactly. All given conditions must "
    "hold. Unknown weights never match."
)
class WeightFilter:
    gte: WeightInput | None = optional(
        "Matches weights of at least this amount. The value must not exceed 1,000,000,000,000."
    )
    lte: WeightInput | None = optional(
        "Matches weights of at most this amount. The value must not exceed 1,000,000,000,000."
    )
