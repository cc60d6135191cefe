"""The messages of graphql-transport-ws: parses those of the client, writes those of the server.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. A frame that is not exactly one of the protocol's
messages closes the socket with 4400.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from starlette.types import Scope

from graphql_app.errors import request_errors
from graphql_app.execution.error_formatting import FormattedError
from graphql_app.execution.request import GraphQLRequest, count_containers, parse_json, parse_parameters

PROTOCOL = "graphql-transport-ws"
"""The WebSocket subprotocol."""
BAD_REQUEST = 4400
"""Close code: the frame is not a message of the protocol."""
UNAUTHORIZED = 4401
"""Close code: `subscribe` before `connection_init` was acknowledged."""
FORBIDDEN = 4403
"""Close code: the API key is missing, invalid or revoked."""
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
"""Close code: the client does not offer the subprotocol."""
INIT_TIMEOUT = 4408
"""Close code: no `connection_init` in time."""
SUBSCRIBER_EXISTS = 4409
"""Close code: the id of a `subscribe` is in use."""
TOO_MANY_REQUESTS = 4429
"""Close code: too many messages, connections or `connection_init`."""
INTERNAL_ERROR = 4500
"""Close code: an unexpected exception, or the database is unavailable."""
MAX_ID_CHARACTERS = 128
"""Maximum length of the id of an operation."""
MAX_REASON_CHARACTERS = 100
"""Maximum length of a close reason, which the WebSocket protocol limits to 123 bytes."""
MESSAGES_WITH_PAYLOAD = {"connection_init": False, "ping": False, "pong": False, "subscribe": True}
"""Types of messages with a payload, which is an object; and whether it is required."""
MESSAGES_WITH_ID = ("subscribe", "complete")
"""Types of messages with the id of an operation."""
PING = "ping"
"""The type of a ping."""
ACK = '{"type":"connection_ack"}'
"""The server's response to `connection_init`."""
PONG = '{"type":"pong"}'
"""The server's response to a ping."""


class CloseSocket(Exception):
    """Close the socket with this code and this reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(code, reason)


class ClientMessage(NamedTuple):
    """A parsed message of the client; `text` is its JSON."""

    kind: str
    id: str
    payload: dict[str, Any]
    text: bytes


def parse_message(event: Any) -> ClientMessage:
    """Parse the message in an ASGI event `websocket.receive`.

    Raises:
        CloseSocket: it is not a message that a client may send.
    """
    if event.get("text") is None:
        raise CloseSocket(BAD_REQUEST, "Binary frames are not supported. Send text frames.")
    try:
        text = event["text"].encode()
        message = parse_json(text, "The message")
    except request_errors.RequestError as error:
        raise CloseSocket(BAD_REQUEST, error.message) from None
    if not isinstance(message, dict):
        raise CloseSocket(BAD_REQUEST, "A message must be a JSON object.")
    kind, name, payload = message.get("type"), message.get("id"), message.get("payload")
    if not isinstance(kind, str) or kind not in (*MESSAGES_WITH_PAYLOAD, *MESSAGES_WITH_ID):
        raise CloseSocket(BAD_REQUEST, "`type` must be a type that a client may send.")
    if kind in MESSAGES_WITH_ID and not (isinstance(name, str) and 0 < len(name) <= MAX_ID_CHARACTERS):
        raise CloseSocket(BAD_REQUEST, f"`id` must be a string of 1 to {MAX_ID_CHARACTERS} characters.")
    if kind in MESSAGES_WITH_PAYLOAD and not (
        isinstance(payload, dict) or (payload is None and not MESSAGES_WITH_PAYLOAD[kind])
    ):
        raise CloseSocket(BAD_REQUEST, "`payload` must be an object.")
    return ClientMessage(kind, str(name), payload if isinstance(payload, dict) else {}, text)


def parse_subscribe(message: ClientMessage) -> GraphQLRequest:
    """Parse the payload of a `subscribe` message.

    Raises:
        CloseSocket: a parameter has the wrong type.
    """
    try:
        return parse_parameters(message.payload, len(message.text), count_containers(message.text))
    except request_errors.RequestError as error:
        raise CloseSocket(BAD_REQUEST, error.message) from None


def authenticate_payload(scope: Scope, payload: dict[str, Any]) -> Scope:
    """The scope of the handshake with the `authorization` of a `connection_init` payload as a header.

    It is taken from the payload or from `headers` within it, in any case, and has precedence over the header of the
    handshake. A value that cannot be a header becomes `?`, which is not a valid key.
    """
    nested = payload.get("headers")
    for name, value in [*payload.items(), *(nested.items() if isinstance(nested, dict) else ())]:
        if name.lower() == "authorization" and value not in (None, ""):
            is_valid = isinstance(value, str) and value.isascii() and value.isprintable()
            header = (b"authorization", value.encode() if is_valid else b"?")
            return {**scope, "headers": [*scope["headers"], header]}
    return scope


def next_message_parts(operation_id: str) -> tuple[str, str]:
    """The text before and after the payload of a `next` message; the payload is JSON already."""
    return f'{{"id":{orjson.dumps(operation_id).decode()},"type":"next","payload":', "}"


def complete_message(operation_id: str) -> str:
    """A `complete` message."""
    return orjson.dumps({"id": operation_id, "type": "complete"}).decode()


def error_message(operation_id: str, errors: Sequence[FormattedError]) -> str:
    """An `error` message; its payload is the list of errors."""
    return orjson.dumps({"id": operation_id, "type": "error", "payload": errors}).decode()
