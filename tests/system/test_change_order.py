"""Sixteen clients write to one shipment through two worker processes: every reader sees each change once, in order."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from graphql_app.database.embedded_server import EmbeddedServer
from tests.support.databases import admin_connection, database_url
from tests.support.server_process import create_key, started
from tests.support.streaming_clients import SHIPMENT_CHANGED, ApiClient, WebSocketClient, sse_events

WRITERS = 16
WRITES = 12
"""Number of calls of each writer."""
CODES = ("PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERY_ATTEMPTED", "HELD")
"""Codes of events after which the shipment can still be updated."""
RECORD = """mutation($id: ID!, $at: DateTime!, $code: TrackingEventCode!, $key: String) { trackingEventsRecord(
    inputs: [{target: {shipment: {id: $id}}, occurred: {instant: $at}, code: $code}] options: {idempotencyKey: $key}
) { succeeded } }"""
UPDATE = """mutation($id: ID!, $value: JSON!, $key: String) { shipmentUpdate(
    by: {id: $id} input: {metadataSet: $value} options: {idempotencyKey: $key}) { errors { message } } }"""
EVENT_RECORDED = """subscription($after: String) {
    trackingEventRecorded(after: $after) { cursor shipmentSeq statusBefore statusAfter } }"""
CHANGES = "query($after: String) { changes(first: 40, after: $after) { nodes { cursor shipmentSeq } } }"
HISTORY = """query($id: ID!) { shipment(by: {id: $id}) {
    status version history(first: 250) { nodes { cursor shipmentSeq } } } }"""
Changes = list[dict[str, Any]]


@pytest.fixture
async def database(server: EmbeddedServer, migrated: str) -> AsyncIterator[str]:
    """The URL of a separate database."""
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE change_order TEMPLATE {migrated}")
    yield database_url(server, "change_order")
    async with admin_connection(server) as connection:
        await connection.execute("DROP DATABASE change_order WITH (FORCE)")


@pytest.fixture
def key(database: str) -> str:
    """The secret of an API key."""
    return create_key(database)


@pytest.fixture
def port(database: str, key: str) -> Iterator[int]:
    """The port of a server with two worker processes."""
    with started("serve", "--port", "0", "--workers", "2", POSTGRES_URL=database, SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert httpx.get(f"{url}/readyz", timeout=60).text == "ok\n"  # the port is open before the workers run
        yield int(url.rsplit(":", 1)[1])


async def write(port: int, key: str, shipment: str, number: int) -> None:
    """Record events and update the shipment. Every second call has an idempotency key."""
    async with ApiClient(port, key) as api:
        for index in range(WRITES):
            variables = {"id": shipment, "key": f"{number} {index}" if (number + index) % 2 else None}
            if index % 3 == 2:
                payload = (await api.execute(UPDATE, {**variables, "value": {f"{number}": index}}))["shipmentUpdate"]
                assert payload["errors"] == []
            else:
                at, code = f"2026-01-01T{number:02}:{index:02}:00Z", CODES[(number + index) % len(CODES)]
                payload = await api.execute(RECORD, {**variables, "at": at, "code": code})
                assert payload["trackingEventsRecord"]["succeeded"] == 1


async def poll(port: int, key: str, total: int) -> Changes:
    """The log, read page by page while it grows."""
    changes: Changes = []
    async with ApiClient(port, key) as api:
        while len(changes) < total:
            after = changes[-1]["cursor"] if changes else None
            changes += (await api.execute(CHANGES, {"after": after}))["changes"]["nodes"]
    return changes


async def listen(port: int, key: str, total: int) -> Changes:
    """The messages of `shipmentChanged` over WebSocket, from the beginning."""
    async with WebSocketClient(port) as socket:
        await socket.connection_init(Authorization=f"Bearer {key}")
        await socket.subscribe(SHIPMENT_CHANGED % "cursor shipmentSeq", {"after": ""})
        return await socket.changes(total, within=30)


async def stream(port: int, key: str, total: int) -> Changes:
    """The messages of `trackingEventRecorded` as server-sent events, from the beginning."""
    changes: Changes = []
    async with sse_events(port, EVENT_RECORDED, {"after": ""}, key=key) as events:
        while len(changes) < total:
            event = await anext(events)
            if event.get("event") == "next":
                changes.append(json.loads(event["data"])["data"]["trackingEventRecorded"])
    return changes


async def test_every_reader_sees_each_change_of_a_shipment_once_in_the_order_of_its_versions(
    port: int, key: str
) -> None:
    """The transactions of calls with an idempotency key take their ID before the lock of the shipment."""
    total = WRITERS * WRITES + 1
    events = WRITERS * (WRITES - WRITES // 3)
    async with ApiClient(port, key) as api, asyncio.timeout(120):
        shipment = await api.create()
        readers = [
            asyncio.create_task(read(port, key, number))
            for read, number in ((poll, total), (poll, total), (listen, total), (listen, total))
            + ((stream, events),) * 3
        ]
        await asyncio.gather(*(write(port, key, shipment, number) for number in range(WRITERS)))
        received = await asyncio.gather(*readers)
        after_all = (await api.execute(HISTORY, {"id": shipment}))["shipment"]
    history = after_all["history"]["nodes"]
    assert [change["shipmentSeq"] for change in history] == list(range(1, total + 1))
    assert after_all["version"] == total
    for changes in received[:4]:
        assert changes == history
    seq_of = {change["cursor"]: change["shipmentSeq"] for change in history}
    for changes in received[4:]:
        assert changes == received[4]
        assert [change["shipmentSeq"] for change in changes] == sorted({seq_of[change["cursor"]] for change in changes})
        assert [change["statusBefore"] for change in changes] == ["READY", *(c["statusAfter"] for c in changes[:-1])]
        assert changes[-1]["statusAfter"] == after_all["status"]
