"""One connection of graphql-transport-ws: up to MAX_OPERATIONS at the same time, each with an id that the client chose.

Invalid messages, too many messages, too many connections of one client, no `connection_init` in time, and no valid API
key close the socket with the protocol's close codes. An operation with an error ends with an `error` message; the
socket stays open. A mutation that has started completes even if the socket closes.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from graphql_app.auth.api_key import UNKNOWN_KEY
from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.execution.documents import InvalidDocument, Operation
from graphql_app.execution.request import GraphQLRequest
from graphql_app.observability import logging as logging_module
from graphql_app.observability import metrics
from graphql_app.subscriptions.broker import SubscriptionBroker
from graphql_app.subscriptions.fan_out import SubscriptionEnded
from graphql_app.transport import websocket_messages
from graphql_app.transport.http_call import CLIENT_DISCONNECTED, client_address, new_request_id
from graphql_app.transport.websocket_messages import ClientMessage, CloseSocket

logger = logging.getLogger(__name__)

INIT_TIMEOUT_SECONDS = 5.0
"""Maximum time until a client has sent `connection_init`."""
CLOSE_TIMEOUT_SECONDS = 10.0
"""Maximum time until the client has read the close frame."""
MAX_OPERATIONS = 20
"""Maximum number of operations that run at the same time on one connection."""
MAX_MESSAGES_PER_SECOND = 50
"""Maximum number of messages per second of one connection, which is also the burst."""
WAIT_SECONDS = 30.0
"""Timeout of each wait for messages of a subscription. It has no effect: the connection waits again."""


class WebSocketConnection:
    """An accepted connection."""

    def __init__(self, broker: SubscriptionBroker, scope: Scope, receive: Receive, send: Send) -> None:
        self.broker, self.scope, self.receive, self.send = broker, scope, receive, send
        self.viewer: Viewer | None = None
        self.client = client_address(scope)
        self.tasks: dict[str, asyncio.Task[None]] = {}
        """Running operations by their id, which is in use."""
        self.running: set[asyncio.Task[None]] = set()
        """All tasks of the connection."""
        self.uncancellable: set[asyncio.Task[None]] = set()
        """Tasks that run mutations: they complete even if the socket closes."""
        self.completed_by_client: set[asyncio.Task[None]] = set()
        """Mutations that still run although the client has completed them. Their ids are free and they send nothing."""
        self.message_budget, self.budget_updated_at = float(MAX_MESSAGES_PER_SECOND), time.monotonic()
        self.exit_stack = ExitStack()

    async def run(self) -> None:
        """Serve the connection until it closes."""
        try:
            await self.initialize()
            while True:
                self.dispatch(await self.next_message())
        except CloseSocket as error:
            await self.close(error)
        except (SocketClosed, OSError):  # uvicorn raises an OSError when a message is sent to a closed socket
            pass
        except Exception:
            logger.exception("A WebSocket connection failed.")
            await self.close(CloseSocket(websocket_messages.INTERNAL_ERROR, "Internal server error"))
        finally:
            self.exit_stack.close()
            for task in self.running - self.uncancellable:
                task.cancel()

    async def close(self, reason: CloseSocket) -> None:
        """Send a close frame, if the socket still takes it within CLOSE_TIMEOUT_SECONDS."""
        with suppress(OSError, RuntimeError, TimeoutError):  # closed already, or the client reads nothing
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await send_close(self.send, reason)

    async def next_message(self) -> ClientMessage:
        """Receive and parse the next message.

        Raises:
            SocketClosed: the client has closed the socket.
            CloseSocket: the message is invalid, or the client has sent more than MAX_MESSAGES_PER_SECOND.
        """
        event = await self.receive()
        if event["type"] == "websocket.disconnect":
            raise SocketClosed
        now = time.monotonic()
        refilled = self.message_budget + (now - self.budget_updated_at) * MAX_MESSAGES_PER_SECOND
        self.message_budget, self.budget_updated_at = min(MAX_MESSAGES_PER_SECOND, refilled) - 1, now
        if self.message_budget < 0:
            raise CloseSocket(
                websocket_messages.TOO_MANY_REQUESTS, f"Send at most {MAX_MESSAGES_PER_SECOND} messages per second."
            )
        return websocket_messages.parse_message(event)

    async def initialize(self) -> None:
        """Authenticate the client, by the headers of the handshake or by the payload of `connection_init`.

        Raises:
            CloseSocket: no `connection_init` within INIT_TIMEOUT_SECONDS, no valid API key, or too many connections.
        """
        try:
            async with asyncio.timeout(INIT_TIMEOUT_SECONDS):
                while (message := await self.next_message()).kind != "connection_init":
                    if message.kind == "subscribe":
                        raise CloseSocket(websocket_messages.UNAUTHORIZED, "Unauthorized")
                    if message.kind == websocket_messages.PING:
                        await self.send_text(websocket_messages.PONG)
        except TimeoutError:
            raise CloseSocket(websocket_messages.INIT_TIMEOUT, "Connection initialisation timeout") from None
        self.scope = websocket_messages.authenticate_payload(self.scope, message.payload)
        try:
            self.viewer = await self.broker.authenticator(self.scope)
            self.client = self.viewer.client(self.client)
            self.exit_stack.enter_context(self.broker.client_slot(self.client))
            self.exit_stack.enter_context(self.broker.authenticator.on_revoked(self.viewer, self.revoke))
        except request_errors.RateLimited as error:
            raise CloseSocket(websocket_messages.TOO_MANY_REQUESTS, error.message) from None
        except request_errors.RequestError as error:
            is_forbidden = isinstance(error, request_errors.Unauthenticated | request_errors.Forbidden)
            code = websocket_messages.FORBIDDEN if is_forbidden else websocket_messages.INTERNAL_ERROR
            raise CloseSocket(code, error.message) from None
        await self.send_text(websocket_messages.ACK)

    def revoke(self) -> None:
        """The API key was revoked or has expired: cancel all operations but mutations, and close the socket."""
        for task in self.running - self.uncancellable:
            task.cancel()
        self.start("", self.close(CloseSocket(websocket_messages.FORBIDDEN, UNKNOWN_KEY)))

    def dispatch(self, message: ClientMessage) -> None:
        """Handle a message of an authenticated client.

        Raises:
            CloseSocket: a second `connection_init`, an id that is in use, or an invalid `subscribe`.
        """
        if message.kind == "connection_init":
            raise CloseSocket(websocket_messages.TOO_MANY_REQUESTS, "Too many initialisation requests")
        if message.kind == websocket_messages.PING:
            self.start("", self.send_text(websocket_messages.PONG))
        elif message.kind == "complete":
            self.complete(message.id)
        elif message.kind == "subscribe":
            if message.id in self.tasks:
                raise CloseSocket(websocket_messages.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
            self.start(message.id, self.operate(message.id, websocket_messages.parse_subscribe(message)))

    def complete(self, operation_id: str) -> None:
        """End an operation because the client has sent `complete`. Its id is free before its task has ended."""
        task = self.tasks.pop(operation_id, None)
        if task in self.uncancellable:
            self.completed_by_client.add(task)
            task.add_done_callback(self.completed_by_client.discard)
        elif task is not None:
            task.cancel()

    def start(self, operation_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine as a task of the connection; `operation_id` is empty if it is not an operation."""
        task = asyncio.create_task(work)
        if operation_id:
            self.tasks[operation_id] = task
            task.add_done_callback(lambda _: self.release(operation_id, task))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    def release(self, operation_id: str, task: asyncio.Task[Any] | None) -> None:
        """Free the id of an operation, unless another one uses it already."""
        if task is not None and self.tasks.get(operation_id) is task:
            del self.tasks[operation_id]

    async def operate(self, operation_id: str, request: GraphQLRequest) -> None:
        """Run one operation, from its `subscribe` to its `complete` or `error`.

        Exceptions are sent as an `error` message; LimitExceeded if MAX_OPERATIONS run already.
        """
        request_id = new_request_id()
        logging_module.request_id.set(request_id)
        with metrics.OperationMetrics() as operation_metrics:
            try:
                if len(self.tasks) + len(self.completed_by_client) > MAX_OPERATIONS:
                    raise request_errors.LimitExceeded(
                        f"A connection runs at most {MAX_OPERATIONS} operations at the same time. Complete one first."
                    )
                self.viewer = await self.broker.authenticator(self.scope)
                operation = self.broker.runner.operation(request, self.viewer)
                operation_metrics.kind = operation.kind.value
                if operation.kind is OperationType.SUBSCRIPTION:
                    await self.subscribe(operation_id, operation, request)
                else:
                    operation_metrics.code = CLIENT_DISCONNECTED  # until the result has been sent
                    operation_metrics.code = await self.execute(operation_id, operation, request, request_id)
                await self.send_last(operation_id, websocket_messages.complete_message(operation_id))
            except (SubscriptionEnded, OSError):  # uvicorn raises an OSError when a message is sent to a closed socket
                return
            except Exception as error:
                cause, cursor = (error.cause, error.cursor) if isinstance(error, SubscriptionFailed) else (error, None)
                if not isinstance(cause, InvalidDocument):
                    cause = error_formatting.classify_request_error(cause, request_id)
                operation_metrics.code = cause.code
                envelope = error_formatting.envelope(cause, request_id, cursor=cursor)
                await self.send_errors(operation_id, envelope["errors"])

    async def execute(self, operation_id: str, operation: Operation, request: GraphQLRequest, request_id: str) -> str:
        """Run a query or mutation and send its result; returns the code of its first error, or `ok`.

        Raises:
            Timeout: it takes longer than `request_timeout`.
        """
        assert self.viewer is not None
        task = asyncio.current_task()
        if not operation.is_query and task is not None:
            self.uncancellable.add(task)
        try:
            async with asyncio.timeout(self.broker.settings.request_timeout):
                result = await self.broker.runner.run(operation, request, self.viewer, self.client, request_id)
        except TimeoutError:
            raise request_errors.Timeout from None
        before, after = websocket_messages.next_message_parts(operation_id)
        if task not in self.completed_by_client:
            await self.send_text(before + result.body.decode() + after)
        return result.code

    async def subscribe(self, operation_id: str, operation: Operation, request: GraphQLRequest) -> None:
        """Send the messages of a subscription until the task is cancelled.

        Raises:
            SubscriptionFailed: the subscription failed after it had started.
        """
        assert self.viewer is not None
        subscriber = await self.broker.open(operation, request, self.viewer, self.client)
        before, after = websocket_messages.next_message_parts(operation_id)
        cursor = subscriber.cursor
        try:
            while True:
                for message in await subscriber.next_batch(WAIT_SECONDS):
                    await self.send_text(before + message.payload + after)
                    cursor = message.cursor
        except request_errors.RequestError as error:
            raise SubscriptionFailed(error, cursor) from None
        finally:
            subscriber.close()

    async def send_errors(self, operation_id: str, errors: Sequence[error_formatting.FormattedError]) -> None:
        """End an operation with an `error` message."""
        with suppress(OSError):
            await self.send_last(operation_id, websocket_messages.error_message(operation_id, errors))

    async def send_last(self, operation_id: str, text: str) -> None:
        """Send the last message of an operation, unless the client has completed it.

        The client may use the id again as soon as it receives the message, so the id is freed before.
        """
        task = asyncio.current_task()
        if task not in self.completed_by_client:
            self.release(operation_id, task)
            await self.send_text(text)

    async def send_text(self, text: str) -> None:
        """Send one message."""
        await self.send({"type": "websocket.send", "text": text})


async def send_close(send: Send, reason: CloseSocket) -> None:
    """Send a close frame."""
    text = reason.reason[: websocket_messages.MAX_REASON_CHARACTERS]
    await send({"type": "websocket.close", "code": reason.code, "reason": text})


class SocketClosed(Exception):
    """The client has closed the socket."""


class SubscriptionFailed(Exception):
    """A subscription failed after it had started; `cursor` is the last one that was delivered."""

    def __init__(self, cause: request_errors.RequestError, cursor: str) -> None:
        self.cause, self.cursor = cause, cursor
        super().__init__(cause, cursor)
