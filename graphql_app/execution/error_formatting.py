"""Results and errors as the JSON of a response. This is the only module that writes it, for every transport.

Each error carries `extensions.code`, from the closed set of `errors/request_errors.py`, and `extensions.requestId`.
Nothing internal is returned: an unexpected exception becomes INTERNAL_ERROR. A client's mistake is logged in one line
at level INFO, an unexpected exception once with its traceback at level ERROR, both with the request id.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError

from graphql_app.database.errors import to_request_error
from graphql_app.errors import request_errors, user_errors
from graphql_app.execution.documents import InvalidDocument

MAX_ERRORS = 20
"""Maximum number of errors in one response; further ones are dropped, except the first one of each committed field."""
COMMITTED = "The write is committed, but its result could not be read. "
"""The beginning of the message of an error in a mutation field whose write is committed."""
MAX_MESSAGE_CHARACTERS = 300
"""Maximum length of an error message; a longer one is truncated and ends with `…`."""
MAX_LOCATIONS = 5
"""Maximum number of locations in the document per error; further ones are dropped."""

logger = logging.getLogger("graphql_app.requests")

FormattedError = dict[str, Any]
"""One error as in the GraphQL specification, section 7.1.2: message, locations, path, extensions."""


def envelope(
    error: request_errors.RequestError | InvalidDocument, request_id: str, *, cursor: str | None = None
) -> dict[str, list[FormattedError]]:
    """Format and log the error of a request that was not executed: `{"errors": [...]}`, without `data`.

    HTTP and SSE send it as their body (see `encode_envelope`), WebSocket sends the list as the payload of its `error`
    message. `cursor` is the last cursor that a failed subscription delivered, returned as `extensions.cursor`.
    """
    if isinstance(error, InvalidDocument):
        log_error(request_id, error.code, error.errors[0].message)
        formatted = [
            format_graphql_error(graphql_error, error.code, graphql_error.message, request_id)
            for graphql_error in error.errors[:MAX_ERRORS]
        ]
    else:
        log_error(request_id, error.code, error.message)
        formatted = [format_request_error(error, request_id)]
    if cursor is not None:
        for entry in formatted:
            entry["extensions"]["cursor"] = cursor
    return {"errors": formatted}


def encode_envelope(
    error: request_errors.RequestError | InvalidDocument, request_id: str, *, cursor: str | None = None
) -> bytes:
    """The envelope of an error as JSON in UTF-8."""
    return orjson.dumps(envelope(error, request_id, cursor=cursor))


def encode_body(
    data: object, errors: Iterable[FormattedError] = (), extensions: Mapping[str, Any] | None = None
) -> bytes:
    """The JSON body of an executed operation: `data`, and `errors` and `extensions` if there are any."""
    body: dict[str, Any] = {"errors": errors, "data": data} if errors else {"data": data}
    if extensions:
        body["extensions"] = extensions
    return orjson.dumps(body)


def format_request_error(error: request_errors.RequestError, request_id: str) -> FormattedError:
    """Format an error that concerns the whole request."""
    formatted: FormattedError = {"message": truncate(error.message)}
    if isinstance(error, request_errors.Forbidden) and error.path:
        formatted["path"] = error.path
    formatted["extensions"] = {"code": error.code, "requestId": request_id}
    return formatted


def format_graphql_error(error: GraphQLError, code: str, message: str, request_id: str) -> FormattedError:
    """Format an error with its locations in the document, its path in the response, and that in the input."""
    formatted: FormattedError = {"message": truncate(message)}
    if error.locations:
        formatted["locations"] = [
            {"line": location.line, "column": location.column} for location in error.locations[:MAX_LOCATIONS]
        ]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = {"code": code, "requestId": request_id}
    if error.extensions and "path" in error.extensions:
        formatted["extensions"]["path"] = error.extensions["path"]
    return formatted


def format_field_errors(
    errors: Sequence[GraphQLError], request_id: str, committed_fields: Collection[str] = ()
) -> tuple[list[FormattedError], list[request_errors.RequestError]]:
    """Format and log the errors of fields.

    `committed_fields` are the response keys of the mutation fields whose writes are committed: their errors say so in
    the message and in `extensions.committed`, so that a client without an idempotency key does not repeat the write.

    Returns the first MAX_ERRORS formatted errors, and the request error that each field error stands for.
    """
    classified = [classify_field_error(error, request_id) for error in errors]
    formatted: list[FormattedError] = []
    unreported = set(committed_fields)
    for error, cause in zip(errors, classified, strict=True):
        root_field = error.path[0] if error.path else None
        if len(formatted) >= MAX_ERRORS and root_field not in unreported:
            continue
        is_committed = root_field in committed_fields
        message = COMMITTED + cause.message if is_committed else cause.message
        formatted.append(format_graphql_error(error, cause.code, message, request_id))
        if is_committed:
            formatted[-1]["extensions"]["committed"] = True
            unreported.discard(str(root_field))
    return formatted, classified


def classify_field_error(error: GraphQLError, request_id: str) -> request_errors.RequestError:
    """The request error that a field error stands for; logged, with its traceback if it is unexpected."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        classified: request_errors.RequestError | None = request_errors.BadUserInput(error.message)
    else:
        classified = classify_error(cause)
    if classified is None:
        logger.error("%s INTERNAL_ERROR at %s", request_id, error.path, exc_info=cause)
        return request_errors.InternalError()
    log_error(request_id, classified.code, classified.message)
    return classified


def classify_error(cause: BaseException) -> request_errors.RequestError | None:
    """The request error that an exception stands for; None if the exception is unexpected."""
    if isinstance(cause, request_errors.RequestError):
        return cause
    if isinstance(cause, user_errors.UserError | user_errors.InvalidInput):
        return request_errors.BadUserInput(str(cause))
    return to_request_error(cause)


def classify_request_error(cause: Exception, request_id: str) -> request_errors.RequestError:
    """Like `classify_error`, but an unexpected exception is logged with its traceback and becomes InternalError."""
    classified = classify_error(cause)
    if classified is None:
        logger.error("%s INTERNAL_ERROR", request_id, exc_info=cause)
        return request_errors.InternalError()
    return classified


def log_error(request_id: str, code: str, message: str) -> None:
    """Log a client's mistake in one line; the quoted message cannot start another line."""
    logger.info("%s %s %r", request_id, code, truncate(message))


def truncate(text: str) -> str:
    """Limit a message to MAX_MESSAGE_CHARACTERS: graphql-core quotes names and values of any length."""
    return text if len(text) <= MAX_MESSAGE_CHARACTERS else text[: MAX_MESSAGE_CHARACTERS - 1] + "…"
