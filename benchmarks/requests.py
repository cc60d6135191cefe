"""What is asked: the random inputs of each workload, and the body of a request in the words of each target."""

import base64
import json
import random
import struct
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from benchmarks.data import Postgres
from benchmarks.places import BUILD, HERE, PEERS, WORKLOADS
from benchmarks.targets import TARGETS, Target

COUNTS = {"Q1": 20_000, "Q2": 2_000, "Q3": 2_000, "M1": 500}
Values = dict[str, Any]


def address(i: int, line: str = "line1", country: str = "countryCode") -> Values:
    at = {"line1": f"{i} Main Street"} if line == "line1" else {"lines": [f"{i} Main Street"]}
    return {"name": f"Person {i}", **at, "city": f"City {i}", country: "DE", "postalCode": "10115"}


def values(postgres: Postgres, workload: str, count: int, seed: str) -> list[Values]:
    """The inputs of so many requests, under the names by which the dialects speak of them."""
    rng = random.Random(seed)
    if workload == "Q1":
        return [{"tn": f"TRK{rng.randint(1, 200_000):012d}"} for _ in range(count)]
    if workload == "M1":
        return [creation(rng.randint(1, 100_000)) for _ in range(count)]
    return [place(row) for row in rng.choices(pages(postgres)[:-60], k=count)]


def creation(i: int) -> Values:
    grams = lambda value: {"value": str(value), "unit": "G"}  # noqa: E731
    return {
        "tn": "@@TN@@", "carrierId": str(1 + i % 20), "carrierIdInt": 1 + i % 20, "carrierCode": f"c{1 + i % 20}",
        "origin": address(i), "destination": address(i + 1),
        "shipper": address(i, "lines", "country"), "recipient": address(i + 1, "lines", "country"),
        "parcels": [{"weightG": 100, "description": "a", "lengthMm": 1, "widthMm": 2, "heightMm": 3},
                    {"weightG": 200, "description": "b"}],
        "packages": [
            {"weight": grams(100), "trackingNumber": "a",
             "dimensions": {"length": "1", "width": "2", "height": "3", "unit": "MM"}},
            {"weight": grams(200), "trackingNumber": "b"},
        ],
    }  # fmt: skip


def place(row: tuple[datetime, UUID, str]) -> Values:
    """A row behind which a page begins."""
    at, id_, own = row
    microseconds = round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    cursor = base64.b64encode(struct.pack(">q", microseconds) + id_.bytes).decode()
    return {"createdAt": at.isoformat(), "id": str(id_), "cursor": cursor, "ownCursor": own}


@cache
def pages(postgres: Postgres) -> list[tuple[datetime, UUID, str]]:
    """Shipments in transit, newest first, with the project's own cursors."""
    rows = postgres.rows(
        PEERS, "SELECT created_at, id FROM shipment WHERE status = 'IN_TRANSIT' ORDER BY created_at DESC, id DESC"
    )
    own = json.loads((BUILD / "cursors.json").read_text())
    return [(row[0], UUID(str(row[1])), own[UUID(str(row[1])).hex]) for row in rows if UUID(str(row[1])).hex in own]


def fill(template: Any, given: Values) -> Any:
    if isinstance(template, dict):
        return {name: fill(value, given) for name, value in template.items()}
    return given[template[1:]] if isinstance(template, str) and template.startswith("$") else template


@cache
def dialect(name: str) -> tuple[Values, dict[str, str]]:
    folder = HERE / "dialects" / name
    return json.loads((folder / "dialect.json").read_text()), {
        workload: (folder / f"{workload}.graphql").read_text() for workload in WORKLOADS
    }


def body(target: Target, workload: str, given: Values) -> str:
    settings, queries = dialect(target.dialect)
    variables = fill(settings["variables"][workload], given)
    asked = {"query": queries[workload], "variables": variables, "operationName": workload}
    return json.dumps(asked, separators=(",", ":"))


def prepare(postgres: Postgres) -> None:
    """The bodies that the load generator sends, one file for each dialect and workload."""
    for workload, count in COUNTS.items():
        given = values(postgres, workload, count, f"load {workload}")
        for target in {target.dialect: target for target in TARGETS.values()}.values():
            lines = [body(target, workload, one) + "\n" for one in given]
            (BUILD / f"{target.dialect}.{workload}.jsonl").write_text("".join(lines))
