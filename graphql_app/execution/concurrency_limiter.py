"""Limits the operations that run at once to the number of pool connections; further ones wait in a bounded queue.

A client is an API key, or an IP address if there is no key. One client can take all slots but a fifth (rounded down, at
least one slot) and half of the queue plus one place. The next slot goes to the next client in turn, so a client with a
thousand requests delays another client only a little. An operation is rejected with `Overloaded` if the queue is full
or if it has waited for too long.

Writes can take neither all slots nor all places in the queue, in total and for each client: `read_share` of them is
left to reads. A write can hold its slot for seconds while it waits for a row lock; reads never wait for one.
"""

import asyncio
from collections import OrderedDict, deque

from graphql_app.errors import request_errors

QueueKey = tuple[str, bool]
"""A client, and whether the operations in its queue are writes."""


class ConcurrencyLimiter:
    """Limits the operations that run at once.

    Takes the number of slots, the maximum number of operations in the queue, the maximum time in the queue in seconds,
    and the share of slots and queue that writes cannot use. `running` and `writing` hold the number of slots that each
    client uses, for all operations and for writes. `queues` holds the waiting operations, reads and writes of a client
    apart, in the order in which they take turns.
    """

    def __init__(self, max_running: int, max_queued: int, queue_timeout: float, read_share: float) -> None:
        self.free, self.max_queued, self.queue_timeout = max_running, max_queued, queue_timeout
        self.max_per_client = max(1, max_running - max(1, max_running // 5))
        """The maximum number of slots that one client may use."""
        self.max_queued_per_client = max_queued // 2 + 1
        reserved_slots, reserved_places = reserved(max_running, read_share), reserved(max_queued, read_share)
        self.max_writes = max(1, max_running - reserved_slots)
        self.max_writes_per_client = max(1, self.max_per_client - reserved_slots)
        self.max_queued_writes = max_queued - reserved_places
        self.max_queued_writes_per_client = max(
            1, self.max_queued_per_client - reserved(self.max_queued_per_client, read_share)
        )
        self.running: dict[str, int] = {}
        self.writing: dict[str, int] = {}
        self.writes = 0
        self.queues: OrderedDict[QueueKey, deque[asyncio.Future[None]]] = OrderedDict()
        self.waiting = self.waiting_writes = 0
        self.deadlines: deque[tuple[float, asyncio.Future[None]]] = deque()
        """The loop time at which each waiting operation expires. Sorted, because all wait equally long."""
        self.timer: asyncio.TimerHandle | None = None

    async def acquire(self, client: str, *, write: bool = False) -> None:
        """Take a slot, immediately or after waiting in the queue. Release it with `release` and the same arguments.

        Raises: Overloaded if the queue is full or the operation has waited for too long.
        """
        if self.free and self.may_run(client, write=write):
            self.take(client, write=write)
        else:
            await self.wait((client, write))

    def may_run(self, client: str, *, write: bool) -> bool:
        """Whether the shares of the client and of writes allow another operation to run, if a slot is free."""
        if self.running.get(client, 0) >= self.max_per_client:
            return False
        return not write or (self.writes < self.max_writes and self.writing.get(client, 0) < self.max_writes_per_client)

    def take(self, client: str, *, write: bool) -> None:
        """Count a slot as used."""
        self.free -= 1
        self.running[client] = self.running.get(client, 0) + 1
        if write:
            self.writes += 1
            self.writing[client] = self.writing.get(client, 0) + 1

    def is_full(self, key: QueueKey) -> bool:
        """Whether the queue has no place for another operation of this client and kind."""
        client, write = key
        reads, writes = (len(self.queues.get((client, kind), ())) for kind in (False, True))
        if self.waiting >= self.max_queued or reads + writes >= self.max_queued_per_client:
            return True
        return write and (self.waiting_writes >= self.max_queued_writes or writes >= self.max_queued_writes_per_client)

    async def wait(self, key: QueueKey) -> None:
        """Wait in the queue of the client until a slot is assigned.

        Raises: Overloaded if the queue is full or the operation has waited for too long.
        """
        if self.is_full(key):
            raise request_errors.Overloaded
        queue = self.queues.setdefault(key, deque())
        loop = asyncio.get_running_loop()
        slot: asyncio.Future[None] = loop.create_future()
        queue.append(slot)
        self.count_waiting(key, 1)
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
                self.count_waiting(key, -1)
                self.drop_if_empty(key)
            elif slot.done() and not slot.cancelled() and slot.exception() is None:
                client, write = key
                self.release(client, write=write)  # the slot was assigned just before this task was cancelled
            raise

    def count_waiting(self, key: QueueKey, change: int) -> None:
        """Add to the number of waiting operations."""
        self.waiting += change
        self.waiting_writes += change if key[1] else 0

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

    def drop_if_empty(self, key: QueueKey) -> None:
        """Remove a queue in which nothing waits."""
        if key in self.queues and not self.queues[key]:
            del self.queues[key]

    def release(self, client: str, *, write: bool = False) -> None:
        """Return a slot of the client and assign free slots to waiting operations."""
        self.free += 1
        decrease(self.running, client)
        if write:
            self.writes -= 1
            decrease(self.writing, client)
        while self.waiting and self.free and self.start_next():
            # One slot can allow two operations: a read of this client, and a write of another one.
            pass

    def start_next(self) -> bool:
        """Assign a free slot to the first waiting operation that may run, of the client whose turn it is.

        Returns whether there is one.
        """
        for (client, write), queue in list(self.queues.items()):
            while queue and self.may_run(client, write=write):
                slot = queue.popleft()
                self.count_waiting((client, write), -1)
                if not slot.done():  # otherwise it was cancelled or has expired
                    self.take(client, write=write)
                    slot.set_result(None)
                    for key in ((client, not write), (client, write)):  # one turn for both kinds of a client
                        if key in self.queues:
                            self.queues.move_to_end(key)
                    self.drop_if_empty((client, write))
                    return True
            self.drop_if_empty((client, write))
        return False


def reserved(total: int, share: float) -> int:
    """Return how many of `total` slots or places only reads can use: at least one, unless the share is 0."""
    return max(1, int(total * share)) if share else 0


def decrease(counts: dict[str, int], client: str) -> None:
    """Subtract one from the count of a client, which is removed at zero."""
    counts[client] -= 1
    if not counts[client]:
        del counts[client]
