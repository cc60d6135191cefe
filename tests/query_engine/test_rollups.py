"""Rollups equal a recount after any writes, with any number of workers. Statistics from them equal exact ones."""

import asyncio
import random
import signal
import sys
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import rollups
from graphql_app.database.engine import make_engine
from graphql_app.query_engine.statistics import limits
from graphql_app.settings import Settings
from tests.query_engine.test_statistics import seconds_of
from tests.support.graphql_client import Execute
from tests.support.rollup_writer import START, Writer, advance_all, check_recount


@pytest.mark.parametrize("seed", range(3))
async def test_the_rollups_equal_a_recount_after_late_events_voids_overrides_and_edits(
    seed: int, execute: Execute, engine: AsyncEngine, owner: AsyncEngine
) -> None:
    writer = Writer(execute, seed)
    await writer.carriers()
    for _ in range(4):
        await writer.create(15)
        await writer.step()
        await advance_all(engine)
        await check_recount(owner)
        await writer.step()
    async with owner.begin() as connection:  # archiving removes a shipment from the cells
        await connection.execute(text("UPDATE shipment SET archived_at = now() WHERE number LIKE '%1'"))
        await connection.execute(text("UPDATE rollup_position SET log_position = -1"))  # read everything again
    await advance_all(engine)
    await check_recount(owner)
    assert await rollups.advance(engine) == 0
    async with owner.connect() as connection:
        transits = "SELECT count(*) FROM shipment_rollup_transit WHERE shipments > 0"
        assert (await connection.execute(text(transits))).scalar_one() > 0


async def test_several_workers_count_each_change_once(
    execute: Execute, engine: AsyncEngine, owner: AsyncEngine, settings: Settings
) -> None:
    assert settings.postgres_url
    workers = [make_engine(settings.postgres_url.get_secret_value(), settings, scoped=True) for _ in range(3)]
    writer = Writer(execute, 7)
    await writer.create(30)
    stop = asyncio.Event()

    async def work(worker: AsyncEngine) -> None:
        while not stop.is_set():
            await rollups.advance(worker)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(work(worker)) for worker in workers]
    for _ in range(5):
        await writer.step()
    stop.set()
    await asyncio.gather(*tasks)
    await advance_all(engine)
    await check_recount(owner)
    for worker in workers:
        await worker.dispose()


WORKER = """
import asyncio, sys
from graphql_app import settings
from graphql_app.database import rollups
from graphql_app.database.engine import make_engine
rollups.BATCH_ROWS = 3
async def main():
    engine = make_engine(sys.argv[1], settings.read(), scoped=True)
    print("ready", flush=True)
    while True:
        await rollups.advance(engine)
        await asyncio.sleep(0.001)
asyncio.run(main())
"""


async def test_a_worker_that_is_killed_leaves_the_rollups_right(
    execute: Execute, engine: AsyncEngine, owner: AsyncEngine, settings: Settings
) -> None:
    assert settings.postgres_url
    writer = Writer(execute, 11)
    await writer.create(30)
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, settings.postgres_url.get_secret_value(), stdout=-1
        )
        assert process.stdout is not None
        await process.stdout.readline()
        await writer.step()
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    await advance_all(engine)
    await check_recount(owner)


MEASURES = """count packages weight(unit: G) { count sum average } onTime { kept of rate } firstAttemptRate { kept of }
  exceptionRate { kept of rate } returnRate { kept of } transitTime { count average }"""
QUESTIONS = [
    "groupBy: [STATUS]",
    "groupBy: [CARRIER, DESTINATION_COUNTRY]",
    "groupBy: [SERVICE], where: {status: {in: [DELIVERED, IN_TRANSIT]}}",
    'where: {destination: {country: {eq: "BR"}}, direction: OUTBOUND}',
    'groupBy: [DIRECTION], where: {carrier: {in: ["dhl", "ups"]}}',
    'groupBy: [ORIGIN_COUNTRY], where: {service: {eq: "express"}}, orderBy: [{field: WEIGHT}]',
    "bucket: {field: DELIVERED_AT, by: DAY, fillGaps: true}",
    "groupBy: [STATUS], bucket: {field: CREATED_AT, by: MONTH}",
    "groupBy: [SERVICE], orderBy: [{field: ON_TIME_RATE}, {field: TRANSIT_TIME}, {field: PACKAGES}]",
]


async def test_statistics_from_rollups_equal_exact_ones(
    execute: Execute, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, account: UUID
) -> None:
    writer = Writer(execute, 5)
    await writer.carriers()
    for _ in range(4):
        await writer.create(15)
        await writer.step()
    await advance_all(engine)
    for question in QUESTIONS:
        query = f"""{{ shipmentStats({question}, first: 200) {{ total {{ {MEASURES} }} groups {{ keys {{ value label }}
          bucket {{ start }} measures {{ {MEASURES} }} }} hasMore precision asOf }} }}"""
        exact = (await execute(query))["data"]["shipmentStats"]
        with monkeypatch.context() as patch:
            patch.setattr(limits, "MAX_EXACT_ROWS", 0)
            # a comment makes another document, whose plan has the other limit
            response = await execute(f"{query} # rollups")
        rolled_up = response["data"]["shipmentStats"]
        assert (exact["precision"], rolled_up["precision"]) == ("EXACT", "ESTIMATED"), question
        assert rolled_up.pop("asOf") <= exact.pop("asOf")
        del exact["precision"], rolled_up["precision"]
        assert normalized(rolled_up) == normalized(exact), question
        assert exact["total"]["count"] > 0


FACETS = """facets(by: [STATUS, CARRIER, SERVICE, DIRECTION, ORIGIN_COUNTRY, DESTINATION_COUNTRY, TAG]) {
  dimension values { value label count } hasMore precision }"""
LISTS = [
    "",
    'where: {status: {in: [DELIVERED]}, carrier: {eq: "dhl"}},',
    "where: {direction: INBOUND},",
    "where: {lateness: {in: [LATE, ON_TIME]}},",
]


@pytest.mark.parametrize("own_filter", ["true", "false"])
async def test_facets_from_rollups_equal_exact_ones(
    own_filter: str, execute: Execute, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(execute, 3)
    await writer.carriers()
    await writer.create(40)
    await writer.step()
    await advance_all(engine)
    facets = FACETS.replace("(by:", f"(ownFilter: {own_filter}, by:")
    rolled_up_facets = 0
    for arguments in LISTS:
        query = f"{{ shipments({arguments} first: 1) {{ nodes {{ id }} {facets} }} }}"
        exact = (await execute(query))["data"]["shipments"]["facets"]
        with monkeypatch.context() as patch:
            patch.setattr(limits, "MAX_EXACT_ROWS", 0)
            others = (await execute(f"{query} # rollups"))["data"]["shipments"]["facets"]
        for facet, other in zip(exact, others, strict=True):
            assert facet.pop("precision") == "EXACT"
            if other.pop("precision") == "ESTIMATED":
                assert other == facet, arguments
                rolled_up_facets += 1
    assert rolled_up_facets > 10


def normalized(value: Any) -> Any:
    """JSON with floats and durations rounded, which are sums in another order."""
    if isinstance(value, dict):
        return {
            name: round(seconds_of(inner), 3) if name == "average" and str(inner).startswith("P") else normalized(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [normalized(item) for item in value]
    return round(value, 9) if isinstance(value, float) else value


async def test_a_percentile_from_rollups_is_within_two_percent_of_the_nearest_value(
    execute: Execute, engine: AsyncEngine, owner: AsyncEngine, account: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    seconds = sorted(rng.lognormvariate(11, 1.5) for _ in range(999))
    async with owner.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO shipment (account_id, number, status, picked_up_at, delivered_at) SELECT :account, "
                "'SHP-' || n, 'DELIVERED', CAST(:start AS timestamptz), "
                "CAST(:start AS timestamptz) + s * interval '1 second' "
                "FROM unnest(CAST(:seconds AS float8[])) WITH ORDINALITY AS i (s, n)"
            ),
            {"account": account, "start": START, "seconds": seconds},
        )
        await connection.execute(
            text("SELECT shipment_rollups_apply(:account, ARRAY(SELECT id FROM shipment))"), {"account": account}
        )
    monkeypatch.setattr(limits, "MAX_EXACT_ROWS", 0)
    shares = [0.1, 1.0, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9]
    query = (
        "query($p: [Float!]!) { shipmentStats { total { transitTime(percentiles: $p) { percentiles { value } } } } }"
    )
    stats = (await execute(query, {"p": shares}))["data"]["shipmentStats"]
    for share, item in zip(shares, stats["total"]["transitTime"]["percentiles"], strict=True):
        nearest = seconds[max(0, -(-int(share * 10) * 999 // 1000) - 1)]
        assert seconds_of(item["value"]) == pytest.approx(nearest, rel=0.02), share
