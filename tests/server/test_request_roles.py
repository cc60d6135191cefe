"""The roles with which the server can be run, and those with which it does not start."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from graphql_app.database.embedded_server import EmbeddedServer
from tests.support.databases import database_url
from tests.support.server_process import failure_message, started
from tests.support.streaming_clients import authorization

CREATE_CARRIER = 'mutation { carrierSave(code: "acme", input: { name: "Acme" }) { errors { message } } }'
CARRIERS = "{ viewer { account } carriers { nodes { code } } }"


@pytest.fixture(scope="module")
def cluster(server_folder: Path) -> Iterator[EmbeddedServer]:
    """A PostgreSQL server on which the role of requests does not exist at first."""
    server = EmbeddedServer(server_folder / "roles", fast=True).start()
    yield server
    server.stop()


def run(cluster: EmbeddedServer, *statements: str, database: str = "postgres") -> list[str]:
    """Run statements as the superuser; return the first column of the last one's rows."""

    async def execute() -> list[str]:
        connection = await asyncpg.connect(database_url(cluster, database))
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [str(row[0]) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    return asyncio.run(execute())


def url_of(cluster: EmbeddedServer, database: str, role: str) -> str:
    """The URL of a database for a role."""
    return make_url(database_url(cluster, database)).set(username=role).render_as_string()


def create_key(account: str, **environment: str) -> str:
    """Create an API key with the command line and return its secret."""
    with started("key", "create", "tests", "--account", account, **environment) as program:
        assert program.wait() == 0, program.output
    return next(word for word in program.output.split() if word.startswith("shpk_"))


def post(url: str, key: str, query: str) -> object:
    """The response to a request."""
    return httpx.post(f"{url}/graphql", json={"query": query}, headers=authorization(key), timeout=20).json()


def assert_two_accounts_are_served(**environment: str) -> None:
    """Serve two accounts, each of which sees its own carriers only."""
    with started("migrate", **environment) as program:
        assert program.wait() == 0, program.output
    with started("account", "create", "second", **environment) as program:
        assert program.wait() == 0, program.output
    keys = [create_key(account, **environment) for account in ("default", "second")]
    with started("serve", "--port", "0", **environment) as program:
        url = program.url
        assert httpx.get(f"{url}/readyz").text == "ok\n"
        assert post(url, keys[0], CREATE_CARRIER) == {"data": {"carrierSave": {"errors": []}}}
        for key, account, nodes in ((keys[0], "default", [{"code": "acme"}]), (keys[1], "second", [])):
            expected = {"data": {"viewer": {"account": account}, "carriers": {"nodes": nodes}}}
            assert post(url, key, CARRIERS) == expected
    assert "Traceback" not in program.output, program.output


FORCED = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity"


def test_an_owner_that_may_not_create_roles_serves_the_whole_api(cluster: EmbeddedServer) -> None:
    run(cluster, "CREATE ROLE app LOGIN", "CREATE DATABASE managed OWNER app")
    assert_two_accounts_are_served(POSTGRES_URL=url_of(cluster, "managed", "app"))
    assert run(cluster, "SELECT rolname FROM pg_roles WHERE rolname = 'graphql_app_api'") == []
    assert int(run(cluster, FORCED, database="managed")[0]) > 10


def test_an_owner_without_a_role_of_requests_sees_one_account(cluster: EmbeddedServer) -> None:
    run(cluster, "CREATE ROLE maker LOGIN CREATEROLE", "CREATE DATABASE empty_role OWNER maker")
    url = url_of(cluster, "empty_role", "maker")
    assert_two_accounts_are_served(POSTGRES_URL=url, SHIPMENTS_DATABASE_ROLE="")
    assert int(run(cluster, FORCED, database="empty_role")[0]) > 10
    with started("account", "create", "third", POSTGRES_URL=url) as program:
        assert program.wait() == 0, program.output
    assert int(run(cluster, FORCED, database="empty_role")[0]) > 10
    with started("serve", "--port", "0", POSTGRES_URL=url) as program:
        assert httpx.get(f"{program.url}/readyz").text == "ok\n"
    assert run(cluster, FORCED, database="empty_role") == ["0"]


def test_a_superuser_without_a_role_of_requests_does_not_start(cluster: EmbeddedServer) -> None:
    run(cluster, "CREATE DATABASE of_superuser")
    url = url_of(cluster, "of_superuser", "postgres")
    with started("migrate", POSTGRES_URL=url) as program:
        assert program.wait() == 0, program.output
    message = failure_message("serve", "--port", "0", POSTGRES_URL=url, SHIPMENTS_DATABASE_ROLE="")
    assert "does not apply to the role postgres, because it is a superuser or has the attribute BYPASSRLS." in message
    assert message.endswith("Set SHIPMENTS_DATABASE_ROLE to a role without them, such as graphql_app_api.")


def test_a_role_without_privileges_does_not_start_until_it_is_granted_the_role_of_requests(
    cluster: EmbeddedServer,
) -> None:
    run(cluster, "CREATE ROLE visitor LOGIN", "CREATE DATABASE visited")
    environment = {
        "POSTGRES_URL": url_of(cluster, "visited", "visitor"),
        "POSTGRES_OWNER_URL": url_of(cluster, "visited", "postgres"),
    }
    with started("migrate", **environment) as program:
        assert program.wait() == 0, program.output
    with started("serve", "--port", "0", **environment) as program:
        assert program.wait() == 1
    assert program.output.splitlines()[-1] == (
        "The role visitor, as which requests run, lacks the privilege SELECT on account. Grant it with `GRANT "
        "graphql_app_api TO visitor`, or set POSTGRES_URL to the owner of the tables."
    )
    run(cluster, "GRANT graphql_app_api TO visitor")
    assert_two_accounts_are_served(**environment)
    assert run(cluster, FORCED, database="visited") == ["0"]


def test_an_owner_that_may_not_create_tables_is_told_so(cluster: EmbeddedServer) -> None:
    run(cluster, "CREATE ROLE guest LOGIN", "CREATE DATABASE closed")
    message = failure_message("migrate", POSTGRES_URL=url_of(cluster, "closed", "guest"))
    assert message.startswith("The role of postgresql://guest@/closed?host=")
    assert message.endswith(
        " may not migrate the database: permission denied for schema public. Make it the owner of the database and its "
        "tables, or set POSTGRES_OWNER_URL to a role that is."
    )
