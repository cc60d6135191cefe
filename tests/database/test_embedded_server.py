"""The PostgreSQL of our own: it starts, it is shared, and it ends with whoever started it, whatever happens to them."""

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
HOLD = """
import pathlib, sys, time
from graphql_app.database.embedded_server import EmbeddedServer
server = EmbeddedServer(pathlib.Path(sys.argv[1]), fast=True).start()
print("owner" if server.owner else "guest", server.url, flush=True)
time.sleep(60)
"""


@pytest.fixture
def root(folder: Path) -> Path:
    """A directory of this test's own."""
    return folder / f"embedded-{next(NUMBERS)}"


@contextmanager
def another_process(root: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Another process that starts the server, or attaches to it; what it says it is."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process, process.stdout.readline().split()[0]
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def server_pid(root: Path) -> int:
    """Number of the server's process."""
    return int((root / "data" / "postmaster.pid").read_text().split()[0])


def wait_until_gone(pid: int, root: Path) -> None:
    """Fails after ten seconds."""
    deadline = time.monotonic() + 10
    while is_server(pid, root / "data"):
        assert time.monotonic() < deadline, "PostgreSQL was left behind"
        time.sleep(0.02)


def run(url: str, sql: str) -> Any:
    """One value."""

    async def ask() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_starts_answers_stops_and_keeps_the_data(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    assert server.owner
    assert int(run(server.url, "SHOW server_version_num")) >= 180000
    run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server_pid(root)
    server.stop()
    assert not is_server(pid, root / "data")

    again = EmbeddedServer(root, fast=True).start()
    try:
        assert run(again.url, "SELECT answer FROM kept") == 42
    finally:
        again.stop()


def test_the_socket_is_closed_to_others(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert (root / "data").stat().st_mode & 0o777 == 0o700
        assert server.run.stat().st_mode & 0o777 == 0o700
        assert run(server.url, "SHOW listen_addresses") == ""
    finally:
        server.stop()


def test_words_are_folded_in_every_script(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT to_tsvector('simple', 'ÅRHUS ŁÓDŹ')::text") == "'århus':1 'łódź':2"
    finally:
        server.stop()


def test_a_second_process_attaches_and_owns_nothing(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        with another_process(root) as (_process, what):
            assert what == "guest"
        assert run(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_two_that_start_at_once_share_one_server(root: Path) -> None:
    with another_process(root) as (_one, first), another_process(root) as (_two, second):
        assert sorted([first, second]) == ["guest", "owner"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_its_owner(root: Path, how: signal.Signals) -> None:
    with another_process(root) as (process, what):
        assert what == "owner"
        pid = server_pid(root)
        process.send_signal(how)
        process.wait()
        wait_until_gone(pid, root)


def test_the_next_start_waits_for_a_server_that_is_just_ending(root: Path) -> None:
    for _ in range(3):
        with another_process(root) as (process, what):
            assert what == "owner"
            process.kill()
            process.wait()
            server = EmbeddedServer(root, fast=True).start()
            assert run(server.url, "SELECT 1") == 1
            server.stop()


def test_the_next_start_recovers_when_server_and_owner_were_both_killed(root: Path) -> None:
    with another_process(root) as (process, _what):
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


def test_a_server_that_is_killed_is_started_again(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        killed = server_pid(root)
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while True:
            try:
                assert run(server.url, "SELECT answer FROM kept") == 42
                break
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert server_pid(root) != killed
    finally:
        server.stop()
    wait_until_gone(killed, root)
    assert not (root / "data" / "postmaster.pid").exists()


def test_a_number_that_another_process_got_meanwhile_is_no_obstacle(root: Path) -> None:
    EmbeddedServer(root, fast=True).start().stop()
    stale = [str(os.getppid()), str(root / "data"), "1", "5432", str(root / "run"), "", "1 2", "ready"]
    (root / "data" / "postmaster.pid").write_text("\n".join(stale) + "\n")
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_a_guard_that_is_killed_does_not_leave_the_server_behind(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    pid = server_pid(root)
    assert server._guard
    os.kill(server._guard.pid, signal.SIGKILL)
    server.stop()
    wait_until_gone(pid, root)


def test_a_start_that_was_killed_midway_begins_anew(root: Path) -> None:
    (root / "data.new" / "half").mkdir(parents=True)
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
        assert not (root / "data.new").exists()
    finally:
        server.stop()


def test_a_long_path_gets_a_short_socket(root: Path) -> None:
    deep = root / ("a" * 60) / ("b" * 60)
    server = EmbeddedServer(deep, fast=True).start()
    try:
        assert run(server.url, "SELECT 1") == 1
        with another_process(deep) as (_process, what):
            assert what == "guest"
    finally:
        server.stop()


def test_data_of_another_version_are_refused_in_one_sentence(root: Path) -> None:
    EmbeddedServer(root, fast=True).start().stop()
    (root / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(
        startup_error.StartupError, match=r"belongs to PostgreSQL 17; the embedded server is PostgreSQL 18\. "
    ):
        EmbeddedServer(root, fast=True).start()


def test_what_postgresql_complains_of_is_passed_on(root: Path) -> None:
    EmbeddedServer(root, fast=True).start().stop()
    (root / "data" / "postgresql.conf").write_text("max_connections = many\n")
    with pytest.raises(startup_error.StartupError, match="did not start"):
        EmbeddedServer(root, fast=True).start()
    with pytest.raises(startup_error.StartupError, match="did not start"):  # and the lock was given back
        EmbeddedServer(root, fast=True).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account")
def test_root_lends_the_server_another_account(root: Path) -> None:
    server = EmbeddedServer(root, fast=True).start()
    try:
        assert Path(f"/proc/{server_pid(root)}").stat().st_uid not in (0, os.geteuid())
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account")
def test_programs_that_the_account_cannot_reach_are_copied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account")
def test_a_directory_that_the_account_cannot_enter_is_refused(root: Path) -> None:
    root.mkdir(mode=0o700)
    with pytest.raises(startup_error.StartupError, match="cannot enter"):
        EmbeddedServer(root / "inner", fast=True).start()
