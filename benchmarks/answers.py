"""Every answer, value by value, against the database: before anything is measured, and for every target."""

import json
import re
import time
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from benchmarks import requests
from benchmarks.data import Postgres, fresh
from benchmarks.places import HERE, OWN, PEERS
from benchmarks.requests import Values
from benchmarks.targets import Server, Target, serving

SAMPLES = 20
STORED = """
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
    """What is wrong with each workload; None where every value is right."""
    found: dict[str, str | None] = {}
    with serving(target, postgres, OWN if target.own else PEERS, port, key) as server:
        for workload in ("Q1", "Q2", "Q3"):
            differences = (
                difference(canonical(expected(postgres, workload, given)), answer(server, workload, given))
                for given in requests.values(postgres, workload, SAMPLES, f"check {workload}")
            )
            found[workload] = next((one for one in differences if one), None)
    with serving(target, postgres, fresh(postgres, not target.own), port, key) as server:
        if target.name != "limit-same":
            found["M1"] = check_creation(postgres, server)
    return found


def check_creation(postgres: Postgres, server: Server) -> str | None:
    for number, given in enumerate(requests.values(postgres, "M1", 5, "check M1")):
        given["tn"] = f"CHECK-{time.time_ns()}-{number}"
        got = answer(server, "M1", given)
        if server.target.own:
            from benchmarks.places import OWN_WRITE as name

            (row,) = postgres.rows(name, STORED, given["tn"])
            wanted: Any = stored(given)
            got = json.loads(row[0])
        else:
            from benchmarks.places import PEERS_WRITE as name

            (row,) = postgres.rows(name, statement("check_M1"), given["tn"])
            wanted = json.loads(row[0])
            wanted.pop("stored")
            wanted = canonical(wanted)
        if wrong := difference(wanted, got):
            return wrong
    return None


def stored(given: Values) -> Values:
    """What the project must have stored."""
    parties = [
        [role, one["name"], one["lines"], one["city"], one["country"], one["postalCode"]]
        for role, one in (("SHIPPER", given["shipper"]), ("RECIPIENT", given["recipient"]))
    ]
    return {
        "trackingNumber": given["tn"], "service": "EXPRESS", "value": 12.5, "currency": "EUR",
        "carrier": given["carrierCode"], "status": "READY", "parties": parties,
        "packages": [["a", 100, 1], ["b", 200, None]], "changes": 1,
    }  # fmt: skip


def expected(postgres: Postgres, workload: str, given: Values) -> Any:
    if workload == "Q1":
        (row,) = postgres.rows(PEERS, statement("Q1"), given["tn"])
    else:
        at = datetime.fromisoformat(given["createdAt"])
        (row,) = postgres.rows(PEERS, statement(workload), at, UUID(given["id"]))
    return json.loads(row[0])


def statement(name: str) -> str:
    lines = (HERE / "limits" / f"{name}.sql").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def answer(server: Server, workload: str, given: Values) -> Any:
    """A target's answer in the shape of the expected one."""
    status, raw = server.post(requests.body(server.target, workload, given))
    data = json.loads(raw)
    if status != 200 or data.get("errors"):
        raise SystemExit(f"{server.target.name} {workload}: status {status}: {raw[:1500].decode()}")
    if workload == "M1" and "result" in data["data"]["createShipment"]:
        data["data"]["createShipment"] = data["data"]["createShipment"]["result"]
    return canonical(common(data) if server.target.own else data)


def common(value: Any) -> Any:
    """The project's answer in the peers' shape: ids without their prefix, values taken out of their objects."""
    if isinstance(value, list):
        return [common(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"name"} and str(value["name"]).startswith("Hub"):
        return value["name"]
    made = {name: common(one) for name, one in value.items()}
    if isinstance(made.get("declaredValue"), dict):
        made |= {"declaredValue": value["declaredValue"]["amount"], "currency": value["declaredValue"]["currency"]}
    if isinstance(made.get("weightG"), dict):
        made["weightG"] = int(value["weightG"]["value"])
        made.pop("id", None)
        made["quantity"] = 1
        made.pop("seq", None)
    if "mm" in made:
        sides = made.pop("mm")
        made |= {f"{side}Mm": int(sides[side]) for side in ("length", "width", "height")}
    if str(made.get("id", "")).startswith("shp_"):
        made["id"] = str(UUID(made["id"][4:]))
    if made.get("status") == "READY":
        made["status"] = "BOOKED"
    if "code" in made:
        made["code"] = made["code"].upper()
    return made


def canonical(value: Any) -> Any:
    """What can be compared: instants to milliseconds, amounts as numbers, no cursors, lists for `nodes`."""
    if isinstance(value, dict):
        if set(value) == {"nodes"}:
            return canonical(value["nodes"])
        if "weightG" in value:  # a package's identity is of another kind everywhere
            value = {name: one for name, one in value.items() if name != "id"}
        plain = {name: canonical(one) for name, one in value.items() if name not in ("cursor", "endCursor")}
        if plain.get("declaredValue") is not None:
            plain["declaredValue"] = Decimal(plain["declaredValue"])
        return plain
    if isinstance(value, list):
        return [canonical(one) for one in value]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value):
        return "instant", int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000)
    return value


def difference(wanted: Any, got: Any, path: str = "$") -> str | None:
    """Where two values first differ."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name in sorted(set(wanted) | set(got)):
            if name not in wanted or name not in got:
                return f"{path}.{name}: only in the {'database' if name in wanted else 'answer'}"
            if wrong := difference(wanted[name], got[name], f"{path}.{name}"):
                return wrong
        return None
    if isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            return f"{path}: {len(wanted)} elements in the database, {len(got)} in the answer"
        pairs = enumerate(zip(wanted, got, strict=True))
        return next((w for at, (a, b) in pairs if (w := difference(a, b, f"{path}[{at}]"))), None)
    return None if wanted == got else f"{path}: the database has {wanted!r}, the answer {got!r}"
