"""What clients may write. Shapes and words only: what a value must be is checked in `actions/`, with paths."""

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graphql_app.domain import enums
from graphql_app.graphql_types.arguments import ShipmentBy, argument, optional
from graphql_app.graphql_types.filters import WeightInput
from graphql_app.graphql_types.model_type import described
from graphql_app.graphql_types.scalars import CountryCode, CurrencyCode, LocalDateTime, TimeZone

UNSET = strawberry.UNSET


@strawberry.input(description="How a mutation is carried out.")
class MutationOptions:
    idempotency_key: str | None = optional(
        "Made by the client once for what it intends, before the first try: at most 255 characters. A retry with the "
        "same key and input is answered with the first outcome. Kept for 24 hours."
    )
    expected_version: int | None = optional("Refuse with VERSION_CONFLICT unless the shipment has this version.")
    validate_only: bool = strawberry.field(
        description="Answer with the same errors and warnings, and write nothing.", default=False
    )


@strawberry.input(description="A name and address. Only the country is always known; the name may be empty.")
class PartyInput:
    name: str = described("Name of the person or place.")
    company: str | None = optional("Company.")
    lines: list[str] | None = optional("Street lines, at most four.")
    city: str | None = optional("City.")
    region: str | None = optional("State, province or region.")
    postal_code: str | None = optional("Postal code. One that looks odd for the country is warned of, never refused.")
    country: CountryCode = described("Country.")
    phone: str | None = optional("Telephone.")
    email: str | None = optional("E-mail.")


@strawberry.input(description="A further party.")
class OtherPartyInput:
    role: enums.PartyRole = described("What it is to the shipment; each role is held once.")
    party: PartyInput = described("Its name and address.")


@strawberry.input(description="Outer measures with their unit.")
class DimensionsInput:
    length: Decimal = described("Length.")
    width: Decimal = described("Width.")
    height: Decimal = described("Height.")
    unit: enums.LengthUnit = described("Their unit.")


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: Decimal = described("The amount.")
    currency: CurrencyCode = described("Its currency.")


@strawberry.input(description="A box.")
class PackageInput:
    tracking_number: str | None = optional("The carrier's number, in any spelling.")
    weight: WeightInput | None = optional("Its weight.")
    dimensions: DimensionsInput | None = optional("Its outer measures.")


@strawberry.input(description="What changes of a box. An absent field leaves alone, null clears.")
class PackageUpdateInput:
    id: strawberry.ID = described("Its opaque identity.")
    tracking_number: str | None = optional("The carrier's number.")
    weight: WeightInput | None = optional("Its weight; frozen once the carrier has it.")
    dimensions: DimensionsInput | None = optional("Its outer measures; frozen once the carrier has it.")


@strawberry.input(description="A kind of goods.")
class ItemInput:
    sku: str | None = optional("Your article number.")
    title: str = described("What it is.")
    quantity: Decimal = described("How much of it: above 0.")
    unit: str | None = optional("Unit of the quantity.")
    unit_value: MoneyInput | None = optional("Value of one unit.")
    origin_country: CountryCode | None = optional("Country of origin.")
    batch: str | None = optional("Batch or lot.")
    package_seq: int | None = optional("The package it is in, counted from 1; absent: not packed yet.")
    metadata: JSON | None = optional("Your own fields: an object of at most 16 kB.")


@strawberry.input(description="Another name of a shipment.")
class ReferenceInput:
    kind: str = described("What kind of name, such as order, po, invoice, bol, pro, rma, customer: a-z, 0-9 and _.")
    value: str = described("The name.")


@strawberry.input(description="A new shipment.")
class ShipmentCreateInput:
    client_ref: str | None = optional("Comes back with the result of this row; not kept.")
    external_reference: str | None = optional("Your own identity of it: at most 128 characters, unique.")
    direction: enums.ShipmentDirection | None = optional("Which way it moves. A new one is OUTBOUND if this is absent.")
    confirm: bool = strawberry.field(
        description="Confirm it at once: needs a recipient and at least one package.", default=False
    )
    carrier: str | None = optional("Code of the carrier; `carrierSave` makes one.")
    service: str | None = optional("The carrier's service.")
    shipper: PartyInput = described("Who sends it.")
    recipient: PartyInput | None = optional("Who receives it.")
    parties: list[OtherPartyInput] | None = optional("Everybody else.")
    packages: list[PackageInput] | None = optional("Its boxes, at most 200.")
    items: list[ItemInput] | None = optional("What is in it, at most 500 kinds of goods.")
    references: list[ReferenceInput] | None = optional("Other names of it, at most 50.")
    promised_from: datetime | None = optional("Begin of the promised delivery window.")
    promised_to: datetime | None = optional("End of the promised delivery window.")
    estimated_delivery_at: datetime | None = optional("When it should arrive, until the carrier says otherwise.")
    declared_value: MoneyInput | None = optional("Declared value.")
    incoterm: str | None = optional("Incoterm, three capital letters.")
    metadata: JSON | None = optional("Your own fields: an object of at most 16 kB.")
    tags: list[str] | None = optional("Your own labels, at most 50.")
    return_of: ShipmentBy | None = optional("The shipment that this one brings back.")


@strawberry.input(description="What changes of a shipment. An absent field leaves alone, null clears.")
class ShipmentUpdateInput:
    external_reference: str | None = optional("Your own identity of it.")
    carrier: str | None = optional("Code of the carrier.")
    service: str | None = optional("The carrier's service.")
    shipper: PartyInput | None = optional("Who sends it: replaces the whole of it.")
    recipient: PartyInput | None = optional("Who receives it: replaces the whole of it.")
    promised_from: datetime | None = optional("Begin of the promised delivery window.")
    promised_to: datetime | None = optional("End of the promised delivery window.")
    estimated_delivery_at: datetime | None = optional("When it should arrive, until the carrier says otherwise.")
    packages: list[PackageUpdateInput] | None = optional("What changes of its boxes.")
    references: list[ReferenceInput] | None = optional("All other names: replaces the list.")
    metadata_set: JSON | None = optional("Your own fields to be set: an object.")
    metadata_unset: list[str] | None = optional("Keys of your own fields to be taken away.")
    tags_add: list[str] | None = optional("Labels to be added.")
    tags_remove: list[str] | None = optional("Labels to be taken away.")


@strawberry.input(description="A change of one shipment among many.")
class ShipmentBulkUpdateRow:
    by: ShipmentBy = described("What names it.")
    expected_version: int | None = optional("Refuse this row unless the shipment has this version.")
    input: ShipmentUpdateInput = described("What changes.")


@strawberry.input(description="A carrier.")
class CarrierInput:
    name: str = described("Display name.")
    tracking_url_template: str | None = optional(
        "URL of its tracking page; `{trackingNumber}` stands for the number. Null takes it away."
    )


@strawberry.input(description="A package, by its tracking number.")
class TrackingTarget:
    tracking_number: str = described("In any spelling. The newest package under way is meant.")
    carrier: str | None = optional("Code of the carrier.")


@strawberry.input(description="What an event is about: exactly one of these.", one_of=True)
class EventTarget:
    shipment: ShipmentBy | None = optional("The whole shipment.")
    package_id: strawberry.ID | None = optional("One package.")
    tracking_number: TrackingTarget | None = optional("The package that bears a tracking number.")


@strawberry.input(description="A time on the clock of a place.")
class LocalEventTime:
    at: LocalDateTime = described("Date and time on that clock.")
    time_zone: TimeZone = described("Time zone of the place.")


@strawberry.input(description="When something happened, as exactly as it is known: exactly one of these.", one_of=True)
class EventTime:
    instant: datetime | None = optional("An instant with its offset.")
    local: LocalEventTime | None = optional("A local time with its time zone.")
    date: dt.date | None = optional(
        "Only the day. It sorts at 23:59:59, so that an exact scan of that day comes first."
    )


@strawberry.input(description="Where something happened, as far as is known.")
class PlaceInput:
    name: str | None = optional("Name of the place.")
    city: str | None = optional("City.")
    region: str | None = optional("State, province or region.")
    postal_code: str | None = optional("Postal code.")
    country: CountryCode | None = optional("Country.")
    latitude: float | None = optional("Degrees north.")
    longitude: float | None = optional("Degrees east.")


@strawberry.input(description="A report about the world.")
class TrackingEventInput:
    target: EventTarget = described("What it is about.")
    occurred: EventTime = described("When it happened.")
    code: enums.TrackingEventCode | None = optional("What happened. Absent: `carrierStatusRaw` is looked up.")
    carrier_status_raw: str | None = optional("The carrier's own word; it stands in place of `code` if it is known.")
    reason: enums.ExceptionReason | None = optional("Why, when something went wrong.")
    message: str | None = optional("The reporter's words.")
    place: PlaceInput | None = optional("Where it happened.")
    source: str | None = optional("Who reports it, such as the name of a carrier's feed.")
    external_event_id: str | None = optional("The source's own identity of the event: makes a repetition known.")
    estimated_delivery_at: datetime | None = optional("The estimate that came with it.")


By = Annotated[ShipmentBy, argument("What names the shipment.")]
Create = Annotated[ShipmentCreateInput, argument("The shipment.")]
Options = Annotated[MutationOptions | None, argument("Idempotency key, expected version, validation only.")]
Policy = Annotated[enums.BulkErrorPolicy, argument("What becomes of the good rows when others are bad.")]
Events = Annotated[list[TrackingEventInput], argument("The events, at most 1,000.")]
