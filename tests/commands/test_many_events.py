"""A shipment with many events: a late event costs what it can change, and no call holds the event loop."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import models
from graphql_app.commands.command import CommandContext
from graphql_app.commands.shipments import locking
from graphql_app.commands.tracking_events import record
from graphql_app.database.session import get_session
from graphql_app.domain import incremental_replay
from graphql_app.models import public_ids
from tests.support import full_replay
from tests.support.mutation_client import Json, MutationClient, codes, event

EVENTS = int(os.environ.get("MANY_EVENTS", "10000"))
"""Events of the large shipment. `MANY_EVENTS=60000` runs the same tests with more, which takes minutes."""
MAX_LAG_SECONDS = 1.0
"""A generous bound for a slow machine: one uninterrupted replay of the events takes longer at 60,000."""
START = datetime(2026, 1, 1, tzinfo=UTC)
"""The first scan is one minute later."""
SCANS = """
INSERT INTO tracking_event (account_id, shipment_id, position, code, occurred_at, occurred_local, utc_offset_min,
    time_precision, recorded_at, source_name, dedupe_key, applied)
SELECT s.account_id, s.id, 3::bigint << 56 | n, CASE n % 2 WHEN 0 THEN 'ARRIVED_AT_FACILITY' ELSE
    'DEPARTED_FACILITY' END::tracking_event_code, at, at AT TIME ZONE 'UTC', 0, 'EXACT', at, 'seed',
    sha256(n::text::bytea), true
FROM shipment s, generate_series(1, :count) AS n, LATERAL (
    SELECT timestamptz '2026-01-01T00:00:00Z' + n * interval '1 minute' AS at
) AS t
WHERE s.id = :shipment
"""


async def large_shipment(mutations: MutationClient, owner: AsyncEngine) -> str:
    """A shipment with EVENTS scans, one per minute from 1 January 2026; their checkpoints are stored."""
    id_: str = (await mutations.confirmed())["id"]
    async with owner.begin() as connection:
        await connection.execute(text(SCANS), {"count": EVENTS, "shipment": public_ids.decode_as(models.Shipment, id_)})
        values = {"n": EVENTS, "at": START + timedelta(minutes=EVENTS)}
        await connection.execute(text("UPDATE shipment SET event_count = :n, last_order_at = :at"), values)
        await connection.execute(text("ANALYZE tracking_event"))
    assert (await mutations.record(event(id_, "PICKED_UP", "2025-12-31T00:00:00Z")))["failed"] == 0
    return id_


class Lag:
    """The longest time for which the event loop was held."""

    seconds = 0.0


@contextlib.asynccontextmanager
async def loop_lag() -> AsyncIterator[Lag]:
    """Measure the lag of the event loop."""
    lag = Lag()

    async def probe() -> None:
        while True:
            since = perf_counter()
            await asyncio.sleep(0)
            lag.seconds = max(lag.seconds, perf_counter() - since)
            await asyncio.sleep(0.001)

    task = asyncio.create_task(probe())
    try:
        yield lag
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of replayed events of each replay."""
    counts: list[int] = []
    construct, apply = incremental_replay.IncrementalReplay.__init__, incremental_replay.IncrementalReplay.apply

    def counting_init(self: Any, *arguments: Any) -> None:
        counts.append(0)
        construct(self, *arguments)

    def counting_apply(self: Any, *arguments: Any) -> None:
        counts[-1] += 1
        apply(self, *arguments)

    monkeypatch.setattr(incremental_replay.IncrementalReplay, "__init__", counting_init)
    monkeypatch.setattr(incremental_replay.IncrementalReplay, "apply", counting_apply)
    return counts


async def assert_settled(owner: AsyncEngine, id_: str) -> int:
    """Compare the stored shipment with a replay of all its events; returns the number of checkpoints."""
    async with owner.connect() as connection:
        account = (await connection.execute(text("SELECT id FROM account"))).scalar_one()
    async with get_session(owner, account) as session:
        context = CommandContext(session.execute_sql, account, "test", "test", validate_only=True)
        locked = await locking.lock(context, [{**locking.NO_KEY, "id": public_ids.decode_as(models.Shipment, id_)}])
        await locking.load_packages(context, locked)
        (shipment,) = locked.values()
        return await full_replay.assert_equals_full_replay(owner, shipment, with_states=False)


async def test_a_late_event_of_a_large_shipment_replays_two_intervals(
    mutations: MutationClient, owner: AsyncEngine, replayed: list[int]
) -> None:
    id_ = await large_shipment(mutations, owner)
    limit = 4 * incremental_replay.interval(1)
    for minute in (50, EVENTS // 2, EVENTS - 10):
        replayed.clear()
        at = (START + timedelta(minutes=minute, seconds=30)).isoformat()
        (result,) = (await mutations.record(event(id_, "IN_TRANSIT", at)))["results"]
        assert result["errors"] == []
        assert sum(replayed) <= limit
        replayed.clear()
        assert (await mutations.void(result["event"]["id"]))["failed"] == 0
        assert sum(replayed) <= limit
    replayed.clear()
    await mutations.record(event(id_, "OUT_FOR_DELIVERY", "2027-02-01T00:00:00Z"))
    assert replayed == [], "an event later than all others replays nothing"
    assert await assert_settled(owner, id_) >= EVENTS / (2 * incremental_replay.interval(1)) - 1


async def test_no_call_on_a_large_shipment_holds_the_event_loop(
    mutations: MutationClient, owner: AsyncEngine, replayed: list[int]
) -> None:
    id_ = await large_shipment(mutations, owner)
    calls: list[Json] = []
    async with loop_lag() as lag:
        held = await mutations.record(event(id_, "HELD", "2026-01-01T00:00:30Z"))
        calls.append(held)
        calls.append(await mutations.void(held["results"][0]["event"]["id"]))
        times = [START + timedelta(minutes=29 * n, seconds=30) for n in range(300)]
        batch = [event(id_, "IN_TRANSIT", at.isoformat()) for at in times]
        calls.append(await mutations.record(*batch))
        calls.append(await mutations.record(*(event(id_, "INFO", f"2027-03-01T00:{n:02}:00Z") for n in range(60))))
    assert [call["failed"] for call in calls] == [0] * 4
    assert max(replayed) >= EVENTS, "a held shipment changes the time of its status until the end"
    assert lag.seconds < MAX_LAG_SECONDS
    await assert_settled(owner, id_)


async def test_a_cancellation_replays_no_event_before_it(
    mutations: MutationClient, owner: AsyncEngine, replayed: list[int]
) -> None:
    id_ = (await mutations.confirmed())["id"]
    reports = [event(id_, "INFO", f"2026-01-{1 + n // 24:02}T{n % 24:02}:00:00Z") for n in range(600)]
    assert (await mutations.record(*reports))["failed"] == 0
    replayed.clear()
    assert (await mutations.cancel(id_))["errors"] == []
    assert sum(replayed) <= 2 * incremental_replay.interval(1)
    await assert_settled(owner, id_)


async def test_events_beyond_the_limit_of_a_shipment_are_rejected(
    mutations: MutationClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "MAX_EVENTS", 2)
    id_ = (await mutations.confirmed())["id"]
    reports = [event(id_, "INFO", f"2026-03-0{day}T10:00:00Z") for day in (1, 2, 3, 3)]
    results = (await mutations.record(*reports))["results"]
    assert [codes(result) for result in results] == [
        [],
        [],
        [("LIMIT_EXCEEDED", "inputs.2.target")],
        [("LIMIT_EXCEEDED", "inputs.3.target")],
    ]
    assert [result["event"] is None for result in results] == [False, False, True, True]
    assert [result["duplicate"] for result in results] == [False] * 4
    assert (await mutations.record(reports[0]))["results"][0]["duplicate"] is True
    assert (await mutations.override(id_, "IN_TRANSIT"))["errors"] == []
    assert (await mutations.void(results[0]["event"]["id"]))["failed"] == 0
