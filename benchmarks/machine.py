"""The cost of a measurement: CPU seconds per process from /proc, memory, and the load of the rest of the machine.

CPU per request is the figure that other users of a shared machine disturb least.
"""

import os
import re
import resource
from pathlib import Path
from typing import Any

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def stat(pid: int | str) -> tuple[int, float]:
    """The parent, and the CPU seconds of the process and its finished children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS_PER_SECOND


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(stat(entry)[0], []).append(int(entry))
            except (OSError, IndexError):
                continue
    processes, todo = [], [pid]
    while todo:
        process = todo.pop()
        processes.append(process)
        todo += children.get(process, [])
    return processes


def cpu(pid: int) -> float:
    """CPU seconds of a process and its descendants."""
    total = 0.0
    for process in tree(pid):
        try:
            total += stat(process)[1]
        except OSError:
            continue
    return total


def memory(pid: int, field: str) -> float:
    """Memory in MB of a process and its descendants: `VmRSS` is the current, `VmHWM` the peak value."""
    total = 0
    for process in tree(pid):
        try:
            match = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        except OSError:
            continue
        total += int(match[1]) if match else 0
    return total / 1024


def busy() -> float:
    """CPU seconds of all cores that were not idle."""
    fields = [int(text) / TICKS_PER_SECOND for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, _steal = fields
    return user + nice + system + irq + softirq


def counters(server: int, postgres: int) -> dict[str, float]:
    """CPU seconds so far: server, PostgreSQL, load generator, all busy cores."""
    children, me = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    return {
        "server": cpu(server),
        "postgres": cpu(postgres),
        "load": children.ru_utime + children.ru_stime + me.ru_utime + me.ru_stime,
        "busy": busy(),
    }


def spent(before: dict[str, float], after: dict[str, float], seconds: float, requests: int) -> dict[str, Any]:
    """CPU milliseconds per request, and the number of cores that other processes used."""
    used = {name: after[name] - before[name] for name in before}
    others = used["busy"] - used["server"] - used["postgres"] - used["load"]
    return {
        "cpu_ms": used["server"] / requests * 1000,
        "postgres_cpu_ms": used["postgres"] / requests * 1000,
        "foreign_cores": others / seconds,
    }
