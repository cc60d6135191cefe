"""Every filter of the schema, every order, search and lookup uses the index that was created for it.

The plans are PostgreSQL's, over some thousand shipments of two accounts, for the statements and values that are sent.
No index serves the following filters, which are meant to be combined with others: `direction`, `status.notIn`,
`contains`, the operators of metadata except `eq`, and `source` and `applied` of events.
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
SMALL_TABLES = {"carrier", "account", "change_log_state"}
"""Tables that may be scanned as a whole."""
AT = '"2026-03-01T00:00:00Z"'
NINE_HOURS = '{ gte: "2026-03-01T00:00:00Z", lt: "2026-03-01T09:00:00Z" }'
ONE_DAY = '{ gte: "2026-03-01T00:00:00Z", lt: "2026-03-02T00:00:00Z" }'
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
    f"createdAt: {NINE_HOURS}": "ix_shipment_account_id_created_at_id",
    f"updatedAt: {NINE_HOURS}": "ix_shipment_account_id_updated_at_id",
    f"statusAt: {NINE_HOURS}": "ix_shipment_account_id_status_at_id",
    f"promisedTo: {NINE_HOURS}": "ix_shipment_promised_to",
    f"estimatedDeliveryAt: {NINE_HOURS}": "ix_shipment_estimated_delivery_at",
    f"deliveredAt: {NINE_HOURS}": "ix_shipment_delivered_at",
    f"lastEventAt: {NINE_HOURS}": "ix_shipment_last_event_at",
    "totalWeight: { gte: { value: 5990, unit: G } }": "ix_shipment_total_weight_g",
    f"events: {{ occurredAt: {NINE_HOURS} }}": "ix_tracking_event_account_id_occurred_at_id",
    f"events: {{ recordedAt: {NINE_HOURS} }}": "ix_tracking_event_account_id_recorded_at_id",
    f"events: {{ code: [LOST], occurredAt: {ONE_DAY} }}": "ix_tracking_event_account_id_(code_)?occurred_at_id",
    f'events: {{ country: {{ eq: "CE" }}, occurredAt: {ONE_DAY} }}': "ix_tracking_event_",
    "archived: true": "ix_shipment_archived",
    "lateness: { in: [DUE] }": "ix_shipment_late_from",
    'lateBy: { gte: "P9000D" }': "ix_shipment_(late_from|delivery_delay)",
    "exceptionReason: { in: [LOST] }": "ix_shipment_exception_reason",
    'incoterm: { eq: "CIF" }': "ix_shipment_incoterm",
    "packageCount: { gte: 9 }": "ix_shipment_account_id_package_count_created_at_id",
    'recipient: { name: { eq: "Name77" } }': "ix_party_name",
    'recipient: { email: { eq: "m77@example.com" } }': "ix_party_email",
    'recipient: { phone: { startsWith: "+4977" } }': "ix_party_phone",
    'items: { sku: { eq: "sku77" } }': "ix_shipment_item_sku",
    'items: { title: { startsWith: "Thing77" } }': "ix_shipment_item_account_id_title",
    'items: { batch: { in: ["b77"] } }': "ix_shipment_item_batch",
    'carrierStatusRaw: { eq: "raw7" }': "ix_tracking_event_carrier_status",
}
ORDER_INDEXES = {
    "NUMBER": "uq_shipment_account_id_number",
    "TOTAL_WEIGHT": "ix_shipment_total_weight_g",
    "LATENESS": "ix_shipment_late_from",
    "STATUS": "ix_shipment_account_id_status_created_at_id",
}
"""The indexes of orders that are not named after their field."""
EVENT_FILTERS = {
    f"occurredAt: {NINE_HOURS}": "ix_tracking_event_account_id_occurred_at_id",
    f"recordedAt: {NINE_HOURS}": "ix_tracking_event_account_id_recorded_at_id",
    "code: [LOST]": "ix_tracking_event_account_id_(code_)?occurred_at_id",
    'country: { eq: "CE" }': "ix_tracking_event_",
    'carrierStatusRaw: { eq: "raw7" }': "ix_tracking_event_carrier_status",
    'shipment: { number: "SHP-0000777" }': "(ix|uq)_tracking_event_(account_id_)?shipment_id",
}
LOOKUPS = {
    'shipment(by: { number: "SHP-0000777" }) { id }': "uq_shipment_account_id_number",
    'shipment(by: { externalReference: "ref-7" }) { id }': "uq_shipment_account_id_external_reference",
    'node(id: "shp_019c936e38007e28a570959a1fb2fc54") { id }': "pk_shipment",
    'nodes(ids: ["pkg_019c936e38007e28a570959a1fb2fc54"]) { id }': "pk_package",
    'track(trackingNumber: "T00007771") { id shipment { number } }': "ix_package_tracking_number_norm",
    'shipments(search: "SHP-000077") { nodes { id } }': "uq_shipment_account_id_number",
    'shipments(search: "shp-000077") { nodes { id } }': "uq_shipment_account_id_number",
    'shipments(search: "REF-77") { nodes { id } }': "ix_shipment_search_external_reference",
    'shipments(search: "PO-shp77") { nodes { id } }': "ix_shipment_reference_value_key",
    'shipments(search: "t-00007771") { nodes { id } }': "ix_package_tracking_number_norm",
    'shipments(search: "name77 city77") { nodes { id } }': "ix_shipment_search_terms",
    'shipments(search: "person77@mail.example") { nodes { id } }': "ix_shipment_search_terms",
    "changes(first: 10) { nodes { op } }": "ix_change_account_id_log_position_seq",
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

    async def create() -> None:
        async with admin_connection(server) as connection:
            await connection.execute(f"CREATE DATABASE volume TEMPLATE {migrated}")
        connection = await asyncpg.connect(url)
        await connection.execute(FILL)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()

    asyncio.run(create())
    return url


class RecordingSession(Session):
    """A session that records statements instead of sending them."""

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


async def plan_of(engine: AsyncEngine, query: str) -> dict[str, Any]:
    """Return PostgreSQL's plan for the statement of a query."""
    async with engine.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM default_account()"))).scalar_one()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(pool.set_account_sql(account))
        session = RecordingSession(engine, account)
        context = operation_context.OperationContext(viewer.Viewer(account, "default"), session, "test")
        executor: Any = build.Executor.build(build.build()._schema, parse(f"{{ {query} }}"), None, context)
        result = await executor.execute_operation()
        assert not result.errors
        ((sql, arguments),) = session.sent
        (explanation,) = await driver.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
        plan: dict[str, Any] = explanation["Plan"]
        return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all nodes of a plan."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def check(plan: dict[str, Any], index: str) -> None:
    """Check that no large table is scanned as a whole and that the index is used."""
    all_nodes = list(nodes(plan))
    assert {node["Relation Name"] for node in all_nodes if node["Node Type"] == "Seq Scan"} <= SMALL_TABLES
    used = [node["Index Name"] for node in all_nodes if "Index Name" in node]
    assert any(re.match(index, name) for name in used), used


@pytest.mark.parametrize("condition", FILTERS)
async def test_a_shipment_filter_uses_its_index(condition: str, volume: AsyncEngine) -> None:
    plan = await plan_of(volume, f"shipments(where: {{ {condition} }}) {{ nodes {{ id }} }}")
    check(plan, FILTERS[condition])


@pytest.mark.parametrize("condition", EVENT_FILTERS)
async def test_an_event_filter_uses_its_index(condition: str, volume: AsyncEngine) -> None:
    plan = await plan_of(volume, f"trackingEvents(where: {{ {condition} }}) {{ nodes {{ id }} }}")
    check(plan, EVENT_FILTERS[condition])


@pytest.mark.parametrize("query", LOOKUPS)
async def test_a_lookup_uses_its_index(query: str, volume: AsyncEngine) -> None:
    check(await plan_of(volume, query), LOOKUPS[query])


@pytest.mark.parametrize("direction", enums.OrderDirection)
@pytest.mark.parametrize(
    ("connection", "field"),
    [
        *(("shipments", field) for field in enums.ShipmentOrderField),
        *(("trackingEvents", field) for field in enums.TrackingEventOrderField),
    ],
)
async def test_an_order_uses_its_index_and_needs_no_sort(
    connection: str, field: str, direction: str, volume: AsyncEngine
) -> None:
    order = f"orderBy: [{{ field: {field}, direction: {direction} }}]"
    plan = await plan_of(volume, f"{connection}(first: 20, {order}) {{ nodes {{ id }} pageInfo {{ endCursor }} }}")
    index = ORDER_INDEXES.get(field, f"ix_[a-z_]*{field.lower()}(_id)?$")
    check(plan, index)
    limit = next(node for node in nodes(plan) if node["Node Type"] == "Limit")
    assert not any(node["Node Type"] in ("Sort", "Incremental Sort") for node in nodes(limit) if field != "NUMBER")


def test_every_filter_is_tested() -> None:
    without_index = {"direction", "AND", "OR", "NOT"}
    types: Any = build.build()._schema.type_map
    tested = {condition.split(":")[0] for condition in FILTERS}
    assert tested == set(types["ShipmentWhere"].fields) - without_index
    tested = {condition.split(":")[0] for condition in EVENT_FILTERS}
    assert tested == set(types["TrackingEventWhere"].fields) - {"source", "applied", "includeVoided"}
