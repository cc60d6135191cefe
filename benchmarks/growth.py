"""Growth: databases of 20,000, 200,000 and 2,000,000 shipments, with the plan and time of every query.

`make test-scale` builds the largest and checks every plan (`test_scale.py`). `python -m benchmarks.growth` times all
three: the median time of a statement as the client of one connection sees it, with random arguments.
"""

import asyncio
import json
import random
import statistics
import sys
from collections.abc import Mapping
from typing import Any

import asyncpg
import httpx
from sqlalchemy import event

from benchmarks import data
from benchmarks.data import Postgres, script
from benchmarks.paths import BUILD
from benchmarks.queries import QUERIES, GrowthQuery
from graphql_app import settings
from graphql_app.database import migrate
from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module

SIZES = (20_000, 200_000, 2_000_000)
"""Shipments per database."""
RUNS = 30
"""Random arguments per query."""
ROUNDS = 5
"""Measurements per query and size."""
LOGGER_DELAY_SECONDS = 0.002
"""asyncpg calls query loggers in a later event loop iteration."""
Statement = tuple[str, tuple[Any, ...]]


def name_of(size: int) -> str:
    """The name of the database of a size."""
    return f"growth_{size}"


async def create_database(postgres: Postgres, size: int) -> None:
    """Create a database of this size unless it exists. Indexes are created after the rows."""
    name = name_of(size)
    if await asyncio.to_thread(postgres.has, name):
        return
    await asyncio.to_thread(postgres.run, "postgres", f"DROP DATABASE IF EXISTS {name}_building")
    await asyncio.to_thread(postgres.run, "postgres", f"CREATE DATABASE {name}_building")
    engine = make_engine(postgres.url_of(f"{name}_building"), settings.read())
    await migrate.upgrade(engine)
    await engine.dispose()
    connection = await asyncpg.connect(postgres.url_of(f"{name}_building"))
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS sql FROM pg_index "
        "JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace AND NOT indisunique"
    )
    await connection.execute("SET maintenance_work_mem = '2GB'; SET work_mem = '512MB'; SET synchronous_commit = off")
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute(script("growth.sql").replace(":n", str(size)), timeout=3600)
    for index in indexes:
        await connection.execute(index["sql"], timeout=3600)
    accounts = [row["id"] for row in await connection.fetch("SELECT id FROM account")]
    for account in accounts:
        while await connection.fetchval("SELECT shipment_rollups_advance($1, 10000)", account, timeout=3600):
            pass
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.close()
    await asyncio.to_thread(postgres.run, "postgres", f"ALTER DATABASE {name}_building RENAME TO {name}")


async def capture_statements(
    postgres: Postgres, size: int, queries: Mapping[str, GrowthQuery], count: int
) -> dict[str, list[Statement]]:
    """The statements that the project sends for each query, `count` times with random arguments."""
    settings_ = settings.read(postgres_url=postgres.url_of(name_of(size)), demo=False, rate_limit=0)
    engine = make_engine(postgres.url_of(name_of(size)), settings_)
    sent: list[Statement] = []

    def on_connect(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(lambda record: sent.append((record.query, record.args)))

    event.listen(engine.sync_engine, "connect", on_connect)
    app = app_module.create_app(settings_, engine=engine, keyless=True)
    result: dict[str, list[Statement]] = {}
    rng = random.Random(size)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
            for name, query in queries.items():
                for _ in range(count):
                    sent.clear()
                    variables = query.variables(rng, size)
                    if query.page is not None:
                        variables["after"] = await cursor(client, query.page(rng, size))
                        await asyncio.sleep(LOGGER_DELAY_SECONDS)
                        sent.clear()
                    body = {"query": query.text, "variables": variables}
                    response = (await client.post("/graphql", json=body)).json()
                    assert "errors" not in response, (name, response["errors"])
                    await asyncio.sleep(LOGGER_DELAY_SECONDS)
                    result.setdefault(name, []).extend(statement for statement in sent if "convert_to" in statement[0])
    await engine.dispose()
    return result


async def cursor(client: httpx.AsyncClient, before: str) -> str:
    """The cursor of the newest shipment in transit created before a time: the start of a page deep in the list."""
    query = """query($t: DateTime!) { shipments(first: 1, where: {createdAt: {lt: $t}, status: {eq: IN_TRANSIT}}) {
      pageInfo { endCursor } } }"""
    response = (await client.post("/graphql", json={"query": query, "variables": {"t": before}})).json()
    return str(response["data"]["shipments"]["pageInfo"]["endCursor"])


async def plans(connection: "asyncpg.Connection[Any]", statement: Statement) -> list[dict[str, Any]]:
    """PostgreSQL's plans of a statement: the custom plan for these arguments, and the generic plan for any."""
    sql, values = statement
    custom = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
    await connection.execute(f"PREPARE statement AS {sql}; SET plan_cache_mode = force_generic_plan")
    nulls = f"({', '.join(['NULL'] * len(values))})" if values else ""
    generic = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE statement{nulls}")
    await connection.execute("DEALLOCATE statement; SET plan_cache_mode = auto")
    return [json.loads(plan)[0]["Plan"] for plan in (custom, generic)]


async def milliseconds(connection: "asyncpg.Connection[Any]", statements: list[Statement]) -> float:
    """The median time of a statement in milliseconds, warm, as the client of one connection sees it."""
    loop = asyncio.get_running_loop()
    for sql, values in statements:
        await connection.fetch(sql, *values)
    times = []
    for sql, values in statements:
        start = loop.time()
        await connection.fetch(sql, *values)
        times.append((loop.time() - start) * 1000)
    return statistics.median(times)


async def measure(
    postgres: Postgres, sent: dict[int, dict[str, list[Statement]]]
) -> dict[tuple[str, int], list[float]]:
    """The times of each query at each size. Sizes alternate, because the machine's speed varies more than they do."""
    connections = {
        size: await asyncpg.connect(postgres.url_of(name_of(size)), statement_cache_size=1000) for size in sent
    }
    times: dict[tuple[str, int], list[float]] = {}
    for round_number in range(ROUNDS):
        for name in QUERIES:
            for size in sent if round_number % 2 else reversed(sent):
                milliseconds_ = await milliseconds(connections[size], sent[size][name])
                times.setdefault((name, size), []).append(milliseconds_)
    for connection in connections.values():
        await connection.close()
    return times


async def main(sizes: tuple[int, ...]) -> None:
    """Build, measure and print the table."""
    server = await asyncio.to_thread(data.start)
    try:
        postgres = Postgres(server)
        sent: dict[int, dict[str, list[Statement]]] = {}
        for size in sizes:
            await create_database(postgres, size)
            sent[size] = await capture_statements(postgres, size, QUERIES, RUNS)
        times = await measure(postgres, sent)
        print(f"| median ms | {' | '.join(f'{size:,}' for size in sizes)} | growth |")
        print("|---|" + "---|" * (len(sizes) + 1))
        for name in QUERIES:
            row = [statistics.median(times[name, size]) for size in sizes]
            print(f"| {name} | {' | '.join(f'{value:.2f}' for value in row)} | {row[-1] / row[0]:.2f} × |")
    finally:
        server.stop()


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    asyncio.run(main(tuple(map(int, sys.argv[1:])) or SIZES))
