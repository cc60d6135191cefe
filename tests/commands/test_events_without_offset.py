"""Dates and local times of unknown zone through the API, and returns: stored, given back, ordered, explained."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from tests.support.graphql_client import Execute
from tests.support.mutation_client import Json, MutationClient, codes, event

QUERY = """query($id: ID!) { shipment(by: {id: $id}) {
  status statusAt exceptionReason deliveredAt pickedUpAt firstAttemptAt closedAt lastEventAt
  latestEvent { code } timeline: events(last: 1) { nodes { code } }
  statusExplanation { rule decidedBy { code } notApplied { code notAppliedReason } } } }"""


async def explained(execute: Execute, id_: str) -> Json:
    """The shipment with the explanation of its status."""
    shipment: Json = (await execute(QUERY, {"id": id_}))["data"]["shipment"]
    return shipment


def at(code: str, id_: str, occurred: Json) -> Json:
    """A report with this EventTime."""
    return {**event(id_, code), "occurred": occurred}


@pytest.mark.parametrize("offset", ["+09:00", "+01:00", "-08:00"])
async def test_a_date_does_not_outrank_a_scan_of_the_same_local_day(
    mutations: MutationClient, execute: Execute, offset: str
) -> None:
    results = []
    reports = [
        ("OUT_FOR_DELIVERY", {"instant": f"2026-11-25T08:00:00{offset}"}),
        ("ARRIVED_AT_FACILITY", {"date": "2026-11-25"}),
        ("PICKED_UP", {"date": "2026-11-24"}),
    ]
    for arrival in permutations(reports):
        id_ = (await mutations.confirmed())["id"]
        for code, occurred in arrival:
            await mutations.record(at(code, id_, occurred))
        results.append(await explained(execute, id_))
    assert all(result == results[0] for result in results)
    shipment = results[0]
    assert shipment["status"] == "OUT_FOR_DELIVERY"
    assert {"code": "ARRIVED_AT_FACILITY", "notAppliedReason": "SUPERSEDED"} in shipment["statusExplanation"][
        "notApplied"
    ]
    assert shipment["latestEvent"] == shipment["timeline"]["nodes"][0]


async def test_a_delivery_today_without_a_time_is_not_in_the_future(
    mutations: MutationClient, execute: Execute
) -> None:
    id_ = (await mutations.confirmed())["id"]
    await mutations.record(at("DELIVERED", id_, {"date": f"{datetime.now(UTC):%Y-%m-%d}"}))
    shipment = await explained(execute, id_)
    assert shipment["status"] == "DELIVERED"
    for name in ("deliveredAt", "closedAt", "statusAt", "lastEventAt", "pickedUpAt", "firstAttemptAt"):
        assert datetime.fromisoformat(shipment[name]) <= datetime.now(UTC), name
    overridden = await mutations.override(id_, "IN_TRANSIT")
    assert overridden["shipment"]["status"] == "IN_TRANSIT"
    await mutations.override(id_, "DELIVERED")
    shipment = await explained(execute, id_)
    assert datetime.fromisoformat(shipment["deliveredAt"]) <= datetime.now(UTC)


async def test_a_scan_recorded_after_a_date_of_today_is_applied_before_it(mutations: MutationClient) -> None:
    id_ = (await mutations.confirmed())["id"]
    now = datetime.now(UTC)
    await mutations.record(at("DELIVERED", id_, {"date": f"{now:%Y-%m-%d}"}))
    (result,) = (await mutations.record(at("OUT_FOR_DELIVERY", id_, {"instant": now.isoformat()})))["results"]
    assert result["event"]["applied"] is True
    assert (await mutations.shipment(id_))["status"] == "DELIVERED"


async def test_a_local_time_of_unknown_zone_is_given_back_as_entered(
    mutations: MutationClient, execute: Execute
) -> None:
    id_ = (await mutations.confirmed())["id"]
    for local in ({"at": "2026-11-25T07:30:15.123456"}, {"at": "2026-11-25T07:45:00", "timeZone": None}):
        payload = await mutations.record(at("ARRIVED_AT_FACILITY", id_, {"local": local}))
        assert payload["results"][0]["errors"] == []
    query = """query($id: ID!) { shipment(by: {id: $id}) {
      events(first: 9) { nodes { occurredAt occurredLocal utcOffset timePrecision } } } }"""
    nodes = (await execute(query, {"id": id_}))["data"]["shipment"]["events"]["nodes"]
    assert [node["occurredLocal"] for node in nodes] == ["2026-11-25T07:30:15.123456", "2026-11-25T07:45:00"]
    assert [(node["utcOffset"], node["timePrecision"]) for node in nodes] == [(None, "LOCAL")] * 2
    assert nodes[1]["occurredAt"].startswith("2026-11-25T07:45:00")


async def test_a_local_time_is_compared_with_the_local_time_of_a_scan(mutations: MutationClient) -> None:
    id_ = (await mutations.confirmed())["id"]
    await mutations.record(at("OUT_FOR_DELIVERY", id_, {"instant": "2026-11-25T08:00:00+09:00"}))
    await mutations.record(at("ARRIVED_AT_FACILITY", id_, {"local": {"at": "2026-11-25T07:00:00"}}))
    assert (await mutations.shipment(id_))["status"] == "OUT_FOR_DELIVERY"
    await mutations.record(at("DELIVERY_ATTEMPTED", id_, {"local": {"at": "2026-11-25T09:00:00"}}))
    assert (await mutations.shipment(id_))["status"] == "DELIVERY_ATTEMPTED"


@pytest.mark.parametrize("local", [{"at": "2026-11-25T07:00:00", "timeZone": "Nowhere"}, {"at": "1850-01-01T00:00:00"}])
async def test_an_invalid_local_time_is_an_error_of_its_field(mutations: MutationClient, local: Json) -> None:
    id_ = (await mutations.confirmed())["id"]
    (result,) = (await mutations.record(at("HELD", id_, {"local": local})))["results"]
    name = "timeZone" if "timeZone" in local else "at"
    assert codes(result) == [("INVALID", f"inputs.0.occurred.local.{name}")]


RETURN: list[tuple[str, dict[str, Any]]] = [
    ("RETURN_STARTED", {"reason": "REFUSED"}),
    ("OUT_FOR_DELIVERY", {}),
    ("DELIVERED", {}),
]


async def test_a_delivery_to_the_shipper_is_no_delivery(mutations: MutationClient, execute: Execute) -> None:
    for arrival in permutations(enumerate(RETURN, 1)):
        id_ = (await mutations.confirmed(packages=2))["id"]
        for day, (code, fields) in arrival:
            await mutations.record(event(id_, code, f"2026-03-0{day}T10:00:00Z", **fields))
        shipment = await explained(execute, id_)
        assert (shipment["status"], shipment["exceptionReason"]) == ("RETURNED", "REFUSED")
        assert (shipment["deliveredAt"], shipment["firstAttemptAt"]) == (None, None)
        explanation = shipment["statusExplanation"]
        assert explanation["rule"].startswith("On the way back to the shipper since RETURN_STARTED")
        assert (explanation["decidedBy"], explanation["notApplied"]) == ({"code": "DELIVERED"}, [])


async def test_scans_keep_a_return_and_a_redirection_ends_it(mutations: MutationClient, execute: Execute) -> None:
    id_ = (await mutations.confirmed())["id"]
    for day, code, status in (
        (1, "RETURN_STARTED", "RETURNING"),
        (2, "ARRIVED_AT_FACILITY", "RETURNING"),
        (3, "LOST", "FAILED"),
        (4, "IN_TRANSIT", "RETURNING"),
        (5, "REDIRECTED", "IN_TRANSIT"),
        (6, "OUT_FOR_DELIVERY", "OUT_FOR_DELIVERY"),
        (7, "DELIVERED", "DELIVERED"),
    ):
        await mutations.record(event(id_, code, f"2026-03-0{day}T10:00:00Z"))
        assert (await mutations.shipment(id_))["status"] == status
    shipment = await explained(execute, id_)
    assert shipment["deliveredAt"] is not None
    assert shipment["statusExplanation"]["rule"].startswith("Decided by the latest tracking event")


async def test_an_override_ends_a_return(mutations: MutationClient) -> None:
    id_ = (await mutations.confirmed())["id"]
    await mutations.record(event(id_, "RETURN_STARTED"))
    await mutations.override(id_, "IN_TRANSIT")
    later = (await mutations.shipment(id_))["statusAt"].replace("+00:00", "9+00:00")
    await mutations.record(event(id_, "OUT_FOR_DELIVERY", later))
    assert (await mutations.shipment(id_))["status"] == "OUT_FOR_DELIVERY"
