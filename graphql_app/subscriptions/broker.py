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

from graphql_app.auth.authenticator import ApiKeyAuthenticator
from graphql_app.auth.viewer import Viewer
from graphql_app.database.change_notifier import BEGINNING, ChangeNotifier
from graphql_app.database.reader import AccountReader
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting, request
from graphql_app.execution.documents import Operation
from graphql_app.execution.runner import BASE_COST, OperationRunner
from graphql_app.observability import metrics
from graphql_app.query_engine import change_log
from graphql_app.settings import Settings
from graphql_app.subscriptions.change_query import ChangeQuery
from graphql_app.subscriptions.fan_out import SharedSubscription, ShuttingDown, Subscriber


class SubscriptionBroker:
    """All subscriptions of this process."""

    def __init__(
        self, operations: OperationRunner, feed: ChangeNotifier, settings: Settings, keys: ApiKeyAuthenticator
    ) -> None:
        self.runner, self.notifier, self.settings, self.authenticator = operations, feed, settings, keys
        self.shared: dict[tuple[UUID, int, bytes], SharedSubscription] = {}
        self.open_subscriptions: set[Subscriber] = set()
        self.read_slots = asyncio.Semaphore(max(1, settings.pool_size // 2))
        self.open_streams, self.streams_per_client = 0, Counter[str]()

    @contextmanager
    def stream_slot(self) -> Iterator[None]:
        """One of the sockets and streams of this process. Raises Overloaded."""
        if self.open_streams >= self.settings.max_streams:
            raise request_errors.Overloaded("Too many sockets and streams are open: try again, or elsewhere.")
        self.open_streams += 1
        metrics.OPEN_STREAMS.inc()
        try:
            yield
        finally:
            self.open_streams -= 1
            metrics.OPEN_STREAMS.dec()

    @contextmanager
    def client_slot(self, client: str) -> Iterator[None]:
        """One of the sockets and streams of a client. Raises RateLimited."""
        if self.streams_per_client[client] >= self.settings.max_streams_per_client:
            raise request_errors.RateLimited(
                f"You have {self.streams_per_client[client]} sockets and streams open, the limit."
            )
        self.streams_per_client[client] += 1
        try:
            yield
        finally:
            self.streams_per_client[client] -= 1
            if not self.streams_per_client[client]:
                del self.streams_per_client[client]

    async def open(
        self, operation: Operation, asked: request.GraphQLRequest, viewer: Viewer, client: str, last: str | None = None
    ) -> Subscriber:
        """A new subscription; `last` is a cursor that counts more than `after`. Close it. Raises `RequestError`."""
        self.runner.rate_limiter.check(client)
        query = ChangeQuery(self, operation, asked)
        self.runner.rate_limiter.charge(client, BASE_COST + query.plan.cost)
        named = last or query.arguments.get("after")
        after = None if named is None else BEGINNING if named == "" else change_log.decode_position(named)
        key = viewer.account_id, id(operation.node), orjson.dumps(query.variables, option=orjson.OPT_SORT_KEYS)
        group = self.shared.get(key)
        try:
            async with self.read_slots:
                rows = AccountReader(self.runner.engine, viewer.account_id)
                start, head = await self.notifier.start_position(rows.fetch, viewer.account_id, after)
            if group is None:
                await query.read(viewer.account_id, head, head)  # whatever is wrong with it is said at once
        except Exception as error:
            known = error_formatting.classify_error(error)
            if known is None:
                raise
            raise known from error
        group = self.shared.get(key)  # others may have come meanwhile
        if group is None:
            group = self.shared[key] = SharedSubscription(self, query, viewer.account_id, head)
        return Subscriber(group, start)

    def shut_down(self) -> None:
        """The process ends: so do all subscriptions."""
        for subscription in tuple(self.open_subscriptions):
            subscription.fail(ShuttingDown())
