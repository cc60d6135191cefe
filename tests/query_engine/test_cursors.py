"""Cursors: pages that fit together in every order and both ways, while rows come and go; and what is no cursor."""

import itertools
import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain import enums
from tests.support import seed_data
from tests.support.graphql_client import Ask

ORDERS = [
    *([(field, direction)] for field in enums.ShipmentOrderField for direction in enums.OrderDirection),
    [("STATUS_AT", "ASC"), ("NUMBER", "DESC")],
    [("ESTIMATED_DELIVERY_AT", "DESC"), ("LAST_EVENT_AT", "ASC"), ("UPDATED_AT", "ASC")],
]
PAGE = """
query Page(
  $order: [ShipmentOrder!], $where: ShipmentWhere, $first: Int, $after: String, $last: Int, $before: String
) {
  shipments(orderBy: $order, where: $where, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { number } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
CONNECTIONS = {
    "shipments": "shipments(first: 2, after: $after) { edges { cursor } }",
    "trackingEvents": "trackingEvents(first: 2, after: $after) { edges { cursor } }",
    "carriers": "carriers(first: 2, after: $after) { edges { cursor } }",
    "changes": "changes(first: 2, after: $after) { edges { cursor } }",
    "events": 'node(id: "shp_019c936e38077f908753ed9bb56799dd") '
    "{ ... on Shipment { events(first: 2, after: $after) { edges { cursor } } } }",
    "history": 'node(id: "shp_019c936e38077f908753ed9bb56799dd") '
    "{ ... on Shipment { history(first: 2, after: $after) { edges { cursor } } } }",
}


def order_of(fields: list[Any]) -> list[dict[str, str]]:
    return [{"field": field, "direction": direction} for field, direction in fields]


def numbers(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["number"] for edge in page["edges"]]


async def page_of(ask: Ask, **variables: Any) -> dict[str, Any]:
    answer = await ask(PAGE, variables)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["shipments"]
    return found


@pytest.mark.world
@pytest.mark.parametrize("fields", ORDERS, ids=lambda fields: "-".join(f"{name}-{way}" for name, way in fields))
async def test_pages_fit_together_forwards_and_backwards(fields: list[Any], ask: Ask) -> None:
    order = order_of(fields)
    everything = numbers(await page_of(ask, order=order, first=250))
    assert len(everything) == len(set(everything)) == 110
    forwards, after = list[str](), None
    for start in itertools.count(0, 13):
        page = await page_of(ask, order=order, first=13, after=after)
        forwards += numbers(page)
        info = page["pageInfo"]
        assert (info["hasPreviousPage"], info["hasNextPage"]) == (start > 0, start + 13 < 110)
        after = info["endCursor"]
        assert (info["startCursor"], after) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        if not info["hasNextPage"]:
            break
    backwards, before = list[str](), None
    for start in itertools.count(0, 17):
        page = await page_of(ask, order=order, last=17, before=before)
        backwards = numbers(page) + backwards
        info = page["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (start > 0, start + 17 < 110)
        before = info["startCursor"]
        if not info["hasPreviousPage"]:
            break
    assert forwards == backwards == everything


@pytest.mark.world
async def test_the_empty_page_behind_the_end_knows_that_rows_lie_before_it(ask: Ask) -> None:
    last = await page_of(ask, last=1)
    page = await page_of(ask, first=5, after=last["edges"][0]["cursor"])
    nothing = {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
    assert page == {"edges": [], "pageInfo": nothing}
    first = await page_of(ask, first=1)
    page = await page_of(ask, last=5, before=first["edges"][0]["cursor"])
    assert page == {"edges": [], "pageInfo": {**nothing, "hasNextPage": True, "hasPreviousPage": False}}


async def test_rows_that_come_and_go_double_none_and_hide_none_of_the_others(ask: Ask, owner: AsyncEngine) -> None:
    await seed_data.fill(owner)
    chance = random.Random(7)
    for fields in ORDERS[::3]:
        order = order_of(fields)
        before = set(numbers(await page_of(ask, order=order, first=250)))
        seen, gone, after = list[str](), set[str](), None
        for step in itertools.count():
            page = await page_of(ask, order=order, first=9, after=after)
            seen += numbers(page)
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
            leaving = {chance.choice(sorted(before)), page["edges"][-1]["node"]["number"]}
            gone |= leaving
            async with owner.begin() as connection:
                archive = text("UPDATE shipment SET archived_at = now() WHERE number = ANY(:numbers)")
                await connection.execute(archive, {"numbers": sorted(leaving)})
                copy = text(
                    "INSERT INTO shipment (account_id, number, created_at, updated_at, status_at, promised_to) "
                    "SELECT account_id, :number, created_at, updated_at, status_at, promised_to FROM shipment "
                    "WHERE number = ANY(:numbers)"
                )
                await connection.execute(copy, {"number": f"NEW-{fields}{step}"[-32:], "numbers": sorted(leaving)[:1]})
        async with owner.begin() as connection:
            await connection.execute(text("UPDATE shipment SET archived_at = NULL"))
            await connection.execute(text("DELETE FROM shipment WHERE number NOT LIKE 'SHP-%'"))
        assert len(seen) == len(set(seen))
        assert before - gone <= set(seen)


@pytest.mark.world
@pytest.mark.parametrize("name", CONNECTIONS)
async def test_a_cursor_that_was_changed_anywhere_is_refused(name: str, ask: Ask) -> None:
    question = f"query ($after: String) {{ {CONNECTIONS[name]} }}"
    data = (await ask(question))["data"]
    found = next(iter(data.values()))
    cursor = (found.get("edges") or next(iter(found.values()))["edges"])[0]["cursor"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    wrong = [cursor[:at] + chance + cursor[at + 1 :] for at in range(len(cursor)) for chance in alphabet[at % 7 :: 23]]
    wrong += [cursor[:at] for at in range(len(cursor))] + [cursor + "A", cursor + "=", " " + cursor, cursor.lower()]
    wrong += ["@@", "Ä", "\u0000", "🚚", "=" * 40, "AAAA" * 5000, cursor * 2, cursor.replace("=", "") + "==="]
    for one in {*wrong} - {cursor}:
        answer = await ask(question, {"after": one})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_CURSOR"], one
        assert answer["errors"][0]["path"] == [next(iter(data))]


@pytest.mark.world
async def test_a_cursor_of_another_order_or_connection_is_refused(ask: Ask) -> None:
    orders = [order_of(fields) for fields in ORDERS]
    cursors = [(await page_of(ask, order=order, first=1))["edges"][0]["cursor"] for order in orders]
    assert len(set(cursors)) == len(cursors)
    for order, (other, cursor) in itertools.product(orders, zip(orders, cursors, strict=True)):
        for way in ({"first": 1, "after": cursor}, {"last": 1, "before": cursor}):
            answer = await ask(PAGE, {"order": order, **way})
            codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
            assert codes == ([] if order == other else ["INVALID_CURSOR"])
    answer = await ask("query ($after: String) { carriers(after: $after) { nodes { id } } }", {"after": cursors[0]})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.world
@pytest.mark.parametrize(
    "asked", ["totalCount { count }", "__typename", "pageInfo { __typename }", "edges { __typename }"]
)
async def test_a_wrong_cursor_is_refused_even_where_nothing_needs_it(asked: str, ask: Ask) -> None:
    for condition in ("", ", where: { status: { in: [] } }"):
        answer = await ask(f'{{ shipments(first: 0, before: "AQ=="{condition}) {{ {asked} }} }}')
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.world
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("first: -1", "`first` must be between 0 and 250; it was -1."),
        ("last: -1", "`last` must be between 0 and 250; it was -1."),
        ("first: 251", "`first` must be between 0 and 250; it was 251."),
        ("last: 2147483647", "`last` must be between 0 and 250; it was 2147483647."),
        ("first: 1, last: 1", "Give `first` or `last`, not both."),
        ("orderBy: [{field: NUMBER}, {field: NUMBER}]", "`orderBy` takes at most 3 fields, each once."),
        (
            "orderBy: [{field: NUMBER}, {field: STATUS_AT}, {field: CREATED_AT}, {field: UPDATED_AT}]",
            "`orderBy` takes at most 3 fields, each once.",
        ),
    ],
)
async def test_page_sizes_and_orders_have_rules_and_the_message_says_which(
    arguments: str, words: str, ask: Ask
) -> None:
    answer = await ask(f"{{ carriers {{ nodes {{ code }} }} page: shipments({arguments}) {{ nodes {{ id }} }} }}")
    (error,) = answer["errors"]
    assert (error["message"], error["path"], error["extensions"]["code"]) == (words, ["page"], "BAD_USER_INPUT")
    assert answer["data"]["page"] is None
    assert len(answer["data"]["carriers"]["nodes"]) == 4


@pytest.mark.world
async def test_a_wrong_size_of_a_nested_page_is_an_error_of_its_root_field(ask: Ask) -> None:
    answer = await ask("{ shipments(first: 1) { nodes { events(first: 1000) { nodes { id } } } } }")
    assert [(one["path"], one["extensions"]["code"]) for one in answer["errors"]] == [(["shipments"], "BAD_USER_INPUT")]
    answer = await ask("{ shipments(first: 1) { totalCount(limit: -1) { count } } }")
    assert answer["errors"][0]["message"] == "`limit` must be between 0 and 1000000; it was -1."


@pytest.mark.world
async def test_without_a_size_a_page_has_fifty_rows_and_null_is_the_same_as_absent(ask: Ask) -> None:
    for variables in ({}, {"first": None}, {"last": None, "first": None}, {"order": None}, {"order": []}):
        page = await page_of(ask, **variables)
        assert len(page["edges"]) == 50
        assert page["pageInfo"]["hasNextPage"]


@pytest.mark.world
async def test_a_page_of_no_rows_tells_whether_there_are_any(ask: Ask) -> None:
    page = await page_of(ask, first=0)
    assert page["edges"] == []
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    page = await page_of(ask, last=0, where={"number": {"eq": "nothing"}})
    assert not page["pageInfo"]["hasPreviousPage"]
