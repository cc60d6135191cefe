"""The pulse of the change log: who watches an account is told how far its log may be read.

One connection for each process, outside the pool. It LISTENs, but a notification, like the process's own commits, only
wakes it; how far the log reaches it asks the database, every second anyway, and first of all after a reconnect, so
nothing depends on a notification. Positions are (xid, seq) of rows whose transaction is older than any that still runs:
no row can appear before one of them. A transaction that stays open therefore delays all readers, and they are told
again once it has ended. Commits are announced by this connection, a few times a second whatever their number: a NOTIFY
within each transaction would let only one commit at a time (16 writers: 500 commits a second, without it 3,500).
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database.engine import account_settings
from graphql_app.errors import request_errors
from graphql_app.settings import Settings

logger = logging.getLogger(__name__)

Position = tuple[int, int]
"""Where a row of the change log stands: (xid, seq)."""
BEGINNING: Position = (0, 0)
Told = Callable[[Position], None]

CHANNEL = "shipments_changed"
HEARTBEAT, PATIENCE = 5.0, 5.0
"""Seconds between two signs of life where nobody watches, and those in which the server must answer."""
POLL, SOON, LATER = 1.0, 0.005, 0.25
"""Seconds until the log is looked at without being woken; the shortest and longest while a commit is not settled."""
REST, SPEAK = 0.002, 0.02
"""Seconds between two looks, and between two notifications, at least."""
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0
"""Seconds before the first and before a later attempt to connect again."""

LOOK = "SELECT account, xid, seq, unsettled FROM change_heads($1)"
ENTER = """
SELECT head.xid::text::bigint AS xid, head.seq, $2::text::xid8 >= now.oldest AS ahead,
    (first.xid, first.seq) > ($2::text::xid8, $3::bigint) AND $2::text <> '0' AS expired
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS oldest) AS now
LEFT JOIN LATERAL (
    SELECT c.xid, c.seq FROM change c WHERE c.account_id = $1::uuid AND c.xid < now.oldest
    ORDER BY c.xid DESC, c.seq DESC LIMIT 1
) AS head ON true
LEFT JOIN LATERAL (
    SELECT c.xid, c.seq FROM change c WHERE c.account_id = $1::uuid ORDER BY c.xid, c.seq LIMIT 1
) AS first ON true"""


@dataclass(slots=True)
class WatchedAccount:
    """An account whose log somebody follows: how far it may be read, and who wants to know."""

    head: Position
    told: set[Told] = field(default_factory=set)


class ChangeNotifier:
    """The pulse of one process."""

    def __init__(self, engine: AsyncEngine, settings: Settings) -> None:
        self.engine, self.rights = engine, account_settings(settings)
        self.watched: dict[UUID, WatchedAccount] = {}
        self.woken, self.wanted = asyncio.Event(), asyncio.Event()
        self.unsaid = False
        self.spoke = self.felt = 0.0

    def notify_commit(self) -> None:
        """This process has committed something: look, and tell the other processes."""
        if self.unsaid and not self.watched:
            return  # nobody here wants to know, and the others are about to be told
        self.unsaid = True
        self.wanted.set()
        self.woken.set()

    def subscribe(self, account_id: UUID, head: Position, told: Told) -> None:
        """Call `told` with every new end of the account's log, from `head` on."""
        watched = self.watched.setdefault(account_id, WatchedAccount(head))
        watched.told.add(told)
        if watched.head > head:
            told(watched.head)
        self.wanted.set()
        self.woken.set()

    def unsubscribe(self, account_id: UUID, told: Told) -> None:
        watched = self.watched[account_id]
        watched.told.discard(told)
        if not watched.told:
            del self.watched[account_id]

    async def start_position(
        self, fetch: Callable[..., Any], account_id: UUID, after: Position | None
    ) -> tuple[Position, Position]:
        """Where a reader begins, behind `after` or at the end; and the end of what is settled now.

        `fetch` runs a statement. Raises CursorExpired where rows behind `after` are no longer kept, InvalidCursor where
        it is no place in this log.
        """
        xid, seq = after or BEGINNING
        (row,) = await fetch(ENTER, [account_id, str(xid), seq])
        head = BEGINNING if row["xid"] is None else (row["xid"], row["seq"])
        if after is None:
            return head, head
        if row["ahead"]:
            raise request_errors.InvalidCursor
        if row["expired"]:
            raise request_errors.CursorExpired
        return after, head

    async def run(self) -> None:
        """Feel the pulse for good. Connects when somebody writes or watches, and again when the connection is lost."""
        wait = FIRST_WAIT
        while True:
            await self.wanted.wait()
            try:
                connection = await self.connect()
                wait = FIRST_WAIT
                try:
                    await self.follow(connection)
                finally:
                    connection.terminate()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("The feed has lost its connection: %s: %s", type(error).__name__, error)
            except Exception:  # nobody would notice a feed that has ended
                logger.exception("The feed broke.")
            await asyncio.sleep(random.uniform(0.5, 1) * wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def connect(self) -> "asyncpg.Connection[Any]":
        _, given = self.engine.dialect.create_connect_args(self.engine.url)
        connection = await asyncpg.connect(
            **given, timeout=PATIENCE, command_timeout=PATIENCE,
            # a notification is nothing that the disk must have before one goes on
            server_settings={"application_name": "graphql-app feed", "jit": "off", "synchronous_commit": "off"},
        )  # fmt: skip
        own = connection.get_server_pid()

        def heard(_connection: object, pid: int, _channel: str, _payload: object) -> None:
            if pid != own:
                self.woken.set()

        try:
            await connection.add_listener(CHANNEL, heard)
        except BaseException:  # cut off here, it would stay open, and its event loop could not close
            connection.terminate()
            raise
        connection.add_termination_listener(lambda _: self.woken.set())
        return connection

    async def follow(self, connection: "asyncpg.Connection[Any]") -> None:
        """Look, tell, wait; until the connection is lost."""
        unsettled_wait = SOON
        while True:
            self.woken.clear()
            unsettled = await self.poll(connection)
            await self.publish(connection)
            unsettled_wait = min(unsettled_wait * 2, LATER) if unsettled else SOON
            until = unsettled_wait if unsettled else POLL if self.watched else HEARTBEAT
            await asyncio.sleep(REST)
            try:
                async with asyncio.timeout(until):
                    await self.woken.wait()
                unsettled_wait = SOON
            except TimeoutError:
                continue

    async def poll(self, connection: "asyncpg.Connection[Any]") -> bool:
        """Ask how far each log reaches, tell those who watch. Whether there are commits that are not settled yet."""
        now = asyncio.get_running_loop().time()
        if not self.watched:
            if now >= self.felt + HEARTBEAT:
                await connection.fetchval("SELECT 1")
                self.felt = now
            return False
        rows = await connection.fetch(LOOK, list(self.watched))
        for row in rows:
            watched = self.watched.get(row["account"])
            if watched is not None and row["xid"] is not None and (row["xid"], row["seq"]) > watched.head:
                watched.head = row["xid"], row["seq"]
                for told in tuple(watched.told):
                    told(watched.head)
        return any(row["unsettled"] for row in rows)

    async def publish(self, connection: "asyncpg.Connection[Any]") -> None:
        """Tell the other processes, where there is something to tell and they were not told just now."""
        loop = asyncio.get_running_loop()
        if not self.unsaid:
            return
        if (left := self.spoke + SPEAK - loop.time()) > 0:
            loop.call_later(left, self.woken.set)
            return
        self.unsaid, self.spoke = False, loop.time()
        await connection.execute(f"NOTIFY {CHANNEL}")
