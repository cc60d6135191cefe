"""The process of a PostgreSQL server: its postmaster.pid, its command line and its log."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

MIN_FREE_BYTES = 33_554_432
"""With less free space the disk counts as full: two files of PostgreSQL's log."""


@dataclass(frozen=True)
class PostmasterStatus:
    """The contents of a server's postmaster.pid."""

    pid: int
    run: Path
    """Directory of the socket."""
    state: str
    """`ready`, or what the server is doing."""
    written: int
    """Modification time of the file in nanoseconds."""


def read(data: Path) -> PostmasterStatus | None:
    """Return the contents of postmaster.pid in a data directory; None while it is missing or incomplete."""
    file = data / "postmaster.pid"
    try:
        lines, written = file.read_text().splitlines(), file.stat().st_mtime_ns
        return PostmasterStatus(int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "", written)
    except (OSError, IndexError, ValueError):
        return None


def last_log_message(log: Path) -> str:
    """Return the last error in a server's log, or its last line."""
    lines = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else []
    errors = [line for line in lines if "FATAL" in line or "PANIC" in line] or lines or ["the log is empty"]
    return (errors[-1].partition(":  ")[2] or errors[-1]).rstrip(".")


def free_bytes(data: Path) -> int:
    """Return the free space of a data directory's file system, for users other than root."""
    status = os.statvfs(data if data.exists() else data.parent)
    return status.f_bavail * status.f_frsize


def is_server(pid: int, data: Path) -> bool:
    """Return whether the process `pid` is a PostgreSQL server of the directory `data`.

    After a restart of the machine, another process can have the same id.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        # empty for a zombie, whose parent has not waited for it yet
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return b" -D " + os.fsencode(data) + b" " in command + b" "
