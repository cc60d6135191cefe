"""Text of a client never becomes part of a statement: wherever the schema takes text, it is sent as a parameter.

The only client text in a statement is a field alias that GraphQL's parser accepted. Enums, booleans and numbers select
predefined SQL.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type, is_list_type, is_non_null_type

from graphql_app.schema import build
from tests.support.graphql_client import Execute

pytestmark = pytest.mark.seed_data
SCHEMA = build.build()._schema
MARKER = "m4rk"
PAYLOADS = [
    f"'; DROP TABLE {MARKER}; --",
    f"{MARKER}' OR '1'='1",
    f"\\'{MARKER}\\",
    f"${MARKER} $1 $2",
    f"%(x)s %s :{MARKER} {{0}}",
    f"*/ {MARKER} /*",
    f"E'\\\\{MARKER}",
    f"$${MARKER}$$",
    f'{MARKER}"}}],"x":[{{"',
    f"{MARKER}\u2028\n\t\x01📦",
]
SELECTIONS = {
    **dict.fromkeys(("carrier", "track", "node", "nodes", "shipment"), "{ id }"),
    **dict.fromkeys(("shipmentStats", "trackingEventStats", "shipmentItemStats"), "{ total { count } }"),
}
Path = tuple[str, ...]


def texts(type_: GraphQLInputType, depth: int = 2) -> Iterator[tuple[Path, Any]]:
    """Yield the paths below an input type that take text, each with a function that returns the input for a text."""
    nullable: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(nullable):
        for path, make in texts(nullable.of_type, depth):
            yield path, lambda text, make=make: [make(text)]
    elif isinstance(nullable, GraphQLInputObjectType):
        required = {"ReferenceWhere": {"value": {}}, "MetadataWhere": {"key": "colour"}}.get(nullable.name, {})
        # What holds below OR also holds below AND and NOT.
        skipped = {"AND", "NOT"} if depth == 2 else {"AND", "OR", "NOT"}
        for name, field in ((name, field) for name, field in nullable.fields.items() if name not in skipped):
            for path, make in texts(field.type, depth - (get_named_type(field.type) is nullable)):
                yield (name, *path), lambda text, name=name, make=make, others=required: {**others, name: make(text)}
    elif nullable.name in ("String", "ID"):
        yield (), lambda text: text


def places() -> Iterator[tuple[str, str, Path, Any]]:
    """Yield root fields, arguments, paths below them, and functions that return the value for a text."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        for argument, definition in field.args.items():
            for path, make in texts(definition.type):
                yield name, argument, path, make


PLACES = {".".join((name, argument, *path)): (name, argument, make) for name, argument, path, make in places()}


def query(name: str, argument: str) -> str:
    """Return a query of a root field that sets an argument by the variable $x."""
    assert SCHEMA.query_type is not None
    field = SCHEMA.query_type.fields[name]
    other_arguments = ', trackingNumber: "x"' if (name, argument) == ("track", "carrier") else ""
    selection = SELECTIONS.get(name, "{ nodes { __typename } }")
    return f"query ($x: {field.args[argument].type}) {{ {name}({argument}: $x{other_arguments}) {selection} }}"


@pytest.mark.parametrize("field", sorted({name for name, _, _ in PLACES.values()}))
async def test_every_text_is_sent_as_a_parameter(field: str, execute: Execute, statements: list[str]) -> None:
    for place, (name, argument, make) in PLACES.items():
        for payload in PAYLOADS if name == field else ():
            response = await execute(query(name, argument), {"x": make(payload)})
            codes = [error["extensions"]["code"] for error in response.get("errors", ())]
            assert codes == (["INVALID_CURSOR"] if argument in ("after", "before") else []), place
    assert not any(MARKER in statement for statement in statements)
    everything = await execute("{ shipments(where: { archived: null }) { totalCount { count } } }")
    assert everything["data"]["shipments"]["totalCount"]["count"] == 120


@pytest.mark.parametrize("field", sorted({name for name, _, _ in PLACES.values()}))
async def test_a_text_with_a_null_character_is_rejected_with_the_path_of_its_field(
    field: str, execute: Execute
) -> None:
    for place, (name, argument, make) in PLACES.items():
        if name != field:
            continue
        response = await execute(query(name, argument), {"x": make(f"{MARKER}\0")})
        errors = [(error["path"], error["extensions"]["code"]) for error in response.get("errors", ())]
        is_id = {"id", "ids"} & set(place.split(".")) or place == "changes.where.shipments"
        if argument in ("after", "before"):
            assert errors == [([name], "INVALID_CURSOR")], place
        elif is_id:  # not a valid ID
            assert errors == [], place
        else:
            assert errors == [([name], "BAD_USER_INPUT")], place


async def test_an_alias_becomes_a_key_whatever_its_name(execute: Execute) -> None:
    names = ["_", "__", "a" * 200, "select", "NULL", "from_1", "shipment_1", "page_1", "concat", "x1"]
    fields = " ".join(f"{name}: number" for name in names if not name.startswith("__"))
    response = await execute(f'{{ shipment(by: {{ number: "SHP-0000001" }}) {{ {fields} }} }}')
    assert response["data"]["shipment"] == {name: "SHP-0000001" for name in names if not name.startswith("__")}


def test_every_input_type_is_covered() -> None:
    assert len(PLACES) > 100
    assert {"shipments.where.OR.number.eq", "shipments.where.metadata.key", "shipments.search", "nodes.ids"} <= set(
        PLACES
    )
