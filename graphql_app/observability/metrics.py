"""Prometheus metrics of GraphQL operations, streams and subscriptions. They contain no account names."""

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
    "graphql_operations",
    "GraphQL operations by kind and result: `ok` or the code of the first error.",
    ["kind", "code"],
)
"""Exported as graphql_operations_total."""

OPERATION_SECONDS = Histogram(
    "graphql_operation_seconds",
    "Duration of GraphQL operations, from the start of request handling to the end of the response.",
    ["kind"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OPERATIONS_IN_FLIGHT = Gauge(
    "graphql_operations_in_flight", "GraphQL operations in progress.", multiprocess_mode="livesum"
)
OPEN_STREAMS = Gauge("graphql_streams", "Open WebSocket and SSE connections.", multiprocess_mode="livesum")
OPEN_SUBSCRIPTIONS = Gauge("graphql_subscriptions", "Open subscriptions.", multiprocess_mode="livesum")
SLOW_CONSUMERS = Counter(
    "graphql_slow_consumers", "Subscriptions that were ended because the client read too slowly (SLOW_CONSUMER)."
)
"""Exported as graphql_slow_consumers_total."""


class OperationMetrics:
    """Context manager that counts and times one operation. Set `kind` and `code` inside the block.

    `kind` is `query`, `mutation`, `subscription`, or `none` if no operation was executed (default). `code` is `ok`
    (default) or the code of the operation's first error.
    """

    __slots__ = ("code", "kind", "started_at")

    def __enter__(self) -> Self:
        self.kind, self.code, self.started_at = "none", "ok", time.perf_counter()
        OPERATIONS_IN_FLIGHT.inc()
        return self

    def __exit__(self, *_: object) -> None:
        OPERATIONS_IN_FLIGHT.dec()
        operation_counter(self.kind, self.code).inc()
        operation_histogram(self.kind).observe(time.perf_counter() - self.started_at)


operation_counter = lru_cache(256)(OPERATIONS.labels)
"""The counter for a kind and code. Cached, because looking up labels takes longer than counting."""

operation_histogram = lru_cache(16)(OPERATION_SECONDS.labels)
"""The histogram for a kind. Cached for the same reason."""


def render(*, shared: bool) -> tuple[bytes, str]:
    """Return all metrics in the Prometheus exposition format, and its media type.

    `shared`: return the sums of all processes of this server instead of the values of this process.
    """
    registry = REGISTRY
    if shared:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def remove_stale_gauges(directory: Path | None) -> None:
    """Delete the gauges of processes that no longer run from the directory of shared metrics, if there is one."""
    for file in directory.glob("gauge_live*_*.db") if directory else ():
        try:
            os.kill(int(file.stem.rpartition("_")[2]), 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
