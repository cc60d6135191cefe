"""Connections to PostgreSQL that know which account they show.

A connection is told an account when another one was its last, by `SET app.account`, which row-level security
reads (`models/rights.py`). It is told outside of transactions, whose rollback would take it back. One that shows the
account already is taken before others. Refuses connections whose socket is gone; the pool then connects anew.
"""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

SHOWN = "account"
"""Where a connection keeps which account it shows, and a session which it wants to see."""


class Pool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, which also knows whether its next connection can be taken without waiting for anything."""

    @property
    def idle(self) -> list[Any]:
        """The connections that are not out; the next one is the last."""
        found: list[Any] = self._pool._queue._queue  # type: ignore[attr-defined]
        return found

    def next_is_open(self) -> bool:
        idle = self.idle
        if not idle or idle[-1]._is_hard_or_soft_invalidated():  # after a restart of the server all are made anew
            return False
        return not is_closed(idle[-1].dbapi_connection)

    def prefer(self, account_id: UUID) -> None:
        """Let the next connection be one that shows this account already, if one is idle."""
        idle = self.idle
        for at in range(len(idle) - 1, -1, -1):
            if idle[at].info.get(SHOWN) == account_id:
                if at < len(idle) - 1:
                    idle.append(idle.pop(at))
                return


def is_closed(connection: Any) -> bool:
    """Whether asyncpg knows that the socket has gone: a pre-ping without the round trip."""
    return bool(connection.driver_connection.is_closed())


def refuse_closed(connection: Any, *_: object) -> None:
    """Makes the pool connect anew instead."""
    if is_closed(connection):
        raise DisconnectionError


async def lease(engine: AsyncEngine, account_id: UUID) -> PoolProxiedConnection:
    """A connection of the pool: without SQLAlchemy's greenlet, which costs more than the statement, if one is idle."""
    pool = cast("Pool", engine.sync_engine.pool)
    pool.prefer(account_id)
    return pool.connect() if pool.next_is_open() else await greenlet_spawn(pool.connect)


def show(account_id: UUID) -> str:
    """The statement after which a connection shows the rows of an account and no others."""
    return f"SET app.account = '{account_id.hex}'"


def shown(session: Session, _transaction: object, connection: Connection) -> None:
    """Before a transaction begins, so that its rollback leaves the account alone. No statement where it is the same."""
    account_id, info = session.info.get(SHOWN), connection.info
    if account_id is not None and info.get(SHOWN) != account_id:
        info.pop(SHOWN, None)  # whatever becomes of the statement, it is not the old one
        driver: Any = connection.connection.dbapi_connection
        driver.run_async(lambda asyncpg_connection: asyncpg_connection.execute(show(account_id)))
        info[SHOWN] = account_id


event.listen(Session, "after_begin", shown)
