"""Who may go on now. `Gate`: as many operations at once as there are connections, and a short queue before them.
`Allowance`: a budget of cost for each client, which fills up again with time.

A client is an API key, or an address where there is no key. One client never takes all places, and those who wait are
let in by turns, so a client with a thousand requests delays another one by little. Refuses: who would wait too long.
"""

import asyncio
from collections import OrderedDict, deque

from graphql_app.errors import request_errors


class ConcurrencyLimiter:
    """`places` operations at once; `most_waiting` in the queue, for at most `patience` seconds."""

    def __init__(self, max_running: int, max_queued: int, queue_timeout: float) -> None:
        self.free, self.max_queued, self.queue_timeout = max_running, max_queued, queue_timeout
        self.max_per_client = max(1, max_running - max(1, max_running // 5))
        """Places that one client may take."""
        self.running: dict[str, int] = {}
        self.queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.waiting = 0
        self.deadlines: deque[tuple[float, asyncio.Future[None]]] = deque()
        """All turns that are waited for, and until when: in the order in which they came, since all wait alike."""
        self.timer: asyncio.TimerHandle | None = None

    async def acquire(self, client: str) -> None:
        """Take a place, now or in turn. Raises `errors.Overloaded`."""
        inside = self.running.get(client, 0)
        if self.free and inside < self.max_per_client:
            self.free -= 1
            self.running[client] = inside + 1
        else:
            await self.wait(client)

    async def wait(self, client: str) -> None:
        line = self.queues.setdefault(client, deque())
        if self.waiting >= self.max_queued or len(line) > self.max_queued // 2:
            self.drop_if_empty(client)
            raise request_errors.Overloaded
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        line.append(turn)
        self.waiting += 1
        while self.deadlines and self.deadlines[0][1].done():
            self.deadlines.popleft()
        self.deadlines.append((loop.time() + self.queue_timeout, turn))
        if self.timer is None:
            self.timer = loop.call_later(self.queue_timeout, self.expire)
        try:
            await turn
        except BaseException:
            if turn in line:
                line.remove(turn)
                self.waiting -= 1
                self.drop_if_empty(client)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                self.release(client)  # the place came in the moment in which it was given up
            raise

    def expire(self) -> None:
        """End the waiting of all whose time is up: one timer for all."""
        loop = asyncio.get_running_loop()
        self.timer, due = None, self.deadlines
        while due and (due[0][1].done() or due[0][0] <= loop.time()):
            _, turn = due.popleft()
            if not turn.done():
                turn.set_exception(request_errors.Overloaded())
        if due:
            self.timer = loop.call_at(due[0][0], self.expire)

    def drop_if_empty(self, client: str) -> None:
        if client in self.queues and not self.queues[client]:
            del self.queues[client]

    def release(self, client: str) -> None:
        """Give the place back, to the first of the client whose turn it is."""
        self.running[client] -= 1
        if not self.running[client]:
            del self.running[client]
        self.free += 1
        if self.waiting:
            self.start_next()

    def start_next(self) -> None:
        for client, line in list(self.queues.items()):
            inside = self.running.get(client, 0)
            while line and inside < self.max_per_client:
                turn = line.popleft()
                self.waiting -= 1
                if not turn.done():  # else it was given up, and is not aware of it yet
                    self.free -= 1
                    self.running[client] = inside + 1
                    turn.set_result(None)
                    self.queues.move_to_end(client)
                    self.drop_if_empty(client)
                    return
            self.drop_if_empty(client)
