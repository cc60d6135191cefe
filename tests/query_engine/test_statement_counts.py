"""How many statements a question costs: one for each root field, whatever lies below it, and none for what is not data.

Several root fields share one connection and one moment.
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
from tests.support.graphql_client import Ask

SHIPMENT = """
  id number carrier { name shipments(first: 1) { nodes { returnOf { number } } totalCount { count } } }
  shipper { name } parties { role } packages { trackingUrl items { title } events(last: 1) { nodes { code } } }
  items { package { seq } } references { value } latestEvent { corrects { id } }
  events(first: 2) { edges { cursor node { shipment { number } package { seq } } } pageInfo { endCursor } }
  statusExplanation { decidedBy { code } notApplied { code } } history { nodes { shipment { number } } }
  metadata(keys: ["a"])
"""
QUESTIONS = {
    "node": '{ node(id: "shp_019c936e38077f908753ed9bb56799dd") { id ... on Shipment { ALL } } }',
    "nodes": '{ nodes(ids: ["shp_019c936e38077f908753ed9bb56799dd", "car_019c936e38007921a39a860cd6646b82"]) '
    "{ id ... on Shipment { ALL } ... on Carrier { shipments(first: 1) { nodes { ALL } } } } }",
    "shipment": '{ shipment(by: { number: "SHP-0000008" }) { ALL } }',
    "shipments": '{ shipments(first: 2, search: "ham", where: { events: { applied: true } }) '
    "{ nodes { ALL } edges { node { ALL } cursor } pageInfo { hasNextPage startCursor } totalCount { count } } }",
    "trackingEvents": "{ trackingEvents(first: 2) { nodes { shipment { ALL } } totalCount(limit: null) { count } } }",
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


@pytest.mark.world
@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_root_field_is_one_statement_whatever_lies_below_it(name: str, ask: Ask, statements: list[str]) -> None:
    question = QUESTIONS[name].replace("ALL", SHIPMENT)
    await ask(question)  # on a new connection asyncpg makes itself acquainted with types of arrays
    statements.clear()
    answer = await ask(question)
    assert "errors" not in answer, answer
    assert answer["data"][name]
    assert len(statements) == 1


@pytest.mark.world
@pytest.mark.parametrize("name", NO_DATA)
async def test_what_is_not_data_needs_no_statement(name: str, ask: Ask, statements: list[str]) -> None:
    await ask("{ __typename }")
    statements.clear()
    assert "errors" not in await ask(NO_DATA[name])
    assert statements == []


def test_every_root_field_is_counted() -> None:
    query = build.build()._schema.query_type
    assert query is not None
    assert set(query.fields) == {*QUESTIONS, "viewer"}


@pytest.mark.world
async def test_several_root_fields_are_as_many_statements_in_one_transaction(ask: Ask, statements: list[str]) -> None:
    await ask("{ __typename }")
    statements.clear()
    await ask('{ a: carrier(code: "dhl") { name } viewer { account } b: carrier(code: "ups") { name } __typename }')
    assert [one.split()[0] for one in statements] == ["BEGIN", "SELECT", "SELECT", "COMMIT;"]
    assert "REPEATABLE READ READ ONLY" in statements[0]


@pytest.mark.world
async def test_one_field_that_reads_beside_one_that_does_not_needs_no_transaction(
    ask: Ask, statements: list[str]
) -> None:
    await ask("{ __typename }")
    statements.clear()
    await ask('{ viewer { account } carrier(code: "dhl") { name } }')
    assert [one.split()[0] for one in statements] == ["SELECT"]


class Interrupted(Session):
    """A session beside which somebody writes after its first statement."""

    interruption: Any = None

    async def fetch(self, sql: str, arguments: Sequence[object]) -> list[Any]:
        rows = await super().fetch(sql, arguments)
        if self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            await interruption
        return rows


async def test_root_fields_of_one_operation_see_one_moment(engine: AsyncEngine, owner: AsyncEngine) -> None:
    accounts = await seed_data.fill(owner)

    async def write() -> None:
        async with owner.begin() as connection:
            await connection.execute(text("UPDATE carrier SET name = 'renamed' WHERE code = 'dhl'"))

    core = build.build()._schema
    session = Interrupted(engine, accounts["default"])
    session.interruption = write()
    made = operation_context.OperationContext(viewer.Viewer(accounts["default"], "default"), session, "test")
    document = parse('{ before: carrier(code: "dhl") { name } after: carrier(code: "dhl") { name } }')
    answers = []
    for _ in range(2):
        executor: Any = build.Executor.build(core, document, None, made)
        answers.append(orjson.loads(orjson.dumps((await executor.execute_operation()).data)))
    await session.close()
    assert answers[0] == {"before": {"name": "DHL"}, "after": {"name": "DHL"}}
    assert answers[1] == {"before": {"name": "renamed"}, "after": {"name": "renamed"}}


@pytest.mark.world
async def test_requests_with_two_root_fields_each_do_not_meet_on_one_session(client: httpx.AsyncClient) -> None:
    question = {"query": "{ a: shipments(first: 5) { nodes { id } } b: carriers { nodes { code } } }"}
    answers = await asyncio.gather(*(client.post("/graphql", json=question) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert "errors" not in answers[0].json()


async def test_after_a_failure_the_other_root_fields_of_its_moment_fail_alike(
    owner: AsyncEngine, settings: Settings
) -> None:
    assert settings.postgres_url
    impatient = make_engine(
        settings.postgres_url.get_secret_value(), settings.model_copy(update={"statement_timeout": 0.2}), scoped=True
    )
    accounts = await seed_data.fill(owner)
    document = parse('{ slow: carrier(code: "dhl") { name } quick: shipments(first: 1) { nodes { id } } }')
    async with owner.connect() as blocking:
        await blocking.execute(text("LOCK TABLE carrier"))
        async with operation_context.get_context(
            impatient, viewer.Viewer(accounts["default"], "default"), "test"
        ) as made:
            executor: Any = build.Executor.build(build.build()._schema, document, None, made)
            result = await executor.execute_operation()
    await impatient.dispose()
    assert result.data == {"slow": None, "quick": None}
    assert [one.path for one in result.errors] == [["slow"], ["quick"]]
    assert all(isinstance(to_request_error(one.original_error), request_errors.Timeout) for one in result.errors)
