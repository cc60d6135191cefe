"""An operation that is one question goes without an executor; what is not a plain answer is carried up all the same."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from graphql_app.query_engine import fast_path
from graphql_app.schema import build
from tests.support.graphql_client import Ask

SCHEMA = build.build()._schema


def question(text: str) -> fast_path.SingleFieldQuery | None:
    document = parse(text)
    return next(
        fast_path.single_field_query(SCHEMA, one)
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
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
def test_more_than_a_question_is_left_to_the_executor(text: str) -> None:
    assert question(text) is None


def test_a_question_is_known_by_its_alias() -> None:
    found = question("{ mine: carriers(first: 1) { nodes { name } } }")
    assert found is not None
    assert found.key == "mine"


@pytest.mark.world
async def test_what_a_directive_takes_away_is_not_there(ask: Ask, statements: list[str]) -> None:
    text = 'query($yes: Boolean!) { carrier(code: "dhl") @include(if: $yes) { name } }'
    assert (await ask(text, {"yes": False})) == {"data": {}}
    assert statements == []
    assert (await ask(text, {"yes": True})) == {"data": {"carrier": {"name": "DHL"}}}


@pytest.mark.world
async def test_what_is_not_there_is_null_and_asked_for_once(ask: Ask, statements: list[str]) -> None:
    await ask("{ __typename }")
    statements.clear()
    answer = await ask("query($code: String!) { name: carrier(code: $code) { code } }", {"code": "nobody"})
    assert answer == {"data": {"name": None}}
    assert len(statements) == 1


@pytest.mark.world
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
async def test_a_refusal_has_the_path_of_the_question_and_sends_nothing(
    ask: Ask, statements: list[str], text: str, variables: dict[str, Any], code: str
) -> None:
    await ask("{ __typename }")
    statements.clear()
    answer = await ask(text, variables)
    (error,) = answer["errors"]
    assert answer["data"] == {"list": None}
    assert error["path"] == ["list"]
    assert error["extensions"]["code"] == code
    assert error["locations"]
    assert statements == []
