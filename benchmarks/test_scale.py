"""`make test-scale`: every filter and order of the schema at 2,000,000 shipments. Not part of `make test`: it takes
long.

It checks plans, not times: no filter and no order may scan a large table sequentially.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType

from benchmarks import data, growth, queries
from benchmarks.data import Postgres
from benchmarks.paths import BUILD
from benchmarks.queries import QUERIES
from graphql_app.schema import build

SIZE = int(os.environ.get("SCALE", 2_000_000))
"""Shipments in the database; `SCALE` in the environment."""
SMALL_TABLES = {"carrier", "account", "api_key", "idempotency_key", "carrier_status"}
Plans = dict[str, list[dict[str, Any]]]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan. Skips what is below a LIMIT with a high number of expected rows: it reads only the rows up
    to its limit.
    """
    if plan["Node Type"] == "Limit" and plan["Plan Rows"] > 1_000:
        return
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.fixture(scope="session")
def plans() -> Plans:
    """PostgreSQL's plans of each query: custom and generic."""
    BUILD.mkdir(exist_ok=True)
    server = data.start()
    try:
        postgres = Postgres(server)

        async def explain_all() -> Plans:
            await growth.create_database(postgres, SIZE)
            sent = await growth.capture_statements(postgres, SIZE, QUERIES, 1)
            connection = await asyncpg.connect(postgres.url_of(growth.name_of(SIZE)))
            plans_ = {
                name: [plan for statement in statements for plan in await growth.plans(connection, statement)]
                for name, statements in sent.items()
            }
            await connection.close()
            return plans_

        return asyncio.run(explain_all())
    finally:
        server.stop()


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_scans_a_large_table(plans: Plans, name: str) -> None:
    custom, generic = plans[name]
    for plan in (custom, generic):
        scanned = {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
        assert scanned <= SMALL_TABLES


def test_every_filter_and_every_order_has_a_query() -> None:
    types = build.build()._schema.type_map
    for name, examples in (("ShipmentWhere", queries.SHIPMENT_WHERE), ("TrackingEventWhere", queries.EVENT_WHERE)):
        type_ = types[name]
        assert isinstance(type_, GraphQLInputObjectType)
        assert set(type_.fields) <= set(examples)
    for name, orders in (
        ("ShipmentOrderField", queries.SHIPMENT_ORDERS),
        ("TrackingEventOrderField", queries.EVENT_ORDERS),
    ):
        type_ = types[name]
        assert isinstance(type_, GraphQLEnumType)
        assert set(type_.values) == set(orders)
