"""Errors of a whole request or of one field: top-level GraphQL errors with `extensions.code` from a closed set.

The docstring of a class is its default message. `graphql_app/errors/__init__.py` shows all classes as a tree.
"""

from typing import ClassVar


class RequestError(Exception):
    """The request is malformed."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400
    """HTTP status if the whole request fails with this error."""
    retry_after: int | None = None
    """Seconds after which a retry can succeed: the `Retry-After` header. None for no header."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class GraphQLRequestError(RequestError):  # the HTTP request itself is valid: status 200 under application/json
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
    """The cursor is too old, or from before a failover or restore. Reload your data and follow from a new cursor."""

    code = "CURSOR_EXPIRED"


class LimitExceeded(GraphQLRequestError):
    """The request exceeds a limit."""

    code = "LIMIT_EXCEEDED"


class PersistedQueryNotFound(GraphQLRequestError):
    """PersistedQueryNotFound"""  # the exact message that Apollo's clients look for

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
        """`path` is the response key of the root field that the key may not use, if it is one field."""
        super().__init__(message)
        self.path = path


class NotFound(RequestError):
    """No resource exists at this URL."""

    code, status = "NOT_FOUND", 404


class MethodNotAllowed(RequestError):
    """This HTTP method is not allowed here."""

    code, status = "METHOD_NOT_ALLOWED", 405

    def __init__(self, message: str, *, allow: str) -> None:
        """`allow` is the value of the `Allow` header: the allowed methods, separated by commas."""
        super().__init__(message)
        self.allow = allow


class NotAcceptable(RequestError):
    """`Accept` must allow `application/graphql-response+json` or `application/json`."""

    code, status = "NOT_ACCEPTABLE", 406


class RequestTimeout(RequestError):
    """The request did not arrive in time. Send the headers and the body without pauses."""

    code, status = "REQUEST_TIMEOUT", 408


class JsonTooDeep(RequestError):
    """The JSON is nested too deeply. Reduce its depth."""

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
        """`retry_after` is the number of seconds until the client can send its next request."""
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
