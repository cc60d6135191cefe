"""graphql-transport-ws: all operations work over it, and invalid frames close only the socket that sent them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from graphql_app.subscriptions import broker, fan_out
from graphql_app.transport import websocket_connection
from tests.support.live_server import run_server
from tests.support.streaming_clients import CHANGE_FIELDS, CREATE, SHIPMENT_CHANGED, ApiClient, WebSocketClient

ALL = SHIPMENT_CHANGED % CHANGE_FIELDS
INIT = {"type": "connection_init"}
QUERY = {"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { account } }"}}


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port
        await asyncio.sleep(0.05)
        subscriptions: broker.SubscriptionBroker = app.state.subscription_broker
        counters = subscriptions.open_streams, subscriptions.streams_per_client, subscriptions.shared
        assert counters == (0, {}, {}), "closed sockets must leave nothing behind"


async def assert_healthy(port: int) -> None:
    """A new socket can still execute a query."""
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await socket.send(**QUERY)
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"account": "default"}}}
        assert await socket.receive() == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_are_executed(port: int) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await socket.subscribe(CREATE, {"reference": "over-a-socket"}, name="m")
        created = await socket.receive()
        assert created["payload"]["data"]["shipmentCreate"]["errors"] == []
        assert await socket.receive() == {"id": "m", "type": "complete"}
        await socket.subscribe('{ shipment(by: {externalReference: "over-a-socket"}) { status } }', name="q")
        assert await socket.receive() == {
            "id": "q",
            "type": "next",
            "payload": {"data": {"shipment": {"status": "READY"}}},
        }


async def test_an_invalid_operation_returns_an_error_and_the_socket_stays_open(port: int) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        for query, code in (
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
            (
                "subscription { a: shipmentChanged { cursor } b: shipmentChanged { cursor } }",
                "GRAPHQL_VALIDATION_FAILED",
            ),
            ("{ " + "viewer { account } " * 400 + "}", "LIMIT_EXCEEDED"),
            ("query($a: Int!) { carriers(first: $a) { nodes { code } } }", "BAD_USER_INPUT"),
            ("subscription($a: String!) { shipmentChanged(after: $a) { cursor } }", "BAD_USER_INPUT"),
        ):
            await socket.subscribe(query)
            message = await socket.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code), message
        await socket.send(**QUERY)
        assert (await socket.receive())["type"] == "next"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([QUERY], 4401),
        ([INIT, INIT], 4429),
        ([INIT, {"type": "complete"}], 4400),
        ([INIT, {"id": "", "type": "complete"}], 4400),
        ([INIT, {"id": 7, "type": "complete"}], 4400),
        ([INIT, {"id": "x" * 129, "type": "complete"}], 4400),
        ([INIT, {"id": "1", "type": "next", "payload": {}}], 4400),
        ([INIT, {"type": "start", "id": "1", "payload": {"query": "{ viewer { account } }"}}], 4400),
        ([INIT, {"id": "1", "type": "subscribe"}], 4400),
        ([INIT, {"id": "1", "type": "subscribe", "payload": {"query": 1}}], 4400),
        ([INIT, {"id": "1", "type": "subscribe", "payload": {"query": "{a}", "variables": []}}], 4400),
        ([INIT, {"type": "ping", "payload": 1}], 4400),
        ([{"type": "connection_init", "payload": []}], 4400),
        ([INIT, []], 4400),
        ([INIT, None], 4400),
        ([INIT, {}], 4400),
        ([INIT, "{"], 4400),
        ([INIT, ""], 4400),
        ([INIT, '{"type":"ping","payload":{"a":NaN}}'], 4400),
        ([INIT, '{"type":"ping","payload":' + "[" * 40 + "]" * 40 + "}"], 4400),
        ([INIT, '{"type":"ping","payload":{"a":' + "9" * 400 + "}}"], 4400),
        ([INIT, '{"type":"subscribe","id":"\\ud800","payload":{"query":"{a}"}}'], 4400),
        ([INIT, b'{"type":"ping"}'], 4400),
        ([INIT, b"\xff\xfe"], 4400),
        ([INIT, "x" * 70_000], 1009),
        ([INIT, *[{"type": "ping"}] * 80], 4429),
        ([INIT, *[{"id": str(n), "type": "complete"} for n in range(80)]], 4429),
        ([INIT, {"id": "1", "type": "subscribe", "payload": {"query": ALL}},
          {"id": "1", "type": "subscribe", "payload": {"query": ALL}}], 4409),
    ],
)  # fmt: skip
async def test_a_violation_of_the_protocol_closes_the_socket_with_its_code(
    port: int, frames: list[Any], code: int
) -> None:
    async with WebSocketClient(port) as socket:
        for frame in frames:
            try:
                await socket.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            except websockets.ConnectionClosed:
                break
        assert await socket.closed() == code
    await assert_healthy(port)


async def test_a_socket_without_connection_init_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_connection, "INIT_TIMEOUT_SECONDS", 0.2)
    async with WebSocketClient(port) as socket:
        assert await socket.closed(2) == 4408
    async with WebSocketClient(port) as socket:
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        assert await socket.closed(2) == 4408


async def test_a_ping_returns_a_pong_and_an_unknown_id_is_ignored(port: int) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await socket.send(id="never", type="complete")
        await socket.send(type="ping", payload={"a": 1})
        assert await socket.receive() == {"type": "pong"}


async def test_only_the_subprotocol_graphql_transport_ws_is_accepted(port: int) -> None:
    for protocols in (["graphql-ws"], ["graphql-ws", "soap"], None):
        async with WebSocketClient(port, subprotocols=protocols) as socket:
            assert socket.connection.subprotocol is None
            assert await socket.closed() == 4406
    async with WebSocketClient(port, subprotocols=["graphql-ws", "graphql-transport-ws"]) as socket:
        await socket.connection_init()


async def test_pages_of_other_origins_are_rejected_unless_cors_origins_names_them(
    port: int, engine: AsyncEngine, settings: Settings
) -> None:
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port}.evil.example", "http://127.0.0.1"):
        with pytest.raises(websockets.InvalidStatus) as rejected:
            await WebSocketClient(port, origin=origin).__aenter__()
        assert rejected.value.response.status_code == 403
        assert json.loads(rejected.value.response.body)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    async with WebSocketClient(port, origin=f"http://127.0.0.1:{port}") as socket:
        await socket.connection_init()
    with_origins = settings.model_copy(update={"cors_origins": "https://a.example, https://b.example"})
    app = app_module.create_app(with_origins, engine=engine, keyless=True)
    async with (
        app.router.lifespan_context(app),
        run_server(app, with_origins) as other,
        WebSocketClient(other, origin="https://b.example") as socket,
    ):
        await socket.connection_init()


async def test_a_socket_runs_at_most_20_operations_at_the_same_time(port: int) -> None:
    async with WebSocketClient(port) as socket, ApiClient(port) as api:
        await socket.connection_init()
        for name in range(20):
            await socket.subscribe(ALL, name=str(name))
        await asyncio.sleep(0.2)
        await socket.subscribe(ALL, name="one more")
        message = await socket.receive()
        assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("one more", "LIMIT_EXCEEDED")
        await socket.send(id="7", type="complete")
        await asyncio.sleep(0.05)
        await socket.subscribe(ALL, name="in its place")
        await asyncio.sleep(0.2)
        await api.create()
        notified = {(await socket.receive())["id"] for _ in range(20)}
    assert notified == {str(name) for name in range(20) if name != 7} | {"in its place"}


async def test_the_number_of_sockets_is_limited_per_client_and_per_process(
    engine: AsyncEngine, settings: Settings
) -> None:
    limited = settings.model_copy(update={"max_streams": 3, "max_streams_per_client": 2})
    app = app_module.create_app(limited, engine=engine, keyless=True)
    async with (
        app.router.lifespan_context(app),
        run_server(app, limited) as port,
        WebSocketClient(port) as first,
        WebSocketClient(port) as second,
    ):
        async with WebSocketClient(port) as over_limit:
            await first.connection_init()
            await second.connection_init()
            await over_limit.send(**INIT)
            assert await over_limit.closed() == 4429
        async with WebSocketClient(port) as third:
            with pytest.raises(websockets.InvalidStatus) as rejected:
                await WebSocketClient(port).__aenter__()
            assert rejected.value.response.status_code == 503
            await first.connection.close()
            await asyncio.sleep(0.05)
            await third.connection_init()


async def test_a_slow_reader_fails_with_its_last_cursor_and_does_not_delay_others(
    app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "MAX_QUEUED_MESSAGES", 40)
    big = SHIPMENT_CHANGED % ("cursor shipmentSeq op " + " ".join(f"s{n}: shipment {{ ...all }}" for n in range(20)))
    big += " fragment all on Shipment { id number status packages { id } parties { name } events { nodes { id } } }"
    async with (
        run_server(app, settings, send_buffer=4096) as port,
        ApiClient(port) as api,
        WebSocketClient(port, max_queue=1) as slow,
        WebSocketClient(port) as quick,
    ):
        for socket in (slow, quick):
            await socket.connection_init()
            await socket.subscribe(big)
        await asyncio.sleep(0.3)
        cursors = []
        for _ in range(50):
            await asyncio.gather(*(api.create() for _ in range(4)))
            cursors += [change["cursor"] for change in await quick.changes(4)]
        received, last = [], {}
        while last.get("type") != "error":
            last = await slow.receive()
            received += [last["payload"]["data"]["shipmentChanged"]["cursor"]] if last["type"] == "next" else []
        extensions = last["payload"][0]["extensions"]
        assert extensions["code"] == "SLOW_CONSUMER"
        assert received == cursors[: len(received)]
        assert extensions["cursor"] == received[-1]
        await slow.subscribe(ALL, {"after": received[-1]})
        assert [change["cursor"] for change in await slow.changes(len(cursors) - len(received))] == cursors[
            len(received) :
        ]


async def test_a_mutation_that_has_started_completes_after_its_socket_closes(port: int, owner: AsyncEngine) -> None:
    tag = 'mutation($id: ID!) { shipmentUpdate(by: {id: $id}, input: {tagsAdd: ["done"]}) { errors { message } } }'
    async with ApiClient(port) as api, owner.connect() as locking:
        shipment = await api.create()
        await locking.execute(text("SELECT 1 FROM shipment FOR UPDATE"))  # the mutation waits for this lock
        async with WebSocketClient(port) as socket:
            await socket.connection_init()
            await socket.subscribe(tag, {"id": shipment})
            await asyncio.sleep(0.2)
            socket.connection.transport.abort()
        await asyncio.sleep(0.1)
        await locking.rollback()
        await asyncio.sleep(0.2)
        data = await api.execute("query($id: ID!) { shipment(by: {id: $id}) { tags } }", {"id": shipment})
    assert data["shipment"]["tags"] == ["done"]
