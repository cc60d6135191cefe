"""What clients may give: filters and orders. What they may write stands in `writes.py`.

Every field of `ShipmentWhere` and `TrackingEventWhere` is served by a line of `read/filters.py`; null is as good as
absent.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from graphql_app.domain import enums
from graphql_app.graphql_types.arguments import UNSET, ShipmentBy, argument, optional
from graphql_app.graphql_types.model_type import described


@strawberry.input(description="A condition on an identity.")
class IDFilter:
    eq: strawberry.ID | None = optional("Is this one.")
    in_: list[strawberry.ID] | None = strawberry.field(name="in", description="Is one of these.", default=UNSET)


@strawberry.input(description="A condition on a text. Upper and lower case differ.")
class StringFilter:
    eq: str | None = optional("Is this.")
    in_: list[str] | None = strawberry.field(name="in", description="Is one of these.", default=UNSET)
    starts_with: str | None = optional("Begins with this.")
    contains: str | None = optional("Contains this. No index can serve it: combine it with others.")
    is_null: bool | None = optional("Is unknown, or is known.")


@strawberry.input(description="A condition on a list of texts.")
class StringListFilter:
    has_any: list[str] | None = optional("Has at least one of these.")
    has_all: list[str] | None = optional("Has all of these.")


@strawberry.input(description="A condition on the status.")
class ShipmentStatusFilter:
    eq: enums.ShipmentStatus | None = optional("Is this.")
    in_: list[enums.ShipmentStatus] | None = strawberry.field(name="in", description="Is one of these.", default=UNSET)
    not_in: list[enums.ShipmentStatus] | None = optional("Is none of these.")


@strawberry.input(description="A condition on an instant.")
class DateTimeFilter:
    gte: datetime | None = optional("At this instant or later.")
    gt: datetime | None = optional("Later.")
    lte: datetime | None = optional("At this instant or earlier.")
    lt: datetime | None = optional("Earlier.")
    is_null: bool | None = optional("Is unknown, or is known.")


@strawberry.input(description="A weight with its unit.")
class WeightInput:
    value: Decimal = described("The amount.")
    unit: enums.WeightUnit = described("Its unit.")


@strawberry.input(description="A condition on a weight.")
class WeightFilter:
    gte: WeightInput | None = optional("This or more.")
    lte: WeightInput | None = optional("This or less.")


@strawberry.input(description="A condition on an address.")
class PlaceWhere:
    country: StringFilter | None = optional("ISO 3166-1 alpha-2.")
    region: StringFilter | None = optional("State, province or region.")
    city: StringFilter | None = optional("City.")
    postal_code: StringFilter | None = optional("Postal code.")


@strawberry.input(description="One reference satisfies all of it.")
class ReferenceWhere:
    kind: str | None = optional("Its kind.")
    value: StringFilter = described("Its value.")


@strawberry.input(description="A condition on one of the client's own fields.")
class MetadataWhere:
    key: str = described("Its key.")
    value: StringFilter | None = optional("Its value as text; absent: the key is there and not null.")


@strawberry.input(description="One single event satisfies all of it.")
class TrackingEventWhere:
    shipment: ShipmentBy | None = optional("Of this shipment.")
    code: list[enums.TrackingEventCode] | None = optional("Has one of these codes.")
    occurred_at: DateTimeFilter | None = optional("When it happened.")
    recorded_at: DateTimeFilter | None = optional("When it was recorded.")
    country: StringFilter | None = optional("Where it happened: ISO 3166-1 alpha-2.")
    source: StringFilter | None = optional("Who reported it.")
    applied: bool | None = optional("Whether it moved the status.")
    include_voided: bool | None = strawberry.field(description="Voided events too.", default=False)


@strawberry.input(description="All of it must hold. Null is the same as absent.")
class ShipmentWhere:
    id: IDFilter | None = optional("Its identity.")
    number: StringFilter | None = optional("Its number.")
    external_reference: StringFilter | None = optional("The client's own identity of it.")
    status: ShipmentStatusFilter | None = optional("Where it is.")
    phase: enums.ShipmentPhase | None = optional("The part of its life.")
    direction: enums.ShipmentDirection | None = optional("Which way it moves.")
    carrier: StringFilter | None = optional("Code of the carrier; `isNull`: whether it has one.")
    service: StringFilter | None = optional("The carrier's service.")
    origin: PlaceWhere | None = optional("Where the shipper is.")
    destination: PlaceWhere | None = optional("Where the recipient is.")
    tracking_number: StringFilter | None = optional("A package bears it, however it is spelt.")
    reference: ReferenceWhere | None = optional("It has such a reference.")
    metadata: list[MetadataWhere] | None = optional("The client's own fields.")
    tags: StringListFilter | None = optional("The client's own labels.")
    created_at: DateTimeFilter | None = optional("When it was made.")
    updated_at: DateTimeFilter | None = optional("When it was last changed.")
    status_at: DateTimeFilter | None = optional("Since when it has its status.")
    promised_to: DateTimeFilter | None = optional("End of the promised window.")
    estimated_delivery_at: DateTimeFilter | None = optional("When it should arrive.")
    delivered_at: DateTimeFilter | None = optional("When it was delivered.")
    last_event_at: DateTimeFilter | None = optional("Its latest event.")
    total_weight: WeightFilter | None = optional("Sum of the packages' weights.")
    events: TrackingEventWhere | None = optional("One single event must satisfy all of it.")
    archived: bool | None = strawberry.field(
        description="Only archived ones, or only the others; null: both. Inside AND, OR and NOT, false says nothing.",
        default=False,
    )
    AND: "list[ShipmentWhere] | None" = strawberry.field(name="AND", description="All of these hold.", default=UNSET)
    OR: "list[ShipmentWhere] | None" = strawberry.field(
        name="OR", description="At least one of these holds; none of an empty list does.", default=UNSET
    )
    NOT: "ShipmentWhere | None" = strawberry.field(name="NOT", description="This does not hold.", default=UNSET)


@strawberry.input(description="Which changes.")
class ChangeWhere:
    shipments: list[strawberry.ID] | None = optional("Of these shipments.")
    ops: list[str] | None = optional("Of these kinds, such as `shipment.created`.")


@strawberry.input(description="One field of an order of shipments.")
class ShipmentOrder:
    field: enums.ShipmentOrderField = described("What to go by.")
    direction: enums.OrderDirection = strawberry.field(description="Which way.", default=enums.OrderDirection.DESC)


@strawberry.input(description="One field of an order of tracking events.")
class TrackingEventOrder:
    field: enums.TrackingEventOrderField = described("What to go by.")
    direction: enums.OrderDirection = strawberry.field(description="Which way.", default=enums.OrderDirection.DESC)


ShipmentWhereArgument = Annotated[ShipmentWhere | None, argument("Only shipments for which this holds.")]
TrackingEventWhereArgument = Annotated[TrackingEventWhere | None, argument("Only events for which this holds.")]
