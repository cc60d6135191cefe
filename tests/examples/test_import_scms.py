"""The import of the SCMS file: the API returns what the file says, and running the import twice changes nothing."""

import asyncio
import csv
import io
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import import_scms
import pytest
import scms_repair
from retrying_client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server

SMALL = Path(__file__).parents[1] / "data" / "scms_small.csv"
COUNT = "query($where: ShipmentWhere) { shipments(where: $where) { totalCount(limit: null) { count } } }"
PAGE = """
query($after: String) {
  shipments(first: 50, after: $after, orderBy: [{field: NUMBER, direction: ASC}]) {
    pageInfo { hasNextPage endCursor }
    nodes { totalWeight { value } promisedTo deliveredAt status items { quantity metadata } }
  }
}"""


@dataclass
class Totals:
    """Totals of a file."""

    shipments: int = 0
    items: int = 0
    quantity: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    weighed: int = 0
    kilograms: Decimal = Decimal(0)
    late: int = 0
    services: dict[str | None, int] = field(default_factory=dict)
    countries: dict[str, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)


async def totals_from_api(execute: Execute, *, countries: str, years: tuple[int, ...]) -> Totals:
    """The same totals from the API."""

    async def count(**where: Any) -> int:
        response = await execute(COUNT, {"where": where})
        return int(response["data"]["shipments"]["totalCount"]["count"])

    totals = Totals(shipments=await count())
    async for node in nodes(execute):
        assert node["status"] == "DELIVERED"
        totals.items += len(node["items"])
        totals.quantity += sum(Decimal(item["quantity"]) for item in node["items"])
        totals.value += sum(Decimal(item["metadata"]["lineValue"]) for item in node["items"])
        totals.weighed += node["totalWeight"] is not None
        totals.kilograms += Decimal(node["totalWeight"]["value"]) if node["totalWeight"] else 0
        totals.late += node["deliveredAt"] > node["promisedTo"]
    for service in ("air", "truck", "air_charter", "ocean"):
        totals.services[service] = await count(service={"eq": service})
    totals.services[None] = await count(service={"isNull": True})
    for country in countries.split():
        totals.countries[country] = await count(destination={"country": {"eq": country}})
    for year in years:
        within = {"gte": f"{year}-01-01T00:00:00Z", "lt": f"{year + 1}-01-01T00:00:00Z"}
        totals.years[year] = await count(deliveredAt=within)
    return totals


async def nodes(execute: Execute) -> AsyncIterator[dict[str, Any]]:
    """All shipments, page by page."""
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        response = await execute(PAGE, {"after": page["endCursor"]})
        for node in response["data"]["shipments"]["nodes"]:
            yield node
        page = response["data"]["shipments"]["pageInfo"]


@pytest.fixture
def load(app: Starlette) -> Callable[[bytes], Any]:
    """Imports a file into the app."""

    async def import_file(file: bytes) -> import_scms.Report:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
        async with Client("/graphql", http=http) as client:
            return await import_scms.load(client, file)

    return import_file


Load = Callable[[bytes], Any]
CONTENTS = "SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text)::text FROM {} t"


async def contents(owner: AsyncEngine) -> list[str]:
    """All rows of the tables that an import can change."""
    tables = "shipment party package shipment_item shipment_reference tracking_event change".split()
    async with owner.connect() as connection:
        return [(await connection.execute(text(CONTENTS.format(table)))).scalar_one() for table in tables]


async def test_the_small_file_gives_its_totals(execute: Execute, load: Load) -> None:
    report = await load(SMALL.read_bytes())
    assert report.rejected == []
    assert await totals_from_api(execute, countries="VN NG CI NA CM RW ZA", years=(2010, 2013, 2014)) == Totals(
        shipments=7,
        items=10,
        quantity=Decimal(5553),
        value=Decimal("71333.81"),
        weighed=6,
        kilograms=Decimal(8776),
        late=2,
        services={"air": 2, "truck": 2, "air_charter": 1, "ocean": 1, None: 1},
        countries={"VN": 1, "NG": 1, "CI": 1, "NA": 1, "CM": 1, "RW": 0, "ZA": 2},
        years={2010: 2, 2013: 1, 2014: 2},
    )


async def test_the_real_file_gives_the_published_totals(execute: Execute, load: Load, shared_data: Path) -> None:
    report = await load((shared_data / "scms/scms_dev.csv").read_bytes())
    assert (report.lines, report.created, report.rejected) == (3094, 2098, [])
    assert [warning.partition(":")[0] for warning in report.warnings] == ["line 746 (id 12793)"]
    assert await totals_from_api(execute, countries="NG CI ZA UG ZM VN", years=(2010, 2014)) == Totals(
        shipments=2098,
        items=3094,
        quantity=Decimal(56_846_153),
        value=Decimal("459116868.85"),
        weighed=1882,
        kilograms=Decimal(6_140_801),
        late=258,
        services={"air": 1340, "truck": 439, "air_charter": 140, "ocean": 105, None: 74},
        countries={"NG": 271, "CI": 209, "ZA": 179, "UG": 177, "ZM": 167, "VN": 141},
        years={2010: 277, 2014: 279},
    )


async def test_running_the_import_twice_changes_nothing(owner: AsyncEngine, load: Load) -> None:
    first = await load(SMALL.read_bytes())
    before = await contents(owner)
    second = await load(SMALL.read_bytes())
    assert (first.created, first.existing, first.recorded, first.duplicates) == (7, 0, 11, 0)
    assert (second.created, second.existing, second.recorded, second.duplicates) == (0, 7, 0, 11)
    assert await contents(owner) == before


async def test_an_interrupted_import_is_completed_by_the_next_one(execute: Execute, load: Load) -> None:
    whole = SMALL.read_bytes()
    await load(b"".join(whole.splitlines(keepends=True)[:2]))
    rest = await load(whole)
    assert (rest.created, rest.existing, rest.recorded, rest.duplicates) == (6, 1, 10, 1)


async def test_a_shipment_has_all_values_of_its_lines(execute: Execute, load: Load) -> None:
    await load(SMALL.read_bytes())
    response = await execute(
        """{ shipment(by: {externalReference: "ASN-93"}) {
            service incoterm promisedTo metadata references { kind value } shipper { name country }
            recipient { country } packages { weight { value unit } items { title } }
            items { title quantity unitValue { amount currency } metadata }
            events { nodes { code occurredAt timePrecision message source } }
        } }"""
    )
    shipment = response["data"]["shipment"]
    events, items = shipment.pop("events")["nodes"], shipment.pop("items")
    assert shipment == {
        "service": "air",
        "incoterm": "EXW",
        "promisedTo": "2007-01-30T23:59:59+00:00",
        "metadata": {
            "vendor": "North Wind Pharma",
            "managedBy": "Home",
            "productGroup": "ARV",
            "priceQuote": "Pre-PQ Process",
            "freightTerms": "Invoiced Separately",
            "deliveryRecorded": "2007-02-01",
            "scheduled": ["2007-01-30"],
        },
        "references": [
            {"kind": "asn", "value": "ASN-93"},
            {"kind": "order", "value": "PO-2"},
            {"kind": "project", "value": "901-NG-T30"},
        ],
        "shipper": {"name": "North Wind Pharma", "country": "US"},
        "recipient": {"country": "NG"},
        "packages": [
            {"weight": {"value": "1281", "unit": "KG"}, "items": [{"title": item["title"]} for item in items]}
        ],
    }
    assert [(event["code"], event["occurredAt"], event["timePrecision"], event["message"]) for event in events] == [
        ("INFO", "2006-11-13T23:59:59+00:00", "DATE_ONLY", "Purchase order sent to the vendor"),
        ("DELIVERED", "2007-01-30T23:59:59+00:00", "DATE_ONLY", "Delivered to the client, recorded 1-Feb-07"),
    ]
    prices = [(item["title"], item["quantity"], item["unitValue"]["amount"]) for item in items]
    assert prices == [
        ("Kits, with buffer, 100 Tests", "500", "80"),
        ("Syrup, 240 ml", "20", "0"),
        ("Capsules 200mg", "3", "11.22"),
    ]
    assert [item["metadata"].get("insurance") for item in items] == ["4.47", None, "0"]


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(SMALL.read_text())))


def as_csv(rows: list[dict[str, str]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


async def test_rows_that_the_api_rejects_are_reported_by_line_and_the_rest_is_imported(load: Load) -> None:
    changed = rows()
    changed[0]["vendor inco term"] = "XX"
    report = await load(as_csv(changed))
    assert (report.created, len(report.rejected)) == (6, 1)
    assert report.rejected[0].startswith("ASN-1 (line 2 (id 1)): inputs.0.incoterm: ")


@pytest.mark.parametrize("delivered", [True, False])
async def test_a_later_import_repairs_the_service_of_an_unknown_mode(
    execute: Execute, owner: AsyncEngine, load: Load, delivered: bool
) -> None:
    query = """{ shipment(by: {externalReference: "ASN-1"}) {
      service status deliveredAt statusExplanation { decidedBy { externalEventId } } } }"""
    changed = rows()[:1]
    if not delivered:
        changed[0] |= {"delivered to client date": "", "delivery recorded date": ""}
    changed[0]["shipment mode"] = "N_A"
    await load(as_csv(changed))
    before = (await execute(query))["data"]["shipment"]
    assert (before["service"], before["status"]) == ("n_a", "DELIVERED" if delivered else "READY")
    changed[0]["shipment mode"] = "N/A"
    report = await load(as_csv(changed))
    assert (report.existing, report.repaired, report.rejected) == (1, 1, [])
    assert (await execute(query))["data"]["shipment"] == before | {"service": None}
    stored = await contents(owner)
    assert (await load(as_csv(changed))).repaired == 0
    assert await contents(owner) == stored


async def test_an_interrupted_repair_is_completed_by_the_next_import(execute: Execute, load: Load) -> None:
    changed = rows()[:1]
    changed[0]["shipment mode"] = "N/A"
    await load(as_csv(changed))
    override = 'mutation($reason: String!) { shipmentOverrideStatus(by: {externalReference: "ASN-1"}, status: READY,'
    await execute(f"{override} reason: $reason) {{ errors {{ code }} }} }}", {"reason": scms_repair.REASON})
    assert (await load(as_csv(changed))).repaired == 1
    response = await execute('{ shipment(by: {externalReference: "ASN-1"}) { service status } }')
    assert response["data"]["shipment"] == {"service": None, "status": "DELIVERED"}


async def test_the_script_runs_with_the_command_in_its_docstring(app: Starlette, settings: Settings) -> None:
    async with run_server(app, settings) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        script = import_scms.__file__
        process = await asyncio.create_subprocess_exec(
            sys.executable, script, str(SMALL), "--url", url, stdout=-1, stderr=-1
        )
        stdout, stderr = await process.communicate()
    assert (process.returncode, stderr) == (0, b"")
    assert b"shipments: 7 created, 0 existed already\nevents:    11 recorded" in stdout
