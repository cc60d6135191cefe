"""Change notifications (LISTEN/NOTIFY): callbacks that receive the position up to which a change log can be read.

Each process has one connection for this, outside the pool. Notifications of other processes and commits of this one
only start a query for the position. The query also runs every second and after each reconnect, so a lost notification
delays a change by a second at most. The head of a log is the last row that can be read: no row can appear before it
later (`change_log_sql.py`). A transaction that stays open therefore delays all readers until it has ended. A head
also names the history of the log: after a failover or a restore it is another one, and subscribers must not go on.

Commits are announced on this connection, at most 50 times a second whatever their number: a NOTIFY inside each
transaction would serialize the commits (16 writers reach 500 commits a second with it, 3,500 without).
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.change_log_sql import END, HISTORY
from graphql_app.database.engine import connect_for_functions
from graphql_app.database.errors import first_line, is_database_failure
from graphql_app.errors import request_errors
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)


class LogPosition(NamedTuple):
    """Position of a row in the change log, with the time of the row. They are ordered as the log is."""

    log_position: int
    seq: int
    at: datetime


class LogHead(NamedTuple):
    """The last row of an account's log that can be read, and the history that it belongs to."""

    history: int
    position: LogPosition


BEGINNING = LogPosition(0, 0, datetime(2000, 1, 1, tzinfo=UTC))
"""The position before the first row."""
HeadCallback = Callable[[LogHead], None]
"""Called with the new head of an account's log."""

CHANNEL = "shipments_changed"
"""Channel of LISTEN and NOTIFY."""
HEARTBEAT_SECONDS = 5.0
"""Interval between two checks of the connection while nobody subscribes."""
RESPONSE_TIMEOUT_SECONDS = 5.0
"""Timeout of connecting and of each statement."""
POLL_SECONDS = 1.0
"""Interval between two polls without a notification."""
MIN_UNSETTLED_POLL_SECONDS = 0.005
"""First interval between two polls while an older transaction still runs; it doubles with each poll."""
MAX_UNSETTLED_POLL_SECONDS = 0.25
"""Longest interval between two polls while an older transaction still runs."""
MIN_POLL_INTERVAL_SECONDS = 0.002
"""Shortest interval between two polls."""
MIN_NOTIFY_INTERVAL_SECONDS = 0.02
"""Shortest interval between two notifications."""
MIN_RECONNECT_SECONDS = 0.05
"""Wait before the first attempt to reconnect; it doubles with each attempt."""
MAX_RECONNECT_SECONDS = 2.0
"""Longest wait before an attempt to reconnect."""

HEADS_SQL = "SELECT account, history, log_position, seq, at, unsettled FROM change_log_heads($1)"
START_POSITION_SQL = f"""
SELECT {HISTORY} AS history, head.log_position, head.seq, head.at, EXISTS (
    SELECT FROM change c WHERE c.account_id = $1::uuid AND c.log_position = $2::bigint AND c.seq = $3::bigint
        AND c.at = $4::timestamptz
) AS is_stored
FROM (SELECT) AS one
LEFT JOIN LATERAL (
    SELECT c.log_position, c.seq, c.at FROM change c
    WHERE c.account_id = $1::uuid AND c.log_position < {END}
    ORDER BY c.log_position DESC, c.seq DESC LIMIT 1
) AS head ON true"""


def head_of_row(row: Mapping[str, Any]) -> LogHead:
    """Return the head in a row of one of these statements; its columns are null if the log is empty."""
    is_empty = row["log_position"] is None
    position = BEGINNING if is_empty else LogPosition(row["log_position"], row["seq"], row["at"])
    return LogHead(row["history"], position)


@dataclass(slots=True)
class WatchedAccount:
    """An account with subscribers: the head of its log, None if they have different histories, and their callbacks."""

    head: LogHead | None
    callbacks: set[HeadCallback] = field(default_factory=set)


class ChangeNotifier:
    """The change notifier of one process. `run()` is its background task."""

    def __init__(self, engine: AsyncEngine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self.watched: dict[UUID, WatchedAccount] = {}
        self.wake_up = asyncio.Event()
        self.needed = asyncio.Event()
        """Set at the first commit or subscription; before that there is no connection."""
        self.notify_pending = False
        """Whether this process has committed something that it has not announced yet."""
        self.last_notify = 0.0
        self.last_heartbeat = 0.0

    def notify_commit(self) -> None:
        """Announce a commit of this process to its own subscribers and to the other processes."""
        if self.notify_pending and not self.watched:
            return  # no subscribers here, and the other processes are about to be notified
        self.notify_pending = True
        self.needed.set()
        self.wake_up.set()

    def subscribe(self, account_id: UUID, head: LogHead, callback: HeadCallback) -> None:
        """Call `callback` with every new head of the account's log that is later than `head`, or of another history."""
        watched = self.watched.setdefault(account_id, WatchedAccount(head))
        watched.callbacks.add(callback)
        if watched.head is not None and watched.head.history != head.history:
            watched.head = None  # the next poll decides which history is the current one, and calls all
        elif watched.head is not None and watched.head > head:
            callback(watched.head)
        self.needed.set()
        self.wake_up.set()

    def unsubscribe(self, account_id: UUID, callback: HeadCallback) -> None:
        """Stop calling `callback`."""
        watched = self.watched[account_id]
        watched.callbacks.discard(callback)
        if not watched.callbacks:
            del self.watched[account_id]

    async def start_position(
        self, fetch: Callable[..., Any], account_id: UUID, after: LogPosition | None, history: int | None
    ) -> tuple[LogPosition, LogHead]:
        """Return the position at which a reader starts, and the current head of the log.

        `fetch(sql, arguments)` runs a statement. The start is `after`, or the head if `after` is None. `history` is
        that of the cursor with this position; None if the reader starts at the beginning without a cursor.

        Raises:
            CursorExpired: rows behind `after` have been deleted by the retention, or it belongs to another history.
        """
        (row,) = await fetch(START_POSITION_SQL, [account_id, *(after or BEGINNING)])
        head = head_of_row(row)
        if after is None:
            return head.position, head
        if history not in (None, head.history) or (after != BEGINNING and not row["is_stored"]):
            raise request_errors.CursorExpired
        return after, head

    async def run(self) -> None:
        """Run forever. Connects at the first commit or subscription, and again whenever the connection is lost."""
        delay = MIN_RECONNECT_SECONDS
        while True:
            await self.needed.wait()
            try:
                connection = await self.connect()
                delay = MIN_RECONNECT_SECONDS
                try:
                    await self.follow(connection)
                finally:
                    connection.terminate()
            except Exception as error:  # an exception would end the task unnoticed
                if is_database_failure(error):
                    name, message = type(error).__name__, first_line(error)
                    logger.warning("The change notifier lost its connection: %s: %s", name, message)
                else:
                    logger.exception("The change notifier failed.")
            await asyncio.sleep(random.uniform(0.5, 1) * delay)
            delay = min(delay * 2, MAX_RECONNECT_SECONDS)

    async def connect(self) -> "asyncpg.Connection[Any]":
        """Open the connection and LISTEN. Notifications of this process itself are ignored."""
        server_settings = {
            "application_name": "graphql-app change notifier",
            "jit": "off",
            "synchronous_commit": "off",  # a notification need not wait until it is written to disk
        }
        connection = await connect_for_functions(self.engine, self.settings, server_settings, RESPONSE_TIMEOUT_SECONDS)
        own_pid = connection.get_server_pid()

        def on_notification(_connection: object, pid: int, _channel: str, _payload: object) -> None:
            if pid != own_pid:
                self.wake_up.set()

        try:
            await connection.add_listener(CHANNEL, on_notification)
        except BaseException:  # if cancelled here, the connection would stay open and block the event loop's end
            connection.terminate()
            raise
        connection.add_termination_listener(lambda _: self.wake_up.set())
        return connection

    async def follow(self, connection: "asyncpg.Connection[Any]") -> None:
        """Poll, notify and wait until the connection is lost."""
        unsettled_delay = MIN_UNSETTLED_POLL_SECONDS
        while True:
            self.wake_up.clear()
            unsettled = await self.poll(connection)
            await self.publish(connection)
            unsettled_delay = (
                min(unsettled_delay * 2, MAX_UNSETTLED_POLL_SECONDS) if unsettled else MIN_UNSETTLED_POLL_SECONDS
            )
            delay = unsettled_delay if unsettled else POLL_SECONDS if self.watched else HEARTBEAT_SECONDS
            await asyncio.sleep(MIN_POLL_INTERVAL_SECONDS)
            try:
                async with asyncio.timeout(delay):
                    await self.wake_up.wait()
                unsettled_delay = MIN_UNSETTLED_POLL_SECONDS
            except TimeoutError:
                continue

    async def poll(self, connection: "asyncpg.Connection[Any]") -> bool:
        """Query the head of each watched log and call the subscribers of those that moved or have another history.

        Returns whether a log has committed rows that cannot be read yet, because an older transaction still runs.
        """
        now = asyncio.get_running_loop().time()
        if not self.watched:
            if now >= self.last_heartbeat + HEARTBEAT_SECONDS:
                await connection.fetchval("SELECT 1")
                self.last_heartbeat = now
            return False
        rows = await connection.fetch(HEADS_SQL, list(self.watched))
        for row in rows:
            watched = self.watched.get(row["account"])
            head = head_of_row(row)
            if watched is None or (
                watched.head is not None
                and watched.head.history == head.history
                and watched.head.position >= head.position
            ):
                continue
            watched.head = head
            for callback in tuple(watched.callbacks):
                callback(head)
        return any(row["unsettled"] for row in rows)

    async def publish(self, connection: "asyncpg.Connection[Any]") -> None:
        """Notify the other processes of pending commits, at most once per MIN_NOTIFY_INTERVAL_SECONDS."""
        loop = asyncio.get_running_loop()
        if not self.notify_pending:
            return
        if (remaining := self.last_notify + MIN_NOTIFY_INTERVAL_SECONDS - loop.time()) > 0:
            loop.call_later(remaining, self.wake_up.set)
            return
        self.notify_pending, self.last_notify = False, loop.time()
        await connection.execute(f"NOTIFY {CHANNEL}")
