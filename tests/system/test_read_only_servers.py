"""Failover: the address leads to a standby, to a promoted standby, or to a server that has become read-only.

Writes fail with an error that the client can retry until a primary answers, and then succeed. No read returns the state
of the previous server afterwards.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings as settings_module
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from graphql_app.database.session import get_session
from graphql_app.server import app as app_module
from graphql_app.settings import Settings
from tests.support.databases import admin_connection, database_url
from tests.support.mutation_client import complete, document
from tests.support.replication import ReplicatedServer
from tests.support.server_process import create_key, failure_message

SHIPMENTS = "{ shipments { totalCount { count } } }"
POOL_SIZE = 4


@pytest.fixture
def servers(server_folder: Path) -> Iterator[ReplicatedServer]:
    """A primary with the tables, and a standby."""
    replicated = ReplicatedServer(server_folder / f"servers-{uuid.uuid4().hex[:8]}")
    try:
        yield replicated
    finally:
        replicated.stop()


class Client:
    """A client of the app."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self.http, self.headers = http, {"authorization": f"Bearer {key}"}

    async def post(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return its response."""
        body = {"query": query, "variables": variables or {}}
        response: dict[str, Any] = (await self.http.post("/graphql", json=body, headers=self.headers)).json()
        return response

    async def create(self) -> str:
        """Create a shipment; return "ok", or the code of the error."""
        response = await self.post(document("shipmentCreate"), {"input": complete()})
        return code(response)

    async def counts(self) -> list[int | str]:
        """The number of shipments on every connection of the pool, or the code of the error."""
        responses = await asyncio.gather(*(self.post(SHIPMENTS) for _ in range(POOL_SIZE)))
        return [
            response["data"]["shipments"]["totalCount"]["count"] if "errors" not in response else code(response)
            for response in responses
        ]

    async def readiness(self) -> str:
        """The text of `/readyz`."""
        return (await self.http.get("/readyz")).text.strip()


def code(response: dict[str, Any]) -> str:
    """The code of the first error of a response, or "ok"."""
    return str(response["errors"][0]["extensions"]["code"]) if "errors" in response else "ok"


@asynccontextmanager
async def serving(servers: ReplicatedServer, key: str) -> AsyncIterator[Client]:
    """The app on the address of the servers."""
    settings = settings_module.read(postgres_url=servers.url, demo=False, pool_size=POOL_SIZE)
    app = app_module.create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http,
    ):
        yield Client(http, key)


async def create_until_accepted(client: Client) -> list[str]:
    """Create a shipment, again after each error that can be retried; return the codes of the errors."""
    codes = []
    async with asyncio.timeout(20):
        while (result := await client.create()) != "ok":
            codes.append(result)
            await asyncio.sleep(0.05)
    return codes


async def test_writes_recover_after_the_server_has_become_read_only(servers: ReplicatedServer) -> None:
    key = await asyncio.to_thread(create_key, servers.url)
    await asyncio.to_thread(servers.add_standby)
    async with serving(servers, key) as client:
        assert await client.create() == "ok"
        assert await client.counts() == [1] * POOL_SIZE
        await asyncio.to_thread(servers.wait_for_standby)
        await asyncio.to_thread(servers.query, "standby", "SELECT pg_promote()")
        await asyncio.to_thread(servers.wait_until, "standby", "SELECT pg_is_in_recovery()", "f")
        await asyncio.to_thread(servers.query, "primary", "ALTER SYSTEM SET default_transaction_read_only = on")
        await asyncio.to_thread(servers.query, "primary", "SELECT pg_reload_conf()")
        assert await client.counts() == [1] * POOL_SIZE
        servers.point_to("standby")
        assert set(await create_until_accepted(client)) == {"UNAVAILABLE"}
        assert await client.counts() == [2] * POOL_SIZE
        assert await client.readiness() == "ok"


async def test_a_standby_is_not_used_until_it_is_promoted(servers: ReplicatedServer) -> None:
    key = await asyncio.to_thread(create_key, servers.url)
    await asyncio.to_thread(servers.add_standby)
    async with serving(servers, key) as client:
        assert await client.create() == "ok"
        await asyncio.to_thread(servers.wait_for_standby)
        servers.point_to("standby")
        await asyncio.to_thread(servers.processes["primary"].send_signal, 9)
        await asyncio.to_thread(servers.processes.pop("primary").wait)
        async with asyncio.timeout(20):
            while await client.readiness() != "no database: PostgreSQL is a standby":  # noqa: ASYNC110 no event
                await asyncio.sleep(0.05)
        assert await client.create() == "UNAVAILABLE"
        assert await client.counts() == ["UNAVAILABLE"] * POOL_SIZE
        await asyncio.to_thread(servers.query, "standby", "SELECT pg_promote()")
        assert set(await create_until_accepted(client)) <= {"UNAVAILABLE"}
        assert await client.counts() == [2] * POOL_SIZE
        assert await client.readiness() == "ok"


def test_a_standby_is_rejected_at_the_start(servers: ReplicatedServer) -> None:
    create_key(servers.url)
    servers.add_standby()
    servers.point_to("standby")
    for command in (("serve", "--port", "0"), ("key", "create", "another")):
        message = failure_message(*command, POSTGRES_URL=servers.url)
        assert message.startswith("The PostgreSQL server at postgresql://postgres@/shipments?host=")
        assert message.endswith(" is a standby, which is read-only. Set POSTGRES_URL to the primary.")


def test_a_database_that_is_read_only_by_default_is_rejected_at_the_start(
    server: EmbeddedServer, migrated: str
) -> None:
    async def execute(*statements: str) -> None:
        async with admin_connection(server) as connection:
            for statement in statements:
                await connection.execute(statement)

    asyncio.run(
        execute(
            f"CREATE DATABASE read_only TEMPLATE {migrated}",
            "ALTER DATABASE read_only SET default_transaction_read_only = on",
        )
    )
    message = failure_message("serve", "--port", "0", POSTGRES_URL=database_url(server, "read_only"))
    asyncio.run(execute("DROP DATABASE read_only WITH (FORCE)"))
    assert message.endswith(
        " is read-only, because `default_transaction_read_only` is on. Set it to off for the server, the database and "
        "the role."
    )


async def backends(engine: AsyncEngine, account: uuid.UUID) -> set[int]:
    """The process ids of PostgreSQL behind the connections of the pool."""

    async def backend() -> int:
        async with get_session(engine, account) as session:
            ((pid, _),) = await session.fetch("SELECT pg_backend_pid(), pg_sleep(0.1)", [])
            return int(pid)

    return set(await asyncio.gather(*(backend() for _ in range(POOL_SIZE))))


@pytest.mark.parametrize("through_sqlalchemy", [False, True], ids=["read", "transaction"])
async def test_all_connections_are_replaced_after_one_did_not_respond(
    settings: Settings, engine: AsyncEngine, account: uuid.UUID, through_sqlalchemy: bool
) -> None:
    assert settings.postgres_url
    impatient = settings.model_copy(update={"statement_timeout": 0.3, "pool_size": POOL_SIZE})
    requests = make_engine(settings.postgres_url.get_secret_value(), impatient, scoped=True)
    before = await backends(requests, account)
    assert len(before) == POOL_SIZE
    async with get_session(requests, account) as session:
        run = session.execute_sql if through_sqlalchemy else session.fetch
        await run("SELECT set_config('statement_timeout', '0', false)", ())
        if through_sqlalchemy:
            await session.commit()
        with pytest.raises(TimeoutError):  # the driver's timeout, one second later
            await run("SELECT pg_sleep(3)", ())
    assert not await backends(requests, account) & before
    await requests.dispose()
