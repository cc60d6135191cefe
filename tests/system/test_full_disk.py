"""The disk of the embedded PostgreSQL is full: it ends, says why, and runs again when there is space.

The disk is a small file system in memory. The tests are skipped where it cannot be mounted, as without root.
"""

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from graphql_app.database import embedded_server
from graphql_app.errors.startup_error import StartupError
from tests.database.test_embedded_server import server_pid
from tests.support.mutation_client import complete, document
from tests.support.server_process import failure_message, started

DISK_BYTES = 200_000_000
BALLAST_BLOCK = b"\0" * 65_536


@pytest.fixture
def disk(server_folder: Path) -> Iterator[Path]:
    """A file system of DISK_BYTES."""
    folder = server_folder / f"disk-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Write a file until the disk is full."""
    with (disk / "ballast").open("ab", buffering=0) as file:
        try:
            while file.write(BALLAST_BLOCK):
                pass
        except OSError:
            return


def post(url: str, query: str, variables: dict[str, object] | None = None) -> httpx.Response | None:
    """The response to a request; None if the connection broke."""
    try:
        return httpx.post(f"{url}/graphql", json={"query": query, "variables": variables or {}}, timeout=20)
    except httpx.TransportError:
        return None


def create(url: str) -> str | None:
    """Create a shipment; return its ID if the server has confirmed it."""
    response = post(url, document("shipmentCreate"), {"input": complete()})
    payload = ((response and response.json().get("data")) or {}).get("shipmentCreate")
    return payload["shipment"]["id"] if payload and payload["shipment"] else None


def wait_until_ready(url: str, text: str) -> None:
    """Wait until `/readyz` returns a text."""
    deadline = time.monotonic() + 60
    while (actual := httpx.get(f"{url}/readyz", timeout=20).text.strip()) != text:
        assert time.monotonic() < deadline, actual
        time.sleep(0.2)


def served(disk: Path) -> dict[str, str]:
    """The environment of a server with its data on the disk."""
    return {"SHIPMENTS_DATA_DIR": str(disk / "data"), "SHIPMENTS_DEMO": "false"}


def test_the_server_recovers_when_there_is_space_again_and_has_lost_nothing(disk: Path) -> None:
    with started("serve", "--port", "0", **served(disk)) as program:
        url = program.url
        psql = program.wait_for(r"Tables\s+(.+)").split()
        confirmed = [create(url) for _ in range(5)]
        fill(disk)
        deadline = time.monotonic() + 60
        while "not ready" not in (state := readiness(url)):
            confirmed.append(create(url))
            switch_wal(psql)
            assert time.monotonic() < deadline, state
        wait_until_ready(url, "no database: the disk of the embedded PostgreSQL is full")
        program.wait_for(r"(PostgreSQL did not start in .*: the disk is full \(\d+ MB free\))")
        pauses = [float(program.wait_for(r"The next attempt to start PostgreSQL follows in (\S+) s")) for _ in range(3)]
        assert pauses[2] == 2 * pauses[1] == 4 * pauses[0]
        (disk / "ballast").unlink()
        program.wait_for(r"(PostgreSQL is running again)")
        wait_until_ready(url, "ok")
        confirmed.append(create(url))
        ids = [id_ for id_ in confirmed if id_]
        assert len(ids) >= 6
        assert confirmed[-1]
        for id_ in ids:
            response = post(url, "query ($id: ID!) { shipment(by: { id: $id }) { id } }", {"id": id_})
            assert response
            assert response.json() == {"data": {"shipment": {"id": id_}}}
        assert program.stop(signal.SIGTERM) == 0
    assert "Traceback" not in program.output, program.output


def readiness(url: str) -> str:
    """ "ready", or "not ready" with the reason."""
    response = httpx.get(f"{url}/readyz", timeout=20)
    return "ready" if response.status_code == 200 else f"not ready: {response.text}"


def switch_wal(psql: list[str]) -> None:
    """Let PostgreSQL begin a new file of its log, for which there is no space."""
    command = [*psql, "-c", "SELECT pg_switch_wal()", "-c", "CHECKPOINT"]
    subprocess.run(command, capture_output=True, check=False, timeout=60)


def test_a_server_that_cannot_be_restarted_can_be_stopped_and_started(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = embedded_server.EmbeddedServer(disk / "postgres", fast=True).start()
    fill(disk)
    deadline = time.monotonic() + 60
    while "The next attempt to start PostgreSQL follows" not in caplog.text:
        assert time.monotonic() < deadline
        with contextlib.suppress(OSError, ValueError, IndexError):  # a restart needs space only after some writes
            os.kill(server_pid(server.root), signal.SIGKILL)
        time.sleep(0.2)
    server.stop()
    with pytest.raises(StartupError, match=r"the disk is full \("):
        server.start()
    (disk / "ballast").unlink()
    server.start()
    server.stop()


def test_a_start_on_a_full_disk_is_refused_in_one_line(disk: Path) -> None:
    with started("migrate", **served(disk)) as program:
        assert program.wait() == 0, program.output
    fill(disk)
    message = failure_message("migrate", **served(disk))
    assert "the disk is full (" in message
