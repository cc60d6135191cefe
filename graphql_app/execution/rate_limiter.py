"""Rate limits: a budget of points for each client, which refills with time (a token bucket).

A client is an API key, or an IP address if there is no key. The cost of an operation is known only after it ran, so it
is charged then: a budget can become negative, and the client is rejected until it is positive again. Each process
has its own budgets.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from graphql_app.errors import request_errors

MAX_CLIENTS = 10_000
"""The maximum number of clients whose budgets are kept; the one charged longest ago is dropped first."""


class RateLimiter:
    """Token buckets: `rate` points per second, at most `burst` points saved up. A rate of 0 disables the limit."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        """`now` returns the current time in seconds, from any starting point."""
        self.rate, self.burst, self.now = rate, max(burst, rate), now
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Client → points left after its last charge, and the time of that charge in seconds."""

    def check(self, client: str) -> None:
        """Check that the client has points left.

        Raises:
            RateLimited: it has none. `retry_after` is the number of seconds until it has some.
        """
        if self.rate and (remaining := self.remaining(client)) <= 0:
            seconds = max(1, math.ceil((1 - remaining) / self.rate))
            raise request_errors.RateLimited(
                f"Rate limit of {self.rate:g} points per second exceeded. Retry after {seconds} s.",
                retry_after=seconds,
            )

    def remaining(self, client: str) -> float:
        """Return the points that the client has left; negative if its last operations cost more than it had."""
        points, since = self.buckets.get(client, (self.burst, self.now()))
        return min(self.burst, points + (self.now() - since) * self.rate)

    def charge(self, client: str, cost: float) -> None:
        """Deduct `cost` points from the budget of the client."""
        if not self.rate:
            return
        self.buckets[client] = (self.remaining(client) - cost, self.now())
        self.buckets.move_to_end(client)
        if len(self.buckets) > MAX_CLIENTS:
            self.buckets.popitem(last=False)
