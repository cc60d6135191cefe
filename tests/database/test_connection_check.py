"""Each new connection is compared with what was asked for: poolers, dropped settings and missing security are found."""

import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth.authenticator import ApiKeyAuthenticator
from graphql_app.database import connection as connection_module
from graphql_app.database.change_notifier import ChangeNotifier
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from graphql_app.errors.startup_error import UnsuitableServer
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support import pgbouncer
from tests.support.databases import admin_connection
from tests.support.server_process import failure_message

POOLERS = {
    "session mode": {"mode": "session"},
    "transaction mode": {"mode": "transaction"},
    "session mode, parameters ignored": {"mode": "session", "ignored": pgbouncer.IGNORED},
    "transaction mode, parameters ignored": {"mode": "transaction", "ignored": pgbouncer.IGNORED},
    "transaction mode, settings applied by the pooler": {
        "mode": "transaction",
        "ignored": pgbouncer.IGNORED,
        "connect_query": pgbouncer.APPLIED,
    },
}
POOLER_MESSAGE = "is a connection pooler such as PgBouncer"
POOLER_REASON = "a connection pooler is in front of PostgreSQL"


@pytest.fixture(params=POOLERS)
def pooler_url(request: pytest.FixtureRequest, postgres_url: str, server_folder: Path) -> Iterator[str]:
    """The URL of the test database through PgBouncer, in each of its modes."""
    folder = server_folder / f"pgbouncer-{uuid.uuid4().hex[:8]}"
    with pgbouncer.running(postgres_url, folder, **POOLERS[request.param]) as url:
        yield url


def test_the_server_does_not_start_through_a_pooler(pooler_url: str) -> None:
    message = failure_message("serve", "--port", "0", POSTGRES_URL=pooler_url)
    assert message == (
        f"{pooler_url} {POOLER_MESSAGE}, which does not keep the role, the settings and the prepared statements of a "
        "connection. Set POSTGRES_URL to PostgreSQL itself."
    )


async def test_no_kind_of_connection_is_opened_through_a_pooler(
    pooler_url: str, settings: Settings, engine: AsyncEngine
) -> None:
    requests = make_engine(pooler_url, settings, scoped=True)
    owner = make_engine(pooler_url, settings)
    authenticator = ApiKeyAuthenticator(requests, settings, keyless=False)
    notifier = ChangeNotifier(requests, settings)
    for connect in (requests.connect, owner.connect, authenticator.connect):
        with pytest.raises(UnsuitableServer, match=POOLER_MESSAGE):
            async with connect():
                pass
    with pytest.raises(UnsuitableServer, match=POOLER_MESSAGE):
        await notifier.connect()
    await authenticator.close()


def test_a_pooler_for_requests_only_prevents_the_start(postgres_url: str, server_folder: Path) -> None:
    folder = server_folder / "pgbouncer-requests"
    with pgbouncer.running(postgres_url, folder, **POOLERS["transaction mode, parameters ignored"]) as url:
        message = failure_message("serve", "--port", "0", POSTGRES_URL=url, POSTGRES_OWNER_URL=postgres_url)
    assert message.startswith(f"{url} {POOLER_MESSAGE}")


@pytest.fixture
def switch(postgres_url: str, settings: Settings, server_folder: Path, engine: AsyncEngine) -> tuple[Settings, Path]:
    """Settings whose POSTGRES_URL is a symbolic link to PostgreSQL's socket, and the link."""
    folder = server_folder / f"link-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    link = folder / ".s.PGSQL.5432"
    url = make_url(postgres_url)
    link.symlink_to(Path(str(url.query["host"])) / link.name)
    linked = url.set(query={"host": str(folder)}).render_as_string(hide_password=False)
    return settings.model_validate({**settings.model_dump(), "postgres_url": linked}), link


def point(link: Path, url: str) -> None:
    """Let new connections through the link reach another server."""
    new = link.with_name("new")
    new.symlink_to(Path(str(make_url(url).query["host"])) / link.name)
    os.replace(new, link)


async def test_connections_that_are_opened_later_through_a_pooler_are_not_used(
    switch: tuple[Settings, Path], pooler_url: str, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings, link = switch
    assert settings.postgres_url
    requests = make_engine(settings.postgres_url.get_secret_value(), settings, scoped=True, log_rejections=True)
    app = app_module.create_app(settings, engine=requests, keyless=True)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    query = {"query": "{ carriers { nodes { code } } }"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        assert (await client.post("/graphql", json=query)).json() == {"data": {"carriers": {"nodes": []}}}
        point(link, pooler_url)
        await requests.dispose()
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                response = await client.post("/graphql", json=query)
                assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        (line,) = [record.getMessage() for record in caplog.records if record.name == connection_module.__name__]
        assert POOLER_MESSAGE in line
        response = await client.get("/readyz")
        assert (response.status_code, response.text) == (503, f"no database: {POOLER_REASON}\n")
        point(link, postgres_url)
        assert (await client.post("/graphql", json=query)).json() == {"data": {"carriers": {"nodes": []}}}
        assert (await client.get("/readyz")).text == "ok\n"
    await requests.dispose()


SETTINGS_OF_REQUESTS = [
    "app.bypass_account_scope", "datestyle", "enable_seqscan", "idle_in_transaction_session_timeout", "intervalstyle",
    "jit", "lock_timeout", "role", "statement_timeout", "timezone",
]  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS_OF_REQUESTS)
async def test_a_setting_that_was_dropped_on_the_way_is_named(
    postgres_url: str, settings: Settings, engine: AsyncEngine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = make_engine(postgres_url, settings, scoped=True, all_accounts=True)
    connect = asyncpg.connect

    async def connect_without(**arguments: Any) -> "asyncpg.Connection[Any]":
        assert sorted({*arguments["server_settings"]} - {"application_name"}) == SETTINGS_OF_REQUESTS
        kept = {key: value for key, value in arguments["server_settings"].items() if key != name}
        others = {"timezone": "Asia/Tokyo", "datestyle": "German", "jit": "on"}
        changed = {name: others[name]} if name in others else {}
        return await connect(**{**arguments, "server_settings": kept | changed})

    monkeypatch.setattr(asyncpg, "connect", connect_without)
    with pytest.raises(UnsuitableServer, match=rf"does not have the settings that the server asked for \({name}\)\. "):
        async with requests.connect():
            pass
    await requests.dispose()


async def test_a_role_without_row_level_security_is_rejected(
    server: EmbeddedServer, postgres_url: str, settings: Settings
) -> None:
    async with admin_connection(server) as connection:
        await connection.execute("CREATE ROLE exempt LOGIN BYPASSRLS")
    try:
        for login, role in (("postgres", ""), ("postgres", "exempt"), ("exempt", "")):
            url = make_url(postgres_url).set(username=login).render_as_string()
            requests = make_engine(url, settings.model_copy(update={"database_role": role}), scoped=True)
            cause = f"does not apply to the role {role or login}, because it is a superuser or has the attribute BYPASS"
            with pytest.raises(UnsuitableServer, match=cause):
                async with requests.connect():
                    pass
            await requests.dispose()
    finally:
        async with admin_connection(server) as connection:
            await connection.execute("DROP ROLE exempt")


async def test_a_checked_connection_keeps_its_settings(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for name, value in (("statement_timeout", "5s"), ("lock_timeout", "3s"), ("jit", "off"), ("TimeZone", "UTC")):
            assert (await connection.execute(text(f"SHOW {name}"))).scalar_one() == value
