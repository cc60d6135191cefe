"""Random writes through the API, and a recount of the rollups."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import rollup_sql, rollups
from tests.support.graphql_client import Execute

START = datetime(2026, 3, 1, tzinfo=UTC)
CREATE = """mutation($inputs: [ShipmentCreateInput!]!) { shipmentsBulkCreate(inputs: $inputs) {
  results { shipment { id } errors { message } } errors { message } } }"""
RECORD = """mutation($inputs: [TrackingEventInput!]!) { trackingEventsRecord(inputs: $inputs) {
  results { event { id } errors { message } } errors { message } } }"""
VOID = 'mutation($id: ID!) { trackingEventVoid(id: $id, reason: "wrong") { errors { message } } }'
OVERRIDE = """mutation($id: ID!, $status: ShipmentStatus!) { shipmentOverrideStatus(by: {id: $id}, status: $status,
  reason: "x") { errors { message } } }"""
UPDATE = """mutation($id: ID!, $input: ShipmentUpdateInput!) { shipmentUpdate(by: {id: $id}, input: $input) {
  errors { message } } }"""
CODES = [
    "PICKED_UP",
    "IN_TRANSIT",
    "DELIVERY_ATTEMPTED",
    "EXCEPTION",
    "DELIVERED",
    "RETURN_STARTED",
    "RETURNED",
    "LOST",
]
RECOUNT = f"""WITH delta AS (SELECT 1 AS sign, * FROM ({rollup_sql.FACTS}) facts)
{rollup_sql.cells("delta", f"sum(f.sign) AS shipments, {rollup_sql.ADDED}")}
GROUP BY f.account_id, c.dimensions, t.time_field, t.day, c.value_1, c.value_2"""
STORED = f"SELECT account_id, {rollup_sql.KEYS}, shipments, {rollup_sql.SUMS} FROM shipment_rollup WHERE shipments <> 0"


class Writer:
    """Writes random shipments, events, corrections and edits through the API."""

    def __init__(self, execute: Execute, seed: int) -> None:
        self.execute, self.rng = execute, random.Random(seed)
        self.shipments: list[str] = []
        self.codes: list[str | None] = [None]
        self.events: list[str] = []

    async def carriers(self) -> None:
        self.codes = [None, "dhl", "ups"]
        for code in ("dhl", "ups"):
            await self.execute(
                "mutation($code: String!) { carrierSave(code: $code, input: {name: $code}) { errors { message } } }",
                {"code": code},
            )

    async def create(self, number: int) -> None:
        """Create shipments."""
        inputs = [
            {
                "confirm": True,
                "carrier": self.rng.choice(self.codes),
                "direction": self.rng.choice(["OUTBOUND", "INBOUND"]),
                "service": self.rng.choice([None, "express", "eco"]),
                "shipper": {"name": "S", "country": self.rng.choice(["DE", "US"])},
                "recipient": {"name": "R", "country": self.rng.choice(["FR", "JP", "BR"])},
                "promisedTo": (START + timedelta(days=self.rng.randint(1, 9))).isoformat(),
                "packages": [{"weight": {"value": str(self.rng.randint(1, 50)), "unit": "KG"}}],
            }
            for _ in range(number)
        ]
        payload = (await self.execute(CREATE, {"inputs": inputs}))["data"]["shipmentsBulkCreate"]
        assert payload["errors"] == []
        self.shipments += [result["shipment"]["id"] for result in payload["results"]]

    async def step(self) -> None:
        """Make some random changes; events come in any order, so many are late."""
        events = [
            {
                "target": {"shipment": {"id": self.rng.choice(self.shipments)}},
                "code": self.rng.choice(CODES),
                "occurred": {"instant": (START + timedelta(minutes=self.rng.randint(0, 20_000))).isoformat()},
                "source": "test",
                "externalEventId": str(self.rng.random()),
            }
            for _ in range(15)
        ]
        payload = (await self.execute(RECORD, {"inputs": events}))["data"]["trackingEventsRecord"]
        self.events += [result["event"]["id"] for result in payload["results"] if result["event"]]
        for _ in range(2):
            await self.execute(VOID, {"id": self.rng.choice(self.events)})
            status = self.rng.choice(["IN_TRANSIT", "DELIVERED", "RETURNED", "FAILED"])
            await self.execute(OVERRIDE, {"id": self.rng.choice(self.shipments), "status": status})
            edit = self.rng.choice(
                [{"recipient": {"name": "N", "country": "BR"}}, {"service": "new"}, {"promisedTo": START.isoformat()}]
            )
            await self.execute(UPDATE, {"id": self.rng.choice(self.shipments), "input": edit})


async def advance_all(engine: AsyncEngine) -> None:
    """Advance the rollups until they contain all changes; the task of the app may be working on them, too."""
    while True:
        await rollups.advance(engine)
        async with engine.connect() as connection:
            if not (await connection.execute(text("SELECT shipment_rollups_behind()"))).scalars().all():
                return
        await asyncio.sleep(0.02)


async def check_recount(owner: AsyncEngine) -> None:
    """Compare all cells and transit times with a recount of all shipments."""
    async with owner.connect() as connection:
        stored = {tuple(row) for row in await connection.execute(text(STORED))}
        recount = {tuple(row) for row in await connection.execute(text(RECOUNT))}
        assert stored == recount
        assert len(stored) > 50
        transits = f"SELECT account_id, {rollup_sql.KEYS}, bucket, shipments FROM shipment_rollup_transit"
        counted = f"""WITH delta AS (SELECT 1 AS sign, * FROM ({rollup_sql.FACTS}) facts)
        {rollup_sql.cells("delta", "f.transit_bucket, sum(f.sign)")} AND f.transit_bucket IS NOT NULL
        GROUP BY f.account_id, c.dimensions, t.time_field, t.day, c.value_1, c.value_2, f.transit_bucket"""
        stored = {tuple(row) for row in await connection.execute(text(f"{transits} WHERE shipments <> 0"))}
        assert stored == {tuple(row) for row in await connection.execute(text(counted))}
