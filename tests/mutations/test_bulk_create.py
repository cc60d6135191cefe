"""Bulk creates, and what all bulk mutations share: results in the order of the rows, typed errors for each row."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import (
    BERLIN,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    database_snapshot,
    event,
    minimal,
    warning_codes,
)

REJECT_EVERYTHING = {"policy": "REJECT_EVERYTHING"}


def edit(id_: str, expected_version: int | None = None, **input_: Any) -> dict[str, Any]:
    """A ShipmentBulkUpdateRow."""
    return {"by": {"id": id_}, "input": input_, "expectedVersion": expected_version}


async def test_results_come_in_the_order_of_the_rows(mutations: MutationClient) -> None:
    rows = [minimal(clientRef=f"r{n}", externalReference=str(n % 7), tags=[str(n)]) for n in range(20)]
    payload = await mutations.bulk_create(*rows)
    results = payload["results"]
    assert [result["index"] for result in results] == list(range(20))
    assert [result["clientRef"] for result in results] == [f"r{n}" for n in range(20)]
    assert (payload["succeeded"], payload["failed"]) == (7, 13)
    assert [result["shipment"]["number"] for result in results[:7]] == [f"SHP-{n:07}" for n in range(1, 8)]
    for index, result in enumerate(results[7:], 7):
        assert codes(result) == [("DUPLICATE", f"inputs.{index}.externalReference")]
        assert result["errors"][0]["existing"]["id"] == results[index % 7]["shipment"]["id"]


async def test_an_invalid_row_does_not_affect_the_others(mutations: MutationClient, owner: AsyncEngine) -> None:
    rows = [
        minimal(externalReference="A", carrier="nobody"),
        minimal(externalReference="A"),
        minimal(clientRef="bad", shipper={**BERLIN, "name": "\0"}, packages=[{"trackingNumber": "--"}]),
        complete(confirm=True),
    ]
    payload = await mutations.bulk_create(*rows)
    assert [codes(result) for result in payload["results"]] == [
        [("NOT_FOUND", "inputs.0.carrier")],
        [],
        [("INVALID", "inputs.2.packages.0.trackingNumber"), ("INVALID", "inputs.2.shipper.name")],
        [],
    ]
    assert [result["created"] for result in payload["results"]] == [False, True, False, True]
    assert payload["results"][2]["clientRef"] == "bad"
    assert await assert_versions_match_changes(owner) == 2


@pytest.mark.parametrize("invalid", [{"carrier": "nobody"}, {"tags": ["\0"]}, {"externalReference": "good"}])
async def test_reject_everything_rejects_all_rows_for_one_invalid_row(
    mutations: MutationClient, owner: AsyncEngine, invalid: dict[str, Any]
) -> None:
    before = await database_snapshot(
        owner, *[name for name in await database_snapshot(owner) if name.startswith("shipment_number_")]
    )
    payload = await mutations.bulk_create(
        minimal(externalReference="good", clientRef="r"), minimal(**invalid), **REJECT_EVERYTHING
    )
    valid_result, invalid_result = payload["results"]
    assert (payload["succeeded"], payload["failed"]) == (0, 1)
    assert (valid_result["errors"], valid_result["shipment"], valid_result["created"], valid_result["clientRef"]) == (
        [],
        None,
        False,
        "r",
    )
    assert len(invalid_result["errors"]) == 1
    after = await database_snapshot(
        owner, *[name for name in await database_snapshot(owner) if name.startswith("shipment_number_")]
    )
    assert after == before


async def test_reject_everything_writes_all_rows_if_all_are_valid(mutations: MutationClient) -> None:
    payload = await mutations.bulk_create(minimal(), minimal(), **REJECT_EVERYTHING)
    assert [result["created"] for result in payload["results"]] == [True, True]


async def test_results_of_invalid_rows_keep_their_client_ref(mutations: MutationClient) -> None:
    payload = await mutations.bulk_create(minimal(clientRef="a", incoterm="x"), minimal(clientRef="b", tags=["\0"]))
    assert [result["clientRef"] for result in payload["results"]] == ["a", "b"]
    assert (payload["succeeded"], payload["failed"]) == (0, 2)


async def test_validate_only_returns_the_same_errors_and_warnings_per_row_and_writes_nothing(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    await mutations.created(externalReference="taken", packages=[{"trackingNumber": "X1"}])
    rows = [
        minimal(externalReference="new", packages=[{"trackingNumber": "x-1"}, {"trackingNumber": "RR123456784DE"}]),
        minimal(externalReference="new"),
        minimal(externalReference="taken"),
        minimal(carrier="nobody", returnOf={"number": "SHP-9"}),
        minimal(declaredValue={"amount": "-1", "currency": "EUR"}),
        minimal(packages=[{"trackingNumber": "X 1"}]),
    ]
    before = await database_snapshot(owner)
    validated = await mutations.bulk_create(*rows, validateOnly=True)
    assert await database_snapshot(owner) == before
    created = await mutations.bulk_create(*rows)
    assert [codes(result) for result in validated["results"]] == [codes(result) for result in created["results"]]
    assert [warning_codes(result) for result in validated["results"]] == [
        warning_codes(result) for result in created["results"]
    ]
    assert (validated["succeeded"], validated["failed"]) == (created["succeeded"], created["failed"]) == (2, 4)
    assert {code for code, _ in warning_codes(created["results"][0])} == {"TRACKING_NUMBER_IN_USE", "CHECK_DIGIT"}
    assert warning_codes(created["results"][5]) == [("TRACKING_NUMBER_IN_USE", "inputs.5.packages.0.trackingNumber")]


@pytest.mark.parametrize("field", ["bulk_create", "bulk_update", "record"])
async def test_a_bulk_mutation_takes_between_1_and_1000_rows(mutations: MutationClient, field: str) -> None:
    row = {"bulk_create": minimal(), "bulk_update": edit("shp_0"), "record": event("shp_0")}[field]
    no_rows = await getattr(mutations, field)()
    assert (codes(no_rows), no_rows["results"]) == ([("REQUIRED", "inputs")], [])
    too_many_rows = await getattr(mutations, field)(*[row] * 1001)
    assert (codes(too_many_rows), too_many_rows["results"]) == ([("LIMIT_EXCEEDED", "inputs")], [])


async def test_bulk_create_rejects_expected_version(mutations: MutationClient) -> None:
    payload = await mutations.bulk_create(minimal(), expectedVersion=1)
    assert codes(payload) == [("INVALID", "options.expectedVersion")]
