"""Database engines: connection settings, roles and the check of the server version.

`make_engine` creates SQLAlchemy engines with asyncpg. Reads go through `database/reader.py`. Writes go through the
transaction of a Session (`database/session.py`), which `mutations/transaction.py` commits. Servers older than
PostgreSQL 18 and servers that are read-only are rejected; `database/connection.py` checks each connection.
"""

from typing import Any

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel

from graphql_app.database import pool, row_security
from graphql_app.database.connection import ConnectionOpener
from graphql_app.database.errors import first_line
from graphql_app.errors import startup_error
from graphql_app.models import triggers
from graphql_app.settings import Settings, asyncpg_url, display_url

MIN_SERVER_VERSION = 180000
"""Oldest supported `server_version_num`."""
BYPASS_ACCOUNT_SCOPE = {"app.bypass_account_scope": "on"}
"""Connection settings with which row-level security lets the owner of the tables see all accounts, also where it is
forced on the owner. See `database/row_security.py`."""
PLANNER_SETTINGS = {"enable_seqscan": "off"}
"""Planner settings of requests. A prepared plan is kept while the tables grow: one that was made for a tiny table would
keep its sequential scan until the table is analyzed again. At 50,000 shipments, creating one took 11 ms without this
setting and takes 0.66 ms with it."""
CONNECT_TIMEOUT_SECONDS = 5
"""Timeout of connecting."""
LOCK_TIMEOUT = "3s"
"""`lock_timeout` of PostgreSQL."""
IDLE_IN_TRANSACTION_TIMEOUT = "10s"
"""`idle_in_transaction_session_timeout` of PostgreSQL."""
MAX_PREPARED_STATEMENTS = 300
"""Prepared statements per connection. A plan takes about 100 kB of the server's memory."""
MAX_PREPARED_CHARACTERS = 24_000
"""Longest statement that is prepared. Longer ones are planned each time, because their plans take megabytes."""

SERVER_SQL = text("SELECT current_setting('server_version_num'), current_setting('transaction_read_only')")

_ = row_security, triggers  # importing them registers the DDL that create_db_tables() runs


def make_engine(
    postgres_url: str,
    settings: Settings,
    *,
    name: str = "graphql-app",
    scoped: bool = False,
    all_accounts: bool = False,
    log_rejections: bool = False,
) -> AsyncEngine:
    """Return an engine, which connects when it is first used.

    Args:
        postgres_url: URL of the database, with or without `+asyncpg`.
        settings: pool size, timeouts and the role of requests.
        name: `application_name` of the connections.
        scoped: True for requests: connections use the role for which row-level security shows one account, that of
            the Session or AccountReader. False for migrations and commands, which see all accounts.
        all_accounts: True for connections with `scoped` that only call the functions for all accounts of
            `database/row_security.py`.
        log_rejections: whether connections that requests must not use are logged, as in a running server.
    """
    access_settings = {**role_settings(settings), **PLANNER_SETTINGS} if scoped else BYPASS_ACCOUNT_SCOPE
    if all_accounts:
        access_settings = access_settings | BYPASS_ACCOUNT_SCOPE
    arguments = {
        "timeout": CONNECT_TIMEOUT_SECONDS,
        "command_timeout": settings.statement_timeout + 1,  # for a server that does not enforce statement_timeout
        # asyncpg's defaults, 15 kB and 300 s, are too small for these statements, which are long and repeated
        "statement_cache_size": MAX_PREPARED_STATEMENTS,
        "max_cacheable_statement_size": MAX_PREPARED_CHARACTERS,
        "max_cached_statement_lifetime": 0,
        "server_settings": {
            "application_name": name,
            "timezone": "UTC",
            "datestyle": "ISO",
            "intervalstyle": "iso_8601",  # the text of the scalar Duration
            "jit": "off",
            "statement_timeout": f"{settings.statement_timeout * 1000:.0f}ms",
            "lock_timeout": LOCK_TIMEOUT,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
            **access_settings,
        },
    }
    url, role = asyncpg_url(postgres_url), settings.database_role if scoped else ""
    opener = ConnectionOpener(url, arguments, role, scoped=scoped, log_rejections=log_rejections)
    engine = create_async_engine(
        url,
        async_creator=opener.open,
        poolclass=pool.Pool,
        echo=settings.sql_echo,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout,
        pool_use_lifo=True,
    )
    event.listen(engine.sync_engine, "checkout", pool.reject_closed)
    event.listen(engine.sync_engine, "handle_error", pool.close_unusable)
    return engine


async def connect_for_functions(
    engine: AsyncEngine, settings: Settings, server_settings: dict[str, str], timeout_seconds: float
) -> "asyncpg.Connection[Any]":
    """Open a connection outside of the pool that calls the functions for all accounts of `database/row_security.py`.

    Args:
        engine: its URL is used.
        settings: the role of requests.
        server_settings: further settings of PostgreSQL.
        timeout_seconds: timeout of connecting and of each statement.
    """
    arguments = {
        "timeout": timeout_seconds,
        "command_timeout": timeout_seconds,
        "server_settings": server_settings | role_settings(settings) | BYPASS_ACCOUNT_SCOPE,
    }
    return await ConnectionOpener(engine.url, arguments, settings.database_role, scoped=True).open()


def role_settings(settings: Settings) -> dict[str, str]:
    """Return the setting of the role of requests; empty if requests run as the user of the URL."""
    return {"role": settings.database_role} if settings.database_role else {}


async def create_db_tables(engine: AsyncEngine) -> None:
    """Create missing tables and skip those that exist. Migrations create the same tables and keep a history."""
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)


async def check_server(engine: AsyncEngine) -> None:
    """Check that the server can be reached, is PostgreSQL 18 or newer and accepts writes.

    Raises:
        StartupError: it is not. The message contains the URL without its password.
    """
    url = database_name(engine)
    try:
        async with engine.connect() as connection:
            version, read_only = (await connection.execute(SERVER_SQL)).one()
    except startup_error.UnsuitableServer:
        raise
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None)
        if state in ("28P01", "28000"):
            raise startup_error.StartupError(
                f"PostgreSQL rejected the user name or password. Check POSTGRES_URL ({url})."
            ) from None
        if state == "3D000":
            raise startup_error.StartupError(
                f"The database {engine.url.database!r} does not exist. Create it or change POSTGRES_URL ({url})."
            ) from None
        raise startup_error.StartupError(
            f"Cannot connect to PostgreSQL at {url}: {first_line(cause)}. Start the server or check POSTGRES_URL."
        ) from None
    if int(version) < MIN_SERVER_VERSION:
        raise startup_error.StartupError(
            f"PostgreSQL 18 or newer is required; the server at {url} is version {int(version) // 10000}. "
            "Upgrade it or change POSTGRES_URL."
        )
    if read_only == "on":
        raise startup_error.StartupError(
            f"The database at {url} is read-only, because `default_transaction_read_only` is on. Set it to off for the "
            "server, the database and the role."
        )


def database_name(engine: AsyncEngine) -> str:
    """Return the URL of the database without its password, for messages."""
    return display_url(engine.url)
