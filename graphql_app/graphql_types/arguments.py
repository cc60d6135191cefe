"""Arguments of several fields: pagination, units, and the identifier of one shipment."""

from typing import Annotated, Any

import strawberry

from graphql_app.domain import enums

UNSET = strawberry.UNSET
"""Value of an omitted argument or field; an explicit null is None."""
METADATA = "Your own fields: a JSON object of up to 16,384 bytes and 8 levels, with keys of up to 100 characters."
"""Description of metadata in an input."""
TRACKING_NUMBER = (
    "Tracking number: the letters A to Z, digits, blanks and punctuation, with at least one letter or digit. Up to 64 "
    "characters, not counting blanks."
)
"""Description of a tracking number in an input."""
WEIGHT = (
    "Weight of the package, from 0 to less than 1,000,000 kg, with up to 9 digits before and 9 after the decimal "
    "point. It is stored exactly."
)
"""Description of the weight of a package in an input."""


def optional(description: str) -> Any:
    """Return an input field that may be omitted. The return type is `Any`, because it is assigned to any type."""
    return strawberry.field(description=description, default=UNSET)


def argument(description: str) -> object:
    """Return an annotation with the description of an argument."""
    return strawberry.argument(description=description)


First = Annotated[
    int | None,
    argument(
        "Returns the first _n_ items after the `after` cursor, or from the start of the list. Between 0 "
        "and 250; default 50 unless the field shows another default."
    ),
]
After = Annotated[
    str | None,
    argument("Returns only items after this cursor. A cursor of another list or sort order returns INVALID_CURSOR."),
]
Last = Annotated[
    int | None,
    argument(
        "Returns the last _n_ items before the `before` cursor, or from the end of the list. Between 0 and "
        "250. Cannot be combined with `first`."
    ),
]
Before = Annotated[
    str | None,
    argument("Returns only items before this cursor. A cursor of another list or sort order returns INVALID_CURSOR."),
]
EventDirection = Annotated[
    enums.OrderDirection | None,
    argument("Order by the time of occurrence: ASC returns the earliest event first, DESC the latest event first."),
]
WeightUnitArgument = Annotated[
    enums.WeightUnit | None, argument("The unit in which the weight is returned. Default KG.")
]
LengthUnitArgument = Annotated[
    enums.LengthUnit | None, argument("The unit in which the dimensions are returned. Default CM.")
]


@strawberry.input(description="Identifies one shipment. Exactly one of the fields must be given.", one_of=True)
class ShipmentBy:
    id: strawberry.ID | None = optional("The ID of the shipment.")
    number: str | None = optional("The number of the shipment, such as SHP-0001234.")
    external_reference: str | None = optional("The client's own ID of the shipment.")
