"""Results and errors → the JSON of an answer. Nothing internal leaves: what is not known becomes INTERNAL_ERROR.

Each error carries `extensions.code`, one of the closed set in errors.py, and the request's id. A client's mistake is
logged in one line; a mistake of ours once, in full.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError

from graphql_app.database.errors import to_request_error
from graphql_app.errors import request_errors, user_errors

MAX_ERRORS, MAX_MESSAGE_CHARACTERS, MAX_LOCATIONS = 20, 300, 5
logger = logging.getLogger("graphql_app.requests")

FormattedError = dict[str, Any]


def truncate(text: str) -> str:
    """A message as it may leave: graphql-core quotes names and values of any length."""
    return text if len(text) <= MAX_MESSAGE_CHARACTERS else text[: MAX_MESSAGE_CHARACTERS - 1] + "…"


def format_error(error: request_errors.RequestError, request_id: str) -> FormattedError:
    """An error about the whole request."""
    log_error(request_id, error.code, error.message)
    shown: FormattedError = {"message": truncate(error.message)}
    if isinstance(error, request_errors.Forbidden) and error.path:
        shown["path"] = error.path
    shown["extensions"] = {"code": error.code, "requestId": request_id}
    return shown


def format_graphql_error(error: GraphQLError, code: str, message: str, request_id: str) -> FormattedError:
    """An error with its place in the document, and in the answer."""
    shown: FormattedError = {"message": truncate(message)}
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations[:MAX_LOCATIONS]]
    if error.path is not None:
        shown["path"] = error.path
    shown["extensions"] = {"code": code, "requestId": request_id}
    return shown


def format_document_errors(found: Sequence[GraphQLError], code: str, request_id: str) -> list[FormattedError]:
    """Why a document is not run."""
    log_error(request_id, code, found[0].message)
    return [format_graphql_error(error, code, error.message, request_id) for error in found[:MAX_ERRORS]]


def format_field_errors(
    found: Sequence[GraphQLError], request_id: str
) -> tuple[list[FormattedError], list[request_errors.RequestError]]:
    """Errors of fields, and what each of them is."""
    known = [classify_field_error(error, request_id) for error in found]
    pairs = list(zip(found, known, strict=True))[:MAX_ERRORS]
    return [format_graphql_error(error, one.code, one.message, request_id) for error, one in pairs], known


def classify_field_error(error: GraphQLError, request_id: str) -> request_errors.RequestError:
    """What the error of a field is."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        known: request_errors.RequestError | None = request_errors.BadUserInput(error.message)
    else:
        known = classify_error(cause)
    if known is None:
        logger.error("%s INTERNAL_ERROR at %s", request_id, error.path, exc_info=cause)
        return request_errors.InternalError()
    log_error(request_id, known.code, known.message)
    return known


def classify_error(cause: BaseException) -> request_errors.RequestError | None:
    """What an exception is, in our own words; None where it is a mistake of ours."""
    if isinstance(cause, request_errors.RequestError):
        return cause
    if isinstance(cause, user_errors.UserError | user_errors.InvalidInput):
        return request_errors.BadUserInput(str(cause))
    return to_request_error(cause)


def classify_request_error(cause: Exception, request_id: str) -> request_errors.RequestError:
    """What an exception about the whole request is."""
    known = classify_error(cause)
    if known is None:
        logger.error("%s INTERNAL_ERROR", request_id, exc_info=cause)
        return request_errors.InternalError()
    return known


def log_error(request_id: str, code: str, message: str) -> None:
    """One line in the log; what a client wrote cannot begin another one."""
    logger.info("%s %s %r", request_id, code, truncate(message))


def encode_body(
    data: object, found: Iterable[FormattedError] = (), extensions: Mapping[str, Any] | None = None
) -> bytes:
    """The answer of an operation that ran."""
    answer: dict[str, Any] = {"errors": found, "data": data} if found else {"data": data}
    if extensions:
        answer["extensions"] = extensions
    return orjson.dumps(answer)


def encode_errors(found: list[FormattedError]) -> bytes:
    """The answer where nothing ran: without `data`."""
    return orjson.dumps({"errors": found})
