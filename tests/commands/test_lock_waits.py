"""Writes that wait for the lock of a shipment see everything that the transaction before them committed.

PostgreSQL reads the locked row again after the wait, but rows of other tables as they were when the statement began.
"""

import asyncio
from collections.abc import Coroutine
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import KILO, PARIS, Json, MutationClient, event

WAITING_SQL = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def one_after_the_other(owner: AsyncEngine, shipment: str, *writes: Coroutine[None, None, Json]) -> list[Json]:
    """Hold the lock of a shipment until all writes wait for it, in this order. Return their payloads."""
    async with owner.connect() as holder, owner.connect() as observer:
        await holder.execute(text("SELECT FROM shipment WHERE id = :id FOR UPDATE"), {"id": UUID(shipment[4:])})
        tasks = []
        for write in writes:
            tasks.append(asyncio.create_task(write))
            async with asyncio.timeout(5):
                while (await observer.execute(WAITING_SQL)).scalar_one() < len(tasks):
                    await observer.rollback()
                    await asyncio.sleep(0.01)
        await holder.rollback()
        return list(await asyncio.gather(*tasks))


async def test_a_date_that_waited_is_compared_with_the_scan_that_was_recorded_meanwhile(
    owner: AsyncEngine, mutations: MutationClient
) -> None:
    """The shipment has no packages, so the deciding event is that of the shipment."""
    id_ = (await mutations.created())["id"]
    scan = event(id_, "OUT_FOR_DELIVERY", "2026-03-01T08:00:00+09:00")
    date = {**event(id_, "ARRIVED_AT_FACILITY"), "occurred": {"date": "2026-03-01"}}
    await one_after_the_other(owner, id_, mutations.record(scan), mutations.record(date))
    assert (await mutations.shipment(id_))["status"] == "OUT_FOR_DELIVERY"


async def test_a_confirmation_that_waited_sees_the_recipient_that_was_added_meanwhile(
    owner: AsyncEngine, mutations: MutationClient
) -> None:
    id_ = (await mutations.created(packages=[KILO]))["id"]
    update, confirmation = await one_after_the_other(
        owner,
        id_,
        mutations.update(id_, {"recipient": PARIS}),
        mutations.confirm(id_),
    )
    assert update["errors"] == []
    assert confirmation["errors"] == []
    assert confirmation["shipment"]["status"] == "READY"


async def test_a_confirmation_that_waited_misses_the_recipient_that_was_removed_meanwhile(
    owner: AsyncEngine, mutations: MutationClient
) -> None:
    id_ = (await mutations.created(packages=[KILO], recipient=PARIS))["id"]
    _, confirmation = await one_after_the_other(
        owner,
        id_,
        mutations.update(id_, {"recipient": None}),
        mutations.confirm(id_),
    )
    assert [error["path"] for error in confirmation["errors"]] == [["by", "recipient"]]
