"""The libraries that people use: each asks a question and follows the log, without a special case on either side."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from starlette.applications import Starlette

from graphql_app.database import change_notifier
from graphql_app.query_engine import change_log
from graphql_app.settings import Settings
from tests.support.live_server import serving
from tests.support.streaming_clients import CHANGED, PLAIN, Api

CLIENTS = Path(__file__).parent / "clients"
LIBRARIES = ["graphql-ws", "graphql-sse", "urql", "apollo"]
BEGINNING = change_log.encode_position(change_notifier.BEGINNING)
INSTALL = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with serving(app, settings) as port:
        yield port


@pytest.fixture
async def three(port: int) -> list[str]:
    """Cursors of three changes."""
    async with Api(port) as api:
        for _ in range(3):
            await api.create()
        return [one["cursor"] for one in await api.log()]


async def run(*command: str | Path, within: float, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=-1, stderr=-1)
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    if process.returncode:
        raise RuntimeError(err.decode())
    return out.decode()


async def test_the_libraries_of_javascript(port: int, three: list[str], tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("needs node and npm")
    folder = tmp_path / "clients"
    shutil.copytree(CLIENTS, folder)
    try:
        await run(npm, *INSTALL, within=90, folder=folder)
    except (RuntimeError, TimeoutError) as error:
        pytest.skip(f"npm cannot install the clients here: {error}")
    said = await run(node, "clients.mjs", f"http://127.0.0.1:{port}/graphql", three[0], within=30, folder=folder)
    lines = {line["name"]: line for line in map(json.loads, said.splitlines())}
    assert list(lines) == LIBRARIES
    for line in lines.values():
        assert line["answer"]["viewer"]["account"] == "default"
        assert line["changes"] == three[1:]


async def test_gql_for_python(port: int, three: list[str]) -> None:
    transport = WebsocketsTransport(
        url=f"ws://127.0.0.1:{port}/graphql", subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    )
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        assert session.client.schema
        assert session.client.schema.subscription_type
        assert await session.execute(gql("{ viewer { account } }")) == {"viewer": {"account": "default"}}
        request = gql(CHANGED % PLAIN)
        request.variable_values = {"after": BEGINNING}
        seen: list[str] = []
        async for result in session.subscribe(request):
            seen.append(result["shipmentChanged"]["cursor"])
            if len(seen) == 3:
                break
        assert seen == three


async def test_curl_and_every_browser(port: int, three: list[str], tmp_path: Path) -> None:
    """The bytes of a stream: what curl shows, and what EventSource reads."""
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("needs curl")
    url = f"http://127.0.0.1:{port}/graphql"
    command = [curl, "-sN", "--max-time", "1.5", "-G", url, "-H", "Accept: text/event-stream", "-H"]
    query = "query=subscription { shipmentChanged { cursor } }"
    process = await asyncio.create_subprocess_exec(
        *command, f"Last-Event-ID: {three[0]}", "--data-urlencode", query, stdout=-1
    )
    shown, _ = await process.communicate()
    assert b"\r" not in shown
    begin, *events, rest = shown.decode().split("\n\n")
    assert begin.splitlines()[1:] == ["retry: 1000", f"id: {three[0]}"]
    assert rest == ""
    assert events == [
        f'id: {cursor}\nevent: next\ndata: {{"data":{{"shipmentChanged":{{"cursor":"{cursor}"}}}}}}'
        for cursor in three[1:]
    ]


async def test_a_stream_that_cannot_begin_is_refused_with_a_status(port: int) -> None:
    """A client that only takes events would take 200 for a stream."""
    async with Api(port) as api:
        for query, status in (("subscription { nothing }", 400), ("{ viewer { account } }", 406)):
            answer = await api.client.post("/graphql", json={"query": query}, headers={"accept": "text/event-stream"})
            assert answer.status_code == status
            assert answer.json()["errors"]
        answer = await api.client.post(
            "/graphql", json={"query": "subscription { shipmentChanged { cursor } }"}, headers={"accept": "*/*"}
        )
        assert answer.status_code == 406
