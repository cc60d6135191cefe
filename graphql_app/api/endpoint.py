"""GraphQL over HTTP, as one ASGI app: a request in, an answer out, one operation between.

A browser that asks nothing yet is shown the explorer. Refuses in this order: method, viewer, media types, body,
document, operation; each with JSON and a code. Streams of subscriptions and WebSockets are handed on to those who speak
them.
"""

import random
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import strawberry
from graphql import OperationType
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app import errors, observe
from graphql_app.api import answers, explorer, replies, wire
from graphql_app.api.documents import Operation, Refused
from graphql_app.api.operations import Operations
from graphql_app.api.patience import Gone, Patience
from graphql_app.api.replies import Reply
from graphql_app.auth import Viewer
from graphql_app.keyring import Keyring
from graphql_app.settings import Settings

GONE = "CLIENT_GONE"
"""What stands in the metrics for an answer that nobody waited for."""
METHODS = "GET, HEAD, POST, OPTIONS"
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
IDEMPOTENCY_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')


class Call(NamedTuple):
    """One request as the parts of the endpoint pass it on."""

    scope: Scope
    receive: Receive
    headers: wire.Headers
    accepts: wire.Accepts
    request_id: str
    viewer: Viewer
    asked: wire.Asked
    operation: Operation


Stream = Callable[[Call, Send], Awaitable[str]]


class Endpoint:
    """The one address of the API. `stream` answers subscriptions over HTTP, `socket` speaks WebSocket."""

    def __init__(
        self,
        schema: strawberry.Schema,
        engine: AsyncEngine,
        settings: Settings,
        keys: Keyring,
        *,
        wrote: Callable[[], None] = lambda: None,
    ) -> None:
        self.operations = Operations(schema, engine, settings, wrote)
        self.settings, self.keys = settings, keys
        self.stream: Stream | None = None
        self.socket: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await (self.socket or turn_away)(scope, receive, send)
            return
        headers: wire.Headers = dict(scope["headers"])
        accepts = wire.accepts(headers.get(b"accept", b""))
        request_id = request_id_of(headers)
        observe.request_id.set(request_id)
        with observe.Operation() as seen:
            try:
                reply = await self.reply(scope, receive, send, headers, accepts, request_id, seen)
            except Gone:
                seen.code = GONE
                return
            except (errors.RequestError, Refused) as error:
                reply = replies.refused(error, accepts, request_id)
            except Exception as error:
                reply = replies.refused(answers.of_exception(error, request_id), accepts, request_id)
            if reply is not None:
                seen.code = reply.code
                await reply.send(send, head=scope["method"] == "HEAD")

    async def reply(
        self, scope: Scope, receive: Receive, send: Send, headers: wire.Headers, accepts: wire.Accepts,
        request_id: str, seen: observe.Operation,
    ) -> Reply | None:  # fmt: skip
        """The response; None where a stream was sent instead."""
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, b"", [(b"allow", METHODS.encode())])
        if method not in ("GET", "HEAD", "POST"):
            raise errors.MethodNotAllowed("Use POST, or GET for queries.", allow=METHODS)
        posted = method == "POST"
        if not posted and self.settings.explorer and explorer.wanted(accepts, scope["query_string"]):
            return explorer.page(keyless=self.keys.keyless)
        async with Patience(receive, wire.BODY_TIMEOUT, self.settings.request_timeout) as patience:
            viewer = await self.keys(scope)
            patience.late = errors.SlowRequest
            body = await wire.read_body(headers, receive) if posted else b""
            asked = wire.from_body(body) if posted else wire.from_query_string(scope["query_string"])
            operation = self.operations.operation(asked, viewer)
            seen.kind = operation.kind.value
            call = Call(scope, receive, headers, accepts, request_id, viewer, asked, operation)
            if operation.kind is not OperationType.SUBSCRIPTION:
                if accepts.answer is None:
                    raise errors.NotAcceptable
                if not posted and not operation.reads:
                    raise errors.MethodNotAllowed("A mutation is sent by POST.", allow="POST")
                patience.answering(stays=not operation.reads)
                return await self.answered(call, accepts.answer, posted)
        seen.code = await self.streamed(call, send)
        return None

    async def answered(self, call: Call, media_type: str, posted: bool) -> Reply:
        """Run a query or mutation."""
        operation, key = call.operation, idempotency_key(call)
        answer = await self.operations.answer(
            operation, call.asked, call.viewer, address(call.scope), call.request_id, key
        )
        reply = replies.answered(answer, media_type, call.request_id)
        if not posted and operation.trusted and answer.code == "ok":
            reply = replies.cacheable(reply, call.headers)
        elif not posted:
            reply.headers.append(replies.NOT_STORED)
        return await replies.packed(reply, call.headers)

    async def streamed(self, call: Call, send: Send) -> str:
        """Hand a subscription on; the code with which it ended."""
        if self.stream is None or not call.accepts.events:
            raise errors.NotAcceptable("A subscription is answered as `text/event-stream`: accept that.")
        return await self.stream(call, send)


async def turn_away(_scope: Scope, receive: Receive, send: Send) -> None:
    """Close a WebSocket that nobody speaks to."""
    await receive()
    await send({"type": "websocket.close", "code": 4406, "reason": "There is no WebSocket here."})


def request_id_of(headers: wire.Headers) -> str:
    """The request's id: the client's own where it sends a sound one, so that its log and ours can be put together."""
    given = headers.get(b"x-request-id")
    if given is not None and REQUEST_ID.fullmatch(given):
        return given.decode()
    return new_request_id()


def new_request_id() -> str:
    return f"{random.getrandbits(64):016x}"


def address(scope: Scope) -> str:
    """Where the client is, as far as one can see."""
    client = scope.get("client")
    return client[0] if client else ""


def idempotency_key(call: Call) -> str | None:
    """The `Idempotency-Key` header, which stands for the argument where there is one mutation field."""
    given = call.headers.get(b"idempotency-key")
    if given is None or call.operation.kind is not OperationType.MUTATION:
        return None
    found = IDEMPOTENCY_KEY.fullmatch(given.decode("latin-1"))
    if found is None:
        raise errors.RequestError("`Idempotency-Key` must be 1 to 255 visible ASCII characters.")
    if call.operation.size.roots != 1:
        raise errors.RequestError(
            "`Idempotency-Key` is for one mutation field: with several, give each `options.idempotencyKey`."
        )
    return found[1]
