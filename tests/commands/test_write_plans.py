"""The generic plans of writing statements in PostgreSQL."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from graphql_app.commands import sql_loader
from graphql_app.database import engine
from graphql_app.settings import Settings

ALL_PARTS = frozenset({"parties", "packages", "numbered", "items", "references", "search", "returns"})
LARGE_TABLES = {"shipment", "package"}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a plan."""
    yield plan
    for node in plan.get("Plans", ()):
        yield from nodes(node)


async def test_creating_uses_indexes_even_if_planned_while_the_tables_were_empty(
    settings: Settings,
) -> None:
    """A plan is kept while the tables grow: a join that scans a small table completely would scan a large one too."""
    statement = sql_loader.load("shipments_insert", ALL_PARTS)
    assert settings.postgres_url
    url = settings.postgres_url.get_secret_value()
    connection = await asyncpg.connect(url, statement_cache_size=0, server_settings=engine.PLANNER_SETTINGS)
    try:
        await connection.execute("VACUUM ANALYZE shipment, package, carrier")
        await connection.execute(
            f"SET plan_cache_mode = force_generic_plan; PREPARE create_shipments AS {statement.sql}"
        )
        nulls = ", ".join(["NULL"] * len(statement.names))
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE create_shipments({nulls})"))
    finally:
        await connection.close()
    all_nodes = list(nodes(plan[0]["Plan"]))
    assert not [node for node in all_nodes if node["Node Type"] in ("Hash Join", "Merge Join")]
    lookups = [node for node in all_nodes if node.get("Relation Name") in LARGE_TABLES and "Scan" in node["Node Type"]]
    assert len(lookups) == 5  # the external reference, the three keys of a returned shipment, the tracking number
    assert all(node["Node Type"].startswith("Index") and "Index Cond" in node for node in lookups), lookups


async def test_applying_a_mapping_again_finds_its_events_by_the_index_of_the_status_code(settings: Settings) -> None:
    statement = sql_loader.load("carrier_status_events_find")
    assert settings.postgres_url
    url = settings.postgres_url.get_secret_value()
    connection = await asyncpg.connect(url, statement_cache_size=0, server_settings=engine.PLANNER_SETTINGS)
    try:
        # The table is empty, so that reading it as a whole may be cheaper than any index.
        for setting in ("enable_seqscan = off", "enable_bitmapscan = off", "plan_cache_mode = force_generic_plan"):
            await connection.execute(f"SET {setting}")
        await connection.execute(f"PREPARE find_events AS {statement.sql}")
        nulls = ", ".join(["NULL"] * len(statement.names))
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE find_events({nulls})"))
    finally:
        await connection.close()
    all_nodes = list(nodes(plan[0]["Plan"]))
    (scan,) = [node for node in all_nodes if node.get("Relation Name") == "tracking_event"]
    assert scan["Index Name"] == "ix_tracking_event_carrier_status"
    assert all(name in scan["Index Cond"] for name in ("account_id", "carrier_status_key", "ROW(occurred_at, id)"))


def test_an_optional_part_that_is_not_requested_is_not_in_the_statement() -> None:
    minimal = sql_loader.load("shipments_insert")
    assert "@" not in minimal.sql
    assert "party" not in minimal.sql
    assert "parties" not in minimal.names
    assert set(sql_loader.load("shipments_insert", ALL_PARTS).names) > set(minimal.names)
