"""TODO docstring."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from graphql_app.errors import request_errors

MAX_CLIENTS = 10_000


class RateLimiter:
    """A token bucket for each client: `rate` points a second, `burst` at most. A rate of 0 sets no bound."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.now = rate, max(burst, rate), now
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, client: str) -> None:
        """Raise `errors.RateLimited` while the client's bucket is empty. What an operation costs is known after it."""
        if self.rate and (left := self.remaining(client)) <= 0:
            seconds = max(1, math.ceil((1 - left) / self.rate))
            raise request_errors.RateLimited(
                f"The budget of {self.rate:g} points a second is used up: try again in {seconds} s.",
                retry_after=seconds,
            )

    def remaining(self, client: str) -> float:
        level, since = self.buckets.get(client, (self.burst, self.now()))
        return min(self.burst, level + (self.now() - since) * self.rate)

    def charge(self, client: str, cost: float) -> None:
        if not self.rate:
            return
        self.buckets[client] = (self.remaining(client) - cost, self.now())
        self.buckets.move_to_end(client)
        if len(self.buckets) > MAX_CLIENTS:
            self.buckets.popitem(last=False)
