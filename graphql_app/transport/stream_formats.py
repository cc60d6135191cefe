"""How the messages of a subscription are written into an HTTP response: as server-sent events, or as the parts of
Apollo's multipart subscription protocol.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections mode),
https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

from typing import ClassVar, Protocol

from graphql_app.subscriptions.change_query import ChangeMessage
from graphql_app.transport import http_request, http_response

RECONNECT_MILLISECONDS = 1_000
"""Time after which a browser reconnects to an event stream that stopped."""
BOUNDARY = "graphql"
"""The boundary between the parts of a multipart response."""
STREAM_HEADERS: http_response.ResponseHeaders = [
    (b"x-accel-buffering", b"no"),
    http_response.NO_STORE,
    http_response.NOSNIFF,
]
"""Headers of every stream; `X-Accel-Buffering` keeps nginx from buffering it."""


class StreamFormat(Protocol):
    """The bytes of a stream."""

    headers: ClassVar[http_response.ResponseHeaders]
    """The headers of the response."""

    @staticmethod
    def opening(request_id: str, cursor: str) -> bytes:
        """The beginning of the stream; `cursor` is the position at which it starts."""
        ...

    @staticmethod
    def message(message: ChangeMessage) -> bytes:
        """One message of the subscription."""
        ...

    @staticmethod
    def heartbeat(cursor: str | None) -> bytes:
        """Shows that the stream is alive. `cursor` is the new position, None if it has not changed."""
        ...

    @staticmethod
    def error(body: bytes) -> bytes:
        """The error that ends the stream, and its end; `body` is its JSON envelope."""
        ...


class EventStream:
    """Server-sent events. The id of each event is the cursor of the change, for `Last-Event-ID`."""

    headers: ClassVar[http_response.ResponseHeaders] = [
        (b"content-type", f"{http_request.EVENT_STREAM}; charset=utf-8".encode()),
        *STREAM_HEADERS,
    ]

    @staticmethod
    def opening(request_id: str, cursor: str) -> bytes:
        """A comment with the request id, the time until a reconnect, and the id from which a client continues."""
        return f": {request_id}\nretry: {RECONNECT_MILLISECONDS}\nid: {cursor}\n\n".encode()

    @staticmethod
    def message(message: ChangeMessage) -> bytes:
        """An event `next`."""
        return message.event

    @staticmethod
    def heartbeat(cursor: str | None) -> bytes:
        """An id without an event, so that the position of the client advances; otherwise a comment."""
        return b":\n\n" if cursor is None else f"id: {cursor}\n\n".encode()

    @staticmethod
    def error(body: bytes) -> bytes:
        """An event `next` with the error, and the event `complete`."""
        return EventStream.result(body)

    @staticmethod
    def result(body: bytes) -> bytes:
        """The whole stream of a query or mutation: an event `next` with its result, and the event `complete`."""
        return b"event: next\ndata: " + body + b"\n\nevent: complete\ndata:\n\n"


class MultipartStream:
    """Parts of a multipart response, each followed by a boundary, because clients read a part up to it."""

    headers: ClassVar[http_response.ResponseHeaders] = [
        (b"content-type", f'{http_request.MULTIPART};boundary="{BOUNDARY}";subscriptionSpec="1.0"'.encode()),
        *STREAM_HEADERS,
    ]

    @staticmethod
    def opening(request_id: str, cursor: str) -> bytes:
        """The first boundary, and a part without content so that the client knows that the stream has started."""
        return f"\r\n--{BOUNDARY}".encode() + part(b"{}")

    @staticmethod
    def message(message: ChangeMessage) -> bytes:
        """A part with the response as `payload`."""
        return part(b'{"payload":' + message.payload.encode() + b"}")

    @staticmethod
    def heartbeat(cursor: str | None) -> bytes:
        """An empty object, which clients ignore."""
        return part(b"{}")

    @staticmethod
    def error(body: bytes) -> bytes:
        """A part with `errors` next to an empty `payload`, and the last boundary."""
        return part(b'{"payload":null,' + body.removeprefix(b"{")) + b"--\r\n"


def part(body: bytes) -> bytes:
    """One part after a boundary, and the next boundary."""
    return b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n" + body + f"\r\n--{BOUNDARY}".encode()
