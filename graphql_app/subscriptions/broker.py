"""Subscriptions at work: a subscription in, batches of messages out, in the order of the log and from any place in it.

Subscribers of one account with the same selection and filter are a group (`groups.py`). Nobody holds a connection to
the database while waiting. Refuses: more sockets and streams than a process or a client may have, cursors that are none
or lie before what is kept, what is refused in a query.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import orjson

from graphql_app.auth.authenticator import Keyring
from graphql_app.auth.viewer import Viewer
from graphql_app.database.change_notifier import BEGINNING, Feed
from graphql_app.database.reader import Rows
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting, request
from graphql_app.execution.documents import Operation
from graphql_app.execution.runner import BASE_COST, Operations
from graphql_app.observability import metrics
from graphql_app.query_engine import change_log
from graphql_app.settings import Settings
from graphql_app.subscriptions.change_query import Query
from graphql_app.subscriptions.fan_out import Ended, Group, Subscription


class Live:
    """All subscriptions of this process."""

    def __init__(self, operations: Operations, feed: Feed, settings: Settings, keys: Keyring) -> None:
        self.operations, self.feed, self.settings, self.keys = operations, feed, settings, keys
        self.groups: dict[tuple[UUID, int, bytes], Group] = {}
        self.open_subscriptions: set[Subscription] = set()
        self.turns = asyncio.Semaphore(max(1, settings.pool_size // 2))
        self.places, self.clients = 0, Counter[str]()

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the sockets and streams of this process. Raises Overloaded."""
        if self.places >= self.settings.most_streams:
            raise request_errors.Overloaded("Too many sockets and streams are open: try again, or elsewhere.")
        self.places += 1
        metrics.STREAMS.inc()
        try:
            yield
        finally:
            self.places -= 1
            metrics.STREAMS.dec()

    @contextmanager
    def share(self, client: str) -> Iterator[None]:
        """One of the sockets and streams of a client. Raises RateLimited."""
        if self.clients[client] >= self.settings.most_streams_each:
            raise request_errors.RateLimited(f"You have {self.clients[client]} sockets and streams open, the limit.")
        self.clients[client] += 1
        try:
            yield
        finally:
            self.clients[client] -= 1
            if not self.clients[client]:
                del self.clients[client]

    async def open(
        self, operation: Operation, asked: request.GraphQLRequest, viewer: Viewer, client: str, last: str | None = None
    ) -> Subscription:
        """A new subscription; `last` is a cursor that counts more than `after`. Close it. Raises `RequestError`."""
        self.operations.allowance.check(client)
        query = Query(self, operation, asked)
        self.operations.allowance.charge(client, BASE_COST + query.plan.cost)
        named = last or query.arguments.get("after")
        after = None if named is None else BEGINNING if named == "" else change_log.position(named)
        key = viewer.account_id, id(operation.node), orjson.dumps(query.variables, option=orjson.OPT_SORT_KEYS)
        group = self.groups.get(key)
        try:
            async with self.turns:
                rows = Rows(self.operations.engine, viewer.account_id)
                start, head = await self.feed.enter(rows.fetch, viewer.account_id, after)
            if group is None:
                await query.read(viewer.account_id, head, head)  # whatever is wrong with it is said at once
        except Exception as error:
            known = error_formatting.known_cause(error)
            if known is None:
                raise
            raise known from error
        group = self.groups.get(key)  # others may have come meanwhile
        if group is None:
            group = self.groups[key] = Group(self, query, viewer.account_id, head)
        return Subscription(group, start)

    def end(self) -> None:
        """The process ends: so do all subscriptions."""
        for subscription in tuple(self.open_subscriptions):
            subscription.fail(Ended())
