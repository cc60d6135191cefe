"""What mutations answer: what was written, read back after the commit, and errors as data."""

from datetime import datetime

import strawberry

from graphql_app.domain import enums
from graphql_app.errors.user_errors import ErrorCode
from graphql_app.graphql_types import objects
from graphql_app.graphql_types.model_type import described

strawberry.enum(ErrorCode, description="A machine-readable code of an error in the input of a mutation.")
for value in ErrorCode.__strawberry_definition__.values:  # type: ignore[attr-defined]
    value.description = ErrorCode(value.value).doc

MESSAGE, CODE = "A human-readable description of the error.", "A machine-readable error code."
PATH = (
    'Path to the argument or input field, from the argument inwards, such as `["input", "packages", '
    '"0", "weight"]`. Null for the whole call.'
)
ERRORS = "All errors in the input. Empty if there are none."
SHIPMENT = (
    "The shipment in its current state, read after the commit. Null if there are errors, or if it does "
    "not exist because nothing was written."
)


@strawberry.interface(
    description="An error in the input of a mutation. Select `code`, `message` and `path` for every error, and add "
    "fragments, such as `... on VersionConflictError`, for details."
)
class UserError:
    message: str = described(MESSAGE)
    code: ErrorCode = described(CODE)
    path: list[str] | None = described(PATH)


@strawberry.type(description="An invalid value. Code REQUIRED, INVALID, LIMIT_EXCEEDED or FORBIDDEN.")
class ValidationError(UserError): ...


@strawberry.type(description="A referenced object does not exist in this account. Code NOT_FOUND.")
class NotFoundError(UserError): ...


@strawberry.type(description="The external reference already belongs to another shipment. Code DUPLICATE.")
class DuplicateError(UserError):
    existing: objects.Shipment | None = described(
        "The shipment that has the external reference. Null if it cannot be read."
    )


@strawberry.type(
    description="The shipment does not have the expected version and was not changed. Code VERSION_CONFLICT."
)
class VersionConflictError(UserError):
    expected: int = described("The version that the client expected.")
    current: int = described("The version that the shipment has.")
    shipment: objects.Shipment | None = described("The shipment in its current state. Null if it cannot be read.")
    changed_fields: list[str] = described(
        "Names of the fields that changed since the expected version, in alphabetical order."
    )


@strawberry.type(description="The status of the shipment does not allow this operation. Code INVALID_TRANSITION.")
class InvalidTransitionError(UserError):
    from_: enums.ShipmentStatus = strawberry.field(name="from", description="The current status of the shipment.")
    to: enums.ShipmentStatus = described("The status that was requested.")
    allowed: list[enums.ShipmentStatus] = described("Statuses that are allowed instead. Empty if there are none.")


@strawberry.type(description="The status of the shipment no longer allows this field to change. Code NOT_EDITABLE.")
class NotEditableError(UserError):
    status: enums.ShipmentStatus = described("The current status of the shipment.")
    hint: str = described("What can still be changed, as a sentence.")


@strawberry.type(description="The idempotency key was used before with a different input. Code IDEMPOTENCY_KEY_REUSED.")
class IdempotencyError(UserError):
    first_used_at: datetime = described("When the key was first used.")


@strawberry.type(description="A value that looks wrong but was accepted.")
class Warning:
    message: str = described("A human-readable description of the warning.")
    code: str = described(
        "A machine-readable warning code. CHECK_DIGIT: the check digit or country of a tracking number is "
        "wrong. ODD_POSTAL_CODE, ODD_REGION: not a format or code that the country uses. "
        "TRACKING_NUMBER_IN_USE: another shipment that is not closed has a package with this number. "
        "AMBIGUOUS: several packages that are not closed have this tracking number; the newest was used. "
        "FUTURE: the event is more than 24 hours ahead and does not change the status. UNMAPPED_STATUS: "
        "the carrier's status code is unknown and was recorded as INFO."
    )
    path: list[str] | None = described(PATH)


@strawberry.type(description="Information about the call of a mutation.")
class MutationMeta:
    replayed: bool = described("Whether this is the stored result of an earlier call with the same idempotency key.")
    validate_only: bool = described("Whether the call only validated its input.")
    request_id: str = described("ID of the request, as in the server's logs.")


@strawberry.type(description="The result of a mutation on one shipment.")
class ShipmentPayload:
    shipment: objects.Shipment | None = described(SHIPMENT)
    created: bool = described("Whether this call created the shipment.")
    errors: list[UserError] = described(ERRORS)
    warnings: list[Warning] = described("Values that look wrong but were accepted.")
    meta: MutationMeta = described("Information about the call.")


@strawberry.type(description="The result of one row of a bulk mutation.")
class ShipmentBulkResult:
    index: int = described("Position of the row in `inputs`, starting at 0.")
    client_ref: str | None = described("The `clientRef` of the row. Null if it has none.")
    shipment: objects.Shipment | None = described(SHIPMENT)
    created: bool = described("Whether this call created the shipment.")
    errors: list[UserError] = described(ERRORS)
    warnings: list[Warning] = described("Values that look wrong but were accepted.")


@strawberry.type(description="The result of a bulk mutation on shipments.")
class ShipmentBulkPayload:
    results: list[ShipmentBulkResult] = described(
        "One result for each row, in the order of `inputs`. Empty if `errors` is not."
    )
    succeeded: int = described("Number of rows that succeeded. 0 if any row failed under REJECT_EVERYTHING.")
    failed: int = described("Number of rows with errors.")
    errors: list[UserError] = described("Errors of the call as a whole. Errors of rows are in `results`.")
    meta: MutationMeta = described("Information about the call.")


@strawberry.type(description="The result of one tracking event.")
class TrackingEventResult:
    index: int = described("Position of the event in `inputs`, starting at 0.")
    event: objects.TrackingEvent | None = described(
        "The event in its current state. Null if there are errors or it was not written."
    )
    duplicate: bool = described("Whether the event was recorded before. `event` is then the recorded one.")
    status_changed: bool = described("Whether the event changed the status of the shipment.")
    errors: list[UserError] = described(ERRORS)
    warnings: list[Warning] = described("Values that look wrong but were accepted.")


@strawberry.type(description="The result of a mutation on tracking events.")
class TrackingEventsPayload:
    results: list[TrackingEventResult] = described(
        "One result for each event, in the order of input. Empty if `errors` is not."
    )
    succeeded: int = described(
        "Number of events that succeeded, duplicates included. 0 if nothing was written because of an error."
    )
    failed: int = described("Number of events with errors.")
    errors: list[UserError] = described("Errors of the call as a whole. Errors of events are in `results`.")
    meta: MutationMeta = described("Information about the call.")


@strawberry.type(description="The result of a mutation on a carrier.")
class CarrierPayload:
    carrier: objects.Carrier | None = described(
        "The carrier in its current state. Null if there are errors, or if it does not exist because "
        "nothing was written."
    )
    errors: list[UserError] = described(ERRORS)
    meta: MutationMeta = described("Information about the call.")


ERROR_TYPES = [
    ValidationError, NotFoundError, DuplicateError, VersionConflictError, InvalidTransitionError, NotEditableError,
    IdempotencyError,
]  # fmt: skip
"""The implementations of `UserError`. No field returns them by name, so the schema is given them explicitly."""
