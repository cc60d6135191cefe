"""Random inputs of each workload, and the request body in the dialect of each target."""

import base64
import json
import random
import struct
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from benchmarks.data import Postgres
from benchmarks.paths import BUILD, HERE, PEERS, WORKLOADS
from benchmarks.targets import TARGETS, Target

COUNTS = {"Q1": 20_000, "Q2": 2_000, "Q3": 2_000, "M1": 500}
"""Request bodies per workload."""
Values = dict[str, Any]


def address(i: int, line: str = "line1", country: str = "countryCode") -> Values:
    """An address in the format of a dialect."""
    lines_ = {"line1": f"{i} Main Street"} if line == "line1" else {"lines": [f"{i} Main Street"]}
    return {"name": f"Person {i}", **lines_, "city": f"City {i}", country: "DE", "postalCode": "10115"}


def values(postgres: Postgres, workload: str, count: int, seed: str) -> list[Values]:
    """The inputs of `count` requests, under the names that the dialects use."""
    rng = random.Random(seed)
    if workload == "Q1":
        return [{"tn": f"TRK{rng.randint(1, 200_000):012d}"} for _ in range(count)]
    if workload == "M1":
        return [creation(rng.randint(1, 100_000)) for _ in range(count)]
    return [page_start(row) for row in rng.choices(pages(postgres)[:-60], k=count)]


def creation(i: int) -> Values:
    """The inputs of a shipment creation."""
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


def page_start(row: tuple[datetime, UUID, str]) -> Values:
    """The row after which a page starts."""
    created_at, id_, own_cursor = row
    microseconds = round((created_at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    cursor = base64.b64encode(struct.pack(">q", microseconds) + id_.bytes).decode()
    return {"createdAt": created_at.isoformat(), "id": str(id_), "cursor": cursor, "ownCursor": own_cursor}


@cache
def pages(postgres: Postgres) -> list[tuple[datetime, UUID, str]]:
    """Shipments in transit, newest first, with the project's cursors."""
    rows = postgres.rows(
        PEERS, "SELECT created_at, id FROM shipment WHERE status = 'IN_TRANSIT' ORDER BY created_at DESC, id DESC"
    )
    own_cursors = json.loads((BUILD / "cursors.json").read_text())
    return [
        (row[0], UUID(str(row[1])), own_cursors[UUID(str(row[1])).hex])
        for row in rows
        if UUID(str(row[1])).hex in own_cursors
    ]


def fill(template: Any, inputs: Values) -> Any:
    """A template with its `$names` replaced."""
    if isinstance(template, dict):
        return {name: fill(value, inputs) for name, value in template.items()}
    return inputs[template[1:]] if isinstance(template, str) and template.startswith("$") else template


@cache
def dialect(name: str) -> tuple[Values, dict[str, str]]:
    """The settings and queries of a dialect."""
    folder = HERE / "dialects" / name
    return json.loads((folder / "dialect.json").read_text()), {
        workload: (folder / f"{workload}.graphql").read_text() for workload in WORKLOADS
    }


def body(target: Target, workload: str, inputs: Values) -> str:
    """The request body of a workload for a target."""
    settings, queries = dialect(target.dialect)
    variables = fill(settings["variables"][workload], inputs)
    request = {"query": queries[workload], "variables": variables, "operationName": workload}
    return json.dumps(request, separators=(",", ":"))


def prepare(postgres: Postgres) -> None:
    """Write the bodies for the load generator, one file for each dialect and workload."""
    for workload, count in COUNTS.items():
        all_inputs = values(postgres, workload, count, f"load {workload}")
        for target in {target.dialect: target for target in TARGETS.values()}.values():
            lines = [body(target, workload, inputs) + "\n" for inputs in all_inputs]
            (BUILD / f"{target.dialect}.{workload}.jsonl").write_text("".join(lines))
