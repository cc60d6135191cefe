"""Bytes of a request → what is asked. Nothing is parsed that was not bounded before, and nothing is guessed.

In flow method, headers, query string and body; out flows an `Asked`. Refuses: bodies that are too large,
compressed or of another media type; text that is not UTF-8; JSON with NaN, numbers beyond 64 bits, lone surrogates or
deep nesting; parameters of the wrong type.
"""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from starlette.types import Receive

from graphql_app.errors import request_errors
from graphql_app.execution.request import MAX_BODY_BYTES, GraphQLRequest, count_containers, parse_json, parse_parameters
from graphql_app.transport.timeout import ClientDisconnected

BODY_TIMEOUT_SECONDS = 10.0
"""Seconds that the body of a request has to arrive."""
GRAPHQL_RESPONSE_JSON, JSON, HTML, EVENT_STREAM = (
    "application/graphql-response+json",
    "application/json",
    "text/html",
    "text/event-stream",
)


class AcceptedTypes(NamedTuple):
    """What the client takes, best first; `answer` is the one of ours for a single answer, None where there is none."""

    media_type: str | None
    html: bool
    event_stream: bool


Headers = dict[bytes, bytes]
"""Headers by their names in small letters; the last where one is given twice."""


@lru_cache(64)
def media_type_of(content_type: bytes) -> str:
    """A media type without its parameters."""
    return content_type.partition(b";")[0].strip().lower().decode("latin-1")


@lru_cache(256)
def parse_accept(text: bytes) -> AcceptedTypes:
    """Reads `Accept`. Without it, and for a wildcard, answers are application/json."""
    header = text.decode("latin-1")
    if len(header) > 2000 or not header.strip():
        return AcceptedTypes(JSON, html=False, event_stream=False)
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
    meant = {"*/*": JSON, "application/*": JSON, JSON: JSON, GRAPHQL_RESPONSE_JSON: GRAPHQL_RESPONSE_JSON}
    answer = next((meant[name] for name in names if name in meant), None)
    return AcceptedTypes(answer, HTML in names, EVENT_STREAM in names)


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The body of a POST."""
    if media_type_of(headers.get(b"content-type", b"")) != JSON:
        raise request_errors.UnsupportedMediaType
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise request_errors.UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 9 or int(length) > MAX_BODY_BYTES):
        raise request_errors.PayloadTooLarge(
            f"The body has {length[:20].decode()} bytes; the limit is {MAX_BODY_BYTES}."
        )
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > MAX_BODY_BYTES:
            raise request_errors.PayloadTooLarge(f"The body has more than {MAX_BODY_BYTES} bytes, the limit.")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parse_body(body: bytes) -> GraphQLRequest:
    """What a POST asks."""
    if not body:
        raise request_errors.RequestError("The body is empty; send a JSON object with `query`.")
    return parse_parameters(parse_json(body, "The body"), len(body), count_containers(body))


def parse_query_string(text: bytes) -> GraphQLRequest:
    """What a GET asks: the parameters in the URL, `variables` and `extensions` as JSON."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise request_errors.RequestError("The query string is not URL-encoded UTF-8.") from None
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise request_errors.RequestError(f"`{name[:40]}` is given twice.")
        given[name] = value
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = parse_json(given[name].encode(), f"`{name}`")
        else:
            given.pop(name, None)
    return parse_parameters(given, len(text), sum(count_containers(value.encode()) for _, value in pairs))
