"""Reads samples and prints tables of medians, and of ratios within one run.

On a shared machine, ratios are reliable and absolute figures are not.
"""

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.paths import WORKLOADS
from benchmarks.targets import TARGETS

GOALS = {
    "postgraphile": {"Q1": 2, "Q2": 1.7, "Q3": 1.5, "M1": 1},
    "mercurius": {"Q1": 2, "Q2": 1.3, "Q3": 3, "M1": 0.75},
    "limit-same": {"Q1": 0.8, "Q2": 0.8, "Q3": 0.9},
}
"""Goals for requests per second at 32 connections, as multiples of another target's."""
Figures = dict[tuple[str, str, int], dict[str, float]]


def figures(path: Path) -> Figures:
    """Medians by workload, target and connections. Noisy samples count only if there are no others."""
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for line in path.read_text().splitlines():
        sample = json.loads(line)
        groups.setdefault((sample["workload"], sample["target"], sample["connections"]), []).append(sample)
    medians: Figures = {}
    for key, samples in groups.items():
        quiet = [sample for sample in samples if not sample["noisy"]] or samples
        numbers = [name for name, value in quiet[0].items() if isinstance(value, int | float)]
        medians[key] = {name: statistics.median(sample[name] for sample in quiet) for name in numbers}
        medians[key]["samples"] = len(quiet)
    return medians


def report(path: Path) -> Iterable[str]:
    """The tables in Markdown."""
    medians = figures(path)
    for workload in WORKLOADS:
        rows = [name for name in TARGETS if (workload, name, 32) in medians]
        if not rows:
            continue
        yield f"\n### {workload}\n"
        yield "| target | req/s at 32 | CPU ms | PostgreSQL CPU ms | p50 / p99 ms at 1 | p99 ms at 32 | peak MB | n |"
        yield "|---|---|---|---|---|---|---|---|"
        for name in rows:
            at_32, at_1 = medians[workload, name, 32], medians.get((workload, name, 1), {})
            latency = f"{at_1['p50']:.2f} / {at_1['p99']:.2f}" if at_1 else ""
            yield (
                f"| {TARGETS[name].label} "
                f"| {at_32['rps']:.0f} | {at_32['cpu_ms']:.3f} | {at_32['postgres_cpu_ms']:.3f} "
                f"| {latency} | {at_32['p99']:.1f} | {at_32['peak_mb']:.0f} | {at_32['samples']} |"
            )
    yield "\n### Ratios: the project against\n"
    yield "| | " + " | ".join(f"{TARGETS[other].label} (goal)" for other in GOALS) + " |"
    yield "|---|" + "---|" * len(GOALS)
    for workload in WORKLOADS:
        cells = [ratio(medians, workload, other) for other in GOALS]
        if any(cells):
            yield f"| {workload} | " + " | ".join(cells) + " |"


def ratio(medians: Figures, workload: str, other: str) -> str:
    """Requests per second and CPU per request relative to another target, with the goal."""
    own, peer = medians.get((workload, "project", 32)), medians.get((workload, other, 32))
    if not own or not peer:
        return ""
    goal = GOALS[other].get(workload)
    goal_text = f" (≥ {goal} ×)" if goal else ""
    return f"{own['rps'] / peer['rps']:.2f} × req/s, {own['cpu_ms'] / peer['cpu_ms']:.2f} × CPU{goal_text}"
