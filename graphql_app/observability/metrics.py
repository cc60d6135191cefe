"""TODO docstring."""

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Self

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

OPERATIONS = Counter(
    "graphql_operations", "Operations answered, by kind and by the code of their first error.", ["kind", "code"]
)
OPERATION_SECONDS = Histogram(
    "graphql_operation_seconds",
    "Time from the request's first byte to the answer's last.",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OPERATIONS_IN_FLIGHT = Gauge(
    "graphql_operations_in_flight", "Operations being answered now.", multiprocess_mode="livesum"
)
OPEN_STREAMS = Gauge("graphql_streams", "WebSockets and event streams that are open now.", multiprocess_mode="livesum")
OPEN_SUBSCRIPTIONS = Gauge("graphql_subscriptions", "Subscriptions that are open now.", multiprocess_mode="livesum")
SLOW_CONSUMERS = Counter("graphql_slow_consumers", "Subscriptions that were ended because their reader was too slow.")


class OperationMetrics:
    """What is known of an operation when it is over. `kind`: query, mutation, subscription, or none where none began;
    `code`: ok, or that of its first error."""

    __slots__ = ("begun", "code", "kind")

    def __enter__(self) -> Self:
        self.kind, self.code, self.begun = "none", "ok", time.perf_counter()
        OPERATIONS_IN_FLIGHT.inc()
        return self

    def __exit__(self, *_: object) -> None:
        OPERATIONS_IN_FLIGHT.dec()
        count(self.kind, self.code).inc()
        seconds(self.kind).observe(time.perf_counter() - self.begun)


count = lru_cache(256)(OPERATIONS.labels)
seconds = lru_cache(16)(OPERATION_SECONDS.labels)
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
