"""Checks every response against the database, value by value: before anything is measured, and for every target."""

import json
import re
import time
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from benchmarks import requests
from benchmarks.data import Postgres, copy_for_writes
from benchmarks.paths import HERE, OWN, PEERS
from benchmarks.requests import Values
from benchmarks.targets import Server, Target, serving

SAMPLES = 20
STORED_SHIPMENT = """
SELECT json_build_object(
    'trackingNumber', s.external_reference, 'service', s.service, 'value', s.declared_value, 'currency', s.currency,
    'carrier', c.code, 'status', s.status,
    'parties', (SELECT json_agg(json_build_array(role, name, lines, city, country_code, postal_code) ORDER BY role)
                FROM party WHERE shipment_id = s.id),
    'packages', (SELECT json_agg(json_build_array(tracking_number, weight_g::int, length_mm::int) ORDER BY seq)
                 FROM package WHERE shipment_id = s.id),
    'changes', (SELECT count(*) FROM change WHERE shipment_id = s.id))
FROM shipment s JOIN carrier c ON c.id = s.carrier_id WHERE s.external_reference = $1"""


def check(postgres: Postgres, target: Target, port: int, key: str | None) -> dict[str, str | None]:
    """The first wrong value of each workload, as text; None if all values are correct."""
    result: dict[str, str | None] = {}
    with serving(target, postgres, OWN if target.own else PEERS, port, key) as server:
        for workload in ("Q1", "Q2", "Q3"):
            differences = (
                difference(canonical(expected(postgres, workload, values)), fetch(server, workload, values))
                for values in requests.values(postgres, workload, SAMPLES, f"check {workload}")
            )
            result[workload] = next((text for text in differences if text), None)
    with serving(target, postgres, copy_for_writes(postgres, not target.own), port, key) as server:
        if target.name != "limit-same":
            result["M1"] = check_creation(postgres, server)
    return result


def check_creation(postgres: Postgres, server: Server) -> str | None:
    """The first wrong value of the mutation, in its response or in the database; None if all are correct."""
    for number, values in enumerate(requests.values(postgres, "M1", 5, "check M1")):
        values["tn"] = f"CHECK-{time.time_ns()}-{number}"
        actual = fetch(server, "M1", values)
        if server.target.own:
            from benchmarks.paths import OWN_WRITE as name

            (row,) = postgres.rows(name, STORED_SHIPMENT, values["tn"])
            expected_value: Any = stored_values(values)
            actual = json.loads(row[0])
        else:
            from benchmarks.paths import PEERS_WRITE as name

            (row,) = postgres.rows(name, statement("check_M1"), values["tn"])
            expected_value = json.loads(row[0])
            expected_value.pop("stored")
            expected_value = canonical(expected_value)
        if error := difference(expected_value, actual):
            return error
    return None


def stored_values(values: Values) -> Values:
    """The row that the project must have stored."""
    parties = [
        [role, party["name"], party["lines"], party["city"], party["country"], party["postalCode"]]
        for role, party in (("SHIPPER", values["shipper"]), ("RECIPIENT", values["recipient"]))
    ]
    return {
        "trackingNumber": values["tn"], "service": "EXPRESS", "value": 12.5, "currency": "EUR",
        "carrier": values["carrierCode"], "status": "READY", "parties": parties,
        "packages": [["a", 100, 1], ["b", 200, None]], "changes": 1,
    }  # fmt: skip


def expected(postgres: Postgres, workload: str, values: Values) -> Any:
    """The expected response, from hand-written SQL."""
    if workload == "Q1":
        (row,) = postgres.rows(PEERS, statement("Q1"), values["tn"])
    else:
        created_at = datetime.fromisoformat(values["createdAt"])
        (row,) = postgres.rows(PEERS, statement(workload), created_at, UUID(values["id"]))
    return json.loads(row[0])


def statement(name: str) -> str:
    """The SQL of a file in `limits/`, without its comments."""
    lines = (HERE / "limits" / f"{name}.sql").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def fetch(server: Server, workload: str, values: Values) -> Any:
    """A target's response in the shape of the expected one."""
    status, body = server.post(requests.body(server.target, workload, values))
    data = json.loads(body)
    if status != 200 or data.get("errors"):
        raise SystemExit(f"{server.target.name} {workload}: status {status}: {body[:1500].decode()}")
    if workload == "M1" and "result" in data["data"]["createShipment"]:
        data["data"]["createShipment"] = data["data"]["createShipment"]["result"]
    return canonical(in_peer_shape(data) if server.target.own else data)


def in_peer_shape(value: Any) -> Any:
    """The project's response in the peers' shape: ids without prefix, values taken out of their objects."""
    if isinstance(value, list):
        return [in_peer_shape(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"name"} and str(value["name"]).startswith("Hub"):
        return value["name"]
    result = {name: in_peer_shape(member) for name, member in value.items()}
    if isinstance(result.get("declaredValue"), dict):
        result |= {"declaredValue": value["declaredValue"]["amount"], "currency": value["declaredValue"]["currency"]}
    if isinstance(result.get("weightG"), dict):
        result["weightG"] = int(value["weightG"]["value"])
        result.pop("id", None)
        result["quantity"] = 1
        result.pop("seq", None)
    if "mm" in result:
        sides = result.pop("mm")
        result |= {f"{side}Mm": int(sides[side]) for side in ("length", "width", "height")}
    if str(result.get("id", "")).startswith("shp_"):
        result["id"] = str(UUID(result["id"][4:]))
    if result.get("status") == "READY":
        result["status"] = "BOOKED"
    if "code" in result:
        result["code"] = result["code"].upper()
    return result


def canonical(value: Any) -> Any:
    """A comparable value: instants in milliseconds, amounts as numbers, no cursors, lists instead of `nodes`."""
    if isinstance(value, dict):
        if set(value) == {"nodes"}:
            return canonical(value["nodes"])
        if "weightG" in value:  # each server has another kind of package id
            value = {name: member for name, member in value.items() if name != "id"}
        result = {name: canonical(member) for name, member in value.items() if name not in ("cursor", "endCursor")}
        if result.get("declaredValue") is not None:
            result["declaredValue"] = Decimal(result["declaredValue"])
        return result
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value):
        return "instant", int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000)
    return value


def difference(expected_value: Any, actual: Any, path: str = "$") -> str | None:
    """The path and values of the first difference, or None."""
    if isinstance(expected_value, dict) and isinstance(actual, dict):
        for name in sorted(set(expected_value) | set(actual)):
            if name not in expected_value or name not in actual:
                return f"{path}.{name}: only in the {'database' if name in expected_value else 'response'}"
            if error := difference(expected_value[name], actual[name], f"{path}.{name}"):
                return error
        return None
    if isinstance(expected_value, list) and isinstance(actual, list):
        if len(expected_value) != len(actual):
            return f"{path}: {len(expected_value)} elements in the database, {len(actual)} in the response"
        pairs = enumerate(zip(expected_value, actual, strict=True))
        return next((w for index, (a, b) in pairs if (w := difference(a, b, f"{path}[{index}]"))), None)
    return None if expected_value == actual else f"{path}: the database has {expected_value!r}, the response {actual!r}"
