"""Values without an identity: parts of a row that are said together."""

from decimal import Decimal

import strawberry

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.graphql_types.model_type import described, mirrors
from graphql_app.graphql_types.scalars import CountryCode, CurrencyCode


@strawberry.interface(description="An object with an identity, which `node` and `nodes` find.")
class Node:
    id: strawberry.ID = described("Opaque identity, unique among all objects: a prefix and 32 hex digits.")


@strawberry.type(description="Where a page stands in its connection.")
class PageInfo:
    has_next_page: bool = described("Whether there are rows behind the page.")
    has_previous_page: bool = described("Whether there are rows before the page.")
    start_cursor: str | None = described("Cursor of the first row; null for an empty page.")
    end_cursor: str | None = described("Cursor of the last row; null for an empty page.")


@strawberry.type(description="How many there are.")
class Count:
    count: int = described("The number, at most the limit that was asked for.")
    precision: enums.CountPrecision = described("Whether it is all of them.")


@strawberry.type(description="A weight.")
class Weight:
    value: Decimal = described("The amount. In the unit in which it was given it is as it was given.")
    unit: enums.WeightUnit = described("The unit that was asked for.")


@strawberry.type(description="The outer measures of a package.")
class Dimensions:
    length: Decimal = described("Length.")
    width: Decimal = described("Width.")
    height: Decimal = described("Height.")
    unit: enums.LengthUnit = described("The unit that was asked for.")


@strawberry.type(description="An amount of money.")
class Money:
    amount: Decimal = described("The amount.")
    currency: CurrencyCode = described("Its currency.")


@strawberry.type(description="Where an event happened, as far as is known.")
class Place:
    name: str | None = described("Name of the place.")
    city: str | None = described("City.")
    region: str | None = described("State, province or region.")
    postal_code: str | None = described("Postal code.")
    country: CountryCode | None = described("Country.")
    latitude: float | None = described("Degrees north.")
    longitude: float | None = described("Degrees east.")


@mirrors(models.Party)
class Party:
    role: enums.PartyRole
    name: str
    company: str | None
    lines: list[str]
    city: str | None
    region: str | None
    postal_code: str | None
    country: CountryCode = described("Country.")
    phone: str | None
    email: str | None


@mirrors(models.ShipmentReference)
class Reference:
    kind: str
    value: str
