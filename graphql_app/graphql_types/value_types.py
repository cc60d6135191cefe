"""Values without an identity: parts of a row that are said together."""

from decimal import Decimal

import strawberry

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.graphql_types.model_type import described, mirrors
from graphql_app.graphql_types.scalars import CountryCode, CurrencyCode


@strawberry.interface(description="An object with a globally unique ID, which `node` and `nodes` can fetch.")
class Node:
    id: strawberry.ID = described(
        "Globally unique, opaque ID of the object: a prefix for its type and 32 hexadecimal digits."
    )


@strawberry.type(description="Information about a page of a connection.")
class PageInfo:
    has_next_page: bool = described("Whether the list has items after this page.")
    has_previous_page: bool = described("Whether the list has items before this page.")
    start_cursor: str | None = described("Cursor of the first item of the page. Null if the page is empty.")
    end_cursor: str | None = described("Cursor of the last item of the page. Null if the page is empty.")


@strawberry.type(description="A number of items, exact or a lower bound.")
class Count:
    count: int = described("The number of items, never more than `limit`.")
    precision: enums.CountPrecision = described("Whether the count is exact or stopped at the limit.")


@strawberry.type(description="A weight in the requested unit.")
class Weight:
    value: Decimal = described(
        "The amount in the requested unit: as entered if that is the unit of entry, otherwise rounded to 6 "
        "decimal places."
    )
    unit: enums.WeightUnit = described("The unit that was requested.")


@strawberry.type(description="The outer dimensions of a package in the requested unit, rounded to 6 decimal places.")
class Dimensions:
    length: Decimal = described("Length of the package, in `unit`.")
    width: Decimal = described("Width of the package, in `unit`.")
    height: Decimal = described("Height of the package, in `unit`.")
    unit: enums.LengthUnit = described("The unit that was requested.")


@strawberry.type(description="An amount of money with its currency.")
class Money:
    amount: Decimal = described("The amount, with up to 4 decimal places.")
    currency: CurrencyCode = described("Currency of the amount (ISO 4217).")


@strawberry.type(description="The place of a tracking event, as far as it is known.")
class Place:
    name: str | None = described("Name of the place. Null if unknown.")
    city: str | None = described("Name of the city. Null if unknown.")
    region: str | None = described("State, province or region. Null if unknown.")
    postal_code: str | None = described("Postal code of the place. Null if unknown.")
    country: CountryCode | None = described("Country code (ISO 3166-1 alpha-2). Null if unknown.")
    latitude: float | None = described("Latitude in degrees north, from -90 to 90. Null if unknown.")
    longitude: float | None = described("Longitude in degrees east, from -180 to 180. Null if unknown.")


@mirrors(models.Party)
class Party:
    role: enums.PartyRole
    name: str
    company: str | None
    lines: list[str]
    city: str | None
    region: str | None
    postal_code: str | None
    country: CountryCode = described("Country code (ISO 3166-1 alpha-2).")
    phone: str | None
    email: str | None


@mirrors(models.ShipmentReference)
class Reference:
    kind: str
    value: str
