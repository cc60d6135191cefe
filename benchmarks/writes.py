"""python -m benchmarks.writes: calls of 1,000 rows against 200,000 shipments, by one client and by several at once.

Rows a second as clients see them, and CPU per row of the server and of PostgreSQL from /proc. Every answer is checked:
each row of each call was carried out.
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
from benchmarks.places import BUILD
from benchmarks.targets import TARGETS, Server, serving

ROWS, CLIENTS, SHIPMENTS, EDITED = 1_000, (1, 4), 200_000, 5_000
CREATE = """mutation($rows: [ShipmentCreateInput!]!) { call: shipmentsBulkCreate(inputs: $rows) {
  succeeded results { index shipment { id } errors { message } } } }"""
RECORD = """mutation($rows: [TrackingEventInput!]!) { call: trackingEventsRecord(inputs: $rows) {
  succeeded results { index duplicate errors { message } } } }"""
UPDATE = """mutation($rows: [ShipmentBulkUpdateRow!]!) { call: shipmentsBulkUpdate(inputs: $rows) {
  succeeded results { index shipment { version } errors { message } } } }"""
Make = Callable[[random.Random, str, int], dict[str, Any]]


def creation(rng: random.Random, call: str, row: int) -> dict[str, Any]:
    """A shipment with two parties and two packages, as in M1."""
    settings, _ = requests.dialect("project")
    given: dict[str, Any] = requests.fill(settings["variables"]["M1"], requests.creation(rng.randint(1, 100_000)))
    return {**given["input"], "externalReference": f"{call}-{row}"}


def event(rng: random.Random, call: str, row: int) -> dict[str, Any]:
    """A scan of one shipment of all, later than those that are known."""
    at = datetime.now(UTC) - timedelta(seconds=rng.randrange(3_600))
    return {
        "target": {"shipment": {"number": number(rng)}},
        "code": rng.choice(("ARRIVED_AT_FACILITY", "DEPARTED_FACILITY", "OUT_FOR_DELIVERY")),
        "occurred": {"instant": at.isoformat()},
        "message": "Scanned",
        "place": {"city": f"City {rng.randint(1, 1000)}", "country": "DE"},
        "externalEventId": f"{call}-{row}",
    }


def update(rng: random.Random, call: str, row: int) -> dict[str, Any]:
    """A tag for one of the shipments that `prepared` made."""
    return {"by": {"externalReference": f"made-{rng.randrange(EDITED)}"}, "input": {"tagsAdd": [f"{call}{row}"]}}


def number(rng: random.Random) -> str:
    return f"TRK{rng.randint(1, SHIPMENTS):012d}"


WORK: dict[str, tuple[str, Make]] = {
    "shipmentsBulkCreate": (CREATE, creation),
    "trackingEventsRecord": (RECORD, event),
    "shipmentsBulkUpdate": (UPDATE, update),
}


def bodies(name: str, count: int, mark: str) -> list[bytes]:
    """So many calls."""
    query, make = WORK[name]
    rng = random.Random(mark)
    return [
        json.dumps({"query": query, "variables": {"rows": rows}}).encode()
        for at in range(count)
        for rows in [[make(rng, f"{mark}{at}", row) for row in range(ROWS)]]
    ]


def prepared() -> list[bytes]:
    """Calls that make the shipments which are edited then."""
    rng = random.Random(EDITED)
    rows = [{**creation(rng, "", at), "externalReference": f"made-{at}"} for at in range(EDITED)]
    return [
        json.dumps({"query": CREATE, "variables": {"rows": rows[at : at + ROWS]}}).encode()
        for at in range(0, EDITED, ROWS)
    ]


def post(server: Server, connection: http.client.HTTPConnection, body: bytes) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {server.key}"}
    connection.request("POST", "/graphql", body, headers)
    answer = json.loads(connection.getresponse().read())
    if "errors" in answer or answer["data"]["call"]["succeeded"] != ROWS:
        raise SystemExit(f"{json.dumps(answer)[:2000]}")


def sample(server: Server, port: int, postmaster: int, name: str, clients: int, calls: int) -> dict[str, Any]:
    """Rows a second, and CPU in microseconds a row."""

    def work(own: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body in own:
            post(server, connection, body)

    given = bodies(name, clients * calls, f"{name[:4]}{clients}{time.time_ns()}-")
    work([*(prepared() if name == "shipmentsBulkUpdate" else []), *bodies(name, 2, f"warm{time.time_ns()}-")])
    before, began = machine.counters(server.process.pid, postmaster), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, [given[at::clients] for at in range(clients)]))
    seconds = time.perf_counter() - began
    rows = len(given) * ROWS
    spent = machine.spent(before, machine.counters(server.process.pid, postmaster), seconds, rows)
    return {"rows": rows / seconds, **spent}


def main() -> None:
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
            for name in WORK:
                for clients in CLIENTS:
                    with serving(
                        TARGETS[target], postgres, data.copy_for_writes(postgres, False), args.port, key
                    ) as server:
                        one = sample(server, args.port, postmaster, name, clients, args.calls)
                        print(
                            f"| {name} | {target} | {clients} | {one['rows']:,.0f} | {one['cpu_ms'] * 1000:.0f} "
                            f"| {one['postgres_cpu_ms'] * 1000:.0f} | {one['foreign_cores']:.2f} |",
                            flush=True,
                        )
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
