"""The embedded PostgreSQL server, for when POSTGRES_URL is omitted.

The server runs in the foreground under a small shell, the guard, which reads a pipe from this process. When the pipe
closes for any reason, `kill -9` included, the guard shuts the server down. A server that ends by itself is restarted.
The process that holds a file lock owns the server; the kernel releases the lock when that process ends. A second
process finds the lock held, and connects to the server without owning it.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

from graphql_app.database import postmaster, row_security
from graphql_app.database.embedded_binaries import MAJOR_VERSION, PostgresPrograms, installed
from graphql_app.errors import startup_error

logger = logging.getLogger(__name__)

DATABASE_NAME = "shipments"
"""Name of the database."""
BROWSER_ROLE = "browser"
"""The role of `graphql-app db --port`. It cannot log in until that command gives it a password."""
START_TIMEOUT_SECONDS = 60.0
"""Timeout of starting and of stopping the server."""
START_POLL_SECONDS = 0.01
"""Interval between two checks of whether the server is ready."""
MAX_SOCKET_PATH_BYTES = 100
"""Longest path of a socket: Linux allows 107 bytes, macOS 103."""
MAX_LOG_BYTES = 5_000_000
"""A larger log is truncated at the next start."""

# The pipe is standard input. Nothing writes to it, so `read` returns when its last writer is gone. The watcher survives
# if this shell is killed. Signals of a terminal end neither of them; the server installs its own handlers.
GUARD = """
trap "" INT TERM HUP
exec 3<&0
"$@" </dev/null 3<&- & server=$!
(read -r _ <&3; kill -INT $server) 2>/dev/null & watcher=$!
wait $server; code=$?
kill -KILL $watcher 2>/dev/null
exit $code
"""

TUNING = {  # settings of the server
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "graphql-app",
}
FAST_TUNING = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
"""For tests: the data survives `kill -9` of the server, but not a crash of the machine."""

HBA = f"local all {BROWSER_ROLE} scram-sha-256\nlocal all all trust\n"
"""No password is needed on the socket, because only the owner can enter its directory."""

LOCALE_OPTIONS = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
INITIAL_STATEMENTS = (
    f"CREATE DATABASE {DATABASE_NAME}",
    f"CREATE ROLE {BROWSER_ROLE} BYPASSRLS IN ROLE pg_read_all_data, pg_write_all_data",
)
"""SQL that runs once in a new cluster."""


class EmbeddedServer:
    """A PostgreSQL server in one directory.

    `start()` starts the server, or attaches to the one that another process owns; `stop()` reverts that.

    Args:
        root: directory of the cluster, the log, the socket and the lock.
        fast: True for tests, see FAST_TUNING.
    """

    def __init__(self, root: Path, *, fast: bool = False) -> None:
        self.root = root.expanduser().absolute()
        self.data, self.log = self.root / "data", self.root / "postgres.log"
        self.socket_directory = self.root / "run"
        self.fast = fast
        self._programs = PostgresPrograms(self.root)
        self._lock: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._guard_lock = threading.Lock()  # stop() and a restart exclude each other

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the server, which then ends with it."""
        return self._lock is not None

    @property
    def url(self) -> str:
        """URL of the database for the superuser."""
        return f"postgresql://postgres@/{DATABASE_NAME}?host={quote(str(self.socket_directory), safe='/')}"

    @property
    def requests_url(self) -> str:
        """URL of the database for the role of requests."""
        return self.url.replace("//postgres@", f"//{row_security.ROLE}@")

    @property
    def psql(self) -> str:
        """Shell command that opens the database in psql."""
        return f"{installed() / 'psql'} -h {self.socket_directory} -U postgres {DATABASE_NAME}"

    def start(self) -> "EmbeddedServer":
        """Start the server or attach to it; block until it is ready.

        Raises:
            StartupError: the server did not start, or the directory cannot be used.
        """
        self._programs.make_root()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._take_lock():
            status = postmaster.read(self.data)
            if status and status.state == "ready" and postmaster.is_server(status.pid, self.data):
                self.socket_directory = status.run
                return self
            if time.monotonic() > deadline:
                raise startup_error.StartupError(
                    f"Another process holds the lock of {self.root}, but its PostgreSQL does not start. "
                    "End that process."
                )
            time.sleep(0.02)
        try:
            self._prepare()
            self._launch(deadline)
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self._restart_after_crash, daemon=True, name="postgresql").start()
        return self

    def stop(self) -> None:
        """Stop the server if this process owns it. Open transactions are rolled back, committed ones are on disk."""
        with self._guard_lock:
            guard, self._guard = self._guard, None
        if guard and guard.stdin:
            guard.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                guard.wait(START_TIMEOUT_SECONDS)
            self._end_orphan()
            if self.socket_directory.parent != self.root:
                with contextlib.suppress(OSError):
                    self.socket_directory.rmdir()
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    def _take_lock(self) -> bool:
        """Take the owner's lock; return False if another process holds it."""
        lock = os.open(self.root / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock
        return True

    def _prepare(self) -> None:
        """Create the socket directory and, if missing, the cluster. Files of an interrupted start are deleted.

        Raises:
            StartupError: the data belongs to another major version.
        """
        self._end_orphan()
        self.socket_directory = self._make_socket_directory()
        if self.data.exists():
            version = (self.data / "PG_VERSION").read_text().strip()
            if version != MAJOR_VERSION:
                raise startup_error.StartupError(
                    f"{self.data} belongs to PostgreSQL {version}; the embedded server is PostgreSQL {MAJOR_VERSION}. "
                    "Set SHIPMENTS_DATA_DIR to another directory."
                )
            return
        incomplete = self.root / "data.new"
        shutil.rmtree(incomplete, ignore_errors=True)
        self._programs.make_private_directory(incomplete)
        sync_options = ("--no-sync",) if self.fast else ()
        self._programs.run("initdb", "-D", incomplete, "-U", "postgres", "-A", "trust", *LOCALE_OPTIONS, *sync_options)
        (incomplete / "pg_hba.conf").write_text(HBA)
        script = "".join(f"{statement};\n" for statement in INITIAL_STATEMENTS).encode()
        self._programs.run("postgres", "--single", "-D", incomplete, "postgres", stdin=script)
        incomplete.rename(self.data)

    def _restart_after_crash(self) -> None:
        """Restart the server whenever it was killed or has crashed. Runs in a thread."""
        while (guard := self._guard) is not None:
            guard.wait()
            with self._guard_lock:
                if self._guard is None:
                    return
                logger.warning("PostgreSQL ended unexpectedly and is restarted.")
                try:
                    self._launch(time.monotonic() + START_TIMEOUT_SECONDS)
                except startup_error.StartupError as error:
                    logger.error("%s", error)
                    return

    def _launch(self, deadline: float) -> None:
        """Start the server, again while the processes of a killed server still hold its resources.

        Raises:
            StartupError: it is not ready at the deadline, or ended for another reason.
        """
        while not self._try_launch(deadline):
            self._end_orphan()
            message = postmaster.last_log_message(self.log)
            if time.monotonic() > deadline or not ("already exists" in message or "still in use" in message):
                raise startup_error.StartupError(
                    f"PostgreSQL did not start in {self.data}: {message} (see {self.log})."
                )
            time.sleep(0.2)

    def _try_launch(self, deadline: float) -> bool:
        """Start the server once; return True when it is ready, False when it has ended or the deadline has passed.

        The postmaster.pid of a killed server says `ready` too, so its modification time must have changed.
        """
        if self._guard and self._guard.stdin:  # of the previous attempt
            self._guard.stdin.close()
        previous = postmaster.read(self.data)
        tuning = TUNING | (FAST_TUNING if self.fast else {})
        options = [option for name, value in tuning.items() for option in ("-c", f"{name}={value}")]
        command = [
            str(self._programs.folder / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.socket_directory),
            *options,
        ]
        size = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("wb" if size > MAX_LOG_BYTES else "ab") as log:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "sh", *command],
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **self._programs.identity(),
            )  # fmt: skip
        while time.monotonic() < deadline and self._guard.poll() is None:
            current = postmaster.read(self.data)
            if current and current.state == "ready" and (previous is None or current.written != previous.written):
                return True
            time.sleep(START_POLL_SECONDS)
        return False

    def _end_orphan(self) -> None:
        """Stop a server without an owner (this process holds the lock), or delete the files of one that has ended.

        PostgreSQL itself does not start if another process now has the process id in postmaster.pid.
        """
        status = postmaster.read(self.data)
        if status is None:
            return
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while postmaster.is_server(status.pid, self.data) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGINT)  # fast shutdown: disconnects all clients
            time.sleep(0.05)
        if not postmaster.is_server(status.pid, self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            for socket in status.run.glob(".s.PGSQL.*"):
                socket.unlink(missing_ok=True)

    def _make_socket_directory(self) -> Path:
        """Create the private directory of the socket; in /tmp if the path below the root is too long for a socket."""
        run = self.root / "run"
        if len(os.fsencode(run / ".s.PGSQL.5432")) > MAX_SOCKET_PATH_BYTES:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
            run = Path(tempfile.gettempdir()) / f"graphql-app-{os.geteuid()}-{digest}"
        self._programs.make_private_directory(run)
        return run
