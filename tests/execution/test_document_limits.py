"""Limits: each one is hit, its name and number stand in the message, and honest documents stay far below it."""

import ast
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphql import get_introspection_query, parse
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.execution import document_limits
from graphql_app.query_engine.cost import MAX_COST
from graphql_app.settings import Settings
from graphql_app.transport import graphiql
from tests.support.live_server import client_of

GRAPHQL = {"accept": "application/graphql-response+json"}
HEALTH = "{ viewer { account } }"


def many(pattern: str, number: int) -> str:
    """The pattern with the numbers from 0, so many times."""
    return " ".join(pattern.replace("#", str(n)) for n in range(number))


def nested(opening: str, inmost: str, closing: str, depth: int) -> str:
    return opening * depth + inmost + closing * depth


FIFTY_FIELDS = " ".join("id number status version direction".split() * 10)
WHERE = nested("{NOT:", "{phase:ACTIVE}", "}", 32)
OVER: dict[str, tuple[str, str]] = {
    "characters": (f"{HEALTH}#{'x' * 32_000}", "32023 characters; the limit is 32000"),
    "tokens": ("{" + "viewer{account}" * 1000 + "}", "more than 3000 tokens, the limit"),
    "depth": (nested("{node(id:1)", "{id}", "}", 16), "17 levels (depth); the limit is 16"),
    "introspection": (
        "{__type(name:1)" + nested("{ofType", "{name}", "}", 32) + "}",
        "34 levels of introspection; the limit is 32",
    ),
    "aliases": ("{viewer{" + many("a#:account", 31) + "}}", "31 aliases; the limit is 30"),
    "fields": (
        "{shipments{edges{node{" + "...F " * 11 + "}}}} fragment F on Shipment{" + FIFTY_FIELDS + "}",
        "553 fields; the limit is 500",
    ),
    "repetitions": ("{viewer{" + "account " * 26 + "}}", "26 repetitions in one place; the limit is 25"),
    "directives": ("{viewer{account " + "@skip(if:false)" * 51 + "}}", "51 directives; the limit is 50"),
    "root fields": ("{" + many("a#:viewer{account}", 21) + "}", "21 root fields; the limit is 20"),
    "operations": (many("query Q#{viewer{account}}", 11), "11 operations; the limit is 10"),
    "fragments": (HEALTH + many("fragment F# on Viewer{account}", 51), "51 fragments; the limit is 50"),
    "values": ("{shipments(where:" + WHERE + "){nodes{id}}}", "nested deeper than 32, the limit"),
}


@pytest.mark.parametrize("name", OVER)
async def test_a_document_beyond_a_limit_is_told_which(client: httpx.AsyncClient, name: str) -> None:
    document, says = OVER[name]
    answer = await client.post("/graphql", json={"query": document}, headers=GRAPHQL)
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED", error
    assert says in error["message"]
    assert "data" not in answer.json()


def size(document: str, operation: str | None = None) -> document_limits.Size:
    return document_limits.measure(parse(document))[operation]


def test_fragments_count_as_often_as_they_are_spread() -> None:
    document = (
        "{ a: node(id: 1) { ...F ...F } b: node(id: 2) { ...F } } fragment F on Shipment { id x: status @skip(if: 1) }"
    )
    assert size(document) == document_limits.Size(fields=8, roots=2, aliases=5, directives=3, depth=2)


def test_root_fields_are_counted_through_fragments() -> None:
    document = "mutation M { a: x { id } ...F ... @include(if: 1) { b } } fragment F on Mutation { c d }"
    assert size(document, "M") == document_limits.Size(fields=5, roots=4, aliases=1, directives=1, depth=2)


def test_descriptions_of_types_have_a_depth_of_their_own() -> None:
    document = "{ __schema { types { fields { type { ofType { name } } } } } viewer { account } }"
    assert size(document) == document_limits.Size(fields=8, roots=2, depth=2, introspection=6)


async def test_a_document_that_doubles_itself_28_times_is_refused_at_once(client: httpx.AsyncClient) -> None:
    fragments = " ".join(f"fragment F{n} on Viewer{{...F{n + 1} ...F{n + 1}}}" for n in range(28))
    document = "{viewer{...F0}} " + fragments + " fragment F28 on Viewer{account}"
    assert len(document) < 1500
    begun = time.process_time()
    answer = await client.post("/graphql", json={"query": document})
    assert time.process_time() - begun < 0.1
    assert "268435456 fields; the limit is 500" in answer.json()["errors"][0]["message"]


SHIPMENT = """
  id number externalReference status phase statusAt direction service tags version createdAt updatedAt
  carrier { id code name } shipper { name company lines city postalCode country } recipient { name city country }
  packages { id seq trackingNumber status weight { value unit } dimensions { length width height unit } }
  references { kind value } items { id sku title quantity unit }
  events(first: 5) { nodes { id code occurredAt message place { name city country } } pageInfo { hasNextPage } }
"""
HONEST = {
    "a page with everything": f"""
        query Page($after: String) {{
          shipments(where: {{phase: ACTIVE, carrier: {{eq: "ups"}}}}, first: 20, after: $after) {{
            edges {{ cursor node {{ ...Row }} }} pageInfo {{ hasNextPage endCursor }} totalCount {{ count precision }}
          }}
        }}
        fragment Row on Shipment {{ {SHIPMENT} }}""",
    "one shipment": f"query One($by: ShipmentBy!) {{ shipment(by: $by) {{ {SHIPMENT} }} }}",
    "GraphiQL's introspection": get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True,
        one_of=True,
    ),
}  # fmt: skip


def published() -> Iterator[tuple[str, str]]:
    """The documents that people copy: of the explorer, and of the scripts."""
    for example in graphiql.examples():
        yield example.title, example.query
    for script in sorted((Path(__file__).parents[2] / "examples").glob("*.py")):
        for node in ast.walk(ast.parse(script.read_text())):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.match(r"\s*(query|mutation)\b[^{]*{", text):
                yield f"{script.name}, line {node.lineno}", text


PUBLISHED = dict(published())


@pytest.mark.parametrize("name", [*HONEST, *PUBLISHED])
def test_honest_documents_need_no_more_than_half_of_any_limit(name: str) -> None:
    document = (HONEST | PUBLISHED)[name]
    parsed = parse(document)
    for found in document_limits.measure(parsed).values():
        for number, most in (
            (len(document), document_limits.MAX_DOCUMENT_CHARACTERS),
            (parsed.token_count, document_limits.MAX_TOKENS),
            (found.fields, document_limits.MAX_FIELDS),
            (found.roots, document_limits.MAX_ROOT_FIELDS),
            (found.aliases, document_limits.MAX_ALIASES),
            (found.directives, document_limits.MAX_DIRECTIVES),
            (found.depth, document_limits.MAX_DEPTH),
            (found.introspection, document_limits.MAX_INTROSPECTION_DEPTH),
            (len(parsed.definitions) - 1, document_limits.MAX_FRAGMENTS),
        ):
            assert number <= most / 2


def test_there_are_documents_that_people_copy() -> None:
    assert len(graphiql.examples()) >= 5
    assert len(PUBLISHED) > len(graphiql.examples())


@pytest.mark.parametrize("name", HONEST)
async def test_honest_documents_are_answered_within_half_of_the_cost(client: httpx.AsyncClient, name: str) -> None:
    variables = {"by": {"number": "SHP-0000001"}} if name == "one shipment" else {}
    request = {"query": HONEST[name], "variables": variables, "extensions": {"cost": True}}
    answer = (await client.post("/graphql", json=request)).json()
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["requested"] <= MAX_COST / 2


async def test_cost_is_told_to_those_who_ask_for_it(client: httpx.AsyncClient) -> None:
    query = "{ shipments(first: 10) { nodes { id events(first: 5) { nodes { id } } } } }"
    answer = await client.post("/graphql", json={"query": query, "extensions": {"cost": True}})
    cost = answer.json()["extensions"]["cost"]
    assert cost["maximum"] == 20_000
    assert 60 <= cost["requested"] <= 80, "10 shipments with 5 events each"
    by_get = await client.get("/graphql", params={"query": query, "extensions": '{"cost": true}'})
    assert by_get.json()["extensions"]["cost"] == cost
    assert "extensions" not in (await client.post("/graphql", json={"query": query})).json()


async def test_an_operation_that_may_read_too_much_is_refused_before_it_reads(
    client: httpx.AsyncClient, statements: list[str]
) -> None:
    query = "{ shipments(first: 250) { nodes { id events(first: 250) { nodes { id } } } } }"
    answer = await client.post("/graphql", json={"query": query})
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "the limit is 20000" in error["message"]
    assert not [one for one in statements if "shipment" in one]


async def test_root_fields_together_may_not_read_more_than_one_may(client: httpx.AsyncClient) -> None:
    page = "shipments(first: 100) { nodes { id events(first: 80) { nodes { id } } } }"
    one = await client.post("/graphql", json={"query": f"{{ {page} }}"})
    assert "errors" not in one.json()
    three = await client.post("/graphql", json={"query": f"{{ a: {page} b: {page} c: {page} }}"})
    assert three.json()["data"]["a"] == three.json()["data"]["b"] == {"nodes": []}
    assert three.json()["data"]["c"] is None
    assert three.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_a_query_may_not_bring_as_much_as_a_mutation(client: httpx.AsyncClient) -> None:
    variables = {"ids": ["x" * 100] * 1300}
    request = {"query": "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": variables}
    answer = await client.post("/graphql", json=request)
    assert f"the limit is {document_limits.MAX_QUERY_BYTES}" in answer.json()["errors"][0]["message"]


async def test_a_body_beyond_two_megabytes_is_refused(client: httpx.AsyncClient) -> None:
    large = json.dumps({"query": HEALTH, "variables": {"x": "y" * 2_000_000}})
    answer = await client.post("/graphql", content=large, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_introspection_and_suggestions_can_be_switched_off(engine: AsyncEngine, settings: Settings) -> None:
    async with client_of(engine, settings, introspection=False) as client:
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Shipment") { name } }'):
            answer = (await client.post("/graphql", json={"query": query})).json()
            assert "introspection has been disabled" in answer["errors"][0]["message"]
            assert "data" not in answer
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).json() == {
            "data": {"__typename": "Query"}
        }
        for request in (
            {"query": "{ viewer { accoun } }"},
            {"query": "{ carrier(cod: 1) { id } }"},
            {"query": "query($s: [ShipmentStatu!]) { __typename }"},
            {"query": "{ shipments(where: {phas: ACTIVE}) { nodes { id } } }"},
            {"query": "{ shipments(where: {phase: ACTIV}) { nodes { id } } }"},
            {
                "query": "query($w: ShipmentWhere) { shipments(where: $w) { nodes { id } } }",
                "variables": {"w": {"phas": "ACTIVE"}},
            },
            {
                "query": "query($w: ShipmentWhere) { shipments(where: $w) { nodes { id } } }",
                "variables": {"w": {"phase": "ACTIV"}},
            },
        ):
            answer = await client.post("/graphql", json=request)
            assert answer.json()["errors"]
            assert "Did you mean" not in answer.text
