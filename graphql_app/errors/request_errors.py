"""What can be wrong with a request: a top-level GraphQL error with `extensions.code`, from a closed set."""

from typing import ClassVar


class RequestError(Exception):
    """The request is malformed."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400  # of HTTP, where the whole request fails of it
    retry_after: int | None = None  # seconds after which another try makes sense

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class GraphQLRequestError(RequestError):  # the HTTP was in order: under application/json the status is 200
    """The operation cannot be executed."""


class BadUserInput(GraphQLRequestError):
    """An argument or variable is invalid."""

    code = "BAD_USER_INPUT"


class ParseFailed(GraphQLRequestError):
    """The document has a GraphQL syntax error."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(GraphQLRequestError):
    """The document is not valid for the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"


class OperationNotFound(GraphQLRequestError):
    """The document does not contain the requested operation."""

    code = "OPERATION_RESOLUTION_FAILURE"


class InvalidCursor(GraphQLRequestError):
    """The cursor is damaged, or it belongs to another connection or order. Use a cursor from the same `orderBy`."""

    code = "INVALID_CURSOR"


class CursorExpired(GraphQLRequestError):
    """Changes after this cursor are no longer stored. Reload the data that you need and follow from a new cursor."""

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
    """No trusted document has this `documentId`."""

    code = "DOCUMENT_NOT_TRUSTED"


class Unauthenticated(RequestError):
    """An API key is required. Send it as `Authorization: Bearer <key>`."""

    code, status = "UNAUTHENTICATED", 401


class Forbidden(RequestError):
    """The API key does not permit this operation."""

    code, status = "FORBIDDEN", 403

    def __init__(self, message: str | None = None, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class NotFound(RequestError):
    """No resource exists at this URL."""

    code, status = "NOT_FOUND", 404


class MethodNotAllowed(RequestError):
    """This HTTP method is not allowed here."""

    code, status = "METHOD_NOT_ALLOWED", 405

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotAcceptable(RequestError):
    """`Accept` must allow `application/graphql-response+json` or `application/json`."""

    code, status = "NOT_ACCEPTABLE", 406


class RequestTimeout(RequestError):
    """The request did not arrive in time."""

    code, status = "REQUEST_TIMEOUT", 408


class JsonTooDeep(RequestError):
    """The JSON is nested too deeply."""

    code = "LIMIT_EXCEEDED"


class PayloadTooLarge(RequestError):
    """The request body is too large."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UnsupportedMediaType(RequestError):
    """The request body must be sent as `application/json`."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class HeadersTooLarge(RequestError):
    """The request headers are too large or too many."""

    code, status = "HEADERS_TOO_LARGE", 431


class RateLimited(RequestError):
    """Rate limit exceeded. Retry after the number of seconds in the `Retry-After` header."""

    code, status = "RATE_LIMITED", 429

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(RequestError):
    """The operation conflicts with concurrent writes. Retry with the same idempotency key."""

    code = "CONFLICT"


class Timeout(RequestError):
    """The operation took too long. Narrow the filter, request less data, or retry with the same idempotency key."""

    code, status, retry_after = "TIMEOUT", 503, 1


class Unavailable(RequestError):
    """The database is unavailable. Retry with the same idempotency key."""

    code, status, retry_after = "UNAVAILABLE", 503, 1


class ConnectionLost(Unavailable):
    """The database connection was lost. Retry with the same idempotency key."""


class Overloaded(Unavailable):
    """Too many requests are waiting. Retry with the same idempotency key."""


class SlowConsumer(RequestError):
    """The client reads more slowly than changes arrive. Subscribe again with the last received cursor as `after`."""

    code, status, retry_after = "SLOW_CONSUMER", 503, 1


class InternalError(RequestError):
    """Internal server error. The details are logged with the request id."""

    code, status = "INTERNAL_ERROR", 500
