"""The connection to PostgreSQL ends after each message of the server: an error says whether the write is committed.

`extensions.committed` is true exactly if the connection was lost after the commit was acknowledged, whatever the
transport. Without it the write is missing, or its outcome is unknown because the connection ended during the commit.
"""

import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.settings import Settings
from tests.support.live_server import run_server
from tests.support.postgres_proxy import PostgresProxy, postgres_proxy, serving
from tests.support.streaming_clients import WebSocketClient

FIELD = """%s: shipmentCreate(input: {externalReference: $%s, shipper: {name: "A", country: DE}}%s) {
  shipment { externalReference packages { id } } errors { message } meta { replayed } }"""
MUTATIONS = {
    "without key": "mutation($a: String!, $b: String!) {" + FIELD % ("a", "a", "") + FIELD % ("b", "b", "") + "}",
    "with key": "mutation($a: String!, $b: String!) {"
    + FIELD % ("a", "a", ", options: {idempotencyKey: $a}")
    + FIELD % ("b", "b", ", options: {idempotencyKey: $b}")
    + "}",
}
Run = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@pytest.fixture
async def proxy(settings: Settings, server_folder: Path, engine: AsyncEngine) -> AsyncIterator[PostgresProxy]:
    async with postgres_proxy(settings, server_folder) as proxy:
        yield proxy


@asynccontextmanager
async def over_http(client: Any, settings: Settings) -> AsyncIterator[Run]:
    async def run(body: dict[str, Any]) -> dict[str, Any]:
        response = await client.post("/graphql", json=body)
        result: dict[str, Any] = response.json()
        if committed_fields(result):
            assert response.status_code == 200, "a client or a proxy may retry 503 automatically"
            assert "retry-after" not in response.headers
        return result

    yield run


@asynccontextmanager
async def over_websocket(client: Any, settings: Settings) -> AsyncIterator[Run]:
    async with run_server(client._transport.app, settings) as port:

        async def run(body: dict[str, Any]) -> dict[str, Any]:
            async with WebSocketClient(port) as socket:
                await (await socket.connection_init()).send(id="1", type="subscribe", payload=body)
                message = await socket.receive()
                payload: Any = message["payload"]
                return {"errors": payload} if message["type"] == "error" else payload

        yield run


TRANSPORTS = {"HTTP": over_http, "WebSocket": over_websocket}


def committed_fields(result: dict[str, Any]) -> set[str]:
    """The root fields whose errors say that the write is committed."""
    return {error["path"][0] for error in result.get("errors", ()) if error["extensions"].get("committed") is True}


def new_references() -> dict[str, str]:
    """References for the two fields of a mutation."""
    return {field: f"{field}-{uuid.uuid4().hex}" for field in ("a", "b")}


async def stored(owner: AsyncEngine, references: dict[str, str]) -> set[str]:
    """The root fields whose shipments exist."""
    async with owner.connect() as connection:
        rows = await connection.execute(text("SELECT external_reference FROM shipment"))
        existing = set(rows.scalars())
    return {field for field, reference in references.items() if reference in existing}


CASES = [*itertools.product(TRANSPORTS, MUTATIONS, ["closed"]), ("HTTP", "without key", "silent")]
"""Transport, keys and ending. Each message of a silent connection takes a timeout, so only one combination has it."""


@pytest.mark.parametrize(("transport", "keys", "ending"), CASES)
async def test_an_error_after_the_commit_says_that_the_write_is_committed(
    proxy: PostgresProxy, settings: Settings, owner: AsyncEngine, transport: str, keys: str, ending: str
) -> None:
    reported: list[set[str]] = []
    changes = {"request_timeout": 0.4} if ending == "silent" else {}
    async with (
        serving(proxy, settings, **changes) as (client, _),
        TRANSPORTS[transport](client, settings) as run,
    ):
        for message in itertools.count():
            await run({"query": MUTATIONS[keys], "variables": new_references()})  # prepares all statements
            references = new_references()
            proxy.cut = ending, message
            result = await run({"query": MUTATIONS[keys], "variables": references})
            if proxy.cut is not None:
                proxy.cut = None
                break
            existing = await stored(owner, references)
            answered = {field for field, payload in (result.get("data") or {}).items() if payload}
            answered -= {error["path"][0] for error in result.get("errors", ()) if error.get("path")}
            assert committed_fields(result) <= existing, result
            assert answered <= existing, result
            reported.append(committed_fields(result))
            for error in result.get("errors", ()):  # none if the cut met the connection that checks API keys
                is_committed = error["extensions"].get("committed") is True
                assert is_committed or len(error.get("path", ())) < 2, "errors below the root field follow the commit"
                assert ("The write is committed" in error["message"]) == is_committed
            if keys == "with key" and ending == "closed":  # a silent connection keeps its locks on the server
                retried = await run({"query": MUTATIONS[keys], "variables": references})
                assert {field for field, payload in retried["data"].items() if payload["meta"]["replayed"]} == existing
    assert not result.get("errors")
    # The cut moves from the first message of an operation to the last: first the payload of "a" cannot be read, then
    # that of "b". The timeout ends the whole operation, so it also hides the payload of "a".
    assert {"a"} in reported
    assert ({"a", "b"} if ending == "silent" else {"b"}) in reported


async def test_an_error_of_a_replay_says_that_the_write_is_committed(proxy: PostgresProxy, settings: Settings) -> None:
    async with serving(proxy, settings) as (client, _):
        body = {"query": MUTATIONS["with key"], "variables": {"a": "first", "b": "second"}}
        assert "errors" not in (await client.post("/graphql", json=body)).json()
        reported = []
        for message in itertools.count():
            await client.post("/graphql", json={"query": "{ carriers { nodes { id } } }"})
            proxy.cut = "closed", message
            result = (await client.post("/graphql", json=body)).json()
            if proxy.cut is not None:
                proxy.cut = None
                break
            reported.append(committed_fields(result))
    assert {"a"} in reported
    assert {"b"} in reported
