"""Object types, one per table. A field is the column or relationship of the same name, or computed in SQL.

These classes only declare the schema: no resolver runs for a query. `query_engine/` reads the data.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graphql_app import models
from graphql_app.domain import enums, statistics_enums
from graphql_app.graphql_types import arguments, filters
from graphql_app.graphql_types.connections import Connection
from graphql_app.graphql_types.model_type import computed_field, field, model_type
from graphql_app.graphql_types.scalars import CountryCode, LocalDateTime
from graphql_app.graphql_types.value_types import (
    Dimensions,
    Money,
    Node,
    Party,
    Place,
    Reference,
    Weight,
)


@model_type(models.Carrier)
class Carrier(Node):
    id: strawberry.ID
    code: str
    name: str
    tracking_url_template: str | None

    @computed_field
    def shipments(
        self,
        where: filters.ShipmentWhereArgument = strawberry.UNSET,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
    ) -> "ShipmentConnection":
        """The carrier's shipments, newest first."""

    @computed_field
    def status_mappings(
        self,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
        last: arguments.Last = strawberry.UNSET,
        before: arguments.Before = strawberry.UNSET,
    ) -> "Connection[CarrierStatusMapping]":
        """The account's own mappings of the carrier's status codes, ordered by status code. They take precedence over
        the built-in mappings, which are not included."""


@model_type(models.CarrierStatus)
class CarrierStatusMapping:
    raw: str
    code: enums.TrackingEventCode
    reason: enums.ExceptionReason | None
    updated_at: datetime


@strawberry.type(description="A value of a dimension, with the number of shipments that have it.")
class ShipmentFacetValue:
    value: str | None = field("The value as text: a code, name or enum value. Null if not set.")
    label: str | None = field("A text for people: the name of a carrier, otherwise the value itself.")
    count: int = field("The number of shipments with this value.")


@strawberry.type(description="The values of a dimension among the shipments of a list.")
class ShipmentFacet:
    dimension: statistics_enums.ShipmentDimension = field("The dimension of the values.")
    values: list[ShipmentFacetValue] = field("The values, the most frequent first.")
    has_more: bool = field("Whether there are more values than `limit`.")
    precision: statistics_enums.StatisticsPrecision = field("How exact the counts are.")


@model_type(models.Shipment)
class Shipment(Node):
    id: strawberry.ID
    number: str
    external_reference: str | None
    version: int
    direction: enums.ShipmentDirection
    status: enums.ShipmentStatus
    phase: enums.ShipmentPhase = field("The phase that the current status belongs to.")
    status_at: datetime
    exception_reason: enums.ExceptionReason | None
    status_explanation: "StatusExplanation" = field("Why the shipment has its current status.")
    allowed_transitions: list[enums.ShipmentStatus] = field(
        "Statuses that `shipmentConfirm` and `shipmentCancel` can set now. Overrides are not included."
    )
    editable_fields: list[str] = field("Fields of `ShipmentUpdateInput` that can be changed now.")
    carrier: Carrier | None = field("The carrier of the shipment. Null if none is set.")
    service: str | None
    shipper: "Party" = field("The party that sends the shipment.")
    recipient: "Party | None" = field("The party that receives the shipment. Null if none is set.")

    @computed_field
    def parties(
        self,
        roles: Annotated[
            list[enums.PartyRole] | None,
            strawberry.argument(description="Roles to return. If omitted, all are returned."),
        ] = strawberry.UNSET,
    ) -> list["Party"]:
        """All parties of the shipment, ordered by role."""

    packages: list["Package"] = field("Packages of the shipment, up to 200, ordered by `seq`.")
    items: list["ShipmentItem"] = field("Items of the shipment, up to 500, in the order of input.")
    references: list["Reference"] = field("Further reference numbers, up to 50, in the order of input.")

    @computed_field
    def events(
        self,
        where: filters.TrackingEventWhereArgument = strawberry.UNSET,
        order_by: arguments.EventDirection = enums.OrderDirection.ASC,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
        last: arguments.Last = strawberry.UNSET,
        before: arguments.Before = strawberry.UNSET,
    ) -> "Connection[TrackingEvent]":
        """Tracking events of the shipment and its packages, by default in the order of occurrence."""

    latest_event: "TrackingEvent | None" = field("The latest event that is not voided. Null if there is none.")
    promised_from: datetime | None
    promised_from_date: date | None
    promised_to: datetime | None
    promised_to_date: date | None
    estimated_delivery_at: datetime | None
    estimated_delivery_date: date | None = field("The day of `estimatedDeliveryAt` if it was given as a day.")
    lateness: enums.Lateness = field("Whether the shipment keeps its deadline, at the time of the request.")
    late_by: timedelta | None = field(
        "Time from the deadline to the delivery, or to now while the shipment is open. Null unless it is LATE."
    )
    ready_at: datetime | None
    picked_up_at: datetime | None
    first_attempt_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    last_event_at: datetime | None
    package_count: int

    @computed_field
    def total_weight(self, unit: arguments.WeightUnitArgument = enums.WeightUnit.KG) -> Weight | None:
        """Sum of the packages' weights. Null unless every package has a weight."""

    declared_value: Money | None = field("Declared value of the shipment. Null if not set.")
    incoterm: str | None

    @computed_field
    def metadata(
        self,
        keys: Annotated[
            list[str] | None, strawberry.argument(description="Top-level keys to return. If omitted, all are returned.")
        ] = strawberry.UNSET,
    ) -> JSON:
        """The client's own fields, a JSON object."""

    tags: list[str]
    return_of: "Shipment | None" = field("The shipment whose goods this shipment returns. Null if it is not a return.")

    @computed_field
    def history(self, first: arguments.First = 50, after: arguments.After = strawberry.UNSET) -> "Connection[Change]":
        """All changes of the shipment, oldest first."""

    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@strawberry.type(description="A page of a list of shipments, with the cursors that lead to the pages around it.")
class ShipmentConnection(Connection[Shipment]):
    @computed_field
    def facets(
        self,
        by: Annotated[
            list[statistics_enums.ShipmentDimension],
            strawberry.argument(description="The dimensions, each once. The facets are in the order of the enum."),
        ],
        limit: Annotated[
            int | None, strawberry.argument(description="Maximum number of values per facet: 0 to 250; default 20.")
        ] = strawberry.UNSET,
        own_filter: Annotated[
            bool | None,
            strawberry.argument(
                description="Whether the filter of `where` on the dimension itself applies to its facet. Only the "
                "filter at the top level of `where` is left out. Default false."
            ),
        ] = False,
        metadata_key: Annotated[
            str | None,
            strawberry.argument(description="The metadata key of the dimension METADATA. Case-sensitive."),
        ] = strawberry.UNSET,
    ) -> list[ShipmentFacet]:
        """Values of dimensions with the number of shipments of the whole list, whatever the page. Each facet costs
        1,000 and its `limit`."""


@strawberry.type(description="Why a shipment has its current status.")
class StatusExplanation:
    decided_by: "TrackingEvent | None" = field("The event that determined the status. Null if a command did.")
    rule: str = field("The rule that was applied, as a sentence.")
    not_applied: list["TrackingEvent"] = field("Up to 50 status-bearing events that were not applied, oldest first.")


@model_type(models.Package)
class Package(Node):
    id: strawberry.ID
    shipment: Shipment = field("The shipment that the package belongs to.")
    seq: int
    tracking_number: str | None
    tracking_url: str | None = field("The carrier's tracking page. Null without carrier, template or number.")
    status: enums.ShipmentStatus
    status_at: datetime

    @computed_field
    def weight(self, unit: arguments.WeightUnitArgument = enums.WeightUnit.KG) -> Weight | None:
        """Weight of the package. Null if unknown."""

    @computed_field
    def dimensions(self, unit: arguments.LengthUnitArgument = enums.LengthUnit.CM) -> Dimensions | None:
        """Outer dimensions of the package. Null if unknown."""

    items: list["ShipmentItem"] = field("Items in the package, ordered by `seq`.")

    @computed_field
    def events(
        self,
        order_by: arguments.EventDirection = enums.OrderDirection.ASC,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
        last: arguments.Last = strawberry.UNSET,
        before: arguments.Before = strawberry.UNSET,
    ) -> "Connection[TrackingEvent]":
        """Tracking events of the package and of the whole shipment, by default in the order of occurrence."""


@model_type(models.ShipmentItem)
class ShipmentItem(Node):
    id: strawberry.ID
    sku: str | None
    title: str
    quantity: Decimal
    unit: str | None
    unit_value: Money | None = field("Value of one unit. Null if not set.")
    origin_country: CountryCode | None
    batch: str | None
    package: Package | None = field("The package that contains the item. Null if not packed yet.")
    metadata: JSON


@model_type(models.TrackingEvent)
class TrackingEvent(Node):
    id: strawberry.ID
    shipment: Shipment = field("The shipment that the event is about.")
    package: Package | None = field("The package that the event is about. Null for the whole shipment.")
    code: enums.TrackingEventCode
    reason: enums.ExceptionReason | None
    message: str | None
    occurred_at: datetime
    occurred_local: LocalDateTime | None
    utc_offset: str | None = field("UTC offset of `occurredLocal`, such as `+01:00`. Null if unknown.")
    time_precision: enums.TimePrecision
    recorded_at: datetime
    place: Place | None = field("Place where the event occurred. Null if unknown.")
    source: str = field("Name of the reporting source, up to 64 characters.")
    external_event_id: str | None
    carrier_status_raw: str | None
    estimated_delivery_at: datetime | None
    estimated_delivery_date: date | None
    override_status: enums.ShipmentStatus | None
    applied: bool
    not_applied_reason: enums.NotAppliedReason | None
    voided_at: datetime | None
    void_reason: str | None
    corrects: "TrackingEvent | None" = field("The voided event that this event replaces. Null if it replaces none.")


@model_type(models.Change)
class Change:
    cursor: str = field("Position in the change log, for `changes(after:)` and the subscriptions.")
    at: datetime
    actor: str
    request_id: str | None
    op: str
    changed: JSON
    shipment_seq: int
    shipment: Shipment | None = field("The shipment in its current state. Null if the change belongs to no shipment.")


@strawberry.type(description="The authenticated client of the request.")
class Viewer:
    account: str = field("Short name of the account.")
    api_key: str | None = field("Name of the API key. Null if the server requires no keys.")
    scopes: list[str] = field("Scopes of the API key. All scopes if the server requires no keys.")
