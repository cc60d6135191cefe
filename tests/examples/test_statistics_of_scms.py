"""Every published figure of the SCMS file comes from one statistics query each, and the report shows them."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import import_scms
import pytest
import report
from retrying_client import Client
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server

SMALL = Path(__file__).parents[1] / "data" / "scms_small.csv"


@pytest.fixture
def load(app: Starlette) -> Callable[[bytes], Any]:
    """Imports a file into the app."""

    async def import_file(file: bytes) -> None:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
        async with Client("/graphql", http=http) as client:
            assert (await import_scms.load(client, file)).rejected == []

    return import_file


async def counts(execute: Execute, arguments: str) -> dict[str | None, int]:
    """The number of shipments of each group, by the value of the dimension or the year of the bucket."""
    query = f"""{{ shipmentStats({arguments}, first: 250) {{ precision groups {{
      keys {{ value }} bucket {{ localStart }} measures {{ count }} }} }} }}"""
    stats = (await execute(query))["data"]["shipmentStats"]
    assert stats["precision"] == "EXACT"
    return {
        (group["keys"][0]["value"] if group["keys"] else group["bucket"]["localStart"][:4]): group["measures"]["count"]
        for group in stats["groups"]
    }


async def test_the_real_file_gives_the_published_figures(
    execute: Execute, load: Callable[[bytes], Any], shared_data: Path
) -> None:
    await load((shared_data / "scms/scms_dev.csv").read_bytes())
    total = (await execute("{ shipmentStats { total { count weight(unit: KG) { count sum } } } }"))["data"]
    assert total["shipmentStats"]["total"] == {"count": 2098, "weight": {"count": 1882, "sum": "6140801"}}
    items = await execute("""{ shipmentItemStats { total { count quantity { sum }
      metadataNumber(key: "lineValue") { sum } } } }""")
    assert items["data"]["shipmentItemStats"]["total"] == {
        "count": 3094,
        "quantity": {"sum": "56846153"},
        "metadataNumber": {"sum": "459116868.85"},
    }
    assert await counts(execute, "groupBy: [SERVICE]") == {
        "air": 1340, "truck": 439, "air_charter": 140, "ocean": 105, None: 74,
    }  # fmt: skip
    countries = await counts(execute, "groupBy: [DESTINATION_COUNTRY]")
    expected = {"NG": 271, "CI": 209, "ZA": 179, "UG": 177, "ZM": 167, "VN": 141}
    assert {country: countries[country] for country in expected} == expected
    assert list(countries.values()) == sorted(countries.values(), reverse=True)
    assert (await counts(execute, "groupBy: [LATENESS]"))["LATE"] == 258
    years = await counts(execute, "bucket: {field: DELIVERED_AT, by: YEAR}")
    assert (years["2010"], years["2014"]) == (277, 279)
    assert sum(years.values()) == 2098


async def test_the_small_file_gives_its_figures(execute: Execute, load: Callable[[bytes], Any]) -> None:
    await load(SMALL.read_bytes())
    assert await counts(execute, "groupBy: [SERVICE]") == {
        "air": 2, "truck": 2, "air_charter": 1, "ocean": 1, None: 1,
    }  # fmt: skip
    assert (await counts(execute, "groupBy: [LATENESS]"))["LATE"] == 2
    assert await counts(execute, "bucket: {field: DELIVERED_AT, by: YEAR}") == {
        "2006": 1, "2007": 1, "2010": 2, "2013": 1, "2014": 2,
    }  # fmt: skip


async def test_the_report_prints_a_table_and_writes_charts(
    app: Starlette, settings: Settings, load: Callable[[bytes], Any], tmp_path: Path
) -> None:
    await load(SMALL.read_bytes())
    async with run_server(app, settings) as port:
        process = await asyncio.create_subprocess_exec(
            sys.executable, report.__file__, "--url", f"http://127.0.0.1:{port}/graphql", "--charts", str(tmp_path),
            stdout=-1, stderr=-1,
        )  # fmt: skip
        stdout, stderr = await process.communicate()
    assert (process.returncode, stderr) == (0, b"")
    text = stdout.decode()
    assert re.search(r"^2010-\d\d +\d +\d+\.\d%$", text, re.M), text
    assert re.search(r"^US → [A-Z]{2} +\d+ +\d+\.\d", text, re.M), text
    for name in ("on-time.png", "late-by-lane.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("duration", "expected"), [("P2D", 2.0), ("PT36H", 1.5), ("P1DT6H", 1.25), ("P-1DT-12H", -1.5), ("PT0S", 0.0)]
)
def test_a_duration_is_converted_to_days(duration: str, expected: float) -> None:
    assert report.days(duration) == expected
