"""Every filter and the search return the same rows as a reference implementation in Python."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, coerce_input_value

from graphql_app.schema import build
from tests.support import reference_filters
from tests.support.graphql_client import Execute
from tests.support.random_arguments import Reference
from tests.support.random_filters import public_id

pytestmark = pytest.mark.seed_data
SCHEMA = build.build()._schema
SHIPMENT_WHERE: Any = SCHEMA.type_map["ShipmentWhere"]
EVENT_WHERE: Any = SCHEMA.type_map["TrackingEventWhere"]
SHIPMENTS = "query ($where: ShipmentWhere) { page: shipments(where: $where, first: 250) { nodes { id } } }"
EVENTS = """query ($where: TrackingEventWhere, $after: String) {
  page: trackingEvents(where: $where, first: 250, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}"""
FILTERS_PER_FIELD = 25
"""Random filters tried for each field."""


async def matching_ids(execute: Execute, query: str, where: Any) -> set[str]:
    """Return the IDs that match a filter, from all pages."""
    after, ids = None, set[str]()
    while True:
        response = await execute(query, {"where": where, "after": after} if query is EVENTS else {"where": where})
        assert "errors" not in response, (where, response)
        page = response["data"]["page"]
        ids |= {node["id"] for node in page["nodes"]}
        if not page.get("pageInfo", {}).get("hasNextPage"):
            return ids
        after = page["pageInfo"]["endCursor"]


def expected_ids(reference: Reference, type_: GraphQLInputObjectType, where: Any) -> set[str]:
    """Return the IDs that the reference implementation returns."""
    loaded, coerced = reference.reference.loaded, coerce_input_value(where, type_)
    if type_ is EVENT_WHERE:
        return {public_id(event) for event in loaded.events.values() if reference_filters.event(event, coerced, loaded)}
    return {public_id(row) for row in loaded.shipments.values() if reference_filters.shipment(row, coerced, loaded)}


def json_of(value: Any) -> Any:
    """Return a value with enums replaced by their names, as it is sent."""
    if isinstance(value, dict):
        return {name: json_of(inner) for name, inner in value.items()}
    return [json_of(item) for item in value] if isinstance(value, list) else getattr(value, "value", value)


async def compare_random_filters(
    execute: Execute, reference: Reference, type_: Any, make_where: Callable[[random.Random], Any]
) -> list[int]:
    """Compare FILTERS_PER_FIELD filters with the reference, and return the number of rows that each matches."""
    query, sizes = EVENTS if type_ is EVENT_WHERE else SHIPMENTS, []
    for seed in range(FILTERS_PER_FIELD):
        where = json_of(make_where(random.Random(seed)))
        ids = await matching_ids(execute, query, where)
        assert ids == expected_ids(reference, type_, where), where
        sizes.append(len(ids))
    return sizes


@pytest.mark.parametrize("name", SHIPMENT_WHERE.fields)
async def test_a_shipment_filter_matches_the_same_rows_as_the_reference(
    name: str, execute: Execute, reference: Reference
) -> None:
    def make_where(generator: random.Random) -> Any:
        where = {
            name: reference.values.shipment_field_values(generator, 1)[name](),
            "archived": generator.choice([None, False]),
        }
        return where | ({"archived": generator.choice([True, False, None])} if name == "archived" else {})

    sizes = await compare_random_filters(execute, reference, SHIPMENT_WHERE, make_where)
    assert len(set(sizes)) > 1, "no filter made a difference"


@pytest.mark.parametrize("name", EVENT_WHERE.fields)
async def test_an_event_filter_matches_the_same_rows_as_the_reference(
    name: str, execute: Execute, reference: Reference
) -> None:
    sizes = await compare_random_filters(
        execute,
        reference,
        EVENT_WHERE,
        lambda generator: {name: reference.values.event_field_values(generator)[name]()},
    )
    assert len(set(sizes)) > 1, "no filter made a difference"


@pytest.mark.parametrize("name", ["number", "externalReference", "service", "carrier", "trackingNumber"])
async def test_every_string_operator_matches_the_same_rows_as_the_reference(
    name: str, execute: Execute, reference: Reference
) -> None:
    texts = [
        "",
        "S",
        "SHP-0000011",
        "PO-00",
        "po-",
        "ÄÖ-",
        "%",
        "_",
        "\\",
        "'",
        "dhl",
        "EXPRESS",
        "exp'",
        "1Z",
        "1z 999",
        "TRK",
        "\U0010ffff",
        "x" * 900,
    ]
    for text in texts:
        for operator in ({"eq": text}, {"in": [text, "ups"]}, {"startsWith": text}, {"contains": text}):
            for other in ({}, {"isNull": False}, {"isNull": True}, {"eq": None, "in": None}):
                where = {name: {**other, **operator}}
                assert await matching_ids(execute, SHIPMENTS, where) == expected_ids(
                    reference, SHIPMENT_WHERE, where
                ), where


async def test_null_is_the_same_as_omitted_in_every_filter(execute: Execute) -> None:
    everything = await matching_ids(execute, SHIPMENTS, None)
    assert len(everything) == 110
    for name in SHIPMENT_WHERE.fields:
        expected = 120 if name == "archived" else 110  # null includes archived shipments
        assert len(await matching_ids(execute, SHIPMENTS, {name: None})) == expected, name
    for name, field in SHIPMENT_WHERE.fields.items():
        inner = getattr(field.type, "fields", {})
        if name not in ("events", "origin", "destination", "recipient", "items", "reference", "NOT"):
            for inner_name in inner:
                assert await matching_ids(execute, SHIPMENTS, {name: {inner_name: None}}) == everything, (
                    name,
                    inner_name,
                )
    assert await matching_ids(execute, SHIPMENTS, {"destination": {"city": None}}) == await matching_ids(
        execute, SHIPMENTS, {"destination": {}}
    )


async def test_and_or_and_not_combine_filters_by_the_rules_of_logic(execute: Execute) -> None:
    ready, not_ready = {"status": {"eq": "READY"}}, {"status": {"notIn": ["READY"]}}
    everything = await matching_ids(execute, SHIPMENTS, {})
    some = await matching_ids(execute, SHIPMENTS, ready)
    assert 0 < len(some) < len(everything)
    assert (
        await matching_ids(execute, SHIPMENTS, {"NOT": ready})
        == await matching_ids(execute, SHIPMENTS, not_ready)
        == everything - some
    )
    assert await matching_ids(execute, SHIPMENTS, {"OR": [ready, not_ready]}) == everything
    assert await matching_ids(execute, SHIPMENTS, {"AND": [ready, not_ready]}) == set()
    assert await matching_ids(execute, SHIPMENTS, {"AND": []}) == everything
    assert await matching_ids(execute, SHIPMENTS, {"OR": []}) == set()
    assert await matching_ids(execute, SHIPMENTS, {"OR": [{}]}) == everything
    assert await matching_ids(execute, SHIPMENTS, {"NOT": {}}) == set()
    assert await matching_ids(execute, SHIPMENTS, {"NOT": {"NOT": ready}}) == some
    assert await matching_ids(
        execute, SHIPMENTS, {"NOT": {"deliveredAt": {"gte": "0001-01-01T00:00:01Z"}}}
    ) == await matching_ids(execute, SHIPMENTS, {"deliveredAt": {"isNull": True}})


@pytest.mark.parametrize(
    ("operators", "matches"),
    [
        ({"eq": "red"}, True),
        ({"eq": "RED"}, False),
        ({"in": ["x", "red"]}, True),
        ({"in": []}, False),
        ({"startsWith": "re"}, True),
        ({"contains": "ed"}, True),
        ({"isNull": False}, True),
        ({"isNull": True}, False),
        (None, True),
        ({}, True),
    ],
)
async def test_metadata_is_compared_as_text(operators: Any, matches: bool, execute: Execute) -> None:
    where = {"number": {"eq": "SHP-0000002"}, "metadata": [{"key": "colour", "value": operators}]}
    assert bool(await matching_ids(execute, SHIPMENTS, where)) == matches


@pytest.mark.parametrize(
    ("key", "number", "other"),
    [
        ("pieces", "3", "4"),
        ("pieces", "3.0", "3.01"),
        ("pieces", "30e-1", "3e1"),
        ("ratio", "-0.0005", "0.0005"),
        ("big", "123456789012345678901234567890", "123456789012345678901234567891"),
        ("precise", "0.1000000000000000055511151231257827", "0.1"),
        ("zero", "-0", "0.0001"),
        ("urgent", "true", "false"),
    ],
)
async def test_metadata_numbers_and_booleans_are_compared_by_value(
    key: str, number: str, other: str, execute: Execute
) -> None:
    for operator in (lambda text: {"eq": text}, lambda text: {"in": [text]}):
        equal = await matching_ids(execute, SHIPMENTS, {"metadata": [{"key": key, "value": operator(number)}]})
        assert equal
        different = await matching_ids(execute, SHIPMENTS, {"metadata": [{"key": key, "value": operator(other)}]})
        assert not different & equal


@pytest.mark.parametrize(
    "text", ["1e99999", "1" * 990, "NaN", "-", "0x10", "01", "1e", '"', '{"a":1}', "\\u0000", "null"]
)
async def test_a_metadata_filter_accepts_any_text(text: str, execute: Execute) -> None:
    for operator in ({"eq": text}, {"in": [text]}, {"startsWith": text}, {"contains": text}):
        assert await matching_ids(execute, SHIPMENTS, {"metadata": [{"key": text, "value": operator}]}) == set()


@pytest.mark.parametrize(
    "where",
    [
        '{ colour: { eq: "red" } }',
        '{ number: { equals: "x" } }',
        "{ events: { kind: DELIVERED } }",
        "{ OR: [{ x: 1 }] }",
    ],
)
async def test_a_misspelt_filter_is_an_error_and_never_matches_everything(where: str, execute: Execute) -> None:
    response = await execute(f"{{ shipments(where: {where}) {{ nodes {{ id }} }} }}")
    assert "data" not in response
    assert response["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    response = await execute(SHIPMENTS, {"where": {"colour": {"eq": "red"}}})
    assert "data" not in response
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
