"""The embedded PostgreSQL server, for when POSTGRES_URL is omitted.

`database/embedded_process.py` runs it, and restarts it when it ends by itself. The process that holds a file lock owns
the server; the kernel releases the lock when that process ends. A second process finds the lock held, and connects to
the server without owning it.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from graphql_app.database import postmaster, row_security
from graphql_app.database.embedded_binaries import MAJOR_VERSION, PostgresPrograms, installed
from graphql_app.database.embedded_process import START_TIMEOUT_SECONDS, EmbeddedProcess
from graphql_app.errors import startup_error

logger = logging.getLogger(__name__)

DATABASE_NAME = "shipments"
"""Name of the database."""
BROWSER_ROLE = "browser"
"""The role of `graphql-app db --port`. It cannot log in until that command gives it a password."""
MAX_SOCKET_PATH_BYTES = 100
"""Longest path of a socket: Linux allows 107 bytes, macOS 103."""
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
        self._process = EmbeddedProcess(self.data, self.log, self._programs, fast=fast)
        self._lock: int | None = None

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
            self._process.start(self.socket_directory, deadline)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server if this process owns it. Open transactions are rolled back, committed ones are on disk."""
        if self._process.stop() and self.socket_directory.parent != self.root:
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
        self._process.end_orphan()
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

    def _make_socket_directory(self) -> Path:
        """Create the private directory of the socket; in /tmp if the path below the root is too long for a socket."""
        run = self.root / "run"
        if len(os.fsencode(run / ".s.PGSQL.5432")) > MAX_SOCKET_PATH_BYTES:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
            run = Path(tempfile.gettempdir()) / f"graphql-app-{os.geteuid()}-{digest}"
        self._programs.make_private_directory(run)
        return run
