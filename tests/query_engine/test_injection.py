"""What a client writes never becomes part of a statement: wherever the schema takes text, it travels as a parameter.

Names that GraphQL's parser accepted, aliases, are all that is pasted; enums, booleans and numbers choose among our own
words.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type, is_list_type, is_non_null_type

from graphql_app.schema import build
from tests.support.graphql_client import Ask

pytestmark = pytest.mark.world
CORE = build.build()._schema
MARK = "m4rk"
PAYLOADS = [
    f"'; DROP TABLE {MARK}; --",
    f"{MARK}' OR '1'='1",
    f"\\'{MARK}\\",
    f"${MARK} $1 $2",
    f"%(x)s %s :{MARK} {{0}}",
    f"*/ {MARK} /*",
    f"E'\\\\{MARK}",
    f"$${MARK}$$",
    f'{MARK}"}}],"x":[{{"',
    f"{MARK}\u2028\n\t\x01📦",
]
SELECTIONS = {"carrier": "{ id }", "track": "{ id }", "node": "{ id }", "nodes": "{ id }", "shipment": "{ id }"}
Path = tuple[str, ...]


def texts(type_: GraphQLInputType, depth: int = 2) -> Iterator[tuple[Path, Any]]:
    """The places below an input where a text can stand, as paths and as functions of the text."""
    bare: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(bare):
        for path, make in texts(bare.of_type, depth):
            yield path, lambda text, make=make: [make(text)]
    elif isinstance(bare, GraphQLInputObjectType):
        required = {"ReferenceWhere": {"value": {}}, "MetadataWhere": {"key": "colour"}}.get(bare.name, {})
        combined = {"AND", "NOT"} if depth == 2 else {"AND", "OR", "NOT"}  # what holds below OR holds below the others
        for name, field in ((name, field) for name, field in bare.fields.items() if name not in combined):
            for path, make in texts(field.type, depth - (get_named_type(field.type) is bare)):
                yield (name, *path), lambda text, name=name, make=make, more=required: {**more, name: make(text)}
    elif bare.name in ("String", "ID"):
        yield (), lambda text: text


def places() -> Iterator[tuple[str, str, Path, Any]]:
    """Root field, argument, place below it, and the value that has a text there."""
    assert CORE.query_type is not None
    for name, field in CORE.query_type.fields.items():
        for argument, definition in field.args.items():
            for path, make in texts(definition.type):
                yield name, argument, path, make


PLACES = {".".join((name, argument, *path)): (name, argument, make) for name, argument, path, make in places()}


def question(name: str, argument: str) -> str:
    """Asks the root field, with the argument by variable."""
    assert CORE.query_type is not None
    field = CORE.query_type.fields[name]
    rest = ', trackingNumber: "x"' if (name, argument) == ("track", "carrier") else ""
    below = SELECTIONS.get(name, "{ nodes { __typename } }")
    return f"query ($x: {field.args[argument].type}) {{ {name}({argument}: $x{rest}) {below} }}"


@pytest.mark.parametrize("field", sorted({name for name, _, _ in PLACES.values()}))
async def test_a_text_is_a_parameter_wherever_it_is_given(field: str, ask: Ask, statements: list[str]) -> None:
    for place, (name, argument, make) in PLACES.items():
        for payload in PAYLOADS if name == field else ():
            answer = await ask(question(name, argument), {"x": make(payload)})
            codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
            assert codes == (["INVALID_CURSOR"] if argument in ("after", "before") else []), place
    assert not any(MARK in one for one in statements)
    everything = await ask("{ shipments(where: { archived: null }) { totalCount { count } } }")
    assert everything["data"]["shipments"]["totalCount"]["count"] == 120


@pytest.mark.parametrize("field", sorted({name for name, _, _ in PLACES.values()}))
async def test_a_text_that_cannot_be_is_refused_at_the_field_that_it_was_given_to(field: str, ask: Ask) -> None:
    for place, (name, argument, make) in PLACES.items():
        if name != field:
            continue
        answer = await ask(question(name, argument), {"x": make(f"{MARK}\0")})
        found = [(error["path"], error["extensions"]["code"]) for error in answer.get("errors", ())]
        identity = {"id", "ids"} & set(place.split(".")) or place == "changes.where.shipments"
        if argument in ("after", "before"):
            assert found == [([name], "INVALID_CURSOR")], place
        elif identity or "trackingNumber" in place:  # no such identity; and a tracking number is its letters and digits
            assert found == [], place
        else:
            assert found == [([name], "BAD_USER_INPUT")], place


async def test_an_alias_is_pasted_as_the_name_that_it_is(ask: Ask) -> None:
    names = ["_", "__", "a" * 200, "select", "NULL", "from_1", "shipment_1", "page_1", "concat", "x1"]
    fields = " ".join(f"{name}: number" for name in names if not name.startswith("__"))
    answer = await ask(f'{{ shipment(by: {{ number: "SHP-0000001" }}) {{ {fields} }} }}')
    assert answer["data"]["shipment"] == {name: "SHP-0000001" for name in names if not name.startswith("__")}


def test_the_places_are_found() -> None:
    assert len(PLACES) > 100
    assert {"shipments.where.OR.number.eq", "shipments.where.metadata.key", "shipments.search", "nodes.ids"} <= set(
        PLACES
    )
