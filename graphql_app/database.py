"""The engine, one session a request, and what failures of the database mean.

Reading: `Session.fetch`, by `rows.py`. Writing: the session's transaction, as SQLAlchemy has it; `Session.run` sends
SQL inside it, the edge commits. Refuses: servers older than PostgreSQL 18.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, event, text
from sqlalchemy.exc import DBAPIError, EmulatedDBAPIException, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from graphql_app import errors, pool
from graphql_app.models import rights, routines
from graphql_app.rows import Rows
from graphql_app.settings import Settings, asyncpg_url

OLDEST = 180000
ACROSS = {"app.across": "on"}
"""With which row-level security lets by who owns the tables and is bound all the same, see `models/rights.py`."""
PLANNING = {"enable_seqscan": "off"}
"""For requests. A plan is kept while the tables grow, and one that was made when a table was tiny would go on to read
all of it, until the table is analysed anew."""
LOCK_TIMEOUT, IDLE_IN_TRANSACTION_TIMEOUT = "3s", "10s"
STATEMENTS_KEPT = 300  # prepared statements of one connection; a plan of ours takes some 100 kB of the server's memory
MOST_STATEMENT = 24_000  # characters; a larger one is planned anew every time, since its plan takes megabytes

_ = rights, routines  # their DDL belongs to the tables that create_db_tables() makes


def make_engine(
    postgres_url: str, settings: Settings, *, name: str = "graphql-app", scoped: bool = False
) -> AsyncEngine:
    """An engine that connects when it is first needed.

    `scoped`: for requests, in the role to which row-level security shows one account, that of the `Session`. Otherwise
    for migrations and commands, which see all accounts.
    """
    rights = {**role_of(settings), **PLANNING} if scoped else ACROSS
    engine = create_async_engine(
        asyncpg_url(postgres_url),
        poolclass=pool.Pool,
        echo=settings.sql_echo,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout,
        pool_use_lifo=True,
        connect_args={
            "timeout": 5,
            "command_timeout": settings.statement_timeout + 1,  # for a server that does not even time out
            # asyncpg forgets statements of more than 15 kB and after 300 s; ours are long and come again
            "statement_cache_size": STATEMENTS_KEPT,
            "max_cacheable_statement_size": MOST_STATEMENT,
            "max_cached_statement_lifetime": 0,
            "server_settings": {
                "application_name": name,
                "timezone": "UTC",
                "datestyle": "ISO",
                "jit": "off",
                "statement_timeout": f"{settings.statement_timeout * 1000:.0f}ms",
                "lock_timeout": LOCK_TIMEOUT,
                "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
                **rights,
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", pool.refuse_closed)
    return engine


def rights_of(settings: Settings) -> dict[str, str]:
    """Settings of a connection that serves all accounts, by the functions made for that: see `models/rights.py`."""
    return role_of(settings) or ACROSS


def role_of(settings: Settings) -> dict[str, str]:
    """The role of requests, where they take on one."""
    return {"role": settings.database_role} if settings.database_role else {}


async def create_db_tables(engine: AsyncEngine) -> None:
    """Create the tables that are missing, skip those that exist. Migrations do the same and keep a history."""
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)


async def check_server(engine: AsyncEngine) -> None:
    """Raise `errors.StartError` in one plain sentence where the server cannot serve us."""
    place = place_of(engine)
    try:
        async with engine.connect() as connection:
            version = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None)
        if state in ("28P01", "28000"):
            raise errors.StartError(f"PostgreSQL refused the user name or the password of {place}.") from None
        if state == "3D000":
            raise errors.StartError(f"PostgreSQL has no database named {engine.url.database!r} at {place}.") from None
        raise errors.StartError(f"PostgreSQL cannot be reached at {place}: {first_line(cause)}.") from None
    if int(version) < OLDEST:
        raise errors.StartError(
            f"PostgreSQL 18 or newer is needed; the server at {place} is version {int(version) // 10000}."
        )


def place_of(engine: AsyncEngine) -> str:
    """Where the database lies, for people: without its password."""
    return engine.url.render_as_string(hide_password=True).replace("+asyncpg", "")


def first_line(error: object) -> str:
    """The first line of an error's message, without the dot at its end."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


BUSY = ("40001", "40P01", "55P03")
"""SQLSTATEs of serialization failure, deadlock, lock timeout."""
OUT_OF_REACH = ("08", "53", "57P", "58", "25006", "25P03")
"""What they begin with when the connection or the server has gone, is not yet up, is full, or only a standby."""
CANCELLED, UNFIT, TOO_COMPLEX = "57014", "22", "54"
GONE = ("closed", "is cancelling")
"""What asyncpg says of a connection that nothing can be asked of any more, or not yet."""
GOING = (asyncpg.InternalClientError, asyncpg.InvalidCachedStatementError)
"""The server has said that it goes, in between; or tables were changed beneath a statement that was prepared."""


def driver_error(error: BaseException) -> BaseException:
    """The error as asyncpg raised it. SQLAlchemy wraps it twice, or once where the pool makes a connection."""
    wrapped = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    return wrapped.__cause__ or wrapped if isinstance(wrapped, EmulatedDBAPIException) else wrapped


def fault(error: BaseException) -> errors.RequestError | None:
    """What a failure of the database means for the request; None where it is a mistake of ours."""
    if isinstance(error, PoolTimeout):
        return errors.Overloaded()
    cause = driver_error(error)
    state = str(getattr(cause, "sqlstate", None) or "")
    if state == CANCELLED:
        return errors.Timeout()
    if state in BUSY:
        return errors.Conflict()
    if state.startswith(TOO_COMPLEX):
        return errors.LimitExceeded("This is more than one statement can hold: ask for less at a time.")
    if state.startswith(UNFIT):
        return errors.BadUserInput("A value is not one that can be stored or compared.")
    lost = (
        state.startswith(OUT_OF_REACH)
        or isinstance(cause, OSError | TimeoutError)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or (isinstance(cause, asyncpg.InterfaceError) and any(word in str(cause) for word in GONE))
        or isinstance(cause, GOING)
    )
    return errors.ConnectionLost() if lost else None


class Session(Rows, AsyncSession):
    """One request's session, scoped to one account; it also reads as `Rows` do. Used by one statement at a time."""

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        Rows.__init__(self, engine, account_id)
        AsyncSession.__init__(self, engine, expire_on_commit=False, autoflush=False, info={pool.SHOWN: account_id})

    async def run(self, sql: str, arguments: Sequence[object]) -> Sequence[Row[Any]]:
        """Rows of one statement inside the session's transaction, which begins when there is none."""
        connection: AsyncConnection = await self.connection()
        result = await connection.exec_driver_sql(sql, tuple(arguments))
        return result.all() if result.returns_rows else []

    async def end(self) -> None:
        """Roll back what was not committed and give the connection back, whatever happens."""
        if self.in_transaction():
            await asyncio.shield(asyncio.ensure_future(self.close()))


def sqlstate(error: BaseException) -> str | None:
    """The five characters with which PostgreSQL names what went wrong."""
    return getattr(driver_error(error), "sqlstate", None)


def constraint(error: BaseException) -> str | None:
    """The name of the constraint that a write would have broken."""
    cause: Any = driver_error(error)
    return getattr(cause, "constraint_name", None)


@asynccontextmanager
async def get_session(engine: AsyncEngine, account_id: UUID) -> AsyncIterator[Session]:
    """One session for one request: rolled back unless committed, its connection returned, whatever happens."""
    session = Session(engine, account_id)
    try:
        yield session
    finally:
        await session.end()
