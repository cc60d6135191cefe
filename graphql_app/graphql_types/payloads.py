"""Payloads of mutations: the written objects, read after the commit, and errors as data."""

from datetime import datetime

import strawberry

from graphql_app.domain import enums
from graphql_app.errors.user_errors import ErrorCode
from graphql_app.graphql_types import objects
from graphql_app.graphql_types.model_type import field

MESSAGE_DESCRIPTION = "A human-readable description of the error."
CODE_DESCRIPTION = "A machine-readable error code."
PATH_DESCRIPTION = (
    'Path to the argument or input field, from the argument inwards, such as `["input", "packages", '
    '"0", "weight"]`. Null for the whole call.'
)
ERRORS_DESCRIPTION = "All errors in the input. Empty if there are none."
SHIPMENT_DESCRIPTION = (
    "The shipment in its current state, read after the commit. Null if there are errors, or if nothing was "
    "written and the shipment does not exist."
)


@strawberry.interface(
    description="An error in the input of a mutation. Select `code`, `message` and `path` for every error, and add "
    "fragments, such as `... on VersionConflictError`, for details."
)
class UserError:
    message: str = field(MESSAGE_DESCRIPTION)
    code: ErrorCode = field(CODE_DESCRIPTION)
    path: list[str] | None = field(PATH_DESCRIPTION)


@strawberry.type(description="An invalid value. Code REQUIRED, INVALID, LIMIT_EXCEEDED or FORBIDDEN.")
class ValidationError(UserError): ...


@strawberry.type(description="A referenced object does not exist in this account. Code NOT_FOUND.")
class NotFoundError(UserError): ...


@strawberry.type(description="The external reference already belongs to another shipment. Code DUPLICATE.")
class DuplicateError(UserError):
    existing: objects.Shipment | None = field(
        "The shipment that has the external reference. Null if it cannot be read."
    )


@strawberry.type(
    description="The shipment does not have the expected version and was not changed. Code VERSION_CONFLICT."
)
class VersionConflictError(UserError):
    expected: int = field("The version that the client expected.")
    current: int = field("The version that the shipment has.")
    shipment: objects.Shipment | None = field("The shipment in its current state. Null if it cannot be read.")
    changed_fields: list[str] = field(
        "Names of the fields that changed since the expected version, in alphabetical order."
    )


@strawberry.type(description="The status of the shipment does not allow this operation. Code INVALID_TRANSITION.")
class InvalidTransitionError(UserError):
    from_: enums.ShipmentStatus = strawberry.field(name="from", description="The current status of the shipment.")
    to: enums.ShipmentStatus = field("The status that was requested.")
    allowed: list[enums.ShipmentStatus] = field("Statuses that are allowed instead. Empty if there are none.")


@strawberry.type(description="The status of the shipment no longer allows this field to change. Code NOT_EDITABLE.")
class NotEditableError(UserError):
    status: enums.ShipmentStatus = field("The current status of the shipment.")
    hint: str = field("What can still be changed, as a sentence.")


@strawberry.type(description="The idempotency key was used before with a different input. Code IDEMPOTENCY_KEY_REUSED.")
class IdempotencyError(UserError):
    first_used_at: datetime = field("When the key was first used.")


@strawberry.type(description="A warning: a value was accepted but looks wrong.")
class Warning:
    message: str = field("A human-readable description of the warning.")
    code: str = field(
        "A machine-readable warning code. CHECK_DIGIT: the check digit or country of a tracking number is "
        "wrong. ODD_POSTAL_CODE, ODD_REGION: the country does not use such postal codes or regions. "
        "TRACKING_NUMBER_IN_USE: another shipment that is not closed has a package with this number. "
        "AMBIGUOUS: several packages that are not closed have this tracking number; the newest was used. "
        "FUTURE: the event is more than 24 hours in the future and does not change the status. UNMAPPED_STATUS: "
        "the carrier's status code is unknown and was recorded as INFO. DUPLICATE_DIFFERS: the event was recorded "
        "before with other values, which are unchanged. MAPPING_CHANGED: the event was recorded before with another "
        "mapping of its carrier status."
    )
    path: list[str] | None = field(PATH_DESCRIPTION)


@strawberry.type(description="Information about the call of a mutation.")
class MutationMeta:
    replayed: bool = field("Whether this is the stored result of an earlier call with the same idempotency key.")
    validate_only: bool = field("Whether the call only validated its input.")
    request_id: str = field("ID of the request, as in the server's logs.")


@strawberry.type(description="The result of a mutation on one shipment.")
class ShipmentPayload:
    shipment: objects.Shipment | None = field(SHIPMENT_DESCRIPTION)
    created: bool = field("Whether this call created the shipment.")
    errors: list[UserError] = field(ERRORS_DESCRIPTION)
    warnings: list[Warning] = field("Values that look wrong but were accepted.")
    meta: MutationMeta = field("Information about the call.")


@strawberry.type(description="The result of one row of a bulk mutation.")
class ShipmentBulkResult:
    index: int = field("Position of the row in `inputs`, starting at 0.")
    client_ref: str | None = field("The `clientRef` of the row. Null if it has none.")
    shipment: objects.Shipment | None = field(SHIPMENT_DESCRIPTION)
    created: bool = field("Whether this call created the shipment.")
    errors: list[UserError] = field(ERRORS_DESCRIPTION)
    warnings: list[Warning] = field("Values that look wrong but were accepted.")


@strawberry.type(description="The result of a bulk mutation on shipments.")
class ShipmentBulkPayload:
    results: list[ShipmentBulkResult] = field(
        "One result for each row, in the order of `inputs`. Empty if `errors` is not empty."
    )
    succeeded: int = field("Number of rows that succeeded. 0 if any row failed under REJECT_EVERYTHING.")
    failed: int = field("Number of rows with errors.")
    errors: list[UserError] = field("Errors of the call as a whole. Errors of rows are in `results`.")
    meta: MutationMeta = field("Information about the call.")


@strawberry.type(description="The result of one tracking event.")
class TrackingEventResult:
    index: int = field("Position of the event in `inputs`, starting at 0.")
    event: objects.TrackingEvent | None = field(
        "The event in its current state. Null if there are errors or it was not written."
    )
    duplicate: bool = field("Whether the event was recorded before. `event` is then the stored event.")
    status_changed: bool = field("Whether the event changed the status of the shipment.")
    errors: list[UserError] = field(ERRORS_DESCRIPTION)
    warnings: list[Warning] = field("Values that look wrong but were accepted.")


@strawberry.type(description="The result of a mutation on tracking events.")
class TrackingEventsPayload:
    results: list[TrackingEventResult] = field(
        "One result for each event, in the order of input. Empty if `errors` is not empty."
    )
    succeeded: int = field(
        "Number of events that succeeded, duplicates included. 0 if nothing was written because of an error."
    )
    failed: int = field("Number of events with errors.")
    errors: list[UserError] = field("Errors of the call as a whole. Errors of events are in `results`.")
    meta: MutationMeta = field("Information about the call.")


@strawberry.type(
    description="The recorded events to which a call applied a mapping again. With `validateOnly`: to which it would."
)
class ReappliedEvents:
    events: int = field("Number of events that this call changed.")
    shipments: int = field("Number of shipments whose status this call calculated again, counted once per batch.")
    has_more: bool = field(
        "Whether to repeat the call, with another idempotency key if any: further events may have another event code."
    )


@strawberry.type(description="The result of a mutation on a carrier.")
class CarrierPayload:
    carrier: objects.Carrier | None = field(
        "The carrier in its current state. Null if there are errors, or if nothing was written and the carrier "
        "does not exist."
    )
    reapplied: ReappliedEvents | None = field(
        "What `carrierStatusMap(reapply: true)` did to recorded events. Null for other calls and if there are errors."
    )
    errors: list[UserError] = field(ERRORS_DESCRIPTION)
    meta: MutationMeta = field("Information about the call.")


ERROR_TYPES = [
    ValidationError, NotFoundError, DuplicateError, VersionConflictError, InvalidTransitionError, NotEditableError,
    IdempotencyError,
]  # fmt: skip
"""The implementations of `UserError`. No field has one of them as its type, so the schema lists them explicitly."""
