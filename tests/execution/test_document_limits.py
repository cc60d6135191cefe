"""Document limits: each one is enforced and named in the message, and real documents stay far below it."""

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
from tests.support.live_server import client_with_settings

GRAPHQL = {"accept": "application/graphql-response+json"}
HEALTH = "{ viewer { account } }"


def repeat(pattern: str, count: int) -> str:
    """Repeat the pattern, with the numbers from 0 in place of `#`."""
    return " ".join(pattern.replace("#", str(number)) for number in range(count))


def nest(opening: str, innermost: str, closing: str, depth: int) -> str:
    """Put the innermost text into `depth` pairs of brackets."""
    return opening * depth + innermost + closing * depth


FIFTY_FIELDS = " ".join("id number status version direction".split() * 10)
WHERE = nest("{NOT:", "{phase:ACTIVE}", "}", 32)
OVER: dict[str, tuple[str, str]] = {  # documents that exceed one limit, and a part of the message, by limit
    "characters": (f"{HEALTH}#{'x' * 32_000}", "32023 characters; the limit is 32000"),
    "tokens": ("{" + "viewer{account}" * 1000 + "}", "must have at most 3000 tokens"),
    "depth": (nest("{node(id:1)", "{id}", "}", 16), "17 levels (depth); the limit is 16"),
    "introspection": (
        "{__type(name:1)" + nest("{ofType", "{name}", "}", 32) + "}",
        "34 levels of introspection; the limit is 32",
    ),
    "aliases": ("{viewer{" + repeat("a#:account", 31) + "}}", "31 aliases; the limit is 30"),
    "fields": (
        "{shipments{edges{node{" + "...F " * 11 + "}}}} fragment F on Shipment{" + FIFTY_FIELDS + "}",
        "553 fields; the limit is 500",
    ),
    "repetitions": ("{viewer{" + "account " * 26 + "}}", "26 repetitions in one place; the limit is 25"),
    "directives": ("{viewer{account " + "@skip(if:false)" * 51 + "}}", "51 directives; the limit is 50"),
    "root fields": ("{" + repeat("a#:viewer{account}", 21) + "}", "21 root fields; the limit is 20"),
    "operations": (repeat("query Q#{viewer{account}}", 11), "11 operations; the limit is 10"),
    "fragments": (HEALTH + repeat("fragment F# on Viewer{account}", 51), "51 fragments; the limit is 50"),
    "values": ("{shipments(where:" + WHERE + "){nodes{id}}}", "must be nested at most 32 levels deep"),
}


@pytest.mark.parametrize("name", OVER)
async def test_a_document_that_exceeds_a_limit_is_rejected_with_its_name(client: httpx.AsyncClient, name: str) -> None:
    document, message = OVER[name]
    response = await client.post("/graphql", json={"query": document}, headers=GRAPHQL)
    assert response.status_code == 400, response.text
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED", error
    assert message in error["message"]
    assert "data" not in response.json()


def size_of(document: str, operation: str | None = None) -> document_limits.Size:
    return document_limits.measure(parse(document))[operation]


def test_a_fragment_counts_each_time_it_is_spread() -> None:
    document = (
        "{ a: node(id: 1) { ...F ...F } b: node(id: 2) { ...F } } fragment F on Shipment { id x: status @skip(if: 1) }"
    )
    assert size_of(document) == document_limits.Size(fields=8, roots=2, aliases=5, directives=3, depth=2)


def test_root_fields_in_fragments_are_counted() -> None:
    document = "mutation M { a: x { id } ...F ... @include(if: 1) { b } } fragment F on Mutation { c d }"
    assert size_of(document, "M") == document_limits.Size(fields=5, roots=4, aliases=1, directives=1, depth=2)


def test_the_depth_of_introspection_is_counted_separately() -> None:
    document = "{ __schema { types { fields { type { ofType { name } } } } } viewer { account } }"
    assert size_of(document) == document_limits.Size(fields=8, roots=2, depth=2, introspection=6)


def type_reference(levels: int) -> str:
    """A query of introspection whose fragment nests `ofType`, as those of client libraries do."""
    nested = nest("{ name ofType", "{ name }", "}", levels)
    return "{ __schema { types { fields { type { ...TypeRef } } } } } fragment TypeRef on __Type " + nested


async def test_introspection_may_nest_in_fragments_up_to_its_own_limit(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": type_reference(20)}, headers=GRAPHQL)
    assert response.status_code == 200, response.text
    assert response.json()["data"]["__schema"]
    for levels in (32, 60):
        response = await client.post("/graphql", json={"query": type_reference(levels)}, headers=GRAPHQL)
        assert "levels of introspection; the limit is 32" in response.json()["errors"][0]["message"]
    # a fragment on a type of the API keeps the limit of other fields
    query = "{ node(id: 1) { ...F } } fragment F on Shipment " + nest("{ returnOf", "{ id }", "}", 16)
    response = await client.post("/graphql", json={"query": query}, headers=GRAPHQL)
    assert "levels (depth); the limit is 16" in response.json()["errors"][0]["message"]


async def test_fragments_that_double_28_times_are_rejected_within_100_ms(client: httpx.AsyncClient) -> None:
    fragments = " ".join(f"fragment F{level} on Viewer{{...F{level + 1} ...F{level + 1}}}" for level in range(28))
    document = "{viewer{...F0}} " + fragments + " fragment F28 on Viewer{account}"
    assert len(document) < 1500
    started = time.process_time()
    response = await client.post("/graphql", json={"query": document})
    assert time.process_time() - started < 0.1
    assert "268435456 fields; the limit is 500" in response.json()["errors"][0]["message"]


SHIPMENT = """
  id number externalReference status phase statusAt direction service tags version createdAt updatedAt
  carrier { id code name } shipper { name company lines city postalCode country } recipient { name city country }
  packages { id seq trackingNumber status weight { value unit } dimensions { length width height unit } }
  references { kind value } items { id sku title quantity unit }
  events(first: 5) { nodes { id code occurredAt message place { name city country } } pageInfo { hasNextPage } }
"""
REAL = {
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


def published_documents() -> Iterator[tuple[str, str]]:
    """Name and text of the documents that users copy: the examples of GraphiQL and of the scripts in examples/."""
    for example in graphiql.examples():
        yield example.title, example.query
    for script in sorted((Path(__file__).parents[2] / "examples").glob("*.py")):
        for node in ast.walk(ast.parse(script.read_text())):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.match(r"\s*(query|mutation)\b[^{]*{", text):
                yield f"{script.name}, line {node.lineno}", text


PUBLISHED = dict(published_documents())


@pytest.mark.parametrize("name", [*REAL, *PUBLISHED])
def test_real_documents_use_at_most_half_of_each_limit(name: str) -> None:
    document = (REAL | PUBLISHED)[name]
    parsed = parse(document)
    for size in document_limits.measure(parsed).values():
        for number, maximum in (
            (len(document), document_limits.MAX_DOCUMENT_CHARACTERS),
            (parsed.token_count, document_limits.MAX_TOKENS),
            (size.fields, document_limits.MAX_FIELDS),
            (size.roots, document_limits.MAX_ROOT_FIELDS),
            (size.aliases, document_limits.MAX_ALIASES),
            (size.directives, document_limits.MAX_DIRECTIVES),
            (size.depth, document_limits.MAX_DEPTH),
            (size.introspection, document_limits.MAX_INTROSPECTION_DEPTH),
            (len(parsed.definitions) - 1, document_limits.MAX_FRAGMENTS),
        ):
            assert number <= maximum / 2


def test_published_documents_exist() -> None:
    assert len(graphiql.examples()) >= 5
    assert len(PUBLISHED) > len(graphiql.examples())


@pytest.mark.parametrize("name", REAL)
async def test_real_documents_need_at_most_half_of_the_maximum_cost(client: httpx.AsyncClient, name: str) -> None:
    variables = {"by": {"number": "SHP-0000001"}} if name == "one shipment" else {}
    request = {"query": REAL[name], "variables": variables, "extensions": {"cost": True}}
    response = (await client.post("/graphql", json=request)).json()
    assert "errors" not in response
    assert response["extensions"]["cost"]["requested"] <= MAX_COST / 2


async def test_the_cost_is_returned_on_request(client: httpx.AsyncClient) -> None:
    query = "{ shipments(first: 10) { nodes { id events(first: 5) { nodes { id } } } } }"
    response = await client.post("/graphql", json={"query": query, "extensions": {"cost": True}})
    cost = response.json()["extensions"]["cost"]
    assert cost["maximum"] == 20_000
    assert 60 <= cost["requested"] <= 80, "10 shipments with 5 events each"
    by_get = await client.get("/graphql", params={"query": query, "extensions": '{"cost": true}'})
    assert by_get.json()["extensions"]["cost"] == cost
    assert "extensions" not in (await client.post("/graphql", json={"query": query})).json()


async def test_an_operation_that_exceeds_the_cost_limit_is_rejected_before_it_reads(
    client: httpx.AsyncClient, statements: list[str]
) -> None:
    query = "{ shipments(first: 250) { nodes { id events(first: 250) { nodes { id } } } } }"
    response = await client.post("/graphql", json={"query": query})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "the limit is 20000" in error["message"]
    request = {"query": query, "extensions": {"cost": True}}
    cost = (await client.post("/graphql", json=request)).json()["extensions"]["cost"]
    assert 250 * 250 < cost["requested"] < 251 * 252, "the whole cost, not what was counted up to the limit"
    assert f"may read {cost['requested'] - 1} objects" in error["message"]
    assert not [statement for statement in statements if "shipment" in statement]


async def test_the_cost_limit_holds_for_all_root_fields_together(client: httpx.AsyncClient) -> None:
    page = "shipments(first: 100) { nodes { id events(first: 80) { nodes { id } } } }"
    one_page = (await client.post("/graphql", json={"query": f"{{ {page} }}"})).json()
    assert "errors" not in one_page
    three_pages = (await client.post("/graphql", json={"query": f"{{ a: {page} b: {page} c: {page} }}"})).json()
    assert three_pages["data"]["a"] == three_pages["data"]["b"] == {"nodes": []}
    assert three_pages["data"]["c"] is None
    assert three_pages["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_the_size_limit_of_a_query_is_lower_than_that_of_a_mutation(client: httpx.AsyncClient) -> None:
    variables = {"ids": ["x" * 100] * 1300}
    request = {"query": "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": variables}
    response = await client.post("/graphql", json=request)
    assert f"the limit is {document_limits.MAX_QUERY_BYTES}" in response.json()["errors"][0]["message"]


async def test_a_body_of_more_than_two_megabytes_is_rejected(client: httpx.AsyncClient) -> None:
    large = json.dumps({"query": HEALTH, "variables": {"x": "y" * 2_000_000}})
    response = await client.post("/graphql", content=large, headers={"content-type": "application/json"})
    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_introspection_and_suggestions_can_be_disabled(engine: AsyncEngine, settings: Settings) -> None:
    async with client_with_settings(engine, settings, introspection=False) as client:
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Shipment") { name } }'):
            response = (await client.post("/graphql", json={"query": query})).json()
            assert "introspection has been disabled" in response["errors"][0]["message"]
            assert "data" not in response
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
            response = await client.post("/graphql", json=request)
            assert response.json()["errors"]
            assert "Did you mean" not in response.text
