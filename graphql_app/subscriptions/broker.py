"""All subscriptions of a process: opens them, shares their statements and limits their number.

Subscribers of one account with the same operation and variables share one `SharedSubscription` (`fan_out.py`). No
subscription holds a database connection while it waits. More streams than a process or a client may have open, invalid
or expired cursors, and everything that is rejected in a query are rejected.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import orjson

from graphql_app.auth.authenticator import ApiKeyAuthenticator
from graphql_app.auth.viewer import Viewer
from graphql_app.database.change_notifier import BEGINNING, ChangeNotifier
from graphql_app.database.reader import AccountReader
from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.execution.documents import Operation
from graphql_app.execution.request import GraphQLRequest
from graphql_app.execution.runner import BASE_COST, OperationRunner
from graphql_app.observability import metrics
from graphql_app.query_engine import change_log
from graphql_app.settings import Settings
from graphql_app.subscriptions.change_query import ChangeQuery
from graphql_app.subscriptions.fan_out import SharedSubscription, Subscriber, SubscriptionEnded

MAX_READS_PER_SECOND = 500
"""Statements per second with which all shared subscriptions together follow the log: the more of them there are, the
less often each reads."""

SharedKey = tuple[UUID, int, int, bytes]
"""Key of a shared subscription: account, history of the log, `id()` of the operation's node, variables as JSON."""


class SubscriptionBroker:
    """All subscriptions of this process; the WebSocket and SSE transports open them here."""

    def __init__(
        self, runner: OperationRunner, notifier: ChangeNotifier, settings: Settings, authenticator: ApiKeyAuthenticator
    ) -> None:
        self.runner, self.notifier, self.settings, self.authenticator = runner, notifier, settings, authenticator
        self.shared: dict[SharedKey, SharedSubscription] = {}
        self.open_subscriptions: set[Subscriber] = set()
        self.read_slots = asyncio.Semaphore(max(1, settings.pool_size // 2))
        """Subscriptions use at most half of the connections of the pool."""
        self.open_streams, self.streams_per_client = 0, Counter[str]()

    @contextmanager
    def stream_slot(self) -> Iterator[None]:
        """Count one WebSocket or SSE stream of the process while the block runs.

        Raises:
            Overloaded: `max_streams` are open.
        """
        if self.open_streams >= self.settings.max_streams:
            raise request_errors.Overloaded(
                f"The server has {self.settings.max_streams} WebSocket and SSE streams open, the maximum. Retry later."
            )
        self.open_streams += 1
        metrics.OPEN_STREAMS.inc()
        try:
            yield
        finally:
            self.open_streams -= 1
            metrics.OPEN_STREAMS.dec()

    @contextmanager
    def client_slot(self, client: str) -> Iterator[None]:
        """Count one WebSocket or SSE stream of a client while the block runs.

        Raises:
            RateLimited: the client has `max_streams_per_client` open.
        """
        if self.streams_per_client[client] >= self.settings.max_streams_per_client:
            raise request_errors.RateLimited(
                f"You have {self.streams_per_client[client]} WebSocket and SSE streams open, the maximum. "
                "Close one before you open another."
            )
        self.streams_per_client[client] += 1
        try:
            yield
        finally:
            self.streams_per_client[client] -= 1
            if not self.streams_per_client[client]:
                del self.streams_per_client[client]

    async def open(
        self, operation: Operation, request: GraphQLRequest, viewer: Viewer, client: str,
        last_event_id: str | None = None,
    ) -> Subscriber:  # fmt: skip
        """Open a subscription; the caller must close it.

        It starts after the cursor `last_event_id`, else after the argument `after`, else at the end of the log.

        Raises:
            RateLimited: the client has no points left.
            InvalidDocument: a variable or an argument does not have its type.
            RequestError: the cursor is invalid or expired, an argument is invalid, or the database is unavailable.
        """
        self.runner.rate_limiter.check(client)
        query = ChangeQuery(self.runner, self.read_slots, operation, request)
        self.runner.rate_limiter.charge(client, BASE_COST + query.plan.cost)
        cursor = last_event_id or query.arguments.get("after")
        after, history = change_log.decode_position(cursor) if cursor else (None if cursor is None else BEGINNING, None)
        try:
            async with self.read_slots:
                reader = AccountReader(self.runner.engine, viewer.account_id)
                start, head = await self.notifier.start_position(reader.fetch, viewer.account_id, after, history)
            variables = orjson.dumps(query.variables, option=orjson.OPT_SORT_KEYS)
            key = viewer.account_id, head.history, id(operation.node), variables
            if key not in self.shared:
                await query.read(viewer.account_id, head.position, head)  # reports invalid values before the stream
        except Exception as error:
            classified = error_formatting.classify_error(error)
            if classified is None:
                raise
            raise classified from error
        shared = self.shared.get(key)  # read again: another subscriber may have created it in the meantime
        if shared is None:
            shared = self.shared[key] = SharedSubscription(
                query, viewer.account_id, head, self.notifier, self.pace, partial(self.shared.pop, key)
            )
        subscriber = Subscriber(shared, start, self.open_subscriptions.discard)
        self.open_subscriptions.add(subscriber)
        return subscriber

    def pace(self) -> float:
        """Seconds between two reads of one shared subscription."""
        return len(self.shared) / MAX_READS_PER_SECOND

    def shut_down(self) -> None:
        """End all subscriptions without an error: clients reconnect and continue after their last cursor."""
        for subscriber in tuple(self.open_subscriptions):
            subscriber.fail(SubscriptionEnded())
