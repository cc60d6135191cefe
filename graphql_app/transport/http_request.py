"""Parses HTTP requests: `Accept`, the body of a POST, the query string of a GET.

Sizes are checked before anything is parsed. Bodies that are too large, compressed or of another media type are
rejected, and so are text that is not UTF-8, parameters of the wrong type, and JSON with NaN, numbers of more than 19
digits, lone surrogates or deep nesting.
"""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from starlette.types import Receive

from graphql_app.errors import request_errors
from graphql_app.execution.request import MAX_BODY_BYTES, GraphQLRequest, count_containers, parse_json, parse_parameters
from graphql_app.transport.timeout import ClientDisconnected

BODY_TIMEOUT_SECONDS = 10.0
"""Maximum time until the body of a request has arrived."""
MAX_ACCEPT_CHARACTERS = 2_000
"""Maximum length of `Accept`; a longer header is ignored."""
MAX_QUERY_STRING_PARAMETERS = 50
"""Maximum number of parameters in the query string of a GET."""
GRAPHQL_RESPONSE_JSON = "application/graphql-response+json"
"""The media type of GraphQL over HTTP, with statuses of 4xx for invalid documents."""
JSON = "application/json"
"""The media type of older clients, with status 200 for invalid documents."""
HTML = "text/html"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"
SUBSCRIPTION_SPEC = "subscriptionspec="
"""The parameter of `multipart/mixed` that distinguishes Apollo's subscription protocol from @defer, in lower case."""
MEDIA_TYPES = {"*/*": JSON, "application/*": JSON, JSON: JSON, GRAPHQL_RESPONSE_JSON: GRAPHQL_RESPONSE_JSON}
"""The media type of the response for each media range in `Accept`."""


class AcceptedTypes(NamedTuple):
    """The media types that a client accepts.

    `media_type` is the one in which a query or mutation is returned, None if the client accepts neither of them.
    `multipart` is whether it accepts Apollo's multipart subscription protocol.
    """

    media_type: str | None
    html: bool = False
    event_stream: bool = False
    multipart: bool = False


NO_ACCEPTED_TYPES = AcceptedTypes(None)
RequestHeaders = dict[bytes, bytes]
"""Request headers by lower-case name; the last value of a repeated header."""


@lru_cache(64)
def media_type_of(content_type: bytes) -> str:
    """The media type of a `Content-Type` header, in lower case and without parameters."""
    return content_type.partition(b";")[0].strip().lower().decode("latin-1")


@lru_cache(256)
def parse_accept(accept: bytes) -> AcceptedTypes:
    """Parse an `Accept` header (RFC 9110): the first type with the highest quality; JSON for `*/*` and without a
    header."""
    header = accept.decode("latin-1")
    if len(header) > MAX_ACCEPT_CHARACTERS or not header.strip():
        return AcceptedTypes(JSON)
    ranges: list[tuple[float, str]] = []
    multipart = False
    for item in header.split(","):
        name, *parameters = [part.strip().lower() for part in item.split(";")]
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            ranges.append((float(quality), name))
        except ValueError:
            ranges.append((0.0, name))
        specification = [part.partition("=")[2].strip('"') for part in parameters if part.startswith(SUBSCRIPTION_SPEC)]
        multipart |= name == MULTIPART and specification == ["1.0"] and ranges[-1][0] > 0
    names = [name for quality, name in sorted(ranges, key=lambda item: -item[0]) if quality > 0]
    media_type = next((MEDIA_TYPES[name] for name in names if name in MEDIA_TYPES), None)
    return AcceptedTypes(media_type, HTML in names, EVENT_STREAM in names, multipart)


async def read_body(headers: RequestHeaders, receive: Receive) -> bytes:
    """Read the body of a POST.

    Raises:
        UnsupportedMediaType: `Content-Type` is not application/json, or the body has a `Content-Encoding`.
        PayloadTooLarge: the body is larger than MAX_BODY_BYTES.
        ClientDisconnected: the client has disconnected.
    """
    if media_type_of(headers.get(b"content-type", b"")) != JSON:
        raise request_errors.UnsupportedMediaType
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise request_errors.UnsupportedMediaType("`Content-Encoding` is not supported. Send the body uncompressed.")
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 9 or int(length) > MAX_BODY_BYTES):
        raise request_errors.PayloadTooLarge(
            f"The request body must have at most {MAX_BODY_BYTES} bytes (was {length[:20].decode()})."
        )
    chunks, size, more_body = [], 0, True
    while more_body:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        chunks.append(message.get("body", b""))
        size, more_body = size + len(chunks[-1]), message.get("more_body", False)
        if size > MAX_BODY_BYTES:
            raise request_errors.PayloadTooLarge(f"The request body must have at most {MAX_BODY_BYTES} bytes.")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parse_body(body: bytes) -> GraphQLRequest:
    """Parse the body of a POST.

    Raises:
        RequestError: the body is empty, not JSON, or a parameter has the wrong type.
        JsonTooDeep: the JSON is nested too deeply.
    """
    if not body:
        raise request_errors.RequestError("The request body is empty. Send a JSON object with `query`.")
    return parse_parameters(parse_json(body, "The body"), len(body), count_containers(body))


def parse_query_string(query_string: bytes) -> GraphQLRequest:
    """Parse the query string of a GET; `variables` and `extensions` are JSON.

    Raises:
        RequestError: the query string is not URL-encoded UTF-8, repeats a parameter, or has an invalid parameter.
        JsonTooDeep: the JSON is nested too deeply.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_QUERY_STRING_PARAMETERS,
        )
    except ValueError:
        raise request_errors.RequestError(
            f"The query string must be URL-encoded UTF-8 with at most {MAX_QUERY_STRING_PARAMETERS} parameters."
        ) from None
    parameters: dict[str, Any] = {}
    for name, value in pairs:
        if name in parameters:
            raise request_errors.RequestError(f"The parameter `{name[:40]}` must not be repeated.")
        parameters[name] = value
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = parse_json(parameters[name].encode(), f"`{name}`")
        else:
            parameters.pop(name, None)
    return parse_parameters(parameters, len(query_string), sum(count_containers(value.encode()) for _, value in pairs))
