"""The subscribers of one query: one shared statement, and a bounded queue for each of them.

When the log grows, a `SharedSubscription` reads it once and passes the same messages to all subscribers. A subscriber
with an older cursor first reads page by page at its own pace; at the position of the shared subscription it joins: no
change is skipped or delivered twice. A subscriber whose queue exceeds its bounds fails with SLOW_CONSUMER.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID

from graphql_app.database.change_notifier import ChangeNotifier, LogHead, LogPosition
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.observability import metrics
from graphql_app.query_engine import change_log
from graphql_app.subscriptions.change_query import ChangeMessage, ChangeQuery

logger = logging.getLogger(__name__)

MAX_QUEUED_MESSAGES = 1_000
"""Maximum number of messages that wait for one subscriber."""
MAX_QUEUED_BYTES = 4_000_000
"""Maximum size of the payloads that wait for one subscriber."""
MAX_ATTEMPTS = 5
"""Attempts to run a statement that times out or conflicts. Without a database it is retried for ever."""
RETRY_SECONDS = 0.1
"""Delay before the first retry; doubled after each."""
MAX_RETRY_SECONDS = 2.0
"""Longest delay between two attempts."""


class SubscriptionEnded(Exception):
    """Ends a subscription without an error, because the process shuts down or the client has disconnected."""


class SharedSubscription:
    """The subscribers of one account that follow the same query, and the task that reads the log for them.

    `position` is read by this task, `head` is the end of the log. `pace()` returns the seconds that one round
    must take at least, `on_idle()` is called once, after the last subscriber has closed. If the log gets another
    history, after a failover or a restore, all subscribers fail with CURSOR_EXPIRED.
    """

    def __init__(
        self, query: ChangeQuery, account_id: UUID, head: LogHead, notifier: ChangeNotifier,
        pace: Callable[[], float], on_idle: Callable[[], object],
    ) -> None:  # fmt: skip
        self.query, self.account_id, self.notifier, self.pace, self.on_idle = query, account_id, notifier, pace, on_idle
        self.position, self.head = head.position, head
        self.subscribers: set[Subscriber] = set()
        """Those that have reached `position`."""
        self.references = 0
        """All open subscribers, those that still catch up included."""
        self.is_expired = False
        """Whether the log has another history than `head`."""
        self.changed = asyncio.Event()
        self.task = asyncio.create_task(self.follow())
        notifier.subscribe(account_id, head, self.on_new_head)

    def on_new_head(self, head: LogHead) -> None:
        """The notifier's callback: the log has grown up to `head`, or has another history."""
        if head.history == self.head.history:
            self.head = head
            self.changed.set()
            return
        self.is_expired = True
        for subscriber in tuple(self.subscribers):
            subscriber.fail(request_errors.CursorExpired())

    async def follow(self) -> None:
        """Read every new part of the log and pass it to the subscribers, until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.changed.wait()
            self.changed.clear()
            started_at = loop.time()
            try:
                while self.position < self.head.position:
                    messages, self.position = await self.read_page(self.position, self.head)
                    for subscriber in tuple(self.subscribers):
                        subscriber.enqueue(messages)
                    await asyncio.sleep(0)
            except request_errors.RequestError as error:
                for subscriber in tuple(self.subscribers):
                    subscriber.fail(error)
                self.position = self.head.position
            await asyncio.sleep(started_at + self.pace() - loop.time())

    async def read_page(self, after: LogPosition, until: LogHead) -> tuple[list[ChangeMessage], LogPosition]:
        """Read one page of messages, see `ChangeQuery.read`; waits while the database is unavailable.

        Raises:
            RequestError: the page cannot be read. Timeout and Conflict only after MAX_ATTEMPTS attempts.
            InternalError: an unexpected exception, which is logged.
        """
        delay, attempts_left = RETRY_SECONDS, MAX_ATTEMPTS
        while True:
            try:
                return await self.query.read(self.account_id, after, until)
            except Exception as error:
                classified = error_formatting.classify_error(error)
                if not isinstance(
                    classified, request_errors.Unavailable | request_errors.Timeout | request_errors.Conflict
                ):
                    if classified is None:
                        logger.exception("Reading the changes of a subscription failed.")
                    raise classified or request_errors.InternalError() from error
                attempts_left -= not isinstance(classified, request_errors.Unavailable)
                if not attempts_left:
                    raise classified from error
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_RETRY_SECONDS)

    def release(self) -> None:
        """Remove one reference; without references the task ends."""
        self.references -= 1
        if not self.references:
            self.task.cancel()
            self.notifier.unsubscribe(self.account_id, self.on_new_head)
            self.on_idle()


class Subscriber:
    """One subscription of one client: its position in the log and its queue.

    `on_close(subscriber)` is called when it closes. Close each subscriber exactly once.
    """

    def __init__(
        self, shared: SharedSubscription, position: LogPosition, on_close: Callable[["Subscriber"], object]
    ) -> None:
        self.shared, self.position, self.on_close = shared, position, on_close
        """All changes up to `position` were delivered or do not match the subscription."""
        self.queue: deque[ChangeMessage] = deque()
        self.queued_bytes = 0
        self.changed = asyncio.Event()
        self.reason: Exception | None = None
        """Why the subscription ends; None while it is open."""
        shared.references += 1
        metrics.OPEN_SUBSCRIPTIONS.inc()

    @property
    def cursor(self) -> str:
        """The cursor of the current position."""
        return change_log.encode_position(self.position, self.shared.head.history)

    def enqueue(self, messages: Sequence[ChangeMessage]) -> None:
        """Add new messages to the queue; fails with SlowConsumer if it then exceeds its bounds."""
        for message in messages:
            if message.position > self.position:
                self.queue.append(message)
                self.queued_bytes += len(message.payload)
        if len(self.queue) > MAX_QUEUED_MESSAGES or self.queued_bytes > MAX_QUEUED_BYTES:
            self.queue.clear()
            metrics.SLOW_CONSUMERS.inc()
            self.fail(request_errors.SlowConsumer())
        self.changed.set()

    def fail(self, reason: Exception) -> None:
        """End the subscription: `next_batch` raises the first reason after it has returned what is queued."""
        self.reason = self.reason or reason
        self.shared.subscribers.discard(self)
        self.changed.set()

    async def next_batch(self, wait_seconds: float) -> list[ChangeMessage]:
        """The next messages, in the order of the log; an empty list if none arrive within `wait_seconds`.

        Raises:
            RequestError: the log cannot be read, or the client reads too slowly.
            CursorExpired: the log has another history, after a failover or a restore.
            ShuttingDown: the subscription ends without an error.
        """
        while True:
            if self.queue:
                return self.take_queued()
            if self.reason is not None:
                raise self.reason
            if self in self.shared.subscribers:
                self.position = max(self.position, self.shared.position)
                self.changed.clear()
                try:
                    async with asyncio.timeout(wait_seconds):
                        await self.changed.wait()
                except TimeoutError:
                    return []
            elif self.shared.is_expired:
                raise request_errors.CursorExpired
            elif self.position >= self.shared.position:
                self.shared.subscribers.add(self)
            else:
                until = self.shared.head._replace(position=self.shared.position)
                messages, self.position = await self.shared.read_page(self.position, until)
                if messages:
                    return messages

    def take_queued(self) -> list[ChangeMessage]:
        """Empty the queue and move the position to its last message."""
        messages = list(self.queue)
        self.queue.clear()
        self.queued_bytes, self.position = 0, messages[-1].position
        return messages

    def close(self) -> None:
        """Leave the shared subscription."""
        self.shared.subscribers.discard(self)
        metrics.OPEN_SUBSCRIPTIONS.dec()
        self.on_close(self)
        self.shared.release()
