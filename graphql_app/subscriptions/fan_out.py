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
    from graphql_app.subscriptions.broker import Live
from graphql_app.subscriptions.change_query import Message, Query

logger = logging.getLogger(__name__)

MOST_MESSAGES, MOST_BYTES = 1_000, 4_000_000
"""What may wait for one subscriber."""
READS = 500
"""Statements a second, at most, by which all groups together follow the log: many groups read less often."""
TRIES, PAUSE, LONGEST_PAUSE = 5, 0.1, 2.0
"""A statement that takes too long is tried so often; one that finds no database, until there is one."""


class Ended(Exception):
    """This process ends: subscribe again."""


class Group:
    """Those who follow the same query of one account."""

    def __init__(self, live: "Live", query: Query, account_id: UUID, position: Position) -> None:
        self.live, self.query, self.account_id = live, query, account_id
        self.position = self.head = position
        self.members: set[Subscription] = set()
        self.users = 0
        self.stirred = asyncio.Event()
        self.task = asyncio.create_task(self.follow())
        live.feed.watch(account_id, position, self.told)

    def told(self, head: Position) -> None:
        self.head = head
        self.stirred.set()

    async def follow(self) -> None:
        """Read what is new and give it to the members, for good."""
        loop = asyncio.get_running_loop()
        while True:
            await self.stirred.wait()
            self.stirred.clear()
            began = loop.time()
            try:
                while self.position < self.head:
                    messages, position = await self.page(self.position, self.head)
                    self.position = position
                    for member in tuple(self.members):
                        member.offer(messages)
                    await asyncio.sleep(0)
            except request_errors.RequestError as error:
                for member in tuple(self.members):
                    member.fail(error)
                self.position = self.head
            await asyncio.sleep(began + len(self.live.groups) / READS - loop.time())

    async def page(self, after: Position, until: Position) -> tuple[list[Message], Position]:
        """One page, once the database can be reached. Raises `errors.RequestError` where it cannot be read."""
        pause, tries = PAUSE, TRIES
        while True:
            try:
                return await self.query.read(self.account_id, after, until)
            except Exception as error:
                known = error_formatting.known_cause(error)
                if not isinstance(known, request_errors.Unavailable | request_errors.Timeout | request_errors.Conflict):
                    if known is None:
                        logger.exception("A subscription cannot be read.")
                    raise known or request_errors.Internal() from error
                tries -= not isinstance(known, request_errors.Unavailable)
                if not tries:
                    raise known from error
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def leave(self) -> None:
        """One user less; without users the group ends."""
        self.users -= 1
        if not self.users:
            self.task.cancel()
            self.live.feed.forget(self.account_id, self.told)
            self.live.groups = {key: group for key, group in self.live.groups.items() if group is not self}


class Subscription:
    """One subscriber's place in the log, and what waits for it."""

    def __init__(self, group: Group, position: Position) -> None:
        self.group, self.position = group, position
        """`position`: all up to here was given out, or does not concern the subscriber."""
        self.waiting: deque[Message] = deque()
        self.bytes = 0
        self.stirred = asyncio.Event()
        self.reason: Exception | None = None
        group.users += 1
        group.live.open_subscriptions.add(self)
        metrics.SUBSCRIPTIONS.inc()

    @property
    def cursor(self) -> str:
        return change_log.name(self.position)

    def offer(self, messages: Sequence[Message]) -> None:
        """What is new, from the group."""
        for message in messages:
            if message.at > self.position:
                self.waiting.append(message)
                self.bytes += len(message.payload)
        if len(self.waiting) > MOST_MESSAGES or self.bytes > MOST_BYTES:
            self.waiting.clear()
            metrics.SLOW.inc()
            self.fail(request_errors.SlowConsumer())
        self.stirred.set()

    def fail(self, reason: Exception) -> None:
        """End it: `batch` raises the reason once what waits is given out."""
        self.reason = self.reason or reason
        self.group.members.discard(self)
        self.stirred.set()

    async def batch(self, patience: float) -> list[Message]:
        """What came; nothing where nothing came for so many seconds. Raises why there is no more."""
        while True:
            if self.waiting:
                return self.take()
            if self.reason is not None:
                raise self.reason
            if self in self.group.members:
                self.position = max(self.position, self.group.position)
                self.stirred.clear()
                try:
                    async with asyncio.timeout(patience):
                        await self.stirred.wait()
                except TimeoutError:
                    return []
            elif self.position >= self.group.position:
                self.group.members.add(self)
            else:
                messages, self.position = await self.group.page(self.position, self.group.position)
                if messages:
                    return messages

    def take(self) -> list[Message]:
        messages = list(self.waiting)
        self.waiting.clear()
        self.bytes, self.position = 0, messages[-1].at
        return messages

    def close(self) -> None:
        """Nobody reads any more."""
        self.group.members.discard(self)
        self.group.live.open_subscriptions.discard(self)
        metrics.SUBSCRIPTIONS.dec()
        self.group.leave()
