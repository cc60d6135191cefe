"""TODO docstring."""

import re
from typing import Any, NamedTuple

import orjson

from graphql_app.errors import request_errors

MAX_BODY_BYTES, MAX_JSON_DEPTH, MAX_NUMBER_DIGITS = 2_000_000, 32, 19
PARAMETERS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "documentId": (str, "a string"),
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}
JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
DIGITS_TO_ZERO = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))
LONG_NUMBER = b"0" * (MAX_NUMBER_DIGITS + 1)
"""What a number of too many digits has become when every digit is a zero: an eighth of what a pattern costs."""
OPENING_BRACKETS, CLOSING_BRACKETS = b"[{", b"]}"
NON_BRACKETS = bytes(set(range(256)) - set(OPENING_BRACKETS + CLOSING_BRACKETS))


class GraphQLRequest(NamedTuple):
    """One request: a document, or what names one, and what to run of it with which values."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any]
    size: int
    """In bytes, all in all."""
    container_count: int
    """Lists and objects of its JSON, or more: brackets in strings count too."""


def parse_json(text: bytes, what: str) -> Any:
    """A JSON value. orjson itself refuses NaN, infinity, lone surrogates and what is not UTF-8."""
    if count_containers(text) > MAX_JSON_DEPTH:
        check_depth(text, what)
    if has_long_number(text) and has_long_number(JSON_STRING.sub(b"", text)):
        raise request_errors.RequestError(
            f"{what} holds a number of more than {MAX_NUMBER_DIGITS} digits: write it as a string."
        )
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise request_errors.RequestError(f"{what} is not JSON: {error}.") from None


def has_long_number(text: bytes) -> bool:
    return LONG_NUMBER in text.translate(DIGITS_TO_ZERO)


def check_depth(text: bytes, what: str) -> None:
    """Counts brackets outside strings."""
    depth = 0
    for bracket in JSON_STRING.sub(b"", text).translate(None, delete=NON_BRACKETS):
        depth += 1 if bracket in OPENING_BRACKETS else -1
        if depth > MAX_JSON_DEPTH:
            raise request_errors.JsonTooDeep(f"{what} is nested deeper than {MAX_JSON_DEPTH}, the limit.")


def count_containers(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[")


def parse_parameters(given: object, size: int, parts: int) -> GraphQLRequest:
    """The parameters, each of its type or null."""
    if isinstance(given, list):
        raise request_errors.RequestError("Batches are not taken: send one request for each operation.")
    if not isinstance(given, dict):
        raise request_errors.RequestError("A request is a JSON object with `query`.")
    for name, (type_, what) in PARAMETERS.items():
        value = given.get(name)
        if value is not None and type(value) is not type_:
            raise request_errors.RequestError(f"`{name}` must be {what}.")
    take = given.get
    return GraphQLRequest(
        take("query"), take("documentId"), take("operationName"), take("variables"), take("extensions") or {},
        size, parts,
    )  # fmt: skip
