"""graphql-transport-ws: a client's frame → a message, or the reason to close the socket.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. Refuses whatever is not exactly one of its messages.
"""

from typing import Any, NamedTuple

import orjson

from graphql_app.errors import request_errors
from graphql_app.execution import request

PROTOCOL = "graphql-transport-ws"
BAD, UNAUTHORIZED, FORBIDDEN, NOT_SPOKEN = 4400, 4401, 4403, 4406
SLOW_INIT, DUPLICATE, TOO_MANY, BROKEN = 4408, 4409, 4429, 4500
"""Codes with which a socket is closed."""
MOST_ID = 128
PAYLOADS = {"connection_init": False, "ping": False, "pong": False, "subscribe": True}
"""Messages that may have a payload, an object; and whether they must."""
IDENTIFIED = ("subscribe", "complete")
ACK, PING, PONG = '{"type":"connection_ack"}', "ping", '{"type":"pong"}'


class Closed(Exception):
    """The socket is closed with this code and this reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(code, reason)


class Received(NamedTuple):
    """A message of the client."""

    kind: str
    id: str
    payload: dict[str, Any]
    text: bytes


def read(frame: Any) -> Received:
    """The message of an ASGI event. Raises `Closed`."""
    if frame.get("text") is None:
        raise Closed(BAD, "Binary frames are not taken.")
    try:
        text = frame["text"].encode()
        given = request.parse_json(text, "The message")
    except request_errors.RequestError as error:
        raise Closed(BAD, error.message) from None
    if not isinstance(given, dict):
        raise Closed(BAD, "A message is a JSON object.")
    kind, name, payload = given.get("type"), given.get("id"), given.get("payload")
    if not isinstance(kind, str) or kind not in (*PAYLOADS, *IDENTIFIED):
        raise Closed(BAD, "`type` is none that a client sends.")
    if kind in IDENTIFIED and not (isinstance(name, str) and 0 < len(name) <= MOST_ID):
        raise Closed(BAD, f"`id` must be a string of 1 to {MOST_ID} characters.")
    if kind in PAYLOADS and not (isinstance(payload, dict) or (payload is None and not PAYLOADS[kind])):
        raise Closed(BAD, "`payload` must be an object.")
    return Received(kind, str(name), payload if isinstance(payload, dict) else {}, text)


def asked(received: Received) -> request.Asked:
    """What a `subscribe` asks. Raises `Closed` where it is none."""
    try:
        return request.asked(received.payload, len(received.text), request.parts(received.text))
    except request_errors.RequestError as error:
        raise Closed(BAD, error.message) from None


def next_(name: str) -> tuple[str, str]:
    """What stands before and behind the payload of a `next`."""
    return f'{{"id":{orjson.dumps(name).decode()},"type":"next","payload":', "}"


def complete(name: str) -> str:
    return orjson.dumps({"id": name, "type": "complete"}).decode()


def failed(name: str, shown: list[dict[str, Any]]) -> str:
    return orjson.dumps({"id": name, "type": "error", "payload": shown}).decode()
