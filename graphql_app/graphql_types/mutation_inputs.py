"""Inputs of mutations: types and descriptions. `commands/` validates the values, so that errors have a path."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from graphql_app.domain import enums
from graphql_app.graphql_types.arguments import METADATA, TRACKING_NUMBER, WEIGHT, ShipmentBy, argument, optional
from graphql_app.graphql_types.event_time_inputs import EventTime
from graphql_app.graphql_types.model_type import field
from graphql_app.graphql_types.scalars import CountryCode, CurrencyCode, TimeZone
from graphql_app.graphql_types.value_filters import WeightInput

UNSET = strawberry.UNSET
DELIVERY_TIME_ZONE = (
    "Time zone in which promised and estimated times without UTC offset are meant. With it they may be days, such as "
    "`2026-12-24`, which end at 23:59:59 (`promisedFrom` starts at 00:00), or local times. It is not stored."
)


@strawberry.input(description="Options of a mutation: safe retries, optimistic locking and validation without writing.")
class MutationOptions:
    idempotency_key: str | None = optional(
        "A unique key that makes retries safe, up to 255 characters. Generate it before the first attempt "
        "and reuse it for every retry. A retry with the same key and input returns the original result; a "
        "different input returns IDEMPOTENCY_KEY_REUSED. A concurrent retry waits for the first call. Keys "
        "are scoped to the account, API key and mutation, and expire after 24 hours. A call that writes "
        "nothing does not store its key. Default: the `Idempotency-Key` header, if the operation has exactly "
        "one mutation field."
    )
    expected_version: int | None = optional(
        "The version that the shipment must have; otherwise nothing is written and VERSION_CONFLICT is "
        "returned. Only mutations on one existing shipment accept it, `shipmentUpsert` and "
        "`trackingEventVoid` included; all others return INVALID. If omitted or null, the version is not "
        "checked."
    )
    validate_only: bool = strawberry.field(
        description="If true, returns the same errors and warnings but writes nothing. Default false.", default=False
    )


@strawberry.input(
    description="The name and address of a party. All texts are stored in Unicode NFC without surrounding whitespace. "
    "The country is required; the name may be an empty string."
)
class PartyInput:
    name: str = field("Name of the person or place, up to 200 characters. May be empty.")
    company: str | None = optional("Company name, up to 200 characters.")
    lines: list[str] | None = optional("Street address lines: up to 4, each up to 200 characters.")
    city: str | None = optional("City, up to 200 characters.")
    region: str | None = optional("State, province or region, up to 100 characters. May return the warning ODD_REGION.")
    postal_code: str | None = optional("Postal code, up to 32 characters. May return the warning ODD_POSTAL_CODE.")
    country: CountryCode = field("Country code (ISO 3166-1 alpha-2).")
    phone: str | None = optional("Telephone number, up to 50 characters.")
    email: str | None = optional("E-mail address, up to 254 characters.")


@strawberry.input(description="A further party of a shipment, with its role.")
class OtherPartyInput:
    role: enums.PartyRole = field(
        "Role of the party. Each role may occur only once per shipment, SHIPPER and RECIPIENT included."
    )
    party: PartyInput = field("Name and address of the party.")


@strawberry.input(
    description="The outer dimensions of a package: each greater than 0 and less than 100 km, with up to 7 digits "
    "before and 6 after the decimal point. They are stored exactly."
)
class DimensionsInput:
    length: Decimal = field("Length of the package, greater than 0.")
    width: Decimal = field("Width of the package, greater than 0.")
    height: Decimal = field("Height of the package, greater than 0.")
    unit: enums.LengthUnit = field("Unit of all three dimensions.")


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: Decimal = field("The amount, from 0, with up to 14 digits before and 4 after the decimal point.")
    currency: CurrencyCode = field("Currency of the amount (ISO 4217).")


@strawberry.input(description="A package of a shipment.")
class PackageInput:
    tracking_number: str | None = optional(TRACKING_NUMBER)
    weight: WeightInput | None = optional(WEIGHT)
    dimensions: DimensionsInput | None = optional("Outer dimensions of the package.")


@strawberry.input(
    description="Changes to a package. Omitted fields are left unchanged; null clears a field. Weight and "
    "dimensions are editable only in status DRAFT and READY, the tracking number until the shipment is "
    "closed."
)
class PackageUpdateInput:
    id: strawberry.ID = field("ID of the package. A package of another shipment returns NOT_FOUND.")
    tracking_number: str | None = optional(TRACKING_NUMBER)
    weight: WeightInput | None = optional(WEIGHT)
    dimensions: DimensionsInput | None = optional("Outer dimensions of the package.")


@strawberry.input(description="An item of a shipment: a quantity of one kind of goods.")
class ItemInput:
    sku: str | None = optional("Your article number, up to 100 characters.")
    title: str = field("Description of the goods, up to 500 characters. Must not be blank.")
    quantity: Decimal = field("Quantity, greater than 0: up to 14 digits before and 4 after the decimal point.")
    unit: str | None = optional("Unit of the quantity, up to 32 characters.")
    unit_value: MoneyInput | None = optional("Value of one unit.")
    origin_country: CountryCode | None = optional("Country of origin (ISO 3166-1 alpha-2).")
    batch: str | None = optional("Batch or lot number, up to 100 characters.")
    package_seq: int | None = optional(
        "Position of the item's package in `packages`, from 1. If omitted, the item is in no package."
    )
    metadata: JSON | None = optional(METADATA)


@strawberry.input(description="A further reference number of a shipment, such as an order number.")
class ReferenceInput:
    kind: str = field("Type, such as order, po or invoice: up to 32 lower-case letters, digits and underscores.")
    value: str = field("Value of the reference, up to 128 characters. Must not be blank.")


@strawberry.input(
    description="A new shipment. All texts are stored in Unicode NFC, all but metadata without surrounding "
    "whitespace. All times must be in the years 1900 to 2999."
)
class ShipmentCreateInput:
    client_ref: str | None = optional("Your ID of the row, up to 200 characters. Returned with the result, not stored.")
    external_reference: str | None = optional(
        "Your own ID of the shipment, up to 128 characters, unique within the account; a value in use "
        "returns DUPLICATE. In `shipmentUpsert`, omit it or use the value of the argument."
    )
    direction: enums.ShipmentDirection | None = optional(
        "Direction in which the goods move. If omitted or null: OUTBOUND for a new shipment, unchanged for "
        "an existing one."
    )
    confirm: bool = strawberry.field(
        description="Whether to confirm the shipment: requires a recipient and a package. Default false.", default=False
    )
    carrier: str | None = optional("Code of the carrier, created with `carrierSave`. Unknown codes return NOT_FOUND.")
    service: str | None = optional("The carrier's service: an identifier of your choice, up to 64 characters.")
    shipper: PartyInput = field("The party that sends the shipment.")
    recipient: PartyInput | None = optional("The party that receives the shipment. Required for `confirm`.")
    parties: list[OtherPartyInput] | None = optional("The other parties, at most one for each role.")
    packages: list[PackageInput] | None = optional("Packages of the shipment, up to 200.")
    items: list[ItemInput] | None = optional("Items of the shipment, up to 500.")
    references: list[ReferenceInput] | None = optional("Further reference numbers of the shipment, up to 50.")
    promised_from: datetime | None = optional("Start of the promised delivery window. Must not be after `promisedTo`.")
    promised_to: datetime | None = optional("End of the promised delivery window.")
    estimated_delivery_at: datetime | None = optional("Your estimate of the delivery time. Later events replace it.")
    delivery_time_zone: TimeZone | None = optional(DELIVERY_TIME_ZONE)
    declared_value: MoneyInput | None = optional("Declared value of the shipment.")
    incoterm: str | None = optional("Incoterm: three capital letters, such as DAP.")
    metadata: JSON | None = optional(METADATA)
    tags: list[str] | None = optional("Your own labels: up to 50, each up to 100 characters.")
    return_of: ShipmentBy | None = optional("The shipment whose goods this shipment returns. Cannot be changed later.")


@strawberry.input(
    description="Changes to a shipment. Omitted fields are left unchanged; null clears a field. Texts are trimmed, "
    "except metadata keys. Carrier, service, shipper, recipient and the packages' weights and dimensions are editable "
    "in status DRAFT and READY, all other fields until the shipment is closed. A change that the status does not allow "
    "returns NOT_EDITABLE; `editableFields` lists the fields that are editable now."
)
class ShipmentUpdateInput:
    external_reference: str | None = optional("Your own ID of the shipment, up to 128 characters, unique.")
    carrier: str | None = optional("Code of the carrier. An unknown code returns NOT_FOUND.")
    service: str | None = optional("The carrier's service, up to 64 characters.")
    shipper: PartyInput | None = optional("Replaces the shipper. Null returns REQUIRED.")
    recipient: PartyInput | None = optional("Replaces the recipient. Null removes it, in status DRAFT only.")
    promised_from: datetime | None = optional("Start of the promised delivery window. Must not be after `promisedTo`.")
    promised_to: datetime | None = optional("End of the promised delivery window.")
    estimated_delivery_at: datetime | None = optional("Your estimate of the delivery time. Later events replace it.")
    delivery_time_zone: TimeZone | None = optional(DELIVERY_TIME_ZONE)
    packages: list[PackageUpdateInput] | None = optional("Changes to existing packages, up to 200.")
    references: list[ReferenceInput] | None = optional("Replaces all reference numbers, up to 50. Null removes them.")
    metadata_set: JSON | None = optional("Metadata keys to add or replace, within the limits of `metadata`.")
    metadata_unset: list[str] | None = optional("Metadata keys to remove, up to 1,000. Applied after `metadataSet`.")
    tags_add: list[str] | None = optional("Labels to add. A shipment may have 50, each up to 100 characters.")
    tags_remove: list[str] | None = optional("Labels to remove, up to 50. Applied after `tagsAdd`.")


@strawberry.input(description="The update of one shipment in `shipmentsBulkUpdate`.")
class ShipmentBulkUpdateRow:
    by: ShipmentBy = field("Identifies the shipment to update.")
    expected_version: int | None = optional(
        "The version that the shipment must have; otherwise the row returns VERSION_CONFLICT. If omitted "
        "or null, the version is not checked."
    )
    input: ShipmentUpdateInput = field("The changes to the shipment.")


@strawberry.input(description="The values of a carrier to create or update. Texts are trimmed.")
class CarrierInput:
    name: str = field("Display name of the carrier, up to 200 characters. Must not be blank.")
    tracking_url_template: str | None = optional(
        "URL template of the tracking page, up to 1,000 characters, starting with https:// or http://, without "
        "whitespace. It must contain `{trackingNumber}` (upper case, letters and digits only) or `{trackingNumberRaw}` "
        "(as entered), and may contain `{postalCode}` and `{country}` of the recipient, which are empty if unknown. "
        "Values are percent-encoded. If omitted, the template is unchanged; null removes it."
    )


@strawberry.input(description="Identifies a package by its tracking number.")
class TrackingTarget:
    tracking_number: str = field(
        "The tracking number, compared without case, blanks and punctuation. If several packages have it, the "
        "newest package that is not closed is used, or the newest package if all are closed. If more than one "
        "is not closed, the warning AMBIGUOUS is returned."
    )
    carrier: str | None = optional("Code of the carrier. If given, only packages of its shipments are considered.")


@strawberry.input(
    description="Identifies the shipment or package that an event is about. Exactly one of the fields must be given.",
    one_of=True,
)
class EventTarget:
    shipment: ShipmentBy | None = optional("The event is about the whole shipment.")
    package_id: strawberry.ID | None = optional("The event is about the package with this ID.")
    tracking_number: TrackingTarget | None = optional("The event is about the package with this tracking number.")


@strawberry.input(description="The place of a tracking event, as far as it is known.")
class PlaceInput:
    name: str | None = optional("Name of the place, up to 200 characters.")
    city: str | None = optional("City, up to 200 characters.")
    region: str | None = optional("State, province or region, up to 100 characters.")
    postal_code: str | None = optional("Postal code, up to 32 characters.")
    country: CountryCode | None = optional("Country code (ISO 3166-1 alpha-2).")
    latitude: float | None = optional("Latitude in degrees north, from -90 to 90. Requires `longitude`.")
    longitude: float | None = optional("Longitude in degrees east, from -180 to 180. Requires `latitude`.")


@strawberry.input(
    description="A tracking event to record. All texts are stored in Unicode NFC without surrounding whitespace. "
    "`code` or `carrierStatusRaw` is required."
)
class TrackingEventInput:
    target: EventTarget = field("The shipment or package that the event is about. An unknown target returns NOT_FOUND.")
    occurred: EventTime = field(
        "When the event occurred. A time more than 24 hours in the future returns the warning FUTURE, and the "
        "event does not change the status."
    )
    code: enums.TrackingEventCode | None = optional(
        "Type of the event. If omitted or null, it is derived from `carrierStatusRaw`."
    )
    carrier_status_raw: str | None = optional(
        "The carrier's own status code, up to 128 characters; with its type if it has one, such as `D KB`. Without "
        "`code`, it is mapped to an event code; an unknown one is recorded as INFO with the warning UNMAPPED_STATUS."
    )
    reason: enums.ExceptionReason | None = optional(
        "Cause of the problem that the event reports. If neither `reason` nor `code` is given, it is "
        "derived from `carrierStatusRaw`."
    )
    message: str | None = optional("Text of the report, up to 1,000 characters.")
    place: PlaceInput | None = optional("Place where the event occurred.")
    source: str | None = optional(
        "Name of the reporting source, such as a carrier's feed, up to 64 characters. Default `api`."
    )
    external_event_id: str | None = optional(
        "The source's own ID of the event, up to 128 characters. Events of a shipment with the same source "
        "and ID are duplicates. Without it, events with the same package, code, second, place and "
        "`carrierStatusRaw` are duplicates; without `carrierStatusRaw`, the `message` must be the same, too. A "
        "duplicate that differs from the recorded event returns the warning DUPLICATE_DIFFERS."
    )
    estimated_delivery_at: datetime | None = optional("Estimate of the delivery time that the event reports.")
    delivery_time_zone: TimeZone | None = optional(DELIVERY_TIME_ZONE)


ByArgument = Annotated[ShipmentBy, argument("Identifies the shipment. An unknown shipment returns NOT_FOUND.")]
CreateArgument = Annotated[ShipmentCreateInput, argument("The values of the shipment.")]
OptionsArgument = Annotated[
    MutationOptions | None, argument("Idempotency key, expected version and validation without writing.")
]
PolicyArgument = Annotated[
    enums.BulkErrorPolicy, argument("Whether valid rows are written when other rows have errors.")
]
EventsArgument = Annotated[
    list[TrackingEventInput], argument("The events to record: between 1 and 1,000. A shipment holds up to 100,000.")
]
