"""Value types: groups of columns without an ID of their own, and the interface `Node`."""

from decimal import Decimal

import strawberry

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.graphql_types.model_type import field, model_type
from graphql_app.graphql_types.scalars import CountryCode, CurrencyCode


@strawberry.interface(description="An object with a globally unique ID, which `node` and `nodes` can fetch.")
class Node:
    id: strawberry.ID = field(
        "Globally unique, opaque ID of the object: a prefix for its type and 32 hexadecimal digits."
    )


@strawberry.type(description="Information about a page of a connection.")
class PageInfo:
    has_next_page: bool = field("Whether the list has items after this page.")
    has_previous_page: bool = field("Whether the list has items before this page.")
    start_cursor: str | None = field("Cursor of the first item of the page. Null if the page is empty.")
    end_cursor: str | None = field("Cursor of the last item of the page. Null if the page is empty.")


@strawberry.type(description="A number of items, exact or a lower bound.")
class Count:
    count: int = field("The number of items, never more than `limit`.")
    precision: enums.CountPrecision = field("Whether the count is exact or stopped at the limit.")


@strawberry.type(description="A weight in the requested unit.")
class Weight:
    value: Decimal = field(
        "The amount in the requested unit: exact, or rounded to 6 decimal places if it is no finite decimal in that "
        "unit. In its unit of entry a package's weight has the decimal places that were entered."
    )
    unit: enums.WeightUnit = field("The unit that was requested.")


@strawberry.type(
    description="The outer dimensions of a package in the requested unit: each exact, or rounded "
    "to 6 decimal places if it is no finite decimal in that unit."
)
class Dimensions:
    length: Decimal = field("Length of the package, in `unit`.")
    width: Decimal = field("Width of the package, in `unit`.")
    height: Decimal = field("Height of the package, in `unit`.")
    unit: enums.LengthUnit = field("The unit that was requested.")


@strawberry.type(description="An amount of money with its currency.")
class Money:
    amount: Decimal = field("The amount, with up to 4 decimal places.")
    currency: CurrencyCode = field("Currency of the amount (ISO 4217).")


@strawberry.type(description="The place of a tracking event, as far as it is known.")
class Place:
    name: str | None = field("Name of the place. Null if unknown.")
    city: str | None = field("Name of the city. Null if unknown.")
    region: str | None = field("State, province or region. Null if unknown.")
    postal_code: str | None = field("Postal code of the place. Null if unknown.")
    country: CountryCode | None = field("Country code (ISO 3166-1 alpha-2). Null if unknown.")
    latitude: float | None = field("Latitude in degrees north, from -90 to 90. Null if unknown.")
    longitude: float | None = field("Longitude in degrees east, from -180 to 180. Null if unknown.")


@model_type(models.Party)
class Party:
    role: enums.PartyRole
    name: str
    company: str | None
    lines: list[str]
    city: str | None
    region: str | None
    postal_code: str | None
    country: CountryCode = field("Country code (ISO 3166-1 alpha-2).")
    phone: str | None
    email: str | None


@model_type(models.ShipmentReference)
class Reference:
    kind: str
    value: str
