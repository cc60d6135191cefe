"""Buckets follow the calendar of their time zone, on both sides of both changes of the clock."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain.statistics_enums import BucketUnit
from tests.support import reference_statistics
from tests.support.graphql_client import Execute

QUERY = """query($bucket: ShipmentBucket!) { shipmentStats(bucket: $bucket, first: 1000) {
  groups { bucket { start end localStart } measures { count } } } }"""
CHANGES = {
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],  # the clock moves by half an hour
    "Asia/Kathmandu": ["2026-01-01T18:15", "1985-12-31T18:30"],  # +05:45, since 1986
    "America/Havana": ["2026-03-08T05:00", "2026-11-01T05:00"],  # at midnight: missing, and repeated
    "America/Sao_Paulo": ["2018-11-04T03:00", "2019-02-17T02:00"],
    "Africa/Cairo": ["2026-04-23T22:00", "2026-10-29T21:00"],
    "Pacific/Apia": ["2011-12-30T10:00"],  # a whole day is missing
    "UTC": ["2024-02-29T00:00"],
}
"""Instants (UTC) at which the clock changes, by time zone."""


@pytest.mark.parametrize(
    ("zone", "change"), [(zone, change) for zone, changes in CHANGES.items() for change in changes]
)
async def test_every_instant_is_in_the_bucket_of_its_local_time(
    zone: str, change: str, execute: Execute, owner: AsyncEngine, account: UUID
) -> None:
    at = datetime.fromisoformat(change).replace(tzinfo=UTC)
    instants = [at + timedelta(minutes=15 * step) for step in range(-120, 120)]
    await insert(owner, account, instants)
    for unit in BucketUnit:
        groups = await buckets(execute, {"field": "CREATED_AT", "by": unit.value, "timeZone": zone})
        expected: dict[datetime, int] = {}
        for instant in instants:
            start = reference_statistics.bucket_key(instant, unit.value, ZoneInfo(zone))
            expected[start] = expected.get(start, 0) + 1
        assert {start: count for start, _, _, count in groups} == expected, (zone, unit)
        for (_, end, _, _), (start, _, _, _) in itertools.pairwise(groups):
            assert end == start, (zone, unit)  # without gaps, each bucket ends where the next one begins
        for start, _, local_start, _ in groups:
            assert start.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local_start


@pytest.mark.parametrize("unit", BucketUnit)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"])
async def test_filled_gaps_are_the_buckets_that_no_shipment_is_in(
    unit: BucketUnit, zone: str, execute: Execute, owner: AsyncEngine, account: UUID
) -> None:
    first = datetime.fromisoformat(CHANGES[zone][-1]).replace(tzinfo=UTC) - timedelta(days=3)
    last = first + timedelta(days=6)
    await insert(owner, account, [first, last])
    bucket = {"field": "CREATED_AT", "by": unit.value, "timeZone": zone, "fillGaps": True}
    groups = await buckets(execute, bucket)
    steps = int((last - first) / timedelta(minutes=15))
    starts = {
        reference_statistics.bucket_key(first + timedelta(minutes=15 * step), unit.value, ZoneInfo(zone))
        for step in range(steps + 1)
    }
    assert [start for start, _, _, _ in groups] == sorted(starts)
    assert sum(count for *_, count in groups) == 2
    assert [end for _, end, _, _ in groups[:-1]] == [start for start, _, _, _ in groups[1:]]


async def test_filled_gaps_are_filled_for_each_value_of_the_dimensions(
    execute: Execute, owner: AsyncEngine, account: UUID
) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    await insert(owner, account, [start, start + timedelta(days=2)])
    query = """{ shipmentStats(groupBy: [STATUS], bucket: {field: CREATED_AT, by: DAY, fillGaps: true}) { groups {
      keys { value } bucket { localStart } measures { count onTime { of rate } transitTime { count average }
      declaredValue { sum } weight { sum average } }
      shipments(first: 1) { nodes { number } totalCount { count } } } } }"""
    groups = (await execute(query))["data"]["shipmentStats"]["groups"]
    assert [(group["bucket"]["localStart"][:10], group["measures"]["count"]) for group in groups] == [
        ("2026-05-01", 1),
        ("2026-05-02", 0),
        ("2026-05-03", 1),
    ]
    assert groups[1]["measures"] == {
        "count": 0,
        "onTime": {"of": 0, "rate": None},
        "transitTime": {"count": 0, "average": None},
        "declaredValue": [],
        "weight": {"sum": "0", "average": None},
    }
    assert groups[1]["shipments"] == {"nodes": [], "totalCount": {"count": 0}}


async def insert(owner: AsyncEngine, account: UUID, instants: list[datetime]) -> None:
    """Insert a shipment for each creation time."""
    async with owner.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO shipment (account_id, number, created_at) SELECT :account, 'SHP-' || n, at "
                "FROM unnest(CAST(:instants AS timestamptz[])) WITH ORDINALITY AS i (at, n)"
            ),
            {"account": account, "instants": instants},
        )


async def buckets(execute: Execute, bucket: dict[str, Any]) -> list[tuple[datetime, datetime, datetime, int]]:
    """The start, end, local start and count of each bucket, in order."""
    response = await execute(QUERY, {"bucket": bucket})
    assert "errors" not in response, response
    result = []
    for group in response["data"]["shipmentStats"]["groups"]:
        start, end = (datetime.fromisoformat(group["bucket"][name]) for name in ("start", "end"))
        local_start = datetime.fromisoformat(group["bucket"]["localStart"])
        result.append((start, end, local_start, group["measures"]["count"]))
    return result
