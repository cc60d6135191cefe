"""Tracking histories in any order, and twice: the same timeline, the same status; and how carriers' times are read."""

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
from tests.support.graphql_client import Ask
from tests.support.live_server import serving

SMALL = Path(__file__).parents[1] / "data" / "tracking_small.csv"


async def replayed(app: Starlette, content: str) -> int:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
    async with Client("/graphql", http=http) as client:
        return await replay_tracking.run(tracking_file.read(content), client, 1)


async def test_the_small_histories_come_to_the_same_in_every_order(
    app: Starlette, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await replayed(app, SMALL.read_text()) == 0
    said = capsys.readouterr().out
    assert "file        13 events recorded,    1 were known already" in said
    assert "twice       13 events recorded,   15 were known already" in said
    assert await replayed(app, SMALL.read_text()) == 0
    assert "twice        0 events recorded,   28 were known already" in capsys.readouterr().out


async def test_the_real_histories_come_to_the_same_in_every_order(
    app: Starlette, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await replayed(app, (shared_data / "tracking/events_flat_dev.csv").read_text()) == 0
    said = capsys.readouterr().out
    assert "twice      154 events recorded,  162 were known already" in said
    assert said.endswith("29 histories, 0 of them different\n")


STATUSES = """query($where: ShipmentWhere) { shipments(where: $where, first: 100) { nodes {
  externalReference status exceptionReason events { nodes { code reason notAppliedReason occurredAt timePrecision } }
} } }"""


async def test_histories_come_to_what_a_person_would_read_in_them(app: Starlette, ask: Ask) -> None:
    await replayed(app, SMALL.read_text())
    answer = await ask(STATUSES, {"where": {"externalReference": {"startsWith": "replay/shuffled/"}}})
    found = {node["externalReference"].split("/")[2]: node for node in answer["data"]["shipments"]["nodes"]}
    assert {carrier: node["status"] for carrier, node in found.items()} == {
        "ups": "DELIVERED",
        "usps": "OUT_FOR_DELIVERY",
        "dhl_express": "EXCEPTION",
        "canada_post": "READY",
    }
    assert found["dhl_express"]["exceptionReason"] == "CUSTOMS_DELAY"
    assert [(one["code"], one["reason"], one["notAppliedReason"]) for one in found["ups"]["events"]["nodes"]] == [
        ("PICKED_UP", None, None),
        ("DELAYED", "WEATHER", "NOT_STATUS_BEARING"),
        ("DELIVERY_ATTEMPTED", "BUSINESS_CLOSED", None),
        ("DELIVERED", None, None),
        ("ARRIVED_AT_FACILITY", None, "AFTER_TERMINAL"),
    ]
    dated = [one for one in found["usps"]["events"]["nodes"] if one["timePrecision"] == "DATE_ONLY"]
    assert [(one["code"], one["notAppliedReason"]) for one in dated] == [
        ("INFO_RECEIVED", None),
        ("DEPARTED_FACILITY", "SUPERSEDED"),
    ]


async def test_the_script_runs_as_it_is_written_in_its_first_line(app: Starlette, settings: Settings) -> None:
    async with serving(app, settings) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        script = replay_tracking.__file__
        process = await asyncio.create_subprocess_exec(
            sys.executable, script, str(SMALL), "--url", url, stdout=-1, stderr=-1
        )
        out, trouble = await process.communicate()
    assert (process.returncode, trouble) == (0, b"")
    assert out.endswith(b"\n4 histories, 0 of them different\n")


def row(**values: str) -> tracking_file.Row:
    names = "carrier date_raw time_raw tz_raw code subcode description city state postal_code country_raw site".split()
    return {**dict.fromkeys(names, ""), **values}


@pytest.mark.parametrize(
    ("given", "expected"),
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
def test_a_time_is_given_as_exactly_as_it_is_known(given: dict[str, str], expected: dict[str, Any]) -> None:
    assert tracking_file.occurred(row(**given)) == expected


@pytest.mark.parametrize("given", [{"date_raw": "yesterday"}, {"date_raw": "2014-02-17", "time_raw": "noon"}])
def test_a_time_that_cannot_be_read_stops_the_reading(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no"):
        tracking_file.occurred(row(**given))


def test_the_carriers_own_word_is_taken_where_a_service_hands_it_on() -> None:
    assert tracking_file.word(row(carrier="easypost:fedex", code="in_transit", site="PU")) == ("fedex", "PU")
    assert tracking_file.word(row(carrier="easypost:usps", code="pre_transit")) == ("easypost", "pre_transit")
    assert tracking_file.word(row(carrier="ups", code="X", subcode="DJ")) == ("ups", "DJ")
