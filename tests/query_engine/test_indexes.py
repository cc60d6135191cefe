"""Every filter that the schema offers, every order, search and look-up is served by the index that was made for it.

The plans are PostgreSQL's own, over some thousand shipments of two accounts, with the statements and values as sent.
Served by no index of their own, and combined with others: `direction`, `status.notIn`, `contains`, the other ways to
compare metadata than `eq`, `source` and `applied` of events.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from graphql import parse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import operation_context, settings
from graphql_app.auth import viewer
from graphql_app.database import embedded_server, pool
from graphql_app.database.engine import make_engine
from graphql_app.database.session import Session
from graphql_app.domain import enums
from graphql_app.schema import build
from tests.support.databases import admin_connection, database_url

FILL = (Path(__file__).parent / "volume.sql").read_text()
SMALL = {"carrier", "account"}
AT = '"2026-03-01T00:00:00Z"'
BETWEEN = '{ gte: "2026-03-01T00:00:00Z", lt: "2026-03-01T09:00:00Z" }'
LATE = '{ gte: "2026-03-01T00:00:00Z", lt: "2026-03-02T00:00:00Z" }'
FILTERS = {
    'number: { eq: "SHP-0000777" }': "uq_shipment_account_id_number",
    'number: { in: ["SHP-0000777", "SHP-0000778"] }': "uq_shipment_account_id_number",
    'number: { startsWith: "SHP-000077" }': "uq_shipment_account_id_number",
    'id: { eq: "shp_019c936e38007e28a570959a1fb2fc54" }': "pk_shipment",
    'id: { in: ["shp_019c936e38007e28a570959a1fb2fc54"] }': "pk_shipment",
    'externalReference: { eq: "ref-77" }': "uq_shipment_account_id_external_reference",
    'externalReference: { startsWith: "ref-77" }': "uq_shipment_account_id_external_reference",
    "status: { eq: OUT_FOR_DELIVERY }": "ix_shipment_account_id_status_created_at_id",
    "status: { in: [OUT_FOR_DELIVERY, FAILED] }": "ix_shipment_account_id_status_created_at_id",
    "phase: CLOSED": "ix_shipment_account_id_status_created_at_id",
    'carrier: { eq: "c7" }': "ix_shipment_carrier",
    'service: { eq: "s77" }': "ix_shipment_service",
    'service: { startsWith: "s77" }': "ix_shipment_service",
    'origin: { country: { eq: "BB" }, city: { eq: "City1" } }': "ix_party_",
    'destination: { city: { eq: "City77" } }': "ix_party_city",
    'destination: { city: { startsWith: "City77" } }': "ix_party_city",
    'destination: { postalCode: { eq: "P77" } }': "ix_party_postal_code",
    'destination: { country: { eq: "CC" }, region: { eq: "R2" } }': "ix_party_place",
    'trackingNumber: { eq: "T00007771" }': "ix_package_tracking_number_norm",
    'trackingNumber: { startsWith: "T000077" }': "ix_package_tracking_number_norm",
    'reference: { kind: "po", value: { eq: "po-SHP-0000777" } }': "ix_shipment_reference_account_id_value",
    'reference: { value: { startsWith: "po-SHP-000077" } }': "ix_shipment_reference_account_id_value",
    'metadata: [{ key: "colour", value: { eq: "c77" } }]': "ix_shipment_metadata",
    'tags: { hasAny: ["t77", "t78"] }': "ix_shipment_tags",
    'tags: { hasAll: ["t77"] }': "ix_shipment_tags",
    f"createdAt: {BETWEEN}": "ix_shipment_account_id_created_at_id",
    f"updatedAt: {BETWEEN}": "ix_shipment_account_id_updated_at_id",
    f"statusAt: {BETWEEN}": "ix_shipment_account_id_status_at_id",
    f"promisedTo: {BETWEEN}": "ix_shipment_promised_to",
    f"estimatedDeliveryAt: {BETWEEN}": "ix_shipment_estimated_delivery_at",
    f"deliveredAt: {BETWEEN}": "ix_shipment_delivered_at",
    f"lastEventAt: {BETWEEN}": "ix_shipment_last_event_at",
    "totalWeight: { gte: { value: 5990, unit: G } }": "ix_shipment_total_weight_g",
    f"events: {{ occurredAt: {BETWEEN} }}": "ix_tracking_event_account_id_occurred_at_id",
    f"events: {{ recordedAt: {BETWEEN} }}": "ix_tracking_event_account_id_recorded_at_id",
    f"events: {{ code: [LOST], occurredAt: {LATE} }}": "ix_tracking_event_account_id_(code_)?occurred_at_id",
    f'events: {{ country: {{ eq: "CE" }}, occurredAt: {LATE} }}': "ix_tracking_event_",
    "archived: true": "ix_shipment_archived",
}
EVENT_FILTERS = {
    f"occurredAt: {BETWEEN}": "ix_tracking_event_account_id_occurred_at_id",
    f"recordedAt: {BETWEEN}": "ix_tracking_event_account_id_recorded_at_id",
    "code: [LOST]": "ix_tracking_event_account_id_(code_)?occurred_at_id",
    'country: { eq: "CE" }': "ix_tracking_event_",
    'shipment: { number: "SHP-0000777" }': "(ix|uq)_tracking_event_(account_id_)?shipment_id",
}
LOOK_UPS = {
    'shipment(by: { number: "SHP-0000777" }) { id }': "uq_shipment_account_id_number",
    'shipment(by: { externalReference: "ref-7" }) { id }': "uq_shipment_account_id_external_reference",
    'node(id: "shp_019c936e38007e28a570959a1fb2fc54") { id }': "pk_shipment",
    'nodes(ids: ["pkg_019c936e38007e28a570959a1fb2fc54"]) { id }': "pk_package",
    'track(trackingNumber: "T00007771") { id shipment { number } }': "ix_package_tracking_number_norm",
    'shipments(search: "SHP-000077") { nodes { id } }': "uq_shipment_account_id_number",
    'shipments(search: "name77 city77") { nodes { id } }': "ix_party_words",
    "changes(first: 10) { nodes { op } }": "ix_change_account_id_xid_seq",
    'carrier(code: "c7") { shipments(first: 5) { nodes { id } totalCount { count } } }': "ix_shipment_carrier",
    "shipments(first: 5) { nodes { events(last: 1) { nodes { id } } } }": "ix_tracking_event_shipment_id_occurred",
    "shipments(first: 5) { nodes { latestEvent { id } } }": "ix_tracking_event_shipment_id_occurred_at_position_id",
    "shipments(first: 5) { nodes { packages { items { id } } } }": "ix_shipment_item_package",
    "shipments(first: 5) { nodes { shipper { name } } }": "uq_party_shipment_id_role",
    "shipments(first: 5) { nodes { references { value } items { id } } }": "uq_shipment_",
    "shipments(first: 5) { nodes { history(first: 5) { nodes { op } } } }": "uq_change_shipment_id",
}


@pytest.fixture(scope="session")
def volume_url(server: embedded_server.EmbeddedServer, migrated: str) -> str:
    """The URL of a database with some thousand shipments in two accounts, and statistics."""
    url = database_url(server, "volume")

    async def make() -> None:
        async with admin_connection(server) as connection:
            await connection.execute(f"CREATE DATABASE volume TEMPLATE {migrated}")
        filling = await asyncpg.connect(url)
        await filling.execute(FILL)
        await filling.execute("VACUUM ANALYZE")
        await filling.close()

    asyncio.run(make())
    return url


class Caught(Session):
    """A session that keeps statements instead of sending them."""

    def __init__(self, engine: AsyncEngine, account: Any) -> None:
        super().__init__(engine, account)
        self.sent: list[tuple[str, Sequence[object]]] = []

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        self.sent.append((sql, arguments))
        return [(b"{}",)]


@pytest.fixture
async def volume(volume_url: str) -> Any:
    """An engine on that database."""
    engine = make_engine(volume_url, settings.read(), scoped=True)
    yield engine
    await engine.dispose()


async def plan_of(engine: AsyncEngine, question: str) -> dict[str, Any]:
    """PostgreSQL's plan for the statement that a question becomes."""
    async with engine.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(pool.set_account_sql(account))
        session = Caught(engine, account)
        made = operation_context.OperationContext(viewer.Viewer(account, "default"), session, "test")
        executor: Any = build.Executor.build(build.build()._schema, parse(f"{{ {question} }}"), None, made)
        result = await executor.execute_operation()
        assert not result.errors
        ((sql, arguments),) = session.sent
        (found,) = await driver.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
        plan: dict[str, Any] = found["Plan"]
        return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def check(plan: dict[str, Any], index: str) -> None:
    """No large table is read as a whole, and the index is used."""
    found = list(nodes(plan))
    assert {one["Relation Name"] for one in found if one["Node Type"] == "Seq Scan"} <= SMALL
    used = [one["Index Name"] for one in found if "Index Name" in one]
    assert any(re.match(index, one) for one in used), used


@pytest.mark.parametrize("condition", FILTERS)
async def test_a_filter_of_shipments_is_served_by_its_index(condition: str, volume: AsyncEngine) -> None:
    plan = await plan_of(volume, f"shipments(where: {{ {condition} }}) {{ nodes {{ id }} }}")
    check(plan, FILTERS[condition])


@pytest.mark.parametrize("condition", EVENT_FILTERS)
async def test_a_filter_of_events_is_served_by_its_index(condition: str, volume: AsyncEngine) -> None:
    plan = await plan_of(volume, f"trackingEvents(where: {{ {condition} }}) {{ nodes {{ id }} }}")
    check(plan, EVENT_FILTERS[condition])


@pytest.mark.parametrize("question", LOOK_UPS)
async def test_what_is_looked_up_is_served_by_an_index(question: str, volume: AsyncEngine) -> None:
    check(await plan_of(volume, question), LOOK_UPS[question])


@pytest.mark.parametrize("direction", enums.OrderDirection)
@pytest.mark.parametrize(
    ("connection", "field"),
    [
        *(("shipments", one) for one in enums.ShipmentOrderField),
        *(("trackingEvents", one) for one in enums.TrackingEventOrderField),
    ],
)
async def test_an_order_is_that_of_an_index_and_nothing_is_sorted(
    connection: str, field: str, direction: str, volume: AsyncEngine
) -> None:
    order = f"orderBy: [{{ field: {field}, direction: {direction} }}]"
    plan = await plan_of(volume, f"{connection}(first: 20, {order}) {{ nodes {{ id }} pageInfo {{ endCursor }} }}")
    index = "uq_shipment_account_id_number" if field == "NUMBER" else f"ix_[a-z_]*{field.lower()}(_id)?$"
    check(plan, index)
    limit = next(one for one in nodes(plan) if one["Node Type"] == "Limit")
    assert not any(one["Node Type"] in ("Sort", "Incremental Sort") for one in nodes(limit) if field != "NUMBER")


def test_every_filter_has_its_question() -> None:
    unserved = {"direction", "AND", "OR", "NOT"}
    types: Any = build.build()._schema.type_map
    asked = {condition.split(":")[0] for condition in FILTERS}
    assert asked == set(types["ShipmentWhere"].fields) - unserved
    asked = {condition.split(":")[0] for condition in EVENT_FILTERS}
    assert asked == set(types["TrackingEventWhere"].fields) - {"source", "applied", "includeVoided"}
