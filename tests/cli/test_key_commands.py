"""The commands `key` and `account`, and starting the server without an API key."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import settings
from graphql_app.auth import api_key, scopes
from graphql_app.cli import account_admin
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.session import get_session
from graphql_app.errors.startup_error import StartupError
from graphql_app.server import startup
from tests.support.databases import database_url
from tests.support.server_process import Program, create_key, failure_message, started
from tests.support.streaming_clients import authorization

QUERY = {"query": "{ viewer { account apiKey scopes } }"}


def command(*arguments: str, **environment: str) -> str:
    """Run a command and return its output."""
    with started(*arguments, **environment) as program:
        assert program.process.wait(30) == 0, program.output
        assert program.process.stdout
        return program.output + program.process.stdout.read()


def secret_in(output: str) -> str:
    """The secret that `key create` printed."""
    match = re.search(r"^shpk_\S+$", output, re.MULTILINE)
    assert match, output
    return match[0]


def execute(url: str, key: str | None = None) -> httpx.Response:
    """The response to a simple query."""
    return httpx.post(f"{url}/graphql", json=QUERY, timeout=10, headers=authorization(key))


def assert_status_after_a_second(url: str, key: str | None, status: int) -> None:
    """Wait one second, then check the status on twelve new connections, so that every worker responds."""
    time.sleep(1)
    for _ in range(12):
        assert execute(url, key).status_code == status


@pytest.fixture(scope="module")
def environment(server_folder: Path) -> dict[str, str]:
    """Environment variables of an embedded database."""
    return {"SHIPMENTS_DATA_DIR": str(server_folder / "keyed"), "SHIPMENTS_DEMO": "false"}


@pytest.fixture(scope="module")
def program(environment: dict[str, str]) -> Iterator[Program]:
    """A server with two workers, started without an API key."""
    with started("serve", "--port", "0", "--workers", "2", **environment) as running:
        yield running


def test_keys_are_created_used_and_revoked_while_two_workers_run(program: Program, environment: dict[str, str]) -> None:
    url = program.url
    assert "none: requests from this machine use the default account" in program.wait_for(r"(API keys .*)")
    assert execute(url).json() == {
        "data": {"viewer": {"account": "default", "apiKey": None, "scopes": [*scopes.SCOPES]}}
    }
    assert_status_after_a_second(url, None, 200)

    first = secret_in(command("key", "create", "first script", **environment))
    assert_status_after_a_second(url, None, 401)
    assert_status_after_a_second(url, first, 200)
    assert execute(url, first).json()["data"]["viewer"] == {
        "account": "default", "apiKey": "first script", "scopes": [scopes.READ, scopes.WRITE, scopes.EVENTS],
    }  # fmt: skip

    command("account", "create", "acme", "--name", "Acme & Co", **environment)
    theirs = secret_in(command("key", "create", "a", "--account", "acme", "--scope", "shipments:read", "--scope",
                               "admin", "--expires", "90d", **environment))  # fmt: skip
    assert execute(url, theirs).json()["data"]["viewer"] == {
        "account": "acme", "apiKey": "a", "scopes": [scopes.READ, scopes.ADMIN],
    }  # fmt: skip

    rows = [line.split() for line in command("key", "list", **environment).splitlines()]
    assert rows[0][:4] == ["KEY", "ACCOUNT", "STATE", "SCOPES"]
    assert rows[1][:4] == [
        first[: api_key.PREFIX_LENGTH],
        "default",
        "valid",
        "shipments:read,shipments:write,events:write",
    ]
    assert rows[1][-2:] == ["first", "script"]
    assert rows[2][:4] == [theirs[: api_key.PREFIX_LENGTH], "acme", "valid", "shipments:read,admin"]
    accounts = command("account", "list", **environment)
    assert re.search(r"^acme +\S+ \S+ +Acme & Co$", accounts, re.MULTILINE)
    assert re.search(r"^default ", accounts, re.MULTILINE)

    assert command("key", "revoke", first[: api_key.PREFIX_LENGTH], **environment) == "Revoked: first script.\n"
    assert_status_after_a_second(url, first, 401)
    assert_status_after_a_second(url, theirs, 200)
    assert re.search(
        rf"^{first[: api_key.PREFIX_LENGTH]} +default +revoked ", command("key", "list", **environment), re.MULTILINE
    )
    assert first not in program.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["key", "create", "n", "--account", "nobody"],
            "There is no account 'nobody'. Create it with `graphql-app ",
        ),
        (["key", "create", "n", "--scope", "everything"], "scopes: Must be one of shipments:read, "),
        (["key", "create", " "], "name: This value is required."),
        (
            ["key", "create", "n", "--expires", "9999999d"],
            "expiresAt: Must be in the years 1900 to 2999.",
        ),
        (
            ["key", "create", "n", "--expires", "soon"],
            "'soon' is not a valid expiry. Use a duration such as ",
        ),
        (["key", "create", "n", "--expires", "2020-01-01"], "expiresAt: Must be in the future."),
        (
            ["key", "revoke", "shpk_0000000000"],
            "There is no API key 'shpk_0000000000'. List all keys with ",
        ),
        (["account", "create", "default"], "The account 'default' already exists."),
        (
            ["account", "create", "No Such"],
            "'No Such' is not a valid account name. Use up to 63 lower-case letters, ",
        ),
        (["account", "create", "x" * 64], f"'{'x' * 64}' is not a valid account name. Use up to 63 "),
        (["account", "create", "y", "--name", "z" * 201], "name: Must be at most 200 characters (was 201)."),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(arguments: list[str], message: str, postgres_url: str) -> None:
    assert failure_message(*arguments, POSTGRES_URL=postgres_url).startswith(message)


@pytest.mark.parametrize("value", ["90d", "12h", "5m", "2999-12-31", "2999-12-31T10:00:00+02:00", "2999-12-31T10:00Z"])
def test_an_expiry_is_a_duration_or_a_date_or_a_time(value: str) -> None:
    expiry = account_admin.parse_expiry(value)
    if isinstance(expiry, timedelta):
        assert expiry in (timedelta(days=90), timedelta(hours=12), timedelta(minutes=5))
    else:
        assert expiry.tzinfo is not None
        assert expiry.isoformat().startswith("2999-12-31T")


@pytest.mark.parametrize("value", ["", "d", "-1d", "1y", "99999999999999d", "tomorrow", "2999-13-01"])
def test_an_invalid_expiry_is_rejected(value: str) -> None:
    with pytest.raises(StartupError, match="is not a valid expiry"):
        account_admin.parse_expiry(value)


async def test_a_new_account_has_its_own_sequence_of_shipment_numbers(owner: AsyncEngine, engine: AsyncEngine) -> None:
    await account_admin.create_account(owner, "second", "Second")
    async with owner.connect() as connection:
        account_id = (await connection.execute(text("SELECT id FROM account WHERE slug = 'second'"))).scalar_one()
    async with get_session(engine, account_id) as session:
        ((number,),) = await session.execute_sql(f"SELECT nextval('shipment_number_{account_id.hex}')", ())
    assert number == 1


@pytest.fixture(scope="module")
def url_without_key(server: EmbeddedServer) -> str:
    """The URL of an empty database."""
    subprocess.run([*server.psql.split(), "-qc", "CREATE DATABASE keyless"], check=True)
    return database_url(server, "keyless")


def test_an_external_database_requires_an_api_key(url_without_key: str) -> None:
    for variables in ({}, {settings.KEYLESS_VARIABLE: "yes"}):  # an inherited value has no effect
        message = failure_message("serve", "--port", "0", POSTGRES_URL=url_without_key, **variables)
        assert message == startup.NO_KEY_MESSAGE
    assert "`graphql-app key create NAME`" in startup.NO_KEY_MESSAGE
    key = create_key(url_without_key)
    with started("serve", "--port", "0", POSTGRES_URL=url_without_key) as program:
        url = program.url
        assert "required: clients send `Authorization: Bearer <key>`" in program.wait_for(r"(API keys .*)")
        assert execute(url).status_code == 401
        assert execute(url, key).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_without_an_api_key_only_loopback_addresses_are_allowed(host: str, server_folder: Path) -> None:
    environment = {"SHIPMENTS_DATA_DIR": str(server_folder / "open"), "SHIPMENTS_DEMO": "false"}
    assert failure_message("serve", "--host", host, "--port", "0", **environment) == startup.NO_KEY_MESSAGE


def test_help_lists_the_commands() -> None:
    completed = subprocess.run([sys.executable, "-m", "graphql_app", "key", "--help"], capture_output=True, check=True)
    assert {"create", "list", "revoke"} <= set(completed.stdout.decode().split())
