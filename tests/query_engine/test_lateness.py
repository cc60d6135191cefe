"""Lateness: field, duration, filters and order agree with plain Python over the rows, whatever the clock says."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support import orm_rows, reference_lateness
from tests.support.graphql_client import Execute

NOW = datetime.now(UTC)
INSERT = text(
    "INSERT INTO shipment (account_id, number, status, promised_to, estimated_delivery_at, delivered_at) "
    "VALUES (:account, :number, :status, :promised_to, :estimated_delivery_at, :delivered_at)"
)
SHIPMENTS: dict[str, dict[str, Any]] = {
    "promise-kept": {"promised_to": -5, "delivered_at": -5, "status": "DELIVERED"},
    "promise-broken": {"promised_to": -5, "delivered_at": -2, "status": "DELIVERED"},
    "estimate-broken": {"estimated_delivery_at": -9, "delivered_at": -8, "status": "DELIVERED"},
    "promise-before-estimate": {"promised_to": -5, "estimated_delivery_at": -9, "delivered_at": -6},
    "overdue": {"promised_to": -3, "status": "IN_TRANSIT"},
    "overdue-by-estimate": {"estimated_delivery_at": -30, "status": "READY"},
    "due": {"promised_to": 3, "status": "IN_TRANSIT"},
    "unknown": {"status": "IN_TRANSIT"},
    "delivered-without-deadline": {"delivered_at": -3, "status": "DELIVERED"},
    "cancelled": {"promised_to": -3, "status": "CANCELLED"},
    "lost": {"promised_to": -3, "status": "FAILED"},
    "returned-after-late-delivery": {"promised_to": -3, "delivered_at": -1, "status": "RETURNED"},
}
"""Shipments by number. Times are days from now."""


@pytest.fixture
async def shipments(owner: AsyncEngine, account: UUID) -> dict[str, Any]:
    """The rows of SHIPMENTS, by number."""
    async with owner.begin() as connection:
        for number, values in SHIPMENTS.items():
            times = {
                name: NOW + timedelta(days=values[name]) if name in values else None
                for name in ("promised_to", "estimated_delivery_at", "delivered_at")
            }
            row = {"account": account, "number": number, "status": values.get("status", "DRAFT"), **times}
            await connection.execute(INSERT, row)
    return {row.number: row for row in (await orm_rows.load(owner, account)).shipments.values()}


async def numbers(execute: Execute, arguments: str) -> list[str]:
    """The numbers of the shipments that a list returns, in its order."""
    response = await execute(f"{{ shipments({arguments}) {{ nodes {{ number }} }} }}")
    return [node["number"] for node in response["data"]["shipments"]["nodes"]]


async def test_the_lateness_and_duration_are_those_of_the_reference(
    execute: Execute, shipments: dict[str, Any]
) -> None:
    response = await execute("{ shipments { nodes { number lateness lateBy } } }")
    nodes = {node["number"]: node for node in response["data"]["shipments"]["nodes"]}
    assert {number: node["lateness"] for number, node in nodes.items()} == {
        number: reference_lateness.lateness(row) for number, row in shipments.items()
    }
    assert nodes["promise-broken"]["lateBy"] == "P3D"
    assert nodes["estimate-broken"]["lateBy"] == "P1D"
    assert nodes["returned-after-late-delivery"]["lateBy"] == "P2D"
    assert nodes["overdue"]["lateBy"].startswith("P3DT")
    assert {number for number, node in nodes.items() if node["lateBy"]} == {
        number for number, node in nodes.items() if node["lateness"] == "LATE"
    }


@pytest.mark.parametrize("value", ["ON_TIME", "LATE", "DUE", "UNKNOWN"])
async def test_a_filter_by_lateness_matches_the_shipments_with_this_value(
    value: str, execute: Execute, shipments: dict[str, Any]
) -> None:
    expected = {number for number, row in shipments.items() if reference_lateness.lateness(row) == value}
    assert expected
    assert set(await numbers(execute, f"where: {{lateness: {{in: [{value}]}}}}")) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('{gte: "P3D"}', {"promise-broken", "overdue", "overdue-by-estimate"}),
        ('{gt: "P3D"}', {"overdue", "overdue-by-estimate"}),
        ('{lt: "P3D"}', {"estimate-broken", "returned-after-late-delivery"}),
        ('{gte: "P1D", lte: "P2D"}', {"estimate-broken", "returned-after-late-delivery"}),
        ('{gte: "P2W"}', {"overdue-by-estimate"}),
        ('{lte: "PT0S"}', set()),
    ],
)
async def test_a_filter_by_how_late_matches_delivered_and_open_shipments(
    condition: str, expected: set[str], execute: Execute, shipments: dict[str, Any]
) -> None:
    assert set(await numbers(execute, f"where: {{lateBy: {condition}}}")) == expected


async def test_the_order_by_lateness_puts_the_most_overdue_shipments_first(
    execute: Execute, shipments: dict[str, Any]
) -> None:
    overdue = await numbers(
        execute, "where: {phase: ACTIVE, lateness: {in: [LATE]}}, orderBy: [{field: LATENESS, direction: ASC}]"
    )
    assert overdue == ["overdue"]
    ordered = await numbers(execute, "orderBy: [{field: LATENESS, direction: ASC}]")
    assert ordered.index("overdue-by-estimate") < ordered.index("overdue") < ordered.index("due")
    assert ordered.index("promise-broken") < ordered.index("overdue-by-estimate")


async def test_a_cursor_continues_the_orders_with_missing_values(execute: Execute, shipments: dict[str, Any]) -> None:
    for field in ("LATENESS", "DELIVERY_DELAY", "DELIVERED_AT", "TOTAL_WEIGHT", "RECIPIENT_NAME", "STATUS"):
        order = f"orderBy: [{{field: {field}, direction: ASC}}]"
        everything, page, after = await numbers(execute, order), list[str](), ""
        while True:
            response = await execute(
                f"{{ shipments({order}, first: 5{after}) "
                "{ nodes { number } pageInfo { hasNextPage endCursor } } }"
            )
            connection = response["data"]["shipments"]
            page += [node["number"] for node in connection["nodes"]]
            if not connection["pageInfo"]["hasNextPage"]:
                break
            after = f', after: "{connection["pageInfo"]["endCursor"]}"'
        assert page == everything
        assert len(page) == len(SHIPMENTS)


async def test_the_status_order_cannot_be_combined(execute: Execute) -> None:
    response = await execute("{ shipments(orderBy: [{field: STATUS}, {field: NUMBER}]) { nodes { id } } }")
    assert response["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("value", ["P1Y", "P1M", "P", "PT", "P1DT", "2 days", "P1.5D", "-P1D", "P1W2D"])
async def test_an_invalid_duration_is_rejected(value: str, execute: Execute) -> None:
    response = await execute(f'{{ shipments(where: {{lateBy: {{gte: "{value}"}}}}) {{ nodes {{ id }} }} }}')
    assert "is not a valid Duration" in response["errors"][0]["message"]


async def test_a_duration_of_more_than_a_century_is_rejected(execute: Execute) -> None:
    response = await execute('{ shipments(where: {lateBy: {gte: "P36501D"}}) { nodes { id } } }')
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_name_of_the_recipient_follows_every_edit(execute: Execute, owner: AsyncEngine) -> None:
    create = """mutation { shipmentCreate(input: {externalReference: "r", shipper: {name: "S", country: "DE"},
      recipient: {name: "Zoe", country: "DE"}}, options: {idempotencyKey: "k"}) { errors { message } } }"""
    update = """mutation($recipient: PartyInput) {
      shipmentUpdate(by: {externalReference: "r"}, input: {recipient: $recipient}) { errors { message } } }"""
    assert (await execute(create))["data"]["shipmentCreate"]["errors"] == []
    for recipient in ({"name": "Adam", "country": "DE"}, None, {"name": "Eve", "country": "US"}):
        response = await execute(update, {"recipient": recipient})
        assert response["data"]["shipmentUpdate"]["errors"] == []
        async with owner.connect() as connection:
            stored = (await connection.execute(text("SELECT recipient_name FROM shipment"))).scalar_one()
        assert stored == (recipient and recipient["name"])
