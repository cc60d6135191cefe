"""graphql-transport-ws: when the id of an operation is free again, and what is logged about invalid text."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.live_server import run_server
from tests.support.streaming_clients import CHANGE_FIELDS, SHIPMENT_CHANGED, ApiClient, WebSocketClient

ALL = SHIPMENT_CHANGED % CHANGE_FIELDS
QUERY = {"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { account } }"}}
RESULT = {"data": {"viewer": {"account": "default"}}}


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


@pytest.mark.parametrize("frames", [b"\xff\xfe", [b'{"type":"ping","payload":{"a":"\xc3', b'("}}']], ids=["one", "two"])
async def test_text_that_is_not_utf_8_closes_the_socket_with_1007_and_one_log_line(
    port: int, caplog: pytest.LogCaptureFixture, frames: bytes | list[bytes]
) -> None:
    caplog.set_level(logging.INFO)
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        before = len(caplog.records)
        await socket.connection.send(frames, text=True)
        assert await socket.closed() == 1007
    (record,) = [record for record in caplog.records[before:] if record.name != "websockets.client"]
    assert "not UTF-8" in record.getMessage()
    assert record.exc_info is None
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        await socket.send(**QUERY)
        assert (await socket.receive())["payload"] == RESULT


async def test_the_id_of_a_completed_subscription_can_be_used_again_at_once(port: int) -> None:
    async with WebSocketClient(port) as socket, ApiClient(port) as api:
        await socket.connection_init()
        for _ in range(10):
            await socket.subscribe(ALL, name="same")
            await socket.send(id="same", type="complete")
        await socket.subscribe(ALL, name="same")
        await socket.send(**QUERY)
        assert [(await socket.receive())["id"] for _ in range(2)] == ["1", "1"]
        await asyncio.sleep(0.1)
        await api.create("only one")
        (change,) = await socket.changes(1)
        assert change["op"] == "shipment.created"
        await socket.send(**QUERY)
        assert (await socket.receive())["id"] == "1", "the completed subscriptions must send nothing"


async def test_an_id_is_free_as_soon_as_its_operation_has_sent_its_last_message(port: int) -> None:
    async with WebSocketClient(port) as socket:
        await socket.connection_init()
        for query in ("{ viewer { account } }", "{ nothing }") * 10:
            await socket.subscribe(query, name="same")
            while (await socket.receive())["type"] == "next":
                pass


async def test_a_mutation_that_the_client_has_completed_runs_to_its_end_and_sends_nothing(
    port: int, owner: AsyncEngine
) -> None:
    tag = 'mutation($id: ID!) { shipmentUpdate(by: {id: $id}, input: {tagsAdd: ["done"]}) { errors { message } } }'
    async with ApiClient(port) as api, WebSocketClient(port) as socket, owner.connect() as locking:
        shipment = await api.create()
        await socket.connection_init()
        await locking.execute(text("SELECT 1 FROM shipment FOR UPDATE"))  # the mutation waits for this lock
        await socket.subscribe(tag, {"id": shipment}, name="1")
        await asyncio.sleep(0.2)
        await socket.send(id="1", type="complete")
        await socket.send(**QUERY)
        assert (await socket.receive())["payload"] == RESULT
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await locking.rollback()
        await asyncio.sleep(0.2)
        await socket.subscribe("{ viewer { account } }", name="2")
        assert (await socket.receive())["id"] == "2"
        data = await api.execute("query($id: ID!) { shipment(by: {id: $id}) { tags } }", {"id": shipment})
    assert data["shipment"]["tags"] == ["done"]
