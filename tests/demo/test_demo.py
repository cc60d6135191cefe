"""The demonstration: what a stranger looks at first is complete, believable, and the same for everybody."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import demo
from graphql_app.demo import scenarios
from graphql_app.demo.reference_data import CARRIERS
from graphql_app.domain import enums, tracking_numbers
from tests.support.graphql_client import Ask

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_the_same_moment_gives_the_same_world() -> None:
    assert list(scenarios.world(NOW)) == list(scenarios.world(NOW))


async def test_every_status_and_carrier_is_there(owner: AsyncEngine) -> None:
    made = await demo.fill(owner)
    assert 300 < made < 400
    async with owner.connect() as connection:
        statuses = Counter(list(await connection.scalars(text("SELECT status::text FROM shipment"))))
        used = set(
            await connection.scalars(text("SELECT DISTINCT code FROM carrier c JOIN shipment s ON c.id = carrier_id"))
        )
        offsets = set(await connection.scalars(text("SELECT DISTINCT utc_offset_min FROM tracking_event")))
        many = (await connection.scalars(text("SELECT count(*) FROM shipment WHERE package_count > 1"))).one()
        future = await connection.scalar(text("SELECT count(*) FROM tracking_event WHERE occurred_at > now()"))
    expected = Counter({status.value: count for status, count in scenarios.HOW_MANY.items()})
    expected["IN_TRANSIT"] += 6  # the returns
    assert statuses == expected
    assert set(statuses) == {status.value for status in enums.ShipmentStatus}
    assert used == set(CARRIERS)
    assert len(offsets) > 8
    assert many > 60
    assert future == 0


async def test_it_is_made_once(owner: AsyncEngine) -> None:
    assert await demo.fill(owner) > 0
    assert await demo.fill(owner) == 0


async def test_the_questions_of_the_explorer_find_something(owner: AsyncEngine, ask: Ask) -> None:
    await demo.fill(owner)
    now = datetime.now(UTC)
    answer = await ask(
        """query Look($now: DateTime!) {
          late: shipments(where: { phase: ACTIVE, promisedTo: { lt: $now } }) { totalCount { count } }
          returns: shipments(where: { direction: RETURN }) { nodes { returnOf { status } } }
          odd: trackingEvents(where: { applied: false }) { nodes { notAppliedReason } }
          words: shipments(search: "Lakeside") { totalCount { count } }
          archived: shipments(where: { archived: true }) { totalCount { count } }
        }""",
        {"now": now.isoformat()},
    )
    assert "errors" not in answer, answer
    data = answer["data"]
    assert data["late"]["totalCount"]["count"] > 20
    assert [node["returnOf"]["status"] for node in data["returns"]["nodes"]] == ["DELIVERED"] * 6
    assert {node["notAppliedReason"] for node in data["odd"]["nodes"]} >= {"AFTER_TERMINAL"}
    assert data["words"]["totalCount"]["count"] > 20
    assert data["archived"]["totalCount"]["count"] > 0


def test_no_tracking_number_fails_its_check() -> None:
    for story in scenarios.world(NOW - timedelta(days=1)):
        for package in story.shipment["packages"]:
            if package["trackingNumber"]:
                assert tracking_numbers.warning(package["trackingNumber"], story.shipment["carrier"]) is None
