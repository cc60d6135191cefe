"""uvicorn as this app runs on it: bounded in connections, in header bytes and in the time that a client may take.

In flows an ASGI app and the settings, out flows a `uvicorn.Config`. What uvicorn has no bound for is refused here: a
head that is too large or does not come to its end, more connections than the settings allow, answers that are never
read. Every refusal is JSON with a code, as the API's own.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import uvicorn
from httptools import HttpParserError
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.settings import Settings
from graphql_app.transport.http_call import request_id_from

MAX_HEADER_BYTES, MAX_HEADERS = 65_536, 100
"""Bytes of the request line with all headers, and their number."""
MAX_WEBSOCKET_MESSAGE_BYTES = 65_536
GRACEFUL_SHUTDOWN_SECONDS = 10
"""Seconds that requests in flight have to finish when the process is told to end."""


class AbortsSlowWriters(asyncio.Protocol):
    """A protocol whose client is cut off when it takes nothing of what it is sent."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    read_timeout = 30.0
    """Seconds after which a client that takes nothing is cut off."""
    stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.stalled is None:
            self.stalled = self.loop.call_later(self.read_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.stalled is not None:
            self.stalled.cancel()
            self.stalled = None


class HttpProtocol(AbortsSlowWriters, HttpToolsProtocol):
    """HTTP/1.1 by httptools, whose clients are not waited for without end."""

    head_timeout = 10.0
    """Seconds from the first moment that a request could come until its headers are there."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.head_bytes, self.head_complete = 0, False
        self.unsent: int | None = None
        self.running: RequestResponseCycle | None = None
        self.timer: asyncio.TimerHandle | None = self.loop.call_later(self.head_timeout, self.head_late)
        most, self.limit_concurrency = self.config.limit_concurrency, None  # uvicorn's own answer is no JSON
        if most is not None and len(self.connections) > most:
            self.app = too_many_connections

    def connection_lost(self, exc: Exception | None) -> None:
        self.disarm()
        self.resume_writing()
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True  # uvicorn tells only the last of pipelined requests
            self.running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing() or self not in self.connections or not self.awaits_head():
            return  # in the second case it is a WebSocket's now
        self.head_bytes += len(data)
        if self.head_bytes > MAX_HEADER_BYTES:
            self.refuse(headers_too_large())
        elif self.timer is None:
            self.timer = self.loop.call_later(self.head_timeout, self.head_late)

    def awaits_head(self) -> bool:
        """Whether what comes is part of a head, or noise after an answer that was given."""
        if not self.head_complete:
            return True
        return self.cycle is not None and self.cycle.response_complete and self.timeout_keep_alive_task is None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_complete = False

    def on_headers_complete(self) -> None:
        self.disarm()
        self.head_bytes, self.head_complete = 0, True
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEADER_BYTES or len(self.headers) > MAX_HEADERS:
            self.refuse(headers_too_large())
            raise HttpParserError("The head is too large.")  # which ends the reading
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self.pause_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection; one that stopped taking its answer is cut off instead of waited for."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent == self.unsent:
            self.transport.abort()
        elif unsent:
            self.unsent = unsent
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def head_late(self) -> None:
        self.timer = None
        self.refuse(request_errors.RequestTimeout())

    def send_400_response(self, msg: str) -> None:
        self.refuse(request_errors.RequestError(msg))

    def refuse(self, error: request_errors.RequestError) -> None:
        """Answer without the app, and close."""
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


class WebSocketProtocol(AbortsSlowWriters, WebSocketsSansIOProtocol):
    """WebSocket by the websockets library; a client that takes nothing of what it is sent is cut off."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.resume_writing()
        super().connection_lost(exc)


def headers_too_large() -> request_errors.HeadersTooLarge:
    return request_errors.HeadersTooLarge(
        f"The headers have more than {MAX_HEADER_BYTES} bytes, or are more than {MAX_HEADERS}: the limits."
    )


async def too_many_connections(scope: Scope, _receive: Receive, send: Send) -> None:
    """The app of a connection that is one too many."""
    error = request_errors.Overloaded("Too many connections are open: try again.")
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


def config(app: Any, settings: Settings, **more: Any) -> uvicorn.Config:
    """How the app is served. `more` goes to uvicorn as it is."""

    given: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "http": HttpProtocol,
        "loop": "uvloop",
        "ws": WebSocketProtocol,
        "ws_max_size": MAX_WEBSOCKET_MESSAGE_BYTES,
        "ws_per_message_deflate": False,
        "limit_concurrency": settings.max_connections,
        "timeout_graceful_shutdown": GRACEFUL_SHUTDOWN_SECONDS,
        "log_level": settings.log_level,
        "access_log": False,
        "server_header": False,
    }
    return uvicorn.Config(app, **{**given, **more})
