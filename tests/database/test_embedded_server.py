"""The embedded PostgreSQL: it starts, is shared by processes, and ends with the process that started it."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from graphql_app.database.embedded_binaries import PostgresPrograms
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.postmaster import is_server
from graphql_app.errors import startup_error

NUMBERS = itertools.count()
START_PROGRAM = """
import pathlib, sys, time
from graphql_app.database.embedded_server import EmbeddedServer
server = EmbeddedServer(pathlib.Path(sys.argv[1]), fast=True).start()
print("owner" if server.is_owner else "guest", server.url, flush=True)
time.sleep(60)
"""


@pytest.fixture
def root(server_folder: Path) -> Path:
    """A new directory path for each test."""
    return server_folder / f"embedded-{next(NUMBERS)}"


@contextmanager
def another_process(root: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process that starts the server or attaches to it, and its role: `owner` or `guest`."""
    process = subprocess.Popen([sys.executable, "-c", START_PROGRAM, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process, process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def server_pid(root: Path) -> int:
    """Process ID of the server."""
    return int((root / "data" / "postmaster.pid").read_text().split()[0])


def wait_until_gone(pid: int, root: Path) -> None:
    """Wait until a server has ended; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while is_server(pid, root / "data"):
        assert time.monotonic() < deadline, "PostgreSQL is still running"
        time.sleep(0.02)


def run(url: str, sql: str) -> Any:
    """Run a statement and return its first value."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_it_starts_stops_and_keeps_its_data(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    assert server.is_owner
    assert int(run(server.url, "SHOW server_version_num")) >= 180000
    run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server_pid(root)
    server.stop()
    assert not is_server(pid, root / "data")

    second = EmbeddedServer(root, fast=True).start()
    try:
        assert run(second.url, "SELECT answer FROM kept") == 42
    finally:
        second.stop()


def test_other_users_cannot_reach_the_socket(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert (root / "data").stat().st_mode & 0o777 == 0o700
        assert server.socket_directory.stat().st_mode & 0o777 == 0o700
        assert run(server.url, "SHOW listen_addresses") == ""
    finally:
        server.stop()


def test_full_text_search_lowercases_letters_of_every_alphabet(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT to_tsvector('simple', 'ÅRHUS ŁÓDŹ')::text") == "'århus':1 'łódź':2"
    finally:
        server.stop()


def test_a_second_process_attaches_and_owns_nothing(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        with another_process(root) as (_process, role):
            assert role == "guest"
        assert run(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_two_processes_that_start_together_share_one_server(root: Path) -> None:
    with another_process(root) as (_first, first_role), another_process(root) as (_second, second_role):
        assert sorted([first_role, second_role]) == ["guest", "owner"]


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_its_owner(root: Path, signal_number: signal.Signals) -> None:
    with another_process(root) as (process, role):
        assert role == "owner"
        pid = server_pid(root)
        process.send_signal(signal_number)
        process.wait()
        wait_until_gone(pid, root)


def test_a_start_waits_for_a_server_that_is_shutting_down(root: Path) -> None:
    for _ in range(3):
        with another_process(root) as (process, role):
            assert role == "owner"
            process.kill()
            process.wait()
            server = EmbeddedServer(root, fast=True).start()
            assert run(server.url, "SELECT 1") == 1
            server.stop()


def test_a_start_recovers_after_server_and_owner_were_killed(root: Path) -> None:
    with another_process(root) as (process, _role):
        url = f"postgresql://postgres@/shipments?host={root / 'run'}"
        run(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server_pid(root), signal.SIGKILL)
        process.kill()
        process.wait()
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT answer FROM kept") == 42
    finally:
        server.stop()


def test_a_killed_server_is_restarted(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        killed_pid = server_pid(root)
        os.kill(killed_pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while True:
            try:
                assert run(server.url, "SELECT answer FROM kept") == 42
                break
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert server_pid(root) != killed_pid
    finally:
        server.stop()
    wait_until_gone(killed_pid, root)
    assert not (root / "data" / "postmaster.pid").exists()


def test_a_process_id_that_was_reused_does_not_prevent_a_start(root: Path) -> None:
    EmbeddedServer(root, fast=True).start().stop()
    stale = [str(os.getppid()), str(root / "data"), "1", "5432", str(root / "run"), "", "1 2", "ready"]
    (root / "data" / "postmaster.pid").write_text("\n".join(stale) + "\n")
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_the_server_ends_although_its_guard_was_killed(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    pid = server_pid(root)
    assert server._process._guard
    os.kill(server._process._guard.pid, signal.SIGKILL)
    server.stop()
    wait_until_gone(pid, root)


def test_a_start_after_one_that_was_killed_midway_starts_over(root: Path) -> None:
    (root / "data.new" / "half").mkdir(parents=True)
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
        assert not (root / "data.new").exists()
    finally:
        server.stop()


def test_a_long_path_gets_a_socket_with_a_short_path(root: Path) -> None:
    deep = root / ("a" * 60) / ("b" * 60)
    server = EmbeddedServer(deep, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
        with another_process(deep) as (_process, role):
            assert role == "guest"
    finally:
        server.stop()


def test_data_of_another_version_is_rejected_with_one_sentence(root: Path) -> None:
    EmbeddedServer(root, fast=True).start().stop()
    (root / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(
        startup_error.StartupError, match=r"belongs to PostgreSQL 17; the embedded server is PostgreSQL 18\. "
    ):
        EmbeddedServer(root, fast=True).start()


def test_an_error_of_postgresql_is_reported(root: Path) -> None:
    EmbeddedServer(root, fast=True).start().stop()
    (root / "data" / "postgresql.conf").write_text("max_connections = many\n")
    with pytest.raises(startup_error.StartupError, match="did not start"):
        EmbeddedServer(root, fast=True).start()
    with pytest.raises(startup_error.StartupError, match="did not start"):  # the lock was released
        EmbeddedServer(root, fast=True).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_runs_the_server_as_another_user(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert Path(f"/proc/{server_pid(root)}").stat().st_uid not in (0, os.geteuid())
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_programs_that_the_user_cannot_reach_are_copied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir()
    reaches = PostgresPrograms.reaches
    monkeypatch.setattr(
        PostgresPrograms, "reaches", lambda self, path: "site-packages" not in str(path) and reaches(self, path)
    )
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
        assert os.fsencode(root) in Path(f"/proc/{server_pid(root)}/cmdline").read_bytes().split(b"\0")[0]
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_a_directory_that_the_user_cannot_enter_is_rejected(root: Path) -> None:
    root.mkdir(mode=0o700)
    with pytest.raises(startup_error.StartupError, match="cannot enter"):
        EmbeddedServer(root / "inner", fast=True).start()
