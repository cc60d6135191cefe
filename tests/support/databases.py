"""Databases of the test run: URLs, a connection that creates and drops them, and deleting all rows after a test."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from sqlalchemy import make_url

from graphql_app.database import embedded_server

KEPT_TABLES = {"alembic_version", "account", "change_log_state"}
"""Tables whose rows survive `delete_rows` (of the accounts, only the default one)."""


def database_url(server: embedded_server.EmbeddedServer, name: str) -> str:
    """The URL of another database on the test run's server."""
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)


def superuser_url(postgres_url: str) -> str:
    """The URL of a database of the test run's server with its superuser."""
    return make_url(postgres_url).set(username="postgres").render_as_string(hide_password=False)


@contextlib.asynccontextmanager
async def admin_connection(server: embedded_server.EmbeddedServer) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection that may create and drop databases."""
    connection = await asyncpg.connect(database_url(server, "postgres"))
    try:
        yield connection
    finally:
        await connection.close()


async def delete_rows(postgres_url: str) -> None:
    """Delete all rows except the default account. DELETE takes 0.4 ms where TRUNCATE takes 10 ms."""
    settings = {"session_replication_role": "replica"}
    connection = await asyncpg.connect(superuser_url(postgres_url), server_settings=settings)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        names = {row["relname"] for row in tables} - KEPT_TABLES
        accounts = await connection.fetch("DELETE FROM account WHERE slug <> 'default' RETURNING id")
        sequences = [f"DROP SEQUENCE IF EXISTS shipment_number_{row['id'].hex}" for row in accounts]
        await connection.execute(";".join([*(f'DELETE FROM "{name}"' for name in names), *sequences]))
        await connection.execute("UPDATE account SET name = 'Default account', settings = '{}'")
        default_account = await connection.fetchval("SELECT id FROM account")
        await connection.execute(f"ALTER SEQUENCE shipment_number_{default_account.hex} RESTART")
    finally:
        await connection.close()
