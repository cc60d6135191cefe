"""What can go wrong, in the domain's words. Two families, and nothing else ever reaches a client.

`Problem`: something about one input; it is data, an entry of a payload's `errors`, with a path in GraphQL names.
`RequestError`: something about the request; a top-level GraphQL error with `extensions.code`, from a closed set.
The docstring is the message unless a better one is given.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

Path = tuple[str, ...]


class ErrorCode(StrEnum):
    """Codes of errors in a mutation's payload."""

    doc: str

    def __new__(cls, value: str, doc: str = "") -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.doc = doc
        return code

    REQUIRED = "REQUIRED", "A value is missing."
    INVALID = "INVALID", "A value is not what it must be."
    NOT_FOUND = "NOT_FOUND", "What was named is not there."
    DUPLICATE = "DUPLICATE", "Another shipment has this already."
    VERSION_CONFLICT = "VERSION_CONFLICT", "The shipment was changed since the expected version."
    INVALID_TRANSITION = "INVALID_TRANSITION", "The status does not allow this."
    NOT_EDITABLE = "NOT_EDITABLE", "The field cannot be changed any more."
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used with another input."
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED", "This is more than the limit."
    FORBIDDEN = "FORBIDDEN", "The API key does not allow this."


class Problem(Exception):
    """The input is not valid."""

    code: ClassVar[ErrorCode] = ErrorCode.INVALID

    def __init__(self, message: str | None = None, *, path: Path = ()) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.path = path
        super().__init__(self.message)


class Invalid(Problem):
    """This value is not valid."""


class Required(Problem):
    """This value is required."""

    code = ErrorCode.REQUIRED


class TooMuch(Problem):
    """This is more than the limit."""

    code = ErrorCode.LIMIT_EXCEEDED


class Forbidden(Problem):
    """The API key does not allow this."""

    code = ErrorCode.FORBIDDEN


class NotFound(Problem):
    """There is no such object."""

    code = ErrorCode.NOT_FOUND


class Duplicate(Problem):
    """Another shipment already has this."""

    code = ErrorCode.DUPLICATE

    def __init__(self, message: str | None = None, *, path: Path = (), existing: UUID | None = None) -> None:
        super().__init__(message, path=path)
        self.existing = existing


class VersionConflict(Problem):
    """The shipment was changed since the version that you expected."""

    code = ErrorCode.VERSION_CONFLICT

    def __init__(self, *, expected: int, current: int, shipment: UUID, changed: Sequence[str], path: Path = ()) -> None:
        super().__init__(f"You expected version {expected}, but the shipment has version {current}.", path=path)
        self.expected, self.current, self.shipment, self.changed = expected, current, shipment, list(changed)


class InvalidTransition(Problem):
    """The shipment's status does not allow this."""

    code = ErrorCode.INVALID_TRANSITION

    def __init__(self, message: str, *, source: str, target: str, allowed: Sequence[str], path: Path = ()) -> None:
        super().__init__(message, path=path)
        self.source, self.target, self.allowed = source, target, list(allowed)


class NotEditable(Problem):
    """This field cannot be changed any more."""

    code = ErrorCode.NOT_EDITABLE

    def __init__(self, message: str, *, status: str, hint: str, path: Path = ()) -> None:
        super().__init__(message, path=path)
        self.status, self.hint = status, hint


class KeyReused(Problem):
    """This idempotency key was used before with another input."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED

    def __init__(self, *, first_used_at: datetime, path: Path = ("options", "idempotencyKey")) -> None:
        super().__init__(path=path)
        self.first_used_at = first_used_at


class Problems(Exception):
    """All that is wrong with one input."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


class RequestError(Exception):
    """The request cannot be read."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400
    """The HTTP status where the whole request fails of it."""
    retry_after: int | None = None
    """Seconds after which another try makes sense."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class GraphQLFault(RequestError):
    """The operation cannot be run."""

    # the HTTP was in order: under application/json the status is 200


class BadUserInput(GraphQLFault):
    """An argument is not valid."""

    code = "BAD_USER_INPUT"


class ParseFailed(GraphQLFault):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(GraphQLFault):
    """The document does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"


class NoSuchOperation(GraphQLFault):
    """The document has no such operation."""

    code = "OPERATION_RESOLUTION_FAILURE"


class InvalidCursor(GraphQLFault):
    """This cursor is damaged, or it comes from another connection or order: take one from the same `orderBy`."""

    code = "INVALID_CURSOR"


class LimitExceeded(GraphQLFault):
    """The request exceeds a limit."""

    code = "LIMIT_EXCEEDED"


class PersistedQueryNotFound(GraphQLFault):
    """PersistedQueryNotFound"""

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(GraphQLFault):
    """PersistedQueryNotSupported"""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class DocumentNotTrusted(GraphQLFault):
    """There is no trusted document with this `documentId`."""

    code = "DOCUMENT_NOT_TRUSTED"


class Unauthenticated(RequestError):
    """This needs an API key: send `Authorization: Bearer <key>`."""

    code, status = "UNAUTHENTICATED", 401


class NotAllowed(RequestError):
    """The API key does not allow this."""

    code, status = "FORBIDDEN", 403


class NothingHere(RequestError):
    """There is nothing at this address."""

    code, status = "NOT_FOUND", 404


class MethodNotAllowed(RequestError):
    """This method is not allowed here."""

    code, status = "METHOD_NOT_ALLOWED", 405

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotAcceptable(RequestError):
    """Answers are `application/graphql-response+json` or `application/json`; `Accept` names neither."""

    code, status = "NOT_ACCEPTABLE", 406


class SlowRequest(RequestError):
    """The request took too long to arrive."""

    code, status = "REQUEST_TIMEOUT", 408


class TooDeep(RequestError):
    """The JSON is nested too deeply."""

    code = "LIMIT_EXCEEDED"


class TooLarge(RequestError):
    """The body is too large."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UnsupportedMediaType(RequestError):
    """Send the request as `application/json`."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class RateLimited(RequestError):
    """You have asked for more than your share: wait, then go on."""

    code, status = "RATE_LIMITED", 429

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(RequestError):
    """Others were changing the same data: try again, with the same idempotency key."""

    code = "CONFLICT"


class Timeout(RequestError):
    """This took too long: narrow the filter, ask for less, or try again with the same idempotency key."""

    code, status, retry_after = "TIMEOUT", 503, 1


class Unavailable(RequestError):
    """The database cannot be reached right now: try again, with the same idempotency key."""

    code, status, retry_after = "UNAVAILABLE", 503, 1


class ConnectionLost(Unavailable):
    """The connection to the database was lost: try again, with the same idempotency key."""


class Overloaded(Unavailable):
    """Too many requests are waiting: try again, with the same idempotency key."""


class Internal(RequestError):
    """Something went wrong here. It was recorded under this request's id."""

    code, status = "INTERNAL_ERROR", 500


class StartError(Exception):
    """The process cannot start; the message is one sentence for the person who started it."""
