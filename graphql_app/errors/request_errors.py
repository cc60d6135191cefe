"""What can be wrong with a request: a top-level GraphQL error with `extensions.code`, from a closed set."""

from typing import ClassVar


class RequestError(Exception):
    """The request cannot be read."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400  # of HTTP, where the whole request fails of it
    retry_after: int | None = None  # seconds after which another try makes sense

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class GraphQLRequestError(RequestError):  # the HTTP was in order: under application/json the status is 200
    """The operation cannot be run."""


class BadUserInput(GraphQLRequestError):
    """An argument is not valid."""

    code = "BAD_USER_INPUT"


class ParseFailed(GraphQLRequestError):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(GraphQLRequestError):
    """The document does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"


class OperationNotFound(GraphQLRequestError):
    """The document has no such operation."""

    code = "OPERATION_RESOLUTION_FAILURE"


class InvalidCursor(GraphQLRequestError):
    """This cursor is damaged, or it comes from another connection or order: take one from the same `orderBy`."""

    code = "INVALID_CURSOR"


class CursorExpired(GraphQLRequestError):
    """Changes behind this cursor are no longer kept: read what you need afresh, and follow from a new cursor."""

    code = "CURSOR_EXPIRED"


class LimitExceeded(GraphQLRequestError):
    """The request exceeds a limit."""

    code = "LIMIT_EXCEEDED"


class PersistedQueryNotFound(GraphQLRequestError):
    """PersistedQueryNotFound"""  # in Apollo's words, which its clients look for

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(GraphQLRequestError):
    """PersistedQueryNotSupported"""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class DocumentNotTrusted(GraphQLRequestError):
    """There is no trusted document with this `documentId`."""

    code = "DOCUMENT_NOT_TRUSTED"


class Unauthenticated(RequestError):
    """This needs an API key: send `Authorization: Bearer <key>`."""

    code, status = "UNAUTHENTICATED", 401


class Forbidden(RequestError):
    """The API key does not allow this."""

    code, status = "FORBIDDEN", 403

    def __init__(self, message: str | None = None, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class NotFound(RequestError):
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


class RequestTimeout(RequestError):
    """The request took too long to arrive."""

    code, status = "REQUEST_TIMEOUT", 408


class JsonTooDeep(RequestError):
    """The JSON is nested too deeply."""

    code = "LIMIT_EXCEEDED"


class PayloadTooLarge(RequestError):
    """The body is too large."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UnsupportedMediaType(RequestError):
    """Send the request as `application/json`."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class HeadersTooLarge(RequestError):
    """The headers are too large, or too many."""

    code, status = "HEADERS_TOO_LARGE", 431


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


class SlowConsumer(RequestError):
    """You read more slowly than changes come: subscribe again, `after` the last cursor that you have."""

    code, status, retry_after = "SLOW_CONSUMER", 503, 1


class InternalError(RequestError):
    """Something went wrong here. It was recorded under this request's id."""

    code, status = "INTERNAL_ERROR", 500
