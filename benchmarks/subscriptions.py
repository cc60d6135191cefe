"""python -m benchmarks.subscriptions: the cost of idle subscribers, the delay of a change, the throughput of one
process.

Starts a PostgreSQL that records the time of every commit, and one server process. It measures memory and CPU with idle
subscribers; milliseconds from a commit to each of its frames at a steady rate of writes; and frames per second when the
writers do not pause. Nothing else should run on the machine.
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
from graphql_app.database import embedded_process, embedded_server
from graphql_app.database.change_log_sql import HISTORY
from graphql_app.database.change_notifier import LogPosition
from graphql_app.query_engine import change_log

CREATE = """mutation { shipmentCreate(input: { confirm: true, shipper: {name: "A", country: "DE"},
    recipient: {name: "B", country: "FR"}, packages: [{trackingNumber: "1Z"}]
}) { shipment { id } errors { code } } }"""
BODY = json.dumps({"query": CREATE}).encode()
HEAD = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
COMMITS = f"""SELECT log_position, seq, at, {HISTORY} AS history,
    extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS committed_at
FROM change WHERE seq > $1 ORDER BY log_position, seq"""


class Server:
    """One server process on its own PostgreSQL."""

    def __init__(self, root: Path, port: int) -> None:
        embedded_process.TUNING["track_commit_timestamp"] = "on"
        self.port, self.postgres = port, embedded_server.EmbeddedServer(root / "postgres").start()
        program = [sys.executable, "-m", "graphql_app"]
        env = os.environ | {
            "POSTGRES_URL": self.postgres.url, "SHIPMENTS_LOG_LEVEL": "error", "SHIPMENTS_MAX_STREAMS": "5000",
            "SHIPMENTS_MAX_STREAMS_PER_CLIENT": "5000", "SHIPMENTS_MAX_CONNECTIONS": "10000",
        }  # fmt: skip
        create_key = [*program, "key", "create", "benchmark"]
        self.key = subprocess.run(create_key, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        serve_command = [*program, "serve", "--port", str(port)]
        self.process = subprocess.Popen(serve_command, env=env, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        while "Stop" not in (line := self.process.stdout.readline()):
            assert line, "the server did not start"

    def stop(self) -> None:
        """Stop the server and PostgreSQL."""
        self.process.terminate()
        self.process.wait(20)
        self.postgres.stop()


class Listeners:
    """The process of `listeners.py`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def report(self) -> dict[str, Any]:
        """The messages since the last call."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(b"\n")
        return json.loads(await self.process.stdout.readline())  # type: ignore[no-any-return]


@asynccontextmanager
async def run_listeners(server: Server, number: int) -> AsyncIterator[Listeners]:
    """Run a process with `number` subscribers."""
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


async def writer(server: Server, deadline: float, interval: float) -> int:
    """Send a mutation every `interval` seconds over one connection, until `deadline` (monotonic); returns their
    number.
    """
    reader, stream = await asyncio.open_connection("127.0.0.1", server.port)
    request = HEAD.format(server.key).encode() + LENGTH + BODY
    count, due = 0, time.monotonic()
    while time.monotonic() < deadline:
        stream.write(request)
        response_head = await reader.readuntil(b"\r\n\r\n")
        length = int(response_head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert b'"errors":[]' in body, body
        count += 1
        due += interval
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    stream.close()
    return count


async def measure_idle(server: Server, number: int, seconds: float) -> None:
    """Print the memory and CPU cost of subscribers without changes."""
    before = machine.memory(server.process.pid, "VmRSS")
    async with run_listeners(server, number):
        await asyncio.sleep(2)
        after, cpu_seconds, started = (
            machine.memory(server.process.pid, "VmRSS"),
            machine.cpu(server.process.pid),
            time.monotonic(),
        )
        await asyncio.sleep(seconds)
        cpu_seconds, elapsed = machine.cpu(server.process.pid) - cpu_seconds, time.monotonic() - started
        print(
            f"{number} idle subscribers: {before:.0f} MB → {after:.0f} MB, {(after - before) / number * 1024:.1f} kB "
            f"each; {cpu_seconds / elapsed * 100:.2f} % of a core"
        )


async def measure_delivery(server: Server, number: int, seconds: float, rate: float | None) -> None:
    """Write at a rate in mutations per second, or as fast as possible, and print when the changes arrive."""
    connection = await asyncpg.connect(server.postgres.url)
    last = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM change")
    async with run_listeners(server, number) as listeners:
        writers = 16 if rate is None else max(1, round(rate / 25))
        interval = 0.0 if rate is None else writers / rate
        cpu_seconds, started = machine.cpu(server.process.pid), time.monotonic()
        writes = sum(await asyncio.gather(*(writer(server, started + seconds, interval) for _ in range(writers))))
        elapsed, cpu_seconds = time.monotonic() - started, machine.cpu(server.process.pid) - cpu_seconds
        await asyncio.sleep(1.5)
        report = await listeners.report()
        commits = {
            change_log.encode_position(LogPosition(*row[:3]), row["history"]): row["committed_at"]
            for row in await connection.fetch(COMMITS, last)
        }
    frames = sum(map(len, report["arrived"]))
    delays = sorted((at - commits[cursor]) * 1000 for arrivals in report["arrived"] for cursor, at in arrivals)
    complete = all([cursor for cursor, _ in arrivals] == list(commits) for arrivals in report["arrived"])
    ended = f"; ended: {report['over']}" if report["over"] else ""
    percentiles = statistics.quantiles(delays, n=100) if len(delays) > 1 else [0.0] * 99
    print(
        f"{number} subscribers, {writes / elapsed:.0f} writes/s, {frames / elapsed:.0f} frames/s: commit → frame p50 "
        f"{percentiles[49]:.1f} ms, p99 {percentiles[98]:.1f} ms, max {delays[-1] if delays else 0:.1f} ms; server "
        f"{cpu_seconds / elapsed:.2f} cores; listeners {report['cpu']:.1f} s; complete and in order: {complete}{ended}"
    )
    await connection.close()


def arguments() -> argparse.Namespace:
    """The command line arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscriptions", description=__doc__)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--subscribers", type=int, default=100)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--port", type=int, default=9530)
    return parser.parse_args()


async def main(args: argparse.Namespace, root: Path) -> None:
    """Run all measurements."""
    server = Server(root, args.port)
    try:
        await measure_delivery(server, 1, 2, None)  # warm-up
        await measure_idle(server, args.idle, args.seconds)
        await measure_delivery(server, 1, args.seconds, args.rate)
        await measure_delivery(server, args.subscribers, args.seconds, args.rate)
        await measure_delivery(server, args.subscribers, args.seconds, None)
    finally:
        server.stop()


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="shipments-live-", dir="/var/tmp"))
    folder.chmod(0o755)  # PostgreSQL's account must be able to enter when root runs this
    try:
        asyncio.run(main(arguments(), folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
