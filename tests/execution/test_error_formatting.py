"""When things go wrong: what a client is told, with which code and status; what the log has; and that it recovers."""

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
from tests.support.live_server import client_of

READ = {"query": "{ carriers { nodes { code } } }"}
TWO = {"query": "{ carriers { nodes { code } } shipments { nodes { id } } }"}
WRITE = {"query": 'mutation { carrierSave(code: "ups", input: {name: "UPS"}) { carrier { code } errors { code } } }'}
EMPTY = {"data": {"carriers": {"nodes": []}}}


@pytest.fixture
async def beside(postgres_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection of our own, beside the app's."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def app_of(settings: Settings, **changes: Any) -> AsyncIterator[tuple[httpx.AsyncClient, AsyncEngine]]:
    """A client of an app with an engine of its own, made with other settings."""
    assert settings.postgres_url
    other = settings.model_copy(update=changes)
    engine = engine_module.make_engine(settings.postgres_url.get_secret_value(), other, name="app-under-test")
    try:
        async with client_of(engine, other) as client:
            assert (await client.post("/graphql", json=READ)).json() == EMPTY
            yield client, engine
    finally:
        await engine.dispose()


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that failed. Nothing of ours is in it."""
    for inner in ("Traceback", "site-packages", "asyncpg", "sqlalchemy", "SELECT", "carrier_1", ".py", "127.0.0.1"):
        assert inner not in answer.text
    error = answer.json()["errors"][0]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return answer.status_code, error["extensions"]["code"]


async def test_a_mistake_of_ours_is_an_internal_error_and_is_logged_once_in_full(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(plan.Plan, "arguments", wrong)
    answer = await client.post("/graphql", json=READ)
    assert told(answer) == (200, "INTERNAL_ERROR")
    assert answer.json()["data"] == {"carriers": None}
    assert answer.json()["errors"][0]["path"] == ["carriers"]
    assert "secret" not in answer.text
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert answer.headers["x-request-id"] in record.getMessage()
    assert "a secret of ours" in caplog.text
    assert "Traceback" in caplog.text


async def test_a_mistake_outside_of_any_field_is_an_internal_error_too(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(*_: object) -> None:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(fast_path, "execute_single_field", wrong)
    answer = await client.post("/graphql", json=READ)
    assert told(answer) == (500, "INTERNAL_ERROR")
    assert "data" not in answer.json()
    assert caplog.text.count("Traceback") == 1


async def test_a_mistake_of_a_client_is_logged_in_one_line(
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
        answer = await client.post("/graphql", json={"query": query})
        lines = [one.getMessage() for one in caplog.records if one.name.startswith("graphql_app")]
        assert len(lines) == 1, lines
        assert "\n" not in lines[0]
        assert lines[0].startswith(f"{answer.headers['x-request-id']} {told(answer)[1]} ")
        assert len(lines[0]) < 400


async def test_messages_are_short_and_few(client: httpx.AsyncClient) -> None:
    long_name = await client.post("/graphql", json={"query": "{" + "a" * 5000 + "}"})
    assert len(long_name.json()["errors"][0]["message"]) == 300
    many = await client.post("/graphql", json={"query": "{" + " ".join(f"a{n}" for n in range(20)) + "}"})
    assert len(many.json()["errors"]) == 20
    ids = [{"x": 1}] * 500
    request = {"query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": ids}}
    coerced = await client.post("/graphql", json=request)
    assert 1 <= len(coerced.json()["errors"]) <= 20
    assert len(coerced.content) < 10_000


async def test_a_statement_that_takes_too_long_is_a_timeout(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings, statement_timeout=0.2) as (client, _):
        async with beside.transaction():
            await beside.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            for request in (READ, TWO):
                answer = await client.post("/graphql", json=request)
                assert told(answer)[1] == "TIMEOUT"
                assert answer.headers["retry-after"]
        assert (await client.post("/graphql", json=READ)).json() == EMPTY


async def test_a_lock_that_does_not_come_is_a_conflict(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT", "200ms")
    async with app_of(settings) as (client, _):
        async with beside.transaction():
            await beside.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            answer = await client.post("/graphql", json=WRITE)
            assert told(answer) == (200, "CONFLICT")
        saved = (await client.post("/graphql", json=WRITE)).json()
        assert saved == {"data": {"carrierSave": {"carrier": {"code": "ups"}, "errors": []}}}


async def test_a_request_that_takes_too_long_is_cut_off(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings, request_timeout=0.3) as (client, own):
        async with beside.transaction():
            await beside.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            for request in (READ, TWO, WRITE):
                answer = await client.post("/graphql", json=request)
                assert told(answer) == (503, "TIMEOUT")
                assert answer.headers["retry-after"]
        assert (await client.post("/graphql", json=READ)).json() == EMPTY
        assert own.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_full_pool_is_told_at_once_and_recovers(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings, pool_size=2, pool_timeout=0.2, max_queued_operations=2) as (client, _):
        async with beside.transaction():
            await beside.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(client.post("/graphql", json=READ)) for _ in range(8)]
            await asyncio.sleep(0.6)
            refused = [task.result() for task in asked if task.done()]
            assert len(refused) == 7, "one runs: one of two places, so that others find one"
            for answer in refused:
                assert told(answer) == (503, "UNAVAILABLE")
                assert answer.headers["retry-after"] == "1"
        answers = await asyncio.gather(*asked)
        assert EMPTY in [answer.json() for answer in answers]
        assert (await client.post("/graphql", json=READ)).json() == EMPTY


async def test_connections_that_were_cut_are_not_noticed_by_readers(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings) as (client, _):
        for request, wanted in (
            (READ, EMPTY),
            (TWO, {"data": {"carriers": {"nodes": []}, "shipments": {"nodes": []}}}),
        ):
            await cut(beside)
            assert (await client.post("/graphql", json=request)).json() == wanted


async def test_a_connection_cut_in_the_middle_of_a_statement_is_replaced_for_readers_and_told_to_writers(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]"
) -> None:
    async with app_of(settings) as (client, _):
        for request, wanted in ((READ, (200, None)), (WRITE, (503, "UNAVAILABLE"))):
            async with beside.transaction():
                await beside.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
                asked = asyncio.create_task(client.post("/graphql", json=request))
                await asyncio.sleep(0.2)
                await cut(beside)
                await asyncio.sleep(0.1)
            answer = await asked
            assert (told(answer) if "errors" in answer.json() else (200, None)) == wanted
        assert (await client.post("/graphql", json=READ)).json() == EMPTY


async def cut(connection: "asyncpg.Connection[Any]") -> None:
    """End all backends of the app."""
    ended = await connection.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'app-under-test'"
    )
    assert ended >= 1


async def test_a_database_that_is_away_is_unavailable_and_found_again(settings: Settings, engine: AsyncEngine) -> None:
    assert settings.postgres_url
    url = make_url(settings.postgres_url.get_secret_value())
    away = url.set(query={**url.query, "host": "/nowhere"}).render_as_string(hide_password=False)
    lost = engine_module.make_engine(away, settings)
    async with client_of(lost, settings) as client:
        for request in (READ, WRITE):
            answer = await client.post("/graphql", json=request)
            assert told(answer) == (503, "UNAVAILABLE")
            assert answer.headers["retry-after"] == "1"
    await lost.dispose()


async def test_what_was_answered_stands_although_the_rest_failed(
    settings: Settings, engine: AsyncEngine, beside: "asyncpg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT", "200ms")
    async with app_of(settings) as (client, _):
        async with beside.transaction():
            await beside.execute("LOCK TABLE carrier IN ACCESS EXCLUSIVE MODE")
            query = 'mutation { __typename a: carrierSave(code: "ups", input: {name: "UPS"}) { carrier { code } } }'
            answer = await client.post("/graphql", json={"query": query})
        assert answer.status_code == 200
        assert answer.json()["data"] == {"__typename": "Mutation", "a": None}
        assert answer.json()["errors"][0]["path"] == ["a"]
