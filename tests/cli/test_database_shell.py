"""`graphql-app db`: the psql command, and the TCP port with a password for pgAdmin."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from graphql_app.database import embedded_binaries, embedded_server
from tests.database.test_embedded_server import server_pid, wait_until_gone
from tests.support.server_process import Program, failure_message, started

CONNECTION_LINE = r"(Host 127\.0\.0\.1, port \d+, database shipments, user browser, password \S+)"


@pytest.fixture(scope="module")
def root(server_folder: Path) -> Path:
    """The data directory of this module's database."""
    return server_folder / "database-shell"


@pytest.fixture
def proxy(root: Path) -> Iterator[dict[str, str]]:
    """Port and password of a running `graphql-app db --port`."""
    with started("migrate", SHIPMENTS_DATA_DIR=str(root)) as migration:
        assert migration.process.wait(20) == 0, migration.output
    with started("db", "--port", "0", SHIPMENTS_DATA_DIR=str(root)) as program:
        port, password = re.search(r"port (\d+), .*password (\S+)", program.wait_for(CONNECTION_LINE)).groups()  # type: ignore[union-attr]
        yield {"port": port, "password": password}
        assert interrupt(program) == 0


def interrupt(program: Program) -> int:
    """Press Ctrl-C and return the exit code."""
    return program.stop(signal.SIGINT)


async def test_the_password_opens_the_database_for_reading_and_writing_rows(proxy: dict[str, str]) -> None:
    connection = await connect(proxy, "browser", proxy["password"])
    assert await connection.fetchval("SELECT slug FROM account") == "default"
    await connection.execute("UPDATE account SET name = 'Seen' WHERE slug = 'default'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DROP TABLE account")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SET ROLE postgres")
    await connection.close()


async def test_a_wrong_password_and_other_roles_are_rejected(proxy: dict[str, str]) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(proxy, "browser", "wrong")
    for user in ("postgres", "nobody"):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="Only the user browser"):
            await connect(proxy, user, proxy["password"])


def test_a_wrong_password_is_reported_in_one_sentence(proxy: dict[str, str]) -> None:
    url = f"postgresql://browser:wrong@127.0.0.1:{proxy['port']}/shipments"
    message = failure_message("serve", "--port", "0", POSTGRES_URL=url)
    assert message == (
        "PostgreSQL rejected the user name or password. Check POSTGRES_URL "
        f"(postgresql://browser:***@127.0.0.1:{proxy['port']}/shipments)."
    )


def test_a_role_that_cannot_create_tables_is_reported_in_one_sentence(proxy: dict[str, str], root: Path) -> None:
    running = embedded_server.EmbeddedServer(root).start()
    subprocess.run([*running.psql.split(), "-qc", "CREATE DATABASE bare"], check=True)
    url = f"postgresql://browser:{proxy['password']}@127.0.0.1:{proxy['port']}/bare"
    message = failure_message("serve", "--port", "0", POSTGRES_URL=url)
    assert message == (
        f"The role of postgresql://browser:***@127.0.0.1:{proxy['port']}/bare may not migrate the database: "
        "permission denied for schema public. Make it the owner of the database and its tables, or set "
        "POSTGRES_OWNER_URL to a role that is."
    )


def test_without_a_port_it_prints_the_psql_command_and_keeps_postgresql_running(root: Path) -> None:
    with started("db", SHIPMENTS_DATA_DIR=str(root)) as program:
        psql = program.wait_for(r"(.*psql -h .*)")
        program.wait_for(r"(until you press Ctrl-C)")
        completed = subprocess.run([*psql.split(), "-Atc", "SELECT 1"], capture_output=True, check=True)
        assert completed.stdout == b"1\n"
        with started("db", SHIPMENTS_DATA_DIR=str(root)) as second:
            assert second.process.wait(20) == 0
        assert second.output.strip() == psql
        pid = server_pid(root)
        assert interrupt(program) == 0
        wait_until_gone(pid, root)


def test_the_psql_command_of_an_external_database_has_no_password() -> None:
    with started("db", POSTGRES_URL="postgresql+asyncpg://me:secret@db.example:5433/shipments") as program:
        assert program.process.wait(20) == 0
    assert program.output == "psql 'postgresql://me@db.example:5433/shipments'\n"


def test_an_unsupported_version_of_postgresql_is_reported_in_one_line(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_binaries, "INSTALL_DIRECTORY", "pginstall")  # the package contains PostgreSQL 16, too
    monkeypatch.setattr(embedded_server, "MAJOR_VERSION", "16")
    monkeypatch.setattr(embedded_server, "LOCALE_OPTIONS", ("--no-locale", "--encoding=UTF8"))
    old = embedded_server.EmbeddedServer(root.with_name("old"), fast=True).start()
    try:
        message = failure_message("serve", "--port", "0", POSTGRES_URL=old.url)
    finally:
        old.stop()
    assert re.fullmatch(
        r"PostgreSQL 18 or newer is required; the server at postgresql://\S+ is version 16\. "
        r"Upgrade it or change POSTGRES_URL\.",
        message,
    )


async def connect(proxy: dict[str, str], user: str, password: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect through the port as pgAdmin does: request encryption and continue without it."""
    return await asyncpg.connect(
        host="127.0.0.1", port=int(proxy["port"]), user=user, password=password, database="shipments", ssl="prefer"
    )
