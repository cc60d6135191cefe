"""How people look at the tables: a line for psql, or a port with a password for pgAdmin."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from graphql_app.database import embedded_binaries, embedded_server
from tests.database.test_embedded_server import server_pid, wait_until_gone
from tests.server.test_startup import Program, refused, started

DOOR = r"(Host 127\.0\.0\.1, port \d+, database shipments, user browser, password \S+)"


@pytest.fixture(scope="module")
def root(folder: Path) -> Path:
    return folder / "looked-at"


@pytest.fixture
def door(root: Path) -> Iterator[dict[str, str]]:
    """What `db --port` prints, while it is open."""
    with started("migrate", SHIPMENTS_DATA_DIR=str(root)) as migrating:
        assert migrating.process.wait(20) == 0, migrating.said
    with started("db", "--port", "0", SHIPMENTS_DATA_DIR=str(root)) as program:
        port, password = re.search(r"port (\d+), .*password (\S+)", program.wait_for(DOOR)).groups()  # type: ignore[union-attr]
        yield {"port": port, "password": password}
        assert end(program) == 0


def end(program: Program) -> int:
    """Ctrl-C."""
    return program.end(signal.SIGINT)


async def test_the_port_lets_in_who_has_the_password(door: dict[str, str]) -> None:
    connection = await connect(door, "browser", door["password"])
    assert await connection.fetchval("SELECT slug FROM account") == "default"
    await connection.execute("UPDATE account SET name = 'Seen' WHERE slug = 'default'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DROP TABLE account")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SET ROLE postgres")
    await connection.close()


async def test_the_port_turns_away_everybody_else(door: dict[str, str]) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(door, "browser", "wrong")
    for user in ("postgres", "nobody"):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="Only the user browser"):
            await connect(door, user, door["password"])


def test_a_wrong_password_is_one_sentence(door: dict[str, str]) -> None:
    url = f"postgresql://browser:wrong@127.0.0.1:{door['port']}/shipments"
    said = refused("serve", "--port", "0", POSTGRES_URL=url)
    assert said == (
        "PostgreSQL rejected the user name or password. Check POSTGRES_URL "
        f"(postgresql://browser:***@127.0.0.1:{door['port']}/shipments)."
    )


def test_a_role_that_may_not_make_tables_is_one_sentence(door: dict[str, str], root: Path) -> None:
    running = embedded_server.EmbeddedServer(root).start()
    subprocess.run([*running.psql.split(), "-qc", "CREATE DATABASE bare"], check=True)
    url = f"postgresql://browser:{door['password']}@127.0.0.1:{door['port']}/bare"
    said = refused("serve", "--port", "0", POSTGRES_URL=url)
    assert said == "Migration failed: permission denied for schema public."


def test_without_a_port_it_prints_the_line_and_keeps_the_server_up(root: Path) -> None:
    with started("db", SHIPMENTS_DATA_DIR=str(root)) as program:
        psql = program.wait_for(r"(.*psql -h .*)")
        program.wait_for(r"(until you press Ctrl-C)")
        done = subprocess.run([*psql.split(), "-Atc", "SELECT 1"], capture_output=True, check=True)
        assert done.stdout == b"1\n"
        with started("db", SHIPMENTS_DATA_DIR=str(root)) as second:
            assert second.process.wait(20) == 0
        assert second.said.strip() == psql
        pid = server_pid(root)
        assert end(program) == 0
        wait_until_gone(pid, root)


def test_a_given_server_gets_its_own_line() -> None:
    with started("db", POSTGRES_URL="postgresql+asyncpg://me:secret@db.example:5433/shipments") as program:
        assert program.process.wait(20) == 0
    assert program.said == "psql 'postgresql://me@db.example:5433/shipments'\n"


def test_a_server_that_is_too_old_is_one_sentence(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_binaries, "INSTALL_DIRECTORY", "pginstall")  # the package brings PostgreSQL 16 too
    monkeypatch.setattr(embedded_server, "MAJOR_VERSION", "16")
    monkeypatch.setattr(embedded_server, "LOCALE_OPTIONS", ("--no-locale", "--encoding=UTF8"))
    old = embedded_server.EmbeddedServer(root.with_name("old"), fast=True).start()
    try:
        said = refused("serve", "--port", "0", POSTGRES_URL=old.url)
    finally:
        old.stop()
    assert re.fullmatch(r"PostgreSQL 18 or newer is required; the server at postgresql://\S+ is version 16\.", said)


async def connect(door: dict[str, str], user: str, password: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Through the port, as pgAdmin would; encryption is asked for and declined."""
    return await asyncpg.connect(
        host="127.0.0.1", port=int(door["port"]), user=user, password=password, database="shipments", ssl="prefer"
    )
