"""Arguments of several fields: pagination, units, and the identifier of one shipment."""

from typing import Annotated, Any

import strawberry

from graphql_app.domain import enums

UNSET = strawberry.UNSET
"""Value of an omitted argument or field; an explicit null is None."""


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
