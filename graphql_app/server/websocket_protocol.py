"""uvicorn's WebSocket protocol on the websockets library, with the error messages of this API and slow clients closed.

This module uses non-public names of uvicorn.
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.server.slow_readers import AbortsSlowReaders
from graphql_app.transport.http_call import request_id_from

MAX_WEBSOCKET_MESSAGE_BYTES = 65_536
"""Maximum size of a WebSocket message from a client."""

PROTOCOL_ERROR = 1002
"""Close code: a frame violates the protocol (RFC 6455, 7.4.1)."""
INVALID_DATA = 1007
"""Close code: a message does not have the format of its type (RFC 6455, 7.4.1)."""
MESSAGE_TOO_BIG = 1009
"""Close code: a message is too large (RFC 6455, 7.4.1)."""

CLOSE_REASONS = {
    PROTOCOL_ERROR: "The frame violates RFC 6455.",
    INVALID_DATA: "Text messages must be UTF-8.",
    MESSAGE_TOO_BIG: f"Messages must be at most {MAX_WEBSOCKET_MESSAGE_BYTES} bytes.",
}
"""The reasons for the close codes with which the websockets library rejects frames, instead of its own."""

INVALID_HANDSHAKE = "The WebSocket handshake is invalid. Send a GET with the headers of RFC 6455, section 4.1."

logger = logging.getLogger(__name__)


class WebSocketProtocol(AbortsSlowReaders, WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol on the websockets library, with a limit on slow clients, JSON for invalid
    handshakes, and one log line for text that is not UTF-8."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Replace the responses and close reasons of the websockets library by those of this API."""
        super().connection_made(transport)
        accept, fail = self.conn.accept, self.conn.fail

        def accept_or_reject(request: Request) -> Response:
            response = accept(request)
            return response if response.status_code == 101 else rejection(request, response)

        def fail_with_reason(code: int, reason: str = "") -> None:
            fail(code, CLOSE_REASONS.get(code, reason))

        # setattr: the methods of this one connection, of which uvicorn creates the object
        for name, method in (("accept", accept_or_reject), ("fail", fail_with_reason)):
            setattr(self.conn, name, method)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of slow clients."""
        self.resume_writing()
        super().connection_lost(exc)

    def send_receive_event_to_app(self) -> None:
        """Pass a complete message to the app. Close with 1007 if it is text that is not UTF-8 (RFC 6455, 8.1); uvicorn
        itself would log a traceback for this mistake of a client."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not is_utf8(b"".join(self.frames)):
            self.frames = []
            logger.info(
                "A WebSocket client sent a text message that is not UTF-8; its connection was closed with 1007."
            )
            self.conn.fail(INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()


def rejection(request: Request, response: Response) -> Response:
    """Return the response to an invalid handshake: the status of the websockets library, and the JSON of an error."""
    headers: Any = [(name.lower().encode(), value.encode()) for name, value in request.headers.raw_items()]
    request_id = request_id_from(dict(headers))
    body = error_formatting.encode_envelope(request_errors.RequestError(INVALID_HANDSHAKE), request_id)
    kept = [(name, value) for name, value in response.headers.raw_items() if not name.lower().startswith("content-")]
    added = [
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", str(len(body))),
        ("x-request-id", request_id),
    ]
    return Response(response.status_code, response.reason_phrase, Headers([*kept, *added]), body)


def is_utf8(text: bytes) -> bool:
    """Return whether the bytes are valid UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
