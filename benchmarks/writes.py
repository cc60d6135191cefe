"""python -m benchmarks.writes: calls of 1,000 rows against 200,000 shipments, by one client and by several at once.

Prints rows per second as clients see them, and CPU per row of the server and of PostgreSQL from /proc. Every response
is checked: each row of each call must have succeeded.
"""

import argparse
import http.client
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import data, machine, requests
from benchmarks.paths import BUILD
from benchmarks.targets import TARGETS, Server, serving

ROWS = 1_000
"""Rows per call."""
CLIENTS = (1, 4)
"""Numbers of concurrent clients."""
SHIPMENTS = 200_000
"""Shipments in the database."""
UPDATED_SHIPMENTS = 5_000
"""Shipments that are created first and then updated."""
CREATE = """mutation($rows: [ShipmentCreateInput!]!) { call: shipmentsBulkCreate(inputs: $rows) {
  succeeded results { index shipment { id } errors { message } } } }"""
RECORD = """mutation($rows: [TrackingEventInput!]!) { call: trackingEventsRecord(inputs: $rows) {
  succeeded results { index duplicate errors { message } } } }"""
UPDATE = """mutation($rows: [ShipmentBulkUpdateRow!]!) { call: shipmentsBulkUpdate(inputs: $rows) {
  succeeded results { index shipment { version } errors { message } } } }"""
BuildRow = Callable[[random.Random, str, int], dict[str, Any]]


def creation(rng: random.Random, call: str, row: int) -> dict[str, Any]:
    """A shipment with two parties and two packages, as in M1."""
    settings, _ = requests.dialect("project")
    variables: dict[str, Any] = requests.fill(settings["variables"]["M1"], requests.creation(rng.randint(1, 100_000)))
    return {**variables["input"], "externalReference": f"{call}-{row}"}


def event(rng: random.Random, call: str, row: int) -> dict[str, Any]:
    """A scan of a random shipment, later than its existing events."""
    occurred_at = datetime.now(UTC) - timedelta(seconds=rng.randrange(3_600))
    return {
        "target": {"shipment": {"number": number(rng)}},
        "code": rng.choice(("ARRIVED_AT_FACILITY", "DEPARTED_FACILITY", "OUT_FOR_DELIVERY")),
        "occurred": {"instant": occurred_at.isoformat()},
        "message": "Scanned",
        "place": {"city": f"City {rng.randint(1, 1000)}", "country": "DE"},
        "externalEventId": f"{call}-{row}",
    }


def update(rng: random.Random, call: str, row: int) -> dict[str, Any]:
    """A tag for one of the shipments that `preparing_calls` created."""
    return {
        "by": {"externalReference": f"made-{rng.randrange(UPDATED_SHIPMENTS)}"},
        "input": {"tagsAdd": [f"{call}{row}"]},
    }


def number(rng: random.Random) -> str:
    """The number of a random shipment."""
    return f"TRK{rng.randint(1, SHIPMENTS):012d}"


MUTATIONS: dict[str, tuple[str, BuildRow]] = {
    "shipmentsBulkCreate": (CREATE, creation),
    "trackingEventsRecord": (RECORD, event),
    "shipmentsBulkUpdate": (UPDATE, update),
}


def bodies(name: str, count: int, prefix: str) -> list[bytes]:
    """The bodies of `count` calls."""
    query, build_row = MUTATIONS[name]
    rng = random.Random(prefix)
    return [
        json.dumps({"query": query, "variables": {"rows": rows}}).encode()
        for call in range(count)
        for rows in [[build_row(rng, f"{prefix}{call}", row) for row in range(ROWS)]]
    ]


def preparing_calls() -> list[bytes]:
    """Calls that create the shipments that are updated later."""
    rng = random.Random(UPDATED_SHIPMENTS)
    rows = [{**creation(rng, "", index), "externalReference": f"made-{index}"} for index in range(UPDATED_SHIPMENTS)]
    return [
        json.dumps({"query": CREATE, "variables": {"rows": rows[index : index + ROWS]}}).encode()
        for index in range(0, UPDATED_SHIPMENTS, ROWS)
    ]


def post(server: Server, connection: http.client.HTTPConnection, body: bytes) -> None:
    """Send one call. Exits unless all rows succeed."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {server.key}"}
    connection.request("POST", "/graphql", body, headers)
    response = json.loads(connection.getresponse().read())
    if "errors" in response or response["data"]["call"]["succeeded"] != ROWS:
        raise SystemExit(f"{json.dumps(response)[:2000]}")


def sample(server: Server, port: int, postmaster: int, name: str, clients: int, calls: int) -> dict[str, Any]:
    """Rows per second, and CPU in milliseconds per row."""

    def work(own_bodies: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body in own_bodies:
            post(server, connection, body)

    all_bodies = bodies(name, clients * calls, f"{name[:4]}{clients}{time.time_ns()}-")
    work([*(preparing_calls() if name == "shipmentsBulkUpdate" else []), *bodies(name, 2, f"warm{time.time_ns()}-")])
    before, started = machine.counters(server.process.pid, postmaster), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, [all_bodies[index::clients] for index in range(clients)]))
    seconds = time.perf_counter() - started
    rows = len(all_bodies) * ROWS
    spent = machine.spent(before, machine.counters(server.process.pid, postmaster), seconds, rows)
    return {"rows": rows / seconds, **spent}


def main() -> None:
    """Measure all mutations and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writes", description=__doc__)
    parser.add_argument("-t", "--targets", nargs="+", choices=("project", "project-2"), default=["project"])
    parser.add_argument("-c", "--calls", type=int, default=10)
    parser.add_argument("--port", type=int, default=9510)
    args = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    cluster = data.start()
    try:
        postgres = data.Postgres(cluster)
        data.prepare(postgres)
        key, postmaster = data.key(postgres), postgres.postmaster()
        print("| | server | clients | rows/s | server µs/row | PostgreSQL µs/row | other cores |")
        print("|---|---|---|---|---|---|---|")
        for target in args.targets:
            for name in MUTATIONS:
                for clients in CLIENTS:
                    with serving(
                        TARGETS[target], postgres, data.copy_for_writes(postgres, False), args.port, key
                    ) as server:
                        result = sample(server, args.port, postmaster, name, clients, args.calls)
                        print(
                            f"| {name} | {target} | {clients} | {result['rows']:,.0f} | {result['cpu_ms'] * 1000:.0f} "
                            f"| {result['postgres_cpu_ms'] * 1000:.0f} | {result['foreign_cores']:.2f} |",
                            flush=True,
                        )
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
