"""The import of the SCMS file: what it says is what GraphQL queries answer, and running it twice changes nothing."""

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
import scms_file
from retrying_client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.graphql_client import Ask
from tests.support.live_server import serving

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
class Figures:
    """What a file comes to."""

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


async def figures(ask: Ask, *, countries: str, years: tuple[int, ...]) -> Figures:
    """The same, as GraphQL queries answer it."""

    async def count(**where: Any) -> int:
        answer = await ask(COUNT, {"where": where})
        return int(answer["data"]["shipments"]["totalCount"]["count"])

    found = Figures(shipments=await count())
    async for node in nodes(ask):
        assert node["status"] == "DELIVERED"
        found.items += len(node["items"])
        found.quantity += sum(Decimal(item["quantity"]) for item in node["items"])
        found.value += sum(Decimal(item["metadata"]["lineValue"]) for item in node["items"])
        found.weighed += node["totalWeight"] is not None
        found.kilograms += Decimal(node["totalWeight"]["value"]) if node["totalWeight"] else 0
        found.late += node["deliveredAt"] > node["promisedTo"]
    for service in ("air", "truck", "air_charter", "ocean"):
        found.services[service] = await count(service={"eq": service})
    found.services[None] = await count(service={"isNull": True})
    for country in countries.split():
        found.countries[country] = await count(destination={"country": {"eq": country}})
    for year in years:
        within = {"gte": f"{year}-01-01T00:00:00Z", "lt": f"{year + 1}-01-01T00:00:00Z"}
        found.years[year] = await count(deliveredAt=within)
    return found


async def nodes(ask: Ask) -> AsyncIterator[dict[str, Any]]:
    """All shipments, page by page."""
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        answer = await ask(PAGE, {"after": page["endCursor"]})
        for node in answer["data"]["shipments"]["nodes"]:
            yield node
        page = answer["data"]["shipments"]["pageInfo"]


@pytest.fixture
def load(app: Starlette) -> Callable[[bytes], Any]:
    """Imports a file into the app."""

    async def loaded(file: bytes) -> import_scms.Report:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
        async with Client("/graphql", http=http) as client:
            return await import_scms.load(client, file)

    return loaded


Load = Callable[[bytes], Any]
CONTENTS = "SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text)::text FROM {} t"


async def contents(owner: AsyncEngine) -> list[str]:
    """Every row of the tables that an import could change."""
    tables = "shipment party package shipment_item shipment_reference tracking_event change".split()
    async with owner.connect() as connection:
        return [(await connection.execute(text(CONTENTS.format(table)))).scalar_one() for table in tables]


async def test_the_small_file_comes_to_what_it_says(ask: Ask, load: Load) -> None:
    report = await load(SMALL.read_bytes())
    assert report.rejected == []
    assert await figures(ask, countries="VN NG CI NA CM RW ZA", years=(2010, 2013, 2014)) == Figures(
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


async def test_the_real_file_comes_to_what_its_keepers_say(ask: Ask, load: Load, shared_data: Path) -> None:
    report = await load((shared_data / "scms/scms_dev.csv").read_bytes())
    assert (report.lines, report.created, report.rejected) == (3094, 2098, [])
    assert [warning.partition(":")[0] for warning in report.warnings] == ["line 746 (id 12793)"]
    assert await figures(ask, countries="NG CI ZA UG ZM VN", years=(2010, 2014)) == Figures(
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


async def test_running_it_twice_changes_nothing(owner: AsyncEngine, load: Load) -> None:
    first = await load(SMALL.read_bytes())
    before = await contents(owner)
    again = await load(SMALL.read_bytes())
    assert (first.created, first.there, first.recorded, first.repeated) == (7, 0, 11, 0)
    assert (again.created, again.there, again.recorded, again.repeated) == (0, 7, 0, 11)
    assert await contents(owner) == before


async def test_an_import_that_was_cut_off_is_completed_by_the_next(ask: Ask, load: Load) -> None:
    whole = SMALL.read_bytes()
    await load(b"".join(whole.splitlines(keepends=True)[:2]))
    rest = await load(whole)
    assert (rest.created, rest.there, rest.recorded, rest.repeated) == (6, 1, 10, 1)


async def test_a_shipment_has_all_that_its_lines_say(ask: Ask, load: Load) -> None:
    await load(SMALL.read_bytes())
    answer = await ask(
        """{ shipment(by: {externalReference: "ASN-93"}) {
            service incoterm promisedTo metadata references { kind value } shipper { name country }
            recipient { country } packages { weight { value unit } items { title } }
            items { title quantity unitValue { amount currency } metadata }
            events { nodes { code occurredAt timePrecision message source } }
        } }"""
    )
    shipment = answer["data"]["shipment"]
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
    assert [(one["code"], one["occurredAt"], one["timePrecision"], one["message"]) for one in events] == [
        ("INFO", "2006-11-13T23:59:59+00:00", "DATE_ONLY", "Purchase order sent to the vendor"),
        ("DELIVERED", "2007-01-30T23:59:59+00:00", "DATE_ONLY", "Delivered to the client, recorded 1-Feb-07"),
    ]
    prices = [(one["title"], one["quantity"], one["unitValue"]["amount"]) for one in items]
    assert prices == [
        ("Kits, with buffer, 100 Tests", "500", "80"),
        ("Syrup, 240 ml", "20", "0"),
        ("Capsules 200mg", "3", "11.22"),
    ]
    assert [one["metadata"].get("insurance") for one in items] == ["4.47", None, "0"]


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(SMALL.read_text())))


def written(rows: list[dict[str, str]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def test_a_line_that_cannot_be_understood_holds_its_whole_shipment_back() -> None:
    changed = rows()
    changed[2]["line item quantity"] = "many"
    found = scms_file.read(written(changed))
    assert found.rejected == [
        "line 4 (id 3): the column 'line item quantity' holds 'many', which is no number",
        "line 3 (id 2): waits for line 4 (id 3) of its shipment",
        "line 5 (id 4): waits for line 4 (id 3) of its shipment",
    ]
    assert len(found.shipments) == 6


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("asn/dn #", "", "the column 'asn/dn #' is empty"),
        ("delivered to client date", "31-Feb-07", "holds '31-Feb-07', which is no date"),
        ("delivered to client date", "soon", "holds 'soon', which is no date"),
        ("po sent to vendor date", "13/13/2006", "holds '13/13/2006', which is no date"),
        ("pack price", "-1", "holds '-1', which is no number"),
        ("line item quantity", "0", "is 0"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_named(column: str, value: str, reason: str) -> None:
    changed = rows()[:1]
    changed[0][column] = value
    found = scms_file.read(written(changed))
    assert found.shipments == []
    assert len(found.rejected) == 1
    assert found.rejected[0].startswith("line 2 (id 1): ")
    assert found.rejected[0].endswith(reason)


def test_a_country_can_be_known_by_its_project_alone_and_a_line_without_either_is_rejected() -> None:
    changed = rows()[:2]
    changed[0]["country"] = "Viet Nam"
    changed[1] |= {"country": "Nowhere", "project code": "none"}
    found = scms_file.read(written(changed))
    assert [one.input["recipient"]["country"] for one in found.shipments] == ["VN"]
    assert found.warnings == [
        "line 2 (id 1): the country's name 'Viet Nam' is not known; the VN of the project code counts"
    ]
    assert found.rejected == [
        "line 3 (id 2): neither the country 'Nowhere' nor the project code 'none' says where it went"
    ]


def test_lines_of_one_shipment_that_disagree_are_rejected_together() -> None:
    changed = rows()
    changed[3]["delivered to client date"] = "31-Jan-07"
    found = scms_file.read(written(changed))
    reason = "the lines of ASN-93 disagree in the column 'delivered to client date'"
    assert found.rejected == [f"line {at} (id {at - 1}): {reason}" for at in (3, 4, 5)]


def test_a_broken_row_and_a_file_of_something_else_are_said_plainly() -> None:
    lines = SMALL.read_bytes().splitlines(keepends=True)
    assert scms_file.read(lines[0] + b"1,2,3\n").rejected == ["line 2 (id 1): it has 3 columns, not 33"]
    (reason,) = scms_file.read(b"a,b\n1,2\n").rejected
    assert reason.startswith("line 1: the columns asn/dn #, brand, country, ")
    assert scms_file.read(b"").shipments == []


def test_a_file_that_comes_from_windows_is_read_too() -> None:
    text_ = SMALL.read_text()
    windows = scms_file.read(text_.replace("\n", "\r\n").encode("cp1252"))
    assert [one.input for one in windows.shipments] == [one.input for one in scms_file.read(text_.encode()).shipments]


async def test_what_the_api_refuses_is_reported_by_line_and_the_rest_is_imported(load: Load) -> None:
    changed = rows()
    changed[0]["vendor inco term"] = "XX"
    report = await load(written(changed))
    assert (report.created, len(report.rejected)) == (6, 1)
    assert report.rejected[0].startswith("ASN-1 (line 2 (id 1)): inputs.0.incoterm: ")


async def test_the_script_runs_as_it_is_written_in_its_first_line(app: Starlette, settings: Settings) -> None:
    async with serving(app, settings) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        script = import_scms.__file__
        process = await asyncio.create_subprocess_exec(
            sys.executable, script, str(SMALL), "--url", url, stdout=-1, stderr=-1
        )
        out, trouble = await process.communicate()
    assert (process.returncode, trouble) == (0, b"")
    assert b"shipments: 7 created, 0 were there already\nevents:    11 recorded" in out
