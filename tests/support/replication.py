"""Two PostgreSQL servers on this machine: a primary and a streaming standby, which can be promoted."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from graphql_app.database.embedded_binaries import PostgresPrograms
from graphql_app.database.embedded_server import DATABASE_NAME, LOCALE_OPTIONS

SETTINGS = {
    "listen_addresses": "",
    "wal_level": "replica",
    "max_wal_senders": "5",
    "shared_buffers": "64MB",
    "fsync": "off",
    "hot_standby": "on",
}
WAIT_SECONDS = 30.0


class ReplicatedServer:
    """A primary, a standby, and a path that leads to one of them, as a virtual address does."""

    def __init__(self, root: Path) -> None:
        self.root, self.programs = root, PostgresPrograms(root)
        self.programs.make_root()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.current = root / "current"
        self.programs.make_private_directory(root / "primary")
        self.programs.run(
            "initdb", "-D", root / "primary", "-U", "postgres", "-A", "trust", *LOCALE_OPTIONS, "--no-sync"
        )
        self.start("primary")
        self.programs.run("psql", *self.connect("primary"), "-c", f"CREATE DATABASE {DATABASE_NAME}", "postgres")
        self.point_to("primary")

    @property
    def url(self) -> str:
        """The URL of the server that `current` leads to."""
        return f"postgresql://postgres@/{DATABASE_NAME}?host={quote(str(self.current), safe='/')}"

    def connect(self, name: str) -> tuple[str, ...]:
        """The arguments of PostgreSQL's programs that select a server."""
        return "-h", str(self.root / f"{name}.run"), "-U", "postgres"

    def start(self, name: str) -> None:
        """Start a server and wait until it accepts connections."""
        data, run = self.root / name, self.root / f"{name}.run"
        self.programs.make_private_directory(run)
        options = [option for key, value in SETTINGS.items() for option in ("-c", f"{key}={value}")]
        command = [self.programs.folder / "postgres", "-D", data, "-k", run, *options]
        with (self.root / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **self.programs.identity(),
            )  # fmt: skip
        self.wait_until(name, "SELECT 1")

    def query(self, name: str, sql: str) -> str:
        """The output of psql for a query."""
        command = [self.programs.folder / "psql", *self.connect(name), "-Atc", sql, "postgres"]
        process = subprocess.run(command, capture_output=True, check=False, **self.programs.identity())
        return process.stdout.decode().strip()

    def wait_until(self, name: str, sql: str, result: str = "1") -> None:
        """Wait until a query has a result."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.query(name, sql) != result:
            assert time.monotonic() < deadline, (self.root / f"{name}.log").read_text()
            time.sleep(0.05)

    def add_standby(self) -> None:
        """Create the standby and wait until it streams."""
        data = self.root / "standby"
        self.programs.make_private_directory(data)
        self.programs.run("pg_basebackup", *self.connect("primary"), "-D", data, "-R", "-X", "stream", "-c", "fast")
        self.start("standby")
        self.wait_until("primary", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")

    def wait_for_standby(self) -> None:
        """Wait until the standby has replayed everything."""
        lsn = self.query("primary", "SELECT pg_current_wal_lsn()")
        self.wait_until("standby", f"SELECT (pg_last_wal_replay_lsn() >= '{lsn}')::int")

    def stop_receiver(self) -> None:
        """Let the standby receive no more transactions."""
        self.query("standby", "ALTER SYSTEM SET primary_conninfo = ''")
        self.query("standby", "SELECT pg_reload_conf()")
        self.wait_until("standby", "SELECT count(*) FROM pg_stat_wal_receiver", "0")

    def fail_over(self) -> None:
        """Kill the primary, promote the standby, and let `current` lead to it."""
        process = self.processes.pop("primary")
        pids = children(process.pid)
        process.kill()
        process.wait()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # they end by themselves too
                os.kill(pid, signal.SIGKILL)
        assert self.query("standby", "SELECT pg_promote()") == "t"
        self.wait_until("standby", "SELECT pg_is_in_recovery()", "f")
        self.point_to("standby")

    def point_to(self, name: str) -> None:
        """Let `current` lead to a server."""
        replacement = self.root / "current.new"
        replacement.symlink_to(self.root / f"{name}.run")
        replacement.rename(self.current)

    def stop(self) -> None:
        """Stop the servers and delete their data."""
        for process in self.processes.values():
            process.send_signal(signal.SIGQUIT)
            process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
