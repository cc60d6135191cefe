"""Limits the operations that run at once to the number of pool connections; further ones wait in a bounded queue.

A client is an API key, or an IP address if there is no key. One client can take all slots but a fifth (rounded down, at
least one slot) and half of the queue plus one place. The next slot goes to the next client in turn, so a client with a
thousand requests delays another client only a little. An operation is rejected with `Overloaded` if the queue is full
or if it has waited for too long.
"""

import asyncio
from collections import OrderedDict, deque

from graphql_app.errors import request_errors


class ConcurrencyLimiter:
    """Limits the operations that run at once.

    Takes the number of slots, the maximum number of operations in the queue, and the maximum time in the queue in
    seconds. `running` holds the number of slots that each client uses, `queues` the operations that each client has
    waiting, in the order in which the clients take turns.
    """

    def __init__(self, max_running: int, max_queued: int, queue_timeout: float) -> None:
        self.free, self.max_queued, self.queue_timeout = max_running, max_queued, queue_timeout
        self.max_per_client = max(1, max_running - max(1, max_running // 5))
        """The maximum number of slots that one client may use."""
        self.running: dict[str, int] = {}
        self.queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.waiting = 0
        self.deadlines: deque[tuple[float, asyncio.Future[None]]] = deque()
        """The loop time at which each waiting operation expires. Sorted, because all wait equally long."""
        self.timer: asyncio.TimerHandle | None = None

    async def acquire(self, client: str) -> None:
        """Take a slot, immediately or after waiting in the queue. Release it with `release`.

        Raises: Overloaded if the queue is full or the operation has waited for too long.
        """
        running = self.running.get(client, 0)
        if self.free and running < self.max_per_client:
            self.free -= 1
            self.running[client] = running + 1
        else:
            await self.wait(client)

    async def wait(self, client: str) -> None:
        """Wait in the queue of the client until a slot is assigned.

        Raises: Overloaded if the queue is full or the operation has waited for too long.
        """
        queue = self.queues.setdefault(client, deque())
        if self.waiting >= self.max_queued or len(queue) > self.max_queued // 2:
            self.drop_if_empty(client)
            raise request_errors.Overloaded
        loop = asyncio.get_running_loop()
        slot: asyncio.Future[None] = loop.create_future()
        queue.append(slot)
        self.waiting += 1
        while self.deadlines and self.deadlines[0][1].done():
            self.deadlines.popleft()
        self.deadlines.append((loop.time() + self.queue_timeout, slot))
        # One timer for all waiting operations: `asyncio.timeout` for each would cost 11 µs of CPU.
        if self.timer is None:
            self.timer = loop.call_later(self.queue_timeout, self.expire)
        try:
            await slot
        except BaseException:
            if slot in queue:
                queue.remove(slot)
                self.waiting -= 1
                self.drop_if_empty(client)
            elif slot.done() and not slot.cancelled() and slot.exception() is None:
                self.release(client)  # the slot was assigned just before this task was cancelled
            raise

    def expire(self) -> None:
        """Reject all operations that have waited too long with Overloaded, and set the timer for the next one."""
        loop = asyncio.get_running_loop()
        self.timer, deadlines = None, self.deadlines
        while deadlines and (deadlines[0][1].done() or deadlines[0][0] <= loop.time()):
            _, slot = deadlines.popleft()
            if not slot.done():
                slot.set_exception(request_errors.Overloaded())
        if deadlines:
            self.timer = loop.call_at(deadlines[0][0], self.expire)

    def drop_if_empty(self, client: str) -> None:
        """Remove the queue of the client if nothing waits in it."""
        if client in self.queues and not self.queues[client]:
            del self.queues[client]

    def release(self, client: str) -> None:
        """Return the slot of the client and assign it to the next waiting operation."""
        self.running[client] -= 1
        if not self.running[client]:
            del self.running[client]
        self.free += 1
        if self.waiting:
            self.start_next()

    def start_next(self) -> None:
        """Assign a free slot to the first waiting operation of the client whose turn it is."""
        for client, queue in list(self.queues.items()):
            running = self.running.get(client, 0)
            while queue and running < self.max_per_client:
                slot = queue.popleft()
                self.waiting -= 1
                if not slot.done():  # otherwise it was cancelled or has expired
                    self.free -= 1
                    self.running[client] = running + 1
                    slot.set_result(None)
                    self.queues.move_to_end(client)
                    self.drop_if_empty(client)
                    return
            self.drop_if_empty(client)
