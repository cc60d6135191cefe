"""How PostgreSQL carries out the statements that write, once it has planned them for good."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from graphql_app.commands import sql_loader
from graphql_app.database import engine
from graphql_app.settings import Settings

PARTS = frozenset({"parties", "packages", "numbered", "items", "references", "returns"})
GROWING = {"shipment", "package"}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


async def test_creating_looks_up_row_by_row_even_if_planned_when_tables_were_empty(
    settings: Settings,
) -> None:
    """A plan is kept while the tables grow: a join that reads a small table whole would go on to read a large one."""
    statement = sql_loader.load("shipments_insert", PARTS)
    assert settings.postgres_url
    url = settings.postgres_url.get_secret_value()
    connection = await asyncpg.connect(url, statement_cache_size=0, server_settings=engine.PLANNER_SETTINGS)
    try:
        await connection.execute("VACUUM ANALYZE shipment, package, carrier")
        await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE made AS {statement.sql}")
        nulls = ", ".join(["NULL"] * len(statement.names))
        answer = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE made({nulls})"))
    finally:
        await connection.close()
    found = list(nodes(answer[0]["Plan"]))
    assert not [one for one in found if one["Node Type"] in ("Hash Join", "Merge Join")]
    read = [one for one in found if one.get("Relation Name") in GROWING and "Scan" in one["Node Type"]]
    assert len(read) == 5  # the reference, the three names of a returned shipment, the tracking number
    assert all(one["Node Type"].startswith("Index") and "Index Cond" in one for one in read), read


def test_a_part_that_is_not_asked_for_is_not_in_the_statement() -> None:
    least = sql_loader.load("shipments_insert")
    assert "@" not in least.sql
    assert "party" not in least.sql
    assert "parties" not in least.names
    assert set(sql_loader.load("shipments_insert", PARTS).names) > set(least.names)
