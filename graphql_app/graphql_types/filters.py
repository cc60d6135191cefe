"""Filters and orders of lists. The inputs of mutations are in `mutation_inputs.py`.

Every field of `ShipmentWhere` and `TrackingEventWhere` has a filter in `query_engine/filters/fields.py`. Null and
omitted are the same.
"""

from typing import Annotated

import strawberry

from graphql_app.domain import enums
from graphql_app.graphql_types.arguments import UNSET, ShipmentBy, argument, optional
from graphql_app.graphql_types.model_type import field
from graphql_app.graphql_types.value_filters import (
    DateTimeFilter,
    DurationFilter,
    ExceptionReasonFilter,
    IDFilter,
    IntFilter,
    LatenessFilter,
    ShipmentStatusFilter,
    StringFilter,
    StringListFilter,
    WeightFilter,
)


@strawberry.input(description="A filter on the address of a party. All given conditions must hold.")
class PlaceWhere:
    country: StringFilter | None = optional("Filters by country code (ISO 3166-1 alpha-2), without regard to case.")
    region: StringFilter | None = optional("Filters by state, province or region.")
    city: StringFilter | None = optional("Filters by the name of the city, without regard to case.")
    postal_code: StringFilter | None = optional("Filters by the postal code, as stored.")


@strawberry.input(description="A filter on the person who receives a shipment. All given conditions must hold.")
class RecipientWhere:
    name: StringFilter | None = optional("Filters by the name of the recipient.")
    email: StringFilter | None = optional("Filters by the e-mail address, as stored.")
    phone: StringFilter | None = optional("Filters by the telephone number, as stored.")


@strawberry.input(
    description="A filter on items. It matches shipments with one item that satisfies all given conditions."
)
class ItemWhere:
    sku: StringFilter | None = optional("Filters by the client's article number.")
    title: StringFilter | None = optional("Filters by the description of the goods.")
    batch: StringFilter | None = optional("Filters by the batch or lot number.")


@strawberry.input(
    description="A filter on references. It matches shipments with one reference that satisfies all given conditions."
)
class ReferenceWhere:
    kind: str | None = optional(
        "Filters by the type of the reference, such as `order`. If omitted, every type matches."
    )
    value: StringFilter = field("Filters by the value of the reference.")


@strawberry.input(description="A filter on one metadata field.")
class MetadataWhere:
    key: str = field("The top-level metadata key. Case-sensitive.")
    value: StringFilter | None = optional(
        "Condition on the value as text; `eq` is supported by an index. If omitted, matches shipments that "
        "have the key with a non-null value."
    )


@strawberry.input(
    description="A filter on tracking events. One event must satisfy all given conditions; null conditions are ignored."
)
class TrackingEventWhere:
    shipment: ShipmentBy | None = optional("Matches only events of this shipment.")
    code: list[enums.TrackingEventCode] | None = optional(
        "Matches events with any of these codes. An empty list matches nothing."
    )
    occurred_at: DateTimeFilter | None = optional("Filters by the time of occurrence.")
    recorded_at: DateTimeFilter | None = optional("Filters by the time of recording.")
    country: StringFilter | None = optional(
        "Filters by the country of the event (ISO 3166-1 alpha-2), without regard to case."
    )
    source: StringFilter | None = optional("Filters by the name of the reporting source.")
    carrier_status_raw: StringFilter | None = optional(
        "Filters by the carrier's own status code. Case and the number of spaces are ignored, as in mappings."
    )
    applied: bool | None = optional(
        "`true` matches events that were applied to the status, `false` those that were not."
    )
    include_voided: bool | None = strawberry.field(
        description="Whether voided events match as well. Default false.", default=False
    )


@strawberry.input(
    description="A filter on shipments. All given conditions must hold; null conditions are ignored. A root field "
    "may use up to 400 filter objects, including nested ones."
)
class ShipmentWhere:
    id: IDFilter | None = optional("Filters by the ID of the shipment.")
    number: StringFilter | None = optional("Filters by the shipment number.")
    external_reference: StringFilter | None = optional("Filters by the client's own ID of the shipment.")
    status: ShipmentStatusFilter | None = optional("Filters by the current status.")
    phase: enums.ShipmentPhase | None = optional("Matches shipments whose status belongs to this phase.")
    direction: enums.ShipmentDirection | None = optional("Matches shipments with this direction.")
    carrier: StringFilter | None = optional(
        "Filters by the code of the carrier. `isNull: true` matches shipments without a carrier."
    )
    service: StringFilter | None = optional("Filters by the carrier's service.")
    origin: PlaceWhere | None = optional("Filters by the address of the shipper.")
    destination: PlaceWhere | None = optional("Filters by the address of the recipient.")
    tracking_number: StringFilter | None = optional(
        "Matches shipments with a package whose tracking number satisfies the condition. Case, blanks and "
        "punctuation are ignored, and full-width digits are digits. `isNull: true` matches shipments without any "
        "tracking number."
    )
    reference: ReferenceWhere | None = optional("Matches shipments with a reference that satisfies this filter.")
    metadata: list[MetadataWhere] | None = optional("Filters by metadata fields. All entries of the list must hold.")
    tags: StringListFilter | None = optional("Filters by the client's own labels.")
    created_at: DateTimeFilter | None = optional("Filters by the creation time.")
    updated_at: DateTimeFilter | None = optional("Filters by the time of the last change.")
    status_at: DateTimeFilter | None = optional("Filters by the time of the last status change.")
    promised_to: DateTimeFilter | None = optional("Filters by the end of the promised delivery window.")
    estimated_delivery_at: DateTimeFilter | None = optional("Filters by the estimated delivery time.")
    delivered_at: DateTimeFilter | None = optional("Filters by the time of delivery.")
    last_event_at: DateTimeFilter | None = optional("Filters by the time of the latest tracking event.")
    total_weight: WeightFilter | None = optional("Filters by the exact sum of the packages' weights.")
    lateness: LatenessFilter | None = optional("Filters by whether the shipment keeps its deadline.")
    late_by: DurationFilter | None = optional("Filters by how long the shipment is or was late.")
    exception_reason: ExceptionReasonFilter | None = optional("Filters by the cause of the current problem.")
    incoterm: StringFilter | None = optional("Filters by the Incoterm, such as DAP.")
    package_count: IntFilter | None = optional("Filters by the number of packages.")
    recipient: RecipientWhere | None = optional("Filters by the name and the contact data of the recipient.")
    items: ItemWhere | None = optional("Matches shipments with one item that satisfies this whole filter.")
    carrier_status_raw: StringFilter | None = optional(
        "Matches shipments with a tracking event, voided ones excluded, whose carrier status code satisfies the "
        "condition. Case and the number of spaces are ignored. `isNull: true` matches shipments with an event without "
        "such a code."
    )
    events: TrackingEventWhere | None = optional(
        "Matches shipments with one tracking event that satisfies this whole filter."
    )
    archived: bool | None = strawberry.field(
        description="`true` matches only archived shipments, `false` only shipments that are not archived, null both. "
        "Inside AND, OR and NOT, `false` has no effect. Default false.",
        default=False,
    )
    AND: "list[ShipmentWhere] | None" = strawberry.field(
        name="AND", description="All of these filters must hold.", default=UNSET
    )
    OR: "list[ShipmentWhere] | None" = strawberry.field(
        name="OR", description="At least one of these filters must hold. An empty list matches nothing.", default=UNSET
    )
    NOT: "ShipmentWhere | None" = strawberry.field(
        name="NOT",
        description="Matches shipments that do not satisfy this filter, including those with null values.",
        default=UNSET,
    )


@strawberry.input(description="A filter on changes. All given conditions must hold; null conditions are ignored.")
class ChangeWhere:
    shipments: list[strawberry.ID] | None = optional(
        "Matches changes of any of these shipments. An empty list matches nothing."
    )
    ops: list[str] | None = optional(
        "Matches changes of any of these types, such as `shipment.created`. An empty list matches nothing."
    )


@strawberry.input(description="A sort key for shipments.")
class ShipmentOrder:
    field: enums.ShipmentOrderField = field("The field to order by.")
    direction: enums.OrderDirection = strawberry.field(
        description="The direction of the order. Default DESC.", default=enums.OrderDirection.DESC
    )


@strawberry.input(description="A sort key for tracking events.")
class TrackingEventOrder:
    field: enums.TrackingEventOrderField = field("The field to order by.")
    direction: enums.OrderDirection = strawberry.field(
        description="The direction of the order. Default DESC.", default=enums.OrderDirection.DESC
    )


ShipmentWhereArgument = Annotated[
    ShipmentWhere | None,
    argument(
        "Returns only shipments that satisfy this filter. Archived shipments are excluded unless "
        "`archived` says otherwise."
    ),
]
TrackingEventWhereArgument = Annotated[
    TrackingEventWhere | None,
    argument(
        "Returns only events that satisfy this filter. Voided events are excluded unless `includeVoided` is true."
    ),
]
