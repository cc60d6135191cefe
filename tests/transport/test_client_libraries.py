"""Common client libraries: each executes a query and follows a subscription, without special settings."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.live_server import run_server
from tests.support.streaming_clients import CHANGE_FIELDS, SHIPMENT_CHANGED, ApiClient

CLIENTS = Path(__file__).parent / "clients"
LIBRARIES = ["graphql-ws", "graphql-ws, persisted", "graphql-sse", "urql", "apollo", "apollo, multipart"]
INSTALL = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


@pytest.fixture
async def cursors(port: int) -> list[str]:
    """The cursors of three changes."""
    async with ApiClient(port) as api:
        for _ in range(3):
            await api.create()
        return [change["cursor"] for change in await api.log()]


async def run(*command: str | Path, timeout_seconds: float, folder: Path) -> str:
    """Run a program and return its standard output; RuntimeError with its standard error if it fails."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=-1, stderr=-1)
    try:
        async with asyncio.timeout(timeout_seconds):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    if process.returncode:
        raise RuntimeError(err.decode())
    return out.decode()


async def test_javascript_libraries(port: int, cursors: list[str], tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("requires node and npm")
    folder = tmp_path / "clients"
    shutil.copytree(CLIENTS, folder)
    try:
        await run(npm, *INSTALL, timeout_seconds=90, folder=folder)
    except (RuntimeError, TimeoutError) as error:
        pytest.skip(f"npm cannot install the clients here: {error}")
    output = await run(
        node, "clients.mjs", f"http://127.0.0.1:{port}/graphql", cursors[0], timeout_seconds=30, folder=folder
    )
    lines = {line["name"]: line for line in map(json.loads, output.splitlines())}
    assert list(lines) == LIBRARIES
    for line in lines.values():
        assert line["data"]["viewer"]["account"] == "default"
        assert line["changes"] == cursors[1:]


async def test_gql_of_python(port: int, cursors: list[str]) -> None:
    transport = WebsocketsTransport(
        url=f"ws://127.0.0.1:{port}/graphql", subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    )
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        assert session.client.schema
        assert session.client.schema.subscription_type
        assert await session.execute(gql("{ viewer { account } }")) == {"viewer": {"account": "default"}}
        request = gql(SHIPMENT_CHANGED % CHANGE_FIELDS)
        request.variable_values = {"after": ""}
        received: list[str] = []
        async for result in session.subscribe(request):
            received.append(result["shipmentChanged"]["cursor"])
            if len(received) == 3:
                break
        assert received == cursors


async def test_curl_and_event_source(port: int, cursors: list[str], tmp_path: Path) -> None:
    """The bytes of a stream, as curl prints them and EventSource parses them."""
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("requires curl")
    url = f"http://127.0.0.1:{port}/graphql"
    command = [curl, "-sN", "--max-time", "1.5", "-G", url, "-H", "Accept: text/event-stream", "-H"]
    query = "query=subscription { shipmentChanged { cursor } }"
    process = await asyncio.create_subprocess_exec(
        *command, f"Last-Event-ID: {cursors[0]}", "--data-urlencode", query, stdout=-1
    )
    output, _ = await process.communicate()
    assert b"\r" not in output
    head, *events, rest = output.decode().split("\n\n")
    assert head.splitlines()[1:] == ["retry: 1000", f"id: {cursors[0]}"]
    assert rest == ""
    assert events == [
        f'id: {cursor}\nevent: next\ndata: {{"data":{{"shipmentChanged":{{"cursor":"{cursor}"}}}}}}'
        for cursor in cursors[1:]
    ]


async def test_a_stream_that_cannot_start_is_rejected_with_a_status(port: int) -> None:
    """A client that only accepts events would treat a response with status 200 as a stream."""
    async with ApiClient(port) as api:
        for query in ("subscription { nothing }", "{ nothing }", "query($a: Int!) { nodes(ids: $a) { id } }"):
            response = await api.client.post("/graphql", json={"query": query}, headers={"accept": "text/event-stream"})
            assert response.status_code == 400
            assert response.json()["errors"]
        response = await api.client.post(
            "/graphql", json={"query": "subscription { shipmentChanged { cursor } }"}, headers={"accept": "*/*"}
        )
        assert response.status_code == 406
