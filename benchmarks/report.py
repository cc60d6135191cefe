"""Samples → tables: medians, and ratios of one run. Absolute figures say little on a shared machine, ratios do."""

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.places import WORKLOADS
from benchmarks.targets import TARGETS

GOALS = {
    "postgraphile": {"Q1": 2, "Q2": 1.7, "Q3": 1.5, "M1": 1},
    "mercurius": {"Q1": 2, "Q2": 1.3, "Q3": 3, "M1": 0.75},
    "limit-same": {"Q1": 0.8, "Q2": 0.8, "Q3": 0.9},
}
"""Requests per second at 32 connections, as multiples of another target's."""
Figures = dict[tuple[str, str, int], dict[str, float]]


def figures(path: Path) -> Figures:
    """Medians by workload, target and connections; noisy samples count only where there is nothing else."""
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for line in path.read_text().splitlines():
        one = json.loads(line)
        groups.setdefault((one["workload"], one["target"], one["connections"]), []).append(one)
    found: Figures = {}
    for key, samples in groups.items():
        quiet = [one for one in samples if not one["noisy"]] or samples
        numbers = [name for name, value in quiet[0].items() if isinstance(value, int | float)]
        found[key] = {name: statistics.median(one[name] for one in quiet) for name in numbers}
        found[key]["samples"] = len(quiet)
    return found


def report(path: Path) -> Iterable[str]:
    """The tables, in Markdown."""
    found = figures(path)
    for workload in WORKLOADS:
        rows = [name for name in TARGETS if (workload, name, 32) in found]
        if not rows:
            continue
        yield f"\n### {workload}\n"
        yield "| target | req/s at 32 | CPU ms | PostgreSQL CPU ms | p50 / p99 ms at 1 | p99 ms at 32 | peak MB | n |"
        yield "|---|---|---|---|---|---|---|---|"
        for name in rows:
            many, one = found[workload, name, 32], found.get((workload, name, 1), {})
            alone = f"{one['p50']:.2f} / {one['p99']:.2f}" if one else ""
            yield (
                f"| {TARGETS[name].label} | {many['rps']:.0f} | {many['cpu_ms']:.3f} | {many['postgres_cpu_ms']:.3f} "
                f"| {alone} | {many['p99']:.1f} | {many['peak_mb']:.0f} | {many['samples']} |"
            )
    yield "\n### Ratios: the project against\n"
    yield "| | " + " | ".join(f"{TARGETS[other].label} (goal)" for other in GOALS) + " |"
    yield "|---|" + "---|" * len(GOALS)
    for workload in WORKLOADS:
        cells = [ratio(found, workload, other) for other in GOALS]
        if any(cells):
            yield f"| {workload} | " + " | ".join(cells) + " |"


def ratio(found: Figures, workload: str, other: str) -> str:
    ours, theirs = found.get((workload, "project", 32)), found.get((workload, other, 32))
    if not ours or not theirs:
        return ""
    goal = GOALS[other].get(workload)
    wanted = f" (≥ {goal} ×)" if goal else ""
    return f"{ours['rps'] / theirs['rps']:.2f} × req/s, {ours['cpu_ms'] / theirs['cpu_ms']:.2f} × CPU{wanted}"
