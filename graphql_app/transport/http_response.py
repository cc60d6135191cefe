"""Answers and refusals → what HTTP sends: status, headers, bytes.

A fault of the HTTP has its status always. A fault of the GraphQL has it under `application/graphql-response+json`, and
200 under `application/json`, as GraphQL over HTTP wants it.
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
from graphql_app.transport import http_request

Headers = list[tuple[bytes, bytes]]
GZIP_MIN_BYTES, GZIP_IN_THREAD_BYTES = 1_024, 128_000
"""Bytes from which an answer is compressed, and from which that is left to a thread."""
CONTENT_TYPES = {
    media_type: (b"content-type", f"{media_type}; charset=utf-8".encode())
    for media_type in (http_request.JSON, http_request.GRAPHQL_RESPONSE_JSON)
}
NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")
REVALIDATE = (b"cache-control", b"private, no-cache")
VARY = (b"vary", b"accept, accept-encoding, authorization")
CLOSES_CONNECTION = (request_errors.PayloadTooLarge, request_errors.RequestTimeout)
"""After these the rest of the body is not read."""


class Response(NamedTuple):
    """One response."""

    status: int
    body: bytes
    headers: Headers
    code: str = "ok"
    """That of its first error, for the metrics."""

    async def send(self, send: Send, *, head: bool = False) -> None:
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body})


def from_result(answer: OperationResult, media_type: str, request_id: str) -> Response:
    """What an operation came to."""
    headers: Headers = [CONTENT_TYPES[media_type], (b"x-request-id", request_id.encode()), NOSNIFF]
    if answer.fatal_error is None:
        return Response(200, answer.body, headers, answer.code)
    return Response(answer.fatal_error.status, answer.body, [*headers, *error_headers(answer.fatal_error)], answer.code)


def from_error(
    error: request_errors.RequestError | InvalidDocument, accepts: http_request.AcceptedTypes, request_id: str
) -> Response:
    """Why nothing was run."""
    media_type = accepts.media_type or http_request.JSON
    headers: Headers = [CONTENT_TYPES[media_type], (b"x-request-id", request_id.encode()), NOSNIFF, NO_STORE]
    if isinstance(error, InvalidDocument):
        shown = error_formatting.format_document_errors(error.errors, error.code, request_id)
        status = 200 if accepts.media_type == http_request.JSON else 400
        return Response(status, error_formatting.encode_errors(shown), headers, error.code)
    body = error_formatting.encode_errors([error_formatting.format_error(error, request_id)])
    quiet = isinstance(error, request_errors.GraphQLRequestError) and accepts.media_type == http_request.JSON
    return Response(200 if quiet else error.status, body, [*headers, *error_headers(error)], error.code)


def error_headers(error: request_errors.RequestError) -> Headers:
    """The headers that go with an error."""
    found: Headers = []
    if error.retry_after is not None:
        found.append((b"retry-after", b"%d" % error.retry_after))
    if isinstance(error, request_errors.MethodNotAllowed):
        found.append((b"allow", error.allow.encode()))
    if isinstance(error, request_errors.Unauthenticated):
        found.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, CLOSES_CONNECTION):
        found.append((b"connection", b"close"))
    return found


def with_etag(reply: Response, headers: http_request.Headers) -> Response:
    """An answer to GET that may be kept and asked about again: 304 where it is still the same."""
    tag = b'W/"' + hashlib.blake2b(reply.body, digest_size=12).hexdigest().encode() + b'"'
    known = {one.strip().removeprefix(b"W/") for one in headers.get(b"if-none-match", b"").split(b",")}
    added: Headers = [(b"etag", tag), REVALIDATE, VARY]
    if tag.removeprefix(b"W/") in known:
        return reply._replace(status=304, body=b"", headers=[*reply.headers, *added])
    return reply._replace(headers=[*reply.headers, *added])


async def compress(reply: Response, headers: http_request.Headers) -> Response:
    """Compressed, where that is worth it and the client takes it."""
    if len(reply.body) < GZIP_MIN_BYTES or not accepts_gzip(headers.get(b"accept-encoding", b"")):
        return reply
    if len(reply.body) < GZIP_IN_THREAD_BYTES:
        body = gzip_body(reply.body)
    else:
        body = await asyncio.to_thread(gzip_body, reply.body)
    return reply._replace(body=body, headers=[*reply.headers, (b"content-encoding", b"gzip")])


def gzip_body(body: bytes) -> bytes:
    return zlib.compress(body, 1, 31)


@lru_cache(64)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether a client takes gzip."""
    for one in accept_encoding.lower().split(b","):
        name, _, quality = one.partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return quality.strip().replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


async def starlette_error_handler(_request: Request, error: Exception) -> StarletteResponse:
    """What Starlette refuses at any address, as JSON with a code."""
    status = error.status_code if isinstance(error, HTTPException) else request_errors.InternalError.status
    said = {
        404: request_errors.NotFound(),
        405: request_errors.MethodNotAllowed("This method is not allowed here.", allow=""),
    }
    known = said.get(status) or (request_errors.RequestError() if status < 500 else request_errors.InternalError())
    shown = {"message": known.message, "extensions": {"code": known.code}}
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return StarletteResponse(error_formatting.encode_errors([shown]), status, headers, media_type=http_request.JSON)
