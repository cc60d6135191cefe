"""One type per table, in the order of `models/`. A field is the column or relationship of its name, or computed in SQL.

Nothing here runs when a query is answered: these classes are the schema, `read/` is how it is read.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graphql_app import models
from graphql_app import vocabulary as v
from graphql_app.api import inputs
from graphql_app.api.mirrored import computed, described, mirrors
from graphql_app.api.scalars import CountryCode, LocalDateTime
from graphql_app.api.values import Count, Dimensions, Money, Node, PageInfo, Party, Place, Reference, Weight


@mirrors(models.Carrier)
class Carrier(Node):
    id: strawberry.ID
    code: str
    name: str
    tracking_url_template: str | None

    @computed
    def shipments(
        self,
        where: inputs.ShipmentWhereArgument = strawberry.UNSET,
        first: inputs.First = strawberry.UNSET,
        after: inputs.After = strawberry.UNSET,
    ) -> "ShipmentConnection":
        """The carrier's shipments, newest first."""


@mirrors(models.Shipment)
class Shipment(Node):
    id: strawberry.ID
    number: str
    external_reference: str | None
    version: int
    direction: v.ShipmentDirection
    status: v.ShipmentStatus
    phase: v.ShipmentPhase = described("The phase that the current status belongs to.")
    status_at: datetime
    exception_reason: v.ExceptionReason | None
    status_explanation: "StatusExplanation" = described("Why the shipment has its current status.")
    allowed_transitions: list[v.ShipmentStatus] = described(
        "Statuses that `shipmentConfirm` and `shipmentCancel` can set now. Overrides are not included."
    )
    editable_fields: list[str] = described("Fields of `ShipmentUpdateInput` that can be changed now.")
    carrier: Carrier | None = described("The carrier of the shipment. Null if none is set.")
    service: str | None
    shipper: "Party" = described("The party that sends the shipment.")
    recipient: "Party | None" = described("The party that receives the shipment. Null if none is set.")

    @computed
    def parties(
        self,
        roles: Annotated[
            list[v.PartyRole] | None, strawberry.argument(description="Roles to return. If omitted, all are returned.")
        ] = strawberry.UNSET,
    ) -> list["Party"]:
        """All parties of the shipment, ordered by role."""

    packages: list["Package"] = described("Packages of the shipment, up to 200, ordered by `seq`.")
    items: list["ShipmentItem"] = described("Items of the shipment, up to 500, in the order of input.")
    references: list["Reference"] = described("Further reference numbers, up to 50, in the order of input.")

    @computed
    def events(
        self,
        where: inputs.TrackingEventWhereArgument = strawberry.UNSET,
        order_by: inputs.Direction = v.OrderDirection.ASC,
        first: inputs.First = strawberry.UNSET,
        after: inputs.After = strawberry.UNSET,
        last: inputs.Last = strawberry.UNSET,
        before: inputs.Before = strawberry.UNSET,
    ) -> "TrackingEventConnection":
        """Tracking events of the shipment and its packages, by default in the order of occurrence."""

    latest_event: "TrackingEvent | None" = described("The latest event that is not voided. Null if there is none.")
    promised_from: datetime | None
    promised_to: datetime | None
    estimated_delivery_at: datetime | None
    ready_at: datetime | None
    picked_up_at: datetime | None
    first_attempt_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    last_event_at: datetime | None
    package_count: int

    @computed
    def total_weight(self, unit: inputs.InWeightUnit = v.WeightUnit.KG) -> Weight | None:
        """Sum of the packages' weights. Null unless every package has a weight."""

    declared_value: Money | None = described("Declared value of the shipment. Null if not set.")
    incoterm: str | None

    @computed
    def metadata(
        self,
        keys: Annotated[
            list[str] | None, strawberry.argument(description="Top-level keys to return. If omitted, all are returned.")
        ] = strawberry.UNSET,
    ) -> JSON:
        """The client's own fields, a JSON object."""

    tags: list[str]
    return_of: "Shipment | None" = described("The shipment that this one returns. Null if it returns none.")

    @computed
    def history(self, first: inputs.First = 50, after: inputs.After = strawberry.UNSET) -> "ChangeConnection":
        """All changes of the shipment, oldest first."""

    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@strawberry.type(description="Why a shipment has its current status.")
class StatusExplanation:
    decided_by: "TrackingEvent | None" = described("The event that determined the status. Null if a command did.")
    rule: str = described("The rule that was applied, as a sentence.")
    not_applied: list["TrackingEvent"] = described(
        "Up to 50 status-bearing events that were not applied, oldest first."
    )


@mirrors(models.Package)
class Package(Node):
    id: strawberry.ID
    shipment: Shipment = described("The shipment that the package belongs to.")
    seq: int
    tracking_number: str | None
    tracking_url: str | None = described("The carrier's tracking page. Null without carrier, template or number.")
    status: v.ShipmentStatus
    status_at: datetime

    @computed
    def weight(self, unit: inputs.InWeightUnit = v.WeightUnit.KG) -> Weight | None:
        """Weight of the package. Null if unknown."""

    @computed
    def dimensions(self, unit: inputs.InLengthUnit = v.LengthUnit.CM) -> Dimensions | None:
        """Outer dimensions of the package. Null if unknown."""

    items: list["ShipmentItem"] = described("Items in the package, ordered by `seq`.")

    @computed
    def events(
        self,
        order_by: inputs.Direction = v.OrderDirection.ASC,
        first: inputs.First = strawberry.UNSET,
        after: inputs.After = strawberry.UNSET,
        last: inputs.Last = strawberry.UNSET,
        before: inputs.Before = strawberry.UNSET,
    ) -> "TrackingEventConnection":
        """Tracking events of the package and of the whole shipment, by default in the order of occurrence."""


@mirrors(models.ShipmentItem)
class ShipmentItem(Node):
    id: strawberry.ID
    sku: str | None
    title: str
    quantity: Decimal
    unit: str | None
    unit_value: Money | None = described("Value of one unit. Null if not set.")
    origin_country: CountryCode | None
    batch: str | None
    package: Package | None = described("The package that contains the item. Null if not packed yet.")
    metadata: JSON


@mirrors(models.TrackingEvent)
class TrackingEvent(Node):
    id: strawberry.ID
    shipment: Shipment = described("The shipment that the event is about.")
    package: Package | None = described("The package that it is about. Null for the whole shipment.")
    code: v.TrackingEventCode
    reason: v.ExceptionReason | None
    message: str | None
    occurred_at: datetime
    occurred_local: LocalDateTime | None
    utc_offset: str | None = described("UTC offset of `occurredLocal`, such as `+01:00`. Null if unknown.")
    time_precision: v.TimePrecision
    recorded_at: datetime
    place: Place | None = described("Place where the event occurred. Null if unknown.")
    source: str = described("Name of the reporting source, up to 64 characters.")
    external_event_id: str | None
    carrier_status_raw: str | None
    estimated_delivery_at: datetime | None
    override_status: v.ShipmentStatus | None
    applied: bool
    not_applied_reason: v.NotAppliedReason | None
    voided_at: datetime | None
    void_reason: str | None
    corrects: "TrackingEvent | None" = described("The voided event that this one replaces. Null if none.")


@mirrors(models.Change)
class Change:
    cursor: str = described("Position in the change log, for `changes(after:)` and the subscriptions.")
    at: datetime
    actor: str
    request_id: str | None
    op: str
    changed: JSON
    shipment_seq: int
    shipment: Shipment | None = described("The shipment in its current state. Null if the change has none.")


@strawberry.type(description="The authenticated client of the request.")
class Viewer:
    account: str = described("Short name of the account.")
    api_key: str | None = described("Name of the API key. Null if the server requires no keys.")
    scopes: list[str] = described("Scopes of the API key; all scopes if none is required.")


CURSOR = "Cursor of the item, for `after` and `before`."
NODES, EDGES, PAGE = "The items of the page.", "The items with their cursors.", "Information about this page."
Limit = Annotated[
    int | None,
    strawberry.argument(
        description="Counting stops at this number, from 0 to 1,000,000; default 10,000. Null counts exactly. Every "
        "100 add 1 to the cost; null adds 10,000."
    ),
]


@strawberry.type(description="A shipment in a connection, with its cursor.")
class ShipmentEdge:
    node: Shipment = described("The shipment at this position.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of a list of shipments.")
class ShipmentConnection:
    edges: list[ShipmentEdge] = described(EDGES)
    nodes: list[Shipment] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """Number of items in the whole list. Counted only if selected."""


@strawberry.type(description="A tracking event in a connection, with its cursor.")
class TrackingEventEdge:
    node: TrackingEvent = described("The event at this position.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of a list of tracking events.")
class TrackingEventConnection:
    edges: list[TrackingEventEdge] = described(EDGES)
    nodes: list[TrackingEvent] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """Number of items in the whole list. Counted only if selected."""


@strawberry.type(description="A carrier in a connection, with its cursor.")
class CarrierEdge:
    node: Carrier = described("The carrier at this position.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of a list of carriers, ordered by code.")
class CarrierConnection:
    edges: list[CarrierEdge] = described(EDGES)
    nodes: list[Carrier] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """Number of items in the whole list. Counted only if selected."""


@strawberry.type(description="A change in a connection, with its cursor.")
class ChangeEdge:
    node: Change = described("The change at this position.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of a list of changes, oldest first.")
class ChangeConnection:
    edges: list[ChangeEdge] = described(EDGES)
    nodes: list[Change] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """Number of items in the whole list. Counted only if selected."""
