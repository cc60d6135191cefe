"""Results and errors as HTTP responses: status, headers, body.

An HTTP error (method, media type, size, authentication, ...) always has its own status. A GraphQL error that prevents
execution has status 400 under `application/graphql-response+json`, and 200 under `application/json`, as GraphQL over
HTTP requires.
"""

import asyncio
import hashlib
import zlib
from functools import lru_cache
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.types import Send

from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.execution.documents import InvalidDocument
from graphql_app.execution.runner import OperationResult
from graphql_app.observability import logging
from graphql_app.transport import http_request
from graphql_app.transport.http_call import request_id_from

ResponseHeaders = list[tuple[bytes, bytes]]
"""Response headers as ASGI takes them."""
GZIP_MIN_BYTES = 1_024
"""Smallest body that is compressed."""
GZIP_IN_THREAD_BYTES = 128_000
"""Smallest body that is compressed in a thread, because it would block the event loop for too long."""
GZIP_LEVEL = 1
"""The fastest level of zlib."""
GZIP_WINDOW_BITS = 31
"""The largest window (15) with the header and trailer of gzip (16)."""
CONTENT_TYPES = {
    media_type: (b"content-type", f"{media_type}; charset=utf-8".encode())
    for media_type in (http_request.JSON, http_request.GRAPHQL_RESPONSE_JSON)
}
NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")
REVALIDATE = (b"cache-control", b"private, no-cache")
VARY = (b"vary", b"accept, accept-encoding, authorization")
CLOSES_CONNECTION = (request_errors.PayloadTooLarge, request_errors.RequestTimeout)
"""The connection closes after these errors: the rest of the request body is not read."""


class Response(NamedTuple):
    """A complete HTTP response. `code` is the code of its first error, or `ok`; it is a label of the metrics."""

    status: int
    body: bytes
    headers: ResponseHeaders
    code: str = "ok"

    async def send(self, send: Send, *, head: bool = False, prefix: str = "") -> None:
        """Send the response; without its body if `head`. `prefix` is `websocket.` for a rejected handshake."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": f"{prefix}http.response.start", "status": self.status, "headers": headers})
        await send({"type": f"{prefix}http.response.body", "body": b"" if head else self.body})


def from_result(result: OperationResult, media_type: str, request_id: str) -> Response:
    """The response for an executed operation."""
    headers: ResponseHeaders = [CONTENT_TYPES[media_type], (b"x-request-id", request_id.encode()), NOSNIFF]
    if result.fatal_error is None:
        return Response(200, result.body, headers, result.code)
    return Response(result.fatal_error.status, result.body, [*headers, *error_headers(result.fatal_error)], result.code)


def from_error(
    error: request_errors.RequestError | InvalidDocument,
    request_id: str,
    accepted: http_request.AcceptedTypes = http_request.NO_ACCEPTED_TYPES,
) -> Response:
    """The response for a request that was not executed; JSON even if the client does not accept it."""
    media_type = accepted.media_type or http_request.JSON
    headers: ResponseHeaders = [CONTENT_TYPES[media_type], (b"x-request-id", request_id.encode()), NOSNIFF, NO_STORE]
    body = error_formatting.encode_envelope(error, request_id)
    if isinstance(error, InvalidDocument):
        return Response(200 if accepted.media_type == http_request.JSON else 400, body, headers, error.code)
    http_succeeded = isinstance(error, request_errors.GraphQLRequestError) and accepted.media_type == http_request.JSON
    return Response(200 if http_succeeded else error.status, body, [*headers, *error_headers(error)], error.code)


def error_headers(error: request_errors.RequestError) -> ResponseHeaders:
    """The headers that HTTP requires for an error: `Retry-After`, `Allow`, `WWW-Authenticate`, `Connection`."""
    headers: ResponseHeaders = []
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if isinstance(error, request_errors.MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    if isinstance(error, request_errors.Unauthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, CLOSES_CONNECTION):
        headers.append((b"connection", b"close"))
    return headers


def with_etag(response: Response, headers: http_request.RequestHeaders) -> Response:
    """Add a weak `ETag` to a cacheable response; 304 without a body if it matches `If-None-Match` (RFC 9110)."""
    tag = b'W/"' + hashlib.blake2b(response.body, digest_size=12).hexdigest().encode() + b'"'
    cached_tags = {item.strip().removeprefix(b"W/") for item in headers.get(b"if-none-match", b"").split(b",")}
    added: ResponseHeaders = [(b"etag", tag), REVALIDATE, VARY]
    if tag.removeprefix(b"W/") in cached_tags:
        return response._replace(status=304, body=b"", headers=[*response.headers, *added])
    return response._replace(headers=[*response.headers, *added])


async def compress(response: Response, headers: http_request.RequestHeaders) -> Response:
    """Compress a body of GZIP_MIN_BYTES or more if the client accepts gzip."""
    if len(response.body) < GZIP_MIN_BYTES or not accepts_gzip(headers.get(b"accept-encoding", b"")):
        return response
    if len(response.body) < GZIP_IN_THREAD_BYTES:
        body = gzip_body(response.body)
    else:
        body = await asyncio.to_thread(gzip_body, response.body)
    return response._replace(body=body, headers=[*response.headers, (b"content-encoding", b"gzip")])


def gzip_body(body: bytes) -> bytes:
    """Compress a body with gzip."""
    return zlib.compress(body, GZIP_LEVEL, GZIP_WINDOW_BITS)


@lru_cache(64)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether `Accept-Encoding` allows gzip."""
    for item in accept_encoding.lower().split(b","):
        name, _, quality = item.partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return quality.strip().replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


async def starlette_error_handler(request: Request, error: Exception) -> StarletteResponse:
    """The JSON response for an error of Starlette at any URL: no route, wrong method, unexpected exception."""
    request_id = request_id_from(dict(request.scope["headers"]))
    logging.request_id.set(request_id)
    status, headers = request_errors.InternalError.status, {}
    if isinstance(error, HTTPException):
        status, headers = error.status_code, dict(error.headers or {})
    errors_by_status = {
        404: request_errors.NotFound(),
        405: request_errors.MethodNotAllowed(
            f"{request.method} is not allowed at this URL.", allow=headers.pop("Allow", "")
        ),
    }
    fallback = request_errors.RequestError() if status < request_errors.InternalError.status else None
    response = from_error(errors_by_status.get(status) or fallback or request_errors.InternalError(), request_id)
    starlette_response = StarletteResponse(response.body, status, headers)
    starlette_response.raw_headers.extend(response.headers)
    return starlette_response
