"""The process of the embedded PostgreSQL server: start, stop, and restarts after it ended by itself.

The server runs in the foreground under a small shell, the guard, which reads a pipe from this process. When the pipe
closes for any reason, `kill -9` included, the guard shuts the server down. A thread restarts a server that ended by
itself, such as after a panic because the disk is full, with a growing pause until it starts again.
"""

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from graphql_app.database import postmaster
from graphql_app.database.embedded_binaries import PostgresPrograms
from graphql_app.errors import startup_error

logger = logging.getLogger(__name__)

START_TIMEOUT_SECONDS = 60.0
"""Timeout of starting and of stopping the server."""
START_POLL_SECONDS = 0.01
"""Interval between two checks of whether the server is ready."""
FAST_SHUTDOWN_SECONDS = 10.0
"""Time that a server has for a fast shutdown before it is ended immediately."""
RESTART_TIMEOUT_SECONDS = 600.0
"""Timeout of a restart after a crash, in which PostgreSQL replays up to 2 GB of its log."""
MIN_START_BYTES = 65_536
"""With less free space a server cannot write to postmaster.pid that it is ready."""
MIN_RESTART_PAUSE_SECONDS = 0.5
"""Pause before the second attempt to restart the server. It doubles with each further attempt."""
MAX_RESTART_PAUSE_SECONDS = 15.0
"""Longest pause before an attempt to restart the server."""
STABLE_SECONDS = 5.0
"""A server that ended within this time after its start is restarted after a pause, any other one at once."""
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


class EmbeddedProcess:
    """The server process of one data directory. `start()` also starts the thread that restarts it.

    Args:
        data: data directory.
        log: file for the output of the server.
        programs: PostgreSQL's programs.
        fast: True for tests, see FAST_TUNING.
    """

    def __init__(self, data: Path, log: Path, programs: PostgresPrograms, *, fast: bool = False) -> None:
        self.data, self.log, self.programs, self.fast = data, log, programs, fast
        self.socket_directory = data.parent / "run"
        self._guard: subprocess.Popen[bytes] | None = None
        self._guard_lock = threading.Lock()  # stop() and a restart exclude each other
        self._stopping = threading.Event()

    def start(self, socket_directory: Path, deadline: float) -> None:
        """Start the server and block until it is ready.

        Args:
            socket_directory: directory of the server's socket.
            deadline: time of the monotonic clock.

        Raises:
            StartupError: it is not ready at the deadline, or ended.
        """
        self.socket_directory = socket_directory
        self._stopping.clear()
        self._launch(deadline)
        threading.Thread(target=self._restart_after_crashes, daemon=True, name="postgresql").start()

    def stop(self) -> bool:
        """Stop the server. Open transactions are rolled back, committed ones are on disk.

        Returns whether it was started before.
        """
        self._stopping.set()  # ends a restart, which holds the lock
        with self._guard_lock:
            guard, self._guard = self._guard, None
        if not guard or not guard.stdin:
            return False
        guard.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            guard.wait(START_TIMEOUT_SECONDS)
        self.end_orphan()
        return True

    def _restart_after_crashes(self) -> None:
        """Restart the server whenever it was killed or has crashed, until `stop`. Runs in a thread."""
        while (guard := self._guard) is not None:
            started_at = time.monotonic()
            guard.wait()
            if self._stopping.is_set():
                return
            logger.warning("PostgreSQL ended unexpectedly and is restarted: %s.", self.failure_reason())
            pause = 0.0 if time.monotonic() > started_at + STABLE_SECONDS else MIN_RESTART_PAUSE_SECONDS
            while not self._stopping.wait(pause) and not self._restart():
                pause = min(max(pause * 2, MIN_RESTART_PAUSE_SECONDS), MAX_RESTART_PAUSE_SECONDS)
                logger.error("The next attempt to start PostgreSQL follows in %.1f s.", pause)

    def _restart(self) -> bool:
        """Try once to restart the server; return whether it is ready, or being stopped."""
        with self._guard_lock:
            try:
                if not self._stopping.is_set():
                    self._launch(time.monotonic() + RESTART_TIMEOUT_SECONDS)
            except (startup_error.StartupError, OSError) as error:
                logger.error("%s", error)
                return False
            except Exception:  # an exception would end the thread, and with it all restarts
                logger.exception("PostgreSQL was not restarted.")
                return False
        if not self._stopping.is_set():
            logger.warning("PostgreSQL is running again.")
        return True

    def failure_reason(self) -> str:
        """Return why the server ended or does not start: its disk is full, or the last error in its log.

        On a full disk the log is incomplete.
        """
        free = postmaster.free_bytes(self.data)
        if free < postmaster.MIN_FREE_BYTES:
            return f"the disk is full ({free / 1e6:.0f} MB free)"
        return postmaster.last_log_message(self.log)

    def _launch(self, deadline: float) -> None:
        """Start the server, again while the processes of a killed server still hold its resources.

        Raises:
            StartupError: it is not ready at the deadline, or ended for another reason.
        """
        while not self._try_launch(deadline):
            if self._stopping.is_set():
                return
            self._end_guard()
            self.end_orphan()
            message = self.failure_reason()
            if time.monotonic() > deadline or not ("already exists" in message or "still in use" in message):
                raise startup_error.StartupError(
                    f"PostgreSQL did not start in {self.data}: {message} (see {self.log})."
                )
            time.sleep(0.2)

    def _end_guard(self) -> None:
        """End the guard, and the server if it still runs.

        A server that has only begun to start ignores the guard's signal, so it is repeated.
        """
        if self._guard is None or self._guard.stdin is None:
            return
        self._guard.stdin.close()
        started_at = time.monotonic()
        while self._guard.poll() is None and time.monotonic() < started_at + START_TIMEOUT_SECONDS:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._guard.pid, shutdown_signal(started_at))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(0.1)

    def _try_launch(self, deadline: float) -> bool:
        """Start the server once; return True when it is ready, False if it has ended, cannot become ready, or is late.

        The postmaster.pid of a killed server says `ready` too, so its modification time must have changed.
        """
        self._end_guard()  # of the previous attempt, or of the server that ended
        previous = postmaster.read(self.data)
        tuning = TUNING | (FAST_TUNING if self.fast else {})
        options = [option for name, value in tuning.items() for option in ("-c", f"{name}={value}")]
        command = [
            str(self.programs.folder / "postgres"),
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
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **self.programs.identity(),
            )  # fmt: skip
        while time.monotonic() < deadline and self._guard.poll() is None and not self._stopping.is_set():
            current = postmaster.read(self.data)
            if current and current.state == "ready" and (previous is None or current.written != previous.written):
                return True
            if postmaster.free_bytes(self.data) < MIN_START_BYTES:
                return False
            time.sleep(START_POLL_SECONDS)
        return False

    def end_orphan(self) -> None:
        """Stop a server without an owner (this process holds the lock), or delete the files of one that has ended.

        PostgreSQL itself does not start if another process now has the process id in postmaster.pid.
        """
        status = postmaster.read(self.data)
        if status is None:
            return
        started_at = time.monotonic()
        while postmaster.is_server(status.pid, self.data) and time.monotonic() < started_at + START_TIMEOUT_SECONDS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, shutdown_signal(started_at))
            time.sleep(0.05)
        if not postmaster.is_server(status.pid, self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            for socket in status.run.glob(".s.PGSQL.*"):
                socket.unlink(missing_ok=True)


def shutdown_signal(started_at: float) -> signal.Signals:
    """Return the signal that ends a server: that of a fast shutdown, which disconnects all clients, and after
    FAST_SHUTDOWN_SECONDS that of an immediate one, which loses nothing committed but needs recovery at the next start.

    PostgreSQL 18 can wait forever in a fast shutdown that is requested during the recovery after a crash.

    Args:
        started_at: time of the monotonic clock at which the shutdown began.
    """
    return signal.SIGINT if time.monotonic() < started_at + FAST_SHUTDOWN_SECONDS else signal.SIGQUIT
