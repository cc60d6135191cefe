"""Health checks, metrics and log lines."""

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
from tests.support.live_server import run_server
from tests.support.streaming_clients import CHANGE_FIELDS, CREATE, SHIPMENT_CHANGED, WebSocketClient, sse_events


async def test_livez_and_readyz_return_ok(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz"):
        response = await client.get(path)
        assert (response.status_code, response.text) == (200, "ok\n")


async def test_readyz_returns_503_without_a_database_and_livez_200(
    server: EmbeddedServer, migrated: str, settings: Settings
) -> None:
    async with admin_connection(server) as connection:
        await connection.execute(f"CREATE DATABASE dropped_later TEMPLATE {migrated}")
    engine = make_engine(database_url(server, "dropped_later"), settings)
    app = app_module.create_app(settings, engine=engine, keyless=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert (await client.get("/readyz")).status_code == 200
        async with admin_connection(server) as connection:
            await connection.execute("DROP DATABASE dropped_later WITH (FORCE)")
        response = await client.get("/readyz")
        assert (response.status_code, response.text) == (503, "no database\n")
        assert (await client.get("/livez")).status_code == 200
    await engine.dispose()


async def test_readyz_returns_ok_while_all_pool_connections_are_in_use(postgres_url: str, settings: Settings) -> None:
    one_connection = settings.model_copy(update={"pool_size": 1, "pool_timeout": 0.1})
    engine = make_engine(postgres_url, one_connection)
    app = app_module.create_app(one_connection, engine=engine, keyless=True)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
        engine.connect() as busy,
    ):
        await busy.execute(text("SELECT 1"))
        assert (await client.get("/readyz")).status_code == 200
    await engine.dispose()


async def test_readyz_returns_draining_after_sigterm(settings: Settings, engine: AsyncEngine) -> None:
    received: list[int] = []
    previous_handler = signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
    try:
        app = app_module.create_app(settings, engine=engine, keyless=True)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
        ):
            os.kill(os.getpid(), signal.SIGTERM)
            response = await client.get("/readyz")
            assert (response.status_code, response.text) == (503, "draining\n")
            await asyncio.sleep(0.05)
        assert received == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, previous_handler)


async def test_metrics_are_in_the_prometheus_format(client: httpx.AsyncClient) -> None:
    with metrics.OperationMetrics() as operation:
        operation.kind = "query"
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert 'graphql_operations_total{code="ok",kind="query"}' in response.text
    assert 'graphql_operation_seconds_bucket{kind="query",le="0.0025"}' in response.text


async def operation_counts(port: int) -> Counter[tuple[str, str]]:
    """Number of operations by kind and code, from /metrics."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        samples = re.findall(r'operations_total{code="(\w+)",kind="(\w+)"} (\d+)', (await client.get("/metrics")).text)
    return Counter({(kind, code): int(number) for code, kind, number in samples})


async def test_operations_over_websocket_and_sse_are_counted(
    app: Starlette, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    invalid_cursor = 'subscription { shipmentChanged(after: "x") { cursor } }'
    caplog.set_level(logging.INFO, "graphql_app.requests")
    async with run_server(app, settings) as port, WebSocketClient(port) as socket:
        before = await operation_counts(port)
        await socket.connection_init()
        for query in ("{ viewer { account } }", "{ nothing }", CREATE, invalid_cursor):
            await socket.subscribe(query)
            while (await socket.receive())["type"] not in ("complete", "error"):
                pass
        await socket.subscribe(SHIPMENT_CHANGED % CHANGE_FIELDS)
        await asyncio.sleep(0.1)
        await socket.send(id="1", type="complete")
        await asyncio.sleep(0.1)
        over_socket = await operation_counts(port) - before
        async with sse_events(port, SHIPMENT_CHANGED % CHANGE_FIELDS) as stream:
            await anext(stream)
            app.state.subscription_broker.open_subscriptions.copy().pop().fail(request_errors.SlowConsumer())
            assert (await anext(stream))["event"] == "next"
        await asyncio.sleep(0.1)
        over_stream = await operation_counts(port) - before - over_socket
    assert over_socket == {
        ("query", "ok"): 1, ("none", "GRAPHQL_VALIDATION_FAILED"): 1, ("mutation", "ok"): 1,
        ("subscription", "INVALID_CURSOR"): 1, ("subscription", "ok"): 1,
    }  # fmt: skip
    assert over_stream == {("subscription", "SLOW_CONSUMER"): 1}
    codes = [record.getMessage().split()[1] for record in caplog.records if record.name == "graphql_app.requests"]
    assert codes == ["GRAPHQL_VALIDATION_FAILED", "INVALID_CURSOR", "SLOW_CONSUMER"]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_log_lines_contain_time_level_logger_message_and_traceback(log_format: str) -> None:
    formatter = JsonLogFormatter() if log_format == "json" else LogFormatter()
    token = request_id.set("abc")
    try:
        raise ValueError("a\nb")
    except ValueError as error:
        record = logging.LogRecord("graphql_app.x", logging.ERROR, "", 0, "it %s", ("broke",), (None, error, None))
        record.exc_info = (ValueError, error, error.__traceback__)
    line = formatter.format(record)
    request_id.reset(token)
    if log_format == "json":
        assert "\n" not in line
        fields = json.loads(line)
        assert (fields["level"], fields["logger"], fields["message"]) == ("ERROR", "graphql_app.x", "it broke")
        assert fields["request_id"] == "abc"
        assert fields["trace"].endswith("ValueError: a\nb")
        assert fields["at"].endswith("Z")
    else:
        assert "Z ERROR graphql_app.x it broke\nTraceback" in line
