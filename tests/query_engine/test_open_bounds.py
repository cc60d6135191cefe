"""Filters with the limits that .NET and databases use for "no limit"."""

import pytest

from tests.support.graphql_client import Execute
from tests.support.mutation_client import MutationClient, minimal

FIRST, LAST = ("0001-01-01", "0001-01-01T00:00:00"), ("9999-12-31", "9999-12-31T23:59:59.9999999Z")
QUERY = "query($where: ShipmentWhere) { shipments(where: $where) { nodes { externalReference } } }"


@pytest.fixture
async def promised(mutations: MutationClient) -> None:
    """A shipment with a promise, and one without."""
    await mutations.create(**minimal(externalReference="with", promisedTo="2026-12-24T18:00Z"))
    await mutations.create(**minimal(externalReference="without"))


@pytest.mark.usefixtures("promised")
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        *(({"gte": first, "lte": last}, True) for first in FIRST for last in LAST),
        *(({name: first}, True) for name in ("gte", "gt") for first in FIRST),
        *(({name: last}, True) for name in ("lte", "lt") for last in LAST),
        *(({name: last}, False) for name in ("gte", "gt") for last in LAST),
        *(({name: first}, False) for name in ("lte", "lt") for first in FIRST),
    ],
)
async def test_an_open_bound_matches_all_times_and_no_null(
    execute: Execute, condition: dict[str, str], found: bool
) -> None:
    response = await execute(QUERY, {"where": {"promisedTo": condition}})
    nodes = response["data"]["shipments"]["nodes"]
    assert nodes == ([{"externalReference": "with"}] if found else [])


@pytest.mark.parametrize("text", [*FIRST, *LAST])
async def test_a_limit_is_no_promise(mutations: MutationClient, text: str) -> None:
    payload = await mutations.create(**minimal(promisedTo=text))
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", "promisedTo"])]


async def test_a_time_without_offset_is_refused_in_a_filter(execute: Execute) -> None:
    response = await execute(QUERY, {"where": {"promisedTo": {"gte": "2026-12-24T18:00"}}})
    assert "has no UTC offset" in response["errors"][0]["message"]


async def test_forms_of_browsers_and_carriers_are_recorded(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    times = [
        {"instant": "2026-11-24T09:30Z"},
        {"instant": "2026-11-24T11:30:00+0100"},
        {"local": {"at": "2026-11-24T12:30", "timeZone": "Europe/Berlin"}},
    ]
    target = {"shipment": {"id": created["id"]}}
    await mutations.record(*({"target": target, "occurred": time, "code": "IN_TRANSIT"} for time in times))
    assert [row["occurredAt"] for row in await mutations.events(created["id"])] == [
        "2026-11-24T09:30:00+00:00",
        "2026-11-24T10:30:00+00:00",
        "2026-11-24T11:30:00+00:00",
    ]
