"""TODO docstring."""

from typing import Annotated, Any

import strawberry

from graphql_app.domain import enums

UNSET = strawberry.UNSET


def optional(text: str) -> Any:
    """A field that may be left out. `Any`, because each field has a type of its own."""
    return strawberry.field(description=text, default=UNSET)


def argument(text: str) -> object:
    return strawberry.argument(description=text)


First = Annotated[int | None, argument("So many rows from the beginning, or behind `after`: 0 to 250.")]
After = Annotated[str | None, argument("Only rows behind this cursor.")]
Last = Annotated[int | None, argument("So many rows from the end, or before `before`: 0 to 250.")]
Before = Annotated[str | None, argument("Only rows before this cursor.")]
Direction = Annotated[enums.OrderDirection | None, argument("Earliest or latest first.")]
InWeightUnit = Annotated[enums.WeightUnit | None, argument("The unit of the answer.")]
InLengthUnit = Annotated[enums.LengthUnit | None, argument("The unit of the answer.")]


@strawberry.input(description="How to name one shipment: exactly one of these.", one_of=True)
class ShipmentBy:
    id: strawberry.ID | None = optional("Its opaque identity.")
    number: str | None = optional("Its number.")
    external_reference: str | None = optional("The client's own identity of it.")
