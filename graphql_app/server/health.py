"""Health checks (`/livez`, `/readyz`), `/metrics` and graceful shutdown. They need no API key and expose no data."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from graphql_app.database import postmaster
from graphql_app.errors import startup_error
from graphql_app.observability import metrics as metrics_module

logger = logging.getLogger(__name__)
READY_TIMEOUT_SECONDS = 2.0
"""Maximum time for the database query of `/readyz`."""


class Lifecycle:
    """Readiness and shutdown of this process.

    `drain_delay`: seconds after SIGTERM during which requests are still accepted. `shared_metrics`: `/metrics` returns
    the sums of all processes. `embedded_data`: data directory of the embedded PostgreSQL, if the database is in one.
    """

    def __init__(
        self, engine: AsyncEngine, drain_delay: float, *, shared_metrics: bool, embedded_data: Path | None = None
    ) -> None:
        self.engine, self.drain_delay, self.shared_metrics = engine, drain_delay, shared_metrics
        self.embedded_data = embedded_data
        self.draining = False
        self.on_shutdown: Callable[[], None] = lambda: None
        """Called when the process stops accepting requests. Ends subscriptions, which would never end by themselves."""

    async def not_ready_reason(self) -> str | None:
        """Return why this process is not ready (`draining` or `no database` and its cause), or None if it is ready."""
        if self.draining:
            return "draining"
        try:
            async with asyncio.timeout(READY_TIMEOUT_SECONDS), self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except exc.TimeoutError:  # all connections of the pool are in use, so the database is reachable
            return None
        except startup_error.UnsuitableServer as error:
            return f"no database: {error.reason}"
        except (exc.SQLAlchemyError, OSError, TimeoutError):
            return f"no database{self.embedded_failure()}"
        return None

    def embedded_failure(self) -> str:
        """Return why the embedded PostgreSQL does not run, after a colon; "" if the reason is not known."""
        if self.embedded_data is None:
            return ""
        if postmaster.free_bytes(self.embedded_data) < postmaster.MIN_FREE_BYTES:
            return ": the disk of the embedded PostgreSQL is full"
        return ": the embedded PostgreSQL is not running and is being restarted"

    async def livez(self, _request: Request) -> Response:
        """Return 200 as long as the process runs."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """Return 200 if the process accepts requests and reaches the database, otherwise 503 with the reason."""
        reason = await self.not_ready_reason()
        return PlainTextResponse(f"{reason or 'ok'}\n", status_code=503 if reason else 200)

    async def metrics(self, _request: Request) -> Response:
        """Return all metrics in the Prometheus format."""
        body, media_type = metrics_module.render(shared=self.shared_metrics)
        return Response(body, media_type=media_type)

    @property
    def routes(self) -> list[Route]:
        """Routes of `/livez`, `/readyz` and `/metrics`."""
        return [Route(f"/{name}", getattr(self, name)) for name in ("livez", "readyz", "metrics")]

    @contextmanager
    def graceful_shutdown(self) -> Iterator[None]:
        """Delay SIGTERM by `drain_delay` seconds while the block runs.

        `/readyz` returns 503 `draining` at once, so that load balancers stop sending requests. After the delay,
        `on_shutdown` and the previous handler, which closes the port, are called.
        """
        previous_handler = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(previous_handler):
            yield
            return
        loop = asyncio.get_running_loop()

        def start_draining(number: int, frame: FrameType | None) -> None:
            if self.draining:
                return
            self.draining = True
            loop.call_soon_threadsafe(loop.call_later, self.drain_delay, shut_down, number, frame)

        def shut_down(number: int, frame: FrameType | None) -> None:
            self.on_shutdown()
            previous_handler(number, frame)

        signal.signal(signal.SIGTERM, start_draining)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGTERM) is start_draining:
                signal.signal(signal.SIGTERM, previous_handler)
