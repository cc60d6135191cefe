"""Bulk creates, and what all bulk mutations share: results in the order of the rows, typed errors for each row."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import (
    BERLIN,
    Deeds,
    codes,
    complete,
    event,
    minimal,
    trail,
    versions_hold,
    warned,
)

REJECT_EVERYTHING = {"policy": "REJECT_EVERYTHING"}


def edit(id_: str, expected_version: int | None = None, **input_: Any) -> dict[str, Any]:
    """A ShipmentBulkUpdateRow."""
    return {"by": {"id": id_}, "input": input_, "expectedVersion": expected_version}


async def test_results_come_in_the_order_of_the_rows(deeds: Deeds) -> None:
    rows = [minimal(clientRef=f"r{n}", externalReference=str(n % 7), tags=[str(n)]) for n in range(20)]
    payload = await deeds.bulk_create(*rows)
    results = payload["results"]
    assert [result["index"] for result in results] == list(range(20))
    assert [result["clientRef"] for result in results] == [f"r{n}" for n in range(20)]
    assert (payload["succeeded"], payload["failed"]) == (7, 13)
    assert [result["shipment"]["number"] for result in results[:7]] == [f"SHP-{n:07}" for n in range(1, 8)]
    for index, result in enumerate(results[7:], 7):
        assert codes(result) == [("DUPLICATE", f"inputs.{index}.externalReference")]
        assert result["errors"][0]["existing"]["id"] == results[index % 7]["shipment"]["id"]


async def test_an_invalid_row_does_not_affect_the_others(deeds: Deeds, owner: AsyncEngine) -> None:
    rows = [
        minimal(externalReference="A", carrier="nobody"),
        minimal(externalReference="A"),
        minimal(clientRef="bad", shipper={**BERLIN, "name": "\0"}, packages=[{"trackingNumber": "--"}]),
        complete(confirm=True),
    ]
    payload = await deeds.bulk_create(*rows)
    assert [codes(result) for result in payload["results"]] == [
        [("NOT_FOUND", "inputs.0.carrier")],
        [],
        [("INVALID", "inputs.2.packages.0.trackingNumber"), ("INVALID", "inputs.2.shipper.name")],
        [],
    ]
    assert [result["created"] for result in payload["results"]] == [False, True, False, True]
    assert payload["results"][2]["clientRef"] == "bad"
    assert await versions_hold(owner) == 2


@pytest.mark.parametrize("invalid", [{"carrier": "nobody"}, {"tags": ["\0"]}, {"externalReference": "good"}])
async def test_reject_everything_rejects_all_rows_for_one_invalid_row(
    deeds: Deeds, owner: AsyncEngine, invalid: dict[str, Any]
) -> None:
    before = await trail(owner, *[name for name in await trail(owner) if name.startswith("shipment_number_")])
    payload = await deeds.bulk_create(
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
    after = await trail(owner, *[name for name in await trail(owner) if name.startswith("shipment_number_")])
    assert after == before


async def test_reject_everything_writes_all_rows_if_all_are_valid(deeds: Deeds) -> None:
    payload = await deeds.bulk_create(minimal(), minimal(), **REJECT_EVERYTHING)
    assert [result["created"] for result in payload["results"]] == [True, True]


async def test_results_of_invalid_rows_keep_their_client_ref(deeds: Deeds) -> None:
    payload = await deeds.bulk_create(minimal(clientRef="a", incoterm="x"), minimal(clientRef="b", tags=["\0"]))
    assert [result["clientRef"] for result in payload["results"]] == ["a", "b"]
    assert (payload["succeeded"], payload["failed"]) == (0, 2)


async def test_validate_only_returns_the_same_errors_and_warnings_per_row_and_writes_nothing(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    await deeds.made(externalReference="taken", packages=[{"trackingNumber": "X1"}])
    rows = [
        minimal(externalReference="new", packages=[{"trackingNumber": "x-1"}, {"trackingNumber": "RR123456784DE"}]),
        minimal(externalReference="new"),
        minimal(externalReference="taken"),
        minimal(carrier="nobody", returnOf={"number": "SHP-9"}),
        minimal(declaredValue={"amount": "-1", "currency": "EUR"}),
        minimal(packages=[{"trackingNumber": "X 1"}]),
    ]
    before = await trail(owner)
    validated = await deeds.bulk_create(*rows, validateOnly=True)
    assert await trail(owner) == before
    created = await deeds.bulk_create(*rows)
    assert [codes(result) for result in validated["results"]] == [codes(result) for result in created["results"]]
    assert [warned(result) for result in validated["results"]] == [warned(result) for result in created["results"]]
    assert (validated["succeeded"], validated["failed"]) == (created["succeeded"], created["failed"]) == (2, 4)
    assert {code for code, _ in warned(created["results"][0])} == {"TRACKING_NUMBER_IN_USE", "CHECK_DIGIT"}
    assert warned(created["results"][5]) == [("TRACKING_NUMBER_IN_USE", "inputs.5.packages.0.trackingNumber")]


@pytest.mark.parametrize("field", ["bulk_create", "bulk_update", "record"])
async def test_a_bulk_mutation_takes_between_1_and_1000_rows(deeds: Deeds, field: str) -> None:
    row = {"bulk_create": minimal(), "bulk_update": edit("shp_0"), "record": event("shp_0")}[field]
    no_rows = await getattr(deeds, field)()
    assert (codes(no_rows), no_rows["results"]) == ([("REQUIRED", "inputs")], [])
    too_many_rows = await getattr(deeds, field)(*[row] * 1001)
    assert (codes(too_many_rows), too_many_rows["results"]) == ([("LIMIT_EXCEEDED", "inputs")], [])


async def test_bulk_create_rejects_expected_version(deeds: Deeds) -> None:
    payload = await deeds.bulk_create(minimal(), expectedVersion=1)
    assert codes(payload) == [("INVALID", "options.expectedVersion")]
