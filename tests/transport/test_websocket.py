"""graphql-transport-ws: every operation works over it, and nothing that a client sends brings it down."""

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
from tests.support.live_server import serving
from tests.support.streaming_clients import CHANGED, CREATE, PLAIN, Api, Socket

ALL = CHANGED % PLAIN
INIT = {"type": "connection_init"}
QUERY = {"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { account } }"}}


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with serving(app, settings) as port:
        yield port
        await asyncio.sleep(0.05)
        followers: broker.SubscriptionBroker = app.state.subscription_broker
        assert (followers.open_streams, followers.streams_per_client, followers.shared) == (0, {}, {}), (
            "something stayed behind"
        )


async def healthy(port: int) -> None:
    async with Socket(port) as socket:
        await socket.init()
        await socket.send(**QUERY)
        assert (await socket.receive())["payload"] == {"data": {"viewer": {"account": "default"}}}
        assert await socket.receive() == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_are_answered_too(port: int) -> None:
    async with Socket(port) as socket:
        await socket.init()
        await socket.subscribe(CREATE, {"reference": "over-a-socket"}, name="m")
        made = await socket.receive()
        assert made["payload"]["data"]["shipmentCreate"]["errors"] == []
        assert await socket.receive() == {"id": "m", "type": "complete"}
        await socket.subscribe('{ shipment(by: {externalReference: "over-a-socket"}) { status } }', name="q")
        assert await socket.receive() == {
            "id": "q",
            "type": "next",
            "payload": {"data": {"shipment": {"status": "READY"}}},
        }


async def test_what_is_wrong_with_an_operation_is_said_under_its_id_and_the_socket_stays(port: int) -> None:
    async with Socket(port) as socket:
        await socket.init()
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
            said = await socket.receive()
            assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", code), said
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
async def test_what_breaks_the_protocol_closes_the_socket_with_its_code(
    port: int, frames: list[Any], code: int
) -> None:
    async with Socket(port) as socket:
        for frame in frames:
            try:
                await socket.wire.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            except websockets.ConnectionClosed:
                break
        assert await socket.closed() == code
    await healthy(port)


async def test_who_does_not_introduce_itself_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_connection, "INIT_TIMEOUT_SECONDS", 0.2)
    async with Socket(port) as socket:
        assert await socket.closed(2) == 4408
    async with Socket(port) as socket:
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        assert await socket.closed(2) == 4408


async def test_a_ping_is_answered_and_unknown_ids_are_nobodys(port: int) -> None:
    async with Socket(port) as socket:
        await socket.init()
        await socket.send(id="never", type="complete")
        await socket.send(type="ping", payload={"a": 1})
        assert await socket.receive() == {"type": "pong"}


async def test_only_one_protocol_is_spoken(port: int) -> None:
    for protocols in (["graphql-ws"], ["graphql-ws", "soap"], None):
        async with Socket(port, subprotocols=protocols) as socket:
            assert socket.wire.subprotocol is None
            assert await socket.closed() == 4406
    async with Socket(port, subprotocols=["graphql-ws", "graphql-transport-ws"]) as socket:
        await socket.init()


async def test_pages_of_other_origins_do_not_come_in(port: int, engine: AsyncEngine, settings: Settings) -> None:
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port}.evil.example", "http://127.0.0.1"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await Socket(port, origin=origin).__aenter__()
        assert refused.value.response.status_code == 403
        assert json.loads(refused.value.response.body)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    async with Socket(port, origin=f"http://127.0.0.1:{port}") as socket:
        await socket.init()
    named = settings.model_copy(update={"cors_origins": "https://a.example, https://b.example"})
    app = app_module.create_app(named, engine=engine, keyless=True)
    async with (
        app.router.lifespan_context(app),
        serving(app, named) as other,
        Socket(other, origin="https://b.example") as socket,
    ):
        await socket.init()


async def test_a_socket_runs_twenty_operations_at_once_and_not_one_more(port: int) -> None:
    async with Socket(port) as socket, Api(port) as api:
        await socket.init()
        for name in range(20):
            await socket.subscribe(ALL, name=str(name))
        await asyncio.sleep(0.2)
        await socket.subscribe(ALL, name="one more")
        refused = await socket.receive()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("one more", "LIMIT_EXCEEDED")
        await socket.send(id="7", type="complete")
        await asyncio.sleep(0.05)
        await socket.subscribe(ALL, name="in its place")
        await asyncio.sleep(0.2)
        await api.create()
        told = {(await socket.receive())["id"] for _ in range(20)}
    assert told == {str(name) for name in range(20) if name != 7} | {"in its place"}


async def test_there_is_an_end_to_sockets_for_a_client_and_for_a_process(
    engine: AsyncEngine, settings: Settings
) -> None:
    few = settings.model_copy(update={"max_streams": 3, "max_streams_per_client": 2})
    app = app_module.create_app(few, engine=engine, keyless=True)
    async with app.router.lifespan_context(app), serving(app, few) as port, Socket(port) as one, Socket(port) as two:
        async with Socket(port) as three:
            await one.init()
            await two.init()
            await three.send(**INIT)
            assert await three.closed() == 4429
        async with Socket(port) as third:
            with pytest.raises(websockets.InvalidStatus) as refused:
                await Socket(port).__aenter__()
            assert refused.value.response.status_code == 503
            await one.wire.close()
            await asyncio.sleep(0.05)
            await third.init()


async def test_a_slow_reader_is_told_where_it_stands_and_others_do_not_wait_for_it(
    app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "MAX_QUEUED_MESSAGES", 40)
    big = CHANGED % ("cursor shipmentSeq op " + " ".join(f"s{n}: shipment {{ ...all }}" for n in range(20)))
    big += " fragment all on Shipment { id number status packages { id } parties { name } events { nodes { id } } }"
    async with (
        serving(app, settings, send_buffer=4096) as port,
        Api(port) as api,
        Socket(port, max_queue=1) as slow,
        Socket(port) as quick,
    ):
        for socket in (slow, quick):
            await socket.init()
            await socket.subscribe(big)
        await asyncio.sleep(0.3)
        cursors = []
        for _ in range(50):
            await asyncio.gather(*(api.create() for _ in range(4)))
            cursors += [one["cursor"] for one in await quick.changes(4)]
        seen, last = [], {}
        while last.get("type") != "error":
            last = await slow.receive()
            seen += [last["payload"]["data"]["shipmentChanged"]["cursor"]] if last["type"] == "next" else []
        extensions = last["payload"][0]["extensions"]
        assert extensions["code"] == "SLOW_CONSUMER"
        assert seen == cursors[: len(seen)]
        assert extensions["cursor"] == seen[-1]
        await slow.subscribe(ALL, {"after": seen[-1]})
        assert [one["cursor"] for one in await slow.changes(len(cursors) - len(seen))] == cursors[len(seen) :]


async def test_a_mutation_that_has_begun_is_carried_out_even_if_its_socket_goes(port: int, owner: AsyncEngine) -> None:
    tag = 'mutation($id: ID!) { shipmentUpdate(by: {id: $id}, input: {tagsAdd: ["done"]}) { errors { message } } }'
    async with Api(port) as api, owner.connect() as other:
        made = await api.create()
        await other.execute(text("SELECT 1 FROM shipment FOR UPDATE"))  # the mutation waits for this
        async with Socket(port) as socket:
            await socket.init()
            await socket.subscribe(tag, {"id": made})
            await asyncio.sleep(0.2)
            socket.wire.transport.abort()
        await asyncio.sleep(0.1)
        await other.rollback()
        await asyncio.sleep(0.2)
        found = await api.ask("query($id: ID!) { shipment(by: {id: $id}) { tags } }", {"id": made})
    assert found["shipment"]["tags"] == ["done"]
