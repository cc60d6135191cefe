"""Bulk updates and bulk recording of events: rows are applied in order and see the changes of earlier rows."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import (
    KILO,
    MutationClient,
    assert_versions_match_changes,
    codes,
    database_snapshot,
    event,
    warning_codes,
)

REJECT_EVERYTHING = {"policy": "REJECT_EVERYTHING"}


def edit(id_: str, expected_version: int | None = None, **input_: Any) -> dict[str, Any]:
    """A ShipmentBulkUpdateRow."""
    return {"by": {"id": id_}, "input": input_, "expectedVersion": expected_version}


async def test_several_rows_of_one_shipment_are_applied_in_order(mutations: MutationClient, owner: AsyncEngine) -> None:
    first, second = await mutations.created(externalReference="A"), await mutations.created()
    payload = await mutations.bulk_update(
        edit(first["id"], service="first", tagsAdd=["a"]),
        edit(second["id"], tagsAdd=["b"]),
        {"by": {"externalReference": "A"}, "input": {"service": "second"}},
        {"by": {"number": first["number"]}, "input": {"tagsRemove": ["a"]}},
    )
    assert payload["succeeded"] == 4
    assert [result["shipment"]["version"] for result in payload["results"]] == [4, 2, 4, 4]
    assert [(await mutations.shipment(first["id"]))[name] for name in ("service", "tags")] == ["second", []]
    await assert_versions_match_changes(owner)


async def test_expected_version_counts_the_changes_of_earlier_rows(mutations: MutationClient) -> None:
    shipment = await mutations.created()
    payload = await mutations.bulk_update(
        edit(shipment["id"], 1, service="x"),
        edit(shipment["id"], 1, service="y"),
        edit(shipment["id"], 2, tagsAdd=["z"]),
    )
    first, second, third = payload["results"]
    assert (first["errors"], third["errors"]) == ([], [])
    assert codes(second) == [("VERSION_CONFLICT", "inputs.1.expectedVersion")]
    error = second["errors"][0]
    assert (error["expected"], error["current"], error["changedFields"]) == (1, 2, ["service"])


async def test_reject_everything_rejects_all_updates_for_one_invalid_update(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    first, second = await mutations.created(), await mutations.created()
    before = await database_snapshot(owner)
    payload = await mutations.bulk_update(
        edit(first["id"], tagsAdd=["a"]), edit(second["id"], carrier="nobody"), **REJECT_EVERYTHING
    )
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert payload["results"][0]["shipment"]["version"] == 1
    assert await database_snapshot(owner) == before


async def test_an_update_to_a_reference_in_use_returns_duplicate(mutations: MutationClient) -> None:
    first, second, third = [await mutations.created(externalReference=name) for name in "ABC"]
    payload = await mutations.bulk_update(
        edit(first["id"], externalReference="D"),
        edit(second["id"], externalReference="C"),
        edit(third["id"], externalReference="D"),
    )
    assert [codes(result) for result in payload["results"]] == [
        [],
        [("DUPLICATE", "inputs.1.input.externalReference")],
        [("DUPLICATE", "inputs.2.input.externalReference")],
    ]
    assert payload["results"][2]["errors"][0]["existing"]["id"] == first["id"]


async def test_an_invalid_shipment_key_returns_an_error_at_its_path(mutations: MutationClient) -> None:
    payload = await mutations.bulk_update(
        {"by": {"externalReference": "\0"}, "input": {}}, {"by": {"id": "x"}, "input": {}}, edit("pkg_" + "0" * 32)
    )
    assert [codes(result) for result in payload["results"]] == [
        [("INVALID", "inputs.0.by.externalReference")],
        [("NOT_FOUND", "inputs.1.by")],
        [("NOT_FOUND", "inputs.2.by")],
    ]


async def test_reject_everything_rejects_all_events_for_one_invalid_event(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    shipment = await mutations.confirmed()
    existing = event(shipment["id"], "PICKED_UP")
    await mutations.record(existing)
    before = await database_snapshot(owner)
    new = event(shipment["id"], "DELIVERED", "2026-03-02T10:00:00Z")
    payload = await mutations.record(new, new, existing, event("shp_0"), **REJECT_EVERYTHING)
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert [result["event"] is None for result in payload["results"]] == [True, True, False, True]
    assert [result["statusChanged"] for result in payload["results"]] == [False] * 4
    assert await database_snapshot(owner) == before


async def test_an_event_of_a_rolled_back_call_is_not_a_duplicate_later(mutations: MutationClient) -> None:
    id_ = (await mutations.confirmed())["id"]
    existing = event(id_, externalEventId="known")
    await mutations.record(existing)
    new = event(id_, externalEventId="new")
    for policy, invalid in (("REJECT_EVERYTHING", event("shp_" + "0" * 32)), ("REJECT_EVERYTHING", event(id_, None))):
        payload = await mutations.record(new, new, existing, invalid, policy=policy)
        assert [result["duplicate"] for result in payload["results"]] == [False, False, True, False]
        assert [result["event"] is not None for result in payload["results"]] == [False, False, True, False]
        assert payload["succeeded"] == 0
    assert [result["duplicate"] for result in (await mutations.record(new, new, existing))["results"]] == [
        False,
        True,
        True,
    ]


async def test_rows_find_a_shipment_by_the_reference_that_earlier_rows_set(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    id_ = (await mutations.created(externalReference="old"))["id"]
    by_new = {"by": {"externalReference": "new"}, "input": {"tagsAdd": ["by new"]}}
    by_old = {"by": {"externalReference": "old"}, "input": {"tagsAdd": ["by old"]}}
    payload = await mutations.bulk_update(by_old, by_new, edit(id_, externalReference="new"), by_old, by_new)
    assert [codes(result) for result in payload["results"]] == [
        [], [("NOT_FOUND", "inputs.1.by")], [], [("NOT_FOUND", "inputs.3.by")], []
    ]  # fmt: skip
    assert (await mutations.shipment(id_))["tags"] == ["by old", "by new"]
    await assert_versions_match_changes(owner)


async def test_a_reference_that_an_earlier_row_removed_is_available(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    for names in ("AB", "CD"):  # whichever of the two was created first
        ids = [(await mutations.created(externalReference=name))["id"] for name in names]
        first_id, second_id = ids if names == "AB" else ids[::-1]
        taken = (await mutations.shipment(second_id))["externalReference"]
        removed = (await mutations.shipment(first_id))["externalReference"]
        rows = [
            edit(first_id, externalReference=taken),
            edit(first_id, externalReference=None),
            edit(second_id, externalReference=removed),
            edit(first_id, externalReference=taken),
        ]
        payload = await mutations.bulk_update(*rows)
        first_result, *other_results = payload["results"]
        assert codes(first_result) == [("DUPLICATE", "inputs.0.input.externalReference")]
        assert [codes(result) for result in other_results] == [[], [], []]
        references = [(await mutations.shipment(id_))["externalReference"] for id_ in (first_id, second_id)]
        assert references == [taken, removed]
    await assert_versions_match_changes(owner)


async def test_a_tracking_number_that_an_earlier_row_set_returns_a_warning(mutations: MutationClient) -> None:
    first, second = [await mutations.created(packages=[KILO]) for _ in range(2)]
    rows = [
        edit(shipment["id"], packages=[{"id": shipment["packages"][0]["id"], "trackingNumber": "X 1"}])
        for shipment in (first, first, second)
    ]
    payload = await mutations.bulk_update(*rows)
    path = "inputs.2.input.packages.0.trackingNumber"
    assert [warning_codes(result) for result in payload["results"]] == [[], [], [("TRACKING_NUMBER_IN_USE", path)]]
