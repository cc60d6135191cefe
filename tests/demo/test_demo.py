"""The demonstration data is complete, plausible, and the same at every start."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import demo
from graphql_app.demo import scenarios
from graphql_app.demo.reference_data import CARRIERS
from graphql_app.domain import enums, tracking_numbers
from tests.support.graphql_client import Execute

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_the_same_time_gives_the_same_data() -> None:
    assert list(scenarios.generate(NOW)) == list(scenarios.generate(NOW))


async def test_every_status_and_every_carrier_occurs(owner: AsyncEngine) -> None:
    created = await demo.fill(owner)
    assert 300 < created < 400
    async with owner.connect() as connection:
        statuses = Counter(list(await connection.scalars(text("SELECT status::text FROM shipment"))))
        carriers = set(
            await connection.scalars(text("SELECT DISTINCT code FROM carrier c JOIN shipment s ON c.id = carrier_id"))
        )
        offsets = set(await connection.scalars(text("SELECT DISTINCT utc_offset_min FROM tracking_event")))
        with_several_packages = (
            await connection.scalars(text("SELECT count(*) FROM shipment WHERE package_count > 1"))
        ).one()
        future = await connection.scalar(text("SELECT count(*) FROM tracking_event WHERE occurred_at > now()"))
    expected = Counter({status.value: count for status, count in scenarios.SHIPMENTS_PER_STATUS.items()})
    expected["IN_TRANSIT"] += 6  # the returns
    assert statuses == expected
    assert set(statuses) == {status.value for status in enums.ShipmentStatus}
    assert carriers == set(CARRIERS)
    assert len(offsets) > 8
    assert with_several_packages > 60
    assert future == 0


async def test_an_account_with_shipments_is_not_filled_again(owner: AsyncEngine) -> None:
    assert await demo.fill(owner) > 0
    assert await demo.fill(owner) == 0


async def test_the_example_queries_of_graphiql_return_rows(owner: AsyncEngine, execute: Execute) -> None:
    await demo.fill(owner)
    now = datetime.now(UTC)
    response = await execute(
        """query Look($now: DateTime!) {
          late: shipments(where: { phase: ACTIVE, promisedTo: { lt: $now } }) { totalCount { count } }
          returns: shipments(where: { direction: RETURN }) { nodes { returnOf { status } } }
          notApplied: trackingEvents(where: { applied: false }) { nodes { notAppliedReason } }
          found: shipments(search: "Lakeside") { totalCount { count } }
          archived: shipments(where: { archived: true }) { totalCount { count } }
        }""",
        {"now": now.isoformat()},
    )
    assert "errors" not in response, response
    data = response["data"]
    assert data["late"]["totalCount"]["count"] > 20
    assert [node["returnOf"]["status"] for node in data["returns"]["nodes"]] == ["DELIVERED"] * 6
    assert {node["notAppliedReason"] for node in data["notApplied"]["nodes"]} >= {"AFTER_TERMINAL"}
    assert data["found"]["totalCount"]["count"] > 20
    assert data["archived"]["totalCount"]["count"] > 0


def test_every_tracking_number_has_a_valid_check_digit() -> None:
    for scenario in scenarios.generate(NOW - timedelta(days=1)):
        for package in scenario.shipment["packages"]:
            if package["trackingNumber"]:
                assert tracking_numbers.warning(package["trackingNumber"], scenario.shipment["carrier"]) is None
