"""A single root field runs without an executor; nulls and errors are still propagated by the rules of GraphQL."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from graphql_app.query_engine import fast_path
from graphql_app.schema import build
from tests.support.graphql_client import Execute

SCHEMA = build.build()._schema


def single_field_query(text: str) -> fast_path.SingleFieldQuery | None:
    """Return the single root field of the first operation of a document."""
    document = parse(text)
    return next(
        fast_path.single_field_query(SCHEMA, definition)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    )


@pytest.mark.parametrize(
    "text",
    [
        '{ carrier(code: "dhl") { name } again: carrier(code: "ups") { name } }',
        '{ carrier(code: "dhl") { name } __typename }',
        '{ carrier(code: "dhl") @include(if: false) { name } }',
        '{ ... on Query { carrier(code: "dhl") { name } } }',
        "{ ...Root } fragment Root on Query { carriers { nodes { name } } }",
        "{ viewer { account } }",
        "{ __typename }",
        'mutation { carrierSave(code: "dhl", input: { name: "DHL" }) { carrier { name } } }',
        "subscription { shipmentChanged { cursor } }",
    ],
)
def test_an_operation_that_is_not_a_single_field_needs_the_executor(text: str) -> None:
    assert single_field_query(text) is None


def test_the_key_of_a_single_field_is_its_alias() -> None:
    query = single_field_query("{ mine: carriers(first: 1) { nodes { name } } }")
    assert query is not None
    assert query.key == "mine"


@pytest.mark.seed_data
async def test_a_field_that_a_directive_excludes_is_omitted(execute: Execute, statements: list[str]) -> None:
    text = 'query($yes: Boolean!) { carrier(code: "dhl") @include(if: $yes) { name } }'
    assert (await execute(text, {"yes": False})) == {"data": {}}
    assert statements == []
    assert (await execute(text, {"yes": True})) == {"data": {"carrier": {"name": "DHL"}}}


@pytest.mark.seed_data
async def test_a_missing_row_is_null_after_one_statement(execute: Execute, statements: list[str]) -> None:
    await execute("{ __typename }")
    statements.clear()
    response = await execute("query($code: String!) { name: carrier(code: $code) { code } }", {"code": "nobody"})
    assert response == {"data": {"name": None}}
    assert len(statements) == 1


@pytest.mark.seed_data
@pytest.mark.parametrize(
    ("text", "variables", "code"),
    [
        ("query($a: String) { list: shipments(first: 1, after: $a) { nodes { id } } }", {"a": "?"}, "INVALID_CURSOR"),
        ("query($n: Int!) { list: shipments(first: $n) { nodes { id } } }", {"n": -1}, "BAD_USER_INPUT"),
        (
            "query($n: Int!) { list: shipments(first: $n) { nodes { events(first: 250) { nodes { id } } } } }",
            {"n": 250},
            "LIMIT_EXCEEDED",
        ),
    ],
)
async def test_a_rejected_field_has_an_error_with_its_path_and_sends_no_statement(
    execute: Execute, statements: list[str], text: str, variables: dict[str, Any], code: str
) -> None:
    await execute("{ __typename }")
    statements.clear()
    response = await execute(text, variables)
    (error,) = response["errors"]
    assert response["data"] == {"list": None}
    assert error["path"] == ["list"]
    assert error["extensions"]["code"] == code
    assert error["locations"]
    assert statements == []
