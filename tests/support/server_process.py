"""`graphql-app` as a separate process, with its output, and API keys for it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from graphql_app import settings
from graphql_app.cli import account_admin
from graphql_app.database import migrate
from graphql_app.database.engine import make_engine


class Program:
    """A running `graphql-app` command with its output so far."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONWARNINGS": "error"} | environment
        command = [sys.executable, "-m", "graphql_app", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
            cwd="/",
            start_new_session=True,
        )
        self.output = ""

    def wait_for(self, pattern: str) -> str:
        """Read output until a line matches, and return the first group of the match."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if match := re.search(pattern, line):
                return match[1]
        raise AssertionError(f"no line matches {pattern!r}: {self.output}")

    @property
    def url(self) -> str:
        """The base URL of the server, from the banner."""
        return self.wait_for(r"Explorer\s+(http://\S+)/graphql")

    def wait(self) -> int:
        """Read all output until the end of the process, within 20 seconds, and return the exit code."""
        output, _ = self.process.communicate(timeout=20)
        self.output += output
        return self.process.returncode

    def stop(self, with_signal: signal.Signals) -> int:
        """Send a signal, wait for the end and return the exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(15)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[Program]:
    """Start a command. If it still runs at the end of the block, kill it with all processes that it started."""
    program = Program(*arguments, **environment)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            os.killpg(program.process.pid, signal.SIGKILL)
            program.process.wait()
        assert program.process.stdout
        if not program.process.stdout.closed:
            program.output += program.process.stdout.read()
            program.process.stdout.close()


def failure_message(*arguments: str, **environment: str) -> str:
    """Return the message of a command that fails: one line, with exit code 1."""
    with started(*arguments, **environment) as program:
        code = program.process.wait(20)
    assert code == 1, program.output
    lines = program.output.strip().splitlines()
    assert len(lines) == 1, program.output
    assert lines[0].endswith(".")
    return lines[0]


def create_key(url: str) -> str:
    """Migrate a database, create an API key in it and return its secret. The change log is empty afterwards."""

    async def create() -> str:
        engine = make_engine(url, settings.read())
        try:
            await migrate.upgrade(engine)
            secret = await account_admin.create_key(engine, "default", "tests")
            async with engine.begin() as connection:
                await connection.exec_driver_sql("DELETE FROM change")
            return secret.text
        finally:
            await engine.dispose()

    return asyncio.run(create())


def wait_until_closed(url: str) -> None:
    """Wait until the port is closed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/livez", timeout=1)
        except httpx.TransportError:
            return
        time.sleep(0.05)
    raise AssertionError(f"{url} still accepts connections")
