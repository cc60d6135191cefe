"""What mutations answer: what was written, read back after the commit, and errors as data."""

from datetime import datetime

import strawberry

from graphql_app.domain import enums
from graphql_app.errors.user_errors import ErrorCode
from graphql_app.graphql_types import objects
from graphql_app.graphql_types.model_type import described

strawberry.enum(ErrorCode, description="What is wrong, in one word.")
for value in ErrorCode.__strawberry_definition__.values:  # type: ignore[attr-defined]
    value.description = ErrorCode(value.value).doc

MESSAGE, CODE = "What is wrong, in a sentence.", "What is wrong, in one word."
PATH = "The argument or field that it is about, from the argument inwards; null: the whole call."
ERRORS = "What is wrong, all of it at once. Empty: all went well."
SHIPMENT = "The shipment as it is now, read after the commit; null where there is none or nothing was written."


@strawberry.interface(description="Something about an input that is wrong.")
class UserError:
    message: str = described(MESSAGE)
    code: ErrorCode = described(CODE)
    path: list[str] | None = described(PATH)


@strawberry.type(description="A value is missing, or is not what it must be.")
class ValidationError(UserError): ...


@strawberry.type(description="What was named is not there.")
class NotFoundError(UserError): ...


@strawberry.type(description="Another shipment has this already.")
class DuplicateError(UserError):
    existing: objects.Shipment | None = described("The shipment that has it.")


@strawberry.type(description="The shipment was changed since the version that was expected.")
class VersionConflictError(UserError):
    expected: int = described("The version that was expected.")
    current: int = described("The version that it has.")
    shipment: objects.Shipment | None = described("The shipment as it is now.")
    changed_fields: list[str] = described("What was changed since the expected version.")


@strawberry.type(description="The status does not allow this.")
class InvalidTransitionError(UserError):
    from_: enums.ShipmentStatus = strawberry.field(name="from", description="The status that it has.")
    to: enums.ShipmentStatus = described("The status that was asked for.")
    allowed: list[enums.ShipmentStatus] = described("Where commands may lead from here.")


@strawberry.type(description="The field cannot be changed any more.")
class NotEditableError(UserError):
    status: enums.ShipmentStatus = described("The status that froze it.")
    hint: str = described("What can still be done.")


@strawberry.type(description="The idempotency key was used before, with another input.")
class IdempotencyError(UserError):
    first_used_at: datetime = described("When it was first used.")


@strawberry.type(description="Something that looks odd and was accepted all the same.")
class Warning:
    message: str = described("What looks odd, in a sentence.")
    code: str = described(
        "In one word: CHECK_DIGIT, ODD_POSTAL_CODE, ODD_REGION, TRACKING_NUMBER_IN_USE, AMBIGUOUS, FUTURE or "
        "UNMAPPED_STATUS."
    )
    path: list[str] | None = described(PATH)


@strawberry.type(description="About the call itself.")
class MutationMeta:
    replayed: bool = described("Whether this is the outcome of an earlier call with the same idempotency key.")
    validate_only: bool = described("Whether nothing was to be written.")
    request_id: str = described("Identity of the request, for the logs.")


@strawberry.type(description="What became of one shipment.")
class ShipmentPayload:
    shipment: objects.Shipment | None = described(SHIPMENT)
    created: bool = described("Whether this call made it.")
    errors: list[UserError] = described(ERRORS)
    warnings: list[Warning] = described("What looks odd.")
    meta: MutationMeta = described("About the call itself.")


@strawberry.type(description="What became of one row of a call.")
class ShipmentBulkResult:
    index: int = described("Number of the row, from 0.")
    client_ref: str | None = described("The row's `clientRef`.")
    shipment: objects.Shipment | None = described(SHIPMENT)
    created: bool = described("Whether this call made it.")
    errors: list[UserError] = described(ERRORS)
    warnings: list[Warning] = described("What looks odd.")


@strawberry.type(description="What became of many shipments.")
class ShipmentBulkPayload:
    results: list[ShipmentBulkResult] = described("A result for each row, in their order.")
    succeeded: int = described("How many rows were carried out.")
    failed: int = described("How many rows were not.")
    errors: list[UserError] = described("What is wrong with the call as a whole.")
    meta: MutationMeta = described("About the call itself.")


@strawberry.type(description="What became of one event.")
class TrackingEventResult:
    index: int = described("Number of the row, from 0.")
    event: objects.TrackingEvent | None = described("The event as it is now; null where it was not written.")
    duplicate: bool = described("Whether it was recorded before: then this is the event that it repeats.")
    status_changed: bool = described("Whether it moved the shipment's status.")
    errors: list[UserError] = described(ERRORS)
    warnings: list[Warning] = described("What looks odd.")


@strawberry.type(description="What became of events.")
class TrackingEventsPayload:
    results: list[TrackingEventResult] = described("A result for each row, in their order.")
    succeeded: int = described("How many rows were carried out, duplicates included.")
    failed: int = described("How many rows were not.")
    errors: list[UserError] = described("What is wrong with the call as a whole.")
    meta: MutationMeta = described("About the call itself.")


@strawberry.type(description="What became of a carrier.")
class CarrierPayload:
    carrier: objects.Carrier | None = described("The carrier as it is now.")
    errors: list[UserError] = described(ERRORS)
    meta: MutationMeta = described("About the call itself.")


ERROR_TYPES = [
    ValidationError, NotFoundError, DuplicateError, VersionConflictError, InvalidTransitionError, NotEditableError,
    IdempotencyError,
]  # fmt: skip
"""The implementations of `UserError`. No field returns them by name, so the schema is given them explicitly."""
