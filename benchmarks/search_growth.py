"""Growth of `shipments(search:)`: the buffers that each kind of search reads at two sizes, and its indexes.

`python -m benchmarks.search_growth 20000 2000000` builds databases with the tables that a search reads, without events,
parties and changes, and prints a table. It compares buffers, which do not depend on the load of the machine.
"""

import asyncio
import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import growth
from benchmarks.data import Postgres, script
from benchmarks.queries import GrowthQuery
from graphql_app.database.embedded_server import EmbeddedServer

RUNS = 5
"""Random searches of each kind. The table shows the one with the median number of buffers."""
QUERY = "query($v: String) { shipments(search: $v, first: 20) { nodes { id } } }"
TABLES = ("party", "tracking_event", "change")
"""Tables that remain empty, because no search reads them."""
SEARCHES: dict[str, Callable[[int], str]] = {
    "a number": lambda n: f"shp-{n:09}",
    "an external reference": lambda n: f"ORDER-{n}",
    "a reference": lambda n: f"o-{n // 2 * 2}",
    "a tracking number": lambda n: f"trk {n * 2:012}",
    "an e-mail address": lambda n: f"Person{n}@mail.example",
    "a common word and a rare one": lambda n: f"person {n}",
    "two rare words": lambda n: f"a{n % 10_000} {n}",
    "an article number": lambda n: f"SKU-{n % 10_000}",
    "a word that nothing has": lambda n: f"nobody{n}",
    "a word of one shipment in 50": lambda n: f"city {n % 50:05} person",
    "the beginning of a word of every shipment": lambda _: "per",
}
"""Kinds of searches, by the number of a random shipment."""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def variables(search: str, _rng: random.Random, _size: int) -> dict[str, Any]:
    """The variables of a search."""
    return {"v": search}


async def fill(postgres: Postgres, size: int) -> None:
    """Create the database of a size without the rows that no search reads."""
    text = script("growth.sql")
    for table in TABLES:
        text = re.sub(rf"^INSERT INTO {table} .*?;$", "", text, flags=re.MULTILINE | re.DOTALL)
    growth.script = lambda _name: text  # type: ignore[attr-defined]
    await growth.create_database(postgres, size)


async def measure(postgres: Postgres, size: int) -> dict[str, tuple[int, str]]:
    """The buffers of each kind of search, and the indexes and sequential scans of its plan."""
    rng = random.Random(size)
    numbers = [rng.randint(1, size) for _ in range(RUNS)]
    result: dict[str, tuple[int, str]] = {}
    connection = await asyncpg.connect(postgres.url_of(growth.name_of(size)), server_settings={"jit": "off"})
    for name, search in SEARCHES.items():
        measurements = []
        for number in numbers:
            query = GrowthQuery(QUERY, partial(variables, search(number)))
            ((sql, values),) = (await growth.capture_statements(postgres, size, {name: query}, 1))[name]
            (explanation,) = json.loads(
                await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *values, timeout=300)
            )
            plan = explanation["Plan"]
            used = sorted(
                {node["Index Name"] for node in nodes(plan) if "Index Name" in node and node["Actual Rows"]}
                | {f"scan of {node['Relation Name']}" for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
            )
            measurements.append((plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], ", ".join(used)))
        result[name] = sorted(measurements)[RUNS // 2]
    await connection.close()
    return result


async def run(sizes: tuple[int, ...], folder: Path) -> None:
    """Build, measure and print the table."""
    server = await asyncio.to_thread(EmbeddedServer(folder).start)
    try:
        postgres = Postgres(server)
        results = []
        for size in sizes:
            await fill(postgres, size)
            results.append(await measure(postgres, size))
        print(f"| buffers of a search for | {' | '.join(f'{size:,}' for size in sizes)} | indexes |")
        print("|---|" + "---|" * (len(sizes) + 1))
        for name in SEARCHES:
            row = [result[name] for result in results]
            print(f"| {name} | {' | '.join(f'{buffers:,}' for buffers, _ in row)} | {row[-1][1]} |")
    finally:
        await asyncio.to_thread(server.stop)


def main(sizes: tuple[int, ...]) -> None:
    """Run on a PostgreSQL of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="search-growth-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user if root runs this
        asyncio.run(run(sizes, folder / "postgres"))


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or (20_000, 2_000_000))
