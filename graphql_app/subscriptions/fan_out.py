"""Those who follow one query together: its statement, its readers, and what waits for each of them.

When the log grows a group reads once, in a session of its own for that moment, and gives the same messages to all its
members. Who comes with an older cursor reads page by page at its own pace until it stands where the group stands, and
joins it there: no gap, no double. What waits for a slow reader is bounded: beyond that it is told so, and ended.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from graphql_app.database.change_notifier import Position
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.observability import metrics
from graphql_app.query_engine import change_log

if TYPE_CHECKING:
    from graphql_app.subscriptions.broker import SubscriptionBroker
from graphql_app.subscriptions.change_query import ChangeMessage, ChangeQuery

logger = logging.getLogger(__name__)

MAX_QUEUED_MESSAGES, MAX_QUEUED_BYTES = 1_000, 4_000_000
"""What may wait for one subscriber."""
MAX_READS_PER_SECOND = 500
"""Statements a second, at most, by which all groups together follow the log: many groups read less often."""
MAX_ATTEMPTS, RETRY_SECONDS, MAX_RETRY_SECONDS = 5, 0.1, 2.0
"""A statement that takes too long is tried so often; one that finds no database, until there is one."""


class ShuttingDown(Exception):
    """This process ends: subscribe again."""


class SharedSubscription:
    """Those who follow the same query of one account."""

    def __init__(self, live: "SubscriptionBroker", query: ChangeQuery, account_id: UUID, position: Position) -> None:
        self.live, self.query, self.account_id = live, query, account_id
        self.position = self.head = position
        self.subscribers: set[Subscriber] = set()
        self.references = 0
        self.changed = asyncio.Event()
        self.task = asyncio.create_task(self.follow())
        live.notifier.subscribe(account_id, position, self.on_new_head)

    def on_new_head(self, head: Position) -> None:
        self.head = head
        self.changed.set()

    async def follow(self) -> None:
        """Read what is new and give it to the members, for good."""
        loop = asyncio.get_running_loop()
        while True:
            await self.changed.wait()
            self.changed.clear()
            began = loop.time()
            try:
                while self.position < self.head:
                    messages, position = await self.read_page(self.position, self.head)
                    self.position = position
                    for member in tuple(self.subscribers):
                        member.enqueue(messages)
                    await asyncio.sleep(0)
            except request_errors.RequestError as error:
                for member in tuple(self.subscribers):
                    member.fail(error)
                self.position = self.head
            await asyncio.sleep(began + len(self.live.shared) / MAX_READS_PER_SECOND - loop.time())

    async def read_page(self, after: Position, until: Position) -> tuple[list[ChangeMessage], Position]:
        """One page, once the database can be reached. Raises `errors.RequestError` where it cannot be read."""
        pause, tries = RETRY_SECONDS, MAX_ATTEMPTS
        while True:
            try:
                return await self.query.read(self.account_id, after, until)
            except Exception as error:
                known = error_formatting.classify_error(error)
                if not isinstance(known, request_errors.Unavailable | request_errors.Timeout | request_errors.Conflict):
                    if known is None:
                        logger.exception("A subscription cannot be read.")
                    raise known or request_errors.InternalError() from error
                tries -= not isinstance(known, request_errors.Unavailable)
                if not tries:
                    raise known from error
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_RETRY_SECONDS)

    def release(self) -> None:
        """One user less; without users the group ends."""
        self.references -= 1
        if not self.references:
            self.task.cancel()
            self.live.notifier.unsubscribe(self.account_id, self.on_new_head)
            self.live.shared = {key: group for key, group in self.live.shared.items() if group is not self}


class Subscriber:
    """One subscriber's place in the log, and what waits for it."""

    def __init__(self, group: SharedSubscription, position: Position) -> None:
        self.shared, self.position = group, position
        """`position`: all up to here was given out, or does not concern the subscriber."""
        self.queue: deque[ChangeMessage] = deque()
        self.bytes = 0
        self.changed = asyncio.Event()
        self.reason: Exception | None = None
        group.references += 1
        group.live.open_subscriptions.add(self)
        metrics.OPEN_SUBSCRIPTIONS.inc()

    @property
    def cursor(self) -> str:
        return change_log.encode_position(self.position)

    def enqueue(self, messages: Sequence[ChangeMessage]) -> None:
        """What is new, from the group."""
        for message in messages:
            if message.position > self.position:
                self.queue.append(message)
                self.bytes += len(message.payload)
        if len(self.queue) > MAX_QUEUED_MESSAGES or self.bytes > MAX_QUEUED_BYTES:
            self.queue.clear()
            metrics.SLOW_CONSUMERS.inc()
            self.fail(request_errors.SlowConsumer())
        self.changed.set()

    def fail(self, reason: Exception) -> None:
        """End it: `batch` raises the reason once what waits is given out."""
        self.reason = self.reason or reason
        self.shared.subscribers.discard(self)
        self.changed.set()

    async def next_batch(self, wait_seconds: float) -> list[ChangeMessage]:
        """What came; nothing where nothing came for so many seconds. Raises why there is no more."""
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
            elif self.position >= self.shared.position:
                self.shared.subscribers.add(self)
            else:
                messages, self.position = await self.shared.read_page(self.position, self.shared.position)
                if messages:
                    return messages

    def take_queued(self) -> list[ChangeMessage]:
        messages = list(self.queue)
        self.queue.clear()
        self.bytes, self.position = 0, messages[-1].position
        return messages

    def close(self) -> None:
        """Nobody reads any more."""
        self.shared.subscribers.discard(self)
        self.shared.live.open_subscriptions.discard(self)
        metrics.OPEN_SUBSCRIPTIONS.dec()
        self.shared.release()
