"""The engine, one session a request, and what failures of the database mean.

Reading: `Session.fetch`, by `rows.py`. Writing: the session's transaction, as SQLAlchemy has it; `Session.run` sends
SQL inside it, the edge commits. Refuses: servers older than PostgreSQL 18.
"""

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel

from graphql_app.database import pool, row_security
from graphql_app.database.errors import first_line
from graphql_app.errors import startup_error
from graphql_app.models import triggers
from graphql_app.settings import Settings, asyncpg_url

MIN_SERVER_VERSION = 180000
BYPASS_ACCOUNT_SCOPE = {"app.across": "on"}
"""With which row-level security lets by who owns the tables and is bound all the same, see `models/rights.py`."""
PLANNER_SETTINGS = {"enable_seqscan": "off"}
"""For requests. A plan is kept while the tables grow, and one that was made when a table was tiny would go on to read
all of it, until the table is analysed anew."""
LOCK_TIMEOUT, IDLE_IN_TRANSACTION_TIMEOUT = "3s", "10s"
MAX_PREPARED_STATEMENTS = (
    300  # prepared statements of one connection; a plan of ours takes some 100 kB of the server's memory
)
MAX_PREPARED_CHARACTERS = 24_000  # characters; a larger one is planned anew every time, since its plan takes megabytes

_ = row_security, triggers  # their DDL belongs to the tables that create_db_tables() makes


def make_engine(
    postgres_url: str, settings: Settings, *, name: str = "graphql-app", scoped: bool = False
) -> AsyncEngine:
    """An engine that connects when it is first needed.

    `scoped`: for requests, in the role to which row-level security shows one account, that of the `Session`. Otherwise
    for migrations and commands, which see all accounts.
    """
    rights = {**role_settings(settings), **PLANNER_SETTINGS} if scoped else BYPASS_ACCOUNT_SCOPE
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
            "statement_cache_size": MAX_PREPARED_STATEMENTS,
            "max_cacheable_statement_size": MAX_PREPARED_CHARACTERS,
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
    event.listen(engine.sync_engine, "checkout", pool.reject_closed)
    return engine


def account_settings(settings: Settings) -> dict[str, str]:
    """Settings of a connection that serves all accounts, by the functions made for that: see `models/rights.py`."""
    return role_settings(settings) or BYPASS_ACCOUNT_SCOPE


def role_settings(settings: Settings) -> dict[str, str]:
    """The role of requests, where they take on one."""
    return {"role": settings.database_role} if settings.database_role else {}


async def create_db_tables(engine: AsyncEngine) -> None:
    """Create the tables that are missing, skip those that exist. Migrations do the same and keep a history."""
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)


async def check_server(engine: AsyncEngine) -> None:
    """Raise `errors.StartError` in one plain sentence where the server cannot serve us."""
    place = database_name(engine)
    try:
        async with engine.connect() as connection:
            version = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None)
        if state in ("28P01", "28000"):
            raise startup_error.StartupError(f"PostgreSQL refused the user name or the password of {place}.") from None
        if state == "3D000":
            raise startup_error.StartupError(
                f"PostgreSQL has no database named {engine.url.database!r} at {place}."
            ) from None
        raise startup_error.StartupError(f"PostgreSQL cannot be reached at {place}: {first_line(cause)}.") from None
    if int(version) < MIN_SERVER_VERSION:
        raise startup_error.StartupError(
            f"PostgreSQL 18 or newer is needed; the server at {place} is version {int(version) // 10000}."
        )


def database_name(engine: AsyncEngine) -> str:
    """Where the database lies, for people: without its password."""
    return engine.url.render_as_string(hide_password=True).replace("+asyncpg", "")
