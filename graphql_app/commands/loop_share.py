"""Long computations of a command that share the event loop with other requests."""

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TypeVar

Row = TypeVar("Row")
Result = TypeVar("Result")

MAX_HOLD_SECONDS = 0.005
"""A computation gives other requests a turn after this time."""


class LoopShare:
    """Interrupts a computation regularly. Call `turn` between its steps, each of which takes well below a millisecond.

    `turns` counts the interruptions.
    """

    def __init__(self) -> None:
        self.since = perf_counter()
        self.turns = 0

    async def turn(self) -> None:
        """Let other tasks run if the computation has held the event loop for MAX_HOLD_SECONDS."""
        if perf_counter() - self.since >= MAX_HOLD_SECONDS:
            await asyncio.sleep(0)
            self.turns += 1
            self.since = perf_counter()


async def map_in_turns(function: Callable[[Row], Result], rows: Iterable[Row]) -> list[Result]:
    """Return the results of a function for all rows. Other tasks get their turn between them."""
    share, results = LoopShare(), list[Result]()
    for row in rows:
        results.append(function(row))
        await share.turn()
    return results
