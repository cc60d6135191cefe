"""Bytes of a request → what is asked. Nothing is parsed that was not bounded before, and nothing is guessed.

In flow method, headers, query string and body; out flows an `Asked`. Refuses: bodies that are too large,
compressed or of another media type; text that is not UTF-8; JSON with NaN, numbers beyond 64 bits, lone surrogates or
deep nesting; parameters of the wrong type.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from graphql_app import errors
from graphql_app.api.patience import Gone

MOST_BYTES, MOST_DEPTH, MOST_DIGITS = 2_000_000, 32, 19
BODY_TIMEOUT = 10.0
"""Seconds that the body of a request has to arrive."""
PARAMETERS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "documentId": (str, "a string"),
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}
GRAPHQL, JSON, HTML, EVENTS = (
    "application/graphql-response+json",
    "application/json",
    "text/html",
    "text/event-stream",
)
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
ZEROS = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))
LONG_NUMBER = b"0" * (MOST_DIGITS + 1)
"""What a number of too many digits has become when every digit is a zero: an eighth of what a pattern costs."""
OPENING, CLOSING = b"[{", b"]}"
OTHERS = bytes(set(range(256)) - set(OPENING + CLOSING))


class Asked(NamedTuple):
    """One request: a document, or what names one, and what to run of it with which values."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any]
    size: int
    """In bytes, all in all."""
    parts: int
    """Lists and objects of its JSON, or more: brackets in strings count too."""


class Accepts(NamedTuple):
    """What the client takes, best first; `answer` is the one of ours for a single answer, None where there is none."""

    answer: str | None
    html: bool
    events: bool


Headers = dict[bytes, bytes]
"""Headers by their names in small letters; the last where one is given twice."""


@lru_cache(64)
def essence(content_type: bytes) -> str:
    """A media type without its parameters."""
    return content_type.partition(b";")[0].strip().lower().decode("latin-1")


@lru_cache(256)
def accepts(text: bytes) -> Accepts:
    """Reads `Accept`. Without it, and for a wildcard, answers are application/json."""
    header = text.decode("latin-1")
    if len(header) > 2000 or not header.strip():
        return Accepts(JSON, html=False, events=False)
    ranges: list[tuple[float, str]] = []
    for one in header.split(","):
        name, *parameters = [part.strip().lower() for part in one.split(";")]
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            ranges.append((float(quality), name))
        except ValueError:
            ranges.append((0.0, name))
    ranges = [one for one in sorted(ranges, key=lambda one: -one[0]) if one[0] > 0]
    names = [name for _, name in ranges]
    meant = {"*/*": JSON, "application/*": JSON, JSON: JSON, GRAPHQL: GRAPHQL}
    answer = next((meant[name] for name in names if name in meant), None)
    return Accepts(answer, HTML in names, EVENTS in names)


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The body of a POST."""
    if essence(headers.get(b"content-type", b"")) != JSON:
        raise errors.UnsupportedMediaType
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise errors.UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 9 or int(length) > MOST_BYTES):
        raise errors.TooLarge(f"The body has {length[:20].decode()} bytes; the limit is {MOST_BYTES}.")
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > MOST_BYTES:
            raise errors.TooLarge(f"The body has more than {MOST_BYTES} bytes, the limit.")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parse_json(text: bytes, what: str) -> Any:
    """A JSON value. orjson itself refuses NaN, infinity, lone surrogates and what is not UTF-8."""
    if parts(text) > MOST_DEPTH:
        check_depth(text, what)
    if has_long_number(text) and has_long_number(STRING.sub(b"", text)):
        raise errors.RequestError(f"{what} holds a number of more than {MOST_DIGITS} digits: write it as a string.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise errors.RequestError(f"{what} is not JSON: {error}.") from None


def has_long_number(text: bytes) -> bool:
    return LONG_NUMBER in text.translate(ZEROS)


def check_depth(text: bytes, what: str) -> None:
    """Counts brackets outside strings."""
    depth = 0
    for bracket in STRING.sub(b"", text).translate(None, delete=OTHERS):
        depth += 1 if bracket in OPENING else -1
        if depth > MOST_DEPTH:
            raise errors.TooDeep(f"{what} is nested deeper than {MOST_DEPTH}, the limit.")


def from_body(body: bytes) -> Asked:
    """What a POST asks."""
    if not body:
        raise errors.RequestError("The body is empty; send a JSON object with `query`.")
    return asked(parse_json(body, "The body"), len(body), parts(body))


def from_query_string(text: bytes) -> Asked:
    """What a GET asks: the parameters in the URL, `variables` and `extensions` as JSON."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise errors.RequestError("The query string is not URL-encoded UTF-8.") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise errors.RequestError(f"`{name[:40]}` is given twice.")
        given[name] = value
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = parse_json(given[name].encode(), f"`{name}`")
        else:
            given.pop(name, None)
    return asked(given, len(text), sum(parts(value.encode()) for _, value in pairs))


def parts(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[")


def asked(given: object, size: int, parts: int) -> Asked:
    """The parameters, each of its type or null."""
    if isinstance(given, list):
        raise errors.RequestError("Batches are not taken: send one request for each operation.")
    if not isinstance(given, dict):
        raise errors.RequestError("A request is a JSON object with `query`.")
    for name, (type_, what) in PARAMETERS.items():
        value = given.get(name)
        if value is not None and type(value) is not type_:
            raise errors.RequestError(f"`{name}` must be {what}.")
    take = given.get
    return Asked(
        take("query"), take("documentId"), take("operationName"), take("variables"), take("extensions") or {},
        size, parts,
    )  # fmt: skip
