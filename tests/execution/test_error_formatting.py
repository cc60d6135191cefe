"""Failures: the code, status and message that a client receives, the log lines, and the recovery afterwards."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import engine as engine_module
from graphql_app.query_engine import fast_path, plan
from graphql_app.settings import Settings
from tests.support.live_server import client_with_settings

READ = {"query": "{ carriers { nodes { code } } }"}
READ_TWO = {"query": "{ carriers { nodes { code } } shipments { nodes { id } } }"}
WRITE = {"query": 'mutation { carrierSave(code: "ups", input: {name: "UPS"}) { carrier { code } errors { code } } }'}
EMPTY = {"data": {"carriers": {"nodes": []}}}


@pytest.fixture
async def other_connection(postgres_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection to the database that does not belong to the app."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def app_of(settings: Settings, **changes: Any) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """A client of an app with changed settings and its own engine."""
    assert settings.postgres_url
    other = settings.model_copy(update=changes)
    engine = engine_module.make_engine(settings.postgres_url.get_secret_value(), other, name="app-under-test")
    try:
        async with client_with_settings(engine, other) as client:
            assert (await client.post("/graphql", json=READ)).json() == EMPTY
            yield client, engine
    finally:
        await engine.dispose()


def status_and_code(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error response, after checking that it contains no internal details."""
    for internal in ("Traceback", "site-packages", "asyncpg", "sqlalchemy", "SELECT", "carrier_1", ".py", "127.0.0.1"):
        assert internal not in response.text
    error = response.json()["errors"][0]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return response.status_code, error["extensions"]["code"]


async def test_an_unexpected_exception_in_a_field_is_an_internal_error_and_is_logged_with_its_traceback(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret message")

    monkeypatch.setattr(plan.Plan, "arguments", fail)
    response = await client.post("/graphql", json=READ)
    assert status_and_code(response) == (200, "INTERNAL_ERROR")
    assert response.json()["data"] == {"carriers": None}
    assert response.json()["errors"][0]["path"] == ["carriers"]
    assert "secret" not in response.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert response.headers["x-request-id"] in record.getMessage()
    assert "a secret message" in caplog.text
    assert "Traceback" in caplog.text


async def test_an_unexpected_exception_outside_of_a_field_is_an_internal_error(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret message")

    monkeypatch.setattr(fast_path, "execute_single_field", fail)
    response = await client.post("/graphql", json=READ)
    assert status_and_code(response) == (500, "INTERNAL_ERROR")
    assert "data" not in response.json()
    assert caplog.text.count("Traceback") == 1


async def test_a_client_error_is_logged_in_one_line(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "graphql_app")
    for query in (
        "{ nothing }",
        "{",
        "{ shipments(first: -1) { nodes { id } } }",
        '{ viewer(a: "\\u000a\\u000aFAKE") { x } }',
    ):
        caplog.clear()
        response = await client.post("/graphql", json={"query": query})
        lines = [record.getMessage() for record in caplog.records if record.name.startswith("graphql_app")]
        assert len(lines) == 1, lines
        assert "\n" not in lines[0]
        assert lines[0].startswith(f"{response.headers['x-request-id']} {status_and_code(response)[1]} ")
        assert len(lines[0]) < 400


async def test_the_length_and_number_of_messages_is_limited(client: httpx.AsyncClient) -> None:
    long_name = await client.post("/graphql", json={"query": "{" + "a" * 5000 + "}"})
    assert len(long_name.json()["errors"][0]["message"]) == 300
    many_errors = await client.post(
        "/graphql", json={"query": "{" + " ".join(f"a{number}" for number in range(20)) + "}"}
    )
    assert len(many_errors.json()["errors"]) == 20
    ids = [{"x": 1}] * 500
    request = {"query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": ids}}
    invalid_variables = await client.post("/graphql", json=request)
    assert 1 <= len(invalid_variables.json()["errors"]) <= 20
    assert len(invalid_variables.content) < 10_000


async def test_a_statement_that_exceeds_the_statement_timeout_returns_timeout(
    settings: Settings, engine: AsyncEngine, other_connection: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings, statement_timeout=0.2) as (client, _):
        async with other_connection.transaction():
            await other_connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            for request in (READ, READ_TWO):
                response = await client.post("/graphql", json=request)
                assert status_and_code(response)[1] == "TIMEOUT"
                assert response.headers["retry-after"]
        assert (await client.post("/graphql", json=READ)).json() == EMPTY


async def test_a_lock_that_is_not_granted_in_time_returns_conflict(
    settings: Settings,
    engine: AsyncEngine,
    other_connection: "asyncpg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT", "200ms")
    async with app_of(settings) as (client, _):
        async with other_connection.transaction():
            await other_connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            response = await client.post("/graphql", json=WRITE)
            assert status_and_code(response) == (200, "CONFLICT")
        saved = (await client.post("/graphql", json=WRITE)).json()
        assert saved == {"data": {"carrierSave": {"carrier": {"code": "ups"}, "errors": []}}}


async def test_a_request_that_exceeds_the_request_timeout_is_cancelled(
    settings: Settings, engine: AsyncEngine, other_connection: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings, request_timeout=0.3) as (client, app_engine):
        async with other_connection.transaction():
            await other_connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            for request in (READ, READ_TWO, WRITE):
                response = await client.post("/graphql", json=request)
                assert status_and_code(response) == (503, "TIMEOUT")
                assert response.headers["retry-after"]
        assert (await client.post("/graphql", json=READ)).json() == EMPTY
        assert app_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_operations_beyond_the_queue_are_rejected_immediately_and_the_app_recovers(
    settings: Settings, engine: AsyncEngine, other_connection: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings, pool_size=2, pool_timeout=0.2, max_queued_operations=2) as (client, _):
        async with other_connection.transaction():
            await other_connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            tasks = [asyncio.create_task(client.post("/graphql", json=READ)) for _ in range(8)]
            await asyncio.sleep(0.6)
            rejected = [task.result() for task in tasks if task.done()]
            assert len(rejected) == 7, "one runs: a client cannot take the last one of two slots"
            for response in rejected:
                assert status_and_code(response) == (503, "UNAVAILABLE")
                assert response.headers["retry-after"] == "1"
        responses = await asyncio.gather(*tasks)
        assert EMPTY in [response.json() for response in responses]
        assert (await client.post("/graphql", json=READ)).json() == EMPTY


async def test_a_query_succeeds_after_all_connections_were_terminated(
    settings: Settings, engine: AsyncEngine, other_connection: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings) as (client, _):
        for request, expected in (
            (READ, EMPTY),
            (READ_TWO, {"data": {"carriers": {"nodes": []}, "shipments": {"nodes": []}}}),
        ):
            await terminate_backends(other_connection)
            assert (await client.post("/graphql", json=request)).json() == expected


async def test_after_a_connection_is_lost_during_a_statement_a_query_is_repeated_and_a_mutation_fails(
    settings: Settings, engine: AsyncEngine, other_connection: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings) as (client, _):
        for request, expected in ((READ, (200, None)), (WRITE, (503, "UNAVAILABLE"))):
            async with other_connection.transaction():
                await other_connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
                task = asyncio.create_task(client.post("/graphql", json=request))
                await asyncio.sleep(0.2)
                await terminate_backends(other_connection)
                await asyncio.sleep(0.1)
            response = await task
            assert (status_and_code(response) if "errors" in response.json() else (200, None)) == expected
        assert (await client.post("/graphql", json=READ)).json() == EMPTY


async def terminate_backends(connection: "asyncpg.Connection[Any]") -> None:
    """Terminate all PostgreSQL backends of the app."""
    terminated = await connection.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'app-under-test'"
    )
    assert terminated >= 1


async def test_a_database_that_cannot_be_reached_returns_unavailable(settings: Settings, engine: AsyncEngine) -> None:
    assert settings.postgres_url
    url = make_url(settings.postgres_url.get_secret_value())
    unreachable = url.set(query={**url.query, "host": "/nowhere"}).render_as_string(hide_password=False)
    unconnected = engine_module.make_engine(unreachable, settings)
    async with client_with_settings(unconnected, settings) as client:
        for request in (READ, WRITE):
            response = await client.post("/graphql", json=request)
            assert status_and_code(response) == (503, "UNAVAILABLE")
            assert response.headers["retry-after"] == "1"
    await unconnected.dispose()


async def test_fields_that_succeeded_keep_their_data_if_another_field_fails(
    settings: Settings,
    engine: AsyncEngine,
    other_connection: "asyncpg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT", "200ms")
    async with app_of(settings) as (client, _):
        async with other_connection.transaction():
            await other_connection.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            query = 'mutation { __typename a: carrierSave(code: "ups", input: {name: "UPS"}) { carrier { code } } }'
            response = await client.post("/graphql", json={"query": query})
        assert response.status_code == 200
        assert response.json()["data"] == {"__typename": "Mutation", "a": None}
        assert response.json()["errors"][0]["path"] == ["a"]
