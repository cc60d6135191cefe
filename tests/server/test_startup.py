"""Startup and shutdown of the server as a user sees it: a real process, a real port, a real PostgreSQL."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from graphql_app.database.embedded_server import EmbeddedServer
from tests.database.test_embedded_server import server_pid, wait_until_gone
from tests.support.databases import database_url
from tests.support.server_process import failure_message, started, wait_until_closed
from tests.support.streaming_clients import authorization

QUERY = {"query": "{ viewer { account } }"}
RESULT = {"data": {"viewer": {"account": "default"}}}


@pytest.fixture(scope="module")
def root(server_folder: Path) -> Path:
    """The data directory of this module's servers. All but the first start find an existing database."""
    return server_folder / "served"


def execute(url: str, key: str | None = None) -> object:
    """Return the response to a simple query."""
    return httpx.post(f"{url}/graphql", json=QUERY, timeout=10, headers=authorization(key)).json()


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_the_server_starts_and_stops_cleanly(root: Path, stop_signal: signal.Signals) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert execute(url) == RESULT
        assert httpx.get(f"{url}/readyz").text == "ok\n"
        pid = server_pid(root)
        assert program.stop(stop_signal) == 0
        wait_until_gone(pid, root)
    assert "Traceback" not in program.output, program.output


def test_the_second_start_uses_the_existing_database_cluster(root: Path) -> None:
    modified = []
    for _ in range(2):
        with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
            assert execute(program.url) == RESULT
            modified.append({path: path.stat().st_mtime_ns for path in root.rglob("PG_VERSION")})
            assert program.stop(signal.SIGTERM) == 0
    assert modified[0] == modified[1] != {}


def test_an_empty_embedded_database_is_filled_with_demonstration_data_once(server_folder: Path) -> None:
    root, query = str(server_folder / "demo"), {"query": "{ shipments { totalCount { count } } }"}
    counts = []
    for _ in range(2):
        with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=root) as program:
            response = httpx.post(f"{program.url}/graphql", json=query, timeout=10).json()
            counts.append(response["data"]["shipments"]["totalCount"]["count"])
            assert program.stop(signal.SIGTERM) == 0
    assert counts[0] == counts[1] > 300
    with started("demo", SHIPMENTS_DATA_DIR=root) as program:
        assert program.process.wait(20) == 0
    assert program.output == "The account already has shipments; none were created.\n"


def test_postgresql_and_port_are_released_after_sigkill(root: Path) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert execute(url) == RESULT
        pid = server_pid(root)
        program.stop(signal.SIGKILL)
        wait_until_gone(pid, root)
        wait_until_closed(url)


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGKILL])
def test_two_workers_share_port_and_metrics_and_end_with_their_parent(
    root: Path, stop_signal: signal.Signals, tmp_path: Path
) -> None:
    with started(
        "serve", "--port", "0", "--workers", "2",
        SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false", TMPDIR=str(tmp_path),
    ) as program:  # fmt: skip
        url = program.url
        assert execute(url) == RESULT
        assert "graphql_operations" in httpx.get(f"{url}/metrics").text
        pid = server_pid(root)
        program.stop(stop_signal)
        wait_until_gone(pid, root)
        wait_until_closed(url)
    assert "Traceback" not in program.output, program.output
    assert not list(tmp_path.iterdir())


def test_the_server_recovers_within_five_seconds_after_postgresql_was_killed(root: Path) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert execute(url) == RESULT
        query = {"query": "{ carriers { nodes { id } } }"}
        assert "data" in httpx.post(f"{url}/graphql", json=query).json()
        os.kill(server_pid(root), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while "data" not in (response := httpx.post(f"{url}/graphql", json=query, timeout=5).json()):
            assert response["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert program.stop(signal.SIGTERM) == 0
    assert "Traceback" not in program.output, program.output


def test_the_server_runs_with_reload(root: Path) -> None:
    with started("serve", "--port", "0", "--reload", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        assert execute(url) == RESULT
        pid = server_pid(root)
        assert program.stop(signal.SIGTERM) == 0
        wait_until_gone(pid, root)
        wait_until_closed(url)


def test_the_banner_contains_working_urls_and_a_working_psql_command(root: Path) -> None:
    with started("serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false") as program:
        url = program.url
        sdl = program.wait_for(r"Schema\s+(\S+)")
        psql = program.wait_for(r"Tables\s+(.+)")
        assert program.wait_for(r"Data\s+(.+)") == str(root / "data")
        assert program.wait_for(r"Stop\s+(.+)") == "Ctrl-C"
        assert "type Query" in httpx.get(sdl).text
        assert sdl == f"{url}/schema.graphql"
        accounts = subprocess.run(
            [*psql.split(), "-Atc", "SELECT count(*) FROM account"], capture_output=True, check=True
        )
        assert accounts.stdout == b"1\n"


def test_readyz_returns_draining_before_the_port_is_closed(root: Path) -> None:
    with started(
        "serve", "--port", "0", SHIPMENTS_DATA_DIR=str(root), SHIPMENTS_DEMO="false", SHIPMENTS_DRAIN_DELAY="1.5"
    ) as program:
        url = program.url
        assert execute(url) == RESULT
        program.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 1
        while (ready := httpx.get(f"{url}/readyz")).status_code == 200:
            assert time.monotonic() < deadline
        assert (ready.status_code, ready.text) == (503, "draining\n")
        assert httpx.get(f"{url}/livez").text == "ok\n"
        assert execute(url) == RESULT
        assert program.process.wait(15) == 0


def test_a_port_in_use_is_reported_in_one_line(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        message = failure_message("serve", "--port", str(port), SHIPMENTS_DATA_DIR=str(root))
    assert (
        message == f"Port {port} of 127.0.0.1 is in use. Stop the program that uses it, or choose another with --port."
    )


def test_an_address_of_another_machine_is_reported_in_one_line(root: Path) -> None:
    assert "cannot be opened" in failure_message("serve", "--host", "192.0.2.1", SHIPMENTS_DATA_DIR=str(root))


def test_an_unreachable_postgresql_is_reported_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_later:
        port = closed_later.getsockname()[1]
    message = failure_message("serve", "--port", "0", POSTGRES_URL=f"postgresql://me:secret@127.0.0.1:{port}/shipments")
    assert message.startswith(f"Cannot connect to PostgreSQL at postgresql://me:***@127.0.0.1:{port}/shipments: ")


def test_an_unknown_database_is_reported_in_one_sentence(server: EmbeddedServer) -> None:
    message = failure_message("migrate", POSTGRES_URL=database_url(server, "nowhere"))
    assert message.startswith("The database 'nowhere' does not exist. ")


def test_a_url_of_another_database_system_is_reported_in_one_sentence() -> None:
    message = failure_message("serve", POSTGRES_URL="mysql://127.0.0.1/shipments")
    assert message == "POSTGRES_URL must start with postgresql:// (was mysql://)."


def test_an_invalid_setting_is_reported_in_one_sentence() -> None:
    assert failure_message("serve", SHIPMENTS_PORT="many").startswith("SHIPMENTS_PORT ")


def test_postgres_url_may_name_the_driver(postgres_url: str) -> None:
    for spelling in ("postgresql://", "postgresql+asyncpg://"):
        with started("migrate", "--check", POSTGRES_URL=postgres_url.replace("postgresql://", spelling)) as program:
            assert program.process.wait(20) == 0
        assert program.output == "The database is up to date.\n"


def test_reload_requires_one_worker(root: Path) -> None:
    message = failure_message("serve", "--reload", "--workers", "2", SHIPMENTS_DATA_DIR=str(root))
    assert message == "--reload requires one worker (was 2). Omit --workers."


def test_the_schema_is_printed_or_written_to_a_file(tmp_path: Path) -> None:
    with started("schema") as program:
        assert program.wait() == 0
    with started("schema", str(tmp_path / "schema.graphql")) as writer:
        assert writer.process.wait(20) == 0
    assert (tmp_path / "schema.graphql").read_text() == program.output
    assert program.output.endswith("}\n")
