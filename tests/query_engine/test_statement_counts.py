"""The number of statements of a query: one per root field, whatever is selected below it, none for fields without data.

Several root fields share one connection and one snapshot.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import orjson
import pytest
from graphql import parse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import operation_context
from graphql_app.auth import viewer
from graphql_app.database.engine import make_engine
from graphql_app.database.errors import to_request_error
from graphql_app.database.session import Session
from graphql_app.errors import request_errors
from graphql_app.schema import build
from graphql_app.settings import Settings
from tests.support import seed_data
from tests.support.graphql_client import Execute

SHIPMENT = """
  id number carrier { name shipments(first: 1) { nodes { returnOf { number } } totalCount { count } } }
  shipper { name } parties { role } packages { trackingUrl items { title } events(last: 1) { nodes { code } } }
  items { package { seq } } references { value } latestEvent { corrects { id } }
  events(first: 2) { edges { cursor node { shipment { number } package { seq } } } pageInfo { endCursor } }
  statusExplanation { decidedBy { code } notApplied { code } } history { nodes { shipment { number } } }
  metadata(keys: ["a"])
"""
QUERIES = {
    "node": '{ node(id: "shp_019c936e38077f908753ed9bb56799dd") { id ... on Shipment { ALL } } }',
    "nodes": '{ nodes(ids: ["shp_019c936e38077f908753ed9bb56799dd", "car_019c936e38007921a39a860cd6646b82"]) '
    "{ id ... on Shipment { ALL } ... on Carrier { shipments(first: 1) { nodes { ALL } } } } }",
    "shipment": '{ shipment(by: { number: "SHP-0000008" }) { ALL } }',
    "shipments": '{ shipments(first: 2, search: "ham", where: { events: { applied: true } }) '
    "{ nodes { ALL } edges { node { ALL } cursor } pageInfo { hasNextPage startCursor } totalCount { count } } }",
    "trackingEvents": "{ trackingEvents(first: 2) { nodes { shipment { ALL } } totalCount(limit: null) { count } } }",
    "shipmentStats": "{ shipmentStats(groupBy: [CARRIER, TAG], first: 3, bucket: { field: CREATED_AT, by: DAY, "
    "fillGaps: true }) { total { declaredValue { sum } } "
    "groups { keys { label } shipments(first: 1) { nodes { ALL } } } } }",
    "trackingEventStats": "{ trackingEventStats(groupBy: [CODE]) { groups { events(first: 1) { nodes { "
    "shipment { number } } } } } }",
    "shipmentItemStats": "{ shipmentItemStats(groupBy: [SKU]) { groups { measures { value { sum } } } } }",
    "track": '{ track(trackingNumber: "trk-0002/0", carrier: "fed_ex") { shipment { number carrier { name } } } }',
    "carrier": '{ carrier(code: "dhl") { shipments(first: 2) { nodes { ALL } } } }',
    "carriers": "{ carriers(first: 2) { nodes { shipments(first: 1) { nodes { ALL } } } } }",
    "apiKeys": "{ apiKeys(first: 2) { nodes { name } totalCount { count } pageInfo { hasNextPage } } }",
    "changes": "{ changes(first: 2) { nodes { shipment { ALL } } totalCount { count } pageInfo { hasNextPage } } }",
}
NO_DATA = {
    "viewer": "{ viewer { account apiKey scopes } again: viewer { account } }",
    "__typename": "{ __typename ... on Query { here: __typename } }",
    "__schema": '{ __schema { types { name fields { name } } } __type(name: "Shipment") { description } }',
}


@pytest.mark.seed_data
@pytest.mark.parametrize("name", QUERIES)
async def test_a_root_field_needs_one_statement_whatever_is_selected_below_it(
    name: str, execute: Execute, statements: list[str]
) -> None:
    query = QUERIES[name].replace("ALL", SHIPMENT)
    await execute(query)  # on a new connection asyncpg reads the definitions of array types
    statements.clear()
    response = await execute(query)
    assert "errors" not in response, response
    assert response["data"][name]
    assert len(statements) == 1


@pytest.mark.seed_data
@pytest.mark.parametrize("name", NO_DATA)
async def test_a_field_without_data_needs_no_statement(name: str, execute: Execute, statements: list[str]) -> None:
    await execute("{ __typename }")
    statements.clear()
    assert "errors" not in await execute(NO_DATA[name])
    assert statements == []


def test_every_root_field_is_tested() -> None:
    query = build.build()._schema.query_type
    assert query is not None
    assert set(query.fields) == {*QUERIES, "viewer"}


@pytest.mark.seed_data
async def test_several_root_fields_need_one_statement_each_in_one_transaction(
    execute: Execute, statements: list[str]
) -> None:
    await execute("{ __typename }")
    statements.clear()
    await execute('{ a: carrier(code: "dhl") { name } viewer { account } b: carrier(code: "ups") { name } __typename }')
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT", "SELECT", "COMMIT;"]
    assert "REPEATABLE READ READ ONLY" in statements[0]


@pytest.mark.seed_data
async def test_a_single_field_that_reads_needs_no_transaction(execute: Execute, statements: list[str]) -> None:
    await execute("{ __typename }")
    statements.clear()
    await execute('{ viewer { account } carrier(code: "dhl") { name } }')
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


class InterruptedSession(Session):
    """A session that awaits `interruption` after its first statement."""

    interruption: Any = None

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        rows = await super().fetch(sql, arguments)
        if self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            await interruption
        return rows


async def test_root_fields_of_one_operation_share_a_snapshot(engine: AsyncEngine, owner: AsyncEngine) -> None:
    accounts = await seed_data.insert_seed_data(owner)

    async def write() -> None:
        async with owner.begin() as connection:
            await connection.execute(text("UPDATE carrier SET name = 'renamed' WHERE code = 'dhl'"))

    schema = build.build()._schema
    session = InterruptedSession(engine, accounts["default"])
    session.interruption = write()
    context = operation_context.OperationContext(viewer.Viewer(accounts["default"], "default"), session, "test")
    document = parse('{ before: carrier(code: "dhl") { name } after: carrier(code: "dhl") { name } }')
    responses = []
    for _ in range(2):
        executor: Any = build.Executor.build(schema, document, None, context)
        responses.append(orjson.loads(orjson.dumps((await executor.execute_operation()).data)))
    await session.close()
    assert responses[0] == {"before": {"name": "DHL"}, "after": {"name": "DHL"}}
    assert responses[1] == {"before": {"name": "renamed"}, "after": {"name": "renamed"}}


@pytest.mark.seed_data
async def test_concurrent_requests_with_two_root_fields_do_not_share_a_session(client: httpx.AsyncClient) -> None:
    query = {"query": "{ a: shipments(first: 5) { nodes { id } } b: carriers { nodes { code } } }"}
    responses = await asyncio.gather(*(client.post("/graphql", json=query) for _ in range(8)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.text for response in responses}) == 1
    assert "errors" not in responses[0].json()


async def test_after_an_error_the_other_root_fields_of_the_snapshot_fail_too(
    owner: AsyncEngine, settings: Settings
) -> None:
    assert settings.postgres_url
    timeout_engine = make_engine(
        settings.postgres_url.get_secret_value(), settings.model_copy(update={"statement_timeout": 0.2}), scoped=True
    )
    accounts = await seed_data.insert_seed_data(owner)
    document = parse('{ slow: carrier(code: "dhl") { name } quick: shipments(first: 1) { nodes { id } } }')
    async with owner.connect() as blocking:
        await blocking.execute(text("LOCK TABLE carrier"))
        async with operation_context.get_context(
            timeout_engine, viewer.Viewer(accounts["default"], "default"), "test"
        ) as context:
            executor: Any = build.Executor.build(build.build()._schema, document, None, context)
            result = await executor.execute_operation()
    await timeout_engine.dispose()
    assert result.data == {"slow": None, "quick": None}
    assert [error.path for error in result.errors] == [["slow"], ["quick"]]
    assert all(isinstance(to_request_error(error.original_error), request_errors.Timeout) for error in result.errors)
