"""python -m benchmarks: prepare the databases, check every response, measure in rounds, report. `make bench` runs
it.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import capture, check_responses, data, load, report, requests
from benchmarks.paths import BUILD, OWN, PEERS, WORKLOADS, program
from benchmarks.targets import TARGETS, Target, serving

DEFAULT_TARGETS = ("project", "postgraphile", "mercurius", "limit-same", "limit")


def say(text: str) -> None:
    """Print a line immediately."""
    print(text, flush=True)


def usable(names: list[str]) -> list[Target]:
    """The targets that can run here; prints the reason for each that cannot."""
    for name in names:
        if reason := TARGETS[name].missing:
            say(f"{name}: skipped: {reason}")
    return [TARGETS[name] for name in names if not TARGETS[name].missing]


def run(args: argparse.Namespace, postgres: data.Postgres, targets: list[Target], key: str | None) -> None:
    """Measure in rounds of alternating order, each server in a fresh process."""
    postmaster = postgres.postmaster()
    with args.output.open("a") as out:
        for round_number in range(args.rounds):
            for target in targets if round_number % 2 == 0 else targets[::-1]:
                for writes in (False, True):
                    workloads = [workload for workload in args.workloads if (workload == "M1") is writes]
                    if not workloads or (writes and target.name == "limit-same"):
                        continue
                    database = (
                        data.copy_for_writes(postgres, not target.own) if writes else (OWN if target.own else PEERS)
                    )
                    with serving(target, postgres, database, args.port, key) as server:
                        for workload in workloads:
                            load.load(server, postmaster, workload, 32, args.warm_up)
                            for connections in (32, 1):
                                sample = load.sample(server, postmaster, workload, connections, args.seconds)
                                out.write(json.dumps({**sample, "round": round_number}) + "\n")
                                out.flush()
                                say(
                                    f"round {round_number} {target.name:13} {workload} {connections:3} "
                                    f"{sample['rps']:8.1f}/s  "
                                    f"CPU {sample['cpu_ms']:.3f}  PostgreSQL {sample['postgres_cpu_ms']:.3f} ms  "
                                    f"p99 {sample['p99']:.1f} ms{'  NOISY' if sample['noisy'] else ''}"
                                )


def main() -> None:
    """Parse the arguments and run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", choices=("all", "prepare", "check", "run", "report"), nargs="?", default="all")
    parser.add_argument("-t", "--targets", nargs="+", choices=list(TARGETS), default=list(DEFAULT_TARGETS))
    parser.add_argument("-w", "--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("-r", "--rounds", type=int, default=3)
    parser.add_argument("-d", "--seconds", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=4)
    parser.add_argument("--port", type=int, default=9510)
    parser.add_argument("-o", "--output", type=Path, default=BUILD / "samples.jsonl")
    args = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    if args.command == "report":
        say("\n".join(report.report(args.output)))
        return
    if program("wrk") is None:
        sys.exit("The load generator wrk is not installed: apt-get install wrk")
    server = data.start()
    try:
        postgres = data.Postgres(server)
        data.prepare(postgres)
        key = data.key(postgres)
        capture.prepare(postgres, key)
        requests.prepare(postgres)
        targets = usable(args.targets)
        if args.command in ("all", "check"):
            for target in targets:
                differences = check_responses.check(postgres, target, args.port, key)
                say(f"{target.name}: " + "  ".join(f"{name} {text or 'correct'}" for name, text in differences.items()))
                if any(differences.values()):
                    sys.exit(1)
        if args.command in ("all", "run"):
            run(args, postgres, targets, key)
            say("\n".join(report.report(args.output)))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
