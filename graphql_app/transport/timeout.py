"""How long a request is waited for: for its body, then for its answer, until the client has gone or time is up. Then
the work is cancelled.

Most requests are over before anyone could notice, so the watching starts late and costs a quick request one timer for
all of it. What writes is not cut off because its client has gone: it finishes, and the client's idempotency key finds
it.
"""

import asyncio
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive

from graphql_app.errors import request_errors

WATCH_AFTER_SECONDS = 0.05
"""Seconds until watching starts."""


class ClientDisconnected(Exception):
    """The client has gone: nobody waits for an answer."""


class RequestDeadline:
    """`async with Patience(receive, 10, 10)`: raises `Gone` or an error in the place of the cancelled work."""

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
        """What it is when the request does not arrive in time."""
        self.body_received = self.slow = self.survives_disconnect = False
        self.reason: Exception | None = None
        self.watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self.loop = asyncio.get_running_loop()
        self.handle = self.loop.call_later(WATCH_AFTER_SECONDS, self.start)
        return self

    def start(self) -> None:
        if self.body_received:
            self.watcher = self.loop.create_task(self.watch())
        else:
            self.slow = True
            self.handle = self.loop.call_later(self.body_timeout - WATCH_AFTER_SECONDS, self.give_up)

    def give_up(self) -> None:
        self.end(self.body_timeout_error())

    def response_started(self, *, survives_disconnect: bool) -> None:
        """The request has arrived. From now on the client is watched. `stays`: although it goes, the work goes on."""
        if self.reason is not None:
            return
        self.body_received, self.survives_disconnect = True, survives_disconnect
        if self.slow:
            self.handle.cancel()
            self.handle = self.loop.call_later(WATCH_AFTER_SECONDS, self.start)

    async def watch(self) -> None:
        """Waits for the first that comes."""
        try:
            async with asyncio.timeout(self.response_timeout - WATCH_AFTER_SECONDS):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
                if self.survives_disconnect:
                    await self.loop.create_future()
            self.end(ClientDisconnected())
        except TimeoutError:
            self.end(request_errors.Timeout())

    def end(self, reason: Exception) -> None:
        """Cancel the work."""
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
            left = self.task.uncancel()
            if kind is asyncio.CancelledError and not left:
                raise self.reason from None
