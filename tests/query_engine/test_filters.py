"""Every filter, and search, finds what plain Python finds over the same rows."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, coerce_input_value

from graphql_app.schema import build
from tests.support import reference_filters
from tests.support.graphql_client import Ask
from tests.support.random_arguments import Plain
from tests.support.random_filters import public

pytestmark = pytest.mark.world
CORE = build.build()._schema
SHIPMENT_WHERE: Any = CORE.type_map["ShipmentWhere"]
EVENT_WHERE: Any = CORE.type_map["TrackingEventWhere"]
SHIPMENTS = "query ($where: ShipmentWhere) { found: shipments(where: $where, first: 250) { nodes { id } } }"
EVENTS = """query ($where: TrackingEventWhere, $after: String) {
  found: trackingEvents(where: $where, first: 250, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}"""
TRIES = 25


async def found_by(ask: Ask, question: str, given: Any) -> set[str]:
    """The identities that a filter finds, from all pages."""
    after, found = None, set[str]()
    while True:
        answer = await ask(question, {"where": given, "after": after} if question is EVENTS else {"where": given})
        assert "errors" not in answer, (given, answer)
        page = answer["data"]["found"]
        found |= {node["id"] for node in page["nodes"]}
        if not page.get("pageInfo", {}).get("hasNextPage"):
            return found
        after = page["pageInfo"]["endCursor"]


def finds(plain: Plain, type_: GraphQLInputObjectType, given: Any) -> set[str]:
    """What plain Python finds."""
    loaded, coerced = plain.reference.loaded, coerce_input_value(given, type_)
    if type_ is EVENT_WHERE:
        return {public(one) for one in loaded.events.values() if reference_filters.event(one, coerced, loaded)}
    return {public(one) for one in loaded.shipments.values() if reference_filters.shipment(one, coerced, loaded)}


def json_of(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {name: json_of(one) for name, one in value.items()}
    return [json_of(one) for one in value] if isinstance(value, list) else getattr(value, "value", value)


async def compared(ask: Ask, plain: Plain, type_: Any, makers: Callable[[random.Random], Any]) -> list[int]:
    """Compares TRIES filters, and says how many rows each found."""
    question, sizes = EVENTS if type_ is EVENT_WHERE else SHIPMENTS, []
    for seed in range(TRIES):
        given = json_of(makers(random.Random(seed)))
        found = await found_by(ask, question, given)
        assert found == finds(plain, type_, given), given
        sizes.append(len(found))
    return sizes


@pytest.mark.parametrize("name", SHIPMENT_WHERE.fields)
async def test_a_filter_of_shipments_finds_what_python_finds(name: str, ask: Ask, plain: Plain) -> None:
    def make(chance: random.Random) -> Any:
        return {name: plain.values.shipment_ways(chance, 1)[name](), "archived": chance.choice([None, False])} | (
            {"archived": chance.choice([True, False, None])} if name == "archived" else {}
        )

    sizes = await compared(ask, plain, SHIPMENT_WHERE, make)
    assert len(set(sizes)) > 1, "no filter made a difference"


@pytest.mark.parametrize("name", EVENT_WHERE.fields)
async def test_a_filter_of_events_finds_what_python_finds(name: str, ask: Ask, plain: Plain) -> None:
    sizes = await compared(ask, plain, EVENT_WHERE, lambda chance: {name: plain.values.event_ways(chance)[name]()})
    assert len(set(sizes)) > 1, "no filter made a difference"


@pytest.mark.parametrize("name", ["number", "externalReference", "service", "carrier", "trackingNumber"])
async def test_every_way_to_compare_a_text(name: str, ask: Ask, plain: Plain) -> None:
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
        for way in ({"eq": text}, {"in": [text, "ups"]}, {"startsWith": text}, {"contains": text}):
            for rest in ({}, {"isNull": False}, {"isNull": True}, {"eq": None, "in": None}):
                given = {name: {**rest, **way}}
                assert await found_by(ask, SHIPMENTS, given) == finds(plain, SHIPMENT_WHERE, given), given


async def test_null_is_the_same_as_absent_in_every_filter(ask: Ask) -> None:
    everything = await found_by(ask, SHIPMENTS, None)
    assert len(everything) == 110
    for name in SHIPMENT_WHERE.fields:
        expected = 120 if name == "archived" else 110  # there null asks for both
        assert len(await found_by(ask, SHIPMENTS, {name: None})) == expected, name
    for name, field in SHIPMENT_WHERE.fields.items():
        inner = getattr(field.type, "fields", {})
        if name not in ("events", "origin", "destination", "reference", "NOT"):
            for one in inner:
                assert await found_by(ask, SHIPMENTS, {name: {one: None}}) == everything, (name, one)
    assert await found_by(ask, SHIPMENTS, {"destination": {"city": None}}) == await found_by(
        ask, SHIPMENTS, {"destination": {}}
    )


async def test_conditions_are_put_together_as_logic_has_it(ask: Ask) -> None:
    ready, other = {"status": {"eq": "READY"}}, {"status": {"notIn": ["READY"]}}
    everything = await found_by(ask, SHIPMENTS, {})
    some = await found_by(ask, SHIPMENTS, ready)
    assert 0 < len(some) < len(everything)
    assert await found_by(ask, SHIPMENTS, {"NOT": ready}) == await found_by(ask, SHIPMENTS, other) == everything - some
    assert await found_by(ask, SHIPMENTS, {"OR": [ready, other]}) == everything
    assert await found_by(ask, SHIPMENTS, {"AND": [ready, other]}) == set()
    assert await found_by(ask, SHIPMENTS, {"AND": []}) == everything
    assert await found_by(ask, SHIPMENTS, {"OR": []}) == set()
    assert await found_by(ask, SHIPMENTS, {"OR": [{}]}) == everything
    assert await found_by(ask, SHIPMENTS, {"NOT": {}}) == set()
    assert await found_by(ask, SHIPMENTS, {"NOT": {"NOT": ready}}) == some
    assert await found_by(ask, SHIPMENTS, {"NOT": {"deliveredAt": {"gte": "0001-01-01T00:00:01Z"}}}) == await found_by(
        ask, SHIPMENTS, {"deliveredAt": {"isNull": True}}
    )


@pytest.mark.parametrize(
    ("member", "finds_it"),
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
async def test_metadata_compares_as_text(member: Any, finds_it: bool, ask: Ask) -> None:
    given = {"number": {"eq": "SHP-0000002"}, "metadata": [{"key": "colour", "value": member}]}
    assert bool(await found_by(ask, SHIPMENTS, given)) == finds_it


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
async def test_metadata_compares_numbers_and_booleans_by_value(key: str, number: str, other: str, ask: Ask) -> None:
    for way in (lambda text: {"eq": text}, lambda text: {"in": [text]}):
        assert await found_by(ask, SHIPMENTS, {"metadata": [{"key": key, "value": way(number)}]})
        found = await found_by(ask, SHIPMENTS, {"metadata": [{"key": key, "value": way(other)}]})
        assert not found & await found_by(ask, SHIPMENTS, {"metadata": [{"key": key, "value": way(number)}]})


@pytest.mark.parametrize(
    "text", ["1e9999999", "1" * 990, "NaN", "-", "0x10", "01", "1e", '"', '{"a":1}', "\\u0000", "null"]
)
async def test_metadata_takes_any_text(text: str, ask: Ask) -> None:
    for way in ({"eq": text}, {"in": [text]}, {"startsWith": text}, {"contains": text}):
        assert await found_by(ask, SHIPMENTS, {"metadata": [{"key": text, "value": way}]}) == set()


SEARCHES = [
    "SHP-000001",
    "shp-000001",
    "SHP-0000015",
    "PO-0",
    "po-0002",
    "ÄÖ",
    "%",
    "_",
    "trk 0001",
    "TRK",
    "1z999aa1",
    "JD0146 0",
    "INV 7",
    "inv 7",
    "hamburg",
    "HAMBURG",
    "Ham",
    "new york",
    "york new",
    "acme log",
    "logistics acme",
    "müller",
    "MÜLLER",
    "anna mü",
    "söhne",
    "neil",
    "東京",
    "20095 ham",
    "sao paulo de",
    "nothing",
    "",
    " ",
    "-",
    "--",
    "'",
    "\\",
    "drop table",
    "hamburg\t acme",
    "SHP-0000001 ",
    "x" * 150,
]


@pytest.mark.parametrize("text", SEARCHES)
async def test_search_finds_what_python_finds(text: str, ask: Ask, plain: Plain) -> None:
    loaded = plain.reference.loaded
    answer = await ask("query ($s: String) { shipments(search: $s, first: 250) { nodes { id } } }", {"s": text})
    expected = {
        public(one)
        for one in loaded.shipments.values()
        if one.archived_at is None and reference_filters.search(one, text, loaded)
    }
    assert {node["id"] for node in answer["data"]["shipments"]["nodes"]} == expected


async def test_search_and_filter_hold_together(ask: Ask) -> None:
    answer = await ask(
        '{ a: shipments(search: "hamburg", where: { status: { eq: READY } }) { nodes { status } } '
        "  b: shipments(search: null) { totalCount { count } } }"
    )
    assert {node["status"] for node in answer["data"]["a"]["nodes"]} == {"READY"}
    assert answer["data"]["b"]["totalCount"]["count"] == 110


@pytest.mark.parametrize(
    "where_",
    [
        '{ colour: { eq: "red" } }',
        '{ number: { equals: "x" } }',
        "{ events: { kind: DELIVERED } }",
        "{ OR: [{ x: 1 }] }",
    ],
)
async def test_a_misspelt_filter_is_an_error_and_never_everything(where_: str, ask: Ask) -> None:
    answer = await ask(f"{{ shipments(where: {where_}) {{ nodes {{ id }} }} }}")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    answer = await ask(SHIPMENTS, {"where": {"colour": {"eq": "red"}}})
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
