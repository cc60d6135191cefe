"""Cursors: pages are contiguous in every order and direction, also while rows change; invalid cursors are rejected."""

import itertools
import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain import enums
from tests.support import seed_data
from tests.support.graphql_client import Execute

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
    """Return the `orderBy` argument for pairs of field and direction."""
    return [{"field": field, "direction": direction} for field, direction in fields]


def numbers(page: dict[str, Any]) -> list[str]:
    """Return the shipment numbers of a page."""
    return [edge["node"]["number"] for edge in page["edges"]]


async def page_of(execute: Execute, **variables: Any) -> dict[str, Any]:
    """Query a page of shipments."""
    response = await execute(PAGE, variables)
    assert "errors" not in response, response
    page: dict[str, Any] = response["data"]["shipments"]
    return page


@pytest.mark.seed_data
@pytest.mark.parametrize(
    "fields", ORDERS, ids=lambda fields: "-".join(f"{name}-{direction}" for name, direction in fields)
)
async def test_pages_are_contiguous_forwards_and_backwards(fields: list[Any], execute: Execute) -> None:
    order = order_of(fields)
    everything = numbers(await page_of(execute, order=order, first=250))
    assert len(everything) == len(set(everything)) == 110
    forwards, after = list[str](), None
    for start in itertools.count(0, 13):
        page = await page_of(execute, order=order, first=13, after=after)
        forwards += numbers(page)
        info = page["pageInfo"]
        assert (info["hasPreviousPage"], info["hasNextPage"]) == (start > 0, start + 13 < 110)
        after = info["endCursor"]
        assert (info["startCursor"], after) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        if not info["hasNextPage"]:
            break
    backwards, before = list[str](), None
    for start in itertools.count(0, 17):
        page = await page_of(execute, order=order, last=17, before=before)
        backwards = numbers(page) + backwards
        info = page["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (start > 0, start + 17 < 110)
        before = info["startCursor"]
        if not info["hasPreviousPage"]:
            break
    assert forwards == backwards == everything


@pytest.mark.seed_data
async def test_the_empty_page_after_the_last_row_has_a_previous_page(execute: Execute) -> None:
    last = await page_of(execute, last=1)
    page = await page_of(execute, first=5, after=last["edges"][0]["cursor"])
    nothing = {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
    assert page == {"edges": [], "pageInfo": nothing}
    first = await page_of(execute, first=1)
    page = await page_of(execute, last=5, before=first["edges"][0]["cursor"])
    assert page == {"edges": [], "pageInfo": {**nothing, "hasNextPage": True, "hasPreviousPage": False}}


async def test_changes_between_pages_repeat_no_row_and_skip_no_unchanged_row(
    execute: Execute, owner: AsyncEngine
) -> None:
    await seed_data.insert_seed_data(owner)
    generator = random.Random(7)
    for fields in ORDERS[::3]:
        order = order_of(fields)
        before = set(numbers(await page_of(execute, order=order, first=250)))
        returned, removed, after = list[str](), set[str](), None
        for step in itertools.count():
            page = await page_of(execute, order=order, first=9, after=after)
            returned += numbers(page)
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
            archived = {generator.choice(sorted(before)), page["edges"][-1]["node"]["number"]}
            removed |= archived
            async with owner.begin() as connection:
                archive = text("UPDATE shipment SET archived_at = now() WHERE number = ANY(:numbers)")
                await connection.execute(archive, {"numbers": sorted(archived)})
                copy = text(
                    "INSERT INTO shipment (account_id, number, created_at, updated_at, status_at, promised_to) "
                    "SELECT account_id, :number, created_at, updated_at, status_at, promised_to FROM shipment "
                    "WHERE number = ANY(:numbers)"
                )
                await connection.execute(copy, {"number": f"NEW-{fields}{step}"[-32:], "numbers": sorted(archived)[:1]})
        async with owner.begin() as connection:
            await connection.execute(text("UPDATE shipment SET archived_at = NULL"))
            await connection.execute(text("DELETE FROM shipment WHERE number NOT LIKE 'SHP-%'"))
        assert len(returned) == len(set(returned))
        assert before - removed <= set(returned)


@pytest.mark.seed_data
@pytest.mark.parametrize("name", CONNECTIONS)
async def test_a_cursor_with_any_change_is_rejected(name: str, execute: Execute) -> None:
    query = f"query ($after: String) {{ {CONNECTIONS[name]} }}"
    data = (await execute(query))["data"]
    field = next(iter(data.values()))
    cursor = (field.get("edges") or next(iter(field.values()))["edges"])[0]["cursor"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    invalid = [
        cursor[:index] + character + cursor[index + 1 :]
        for index in range(len(cursor))
        for character in alphabet[index % 7 :: 23]
    ]
    invalid += [cursor[:length] for length in range(len(cursor))] + [
        cursor + "A",
        cursor + "=",
        " " + cursor,
        cursor.lower(),
    ]
    invalid += ["@@", "Ä", "\u0000", "🚚", "=" * 40, "AAAA" * 5000, cursor * 2, cursor.replace("=", "") + "==="]
    for changed in {*invalid} - {cursor}:
        response = await execute(query, {"after": changed})
        assert [error["extensions"]["code"] for error in response["errors"]] == ["INVALID_CURSOR"], changed
        assert response["errors"][0]["path"] == [next(iter(data))]


@pytest.mark.seed_data
async def test_a_cursor_of_another_order_or_connection_is_rejected(execute: Execute) -> None:
    orders = [order_of(fields) for fields in ORDERS]
    cursors = [(await page_of(execute, order=order, first=1))["edges"][0]["cursor"] for order in orders]
    assert len(set(cursors)) == len(cursors)
    for order, (other, cursor) in itertools.product(orders, zip(orders, cursors, strict=True)):
        for arguments in ({"first": 1, "after": cursor}, {"last": 1, "before": cursor}):
            response = await execute(PAGE, {"order": order, **arguments})
            codes = [error["extensions"]["code"] for error in response.get("errors", ())]
            assert codes == ([] if order == other else ["INVALID_CURSOR"])
    response = await execute(
        "query ($after: String) { carriers(after: $after) { nodes { id } } }", {"after": cursors[0]}
    )
    assert response["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.seed_data
@pytest.mark.parametrize(
    "selection", ["totalCount { count }", "__typename", "pageInfo { __typename }", "edges { __typename }"]
)
async def test_an_invalid_cursor_is_rejected_even_if_no_selected_field_needs_it(
    selection: str, execute: Execute
) -> None:
    for condition in ("", ", where: { status: { in: [] } }"):
        response = await execute(f'{{ shipments(first: 0, before: "AQ=="{condition}) {{ {selection} }} }}')
        assert response["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


@pytest.mark.seed_data
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: -1", "`first` must be between 0 and 250 (was -1)."),
        ("last: -1", "`last` must be between 0 and 250 (was -1)."),
        ("first: 251", "`first` must be between 0 and 250 (was 251)."),
        ("last: 2147483647", "`last` must be between 0 and 250 (was 2147483647)."),
        ("first: 1, last: 1", "Set either `first` or `last`, not both."),
        ("orderBy: [{field: NUMBER}, {field: NUMBER}]", "`orderBy` takes at most 3 fields, each once."),
        (
            "orderBy: [{field: NUMBER}, {field: STATUS_AT}, {field: CREATED_AT}, {field: UPDATED_AT}]",
            "`orderBy` takes at most 3 fields, each once.",
        ),
    ],
)
async def test_the_message_states_the_rule_for_page_sizes_and_orders(
    arguments: str, message: str, execute: Execute
) -> None:
    response = await execute(f"{{ carriers {{ nodes {{ code }} }} page: shipments({arguments}) {{ nodes {{ id }} }} }}")
    (error,) = response["errors"]
    assert (error["message"], error["path"], error["extensions"]["code"]) == (message, ["page"], "BAD_USER_INPUT")
    assert response["data"]["page"] is None
    assert len(response["data"]["carriers"]["nodes"]) == 4


@pytest.mark.seed_data
async def test_an_invalid_size_of_a_nested_page_is_an_error_of_its_root_field(execute: Execute) -> None:
    response = await execute("{ shipments(first: 1) { nodes { events(first: 1000) { nodes { id } } } } }")
    assert [(error["path"], error["extensions"]["code"]) for error in response["errors"]] == [
        (["shipments"], "BAD_USER_INPUT")
    ]
    response = await execute("{ shipments(first: 1) { totalCount(limit: -1) { count } } }")
    assert response["errors"][0]["message"] == "`limit` must be between 0 and 1000000 (was -1)."


@pytest.mark.seed_data
async def test_a_page_without_a_size_has_fifty_rows_and_null_is_the_same_as_omitted(execute: Execute) -> None:
    for variables in ({}, {"first": None}, {"last": None, "first": None}, {"order": None}, {"order": []}):
        page = await page_of(execute, **variables)
        assert len(page["edges"]) == 50
        assert page["pageInfo"]["hasNextPage"]


@pytest.mark.seed_data
async def test_a_page_of_size_zero_reports_whether_rows_exist(execute: Execute) -> None:
    page = await page_of(execute, first=0)
    assert page["edges"] == []
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    page = await page_of(execute, last=0, where={"number": {"eq": "nothing"}})
    assert not page["pageInfo"]["hasPreviousPage"]
