"""The order of the change log: for each shipment that of its versions, however its transactions overlap."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.database import retention
from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server
from tests.support.streaming_clients import SHIPMENT_CHANGED, ApiClient, WebSocketClient
from tests.support.transactions import Transaction

LOG = "{ changes(first: 250) { nodes { cursor op shipmentSeq changed shipment { id } } } }"


@pytest.fixture
async def transactions(engine: AsyncEngine, account: UUID) -> AsyncIterator[list[Transaction]]:
    """Four open transactions, the oldest first."""
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(4):
            transaction = Transaction(engine, account)
            stack.push_async_callback(transaction.session.end)
            opened.append(await transaction.begin())
        yield opened


async def created(execute: Execute, number: int) -> list[str]:
    """The ids of new shipments."""
    query = """mutation { shipmentCreate(input: {shipper: {name: "A", country: "DE"}}) { shipment { id } } }"""
    return [(await execute(query))["data"]["shipmentCreate"]["shipment"]["id"] for _ in range(number)]


def versions(changes: Sequence[dict[str, Any]], shipment: str) -> list[int]:
    """The versions of a shipment in the order of the log."""
    return [change["shipmentSeq"] for change in changes if (change["shipment"] or {}).get("id") == shipment]


async def test_transactions_that_take_their_id_early_and_the_lock_late_are_in_the_order_of_the_versions(
    app: Starlette, settings: Settings, execute: Execute, engine: AsyncEngine, account: UUID
) -> None:
    """The oldest transaction changes the shipment last. A subscriber and both queries see the order of the versions."""
    (shipment,) = await created(execute, 1)
    async with (
        AsyncExitStack() as stack,
        run_server(app, settings) as port,
        WebSocketClient(port) as socket,
    ):
        await (await socket.connection_init()).subscribe(SHIPMENT_CHANGED % "cursor shipmentSeq", {"after": ""})
        await socket.changes(1)
        opened = [await Transaction(engine, account).begin() for _ in range(4)]
        for transaction in opened:
            stack.push_async_callback(transaction.session.end)
        for index, transaction in reversed(list(enumerate(opened))):
            await transaction.tag(f"tag {index}", shipment)
            await transaction.commit()
        received = await socket.changes(4)
    assert [change["shipmentSeq"] for change in received] == [2, 3, 4, 5]
    changes = (await execute(LOG))["data"]["changes"]["nodes"]
    assert versions(changes, shipment) == [1, 2, 3, 4, 5]
    assert [change["cursor"] for change in changes[1:]] == [change["cursor"] for change in received]
    history = "query($id: ID!) { shipment(by: {id: $id}) { history(first: 9) { nodes { shipmentSeq } } } }"
    nodes = (await execute(history, {"id": shipment}))["data"]["shipment"]["history"]["nodes"]
    assert [node["shipmentSeq"] for node in nodes] == [1, 2, 3, 4, 5]


async def test_a_transaction_over_several_shipments_keeps_the_order_of_each(
    execute: Execute, transactions: list[Transaction]
) -> None:
    first, second, third = await created(execute, 3)
    oldest, older, newer, newest = transactions
    await newest.tag("a", second, third)
    await newest.tag("b", third)
    await newest.commit()
    await older.tag("c", first, third)
    await older.commit()
    await newer.tag("d", first)
    await newer.commit()
    await oldest.tag("e", first, second, third)
    await oldest.commit()
    changes = (await execute(LOG))["data"]["changes"]["nodes"]
    assert versions(changes, first) == [1, 2, 3, 4]
    assert versions(changes, second) == [1, 2, 3]
    assert versions(changes, third) == [1, 2, 3, 4, 5]


async def test_the_order_holds_when_the_previous_change_was_deleted(
    execute: Execute, transactions: list[Transaction], engine: AsyncEngine, owner: AsyncEngine
) -> None:
    shipment, other = await created(execute, 2)
    oldest, older, newer, newest = transactions
    await newest.tag("a", shipment)
    await newest.commit()
    async with owner.begin() as connection:
        await connection.execute(text("DELETE FROM change WHERE shipment_seq = 2"))
    await oldest.tag("b", shipment)
    await oldest.commit()
    await newer.tag("c", other)
    await newer.commit()
    await older.tag("d", shipment)
    await older.commit()
    changes = (await execute(LOG))["data"]["changes"]["nodes"]
    assert versions(changes, shipment) == [1, 3, 4]
    assert await retention.delete_expired(engine, 1) == 0


async def test_no_change_is_read_before_older_transactions_have_ended(
    execute: Execute, engine: AsyncEngine, account: UUID
) -> None:
    """A change whose position comes from a newer transaction is not read late: nothing behind it is read either."""
    shipment, other = await created(execute, 2)
    query = "query($after: String) { changes(first: 9, after: $after) { nodes { cursor shipmentSeq } } }"
    cursor = (await execute(query))["data"]["changes"]["nodes"][-1]["cursor"]
    async with AsyncExitStack() as stack:
        oldest, older, newer, newest = [await Transaction(engine, account).begin() for _ in range(4)]
        for transaction in (oldest, older, newer, newest):
            stack.push_async_callback(transaction.session.end)
        await newest.tag("a", shipment)
        await newest.commit()
        await oldest.tag("b", shipment)
        await oldest.commit()
        assert (await execute(query, {"after": cursor}))["data"]["changes"]["nodes"] == []
        await newer.tag("c", other)
        await newer.commit()
        await older.commit()
    nodes = (await execute(query, {"after": cursor}))["data"]["changes"]["nodes"]
    assert sorted(node["shipmentSeq"] for node in nodes) == [2, 2, 3]


async def test_the_changes_of_a_carrier_are_in_the_order_in_which_they_were_made(
    execute: Execute, transactions: list[Transaction]
) -> None:
    for transaction, name in zip(reversed(transactions), "ABCD", strict=True):
        await transaction.name_carrier(name)
        await transaction.commit()
    changes = (await execute(LOG))["data"]["changes"]["nodes"]
    assert [change["changed"]["name"] for change in changes] == [[None, "A"], ["A", "B"], ["B", "C"], ["C", "D"]]


async def test_bulk_calls_on_the_same_shipments_keep_the_order_of_each(app: Starlette, settings: Settings) -> None:
    """Calls that change ten shipments at a time, several times each, wait for each other's locks."""
    mutation = """mutation($inputs: [ShipmentBulkUpdateRow!]!, $key: String) {
        shipmentsBulkUpdate(inputs: $inputs, options: {idempotencyKey: $key}) { succeeded } }"""
    async with run_server(app, settings) as port, ApiClient(port) as api:
        ids = [await api.create() for _ in range(10)]

        async def change(number: int) -> None:
            inputs = [
                {"by": {"id": id_}, "input": {"tagsAdd": [f"{number} {part}"]}} for id_ in ids for part in range(2)
            ]
            key = f"key {number}" if number % 2 else None
            assert (await api.execute(mutation, {"inputs": inputs, "key": key}))["shipmentsBulkUpdate"][
                "succeeded"
            ] == 20

        await asyncio.gather(*(change(number) for number in range(8)))
        query = """query($after: String) {
            changes(first: 250, after: $after) { nodes { cursor shipmentSeq shipment { id } } } }"""
        nodes: list[dict[str, Any]] = []
        while page := (await api.execute(query, {"after": nodes[-1]["cursor"] if nodes else None}))["changes"]["nodes"]:
            nodes += page
    for id_ in ids:
        assert versions(nodes, id_) == list(range(1, 18))
