"""What happens as the data grows: databases of 20,000, 200,000 and 2,000,000 shipments, each question's plan and time.

`make test-scale` builds the largest and checks every plan (`test_scale.py`); `python -m benchmarks.growth` times all
three: median of PostgreSQL's time for a statement, on one connection, by random arguments.
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
from benchmarks.places import BUILD
from benchmarks.questions import QUESTIONS, Question
from graphql_app import settings
from graphql_app.database import migrate
from graphql_app.database.engine import make_engine
from graphql_app.server import app as app_module

SIZES = (20_000, 200_000, 2_000_000)
RUNS, ROUNDS = 30, 5
TURN = 0.002  # the driver tells its loggers in a later turn of the loop
Sent = tuple[str, tuple[Any, ...]]


def name_of(size: int) -> str:
    return f"growth_{size}"


async def make(postgres: Postgres, size: int) -> None:
    """A database of this size, unless it is there. Its indexes are made when the rows are in."""
    name = name_of(size)
    if await asyncio.to_thread(postgres.has, name):
        return
    await asyncio.to_thread(postgres.run, "postgres", f"DROP DATABASE IF EXISTS {name}_making")
    await asyncio.to_thread(postgres.run, "postgres", f"CREATE DATABASE {name}_making")
    engine = make_engine(postgres.url_of(f"{name}_making"), settings.read())
    await migrate.upgrade(engine)
    await engine.dispose()
    connection = await asyncpg.connect(postgres.url_of(f"{name}_making"))
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
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.close()
    await asyncio.to_thread(postgres.run, "postgres", f"ALTER DATABASE {name}_making RENAME TO {name}")


async def captured(
    postgres: Postgres, size: int, questions: Mapping[str, Question], count: int
) -> dict[str, list[Sent]]:
    """The statements that the project sends for each question, so many times with random arguments."""
    given = settings.read(postgres_url=postgres.url_of(name_of(size)), demo=False, rate_limit=0)
    engine = make_engine(postgres.url_of(name_of(size)), given)
    sent: list[Sent] = []

    def connected(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(lambda record: sent.append((record.query, record.args)))

    event.listen(engine.sync_engine, "connect", connected)
    app = app_module.create_app(given, engine=engine, keyless=True)
    found: dict[str, list[Sent]] = {}
    rng = random.Random(size)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
            for name, question in questions.items():
                for _ in range(count):
                    sent.clear()
                    variables = question.variables(rng, size)
                    if question.page is not None:
                        variables["after"] = await cursor(client, question.page(rng, size))
                        await asyncio.sleep(TURN)
                        sent.clear()
                    body = {"query": question.text, "variables": variables}
                    answer = (await client.post("/graphql", json=body)).json()
                    assert "errors" not in answer, (name, answer["errors"])
                    await asyncio.sleep(TURN)
                    found.setdefault(name, []).extend(one for one in sent if "convert_to" in one[0])
    await engine.dispose()
    return found


async def cursor(client: httpx.AsyncClient, before: str) -> str:
    """The cursor of the newest shipment in transit that was made before an instant: a page deep in the list."""
    query = """query($t: DateTime!) { shipments(first: 1, where: {createdAt: {lt: $t}, status: {eq: IN_TRANSIT}}) {
      pageInfo { endCursor } } }"""
    answer = (await client.post("/graphql", json={"query": query, "variables": {"t": before}})).json()
    return str(answer["data"]["shipments"]["pageInfo"]["endCursor"])


async def plans(connection: "asyncpg.Connection[Any]", one: Sent) -> list[dict[str, Any]]:
    """PostgreSQL's plans of a statement: for these arguments, and for any, as it plans what comes again and again."""
    sql, values = one
    custom = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values)
    await connection.execute(f"PREPARE asked AS {sql}; SET plan_cache_mode = force_generic_plan")
    nulls = f"({', '.join(['NULL'] * len(values))})" if values else ""
    generic = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nulls}")
    await connection.execute("DEALLOCATE asked; SET plan_cache_mode = auto")
    return [json.loads(found)[0]["Plan"] for found in (custom, generic)]


async def milliseconds(connection: "asyncpg.Connection[Any]", statements: list[Sent]) -> float:
    """The median time of a statement, warm, as the client of one connection sees it."""
    loop = asyncio.get_running_loop()
    for sql, values in statements:
        await connection.fetch(sql, *values)
    taken = []
    for sql, values in statements:
        start = loop.time()
        await connection.fetch(sql, *values)
        taken.append((loop.time() - start) * 1000)
    return statistics.median(taken)


async def timed(postgres: Postgres, sent: dict[int, dict[str, list[Sent]]]) -> dict[tuple[str, int], list[float]]:
    """Each question's times at each size: the sizes in turn, since the machine's speed changes more than they do."""
    open_ = {size: await asyncpg.connect(postgres.url_of(name_of(size)), statement_cache_size=1000) for size in sent}
    times: dict[tuple[str, int], list[float]] = {}
    for turn in range(ROUNDS):
        for name in QUESTIONS:
            for size in sent if turn % 2 else reversed(sent):
                taken = await milliseconds(open_[size], sent[size][name])
                times.setdefault((name, size), []).append(taken)
    for connection in open_.values():
        await connection.close()
    return times


async def main(sizes: tuple[int, ...]) -> None:
    server = await asyncio.to_thread(data.start)
    try:
        postgres = Postgres(server)
        sent: dict[int, dict[str, list[Sent]]] = {}
        for size in sizes:
            await make(postgres, size)
            sent[size] = await captured(postgres, size, QUESTIONS, RUNS)
        times = await timed(postgres, sent)
        print(f"| median ms | {' | '.join(f'{size:,}' for size in sizes)} | growth |")
        print("|---|" + "---|" * (len(sizes) + 1))
        for name in QUESTIONS:
            row = [statistics.median(times[name, size]) for size in sizes]
            print(f"| {name} | {' | '.join(f'{one:.2f}' for one in row)} | {row[-1] / row[0]:.2f} × |")
    finally:
        server.stop()


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    asyncio.run(main(tuple(map(int, sys.argv[1:])) or SIZES))
