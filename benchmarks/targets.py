"""The servers that are measured: start command, dialect, and requirements."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.data import Postgres
from benchmarks.paths import BUILD, HERE, ROOT, node

UVICORN = (sys.executable, "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log")


@dataclass(frozen=True)
class Target:
    """One server."""

    name: str
    label: str
    dialect: str
    folder: Path
    command: tuple[str, ...]
    own: bool = False
    """Whether it uses the project's tables."""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> str | None:
        """What must be installed before it can run, or None."""
        if self.command[0] != "node":
            return None
        if node() is None:
            return "Node is not installed"
        return None if (self.folder / "node_modules").exists() else f"npm install in {self.folder.relative_to(ROOT)}"


SERVE = (sys.executable, "-m", "graphql_app", "serve", "--port", "{port}", "--workers")
NODE = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
TARGETS = {
    target.name: target
    for target in (
        Target("project", "this project", "project", ROOT, (*SERVE, "1"), own=True),
        Target("project-2", "this project, two workers", "project", ROOT, (*SERVE, "2"), own=True),
        Target("postgraphile", "PostGraphile 5", "postgraphile", HERE / "peers" / "postgraphile",
               ("node", "server.mjs"), env=NODE),
        Target("mercurius", "Mercurius (jit, loaders)", "mercurius", HERE / "peers" / "js",
               ("node", "mercurius.mjs"), env=NODE),
        Target("limit-same", "bare ASGI, the project's SQL", "limit", ROOT,
               (*UVICORN, "benchmarks.limits.same:app", "--port", "{port}"), own=True),
        Target("limit", "bare ASGI, SQL by hand", "limit", HERE / "limits", (*UVICORN, "asgi:app", "--port", "{port}")),
    )
}  # fmt: skip


class Server:
    """A running target on one database."""

    def __init__(self, target: Target, postgres: Postgres, database: str, port: int, key: str | None) -> None:
        self.target, self.key = target, key if target.name.startswith("project") else None
        self.url = f"http://127.0.0.1:{port}/graphql"
        programs = {"node": node() or "node"}
        command = [programs.get(word, word).replace("{port}", str(port)) for word in target.command]
        env = {
            **os.environ, "PORT": str(port), "BENCH_PG_HOST": postgres.host, "BENCH_PG_DB": database,
            "BENCH_BUILD": str(BUILD), "POSTGRES_URL": postgres.url_of(database), **target.env,
        }  # fmt: skip
        self.log = BUILD / f"{target.name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=target.folder, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def post(self, body: str) -> tuple[int, bytes]:
        """Status and body of one request."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        try:
            request = urllib.request.Request(self.url, body.encode(), headers)
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def wait(self) -> None:
        """Wait up to 30 seconds until the server responds. Exits if it ends or does not respond."""
        for _ in range(300):
            if self.process.poll() is not None:
                raise SystemExit(f"{self.target.name} ended: {self.log.read_text()[-2000:]}")
            try:
                self.post(json.dumps({"query": "{__typename}"}))
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{self.target.name} does not respond at {self.url}")

    def stop(self) -> None:
        """Stop the server; kill it after 12 seconds."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(12)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def serving(target: Target, postgres: Postgres, database: str, port: int, key: str | None) -> Iterator[Server]:
    """Run a target on a database."""
    server = Server(target, postgres, database, port, key)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
