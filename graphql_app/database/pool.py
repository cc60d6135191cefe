"""Connections to PostgreSQL that know which account they show.

A connection is told an account when another one was its last, by `SET app.account`, which row-level security
reads (`models/rights.py`). It is told outside of transactions, whose rollback would take it back. One that shows the
account already is taken before others. Refuses connections whose socket is gone; the pool then connects anew.
"""

from typing import Any, Protocol, cast
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

SHOWN = "account"
"""Where a connection keeps which account it shows, and a session which it wants to see."""


class Pool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, of which readers take what is idle without asking it for more."""

    def take(self, account_id: UUID) -> "IdleConnection | None":
        """A connection that is idle and open: one that shows this account, or else the one that was used last."""
        idle: list[Any] = self._pool._queue._queue  # type: ignore[attr-defined]
        if not idle:
            return None
        at = next((at for at in range(len(idle) - 1, -1, -1) if idle[at].info.get(SHOWN) == account_id), len(idle) - 1)
        record = idle[at]
        if record._is_hard_or_soft_invalidated() or is_closed(record.dbapi_connection):
            return None  # after a restart of the server all are made anew, one by one
        del idle[at]
        return IdleConnection(self, record)


class LeasedConnection(Protocol):
    """A connection that is out."""

    @property
    def info(self) -> dict[Any, Any]: ...

    @property
    def connection(self) -> "asyncpg.Connection[Any]":
        """The driver's."""

    def release(self) -> None: ...

    def discard(self) -> None:
        """Close it, and let the pool make another one in its place."""


class IdleConnection:
    """One that was idle: taken and given back without what SQLAlchemy does for connections of which it knows less."""

    __slots__ = ("connection", "info", "pool", "record")

    def __init__(self, pool: Pool, record: Any) -> None:
        self.pool, self.record, self.info = pool, record, record.info
        self.connection: asyncpg.Connection[Any] = record.dbapi_connection.driver_connection

    def release(self) -> None:
        self.pool._do_return_conn(self.record)

    def discard(self) -> None:
        self.info.pop(SHOWN, None)
        self.record.invalidate()
        self.pool._do_return_conn(self.record)


class CheckedOutConnection:
    """One that the pool handed out itself, since it had to wait for it or to connect."""

    __slots__ = ("connection", "info", "proxy")

    def __init__(self, proxy: PoolProxiedConnection) -> None:
        self.proxy, self.info = proxy, proxy.info
        self.connection = cast("asyncpg.Connection[Any]", proxy.driver_connection)

    def release(self) -> None:
        self.proxy.close()

    def discard(self) -> None:
        self.proxy.invalidate()
        self.proxy.close()


def is_closed(connection: Any) -> bool:
    """Whether asyncpg knows that the socket has gone: a pre-ping without the round trip."""
    return bool(connection.driver_connection.is_closed())


def reject_closed(connection: Any, *_: object) -> None:
    """Makes the pool connect anew instead."""
    if is_closed(connection):
        raise DisconnectionError


async def lease(engine: AsyncEngine, account_id: UUID) -> LeasedConnection:
    """A connection of the pool: without SQLAlchemy's greenlet, which costs more than the statement, if one is idle."""
    pool = cast("Pool", engine.sync_engine.pool)
    return pool.take(account_id) or CheckedOutConnection(await greenlet_spawn(pool.connect))


def set_account_sql(account_id: UUID) -> str:
    """The statement after which a connection shows the rows of an account and no others."""
    return f"SET app.account = '{account_id.hex}'"


def shown(session: Session, _transaction: object, connection: Connection) -> None:
    """Before a transaction begins, so that its rollback leaves the account alone. No statement where it is the same."""
    account_id, info = session.info.get(SHOWN), connection.info
    if account_id is not None and info.get(SHOWN) != account_id:
        info.pop(SHOWN, None)  # whatever becomes of the statement, it is not the old one
        driver: Any = connection.connection.dbapi_connection
        driver.run_async(lambda asyncpg_connection: asyncpg_connection.execute(set_account_sql(account_id)))
        info[SHOWN] = account_id


event.listen(Session, "after_begin", shown)
