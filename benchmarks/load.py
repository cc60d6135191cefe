"""One sample: wrk with random bodies against one server, every answer checked, CPU taken from /proc on both sides."""

import itertools
import json
import os
import re
import subprocess
import time
from typing import Any

from benchmarks import machine
from benchmarks.places import BUILD, HERE
from benchmarks.targets import Server

FOREIGN = 0.15
"""Cores used by other processes from which a sample counts as noisy. It is taken once more, the quieter one kept."""
NUMBERS = itertools.count(int(time.time()) % 100_000)


def load(server: Server, postmaster: int, workload: str, connections: int, seconds: int) -> dict[str, Any]:
    """Requests per second, latencies in ms, CPU in ms per request."""
    bodies = BUILD / f"{server.target.dialect}.{workload}.jsonl"
    env = {**os.environ, "BODIES": str(bodies), "SEED": str(next(NUMBERS)), "KEY": server.key or ""}
    if workload == "M1":
        env["UNIQUE"] = f"B{time.time_ns() // 1_000_000}-"
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(HERE / "load.lua")]
    command = ["wrk", *options, server.url]
    before = machine.counters(server.process.pid, postmaster)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    after = machine.counters(server.process.pid, postmaster)
    found = re.search(r"^RESULT (.*)$", done.stdout, re.M)
    if not found:
        raise SystemExit(f"wrk: {done.stdout[-1000:]} {done.stderr[-1000:]}")
    result = json.loads(found[1])
    failed = result["failed"] + result["socket_errors"]
    if failed or not result["requests"]:
        failure = re.search(r"^FAILURE (.*)$", done.stdout, re.M)
        raise SystemExit(f"{server.target.name} {workload}: {failed} requests failed: {failure and failure[1]}")
    elapsed = result["us"] / 1e6
    return {
        "rps": result["requests"] / elapsed, "bytes": result["bytes"] / result["requests"],
        **{name: result[name] for name in ("p50", "p99", "max")},
        **machine.spent(before, after, elapsed, result["requests"]),
    }  # fmt: skip


def sample(server: Server, postmaster: int, workload: str, connections: int, seconds: int) -> dict[str, Any]:
    """A sample; of two, where the machine was not ours during the first, the quieter."""
    taken = load(server, postmaster, workload, connections, seconds)
    if taken["foreign_cores"] > FOREIGN:
        again = load(server, postmaster, workload, connections, seconds)
        taken = min(taken, again, key=lambda one: one["foreign_cores"])
    pid = server.process.pid
    memory = {"peak_mb": machine.memory(pid, "VmHWM"), "rss_mb": machine.memory(pid, "VmRSS")}
    return {
        **taken, **memory, "target": server.target.name, "workload": workload, "connections": connections,
        "noisy": taken["foreign_cores"] > FOREIGN,
    }  # fmt: skip
