"""Request timeouts and client disconnects.

Most requests end within milliseconds, so watching starts after WATCH_AFTER_SECONDS: until then a request costs one
timer. A mutation is not cancelled when its client disconnects: it completes, and a retry with its idempotency key
returns its result.
"""

import asyncio
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive

from graphql_app.errors import request_errors

WATCH_AFTER_SECONDS = 0.05
"""Time after which the timeouts and the connection of a request are watched."""


class ClientDisconnected(Exception):
    """The client has disconnected: nobody receives the response."""


class RequestDeadline:
    """Cancels the current task if the request is too slow, or if its client disconnects.

    `async with RequestDeadline(receive, body_timeout, response_timeout)`, timeouts in seconds. Call `response_started`
    as soon as the body has arrived. Instead of the cancellation the block raises:

    - `body_timeout_error` (Unavailable, unless it is set) if the body does not arrive within `body_timeout`;
    - Timeout if the response is not ready `response_timeout` after that;
    - ClientDisconnected if the client disconnects, unless the operation survives a disconnect.
    """

    __slots__ = (
        "body_received",
        "body_timeout",
        "body_timeout_error",
        "handle",
        "loop",
        "reason",
        "receive",
        "response_timeout",
        "slow",
        "survives_disconnect",
        "task",
        "watcher",
    )  # fmt: skip

    def __init__(self, receive: Receive, body_timeout: float, response_timeout: float) -> None:
        self.receive, self.body_timeout, self.response_timeout = receive, body_timeout, response_timeout
        self.body_timeout_error: type[request_errors.RequestError] = request_errors.Unavailable
        """The class of the error for a body that is too slow."""
        self.body_received = self.slow = self.survives_disconnect = False
        self.reason: Exception | None = None
        """Raised in place of the cancellation."""
        self.watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self.loop = asyncio.get_running_loop()
        self.handle = self.loop.call_later(WATCH_AFTER_SECONDS, self.start_watching)
        return self

    def start_watching(self) -> None:
        """Watch the connection if the body has arrived, else wait for it until `body_timeout`."""
        if self.body_received:
            self.watcher = self.loop.create_task(self.watch())
        else:
            self.slow = True
            self.handle = self.loop.call_later(self.body_timeout - WATCH_AFTER_SECONDS, self.expire_body)

    def expire_body(self) -> None:
        """Cancel the request: the body has not arrived within `body_timeout`."""
        self.cancel(self.body_timeout_error())

    def response_started(self, *, survives_disconnect: bool) -> None:
        """Note that the body has arrived and the response is being computed: watch the client from now on.

        `survives_disconnect`: the operation continues without its client, until `response_timeout`.
        """
        if self.reason is not None:
            return
        self.body_received, self.survives_disconnect = True, survives_disconnect
        if self.slow:
            self.handle.cancel()
            self.handle = self.loop.call_later(WATCH_AFTER_SECONDS, self.start_watching)

    async def watch(self) -> None:
        """Cancel the operation when the client disconnects or `response_timeout` has passed."""
        try:
            async with asyncio.timeout(self.response_timeout - WATCH_AFTER_SECONDS):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
                if self.survives_disconnect:
                    await self.loop.create_future()
            self.cancel(ClientDisconnected())
        except TimeoutError:
            self.cancel(request_errors.Timeout())

    def cancel(self, reason: Exception) -> None:
        """Cancel the task; the block raises `reason` instead of CancelledError."""
        self.reason = reason
        assert self.task is not None
        self.task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.handle.cancel()
        if self.watcher is not None:
            self.watcher.cancel()
        if self.reason is not None and self.task is not None:
            other_cancellations = self.task.uncancel()
            if kind is asyncio.CancelledError and not other_cancellations:
                raise self.reason from None
