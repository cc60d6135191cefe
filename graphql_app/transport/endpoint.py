"""The endpoint `/graphql`: GraphQL over HTTP as an ASGI app.

A request is rejected in this order: method, API key, media types, body, document, operation; each time with a JSON body
and an error code. A browser that opens the URL gets GraphiQL. Subscriptions are passed to the SSE handler, WebSocket
connections to the WebSocket app.
"""

from collections.abc import Awaitable, Callable

from graphql import OperationType
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
from graphql_app.transport.stream_formats import EventStream
from graphql_app.transport.timeout import ClientDisconnected, RequestDeadline

METHODS = "GET, HEAD, POST, OPTIONS"
"""The methods of the endpoint, for `Allow`."""
StreamHandler = Callable[[HttpCall, Send], Awaitable[str]]
"""Sends a subscription as a stream; returns the code of the error that ended it, or `ok`."""


class Endpoint:
    """The ASGI app of `/graphql`, for HTTP and WebSocket."""

    def __init__(
        self, runner: OperationRunner, settings: Settings, authenticator: ApiKeyAuthenticator,
        sse_handler: StreamHandler, websocket_app: ASGIApp,
    ) -> None:  # fmt: skip
        self.runner, self.settings, self.authenticator = runner, settings, authenticator
        self.sse_handler, self.websocket_app = sse_handler, websocket_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.websocket_app(scope, receive, send)
            return
        headers: http_request.RequestHeaders = dict(scope["headers"])
        accepted = http_request.parse_accept(headers.get(b"accept", b""))
        request_id = request_id_from(headers)
        logging.request_id.set(request_id)
        with metrics.OperationMetrics() as operation_metrics:
            try:
                response = await self.handle(scope, receive, send, headers, accepted, request_id, operation_metrics)
            except ClientDisconnected:
                operation_metrics.code = CLIENT_DISCONNECTED
                return
            except (request_errors.RequestError, InvalidDocument) as error:
                response = http_response.from_error(error, request_id, accepted)
            except Exception as error:
                classified = error_formatting.classify_request_error(error, request_id)
                response = http_response.from_error(classified, request_id, accepted)
            if response is not None:
                operation_metrics.code = response.code
                await response.send(send, head=scope["method"] == "HEAD")

    async def handle(
        self, scope: Scope, receive: Receive, send: Send, headers: http_request.RequestHeaders,
        accepted: http_request.AcceptedTypes, request_id: str, operation_metrics: metrics.OperationMetrics,
    ) -> Response | None:  # fmt: skip
        """Handle one HTTP request; returns None if a stream was sent instead of a response.

        Raises:
            MethodNotAllowed: the method is not supported, or a mutation was not sent by POST.
            NotAcceptable: the client accepts neither of the media types of the response.
            RequestError: any other error of the request.
            InvalidDocument: the document is invalid.
            ClientDisconnected: the client has disconnected.
        """
        method = scope["method"]
        if method == "OPTIONS":
            return Response(204, b"", [(b"allow", METHODS.encode())])
        if method not in ("GET", "HEAD", "POST"):
            raise request_errors.MethodNotAllowed(
                f"{method[:40]} is not allowed. Use POST, or GET for queries.", allow=METHODS
            )
        is_post = method == "POST"
        if not is_post and self.settings.explorer and graphiql.is_browser_navigation(accepted, scope["query_string"]):
            return graphiql.page(keyless=self.authenticator.keyless)
        async with RequestDeadline(
            receive, http_request.BODY_TIMEOUT_SECONDS, self.settings.request_timeout
        ) as deadline:
            viewer = await self.authenticator(scope)
            deadline.body_timeout_error = request_errors.RequestTimeout
            if is_post:
                request = http_request.parse_body(await http_request.read_body(headers, receive))
            else:
                request = http_request.parse_query_string(scope["query_string"])
            operation = self.runner.operation(request, viewer)
            operation_metrics.kind = operation.kind.value
            call = HttpCall(scope, receive, headers, accepted, request_id, viewer, request, operation)
            if operation.kind is not OperationType.SUBSCRIPTION:
                if accepted.media_type is None and not accepted.event_stream:
                    raise request_errors.NotAcceptable
                if not is_post and not operation.is_query:
                    raise request_errors.MethodNotAllowed("Mutations must be sent by POST.", allow="POST")
                deadline.response_started(survives_disconnect=not operation.is_query)
                return await self.execute(call, is_post=is_post)
        operation_metrics.code = await self.stream(call, send)
        return None

    async def execute(self, call: HttpCall, *, is_post: bool) -> Response:
        """Execute a query or mutation.

        A trusted query by GET gets an ETag, every other response `Cache-Control: no-store`. A client that accepts only
        `text/event-stream`, such as graphql-sse, gets the result as an event.
        """
        result = await self.runner.run(
            call.operation, call.request, call.viewer, client_address(call.scope), call.request_id,
            idempotency_key(call),
        )  # fmt: skip
        media_type = call.accepted.media_type
        if media_type is None and result.fatal_error is None:
            headers = [*EventStream.headers, (b"x-request-id", call.request_id.encode())]
            return Response(200, EventStream.result(result.body), headers, result.code)
        response = http_response.from_result(result, media_type or http_request.JSON, call.request_id)
        if not is_post and call.operation.trusted and result.code == "ok":
            response = http_response.with_etag(response, call.headers)
        else:
            response.headers.append(http_response.NO_STORE)
        return await http_response.compress(response, call.headers)

    async def stream(self, call: HttpCall, send: Send) -> str:
        """Send a subscription as a stream; returns the code with which it ended.

        Raises:
            NotAcceptable: the client accepts neither `text/event-stream` nor the multipart protocol.
        """
        if not call.accepted.event_stream and not call.accepted.multipart:
            raise request_errors.NotAcceptable(
                "Subscriptions over HTTP require `Accept: text/event-stream` or "
                "`Accept: multipart/mixed;subscriptionSpec=1.0`."
            )
        return await self.sse_handler(call, send)
