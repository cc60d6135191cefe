"""How long an answer is waited for: until the client has gone, or until time is up. Then the work is cancelled.

Most answers are there before anyone could notice, so the watching starts late and costs a quick request one timer.
What writes is not cut off because its client has gone: it finishes, and the client's idempotency key finds it.
"""

import asyncio
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive

from graphql_app import errors

NOTICE = 0.05
"""Seconds until watching starts."""


class Gone(Exception):
    """The client has gone: nobody waits for an answer."""


class Patience:
    """`async with Patience(receive, 10)`: raises `Gone` or `errors.Timeout` in the place of the cancelled work."""

    __slots__ = ("handle", "limit", "reason", "receive", "stays", "task", "watcher")

    def __init__(self, receive: Receive, limit: float, *, stays: bool = False) -> None:
        self.receive, self.limit, self.stays = receive, limit, stays
        self.reason: Exception | None = None
        self.watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self.handle = asyncio.get_running_loop().call_later(NOTICE, self.start)
        return self

    def start(self) -> None:
        self.watcher = asyncio.get_running_loop().create_task(self.watch())

    async def watch(self) -> None:
        """Waits for the first that comes, and cancels the work."""
        try:
            async with asyncio.timeout(self.limit - NOTICE):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
                if self.stays:
                    await asyncio.get_running_loop().create_future()
            self.reason = Gone()
        except TimeoutError:
            self.reason = errors.Timeout()
        assert self.task is not None
        self.task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.handle.cancel()
        if self.watcher is None:
            return
        self.watcher.cancel()
        if self.reason is not None and self.task is not None:
            left = self.task.uncancel()
            if kind is asyncio.CancelledError and not left:
                raise self.reason from None
