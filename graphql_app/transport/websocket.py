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

from graphql_app.auth.api_key import UNKNOWN
from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting, request
from graphql_app.execution.documents import Operation, Refused
from graphql_app.observability import logging as logging_module
from graphql_app.observability import metrics
from graphql_app.subscriptions.broker import Live
from graphql_app.subscriptions.fan_out import Ended
from graphql_app.transport import websocket_messages
from graphql_app.transport.http_call import GONE, address, new_request_id
from graphql_app.transport.websocket_messages import Closed, Received

logger = logging.getLogger(__name__)

INIT = 5.0
"""Seconds within which a client must introduce itself."""
MOST_OPERATIONS, MESSAGES = 20, 50
"""Operations at once, and messages a second."""
PATIENCE = 30.0
"""Seconds after which a subscription looks up although nothing came."""


class Sockets:
    """The WebSocket side of the endpoint, an ASGI app."""

    def __init__(self, live: Live) -> None:
        self.live = live
        origins = live.settings.cors_origins.split(",")
        self.origins = {origin.strip() for origin in origins if origin.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = dict(scope["headers"])
        if not self.may_come(headers):
            await deny(send, 403, request_errors.NotAllowed("Pages of this origin may not open a socket here."))
            return
        try:
            with self.live.place():
                spoken = websocket_messages.PROTOCOL in scope["subprotocols"]
                await send({"type": "websocket.accept", "subprotocol": websocket_messages.PROTOCOL if spoken else None})
                if not spoken:
                    await close(send, Closed(websocket_messages.NOT_SPOKEN, f"Speak {websocket_messages.PROTOCOL}."))
                    return
                await Socket(self.live, scope, receive, send).run()
        except request_errors.Overloaded as error:
            await deny(send, error.status, error)

    def may_come(self, headers: dict[bytes, bytes]) -> bool:
        """Browsers say which page opens a socket: one of this host, or one that the settings name."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return not origin or origin.partition("://")[2] == host or bool(self.origins & {origin, "*"})


async def deny(send: Send, status: int, error: request_errors.RequestError) -> None:
    """Answer the handshake with a refusal."""
    body = error_formatting.refusal_body([{"message": error.message, "extensions": {"code": error.code}}])
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def close(send: Send, why: Closed) -> None:
    await send({"type": "websocket.close", "code": why.code, "reason": why.reason[:100]})


class Socket:
    """One connection."""

    def __init__(self, live: Live, scope: Scope, receive: Receive, send: Send) -> None:
        self.live, self.scope, self.receive, self.send = live, scope, receive, send
        self.viewer: Viewer | None = None
        self.client = address(scope)
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.running: set[asyncio.Task[None]] = set()
        self.stays: set[asyncio.Task[None]] = set()
        """Tasks that are not cut off: those that write."""
        self.budget, self.counted = float(MESSAGES), time.monotonic()
        self.held = ExitStack()

    async def run(self) -> None:
        """From the handshake to the end."""
        try:
            await self.initialise()
            while True:
                self.take(await self.next())
        except Closed as why:
            await self.leave(why)
        except (Gone, OSError):  # uvicorn says so with an OSError when one sends
            pass
        except Exception:
            logger.exception("A socket broke.")
            await self.leave(Closed(websocket_messages.BROKEN, "Something went wrong here."))
        finally:
            self.held.close()
            for task in self.running - self.stays:
                task.cancel()

    async def leave(self, why: Closed) -> None:
        try:
            async with asyncio.timeout(10):
                await close(self.send, why)
        except (OSError, RuntimeError, TimeoutError):
            pass  # it is closed already, or takes nothing any more

    async def next(self) -> Received:
        """The next message, within the client's budget."""
        event = await self.receive()
        if event["type"] == "websocket.disconnect":
            raise Gone
        now = time.monotonic()
        self.budget = min(MESSAGES, self.budget + (now - self.counted) * MESSAGES) - 1
        self.counted = now
        if self.budget < 0:
            raise Closed(websocket_messages.TOO_MANY, f"More than {MESSAGES} messages a second.")
        return websocket_messages.read(event)

    async def initialise(self) -> None:
        """The client introduces itself: by the handshake's headers, or by the payload of `connection_init`."""
        try:
            async with asyncio.timeout(INIT):
                while (received := await self.next()).kind != "connection_init":
                    if received.kind == "subscribe":
                        raise Closed(websocket_messages.UNAUTHORIZED, "Unauthorized")
                    if received.kind == websocket_messages.PING:
                        await self.send_text(websocket_messages.PONG)
        except TimeoutError:
            raise Closed(websocket_messages.SLOW_INIT, "Connection initialisation timeout") from None
        self.scope = introduced(self.scope, received.payload)
        try:
            self.viewer = await self.live.keys(self.scope)
            self.client = self.viewer.client(self.client)
            self.held.enter_context(self.live.share(self.client))
            self.held.enter_context(self.live.keys.watching(self.viewer, self.turned_out))
        except request_errors.RateLimited as error:
            raise Closed(websocket_messages.TOO_MANY, error.message) from None
        except request_errors.RequestError as error:
            forbidden = isinstance(error, request_errors.Unauthenticated | request_errors.NotAllowed)
            raise Closed(
                websocket_messages.FORBIDDEN if forbidden else websocket_messages.BROKEN, error.message
            ) from None
        await self.send_text(websocket_messages.ACK)

    def turned_out(self) -> None:
        """The viewer may be here no longer."""
        for task in self.running - self.stays:
            task.cancel()
        self.start("", self.leave(Closed(websocket_messages.FORBIDDEN, UNKNOWN)))

    def take(self, received: Received) -> None:
        """One message of a client that has introduced itself."""
        if received.kind == "connection_init":
            raise Closed(websocket_messages.TOO_MANY, "Too many initialisation requests")
        if received.kind == websocket_messages.PING:
            self.start("", self.send_text(websocket_messages.PONG))
        elif received.kind == "complete":
            task = self.tasks.get(received.id)
            if task is not None and task not in self.stays:
                task.cancel()
        elif received.kind == "subscribe":
            if received.id in self.tasks:
                raise Closed(websocket_messages.DUPLICATE, f"Subscriber for {received.id} already exists")
            self.start(received.id, self.operate(received.id, websocket_messages.asked(received)))

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        if name:
            self.tasks[name] = task
            task.add_done_callback(lambda _: self.tasks.pop(name, None))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def operate(self, name: str, asked: request.Asked) -> None:
        """One operation, from its `subscribe` to its `complete` or `error`."""
        request_id = new_request_id()
        logging_module.request_id.set(request_id)
        with metrics.Operation() as seen:
            try:
                if len(self.tasks) > MOST_OPERATIONS:
                    raise request_errors.LimitExceeded(f"A socket runs at most {MOST_OPERATIONS} operations at once.")
                self.viewer = await self.live.keys(self.scope)
                operation = self.live.operations.operation(asked, self.viewer)
                seen.kind = operation.kind.value
                if operation.kind is OperationType.SUBSCRIPTION:
                    await self.subscribe(name, operation, asked)
                else:
                    seen.code = GONE  # until the client has the answer
                    seen.code = await self.answer(name, operation, asked, request_id)
                await self.send_text(websocket_messages.complete(name))
            except (Ended, OSError):  # with an OSError uvicorn says that the socket has gone
                return
            except Refused as refused:
                seen.code = refused.code
                await self.tell(name, error_formatting.reasons(refused.reasons, refused.code, request_id))
            except Exception as error:
                known = error_formatting.of_exception(error.cause if isinstance(error, Broken) else error, request_id)
                seen.code, shown = known.code, error_formatting.refusal(known, request_id)
                if isinstance(error, Broken):
                    shown["extensions"]["cursor"] = error.cursor
                await self.tell(name, [shown])

    async def answer(self, name: str, operation: Operation, asked: request.Asked, request_id: str) -> str:
        """A query or a mutation; the code of its first error."""
        assert self.viewer is not None
        task = asyncio.current_task()
        if not operation.reads and task is not None:
            self.stays.add(task)
        try:
            async with asyncio.timeout(self.live.settings.request_timeout):
                answer = await self.live.operations.answer(operation, asked, self.viewer, self.client, request_id)
        except TimeoutError:
            raise request_errors.Timeout from None
        before, behind = websocket_messages.next_(name)
        await self.send_text(before + answer.body.decode() + behind)
        return answer.code

    async def subscribe(self, name: str, operation: Operation, asked: request.Asked) -> None:
        """A subscription, until the client has enough of it."""
        assert self.viewer is not None
        subscription = await self.live.open(operation, asked, self.viewer, self.client)
        before, behind = websocket_messages.next_(name)
        cursor = subscription.cursor
        try:
            while True:
                for message in await subscription.batch(PATIENCE):
                    await self.send_text(before + message.payload + behind)
                    cursor = message.cursor
        except request_errors.RequestError as error:
            raise Broken(error, cursor) from None
        finally:
            subscription.close()

    async def tell(self, name: str, shown: list[dict[str, Any]]) -> None:
        """Why there is no more of an operation."""
        with suppress(OSError):
            await self.send_text(websocket_messages.failed(name, shown))

    async def send_text(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})


def introduced(scope: Scope, payload: dict[str, Any]) -> Scope:
    """The handshake's scope with the `authorization` that the client gave in its `connection_init`, or in `headers`
    there."""
    inner = payload.get("headers")
    for name, value in [*payload.items(), *(inner.items() if isinstance(inner, dict) else ())]:
        if name.lower() == "authorization" and value not in (None, ""):
            sound = isinstance(value, str) and value.isascii() and value.isprintable()
            return {**scope, "headers": [*scope["headers"], (b"authorization", value.encode() if sound else b"?")]}
    return scope


class Gone(Exception):
    """The socket is closed."""


class Broken(Exception):
    """A subscription ended in the middle, behind this cursor."""

    def __init__(self, cause: request_errors.RequestError, cursor: str) -> None:
        self.cause, self.cursor = cause, cursor
        super().__init__(cause, cursor)
