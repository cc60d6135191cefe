"""GraphQL over HTTP, as one ASGI app: a request in, an answer out, one operation between.

A browser that asks nothing yet is shown the explorer. Refuses in this order: method, viewer, media types, body,
document, operation; each with JSON and a code. Streams of subscriptions and WebSockets are handed on to those who speak
them.
"""

from collections.abc import Awaitable, Callable

import strawberry
from graphql import OperationType
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.auth.authenticator import Keyring
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.execution.documents import Refused
from graphql_app.execution.runner import Operations
from graphql_app.observability import logging, metrics
from graphql_app.settings import Settings
from graphql_app.transport import graphiql, http_request, http_response
from graphql_app.transport.http_call import GONE, Call, address, idempotency_key, request_id_of
from graphql_app.transport.http_response import Reply
from graphql_app.transport.timeout import Gone, Patience

METHODS = "GET, HEAD, POST, OPTIONS"


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
        headers: http_request.Headers = dict(scope["headers"])
        accepts = http_request.accepts(headers.get(b"accept", b""))
        request_id = request_id_of(headers)
        logging.request_id.set(request_id)
        with metrics.Operation() as seen:
            try:
                reply = await self.reply(scope, receive, send, headers, accepts, request_id, seen)
            except Gone:
                seen.code = GONE
                return
            except (request_errors.RequestError, Refused) as error:
                reply = http_response.refused(error, accepts, request_id)
            except Exception as error:
                reply = http_response.refused(error_formatting.of_exception(error, request_id), accepts, request_id)
            if reply is not None:
                seen.code = reply.code
                await reply.send(send, head=scope["method"] == "HEAD")

    async def reply(
        self, scope: Scope, receive: Receive, send: Send, headers: http_request.Headers, accepts: http_request.Accepts,
        request_id: str, seen: metrics.Operation,
    ) -> Reply | None:  # fmt: skip
        """The response; None where a stream was sent instead."""
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, b"", [(b"allow", METHODS.encode())])
        if method not in ("GET", "HEAD", "POST"):
            raise request_errors.MethodNotAllowed("Use POST, or GET for queries.", allow=METHODS)
        posted = method == "POST"
        if not posted and self.settings.explorer and graphiql.wanted(accepts, scope["query_string"]):
            return graphiql.page(keyless=self.keys.keyless)
        async with Patience(receive, http_request.BODY_TIMEOUT, self.settings.request_timeout) as patience:
            viewer = await self.keys(scope)
            patience.late = request_errors.SlowRequest
            body = await http_request.read_body(headers, receive) if posted else b""
            asked = http_request.from_body(body) if posted else http_request.from_query_string(scope["query_string"])
            operation = self.operations.operation(asked, viewer)
            seen.kind = operation.kind.value
            call = Call(scope, receive, headers, accepts, request_id, viewer, asked, operation)
            if operation.kind is not OperationType.SUBSCRIPTION:
                if accepts.answer is None:
                    raise request_errors.NotAcceptable
                if not posted and not operation.reads:
                    raise request_errors.MethodNotAllowed("A mutation is sent by POST.", allow="POST")
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
        reply = http_response.answered(answer, media_type, call.request_id)
        if not posted and operation.trusted and answer.code == "ok":
            reply = http_response.cacheable(reply, call.headers)
        elif not posted:
            reply.headers.append(http_response.NOT_STORED)
        return await http_response.packed(reply, call.headers)

    async def streamed(self, call: Call, send: Send) -> str:
        """Hand a subscription on; the code with which it ended."""
        if self.stream is None or not call.accepts.events:
            raise request_errors.NotAcceptable("A subscription is answered as `text/event-stream`: accept that.")
        return await self.stream(call, send)


async def turn_away(_scope: Scope, receive: Receive, send: Send) -> None:
    """Close a WebSocket that nobody speaks to."""
    await receive()
    await send({"type": "websocket.close", "code": 4406, "reason": "There is no WebSocket here."})
