"""The databases: the peers' tables, the same rows in the project's own, and copies for mutations.

200,000 shipments, 400,000 packages, 1,000,000 events on one PostgreSQL 18, which is the project's embedded one with its
settings, for everybody.
"""

import asyncio
import os
from typing import Any

import asyncpg
from sqlalchemy import make_url

from benchmarks.places import BUILD, HERE, OWN, OWN_WRITE, PEERS, PEERS_WRITE
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


def start() -> EmbeddedServer:
    """The benchmark's PostgreSQL."""
    return EmbeddedServer(BUILD / "postgres").start()


class Postgres:
    """SQL on the benchmark's server, for programs that wait for it."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.url = make_url(server.url)
        self.host = str(self.url.query["host"])

    def url_of(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def run(self, name: str, script: str) -> None:
        """A script of several statements."""

        async def work() -> None:
            connection = await asyncpg.connect(self.url_of(name))
            try:
                await connection.execute(script, timeout=900)
            finally:
                await connection.close()

        asyncio.run(work())

    def rows(self, name: str, sql: str, *values: object) -> list[Any]:
        async def work() -> list[Any]:
            connection = await asyncpg.connect(self.url_of(name))
            try:
                return await connection.fetch(sql, *values, timeout=900)
            finally:
                await connection.close()

        return asyncio.run(work())

    def has(self, name: str) -> bool:
        return bool(self.rows("postgres", "SELECT 1 FROM pg_database WHERE datname = $1", name))

    def postmaster(self) -> int:
        """The process whose descendants are all of PostgreSQL."""
        (row,) = self.rows("postgres", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        with open(f"/proc/{row[0]}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])


def prepare(postgres: Postgres) -> None:
    """Make and fill the databases that are not there yet: two minutes the first time."""
    if not postgres.has(PEERS):
        postgres.run("postgres", f"CREATE DATABASE {PEERS}_making")
        postgres.run(f"{PEERS}_making", script("peers.sql").replace("vacuum analyze;", ""))
        postgres.run(f"{PEERS}_making", script("peers_mutation.sql"))
        postgres.run(f"{PEERS}_making", "VACUUM ANALYZE")
        postgres.run("postgres", f"ALTER DATABASE {PEERS}_making RENAME TO {PEERS}")
    if not postgres.has(OWN):
        postgres.run("postgres", f"DROP DATABASE IF EXISTS {OWN}_making")
        postgres.run("postgres", f"CREATE DATABASE {OWN}_making")
        asyncio.run(fill(postgres, f"{OWN}_making"))
        postgres.run(f"{OWN}_making", "VACUUM ANALYZE")
        postgres.run("postgres", f"ALTER DATABASE {OWN}_making RENAME TO {OWN}")


async def fill(postgres: Postgres, name: str) -> None:
    """The project's tables, with the rows of the peers'."""
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
        known = {row["attname"]: row["type"].replace("shipment_status", "text") for row in types}
        names = columns.split(", ")
        await target.execute(f"CREATE TABLE peer.{table} ({', '.join(f'{one} {known[one]}' for one in names)})")
        path = BUILD / f"{table}.copy"
        await source.copy_from_query(f"SELECT {columns} FROM {table}", output=path)
        await target.copy_to_table(table, schema_name="peer", columns=names, source=path)
        os.unlink(path)
    async with target.transaction():
        await target.execute(script("project.sql"), timeout=900)
    await target.execute("SET client_min_messages = warning; DROP SCHEMA peer CASCADE")
    await source.close()
    await target.close()


def fresh(postgres: Postgres, peers: bool) -> str:
    """A database that mutations may change, as it was before any of them."""
    name, template = (PEERS_WRITE, PEERS) if peers else (OWN_WRITE, OWN)
    postgres.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    postgres.run("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    # read once, so that the first target of a round does not pay for the cold copy
    postgres.run(name, "CHECKPOINT; SELECT count(*) FROM shipment")
    return name


def script(name: str) -> str:
    return (HERE / "sql" / name).read_text()


def key(postgres: Postgres) -> str:
    """A new API key of the benchmark's account, as a client would have one; copies of the database have it too."""
    return asyncio.run(new_key(postgres.url_of(OWN)))


async def new_key(url: str) -> str:
    """The secret of a key that may do everything, in a database that may be empty still."""
    engine = make_engine(url, settings.read())
    try:
        await migrate.upgrade(engine)
        return (await account_admin.create_key(engine, "default", "benchmark")).text
    finally:
        await engine.dispose()
