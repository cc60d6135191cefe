"""Opens connections to PostgreSQL and checks each one before it is used.

The check compares the session with what was asked for: the role, the settings and row-level security. It finds servers
and proxies that would otherwise be noticed only by wrong results: a connection pooler, which drops settings or changes
the PostgreSQL session between two statements, a standby, or a role for which row-level security does not apply. Every
connection of the process is opened here, also those that are opened later.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import URL
from sqlmodel import SQLModel

from graphql_app.database import row_security
from graphql_app.errors import startup_error
from graphql_app.settings import display_url

logger = logging.getLogger(__name__)

SECURED_TABLES = sorted(
    name for name, table in SQLModel.metadata.tables.items() if name == "account" or "account_id" in table.columns
)
"""The tables with rows of accounts."""
UNCHECKED_SETTINGS = {"application_name", "role"}
"""Settings that are not compared: poolers may extend the name, and the role is compared with `current_user`."""
POOLER_SQLSTATES = {"42P05", "26000"}
"""Errors of a prepared statement that exists already or no longer. The first statements of a new connection cause them
only if a pooler lets several clients share a PostgreSQL session."""
UNSUPPORTED_PARAMETER_STATE, UNSUPPORTED_PARAMETER_TEXT = "08P01", "startup parameter"
"""SQLSTATE and part of the message with which PgBouncer rejects the settings of a new connection."""
LOG_INTERVAL_SECONDS = 10.0
"""Shortest interval between two log lines about rejected connections."""

# set_config(…, true) writes each value in the form of PostgreSQL ('5000ms' → '5s') and reverts it with the statement.
CHECK_SQL = """
SELECT pg_backend_pid() AS pid, pg_is_in_recovery() AS is_standby, current_user::text AS role,
    (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses,
    ARRAY(
        SELECT relname::text FROM pg_class WHERE relname = ANY ($1::text[]) AND relkind IN ('r', 'p')
        AND relnamespace = current_schema()::regnamespace AND NOT row_security_active(oid) ORDER BY 1
    ) AS unsecured,
    ARRAY(
        SELECT s.name FROM unnest($2::text[], $3::text[]) AS s (name, value)
        WHERE current_setting(s.name, true) IS DISTINCT FROM set_config(s.name, s.value, true)
    ) AS ignored"""


@dataclass
class ConnectionOpener:
    """Opens the connections of one engine.

    Args:
        url: URL of the database for asyncpg, see `settings.asyncpg_url`.
        arguments: further arguments of `asyncpg.connect`.
        role: role that the connections must have; "" for that of the URL.
        scoped: whether row-level security must apply to the connections.
        log_rejections: whether rejected connections are logged, as in a running server.
    """

    url: URL
    arguments: dict[str, Any]
    role: str = ""
    scoped: bool = False
    log_rejections: bool = False
    logged_at: float = float("-inf")
    """When a rejection was last logged, as time of the monotonic clock."""

    async def open(self) -> "asyncpg.Connection[Any]":
        """Open a connection and check it.

        Raises:
            UnsuitableServer: requests must not use this server.
        """
        try:
            connection = await self.connect()
            try:
                await self.check(connection)
            except BaseException:
                connection.terminate()
                raise
        except startup_error.UnsuitableServer as error:
            now = time.monotonic()
            if self.log_rejections and now > self.logged_at + LOG_INTERVAL_SECONDS:
                self.logged_at = now
                logger.error("A new connection to PostgreSQL was rejected: %s", error)
            raise
        return connection

    async def connect(self) -> "asyncpg.Connection[Any]":
        """Open a connection.

        Raises:
            UnsuitableServer: a pooler rejected the settings of the connection.
        """
        try:
            _, url_arguments = self.url.get_dialect()().create_connect_args(self.url)
            return await asyncpg.connect(**url_arguments, **self.arguments)
        except asyncpg.PostgresError as error:
            if error.sqlstate == UNSUPPORTED_PARAMETER_STATE and UNSUPPORTED_PARAMETER_TEXT in str(error):
                raise self.pooler() from None
            raise

    async def check(self, connection: "asyncpg.Connection[Any]") -> None:
        """Compare a new connection with what was asked for.

        Raises:
            UnsuitableServer: a pooler is in between, the server is a standby, it did not apply a setting, or row-level
                security does not apply.
        """
        settings = self.arguments["server_settings"].items()
        compared = {name: value for name, value in settings if name not in UNCHECKED_SETTINGS}
        try:
            row = await connection.fetchrow(CHECK_SQL, SECURED_TABLES, list(compared), list(compared.values()))
        except asyncpg.PostgresError as error:
            if error.sqlstate in POOLER_SQLSTATES:
                raise self.pooler() from None
            raise
        assert row is not None
        # A pooler sends a process id of its own when a client connects.
        if row["pid"] != connection.get_server_pid():
            raise self.pooler()
        if row["is_standby"]:
            raise startup_error.UnsuitableServer(
                f"The PostgreSQL server at {self.display_url} is a standby, which is read-only. Set POSTGRES_URL to "
                "the primary.",
                "PostgreSQL is a standby",
            )
        ignored = [*(["role"] if self.role and row["role"] != self.role else []), *row["ignored"]]
        if ignored:
            raise startup_error.UnsuitableServer(
                f"The connection to {self.display_url} does not have the settings that the server asked for "
                f"({', '.join(ignored)}). Remove the proxy that drops them, or set POSTGRES_URL to PostgreSQL itself.",
                "PostgreSQL's settings are not applied",
            )
        if self.scoped and row["unsecured"]:
            raise self.unsecured(row["role"], row["unsecured"], bypasses=row["bypasses"])

    @property
    def display_url(self) -> str:
        """URL without its password, for messages."""
        return display_url(self.url)

    def pooler(self) -> startup_error.UnsuitableServer:
        """Return the error for a connection pooler."""
        return startup_error.UnsuitableServer(
            f"{self.display_url} is a connection pooler such as PgBouncer, which does not keep the role, the settings "
            "and the prepared statements of a connection. Set POSTGRES_URL to PostgreSQL itself.",
            "a connection pooler is in front of PostgreSQL",
        )

    def unsecured(self, role: str, tables: list[str], *, bypasses: bool) -> startup_error.UnsuitableServer:
        """Return the error for a role to which row-level security does not apply.

        Args:
            role: name of the role.
            tables: the tables without row-level security.
            bypasses: whether the role is a superuser or has the attribute BYPASSRLS.
        """
        if bypasses:
            cause = f"the role {role}, because it is a superuser or has the attribute BYPASSRLS"
            fix = f"Set SHIPMENTS_DATABASE_ROLE to a role without them, such as {row_security.ROLE}."
        else:
            cause = f"the role {role} on the table {tables[0]}"
            fix = "Start the server with POSTGRES_OWNER_URL, the role that owns the tables, which enables it."
        return startup_error.UnsuitableServer(
            f"Row-level security at {self.display_url} does not apply to {cause}. {fix}",
            "row-level security does not apply",
        )
