"""Bulk mutations send as many SQL statements for 1,000 rows as for 2, and concurrent calls do not deadlock."""

import asyncio
import random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import (
    BERLIN,
    KILO,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    event,
    minimal,
)

OCCURRED_AT = "2026-03-01T10:00:00Z"


def edit(id_: str, expected_version: int | None = None, **input_: Any) -> dict[str, Any]:
    """A ShipmentBulkUpdateRow."""
    return {"by": {"id": id_}, "input": input_, "expectedVersion": expected_version}


async def statement_count(statements: list[str], call: Any) -> int:
    """The number of SQL statements that a call sends. Fails if a row fails."""
    statements.clear()
    payload = await call
    assert payload["failed"] == 0
    return len(statements)


async def test_1000_rows_take_as_many_statements_as_2(mutations: MutationClient, statements: list[str]) -> None:
    await mutations.save_carrier("dhl")
    creations = []
    for rows in (2, 2, 1000):
        inputs = [complete(confirm=True, carrier="dhl", packages=[{"trackingNumber": f"X{n}"}]) for n in range(rows)]
        statements.clear()
        payload = await mutations.bulk_create(*inputs)
        creations.append((len(statements), [result["shipment"]["id"] for result in payload["results"]]))
    assert [count for count, _ in creations[1:]] == [2, 2]  # one write, one read
    ids = creations[2][1]

    async def update(count: int, tag: str) -> int:
        rows = [edit(id_, tagsAdd=[tag], shipper=BERLIN, externalReference=f"{tag}{id_}") for id_ in ids[:count]]
        return await statement_count(statements, mutations.bulk_update(*rows))

    await update(2, "warm")
    assert await update(2, "two") == await update(1000, "many") == 9

    async def record(count: int, day: int, code: str) -> int:
        rows = [event(id_, code, f"2026-03-0{day}T10:00:00Z") for id_ in ids[:count]]
        return await statement_count(statements, mutations.record(*rows))

    await record(2, 5, "PICKED_UP")
    assert await record(2, 6, "IN_TRANSIT") == await record(1000, 7, "IN_TRANSIT") == 9
    await record(2, 4, "INFO")
    # one more statement: the existing events are read once
    assert await record(2, 3, "INFO") == await record(1000, 2, "INFO") == 10

    async def conflicts(count: int) -> int:
        statements.clear()
        payload = await mutations.bulk_update(*(edit(id_, 99, tagsAdd=["never"]) for id_ in ids[:count]))
        assert payload["failed"] == count
        return len(statements)

    await conflicts(2)
    assert await conflicts(2) == await conflicts(1000) == 5


async def test_concurrent_calls_that_lock_the_same_shipments_in_opposite_order_all_succeed(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    created = await mutations.bulk_create(*[complete(confirm=True) for _ in range(30)])
    ids = [result["shipment"]["id"] for result in created["results"]]
    calls = []
    for number in range(12):
        order = ids if number % 2 else ids[::-1]
        if number % 3:
            calls.append(mutations.bulk_update(*(edit(id_, tagsAdd=[str(number)]) for id_ in order)))
        else:
            calls.append(
                mutations.record(*(event(id_, "INFO", OCCURRED_AT, externalEventId=str(number)) for id_ in order))
            )
    payloads = await asyncio.gather(*calls)
    assert [payload["succeeded"] for payload in payloads] == [30] * 12
    for id_ in ids:
        shipment = await mutations.shipment(id_)
        assert (len(shipment["tags"]), shipment["version"]) == (8, 13)
    assert await assert_versions_match_changes(owner) == 30


async def test_concurrent_bulk_creates_of_the_same_references_create_each_once(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    rng, references = random.Random(1), [str(n) for n in range(40)]
    calls = []
    for _ in range(8):
        order = rng.sample(references, 40)
        calls.append(mutations.bulk_create(*(minimal(externalReference=name, packages=[KILO]) for name in order)))
    payloads = await asyncio.gather(*calls)
    assert sum(payload["succeeded"] for payload in payloads) == 40
    for payload in payloads:
        for result in payload["results"]:
            assert result["errors"] == [] or result["errors"][0]["existing"] is not None
    assert await assert_versions_match_changes(owner) == 40


async def test_concurrent_updates_never_give_a_reference_to_two_shipments(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    ids = [(await mutations.created())["id"] for _ in range(10)]
    rng = random.Random(2)
    calls = []
    for _ in range(8):
        order, names = rng.sample(ids, 10), rng.sample(range(12), 10)
        rows = [edit(id_, externalReference=f"N{name}") for id_, name in zip(order, names, strict=True)]
        calls.append(mutations.bulk_update(*rows))
    for payload in await asyncio.gather(*calls):
        for result in payload["results"]:
            assert {code for code, _ in codes(result)} <= {"DUPLICATE"}
    await assert_versions_match_changes(owner)
