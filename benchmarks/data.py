"""The databases: the peers' tables, the same rows in the project's tables, and copies for mutations.

200,000 shipments, 400,000 packages and 1,000,000 events on one PostgreSQL 18. It is the project's embedded server with
the project's settings, for all targets.
"""

import asyncio
import os
from typing import Any

import asyncpg
from sqlalchemy import make_url

from benchmarks.paths import BUILD, HERE, OWN, OWN_WRITE, PEERS, PEERS_WRITE
from graphql_app import settings
from graphql_app.cli import account_admin
from graphql_app.database import migrate
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine

TABLES = {
    "carrier": "id, code, name",
    "address": "id, name, company, line1, city, region, postal_code, country_code, phone, email",
    "shipment": "id, tracking_number, reference, status, carrier_id, service_level, origin_id, destination_id, "
    "declared_value, currency, estimated_delivery_at, created_at, updated_at",
    "parcel": "id, shipment_id, description, weight_g, length_mm, width_mm, height_mm",
    "shipment_event": "id, shipment_id, description, location, occurred_at",
}
"""The peers' tables and the columns that are copied."""


def start() -> EmbeddedServer:
    """Start the benchmark's PostgreSQL."""
    return EmbeddedServer(BUILD / "postgres").start()


class Postgres:
    """Synchronous SQL on the benchmark's server."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.url = make_url(server.url)
        self.host = str(self.url.query["host"])

    def url_of(self, name: str) -> str:
        """The URL of a database."""
        return self.url.set(database=name).render_as_string(hide_password=False)

    def run(self, name: str, script: str) -> None:
        """Run a script of several statements."""

        async def execute() -> None:
            connection = await asyncpg.connect(self.url_of(name))
            try:
                await connection.execute(script, timeout=900)
            finally:
                await connection.close()

        asyncio.run(execute())

    def rows(self, name: str, sql: str, *values: object) -> list[Any]:
        """The rows of a query."""

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.url_of(name))
            try:
                return await connection.fetch(sql, *values, timeout=900)
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def has(self, name: str) -> bool:
        """Whether a database exists."""
        return bool(self.rows("postgres", "SELECT 1 FROM pg_database WHERE datname = $1", name))

    def postmaster(self) -> int:
        """The process id of the postmaster, the parent of all PostgreSQL processes."""
        (row,) = self.rows("postgres", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        with open(f"/proc/{row[0]}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])


def prepare(postgres: Postgres) -> None:
    """Create and fill the databases that do not exist yet: two minutes the first time."""
    if not postgres.has(PEERS):
        postgres.run("postgres", f"CREATE DATABASE {PEERS}_building")
        postgres.run(f"{PEERS}_building", script("peers.sql").replace("vacuum analyze;", ""))
        postgres.run(f"{PEERS}_building", script("peers_mutation.sql"))
        postgres.run(f"{PEERS}_building", "VACUUM ANALYZE")
        postgres.run("postgres", f"ALTER DATABASE {PEERS}_building RENAME TO {PEERS}")
    if not postgres.has(OWN):
        postgres.run("postgres", f"DROP DATABASE IF EXISTS {OWN}_building")
        postgres.run("postgres", f"CREATE DATABASE {OWN}_building")
        asyncio.run(fill(postgres, f"{OWN}_building"))
        postgres.run(f"{OWN}_building", "VACUUM ANALYZE")
        postgres.run("postgres", f"ALTER DATABASE {OWN}_building RENAME TO {OWN}")


async def fill(postgres: Postgres, name: str) -> None:
    """Create the project's tables and fill them with the peers' rows."""
    engine = make_engine(postgres.url_of(name), settings.read())
    await migrate.upgrade(engine)
    await engine.dispose()
    source, target = await asyncpg.connect(postgres.url_of(PEERS)), await asyncpg.connect(postgres.url_of(name))
    await target.execute("CREATE SCHEMA peer")
    for table, columns in TABLES.items():
        types = await source.fetch(
            "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = $1::regclass",
            table,
        )
        column_types = {row["attname"]: row["type"].replace("shipment_status", "text") for row in types}
        names = columns.split(", ")
        await target.execute(
            f"CREATE TABLE peer.{table} ({', '.join(f'{name} {column_types[name]}' for name in names)})"
        )
        path = BUILD / f"{table}.copy"
        await source.copy_from_query(f"SELECT {columns} FROM {table}", output=path)
        await target.copy_to_table(table, schema_name="peer", columns=names, source=path)
        os.unlink(path)
    async with target.transaction():
        await target.execute(script("project.sql"), timeout=900)
    await target.execute("SET client_min_messages = warning; DROP SCHEMA peer CASCADE")
    await source.close()
    await target.close()


def copy_for_writes(postgres: Postgres, peers: bool) -> str:
    """A database for mutations, copied again from its template."""
    name, template = (PEERS_WRITE, PEERS) if peers else (OWN_WRITE, OWN)
    postgres.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    postgres.run("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    # read once, so that the first target of a round does not measure a cold copy
    postgres.run(name, "CHECKPOINT; SELECT count(*) FROM shipment")
    return name


def script(name: str) -> str:
    """A script in `sql/`."""
    return (HERE / "sql" / name).read_text()


def key(postgres: Postgres) -> str:
    """A new API key of the benchmark's account. Copies of the database have it too."""
    return asyncio.run(new_key(postgres.url_of(OWN)))


async def new_key(url: str) -> str:
    """The secret of a key with all scopes; the database may be empty."""
    engine = make_engine(url, settings.read())
    try:
        await migrate.upgrade(engine)
        return (await account_admin.create_key(engine, "default", "benchmark")).text
    finally:
        await engine.dispose()
