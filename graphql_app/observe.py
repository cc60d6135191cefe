"""What is worth knowing → a line in the log, a number in /metrics. Takes nothing from a request but its id."""

import logging
import os
import time
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import orjson
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set by whoever answers a request; every line logged meanwhile carries it."""

OPERATIONS = Counter(
    "graphql_operations", "Operations answered, by kind and by the code of their first error.", ["kind", "code"]
)
SECONDS = Histogram(
    "graphql_operation_seconds",
    "Time from the request's first byte to the answer's last.",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge("graphql_operations_in_flight", "Operations being answered now.", multiprocess_mode="livesum")
STREAMS = Gauge("graphql_streams", "WebSockets and event streams that are open now.", multiprocess_mode="livesum")
SUBSCRIPTIONS = Gauge("graphql_subscriptions", "Subscriptions that are open now.", multiprocess_mode="livesum")
SLOW = Counter("graphql_slow_consumers", "Subscriptions that were ended because their reader was too slow.")


class Operation:
    """What is known of an operation when it is over. `kind`: query, mutation, subscription, or none where none began;
    `code`: ok, or that of its first error."""

    __slots__ = ("begun", "code", "kind")

    def __enter__(self) -> Self:
        self.kind, self.code, self.begun = "none", "ok", time.perf_counter()
        IN_FLIGHT.inc()
        return self

    def __exit__(self, *_: object) -> None:
        IN_FLIGHT.dec()
        count(self.kind, self.code).inc()
        seconds(self.kind).observe(time.perf_counter() - self.begun)


count = lru_cache(256)(OPERATIONS.labels)
seconds = lru_cache(16)(SECONDS.labels)
"""Looking a label up takes longer than counting."""


def metrics(*, shared: bool) -> tuple[bytes, str]:
    """The numbers in Prometheus' format and its media type. `shared`: those of all processes of this server."""
    registry = REGISTRY
    if shared:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_dead(shared: Path | None) -> None:
    """Take away what processes that are gone say of the present."""
    for file in shared.glob("gauge_live*_*.db") if shared else ():
        try:
            os.kill(int(file.stem.rpartition("_")[2]), 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)


class Line(logging.Formatter):
    """A record as text: when, how grave, from where, for which request, what."""

    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.converter = time.gmtime


class JsonLine(Line):
    """A record as one line of JSON, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (asking := request_id.get()) is not None:
            line["request_id"] = asking
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(level: str, style: str) -> None:
    """Send the log to standard error: our own from this level on, that of libraries from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLine() if style == "json" else Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("graphql_app").setLevel(level.upper())
    logging.getLogger("graphql_app.pool.Pool").setLevel(logging.WARNING)  # SQLAlchemy speaks under its name
