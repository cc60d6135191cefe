"""graphql-transport-ws over a WebSocket: any operation, many at once, each under the client's own id.

Refuses, with the protocol's close codes: other sub-protocols, pages of other origins, what is not a message, more
messages, operations or sockets than one client may have, clients that do not introduce themselves in time or may not
come in. A mutation that has begun is carried out even when the socket goes.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from typing import Any

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from graphql_app.auth.api_key import UNKNOWN_KEY
from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting, request
from graphql_app.execution.documents import InvalidDocument, Operation
from graphql_app.observability import logging as logging_module
from graphql_app.observability import metrics
from graphql_app.subscriptions.broker import SubscriptionBroker
from graphql_app.subscriptions.fan_out import ShuttingDown
from graphql_app.transport import websocket_messages
from graphql_app.transport.http_call import CLIENT_DISCONNECTED, client_address, new_request_id
from graphql_app.transport.websocket_messages import ClientMessage, CloseSocket

logger = logging.getLogger(__name__)

INIT_TIMEOUT_SECONDS = 5.0
"""Seconds within which a client must introduce itself."""
MAX_OPERATIONS, MAX_MESSAGES_PER_SECOND = 20, 50
"""Operations at once, and messages a second."""
WAIT_SECONDS = 30.0
"""Seconds after which a subscription looks up although nothing came."""


class WebSocketApp:
    """The WebSocket side of the endpoint, an ASGI app."""

    def __init__(self, broker: SubscriptionBroker) -> None:
        self.broker = broker
        origins = broker.settings.cors_origins.split(",")
        self.origins = {origin.strip() for origin in origins if origin.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = dict(scope["headers"])
        if not self.is_allowed_origin(headers):
            await reject_handshake(
                send, 403, request_errors.Forbidden("Pages of this origin may not open a socket here.")
            )
            return
        try:
            with self.broker.stream_slot():
                spoken = websocket_messages.PROTOCOL in scope["subprotocols"]
                await send({"type": "websocket.accept", "subprotocol": websocket_messages.PROTOCOL if spoken else None})
                if not spoken:
                    await send_close(
                        send,
                        CloseSocket(
                            websocket_messages.SUBPROTOCOL_NOT_ACCEPTABLE, f"Speak {websocket_messages.PROTOCOL}."
                        ),
                    )
                    return
                await WebSocketConnection(self.broker, scope, receive, send).run()
        except request_errors.Overloaded as error:
            await reject_handshake(send, error.status, error)

    def is_allowed_origin(self, headers: dict[bytes, bytes]) -> bool:
        """Browsers say which page opens a socket: one of this host, or one that the settings name."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return not origin or origin.partition("://")[2] == host or bool(self.origins & {origin, "*"})


async def reject_handshake(send: Send, status: int, error: request_errors.RequestError) -> None:
    """Answer the handshake with a refusal."""
    body = error_formatting.encode_errors([{"message": error.message, "extensions": {"code": error.code}}])
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def send_close(send: Send, why: CloseSocket) -> None:
    await send({"type": "websocket.close", "code": why.code, "reason": why.reason[:100]})


class WebSocketConnection:
    """One connection."""

    def __init__(self, broker: SubscriptionBroker, scope: Scope, receive: Receive, send: Send) -> None:
        self.broker, self.scope, self.receive, self.send = broker, scope, receive, send
        self.viewer: Viewer | None = None
        self.client = client_address(scope)
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.running: set[asyncio.Task[None]] = set()
        self.uncancellable: set[asyncio.Task[None]] = set()
        """Tasks that are not cut off: those that write."""
        self.budget, self.counted = float(MAX_MESSAGES_PER_SECOND), time.monotonic()
        self.exit_stack = ExitStack()

    async def run(self) -> None:
        """From the handshake to the end."""
        try:
            await self.initialize()
            while True:
                self.dispatch(await self.next_message())
        except CloseSocket as why:
            await self.close(why)
        except (SocketClosed, OSError):  # uvicorn says so with an OSError when one sends
            pass
        except Exception:
            logger.exception("A socket broke.")
            await self.close(CloseSocket(websocket_messages.INTERNAL_ERROR, "Something went wrong here."))
        finally:
            self.exit_stack.close()
            for task in self.running - self.uncancellable:
                task.cancel()

    async def close(self, why: CloseSocket) -> None:
        try:
            async with asyncio.timeout(10):
                await send_close(self.send, why)
        except (OSError, RuntimeError, TimeoutError):
            pass  # it is closed already, or takes nothing any more

    async def next_message(self) -> ClientMessage:
        """The next message, within the client's budget."""
        event = await self.receive()
        if event["type"] == "websocket.disconnect":
            raise SocketClosed
        now = time.monotonic()
        self.budget = min(MAX_MESSAGES_PER_SECOND, self.budget + (now - self.counted) * MAX_MESSAGES_PER_SECOND) - 1
        self.counted = now
        if self.budget < 0:
            raise CloseSocket(
                websocket_messages.TOO_MANY_REQUESTS, f"More than {MAX_MESSAGES_PER_SECOND} messages a second."
            )
        return websocket_messages.parse_message(event)

    async def initialize(self) -> None:
        """The client introduces itself: by the handshake's headers, or by the payload of `connection_init`."""
        try:
            async with asyncio.timeout(INIT_TIMEOUT_SECONDS):
                while (received := await self.next_message()).kind != "connection_init":
                    if received.kind == "subscribe":
                        raise CloseSocket(websocket_messages.UNAUTHORIZED, "Unauthorized")
                    if received.kind == websocket_messages.PING:
                        await self.send_text(websocket_messages.PONG)
        except TimeoutError:
            raise CloseSocket(websocket_messages.INIT_TIMEOUT, "Connection initialisation timeout") from None
        self.scope = authenticate_payload(self.scope, received.payload)
        try:
            self.viewer = await self.broker.authenticator(self.scope)
            self.client = self.viewer.client(self.client)
            self.exit_stack.enter_context(self.broker.client_slot(self.client))
            self.exit_stack.enter_context(self.broker.authenticator.on_revoked(self.viewer, self.revoke))
        except request_errors.RateLimited as error:
            raise CloseSocket(websocket_messages.TOO_MANY_REQUESTS, error.message) from None
        except request_errors.RequestError as error:
            forbidden = isinstance(error, request_errors.Unauthenticated | request_errors.Forbidden)
            raise CloseSocket(
                websocket_messages.FORBIDDEN if forbidden else websocket_messages.INTERNAL_ERROR, error.message
            ) from None
        await self.send_text(websocket_messages.ACK)

    def revoke(self) -> None:
        """The viewer may be here no longer."""
        for task in self.running - self.uncancellable:
            task.cancel()
        self.start("", self.close(CloseSocket(websocket_messages.FORBIDDEN, UNKNOWN_KEY)))

    def dispatch(self, received: ClientMessage) -> None:
        """One message of a client that has introduced itself."""
        if received.kind == "connection_init":
            raise CloseSocket(websocket_messages.TOO_MANY_REQUESTS, "Too many initialisation requests")
        if received.kind == websocket_messages.PING:
            self.start("", self.send_text(websocket_messages.PONG))
        elif received.kind == "complete":
            task = self.tasks.get(received.id)
            if task is not None and task not in self.uncancellable:
                task.cancel()
        elif received.kind == "subscribe":
            if received.id in self.tasks:
                raise CloseSocket(websocket_messages.SUBSCRIBER_EXISTS, f"Subscriber for {received.id} already exists")
            self.start(received.id, self.operate(received.id, websocket_messages.parse_subscribe(received)))

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        if name:
            self.tasks[name] = task
            task.add_done_callback(lambda _: self.tasks.pop(name, None))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def operate(self, name: str, asked: request.GraphQLRequest) -> None:
        """One operation, from its `subscribe` to its `complete` or `error`."""
        request_id = new_request_id()
        logging_module.request_id.set(request_id)
        with metrics.OperationMetrics() as seen:
            try:
                if len(self.tasks) > MAX_OPERATIONS:
                    raise request_errors.LimitExceeded(f"A socket runs at most {MAX_OPERATIONS} operations at once.")
                self.viewer = await self.broker.authenticator(self.scope)
                operation = self.broker.runner.operation(asked, self.viewer)
                seen.kind = operation.kind.value
                if operation.kind is OperationType.SUBSCRIPTION:
                    await self.subscribe(name, operation, asked)
                else:
                    seen.code = CLIENT_DISCONNECTED  # until the client has the answer
                    seen.code = await self.execute(name, operation, asked, request_id)
                await self.send_text(websocket_messages.complete_message(name))
            except (ShuttingDown, OSError):  # with an OSError uvicorn says that the socket has gone
                return
            except InvalidDocument as refused:
                seen.code = refused.code
                await self.send_error(
                    name, error_formatting.format_document_errors(refused.errors, refused.code, request_id)
                )
            except Exception as error:
                known = error_formatting.classify_request_error(
                    error.cause if isinstance(error, SubscriptionFailed) else error, request_id
                )
                seen.code, shown = known.code, error_formatting.format_error(known, request_id)
                if isinstance(error, SubscriptionFailed):
                    shown["extensions"]["cursor"] = error.cursor
                await self.send_error(name, [shown])

    async def execute(self, name: str, operation: Operation, asked: request.GraphQLRequest, request_id: str) -> str:
        """A query or a mutation; the code of its first error."""
        assert self.viewer is not None
        task = asyncio.current_task()
        if not operation.is_query and task is not None:
            self.uncancellable.add(task)
        try:
            async with asyncio.timeout(self.broker.settings.request_timeout):
                answer = await self.broker.runner.run(operation, asked, self.viewer, self.client, request_id)
        except TimeoutError:
            raise request_errors.Timeout from None
        before, behind = websocket_messages.next_message_parts(name)
        await self.send_text(before + answer.body.decode() + behind)
        return answer.code

    async def subscribe(self, name: str, operation: Operation, asked: request.GraphQLRequest) -> None:
        """A subscription, until the client has enough of it."""
        assert self.viewer is not None
        subscription = await self.broker.open(operation, asked, self.viewer, self.client)
        before, behind = websocket_messages.next_message_parts(name)
        cursor = subscription.cursor
        try:
            while True:
                for message in await subscription.next_batch(WAIT_SECONDS):
                    await self.send_text(before + message.payload + behind)
                    cursor = message.cursor
        except request_errors.RequestError as error:
            raise SubscriptionFailed(error, cursor) from None
        finally:
            subscription.close()

    async def send_error(self, name: str, shown: list[dict[str, Any]]) -> None:
        """Why there is no more of an operation."""
        with suppress(OSError):
            await self.send_text(websocket_messages.error_message(name, shown))

    async def send_text(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})


def authenticate_payload(scope: Scope, payload: dict[str, Any]) -> Scope:
    """The handshake's scope with the `authorization` that the client gave in its `connection_init`, or in `headers`
    there."""
    inner = payload.get("headers")
    for name, value in [*payload.items(), *(inner.items() if isinstance(inner, dict) else ())]:
        if name.lower() == "authorization" and value not in (None, ""):
            sound = isinstance(value, str) and value.isascii() and value.isprintable()
            return {**scope, "headers": [*scope["headers"], (b"authorization", value.encode() if sound else b"?")]}
    return scope


class SocketClosed(Exception):
    """The socket is closed."""


class SubscriptionFailed(Exception):
    """A subscription ended in the middle, behind this cursor."""

    def __init__(self, cause: request_errors.RequestError, cursor: str) -> None:
        self.cause, self.cursor = cause, cursor
        super().__init__(cause, cursor)
