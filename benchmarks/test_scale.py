"""`make test-scale`: everything that the schema offers, at 2,000,000 shipments. Not part of `make test`: it takes long.

Plans are checked, not times: no sequential scan over a large table, for any filter and any order.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType

from benchmarks import data, growth, questions
from benchmarks.data import Postgres
from benchmarks.places import BUILD
from benchmarks.questions import QUERIES
from graphql_app.schema import build

SIZE = int(os.environ.get("SCALE", 2_000_000))
SMALL = {"carrier", "account", "api_key", "idempotency_key", "carrier_status"}
Plans = dict[str, list[dict[str, Any]]]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan, but for what lies below a LIMIT that most rows satisfy: that ends after its first rows."""
    if plan["Node Type"] == "Limit" and plan["Plan Rows"] > 1_000:
        return
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


@pytest.fixture(scope="session")
def plans() -> Plans:
    """What PostgreSQL does for each question."""
    BUILD.mkdir(exist_ok=True)
    server = data.start()
    try:
        postgres = Postgres(server)

        async def work() -> Plans:
            await growth.create_database(postgres, SIZE)
            sent = await growth.capture_statements(postgres, SIZE, QUERIES, 1)
            connection = await asyncpg.connect(postgres.url_of(growth.name_of(SIZE)))
            found = {
                name: [plan for one in statements for plan in await growth.plans(connection, one)]
                for name, statements in sent.items()
            }
            await connection.close()
            return found

        return asyncio.run(work())
    finally:
        server.stop()


@pytest.mark.parametrize("name", QUERIES)
def test_no_question_scans_a_large_table(plans: Plans, name: str) -> None:
    custom, generic = plans[name]
    for plan in (custom, generic):
        scanned = {one["Relation Name"] for one in nodes(plan) if one["Node Type"] == "Seq Scan"}
        assert scanned <= SMALL


def test_every_filter_and_every_order_has_a_question() -> None:
    types = build.build()._schema.type_map
    for name, asked in (("ShipmentWhere", questions.SHIPMENT_WHERE), ("TrackingEventWhere", questions.EVENT_WHERE)):
        type_ = types[name]
        assert isinstance(type_, GraphQLInputObjectType)
        assert set(type_.fields) <= set(asked)
    for name, orders in (
        ("ShipmentOrderField", questions.SHIPMENT_ORDERS),
        ("TrackingEventOrderField", questions.EVENT_ORDERS),
    ):
        type_ = types[name]
        assert isinstance(type_, GraphQLEnumType)
        assert set(type_.values) == set(orders)
