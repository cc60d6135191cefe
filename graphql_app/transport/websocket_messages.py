"""graphql-transport-ws: a client's frame → a message, or the reason to close the socket.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. Refuses whatever is not exactly one of its messages.
"""

from typing import Any, NamedTuple

import orjson

from graphql_app.errors import request_errors
from graphql_app.execution import request

PROTOCOL = "graphql-transport-ws"
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, SUBPROTOCOL_NOT_ACCEPTABLE = 4400, 4401, 4403, 4406
INIT_TIMEOUT, SUBSCRIBER_EXISTS, TOO_MANY_REQUESTS, INTERNAL_ERROR = 4408, 4409, 4429, 4500
"""Codes with which a socket is closed."""
MAX_ID_CHARACTERS = 128
MESSAGES_WITH_PAYLOAD = {"connection_init": False, "ping": False, "pong": False, "subscribe": True}
"""Messages that may have a payload, an object; and whether they must."""
MESSAGES_WITH_ID = ("subscribe", "complete")
ACK, PING, PONG = '{"type":"connection_ack"}', "ping", '{"type":"pong"}'


class CloseSocket(Exception):
    """The socket is closed with this code and this reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(code, reason)


class ClientMessage(NamedTuple):
    """A message of the client."""

    kind: str
    id: str
    payload: dict[str, Any]
    text: bytes


def parse_message(frame: Any) -> ClientMessage:
    """The message of an ASGI event. Raises `Closed`."""
    if frame.get("text") is None:
        raise CloseSocket(BAD_REQUEST, "Binary frames are not taken.")
    try:
        text = frame["text"].encode()
        given = request.parse_json(text, "The message")
    except request_errors.RequestError as error:
        raise CloseSocket(BAD_REQUEST, error.message) from None
    if not isinstance(given, dict):
        raise CloseSocket(BAD_REQUEST, "A message is a JSON object.")
    kind, name, payload = given.get("type"), given.get("id"), given.get("payload")
    if not isinstance(kind, str) or kind not in (*MESSAGES_WITH_PAYLOAD, *MESSAGES_WITH_ID):
        raise CloseSocket(BAD_REQUEST, "`type` is none that a client sends.")
    if kind in MESSAGES_WITH_ID and not (isinstance(name, str) and 0 < len(name) <= MAX_ID_CHARACTERS):
        raise CloseSocket(BAD_REQUEST, f"`id` must be a string of 1 to {MAX_ID_CHARACTERS} characters.")
    if kind in MESSAGES_WITH_PAYLOAD and not (
        isinstance(payload, dict) or (payload is None and not MESSAGES_WITH_PAYLOAD[kind])
    ):
        raise CloseSocket(BAD_REQUEST, "`payload` must be an object.")
    return ClientMessage(kind, str(name), payload if isinstance(payload, dict) else {}, text)


def parse_subscribe(received: ClientMessage) -> request.GraphQLRequest:
    """What a `subscribe` asks. Raises `Closed` where it is none."""
    try:
        return request.parse_parameters(received.payload, len(received.text), request.count_containers(received.text))
    except request_errors.RequestError as error:
        raise CloseSocket(BAD_REQUEST, error.message) from None


def next_message_parts(name: str) -> tuple[str, str]:
    """What stands before and behind the payload of a `next`."""
    return f'{{"id":{orjson.dumps(name).decode()},"type":"next","payload":', "}"


def complete_message(name: str) -> str:
    return orjson.dumps({"id": name, "type": "complete"}).decode()


def error_message(name: str, shown: list[dict[str, Any]]) -> str:
    return orjson.dumps({"id": name, "type": "error", "payload": shown}).decode()
