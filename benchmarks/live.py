"""python -m benchmarks.live: what subscribers cost who wait, how long a change takes to them, how many a process feeds.

Starts a PostgreSQL of its own, which remembers the time of every commit, and one process of the server. Three figures:
memory and CPU with idle subscribers; milliseconds from a commit to each of its frames, at a steady rate of writes; and
frames a second when the writers do not rest. Nothing else should run beside it.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import machine
from graphql_app.database import embedded_server
from graphql_app.query_engine import change_log

CREATE = """mutation { shipmentCreate(input: { confirm: true, shipper: {name: "A", country: "DE"},
    recipient: {name: "B", country: "FR"}, packages: [{trackingNumber: "1Z"}]
}) { shipment { id } errors { code } } }"""
BODY = json.dumps({"query": CREATE}).encode()
HEAD = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
COMMITS = """SELECT xid::text::bigint AS xid, seq, extract(epoch FROM pg_xact_commit_timestamp(xid::xid))::float8 AS at
FROM change WHERE seq > $1 ORDER BY xid, seq"""


class Server:
    """One process of the API on a PostgreSQL of its own."""

    def __init__(self, root: Path, port: int) -> None:
        embedded_server.TUNING["track_commit_timestamp"] = "on"
        self.port, self.postgres = port, embedded_server.EmbeddedServer(root / "postgres").start()
        program = [sys.executable, "-m", "graphql_app"]
        env = os.environ | {
            "POSTGRES_URL": self.postgres.url, "SHIPMENTS_LOG_LEVEL": "error", "SHIPMENTS_MAX_STREAMS": "5000",
            "SHIPMENTS_MAX_STREAMS_PER_CLIENT": "5000", "SHIPMENTS_MAX_CONNECTIONS": "10000",
        }  # fmt: skip
        make = [*program, "key", "create", "benchmark"]
        self.key = subprocess.run(make, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        serve = [*program, "serve", "--port", str(port)]
        self.process = subprocess.Popen(serve, env=env, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        while "Stop" not in (line := self.process.stdout.readline()):
            assert line, "the server did not start"

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.postgres.stop()


class Listeners:
    """The process of `listeners.py`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def heard(self) -> dict[str, Any]:
        """What came since the last time."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"\n")
        return json.loads(await self.process.stdout.readline())  # type: ignore[no-any-return]


@asynccontextmanager
async def listening(server: Server, number: int) -> AsyncIterator[Listeners]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.listeners", str(server.port), str(number), server.key,
        stdin=-1, stdout=-1, limit=2**30,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"
    await asyncio.sleep(0.5)
    yield Listeners(process)
    process.stdin.close()
    await process.wait()


async def writer(server: Server, until: float, rest: float) -> int:
    """Mutations one after another over one connection, a new one every `rest` seconds; their number."""
    reader, stream = await asyncio.open_connection("127.0.0.1", server.port)
    request = HEAD.format(server.key).encode() + LENGTH + BODY
    done, due = 0, time.monotonic()
    while time.monotonic() < until:
        stream.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        assert b'"errors":[]' in answer, answer
        done += 1
        due += rest
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    stream.close()
    return done


async def idle(server: Server, number: int, seconds: float) -> None:
    """What subscribers cost to whom nothing happens."""
    before = machine.memory(server.process.pid, "VmRSS")
    async with listening(server, number):
        await asyncio.sleep(2)
        after, used, began = (
            machine.memory(server.process.pid, "VmRSS"),
            machine.cpu(server.process.pid),
            time.monotonic(),
        )
        await asyncio.sleep(seconds)
        used, passed = machine.cpu(server.process.pid) - used, time.monotonic() - began
        print(
            f"{number} idle subscribers: {before:.0f} MB → {after:.0f} MB, {(after - before) / number * 1024:.1f} kB "
            f"each; {used / passed * 100:.2f} % of a core"
        )


async def written(server: Server, number: int, seconds: float, rate: float | None) -> None:
    """Writes at a rate, or as many as go, and when they arrive at so many subscribers."""
    connection = await asyncpg.connect(server.postgres.url)
    last = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM change")
    async with listening(server, number) as listeners:
        writers = 16 if rate is None else max(1, round(rate / 25))
        rest = 0.0 if rate is None else writers / rate
        used, began = machine.cpu(server.process.pid), time.monotonic()
        done = sum(await asyncio.gather(*(writer(server, began + seconds, rest) for _ in range(writers))))
        passed, used = time.monotonic() - began, machine.cpu(server.process.pid) - used
        await asyncio.sleep(1.5)
        heard = await listeners.heard()
        commits = {
            change_log.encode_position((row["xid"], row["seq"])): row["at"]
            for row in await connection.fetch(COMMITS, last)
        }
    frames = sum(map(len, heard["arrived"]))
    late = sorted((at - commits[cursor]) * 1000 for one in heard["arrived"] for cursor, at in one)
    whole = all([cursor for cursor, _ in one] == list(commits) for one in heard["arrived"])
    ends = f"; ended: {heard['over']}" if heard["over"] else ""
    cuts = statistics.quantiles(late, n=100) if len(late) > 1 else [0.0] * 99
    print(
        f"{number} subscribers, {done / passed:.0f} writes/s, {frames / passed:.0f} frames/s: commit → frame p50 "
        f"{cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, most {late[-1] if late else 0:.1f} ms; server "
        f"{used / passed:.2f} cores; listeners {heard['cpu']:.1f} s; all of it in order: {whole}{ends}"
    )
    await connection.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--subscribers", type=int, default=100)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--port", type=int, default=9530)
    return parser.parse_args()


async def main(given: argparse.Namespace, root: Path) -> None:
    """All figures."""
    server = Server(root, given.port)
    try:
        await written(server, 1, 2, None)  # a warm-up
        await idle(server, given.idle, given.seconds)
        await written(server, 1, given.seconds, given.rate)
        await written(server, given.subscribers, given.seconds, given.rate)
        await written(server, given.subscribers, given.seconds, None)
    finally:
        server.end()


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="shipments-live-", dir="/var/tmp"))
    folder.chmod(0o755)  # the account that root lends PostgreSQL must come in
    try:
        asyncio.run(main(arguments(), folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
