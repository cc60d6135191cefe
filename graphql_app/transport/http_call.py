"""One HTTP request of the endpoint with what its headers say: request id, client address, idempotency key."""

import random
import re
from typing import NamedTuple

from graphql import OperationType
from starlette.types import Receive, Scope

from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution.documents import Operation
from graphql_app.execution.request import GraphQLRequest
from graphql_app.transport.http_request import AcceptedTypes, RequestHeaders

CLIENT_DISCONNECTED = "CLIENT_DISCONNECTED"
"""Code in the metrics for a response that could not be delivered because the client had disconnected."""
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""A request id that is accepted from a client: safe in headers, log lines and JSON."""
IDEMPOTENCY_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')
"""1 to 255 visible ASCII characters without quotes; the header may be quoted, as in the IETF's
draft-ietf-httpapi-idempotency-key-header."""


class HttpCall(NamedTuple):
    """A parsed and authenticated HTTP request, as the endpoint passes it to `execute` and to the SSE handler."""

    scope: Scope
    receive: Receive
    headers: RequestHeaders
    accepted: AcceptedTypes
    request_id: str
    viewer: Viewer
    request: GraphQLRequest
    operation: Operation


def request_id_from(headers: RequestHeaders) -> str:
    """The client's `X-Request-Id` if it is valid (8 to 64 of `A-Za-z0-9._-`), so that both logs can be correlated;
    otherwise a generated id."""
    header = headers.get(b"x-request-id")
    if header is not None and REQUEST_ID.fullmatch(header):
        return header.decode()
    return new_request_id()


def new_request_id() -> str:
    """A random request id of 16 hexadecimal digits."""
    return f"{random.getrandbits(64):016x}"


def client_address(scope: Scope) -> str:
    """The IP address of the client, as uvicorn reports it; empty if unknown."""
    client = scope.get("client")
    return client[0] if client else ""


def idempotency_key(call: HttpCall) -> str | None:
    """The `Idempotency-Key` header of a mutation: the same as `options.idempotencyKey` of its only field.

    Returns None without the header, and for a query.

    Raises:
        RequestError: the key is invalid, or the mutation has several fields.
    """
    header = call.headers.get(b"idempotency-key")
    if header is None or call.operation.kind is not OperationType.MUTATION:
        return None
    match = IDEMPOTENCY_KEY.fullmatch(header.decode("latin-1"))
    if match is None:
        raise request_errors.RequestError("`Idempotency-Key` must have 1 to 255 visible ASCII characters.")
    if call.operation.size.roots != 1:
        raise request_errors.RequestError(
            "`Idempotency-Key` requires a mutation with exactly one field. For several fields, pass "
            "`options.idempotencyKey` to each of them."
        )
    return match[1]
