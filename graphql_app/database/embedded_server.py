"""A PostgreSQL of our own, for when POSTGRES_URL is not given. In flows a directory, out flows a running server's URL.

The server runs in the foreground under a small shell that waits on a pipe from this process: when the pipe closes, for
whatever reason, `kill -9` included, it shuts the server down. A server that ends by itself is started again. A lock
that the kernel releases with its holder says who owns the server; a second process finds the lock taken, connects, and
owns nothing.
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
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from graphql_app.database import row_security
from graphql_app.database.embedded_binaries import MAJOR, PostgresPrograms, installed
from graphql_app.errors import startup_error

logger = logging.getLogger(__name__)

DATABASE = "shipments"
BROWSER = "browser"  # the role of `graphql-app db --port`; it cannot log in before that gives it a password
PATIENCE = 60.0
LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes, macOS 103
BIGGEST_LOG = 5_000_000

# The pipe is standard input. Nobody writes to it, so `read` returns when its last writer is gone. The watcher outlives
# this shell, should somebody kill that. Signals of a terminal end neither; the server installs handlers of its own.
GUARD = """
trap "" INT TERM HUP
exec 3<&0
"$@" </dev/null 3<&- & server=$!
(read -r _ <&3; kill -INT $server) 2>/dev/null & watcher=$!
wait $server; code=$?
kill -KILL $watcher 2>/dev/null
exit $code
"""

TUNING = {
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
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
"""For tests: their data survive kill -9 of the server, but not of the machine."""

HBA = f"local all {BROWSER} scram-sha-256\nlocal all all trust\n"
"""The socket lies in a directory that only its owner may enter: that is the lock on the door."""

LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
FIRST = (f"CREATE DATABASE {DATABASE}", f"CREATE ROLE {BROWSER} BYPASSRLS IN ROLE pg_read_all_data, pg_write_all_data")


@dataclass(frozen=True)
class Postmaster:
    """What a server's postmaster.pid says, and which writing of that file it was."""

    pid: int
    run: Path
    status: str
    written: int


class EmbeddedServer:
    """One PostgreSQL in one directory. `start()` owns it or attaches to the process that does; `stop()` undoes that."""

    def __init__(self, root: Path, *, fast: bool = False) -> None:
        self.root = root.expanduser().absolute()
        self.data, self.log = self.root / "data", self.root / "postgres.log"
        self.run = self.root / "run"
        self.fast = fast
        self._programs = PostgresPrograms(self.root)
        self._lock: int | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()  # between stopping and starting again

    @property
    def owner(self) -> bool:
        """Whether the server ends with this process."""
        return self._lock is not None

    @property
    def url(self) -> str:
        """Where the database is."""
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(self.run), safe='/')}"

    @property
    def requests_url(self) -> str:
        """The same in the role of requests."""
        return self.url.replace("//postgres@", f"//{row_security.ROLE}@")

    @property
    def psql(self) -> str:
        """The line that opens it in a terminal."""
        return f"{installed() / 'psql'} -h {self.run} -U postgres {DATABASE}"

    def start(self) -> "EmbeddedServer":
        """Own or attach. Blocks until the server answers; raises `errors.StartError` in one sentence."""
        self._programs.make_root()
        deadline = time.monotonic() + PATIENCE
        while not self._own():
            found = self._postmaster()
            if found and found.status == "ready" and is_server(found.pid, self.data):
                self.run = found.run
                return self
            if time.monotonic() > deadline:
                raise startup_error.StartupError(f"Another process keeps {self.root} without starting its PostgreSQL.")
            time.sleep(0.02)
        try:
            self._prepare()
            self._launch(deadline)
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self._watch, daemon=True, name="postgresql").start()
        return self

    def stop(self) -> None:
        """Shut down what this process owns: open transactions are rolled back, committed ones are on the disk."""
        with self._turn:
            guard, self._guard = self._guard, None
        if guard and guard.stdin:
            guard.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                guard.wait(PATIENCE)
            self._end_orphan()
            if self.run.parent != self.root:
                with contextlib.suppress(OSError):
                    self.run.rmdir()
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    def _own(self) -> bool:
        """Take the lock that says who owns the server, unless another process has it."""
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
        """A directory for the socket and a cluster of databases. Killed midway, it begins anew."""
        self._end_orphan()
        self.run = self._socket_directory()
        if self.data.exists():
            made_by = (self.data / "PG_VERSION").read_text().strip()
            if made_by != MAJOR:
                raise startup_error.StartupError(
                    f"{self.data} was made by PostgreSQL {made_by}; this is PostgreSQL {MAJOR}."
                )
            return
        fresh = self.root / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._programs.give(fresh)
        sync = ("--no-sync",) if self.fast else ()
        self._programs.run("initdb", "-D", fresh, "-U", "postgres", "-A", "trust", *LOCALE, *sync)
        (fresh / "pg_hba.conf").write_text(HBA)
        script = "".join(f"{statement};\n" for statement in FIRST).encode()
        self._programs.run("postgres", "--single", "-D", fresh, "postgres", stdin=script)
        fresh.rename(self.data)

    def _watch(self) -> None:
        """Start a server again that was killed or has crashed."""
        while (guard := self._guard) is not None:
            guard.wait()
            with self._turn:
                if self._guard is None:
                    return
                logger.warning("PostgreSQL has ended by itself: it is started again.")
                try:
                    self._launch(time.monotonic() + PATIENCE)
                except startup_error.StartupError as error:
                    logger.error("%s", error)
                    return

    def _launch(self, deadline: float) -> None:
        """Start until it is ready. A server that was killed may leave children that must first notice."""
        while not self._launched(deadline):
            self._end_orphan()
            last = self._last_words()
            if time.monotonic() > deadline or not ("already exists" in last or "still in use" in last):
                raise startup_error.StartupError(f"PostgreSQL did not start in {self.data}: {last} (see {self.log}).")
            time.sleep(0.2)

    def _launched(self, deadline: float) -> bool:
        """One attempt: True when ready, False when it gave up. The file of a killed server says ready too: compare."""
        if self._guard and self._guard.stdin:  # of an attempt before
            self._guard.stdin.close()
        before = self._postmaster()
        tuning = TUNING | (FAST if self.fast else {})
        options = [word for name, value in tuning.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._programs.folder / "postgres"), "-D", str(self.data), "-k", str(self.run), *options]
        size = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("wb" if size > BIGGEST_LOG else "ab") as log:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "sh", *command],
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **self._programs.identity(),
            )  # fmt: skip
        while time.monotonic() < deadline and self._guard.poll() is None:
            now = self._postmaster()
            if now and now.status == "ready" and (before is None or now.written != before.written):
                return True
            time.sleep(0.01)
        return False

    def _postmaster(self) -> Postmaster | None:
        """What postmaster.pid says, while it says enough."""
        file = self.data / "postmaster.pid"
        try:
            lines, written = file.read_text().splitlines(), file.stat().st_mtime_ns
            return Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "", written)
        except (OSError, IndexError, ValueError):
            return None

    def _end_orphan(self) -> None:
        """End a server that nobody owns (we hold the lock), or forget the file of one that is gone.

        PostgreSQL itself would refuse to start where another process now has the old one's number.
        """
        found = self._postmaster()
        if found is None:
            return
        deadline = time.monotonic() + PATIENCE
        while is_server(found.pid, self.data) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGINT)  # disconnect everybody and stop
            time.sleep(0.05)
        if not is_server(found.pid, self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            for left in found.run.glob(".s.PGSQL.*"):
                left.unlink(missing_ok=True)

    def _last_words(self) -> str:
        """What the server said last."""
        lines = self.log.read_text(errors="replace").splitlines()[-20:] if self.log.exists() else []
        said = [line for line in lines if "FATAL" in line or "PANIC" in line] or lines or ["it said nothing"]
        return (said[-1].partition(":  ")[2] or said[-1]).rstrip(".")

    def _socket_directory(self) -> Path:
        """Where the socket lies; closed to others, and short enough for a socket's path."""
        run = self.root / "run"
        if len(os.fsencode(run / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
            digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
            run = Path(tempfile.gettempdir()) / f"graphql-app-{os.geteuid()}-{digest}"
        self._programs.give(run)
        return run


def is_server(pid: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL on this directory: numbers are given anew after a restart of the machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        command = (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        )  # empty where it only waits to be buried
    except OSError:
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return b" -D " + os.fsencode(data) + b" " in command + b" "
