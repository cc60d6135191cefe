"""One sample: wrk with random bodies against one server.

Every response is checked. CPU is read from /proc for both sides.
"""

import itertools
import json
import os
import re
import subprocess
import time
from typing import Any

from benchmarks import machine
from benchmarks.paths import BUILD, HERE
from benchmarks.targets import Server

MAX_FOREIGN_CORES = 0.15
"""Cores used by other processes above which a sample is noisy and repeated once; the less noisy one is kept."""
SEEDS = itertools.count(int(time.time()) % 100_000)


def load(server: Server, postmaster: int, workload: str, connections: int, seconds: int) -> dict[str, Any]:
    """Requests per second, latencies in milliseconds, CPU in milliseconds per request."""
    bodies = BUILD / f"{server.target.dialect}.{workload}.jsonl"
    env = {**os.environ, "BODIES": str(bodies), "SEED": str(next(SEEDS)), "KEY": server.key or ""}
    if workload == "M1":
        env["UNIQUE"] = f"B{time.time_ns() // 1_000_000}-"
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(HERE / "load.lua")]
    command = ["wrk", *options, server.url]
    before = machine.counters(server.process.pid, postmaster)
    process = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    after = machine.counters(server.process.pid, postmaster)
    match = re.search(r"^RESULT (.*)$", process.stdout, re.M)
    if not match:
        raise SystemExit(f"wrk: {process.stdout[-1000:]} {process.stderr[-1000:]}")
    result = json.loads(match[1])
    failed = result["failed"] + result["socket_errors"]
    if failed or not result["requests"]:
        failure = re.search(r"^FAILURE (.*)$", process.stdout, re.M)
        raise SystemExit(f"{server.target.name} {workload}: {failed} requests failed: {failure and failure[1]}")
    elapsed = result["us"] / 1e6
    return {
        "rps": result["requests"] / elapsed, "bytes": result["bytes"] / result["requests"],
        **{name: result[name] for name in ("p50", "p99", "max")},
        **machine.spent(before, after, elapsed, result["requests"]),
    }  # fmt: skip


def sample(server: Server, postmaster: int, workload: str, connections: int, seconds: int) -> dict[str, Any]:
    """A sample. If other processes used the machine, it is taken twice and the less noisy one counts."""
    result = load(server, postmaster, workload, connections, seconds)
    if result["foreign_cores"] > MAX_FOREIGN_CORES:
        again = load(server, postmaster, workload, connections, seconds)
        result = min(result, again, key=lambda result: result["foreign_cores"])
    pid = server.process.pid
    memory = {"peak_mb": machine.memory(pid, "VmHWM"), "rss_mb": machine.memory(pid, "VmRSS")}
    return {
        **result, **memory, "target": server.target.name, "workload": workload, "connections": connections,
        "noisy": result["foreign_cores"] > MAX_FOREIGN_CORES,
    }  # fmt: skip
