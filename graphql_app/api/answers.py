"""Results and errors → the bytes of an answer. Nothing internal leaves: what is not known becomes INTERNAL_ERROR.

Each error carries `extensions.code` of the closed set in errors.py and the request's id. A client's mistake is logged
in one line, a mistake of ours once in full.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from graphql import GraphQLError

from graphql_app import errors

MOST_ERRORS, MOST_CHARACTERS = 20, 300
logger = logging.getLogger("graphql_app.requests")


def cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def refusal(error: errors.RequestError, request_id: str) -> dict[str, Any]:
    """One error about the whole request."""
    return {"message": cut(error.message), "extensions": {"code": error.code, "requestId": request_id}}


def located(error: GraphQLError, code: str, request_id: str) -> dict[str, Any]:
    """One error of graphql-core's, or of a field."""
    shown: dict[str, Any] = {"message": cut(error.message)}
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations[:5]]
    if error.path is not None:
        shown["path"] = error.path
    shown["extensions"] = {"code": code, "requestId": request_id}
    return shown


def of_field(error: GraphQLError, request_id: str) -> tuple[dict[str, Any], errors.RequestError | None]:
    """An error that came up while an operation ran, and what it stands for where that is known."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return located(error, errors.BadUserInput.code, request_id), None
    known = cause if isinstance(cause, errors.RequestError) else None
    if known is None:
        logger.error("%s INTERNAL_ERROR at %s", request_id, error.path, exc_info=cause)
        known = errors.Internal()
    shown = located(error, known.code, request_id)
    shown["message"] = cut(known.message)
    return shown, known


def body(
    data: Mapping[str, Any] | None,
    found: Iterable[Mapping[str, Any]] = (),
    extensions: Mapping[str, Any] | None = None,
) -> bytes:
    """The answer; without `data` where nothing was run."""
    answer: dict[str, Any] = {}
    if found := list(found)[:MOST_ERRORS]:
        answer["errors"] = found
    if data is not None or not found:
        answer["data"] = data
    if extensions:
        answer["extensions"] = extensions
    return orjson.dumps(answer)
