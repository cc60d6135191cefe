"""Subscriptions: missed changes first, then new ones; each change once, in the order of the log."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.settings import Settings
from graphql_app.subscriptions import broker, fan_out
from graphql_app.transport import sse
from tests.support.live_server import RawConnection, raw_post, run_server
from tests.support.streaming_clients import CHANGE_FIELDS, SHIPMENT_CHANGED, ApiClient, WebSocketClient, sse_events

ALL = SHIPMENT_CHANGED % CHANGE_FIELDS
EVENTS = """subscription($shipments: [ID!], $codes: [TrackingEventCode!], $after: String) {
    trackingEventRecorded(shipments: $shipments, codes: $codes, after: $after) {
        cursor shipmentSeq statusBefore statusAfter event { code occurredAt shipment { id } } } }"""


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


@pytest.fixture
async def api(port: int) -> AsyncIterator[ApiClient]:
    async with ApiClient(port) as api:
        yield api


async def subscribe_and_wait(
    api: ApiClient, socket: WebSocketClient, query: str = ALL, variables: dict[str, Any] | None = None
) -> None:
    """Subscribe to new changes, and wait until the subscription has started: operations of a socket start in order."""
    await socket.subscribe(query, variables)
    await socket.send(id="q", type="subscribe", payload={"query": "{ viewer { account } }"})
    while (await socket.receive()) != {"id": "q", "type": "complete"}:
        pass
    await asyncio.sleep(0.1)


async def test_a_change_arrives_with_its_cursor_and_the_selected_fields_of_the_shipment(
    api: ApiClient, port: int
) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        shipment = "shipment { id status recipient { country } events { nodes { code } } }"
        await subscribe_and_wait(api, socket, SHIPMENT_CHANGED % f"cursor shipmentSeq op changedFields {shipment}")
        shipment_id = await api.create()
        await api.record(shipment_id, "PICKED_UP")
        created, moved = await socket.changes(2)
    assert (created["op"], created["shipmentSeq"]) == ("shipment.created", 1)
    assert created["shipment"]["recipient"] == {"country": "FR"}
    assert moved["op"] == "tracking_event.recorded"
    assert moved["shipmentSeq"] == 2
    assert set(moved["changedFields"]) >= {"events", "status"}
    assert moved["shipment"] == {
        "id": shipment_id,
        "status": "PICKED_UP",
        "recipient": {"country": "FR"},
        "events": {"nodes": [{"code": "PICKED_UP"}]},
    }
    log = await api.log()
    assert [change["cursor"] for change in log] == [created["cursor"], moved["cursor"]]


async def test_missed_changes_come_before_new_ones(api: ApiClient, port: int) -> None:
    for at in range(5):
        await api.create(f"before-{at}")
    log = await api.log()
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await socket.subscribe(ALL, {"after": log[1]["cursor"]})
        missed = await socket.changes(3)
        await api.create("after")
        (live,) = await socket.changes(1)
    assert [change["cursor"] for change in [*missed, live]] == [change["cursor"] for change in (await api.log())[2:]]


async def test_no_change_is_skipped_or_repeated_between_missed_and_new_changes(api: ApiClient, port: int) -> None:
    """Clients resume from 30 different cursors while writers create shipments."""
    await asyncio.gather(*(api.create() for _ in range(30)))
    start = [change["cursor"] for change in await api.log()]

    async def listen(at: int, until: int) -> list[str]:
        await asyncio.sleep(at * 0.01)
        async with WebSocketClient(port) as socket:
            await (await socket.connection_init()).subscribe(ALL, {"after": start[at]})
            return [change["cursor"] for change in await socket.changes(until - at - 1)]

    async def write() -> None:
        for _ in range(20):
            await api.create()

    total = 30 + 5 * 20
    *_, received = await asyncio.gather(
        *(write() for _ in range(5)), asyncio.gather(*(listen(at, total) for at in range(30)))
    )
    log = [change["cursor"] for change in await api.log()]
    assert len(log) == total
    for at, cursors in enumerate(received):
        assert cursors == log[at + 1 :]


async def test_where_filters_changes_like_the_query(api: ApiClient, port: int) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await subscribe_and_wait(
            api, socket, variables={"where": {"tags": {"hasAny": ["red"]}, "status": {"in": ["READY"]}}}
        )
        for tags in (["blue"], ["red"], [], ["red", "blue"]):
            await api.create(tags=tags)
        picked_up = await api.create(tags=["red"])
        await socket.changes(3)
        await api.record(picked_up, "PICKED_UP")  # it is no longer READY
        await api.create("last", tags=["red"])
        (last,) = await socket.changes(1)
    assert last["op"] == "shipment.created"


async def test_events_are_filtered_by_shipment_and_code_and_carry_the_status_before_and_after(
    api: ApiClient, port: int
) -> None:
    shipment, other = await api.create(), await api.create()
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await subscribe_and_wait(api, socket, EVENTS, {"shipments": [shipment], "codes": ["PICKED_UP", "DELIVERED"]})
        await api.record(other, "PICKED_UP")
        await api.record(shipment, "PICKED_UP")
        await api.record(shipment, "IN_TRANSIT", "2026-01-03T00:00:00Z")
        await api.record(shipment, "DELIVERED", "2026-01-04T00:00:00Z")
        first, second = await socket.changes(2, "trackingEventRecorded")
    assert (first["statusBefore"], first["statusAfter"]) == ("READY", "PICKED_UP")
    assert (second["statusBefore"], second["statusAfter"]) == ("IN_TRANSIT", "DELIVERED")
    assert second["event"] == {
        "code": "DELIVERED",
        "occurredAt": "2026-01-04T00:00:00+00:00",
        "shipment": {"id": shipment},
    }
    assert (first["shipmentSeq"], second["shipmentSeq"]) == (2, 4)


async def test_subscribers_with_the_same_query_share_one_statement(
    api: ApiClient, port: int, statements: list[str]
) -> None:
    async with WebSocketClient(port) as first, WebSocketClient(port) as second, WebSocketClient(port) as third:
        for socket in (first, second, third):
            await socket.connection_init()
            await subscribe_and_wait(api, socket)
        await api.create()  # the first change also prepares the statement and the connection
        for socket in (first, second, third):
            await socket.changes(1)
        statements.clear()
        await api.create()
        changes = [await socket.changes(1) for socket in (first, second, third)]
    assert changes[0] == changes[1] == changes[2]
    assert len([sql for sql in statements if "AS log_1" in sql]) == 1


async def test_an_event_stream_resumes_after_the_last_event_id(api: ApiClient, port: int) -> None:
    for _ in range(3):
        await api.create()
    log = [change["cursor"] for change in await api.log()]
    async with sse_events(port, ALL, {"after": log[0]}) as stream:
        start, first, second = [await anext(stream) for _ in range(3)]
    assert (start["id"], first["id"], second["id"]) == (log[0], log[1], log[2])
    assert first["event"] == "next"
    assert f'"cursor":"{log[1]}"' in first["data"]
    async with sse_events(port, ALL, {"after": log[0]}, last=log[1]) as stream:
        await anext(stream)
        assert (await anext(stream))["id"] == log[2]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"after": "bm9uZQ=="}, "INVALID_CURSOR"),
        ({"after": "x"}, "INVALID_CURSOR"),
        ({"where": {"number": {"eq": "a\0b"}}}, "BAD_USER_INPUT"),
        ({"where": 1}, "BAD_USER_INPUT"),
        ({"where": {"createdAt": {"gte": "--"}}}, "BAD_USER_INPUT"),
    ],
)
async def test_an_invalid_subscription_is_rejected_before_it_starts(
    api: ApiClient, port: int, variables: dict[str, Any], code: str
) -> None:
    async with WebSocketClient(port) as socket:
        await (await socket.connection_init()).subscribe(ALL, variables)
        message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == code
    response = await api.client.post(
        "/graphql", json={"query": ALL, "variables": variables}, headers={"accept": "text/event-stream"}
    )
    assert response.json()["errors"][0]["extensions"]["code"] == code


async def test_a_subscription_holds_no_connection_while_it_waits(
    api: ApiClient, port: int, engine: AsyncEngine
) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        for name in range(20):
            await socket.subscribe(ALL.replace("number", "number " * (name + 1)), {"after": ""}, name=str(name))
        await api.create()  # all of them start at the oldest change, so none can miss it
        for _ in range(20):
            assert (await socket.receive(15))["type"] == "next"
        await asyncio.sleep(0.05)
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_stream_that_is_not_read_ends_with_the_last_delivered_cursor(
    app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "MAX_QUEUED_MESSAGES", 40)
    big = SHIPMENT_CHANGED % ("cursor " + " ".join(f"s{n}: shipment {{ ...all }}" for n in range(20)))
    big += " fragment all on Shipment { id number status packages { id } parties { name } events { nodes { id } } }"
    body = json.dumps({"query": big}).encode()
    async with run_server(app, settings, send_buffer=4096) as port, ApiClient(port) as api, RawConnection(port) as wire:
        wire.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        await wire.send(raw_post(body, "accept: text/event-stream").replace(b"connection: close\r\n", b""))
        await asyncio.sleep(0.3)
        for _ in range(50):
            await asyncio.gather(*(api.create() for _ in range(4)))
        await asyncio.sleep(0.1)
        received = b""
        async with asyncio.timeout(10):
            while b"event: complete" not in received:
                received += await wire.reader.read(65_536)
        log = [change["cursor"] for change in await api.log()]
    cursors = re.findall(rb"\nid: (\S+)\n", received)
    assert [cursor.decode() for cursor in cursors[-1:]] == [log[len(cursors) - 2]]
    assert b'"code":"SLOW_CONSUMER"' in received
    assert b'"cursor":"' + cursors[-1] + b'"}' in received
    assert not app.state.subscription_broker.shared


async def test_a_stream_sends_a_newer_id_while_no_change_matches(
    app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "PING_SECONDS", 0.2)
    no_match = {"where": {"number": {"eq": "none such"}}}
    async with run_server(app, settings) as port, ApiClient(port) as api, sse_events(port, ALL, no_match) as stream:
        await anext(stream)
        await api.create()
        (last,) = await api.log()
        async with asyncio.timeout(5):
            async for event in stream:
                if "id" in event:
                    break
    assert event == {"id": last["cursor"]}


async def test_closed_streams_leave_no_subscriptions_behind(api: ApiClient, port: int, app: Starlette) -> None:
    for _ in range(5):
        async with sse_events(port, ALL) as stream:
            await anext(stream)
    await api.create()
    await asyncio.sleep(0.1)
    subscriptions: broker.SubscriptionBroker = app.state.subscription_broker
    assert (subscriptions.open_streams, subscriptions.streams_per_client, subscriptions.shared) == (0, {}, {})
    assert not subscriptions.open_subscriptions
    assert not subscriptions.notifier.watched
