"""Keys and accounts from the command line, while the program runs and before; and starts without a key."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
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
from graphql_app.errors import startup_error
from graphql_app.server import startup
from tests.server.test_startup import Program, key_of, refused, started
from tests.support.databases import database_url
from tests.support.streaming_clients import authorization

QUESTION = {"query": "{ viewer { account apiKey scopes } }"}


def command(*arguments: str, **environment: str) -> str:
    """What a command prints."""
    with started(*arguments, **environment) as program:
        assert program.process.wait(30) == 0, program.said
        assert program.process.stdout
        return program.said + program.process.stdout.read()


def secret_of(said: str) -> str:
    found = re.search(r"^shpk_\S+$", said, re.MULTILINE)
    assert found, said
    return found[0]


def ask(url: str, key: str | None = None) -> httpx.Response:
    return httpx.post(f"{url}/graphql", json=QUESTION, timeout=10, headers=authorization(key))


def within_a_second(url: str, key: str | None, status: int) -> None:
    """All workers answer so: each of many new connections, one second from now."""
    time.sleep(1)
    for _ in range(12):
        assert ask(url, key).status_code == status


@pytest.fixture(scope="module")
def place(folder: Path) -> dict[str, str]:
    """The environment of a database of our own."""
    return {"SHIPMENTS_DATA_DIR": str(folder / "keyed"), "SHIPMENTS_DEMO": "false"}


@pytest.fixture(scope="module")
def program(place: dict[str, str]) -> Iterator[Program]:
    """Two workers on it, started without a key."""
    with started("serve", "--port", "0", "--workers", "2", **place) as running:
        yield running


def test_keys_are_made_used_and_revoked_while_two_workers_run(program: Program, place: dict[str, str]) -> None:
    url = program.url
    assert "none: requests from this machine run as the default account" in program.wait_for(r"(API keys .*)")
    assert ask(url).json() == {"data": {"viewer": {"account": "default", "apiKey": None, "scopes": [*scopes.SCOPES]}}}
    within_a_second(url, None, 200)

    first = secret_of(command("key", "create", "first script", **place))
    within_a_second(url, None, 401)
    within_a_second(url, first, 200)
    assert ask(url, first).json()["data"]["viewer"] == {
        "account": "default", "apiKey": "first script", "scopes": [scopes.READ, scopes.WRITE, scopes.EVENTS],
    }  # fmt: skip

    command("account", "create", "acme", "--name", "Acme & Co", **place)
    theirs = secret_of(command("key", "create", "a", "--account", "acme", "--scope", "shipments:read", "--scope",
                               "admin", "--expires", "90d", **place))  # fmt: skip
    assert ask(url, theirs).json()["data"]["viewer"] == {
        "account": "acme", "apiKey": "a", "scopes": [scopes.READ, scopes.ADMIN],
    }  # fmt: skip

    rows = [line.split() for line in command("key", "list", **place).splitlines()]
    assert rows[0][:4] == ["KEY", "ACCOUNT", "STATE", "SCOPES"]
    assert rows[1][:4] == [first[: api_key.PREFIX], "default", "valid", "shipments:read,shipments:write,events:write"]
    assert rows[1][-2:] == ["first", "script"]
    assert rows[2][:4] == [theirs[: api_key.PREFIX], "acme", "valid", "shipments:read,admin"]
    accounts = command("account", "list", **place)
    assert re.search(r"^acme +\S+ \S+ +Acme & Co$", accounts, re.MULTILINE)
    assert re.search(r"^default ", accounts, re.MULTILINE)

    assert command("key", "revoke", first[: api_key.PREFIX], **place) == "Revoked: first script.\n"
    within_a_second(url, first, 401)
    within_a_second(url, theirs, 200)
    assert re.search(rf"^{first[: api_key.PREFIX]} +default +revoked ", command("key", "list", **place), re.MULTILINE)
    assert first not in program.said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["key", "create", "n", "--account", "nobody"], "There is no account 'nobody': `graphql-app account create "),
        (["key", "create", "n", "--scope", "everything"], "scopes: This must be one of shipments:read, "),
        (["key", "create", " "], "name: This value is required."),
        (["key", "create", "n", "--expires", "soon"], "'soon' is no expiry: write 90d, 12h, or a date "),
        (["key", "create", "n", "--expires", "2020-01-01"], "expiresAt: This must lie ahead."),
        (["key", "revoke", "shpk_0000000000"], "There is no API key 'shpk_0000000000': `graphql-app key list` "),
        (["account", "create", "default"], "There is an account 'default' already."),
        (["account", "create", "No Such"], "'No Such' is no short name: write a-z, 0-9 and -, at most 63."),
        (["account", "create", "x" * 64], f"'{'x' * 64}' is no short name: write a-z, 0-9 and -, at most 63."),
        (["account", "create", "y", "--name", "z" * 201], "name: At most 200 characters fit; these are 201."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], sentence: str, postgres_url: str) -> None:
    assert refused(*arguments, POSTGRES_URL=postgres_url).startswith(sentence)


@pytest.mark.parametrize("given", ["90d", "12h", "5m", "2999-12-31", "2999-12-31T10:00:00+02:00", "2999-12-31T10:00Z"])
def test_an_expiry_is_an_instant(given: str) -> None:
    found = account_admin.moment(given)
    assert found.tzinfo is not None
    assert given[0] != "2" or found.isoformat().startswith("2999-12-31T")


@pytest.mark.parametrize("given", ["", "d", "-1d", "1y", "99999999999999d", "tomorrow", "2999-13-01"])
def test_what_is_no_expiry_is_refused(given: str) -> None:
    with pytest.raises(startup_error.StartupError, match="is no expiry"):
        account_admin.moment(given)


async def test_a_new_account_numbers_its_shipments(owner: AsyncEngine, engine: AsyncEngine) -> None:
    await account_admin.create_account(owner, "second", "Second")
    async with owner.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM account WHERE slug = 'second'"))).scalar_one()
    async with get_session(engine, account) as session:
        ((number,),) = await session.execute_sql(f"SELECT nextval('shipment_number_{account.hex}')", ())
    assert number == 1


@pytest.fixture(scope="module")
def bare(server: EmbeddedServer) -> str:
    """The URL of a database without a key."""
    subprocess.run([*server.psql.split(), "-qc", "CREATE DATABASE keyless"], check=True)
    return database_url(server, "keyless")


def test_a_given_database_without_a_key_is_not_served(bare: str) -> None:
    for given in ({}, {settings.KEYLESS: "yes"}):  # which is for the program's own workers
        assert refused("serve", "--port", "0", POSTGRES_URL=bare, **given) == startup.NO_KEY
    assert "`graphql-app key create NAME`" in startup.NO_KEY
    key = key_of(bare)
    with started("serve", "--port", "0", POSTGRES_URL=bare) as program:
        url = program.url
        assert "needed: clients send `Authorization: Bearer <key>`" in program.wait_for(r"(API keys .*)")
        assert ask(url).status_code == 401
        assert ask(url, key).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_without_a_key_no_other_address_is_served(host: str, folder: Path) -> None:
    place = {"SHIPMENTS_DATA_DIR": str(folder / "open"), "SHIPMENTS_DEMO": "false"}
    assert refused("serve", "--host", host, "--port", "0", **place) == startup.NO_KEY


def test_help_names_what_there_is() -> None:
    done = subprocess.run([sys.executable, "-m", "graphql_app", "key", "--help"], capture_output=True, check=True)
    assert {"create", "list", "revoke"} <= set(done.stdout.decode().split())
