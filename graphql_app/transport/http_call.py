"""TODO docstring."""

import random
import re
from typing import NamedTuple

from graphql import OperationType
from starlette.types import Receive, Scope

from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution import request
from graphql_app.execution.documents import Operation
from graphql_app.transport import http_request

CLIENT_DISCONNECTED = "CLIENT_GONE"
"""What stands in the metrics for an answer that nobody waited for."""
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
IDEMPOTENCY_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')


class HttpCall(NamedTuple):
    """One request as the parts of the endpoint pass it on."""

    scope: Scope
    receive: Receive
    headers: http_request.Headers
    accepted: http_request.AcceptedTypes
    request_id: str
    viewer: Viewer
    request: request.GraphQLRequest
    operation: Operation


def request_id_from(headers: http_request.Headers) -> str:
    """The request's id: the client's own where it sends a sound one, so that its log and ours can be put together."""
    given = headers.get(b"x-request-id")
    if given is not None and REQUEST_ID.fullmatch(given):
        return given.decode()
    return new_request_id()


def new_request_id() -> str:
    return f"{random.getrandbits(64):016x}"


def client_address(scope: Scope) -> str:
    """Where the client is, as far as one can see."""
    client = scope.get("client")
    return client[0] if client else ""


def idempotency_key(call: HttpCall) -> str | None:
    """The `Idempotency-Key` header, which stands for the argument where there is one mutation field."""
    given = call.headers.get(b"idempotency-key")
    if given is None or call.operation.kind is not OperationType.MUTATION:
        return None
    found = IDEMPOTENCY_KEY.fullmatch(given.decode("latin-1"))
    if found is None:
        raise request_errors.RequestError("`Idempotency-Key` must be 1 to 255 visible ASCII characters.")
    if call.operation.size.roots != 1:
        raise request_errors.RequestError(
            "`Idempotency-Key` is for one mutation field: with several, give each `options.idempotencyKey`."
        )
    return found[1]
