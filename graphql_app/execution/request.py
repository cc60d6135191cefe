"""GraphQL requests: bytes → JSON → `GraphQLRequest`, the same for HTTP, server-sent events and WebSocket.

Depth and numbers are checked on the bytes before the JSON is parsed. JSON nested too deeply, numbers with too many
digits, NaN, infinity, lone surrogates, text that is not UTF-8, batches, and parameters of the wrong type are rejected.
"""

import codecs
import re
from typing import Any, NamedTuple

import orjson

from graphql_app.errors import request_errors

MAX_BODY_BYTES = 2_000_000
"""The maximum size of a request body."""
MAX_JSON_DEPTH = 32
"""The maximum number of objects and lists inside each other."""
MAX_NUMBER_DIGITS = 19
"""The maximum number of consecutive digits in a JSON number: those of a 64-bit integer."""
PARAMETERS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "documentId": (str, "a string"),
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}
"""The parameters of a request (GraphQL over HTTP, and `documentId`) with their types, as Python class and in words."""
JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
DIGITS_TO_ZERO = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))
"""A table for `bytes.translate` that turns every digit into a zero."""
LONG_NUMBER = b"0" * (MAX_NUMBER_DIGITS + 1)
"""A number with too many digits after that translation."""
OPENING_BRACKETS = b"[{"
CLOSING_BRACKETS = b"]}"
NON_BRACKETS = bytes(set(range(256)) - set(OPENING_BRACKETS + CLOSING_BRACKETS))


class GraphQLRequest(NamedTuple):
    """One request: a document or its id, the operation to run, and its variables."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any]
    size_bytes: int
    """The size of the request in bytes: of the body, the query string or the message."""
    container_count: int
    """The number of lists and objects in the JSON. An upper bound: brackets in strings count too."""


def parse_json(text: bytes, what: str) -> Any:
    """Parse a JSON value within the limits. `what` names the value in error messages, such as "The body".

    orjson itself rejects NaN, infinity, lone surrogates and text that is not UTF-8.

    Raises:
        RequestError: it is not UTF-8 or not JSON, or has a number with too many digits.
        JsonTooDeep: it is nested too deeply.
    """
    if count_containers(text) > MAX_JSON_DEPTH:
        check_depth(text, what)
    if has_long_number(text) and has_long_number(JSON_STRING.sub(b"", text)):
        raise request_errors.RequestError(
            f"{what} contains a number with more than {MAX_NUMBER_DIGITS} digits. Send it as a string."
        )
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise request_errors.RequestError(f"{what} {json_problem(text, error)}.") from None


def json_problem(text: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why orjson does not accept a text, as the end of a sentence. Its own messages name its internals."""
    try:
        text.decode()
    except UnicodeDecodeError as invalid:
        return f"is not valid UTF-8 (byte {invalid.start + 1})"
    if text.startswith(codecs.BOM_UTF8):
        return "must not start with a byte order mark"
    place = f"at line {error.lineno}, column {error.colno}"
    return f"contains an unpaired surrogate {place}" if "surrogate" in error.msg else f"is not valid JSON {place}"


def has_long_number(text: bytes) -> bool:
    """Whether there are too many consecutive digits anywhere in the text, strings included.

    `bytes.translate` needs an eighth of the time of a regular expression, which saves 5 µs of CPU per request.
    """
    return LONG_NUMBER in text.translate(DIGITS_TO_ZERO)


def check_depth(text: bytes, what: str) -> None:
    """Check how deep the brackets outside of strings are nested.

    Raises:
        JsonTooDeep: they are nested more than MAX_JSON_DEPTH levels deep.
    """
    depth = 0
    for bracket in JSON_STRING.sub(b"", text).translate(None, delete=NON_BRACKETS):
        depth += 1 if bracket in OPENING_BRACKETS else -1
        if depth > MAX_JSON_DEPTH:
            raise request_errors.JsonTooDeep(f"{what} must be nested at most {MAX_JSON_DEPTH} levels deep.")


def count_containers(text: bytes) -> int:
    """Return the number of lists and objects in a JSON text; opening brackets in strings are counted too."""
    return text.count(b"{") + text.count(b"[")


def parse_parameters(parameters: object, size: int, container_count: int) -> GraphQLRequest:
    """Return the request with these parameters, each of its type, null or omitted. An empty string counts as omitted:
    graphql-ws always sends a `query`, also with a `documentId`, and GraphQL over HTTP says it of `operationName`.

    `parameters` is the parsed JSON, `size` its size in bytes, `container_count` its number of lists and objects.

    Raises:
        RequestError: it is a batch or not an object, or a parameter has the wrong type.
    """
    if isinstance(parameters, list):
        raise request_errors.RequestError("Batches are not supported. Send one request per operation.")
    if not isinstance(parameters, dict):
        raise request_errors.RequestError("The request must be a JSON object with `query` or `documentId`.")
    get = parameters.get
    for name, (type_, what) in PARAMETERS.items():
        value = get(name)
        if value is not None and type(value) is not type_:
            raise request_errors.RequestError(f"`{name}` must be {what}.")
    return GraphQLRequest(
        get("query") or None, get("documentId") or None, get("operationName") or None, get("variables"),
        get("extensions") or {},
        size, container_count,
    )  # fmt: skip
