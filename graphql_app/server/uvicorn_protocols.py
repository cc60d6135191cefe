"""uvicorn's HTTP protocol with limits on connections, header size and slow clients, and uvicorn's configuration.

`config()` returns the `uvicorn.Config` for an ASGI app. uvicorn itself does not limit the size of the headers, the time
until they are complete, and the time for which a client reads nothing of a response. Requests over a limit are rejected
with the same JSON as other errors of the API. This module uses non-public names of uvicorn.
"""

import asyncio
from collections import OrderedDict
from http import HTTPStatus
from typing import Any

import uvicorn
from httptools import HttpParserError
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.server.slow_readers import AbortsSlowReaders
from graphql_app.server.websocket_protocol import MAX_WEBSOCKET_MESSAGE_BYTES, WebSocketProtocol
from graphql_app.settings import Settings
from graphql_app.transport.http_call import request_id_from

MAX_HEADER_BYTES = 65_536
"""Maximum size of the request line with all headers."""

MAX_HEADERS = 100
"""Maximum number of headers per request."""

GRACEFUL_SHUTDOWN_SECONDS = 10
"""Maximum time for requests in progress to finish when the process shuts down."""


class HttpProtocol(AbortsSlowReaders, HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol on httptools, with limits on headers and on slow clients."""

    head_timeout_seconds = 10.0
    """Maximum seconds until the headers of a request are complete, counted from the connection, or from the first byte
    of a further request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer of the headers, and reject the connection if there are too many."""
        super().connection_made(transport)
        self.head_bytes = 0
        self.head_complete = False
        self.unsent_bytes: int | None = None
        self.active_cycle: RequestResponseCycle | None = None
        self.head_timer: asyncio.TimerHandle | None = self.loop.call_later(
            self.head_timeout_seconds, self.head_timed_out
        )
        # Disable uvicorn's own limit, whose response is not JSON.
        max_connections, self.limit_concurrency = self.config.limit_concurrency, None
        if max_connections is not None and len(self.connections) > max_connections and not close_longest_idle():
            self.app = too_many_connections

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers and notify the request in progress. uvicorn notifies only the last of pipelined requests."""
        self.cancel_head_timer()
        self.resume_writing()
        IDLE_CONNECTIONS.pop(self, None)
        if self.active_cycle is not None and not self.active_cycle.response_complete:
            self.active_cycle.disconnected = True
            self.active_cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, and count them and the time until the headers are complete."""
        super().data_received(data)
        # A connection that is no longer in `connections` belongs to the WebSocket protocol.
        if self.transport.is_closing() or self not in self.connections or not self.expects_head():
            return
        self.head_bytes += len(data)
        if self.head_bytes > MAX_HEADER_BYTES:
            self.reject(headers_too_large())
        elif self.head_timer is None:
            self.head_timer = self.loop.call_later(self.head_timeout_seconds, self.head_timed_out)

    def expects_head(self) -> bool:
        """Whether received bytes belong to the headers of a request, or to none: they follow a complete response."""
        if not self.head_complete:
            return True
        return self.cycle is not None and self.cycle.response_complete and self.timeout_keep_alive_task is None

    def on_message_begin(self) -> None:
        """Note the start of a request."""
        super().on_message_begin()
        self.head_complete = False

    def on_headers_complete(self) -> None:
        """Check the limits of the headers before uvicorn starts the app. Beyond them, raise HttpParserError."""
        self.cancel_head_timer()
        self.head_bytes = 0
        self.head_complete = True
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEADER_BYTES or len(self.headers) > MAX_HEADERS:
            self.reject(headers_too_large())
            raise HttpParserError("The headers are too large.")  # ends the parsing of this connection
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.active_cycle = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Start the timer of slow clients if there are unsent bytes. Without them the connection is idle."""
        super().on_response_complete()
        self.unsent_bytes = self.transport.get_write_buffer_size()
        if self.transport.is_closing() and self.unsent_bytes:
            self.pause_writing()
        elif self.timeout_keep_alive_task is not None:
            IDLE_CONNECTIONS[self] = None
            if self.unsent_bytes:
                self.timeout_keep_alive_task.cancel()
                self.timeout_keep_alive_task = self.loop.call_later(self.read_timeout_seconds, self.check_reading)

    def check_reading(self) -> None:
        """Abort the connection if the client has read nothing of a complete response since the last check; start the
        keep-alive time once it has read everything."""
        unsent_bytes = self.transport.get_write_buffer_size()
        if unsent_bytes and unsent_bytes == self.unsent_bytes:
            self.transport.abort()
            return
        self.unsent_bytes = unsent_bytes
        delay, callback = (
            (self.read_timeout_seconds, self.check_reading)
            if unsent_bytes
            else (self.timeout_keep_alive, self.timeout_keep_alive_handler)
        )
        self.timeout_keep_alive_task = self.loop.call_later(delay, callback)

    def _unset_keepalive_if_required(self) -> None:
        IDLE_CONNECTIONS.pop(self, None)
        super()._unset_keepalive_if_required()

    def is_stalled(self) -> bool:
        """Whether the client does not read the response, or has not sent its whole request."""
        half_sent = self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete
        return half_sent or super().is_stalled()

    def cancel_head_timer(self) -> None:
        """Stop the timer of the headers."""
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def head_timed_out(self) -> None:
        """Reject a request whose headers were not complete in time."""
        self.head_timer = None
        self.reject(request_errors.RequestTimeout())

    def send_400_response(self, msg: str) -> None:
        """Reject a request that is no valid HTTP. `msg` is uvicorn's own text."""
        self.reject(request_errors.RequestError("The request is not valid HTTP/1.1."))

    def reject(self, error: request_errors.RequestError) -> None:
        """Send an error response without calling the app, and close the connection."""
        if self.transport.is_closing():
            return
        request_id = request_id_from(dict(self.headers or ()))
        body, phrase = error_formatting.encode_envelope(error, request_id), HTTPStatus(error.status).phrase
        head = (
            f"HTTP/1.1 {error.status} {phrase}\r\ncontent-type: application/json; charset=utf-8\r\n"
            f"x-request-id: {request_id}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


IDLE_CONNECTIONS: OrderedDict[HttpProtocol, None] = OrderedDict()
"""The keep-alive connections of this process that wait for their next request, the longest idle one first."""


def close_longest_idle() -> bool:
    """Close the connection that has been idle for the longest time. Returns whether there is one."""
    while IDLE_CONNECTIONS:
        connection, _ = IDLE_CONNECTIONS.popitem(last=False)
        if not connection.transport.is_closing():
            connection.transport.close()
            return True
    return False


def headers_too_large() -> request_errors.HeadersTooLarge:
    """Return the error for a request whose headers exceed a limit."""
    return request_errors.HeadersTooLarge(
        f"The request line and headers must be at most {MAX_HEADER_BYTES} bytes and {MAX_HEADERS} headers."
    )


async def too_many_connections(scope: Scope, _receive: Receive, send: Send) -> None:
    """ASGI app for connections over SHIPMENTS_MAX_CONNECTIONS: responds to every request with 503."""
    error = request_errors.Overloaded("Too many connections. Retry after the seconds in the `Retry-After` header.")
    request_id = request_id_from(dict(scope["headers"]))
    body = error_formatting.encode_envelope(error, request_id)
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"x-request-id", request_id.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"retry-after", b"%d" % error.retry_after),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def config(app: Any, settings: Settings, **overrides: Any) -> uvicorn.Config:
    """Return uvicorn's configuration for an app or its import string. `overrides` are arguments of uvicorn.Config."""
    arguments: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "http": HttpProtocol,
        "loop": "uvloop",
        "ws": WebSocketProtocol,
        "ws_max_size": MAX_WEBSOCKET_MESSAGE_BYTES,
        "ws_per_message_deflate": False,
        "limit_concurrency": settings.max_connections,
        "timeout_keep_alive": settings.keep_alive_timeout,
        "timeout_graceful_shutdown": GRACEFUL_SHUTDOWN_SECONDS,
        "log_level": settings.log_level,
        "access_log": False,
        "server_header": False,
    }
    return uvicorn.Config(app, **{**arguments, **overrides})
