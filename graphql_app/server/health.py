"""What those ask who run the process: is it alive, is it ready, how does it do. Never says more than that."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from graphql_app.observability import metrics as metrics_module

logger = logging.getLogger(__name__)
READY_TIMEOUT_SECONDS = 2.0


class Lifecycle:
    """Whether this process takes requests: not once it was told to end, and not without its database."""

    def __init__(self, engine: AsyncEngine, drain_delay: float, *, shared_metrics: bool) -> None:
        self.engine, self.drain_delay, self.shared_metrics = engine, drain_delay, shared_metrics
        self.draining = False
        self.on_shutdown: Callable[[], None] = lambda: None
        """Called when the process stops taking requests: what would never end by itself ends then."""

    async def not_ready_reason(self) -> str | None:
        """Why not."""
        if self.draining:
            return "draining"
        try:
            async with asyncio.timeout(READY_TIMEOUT_SECONDS), self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except exc.TimeoutError:  # all connections are busy: the database is there
            return None
        except (exc.SQLAlchemyError, OSError, TimeoutError):
            return "no database"
        return None

    async def livez(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        trouble = await self.not_ready_reason()
        return PlainTextResponse(f"{trouble or 'ok'}\n", status_code=503 if trouble else 200)

    async def metrics(self, _request: Request) -> Response:
        body, media_type = metrics_module.metrics(shared=self.shared_metrics)
        return Response(body, media_type=media_type)

    @property
    def routes(self) -> list[Route]:
        return [Route(f"/{name}", getattr(self, name)) for name in ("livez", "readyz", "metrics")]

    @contextmanager
    def graceful_shutdown(self) -> Iterator[None]:
        """While inside, SIGTERM first says `draining` and, `drain_delay` seconds later, does what it did before.

        The server's own handler closes the port: whoever sends requests here should have looked elsewhere by then.
        """
        previous = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(previous):
            yield
            return
        loop = asyncio.get_running_loop()

        def end(number: int, frame: FrameType | None) -> None:
            if self.draining:
                return
            self.draining = True
            loop.call_soon_threadsafe(loop.call_later, self.drain_delay, leave, number, frame)

        def leave(number: int, frame: FrameType | None) -> None:
            self.on_shutdown()
            previous(number, frame)

        signal.signal(signal.SIGTERM, end)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGTERM) is end:
                signal.signal(signal.SIGTERM, previous)
