"""Tracking histories in any order, with duplicates, give the same timeline and status; times are parsed for each
carrier.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import replay_tracking
import tracking_file
from retrying_client import Client
from starlette.applications import Starlette

from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server

SMALL = Path(__file__).parents[1] / "data" / "tracking_small.csv"


async def replay(app: Starlette, content: str) -> int:
    """Replay a file against the app; returns the exit code."""
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
    async with Client("/graphql", http=http) as client:
        return await replay_tracking.run(tracking_file.read(content), client, 1)


async def test_the_small_histories_give_the_same_result_in_every_order(
    app: Starlette, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await replay(app, SMALL.read_text()) == 0
    output = capsys.readouterr().out
    assert "file        13 events recorded,    1 existed already" in output
    assert "twice       13 events recorded,   15 existed already" in output
    assert await replay(app, SMALL.read_text()) == 0
    assert "twice        0 events recorded,   28 existed already" in capsys.readouterr().out


async def test_the_real_histories_give_the_same_result_in_every_order(
    app: Starlette, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await replay(app, (shared_data / "tracking/events_flat_dev.csv").read_text()) == 0
    output = capsys.readouterr().out
    assert "twice      154 events recorded,  162 existed already" in output
    assert output.endswith("29 histories, 0 of them different\n")


STATUSES = """query($where: ShipmentWhere) { shipments(where: $where, first: 100) { nodes {
  externalReference status exceptionReason events { nodes { code reason notAppliedReason occurredAt timePrecision } }
} } }"""


async def test_histories_give_the_status_that_a_reader_would_expect(app: Starlette, execute: Execute) -> None:
    await replay(app, SMALL.read_text())
    response = await execute(STATUSES, {"where": {"externalReference": {"startsWith": "replay/shuffled/"}}})
    shipments = {node["externalReference"].split("/")[2]: node for node in response["data"]["shipments"]["nodes"]}
    assert {carrier: node["status"] for carrier, node in shipments.items()} == {
        "ups": "DELIVERED",
        "usps": "OUT_FOR_DELIVERY",
        "dhl_express": "EXCEPTION",
        "canada_post": "READY",
    }
    assert shipments["dhl_express"]["exceptionReason"] == "CUSTOMS_DELAY"
    assert [
        (event["code"], event["reason"], event["notAppliedReason"]) for event in shipments["ups"]["events"]["nodes"]
    ] == [
        ("PICKED_UP", None, None),
        ("DELAYED", "WEATHER", "NOT_STATUS_BEARING"),
        ("DELIVERY_ATTEMPTED", "BUSINESS_CLOSED", None),
        ("DELIVERED", None, None),
        ("ARRIVED_AT_FACILITY", None, "AFTER_TERMINAL"),
    ]
    dated = [event for event in shipments["usps"]["events"]["nodes"] if event["timePrecision"] == "DATE_ONLY"]
    assert [(event["code"], event["notAppliedReason"]) for event in dated] == [
        ("INFO_RECEIVED", None),
        ("DEPARTED_FACILITY", "SUPERSEDED"),
    ]


async def test_the_script_runs_with_the_command_in_its_docstring(app: Starlette, settings: Settings) -> None:
    async with run_server(app, settings) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        script = replay_tracking.__file__
        process = await asyncio.create_subprocess_exec(
            sys.executable, script, str(SMALL), "--url", url, stdout=-1, stderr=-1
        )
        stdout, stderr = await process.communicate()
    assert (process.returncode, stderr) == (0, b"")
    assert stdout.endswith(b"\n4 histories, 0 of them different\n")


def row(**values: str) -> tracking_file.Row:
    """A row of the CSV, with these cells filled."""
    names = "carrier date_raw time_raw tz_raw code subcode description city state postal_code country_raw site".split()
    return {**dict.fromkeys(names, ""), **values}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {"date_raw": "2014-02-17", "time_raw": "09:05:00", "tz_raw": "-05:00"},
            {"instant": "2014-02-17T09:05:00-05:00"},
        ),
        ({"date_raw": "2024-07-31", "time_raw": "15:00:00", "tz_raw": "Z"}, {"instant": "2024-07-31T15:00:00Z"}),
        (
            {"date_raw": "2014-03-03", "time_raw": "22:36:12", "tz_raw": "utc=2014-03-04T03:36:12"},
            {"instant": "2014-03-03T22:36:12-05:00"},
        ),
        (
            {"date_raw": "20100912", "time_raw": "115700", "state": "GA", "country_raw": "US"},
            {"local": {"at": "2010-09-12T11:57:00", "timeZone": "America/New_York"}},
        ),
        (
            {"date_raw": "20100830", "time_raw": "131300", "country_raw": "DE"},
            {"local": {"at": "2010-08-30T13:13:00", "timeZone": "Europe/Berlin"}},
        ),
        (
            {"date_raw": "February 13, 2014", "time_raw": "12:24 am", "state": "IL"},
            {"local": {"at": "2014-02-13T00:24:00", "timeZone": "America/Chicago"}},
        ),
        (
            {"date_raw": "10/19/2015", "time_raw": "2:39 PM", "state": "MI", "country_raw": "US"},
            {"local": {"at": "2015-10-19T14:39:00", "timeZone": "America/Detroit"}},
        ),
        (
            {"date_raw": "2016-03-08", "time_raw": "10:35:55", "tz_raw": "CSTNO", "state": "SK"},
            {"local": {"at": "2016-03-08T10:35:55", "timeZone": "America/Regina"}},
        ),
        (
            {"date_raw": "2015-09-20", "time_raw": "19:30:11", "city": "LEIPZIG - GERMANY", "site": "LEJ"},
            {"local": {"at": "2015-09-20T19:30:11", "timeZone": "Europe/Berlin"}},
        ),
        ({"date_raw": "February 10, 2014", "state": "CA"}, {"date": "2014-02-10"}),
        ({"date_raw": "20100608", "time_raw": "120000", "country_raw": "US"}, {"date": "2010-06-08"}),
        ({"date_raw": "2015-11-02", "time_raw": "00:00:00"}, {"date": "2015-11-02"}),
    ],
)
def test_a_time_has_the_precision_of_the_file(cells: dict[str, str], expected: dict[str, Any]) -> None:
    assert tracking_file.occurred(row(**cells)) == expected


@pytest.mark.parametrize("cells", [{"date_raw": "yesterday"}, {"date_raw": "2014-02-17", "time_raw": "noon"}])
def test_an_invalid_time_raises_value_error(cells: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is not a"):
        tracking_file.occurred(row(**cells))


def test_the_carriers_own_status_is_used_where_a_service_passes_it_on() -> None:
    assert tracking_file.carrier_status(row(carrier="easypost:fedex", code="in_transit", site="PU")) == ("fedex", "PU")
    assert tracking_file.carrier_status(row(carrier="easypost:usps", code="pre_transit")) == ("easypost", "pre_transit")
    assert tracking_file.carrier_status(row(carrier="ups", code="X", subcode="DJ")) == ("ups", "X DJ")
