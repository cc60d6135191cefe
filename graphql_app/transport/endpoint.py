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

from graphql_app.auth.authenticator import ApiKeyAuthenticator
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.execution.documents import InvalidDocument
from graphql_app.execution.runner import OperationRunner
from graphql_app.observability import logging, metrics
from graphql_app.settings import Settings
from graphql_app.transport import graphiql, http_request, http_response
from graphql_app.transport.http_call import (
    CLIENT_DISCONNECTED,
    HttpCall,
    client_address,
    idempotency_key,
    request_id_from,
)
from graphql_app.transport.http_response import Response
from graphql_app.transport.timeout import ClientDisconnected, RequestDeadline

METHODS = "GET, HEAD, POST, OPTIONS"


Stream = Callable[[HttpCall, Send], Awaitable[str]]


class Endpoint:
    """The one address of the API. `stream` answers subscriptions over HTTP, `socket` speaks WebSocket."""

    def __init__(
        self,
        schema: strawberry.Schema,
        engine: AsyncEngine,
        settings: Settings,
        keys: ApiKeyAuthenticator,
        *,
        wrote: Callable[[], None] = lambda: None,
    ) -> None:
        self.runner = OperationRunner(schema, engine, settings, wrote)
        self.settings, self.authenticator = settings, keys
        self.sse_handler: Stream | None = None
        self.websocket_app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await (self.websocket_app or reject_websocket)(scope, receive, send)
            return
        headers: http_request.Headers = dict(scope["headers"])
        accepts = http_request.parse_accept(headers.get(b"accept", b""))
        request_id = request_id_from(headers)
        logging.request_id.set(request_id)
        with metrics.OperationMetrics() as seen:
            try:
                reply = await self.handle(scope, receive, send, headers, accepts, request_id, seen)
            except ClientDisconnected:
                seen.code = CLIENT_DISCONNECTED
                return
            except (request_errors.RequestError, InvalidDocument) as error:
                reply = http_response.from_error(error, accepts, request_id)
            except Exception as error:
                reply = http_response.from_error(
                    error_formatting.classify_request_error(error, request_id), accepts, request_id
                )
            if reply is not None:
                seen.code = reply.code
                await reply.send(send, head=scope["method"] == "HEAD")

    async def handle(
        self, scope: Scope, receive: Receive, send: Send, headers: http_request.Headers,
        accepts: http_request.AcceptedTypes, request_id: str, seen: metrics.OperationMetrics,
    ) -> Response | None:  # fmt: skip
        """The response; None where a stream was sent instead."""
        method = scope["method"]
        if method == "OPTIONS":
            return Response(204, b"", [(b"allow", METHODS.encode())])
        if method not in ("GET", "HEAD", "POST"):
            raise request_errors.MethodNotAllowed("Use POST, or GET for queries.", allow=METHODS)
        posted = method == "POST"
        if not posted and self.settings.explorer and graphiql.is_browser_navigation(accepts, scope["query_string"]):
            return graphiql.page(keyless=self.authenticator.keyless)
        async with RequestDeadline(
            receive, http_request.BODY_TIMEOUT_SECONDS, self.settings.request_timeout
        ) as patience:
            viewer = await self.authenticator(scope)
            patience.body_timeout_error = request_errors.RequestTimeout
            body = await http_request.read_body(headers, receive) if posted else b""
            asked = http_request.parse_body(body) if posted else http_request.parse_query_string(scope["query_string"])
            operation = self.runner.operation(asked, viewer)
            seen.kind = operation.kind.value
            call = HttpCall(scope, receive, headers, accepts, request_id, viewer, asked, operation)
            if operation.kind is not OperationType.SUBSCRIPTION:
                if accepts.media_type is None:
                    raise request_errors.NotAcceptable
                if not posted and not operation.is_query:
                    raise request_errors.MethodNotAllowed("A mutation is sent by POST.", allow="POST")
                patience.response_started(survives_disconnect=not operation.is_query)
                return await self.execute(call, accepts.media_type, posted)
        seen.code = await self.stream(call, send)
        return None

    async def execute(self, call: HttpCall, media_type: str, posted: bool) -> Response:
        """Run a query or mutation."""
        operation, key = call.operation, idempotency_key(call)
        answer = await self.runner.run(
            operation, call.request, call.viewer, client_address(call.scope), call.request_id, key
        )
        reply = http_response.from_result(answer, media_type, call.request_id)
        if not posted and operation.trusted and answer.code == "ok":
            reply = http_response.with_etag(reply, call.headers)
        elif not posted:
            reply.headers.append(http_response.NO_STORE)
        return await http_response.compress(reply, call.headers)

    async def stream(self, call: HttpCall, send: Send) -> str:
        """Hand a subscription on; the code with which it ended."""
        if self.sse_handler is None or not call.accepted.event_stream:
            raise request_errors.NotAcceptable("A subscription is answered as `text/event-stream`: accept that.")
        return await self.sse_handler(call, send)


async def reject_websocket(_scope: Scope, receive: Receive, send: Send) -> None:
    """Close a WebSocket that nobody speaks to."""
    await receive()
    await send({"type": "websocket.close", "code": 4406, "reason": "There is no WebSocket here."})
