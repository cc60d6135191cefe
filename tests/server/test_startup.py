"""The program as a user starts and ends it: a real process, a real port, a real PostgreSQL."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from graphql_app import settings
from graphql_app.cli import account_admin
from graphql_app.database import migrate
from graphql_app.database.embedded_server import EmbeddedServer
from graphql_app.database.engine import make_engine
from tests.database.test_embedded_server import server_pid, wait_until_gone
from tests.support.databases import database_url
from tests.support.streaming_clients import authorization

QUESTION = {"query": "{ viewer { account } }"}
ANSWER = {"data": {"viewer": {"account": "default"}}}


@pytest.fixture(scope="module")
def root(folder: Path) -> Path:
    """The data directory of this module's servers: the second start is the usual one."""
    return folder / "served"


class Program:
    """`graphql-app …`, running."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONWARNINGS": "error"} | environment
        command = [sys.executable, "-m", "graphql_app", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
            cwd="/",
            start_new_session=True,
        )
        self.said = ""

    def wait_for(self, pattern: str) -> str:
        """Read on until a line matches; its first group."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(f"{pattern!r} was never said: {self.said}")

    @property
    def url(self) -> str:
        """Where it serves."""
        return self.wait_for(r"Explorer\s+(http://\S+)/graphql")

    def end(self, how: signal.Signals) -> int:
        """Its exit code."""
        self.process.send_signal(how)
        return self.process.wait(15)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[Program]:
    """A program, killed with all that it started at the end, if it still runs."""
    program = Program(*arguments, **environment)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            os.killpg(program.process.pid, signal.SIGKILL)
            program.process.wait()
        assert program.process.stdout
        program.said += program.process.stdout.read()
        program.process.stdout.close()


def refused(*arguments: str, **environment: str) -> str:
    """The one sentence of a program that cannot start."""
    with started(*arguments, **environment) as program:
        code = program.process.wait(20)
    assert code == 1, program.said
    lines = program.said.strip().splitlines()
    assert len(lines) == 1, program.said
    assert lines[0].endswith(".")
    return lines[0]


def ask(url: str, key: str | None = None) -> object:
    """The answer to the simplest question."""
    return httpx.post(f"{url}/graphql", json=QUESTION, timeout=10, headers=authorization(key)).json()


def key_of(url: str) -> str:
    """The secret of a new key, in a database that may be empty still. The change log begins after it."""

    async def make() -> str:
        engine = make_engine(url, settings.read())
        try:
            await migrate.upgrade(engine)
            made = await account_admin.create_key(engine, "default", "tests")
            async with engine.begin() as connection:
                await connection.exec_driver_sql("DELETE FROM change")
            return made.text
        finally:
            await engine.dispose()

    return asyncio.run(make())


def wait_until_closed(url: str) -> None:
    """Until nobody listens any more."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/livez", timeout=1)
        except httpx.TransportError:
            return
        time.sleep(0.05)
    raise AssertionError(f"somebody still listens at {url}")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_in_order(root: Path, how: signal.Signals) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert ask(url) == ANSWER
        assert httpx.get(f"{url}/readyz").text == "ok\n"
        pid = server_pid(root)
        assert program.end(how) == 0
        wait_until_gone(pid, root)
    assert "Traceback" not in program.said, program.said


def test_the_second_start_makes_nothing_anew(root: Path) -> None:
    cluster = []
    for _ in range(2):
        with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
            assert ask(program.url) == ANSWER
            cluster.append({path: path.stat().st_mtime_ns for path in root.rglob("PG_VERSION")})
            assert program.end(signal.SIGTERM) == 0
    assert cluster[0] == cluster[1] != {}


def test_an_empty_database_of_our_own_is_filled_once_and_kept(folder: Path) -> None:
    root, question = str(folder / "shown"), {"query": "{ shipments { totalCount { count } } }"}
    counted = []
    for _ in range(2):
        with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=root) as program:
            answer = httpx.post(f"{program.url}/graphql", json=question, timeout=10).json()
            counted.append(answer["data"]["shipments"]["totalCount"]["count"])
            assert program.end(signal.SIGTERM) == 0
    assert counted[0] == counted[1] > 300
    with started("demo", SHIPMENTS_DATA_DIR=root) as program:
        assert program.process.wait(20) == 0
    assert program.said == "There are shipments already: nothing was made.\n"


def test_nothing_is_left_after_kill_9(root: Path) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert ask(url) == ANSWER
        pid = server_pid(root)
        program.end(signal.SIGKILL)
        wait_until_gone(pid, root)
        wait_until_closed(url)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_several_workers_share_the_server_and_end_with_their_parent(
    root: Path, how: signal.Signals, tmp_path: Path
) -> None:
    with started(
        "serve", "--port", "0", "--workers", "2",
        SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false", TMPDIR=str(tmp_path),
    ) as program:  # fmt: skip
        url = program.url
        assert ask(url) == ANSWER
        assert "graphql_operations" in httpx.get(f"{url}/metrics").text
        pid = server_pid(root)
        program.end(how)
        wait_until_gone(pid, root)
        wait_until_closed(url)
    assert "Traceback" not in program.said, program.said
    assert not list(tmp_path.iterdir())


def test_it_answers_again_soon_after_postgresql_was_killed(root: Path) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert ask(url) == ANSWER
        question = {"query": "{ carriers { nodes { id } } }"}
        assert "data" in httpx.post(f"{url}/graphql", json=question).json()
        os.kill(server_pid(root), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while "data" not in (answer := httpx.post(f"{url}/graphql", json=question, timeout=5).json()):
            assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert program.end(signal.SIGTERM) == 0
    assert "Traceback" not in program.said, program.said


def test_reload_serves_too(root: Path) -> None:
    with started("serve", "--port", "0", "--reload", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert ask(url) == ANSWER
        pid = server_pid(root)
        assert program.end(signal.SIGTERM) == 0
        wait_until_gone(pid, root)
        wait_until_closed(url)


def test_the_banner_says_where_everything_is(root: Path) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        sdl = program.wait_for(r"Schema\s+(\S+)")
        psql = program.wait_for(r"Tables\s+(.+)")
        assert program.wait_for(r"Data\s+(.+)") == str(root / "data")
        assert program.wait_for(r"Stop\s+(.+)") == "Ctrl-C"
        assert "type Query" in httpx.get(sdl).text
        assert sdl == f"{url}/schema.graphql"
        counted = subprocess.run(
            [*psql.split(), "-Atc", "SELECT count(*) FROM account"], capture_output=True, check=True
        )
        assert counted.stdout == b"1\n"


def test_draining_is_told_before_the_port_is_closed(root: Path) -> None:
    with started(
        "serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false", SHIPMENTS_DRAIN_DELAY="1.5"
    ) as program:
        url = program.url
        assert ask(url) == ANSWER
        program.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 1
        while (ready := httpx.get(f"{url}/readyz")).status_code == 200:
            assert time.monotonic() < deadline
        assert (ready.status_code, ready.text) == (503, "draining\n")
        assert httpx.get(f"{url}/livez").text == "ok\n"
        assert ask(url) == ANSWER
        assert program.process.wait(15) == 0


def test_a_busy_port_is_one_line(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("serve", "--port", str(port), SHIPMENTS_DATA_DIR=str(root))
    assert said == f"Port {port} of 127.0.0.1 is in use: stop what uses it, or take another with --port."


def test_a_strange_host_is_one_line(root: Path) -> None:
    assert "cannot be taken" in refused("serve", "--host", "192.0.2.1", SHIPMENTS_DATA_DIR=str(root))


def test_an_unreachable_server_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    said = refused("serve", "--port", "0", POSTGRES_URL=f"postgresql://me:secret@127.0.0.1:{port}/shipments")
    assert said.startswith(f"PostgreSQL cannot be reached at postgresql://me:***@127.0.0.1:{port}/shipments: ")


def test_an_unknown_database_is_one_sentence(server: EmbeddedServer) -> None:
    said = refused("migrate", POSTGRES_URL=database_url(server, "nowhere"))
    assert said.startswith("PostgreSQL has no database named 'nowhere' at ")


def test_a_wrong_scheme_is_one_sentence() -> None:
    said = refused("serve", POSTGRES_URL="mysql://127.0.0.1/shipments")
    assert said == "POSTGRES_URL names mysql, but only PostgreSQL is spoken: postgresql://…."


def test_a_wrong_setting_is_one_sentence() -> None:
    assert refused("serve", SHIPMENTS_PORT="many").startswith("SHIPMENTS_PORT ")


def test_both_spellings_of_the_url_are_understood(postgres_url: str) -> None:
    for spelling in ("postgresql://", "postgresql+asyncpg://"):
        with started("migrate", "--check", POSTGRES_URL=postgres_url.replace("postgresql://", spelling)) as program:
            assert program.process.wait(20) == 0
        assert program.said == "Nothing is missing.\n"


def test_reload_and_workers_exclude_each_other(root: Path) -> None:
    said = refused("serve", "--reload", "--workers", "2", SHIPMENTS_DATA_DIR=str(root))
    assert said == "--reload watches one process: leave --workers away."


def test_the_schema_is_printed_and_written(tmp_path: Path) -> None:
    with started("schema") as program:
        assert program.process.wait(20) == 0
    with started("schema", str(tmp_path / "schema.graphql")) as writing:
        assert writing.process.wait(20) == 0
    assert (tmp_path / "schema.graphql").read_text() == program.said
    assert program.said.endswith("}\n")
