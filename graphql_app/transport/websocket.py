"""The WebSocket handshake of `/graphql`, as an ASGI app; `websocket_connection.py` handles an accepted connection.

A handshake from a page of another origin is rejected with 403, and with 503 if the process has too many streams open:
browsers do not apply CORS to WebSockets, so the origin is checked here. Without the subprotocol graphql-transport-ws
the socket is closed with 4406. A rejected handshake has the same JSON body and headers as an error over HTTP.
"""

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from graphql_app.errors import request_errors
from graphql_app.observability import logging
from graphql_app.subscriptions.broker import SubscriptionBroker
from graphql_app.transport import http_request, http_response, websocket_messages
from graphql_app.transport.http_call import request_id_from
from graphql_app.transport.websocket_connection import WebSocketConnection, send_close
from graphql_app.transport.websocket_messages import CloseSocket


class WebSocketApp:
    """The ASGI app for WebSocket connections to the endpoint."""

    def __init__(self, broker: SubscriptionBroker) -> None:
        self.broker = broker
        origins = broker.settings.cors_origins.split(",")
        self.allowed_origins = {origin.strip() for origin in origins if origin.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = dict(scope["headers"])
        if not self.is_allowed_origin(headers):
            message = "Pages of this origin may not open a WebSocket. SHIPMENTS_CORS_ORIGINS lists the allowed origins."
            await reject_handshake(scope, send, request_errors.Forbidden(message))
            return
        try:
            with self.broker.stream_slot():
                has_protocol = websocket_messages.PROTOCOL in scope["subprotocols"]
                subprotocol = websocket_messages.PROTOCOL if has_protocol else None
                await send({"type": "websocket.accept", "subprotocol": subprotocol})
                if has_protocol:
                    await WebSocketConnection(self.broker, scope, receive, send).run()
                else:
                    reason = f"The subprotocol must be {websocket_messages.PROTOCOL}."
                    await send_close(send, CloseSocket(websocket_messages.SUBPROTOCOL_NOT_ACCEPTABLE, reason))
        except request_errors.Overloaded as error:
            await reject_handshake(scope, send, error)

    def is_allowed_origin(self, headers: http_request.RequestHeaders) -> bool:
        """Whether the page that opens the socket may do so: it has the server's own host, or `cors_origins` names its
        origin. Clients other than browsers send no `Origin` and are allowed."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return not origin or origin.partition("://")[2] == host or bool(self.allowed_origins & {origin, "*"})


async def reject_unknown_url(websocket: WebSocket) -> None:
    """Reject the handshake at any URL but the endpoint's with 404."""
    await websocket.receive()
    await reject_handshake(websocket.scope, websocket.send, request_errors.NotFound())


async def reject_handshake(scope: Scope, send: Send, error: request_errors.RequestError) -> None:
    """Respond to a handshake with an HTTP error, like any other request that is not executed."""
    request_id = request_id_from(dict(scope["headers"]))
    logging.request_id.set(request_id)
    await http_response.from_error(error, request_id).send(send, prefix="websocket.")
