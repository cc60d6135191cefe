"""One type per table, in the order of `models/`. A field is the column or relationship of its name, or computed in SQL.

Nothing here runs when a query is answered: these classes are the schema, `read/` is how it is read.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.graphql_types import arguments, filters
from graphql_app.graphql_types.connections import CURSOR, EDGES, NODES, PAGE, Limit
from graphql_app.graphql_types.model_type import computed, described, mirrors
from graphql_app.graphql_types.scalars import CountryCode, LocalDateTime
from graphql_app.graphql_types.value_types import (
    Count,
    Dimensions,
    Money,
    Node,
    PageInfo,
    Party,
    Place,
    Reference,
    Weight,
)

ID = "Opaque identity."


@mirrors(models.Carrier)
class Carrier(Node):
    id: strawberry.ID
    code: str
    name: str
    tracking_url_template: str | None

    @computed
    def shipments(
        self,
        where: filters.ShipmentWhereArgument = strawberry.UNSET,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
    ) -> "ShipmentConnection":
        """The carrier's shipments, newest first."""


@mirrors(models.Shipment)
class Shipment(Node):
    id: strawberry.ID
    number: str
    external_reference: str | None
    version: int
    direction: enums.ShipmentDirection
    status: enums.ShipmentStatus
    phase: enums.ShipmentPhase = described("The part of its life that the status belongs to.")
    status_at: datetime
    exception_reason: enums.ExceptionReason | None
    status_explanation: "StatusExplanation" = described(
        "Why the status is what it is: the deciding event, the rule, and the events that did not count."
    )
    allowed_transitions: list[enums.ShipmentStatus] = described(
        "Where `shipmentConfirm` and `shipmentCancel` may lead now. `shipmentOverrideStatus` stands above these."
    )
    editable_fields: list[str] = described("Fields of `ShipmentUpdateInput` that may be given now.")
    carrier: Carrier | None = described("Who moves it.")
    service: str | None
    shipper: "Party" = described("Who sends it.")
    recipient: "Party | None" = described("Who receives it.")

    @computed
    def parties(
        self,
        roles: Annotated[
            list[enums.PartyRole] | None, strawberry.argument(description="Only these roles.")
        ] = strawberry.UNSET,
    ) -> list["Party"]:
        """Everybody who has to do with it, in the order of the roles."""

    packages: list["Package"] = described("Its boxes, at most 200.")
    items: list["ShipmentItem"] = described("What is in it, at most 500 kinds of goods.")
    references: list["Reference"] = described("Other names of it, at most 50.")

    @computed
    def events(
        self,
        where: filters.TrackingEventWhereArgument = strawberry.UNSET,
        order_by: arguments.Direction = enums.OrderDirection.ASC,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
        last: arguments.Last = strawberry.UNSET,
        before: arguments.Before = strawberry.UNSET,
    ) -> "TrackingEventConnection":
        """Its history on the road, in the order in which things happened."""

    latest_event: "TrackingEvent | None" = described("The latest event that is not voided.")
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
    def total_weight(self, unit: arguments.InWeightUnit = enums.WeightUnit.KG) -> Weight | None:
        """Sum of the packages' weights; null unless every package has one."""

    declared_value: Money | None = described("Declared value.")
    incoterm: str | None

    @computed
    def metadata(
        self,
        keys: Annotated[list[str] | None, strawberry.argument(description="Only these keys.")] = strawberry.UNSET,
    ) -> JSON:
        """The client's own fields."""

    tags: list[str]
    return_of: "Shipment | None" = described("The shipment that this one brings back.")

    @computed
    def history(self, first: arguments.First = 50, after: arguments.After = strawberry.UNSET) -> "ChangeConnection":
        """All changes of it, oldest first."""

    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@strawberry.type(description="Why a shipment has its status.")
class StatusExplanation:
    decided_by: "TrackingEvent | None" = described("The event that decided; null where a command did.")
    rule: str = described("The rule that was applied, in words.")
    not_applied: list["TrackingEvent"] = described("Events that speak of the status and did not count.")


@mirrors(models.Package)
class Package(Node):
    id: strawberry.ID
    shipment: Shipment = described("The shipment it belongs to.")
    seq: int
    tracking_number: str | None
    tracking_url: str | None = described("The carrier's page for the tracking number.")
    status: enums.ShipmentStatus
    status_at: datetime

    @computed
    def weight(self, unit: arguments.InWeightUnit = enums.WeightUnit.KG) -> Weight | None:
        """Its weight."""

    @computed
    def dimensions(self, unit: arguments.InLengthUnit = enums.LengthUnit.CM) -> Dimensions | None:
        """Its outer measures."""

    items: list["ShipmentItem"] = described("What is in it.")

    @computed
    def events(
        self,
        order_by: arguments.Direction = enums.OrderDirection.ASC,
        first: arguments.First = strawberry.UNSET,
        after: arguments.After = strawberry.UNSET,
        last: arguments.Last = strawberry.UNSET,
        before: arguments.Before = strawberry.UNSET,
    ) -> "TrackingEventConnection":
        """Its own events and those of the whole shipment, in the order in which things happened."""


@mirrors(models.ShipmentItem)
class ShipmentItem(Node):
    id: strawberry.ID
    sku: str | None
    title: str
    quantity: Decimal
    unit: str | None
    unit_value: Money | None = described("Value of one unit.")
    origin_country: CountryCode | None
    batch: str | None
    package: Package | None = described("The package it is in.")
    metadata: JSON


@mirrors(models.TrackingEvent)
class TrackingEvent(Node):
    id: strawberry.ID
    shipment: Shipment = described("The shipment it is about.")
    package: Package | None = described("The package it is about; null: the whole shipment.")
    code: enums.TrackingEventCode
    reason: enums.ExceptionReason | None
    message: str | None
    occurred_at: datetime
    occurred_local: LocalDateTime | None
    utc_offset: str | None = described("Offset of that clock from UTC, such as `+01:00`.")
    time_precision: enums.TimePrecision
    recorded_at: datetime
    place: Place | None = described("Where it happened.")
    source: str = described("Who reported it.")
    external_event_id: str | None
    carrier_status_raw: str | None
    estimated_delivery_at: datetime | None
    override_status: enums.ShipmentStatus | None
    applied: bool
    not_applied_reason: enums.NotAppliedReason | None
    voided_at: datetime | None
    void_reason: str | None
    corrects: "TrackingEvent | None" = described("The voided event that it replaces.")


@mirrors(models.Change)
class Change:
    cursor: str = described("Place in the change log: for `changes(after:)` and the subscriptions.")
    at: datetime
    actor: str
    request_id: str | None
    op: str
    changed: JSON
    shipment_seq: int
    shipment: Shipment | None = described("The shipment, as it is now.")


@strawberry.type(description="Who is asking.")
class Viewer:
    account: str = described("Short name of the account.")
    api_key: str | None = described("Name of the API key; null where none is needed.")
    scopes: list[str] = described("What the viewer may do.")


@strawberry.type(description="A shipment in a connection.")
class ShipmentEdge:
    node: Shipment = described("The shipment.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of shipments.")
class ShipmentConnection:
    edges: list[ShipmentEdge] = described(EDGES)
    nodes: list[Shipment] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """How many there are in all. Counted only when asked for."""


@strawberry.type(description="A tracking event in a connection.")
class TrackingEventEdge:
    node: TrackingEvent = described("The event.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of tracking events.")
class TrackingEventConnection:
    edges: list[TrackingEventEdge] = described(EDGES)
    nodes: list[TrackingEvent] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """How many there are in all. Counted only when asked for."""


@strawberry.type(description="A carrier in a connection.")
class CarrierEdge:
    node: Carrier = described("The carrier.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of carriers, by code.")
class CarrierConnection:
    edges: list[CarrierEdge] = described(EDGES)
    nodes: list[Carrier] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """How many there are in all. Counted only when asked for."""


@strawberry.type(description="A change in a connection.")
class ChangeEdge:
    node: Change = described("The change.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of changes, oldest first.")
class ChangeConnection:
    edges: list[ChangeEdge] = described(EDGES)
    nodes: list[Change] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """How many there are in all. Counted only when asked for."""
