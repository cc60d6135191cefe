"""Which reports are duplicates of a recorded event, and the warning for what they say differently."""

import unicodedata
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import MutationClient, database_snapshot, event, warning_codes

AT = "2026-03-01T10:00:00Z"


async def test_a_duplicate_succeeds_with_the_recorded_event_and_changes_nothing(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.confirmed()
    (first,) = (await mutations.record(event(created["id"], carrierStatusRaw="IT")))["results"]
    before = await database_snapshot(owner)
    other_words = {"message": "In other words", "at": "2026-03-01T12:00:00.9+02:00"}
    payload = await mutations.record(event(created["id"], carrierStatusRaw="IT", **other_words))
    (again,) = payload["results"]
    assert again["warnings"] == []
    assert (again["duplicate"], again["statusChanged"], again["errors"]) == (True, False, [])
    assert (again["event"]["id"], again["event"]["message"]) == (first["event"]["id"], None)
    assert (payload["succeeded"], payload["failed"]) == (1, 0)
    assert await database_snapshot(owner) == before


async def test_an_external_event_id_identifies_a_duplicate(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    report = {"externalEventId": "E1", "source": "feed"}
    first = event(created["id"], "PICKED_UP", "2026-03-01T10:00:00Z", **report)
    other = event(created["id"], "DELIVERED", "2026-03-05T10:00:00Z", **report)
    elsewhere = event(created["id"], "DELIVERED", "2026-03-05T10:00:00Z", externalEventId="E1", source="other")
    results = (await mutations.record(first, other, elsewhere))["results"]
    assert [result["duplicate"] for result in results] == [False, True, False]
    assert results[1]["event"]["id"] == results[0]["event"]["id"]


async def test_different_messages_in_the_same_second_are_different_events(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    texts = ["Customs form requested", "Customs form received", "Duties calculated"]
    reports = [event(created["id"], "INFO", AT, message=text) for text in texts]
    assert [row["duplicate"] for row in (await mutations.record(*reports))["results"]] == [False] * 3
    again = await mutations.record(*reversed(reports))
    assert [row["duplicate"] for row in again["results"]] == [True] * 3
    assert [row["event"]["message"] for row in again["results"]] == [*reversed(texts)]


async def test_date_only_events_with_different_messages_are_different_events(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    reports = [
        {**event(created["id"], "EXCEPTION", message=text), "occurred": {"date": "2026-03-01"}}
        for text in ("One", "Two")
    ]
    assert [row["duplicate"] for row in (await mutations.record(*reports))["results"]] == [False, False]


async def test_a_composed_and_a_decomposed_message_are_the_same(mutations: MutationClient) -> None:
    created = await mutations.confirmed()
    forms = [unicodedata.normalize(form, "Zugestellt in Zürich") for form in ("NFC", "NFD")]
    rows = (await mutations.record(*(event(created["id"], "INFO", AT, message=text) for text in forms)))["results"]
    assert forms[0] != forms[1]
    assert [row["duplicate"] for row in rows] == [False, True]


@pytest.mark.parametrize("identity", [{"externalEventId": "E1"}, {"carrierStatusRaw": "OK"}])
async def test_the_message_is_no_part_of_the_identity_where_the_report_has_another_one(
    mutations: MutationClient, identity: dict[str, str]
) -> None:
    created = await mutations.confirmed()
    reports = [event(created["id"], "DELIVERED", AT, message=text, **identity) for text in ("Delivered", "DELIVERED")]
    rows = (await mutations.record(*reports))["results"]
    assert [row["duplicate"] for row in rows] == [False, True]


REPORTED: dict[str, Any] = {
    "externalEventId": "E1",
    "reason": "ADDRESS",
    "message": "Bad address",
    "carrierStatusRaw": "NH",
    "place": {"city": "Lyon", "country": "FR"},
    "estimatedDeliveryAt": "2026-03-05T12:00:00Z",
}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"code": "DELIVERED"}, "`code`"),
        ({"at": "2026-03-01T10:00:01Z"}, "`occurred`"),
        ({"code": "DELIVERED", "at": "2026-03-02T10:00:00Z"}, "`code`, `occurred`"),
        ({"carrierStatusRaw": "OK"}, "`carrierStatusRaw`"),
        ({"reason": "REFUSED"}, "`reason`"),
        ({"message": "Address corrected"}, "`message`"),
        ({"place": {"city": "Paris"}}, "`place`"),
        ({"estimatedDeliveryAt": "2026-03-06T12:00:00Z"}, "`estimatedDeliveryAt`"),
        ({"target": "package"}, "`target`"),
    ],
)
@pytest.mark.parametrize("in_one_call", [True, False])
async def test_a_duplicate_that_differs_from_the_recorded_event_returns_a_warning(
    mutations: MutationClient, owner: AsyncEngine, changes: dict[str, Any], fields: str, in_one_call: bool
) -> None:
    created = await mutations.confirmed()
    changes = {"target": created["id"], "code": "EXCEPTION", "at": AT, **REPORTED, **changes}
    if changes["target"] == "package":
        changes["target"] = created["packages"][0]["id"]
    first = event(created["id"], "EXCEPTION", AT, **REPORTED)
    reports = [event(**changes)]
    if in_one_call:
        reports.insert(0, first)
    else:
        await mutations.record(first)
        before = await database_snapshot(owner)
    row = (await mutations.record(*reports))["results"][-1]
    assert (row["duplicate"], row["event"]["code"], row["errors"]) == (True, "EXCEPTION", [])
    assert warning_codes(row) == [("DUPLICATE_DIFFERS", f"inputs.{len(reports) - 1}.externalEventId")]
    assert f"another value of {fields}. " in row["warnings"][0]["message"]
    if not in_one_call:
        assert await database_snapshot(owner) == before


@pytest.mark.parametrize(
    "omitted", [(), ("reason",), ("message",), ("carrierStatusRaw",), ("place",), ("estimatedDeliveryAt",)]
)
async def test_a_repetition_and_one_that_omits_fields_return_no_warning(
    mutations: MutationClient, omitted: tuple[str, ...]
) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "EXCEPTION", AT, **REPORTED))
    fields = {name: value for name, value in REPORTED.items() if name not in omitted}
    again = event(created["id"], "EXCEPTION", AT.replace("00Z", "00.5Z"), **fields)
    (row,) = (await mutations.record(again))["results"]
    assert (row["duplicate"], row["warnings"]) == (True, [])


async def test_without_an_external_id_a_different_reason_or_estimate_returns_a_warning_at_its_field(
    mutations: MutationClient,
) -> None:
    created = await mutations.confirmed()
    await mutations.record(event(created["id"], "EXCEPTION", AT, reason="ADDRESS"))
    (row,) = (await mutations.record(event(created["id"], "EXCEPTION", AT, reason="REFUSED")))["results"]
    assert (row["duplicate"], warning_codes(row)) == (True, [("DUPLICATE_DIFFERS", "inputs.0.reason")])
