"""What those see who run the process."""

import asyncio
import json
import logging
import os
import re
import signal
from collections import Counter

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from graphql_app.errors import request_errors
from graphql_app.observability import metrics
from graphql_app.observability.logging import JsonLogFormatter, LogFormatter, request_id
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.databases import admin_connection, database_url
from tests.support.live_server import serving
from tests.support.streaming_clients import CHANGED, CREATE, PLAIN, Socket, events


async def test_it_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz"):
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_it_is_alive_but_not_ready_without_its_database(
    server: EmbeddedServer, migrated: str, settings: Settings
) -> None:
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE leaving TEMPLATE {migrated}")
    engine = make_engine(database_url(server, "leaving"), settings)
    made = app_module.create_app(settings, engine=engine, keyless=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://127.0.0.1") as client:
        assert (await client.get("/readyz")).status_code == 200
        async with admin_connection(server) as connection:
            await connection.execute("DROP DATABASE leaving WITH (FORCE)")
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "no database\n")
        assert (await client.get("/livez")).status_code == 200
    await engine.dispose()


async def test_it_stays_ready_while_all_connections_are_busy(postgres_url: str, settings: Settings) -> None:
    few = settings.model_copy(update={"pool_size": 1, "pool_timeout": 0.1})
    engine = make_engine(postgres_url, few)
    made = app_module.create_app(few, engine=engine, keyless=True)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://127.0.0.1") as client,
        engine.connect() as busy,
    ):
        await busy.execute(text("SELECT 1"))
        assert (await client.get("/readyz")).status_code == 200
    await engine.dispose()


async def test_it_is_not_ready_once_it_was_told_to_end(settings: Settings, engine: AsyncEngine) -> None:
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        made = app_module.create_app(settings, engine=engine, keyless=True)
        async with (
            made.router.lifespan_context(made),
            httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://127.0.0.1") as client,
        ):
            os.kill(os.getpid(), signal.SIGTERM)
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.text) == (503, "draining\n")
            await asyncio.sleep(0.05)
        assert told == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_the_numbers_are_in_prometheus_format(client: httpx.AsyncClient) -> None:
    with metrics.OperationMetrics() as seen:
        seen.kind = "query"
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'graphql_operations_total{code="ok",kind="query"}' in answer.text
    assert 'graphql_operation_seconds_bucket{kind="query",le="0.0025"}' in answer.text


async def counted(port: int) -> Counter[tuple[str, str]]:
    """How many operations of each kind ended with each code, so far in this process."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        found = re.findall(r'operations_total{code="(\w+)",kind="(\w+)"} (\d+)', (await client.get("/metrics")).text)
    return Counter({(kind, code): int(number) for code, kind, number in found})


async def test_operations_over_sockets_and_streams_count_as_those_over_http(
    app: Starlette, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    forged = 'subscription { shipmentChanged(after: "x") { cursor } }'
    caplog.set_level(logging.INFO, "graphql_app.requests")
    async with serving(app, settings) as port, Socket(port) as socket:
        before = await counted(port)
        await socket.init()
        for query in ("{ viewer { account } }", "{ nothing }", CREATE, forged):
            await socket.subscribe(query)
            while (await socket.receive())["type"] not in ("complete", "error"):
                pass
        await socket.subscribe(CHANGED % PLAIN)
        await asyncio.sleep(0.1)
        await socket.send(id="1", type="complete")
        await asyncio.sleep(0.1)
        over_socket = await counted(port) - before
        async with events(port, CHANGED % PLAIN) as stream:
            await anext(stream)
            app.state.subscription_broker.open_subscriptions.copy().pop().fail(request_errors.SlowConsumer())
            assert (await anext(stream))["event"] == "next"
        await asyncio.sleep(0.1)
        over_stream = await counted(port) - before - over_socket
    assert over_socket == {
        ("query", "ok"): 1, ("none", "GRAPHQL_VALIDATION_FAILED"): 1, ("mutation", "ok"): 1,
        ("subscription", "INVALID_CURSOR"): 1, ("subscription", "ok"): 1,
    }  # fmt: skip
    assert over_stream == {("subscription", "SLOW_CONSUMER"): 1}
    codes = [record.getMessage().split()[1] for record in caplog.records if record.name == "graphql_app.requests"]
    assert codes == ["GRAPHQL_VALIDATION_FAILED", "INVALID_CURSOR", "SLOW_CONSUMER"]


@pytest.mark.parametrize(("style", "read"), [("json", json.loads), ("text", str)])
def test_a_line_of_the_log_says_when_where_and_what(style: str, read: type) -> None:
    formatter = JsonLogFormatter() if style == "json" else LogFormatter()
    token = request_id.set("abc")
    try:
        raise ValueError("a\nb")
    except ValueError as error:
        record = logging.LogRecord("graphql_app.x", logging.ERROR, "", 0, "it %s", ("broke",), (None, error, None))
        record.exc_info = (ValueError, error, error.__traceback__)
    line = formatter.format(record)
    request_id.reset(token)
    if style == "json":
        assert "\n" not in line
        said = read(line)
        assert (said["level"], said["logger"], said["message"]) == ("ERROR", "graphql_app.x", "it broke")
        assert said["request_id"] == "abc"
        assert said["trace"].endswith("ValueError: a\nb")
        assert said["at"].endswith("Z")
    else:
        assert "Z ERROR graphql_app.x it broke\nTraceback" in line
