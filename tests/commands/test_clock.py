"""One clock, that of the database: everything that a call stores has the same time, read after the locks were taken."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Execute
from tests.support.transactions import Transaction

CREATE = """mutation { shipmentCreate(input: {confirm: true, shipper: {name: "A", country: "DE"},
    recipient: {name: "B", country: "FR"}, packages: [{}]}) { shipment { id createdAt updatedAt statusAt } } }"""
RECORD = """mutation($id: ID!, $at: DateTime!) { trackingEventsRecord(inputs: [{target: {shipment: {id: $id}},
    occurred: {instant: $at}, code: PICKED_UP}]) { results { event { id recordedAt applied notAppliedReason }
    errors { message } warnings { code } } } }"""
VOID = """mutation($id: ID!) { trackingEventVoid(id: $id, reason: "wrong") {
    results { event { voidedAt } } errors { message } } }"""
SHIPMENT = """query($id: ID!) { shipment(by: {id: $id}) { createdAt updatedAt statusAt archivedAt
    history(first: 50) { nodes { op at shipmentSeq } } } }"""
ARCHIVE = "mutation($id: ID!) { shipmentArchive(by: {id: $id}) { errors { message } } }"
CANCEL = "mutation($id: ID!) { shipmentCancel(by: {id: $id}) { errors { message } } }"


@pytest.fixture
async def shipment(execute: Execute) -> str:
    """The id of a new shipment."""
    id_: str = (await execute(CREATE))["data"]["shipmentCreate"]["shipment"]["id"]
    return id_


@pytest.fixture
async def early(engine: AsyncEngine, account: UUID) -> AsyncIterator[Transaction]:
    """A transaction that has begun before everything else in the test."""
    transaction = Transaction(engine, account)
    yield await transaction.begin()
    await transaction.session.end()


async def read(execute: Execute, shipment: str) -> dict[str, Any]:
    """The times of a shipment."""
    result: dict[str, Any] = (await execute(SHIPMENT, {"id": shipment}))["data"]["shipment"]
    return result


async def record(execute: Execute, shipment: str, at: datetime) -> dict[str, Any]:
    """Record an event; the result of its row."""
    response = await execute(RECORD, {"id": shipment, "at": at.isoformat()})
    result: dict[str, Any] = response["data"]["trackingEventsRecord"]["results"][0]
    return result


async def database_now(owner: AsyncEngine) -> datetime:
    """The time of the database."""
    async with owner.connect() as connection:
        now: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return now


async def test_everything_that_one_call_stores_has_the_same_time(execute: Execute, shipment: str) -> None:
    created = await read(execute, shipment)
    assert created["createdAt"] == created["updatedAt"] == created["statusAt"] == created["history"]["nodes"][0]["at"]
    event = (await record(execute, shipment, datetime.fromisoformat("2026-01-01T00:00:00Z")))["event"]
    recorded = await read(execute, shipment)
    assert event["recordedAt"] == recorded["updatedAt"] == recorded["history"]["nodes"][1]["at"]
    response = await execute(VOID, {"id": event["id"]})
    voided = response["data"]["trackingEventVoid"]["results"][0]["event"]
    after_void = await read(execute, shipment)
    assert voided["voidedAt"] == after_void["updatedAt"] == after_void["history"]["nodes"][2]["at"]
    await execute(CANCEL, {"id": shipment})
    cancelled = await read(execute, shipment)
    assert cancelled["statusAt"] == cancelled["updatedAt"] == cancelled["history"]["nodes"][3]["at"]
    await execute(ARCHIVE, {"id": shipment})
    archived = await read(execute, shipment)
    assert archived["archivedAt"] == archived["updatedAt"] == archived["history"]["nodes"][4]["at"]
    times = [node["at"] for node in archived["history"]["nodes"]]
    assert times == sorted(times)


async def test_the_time_of_a_change_is_read_after_the_lock(
    early: Transaction, execute: Execute, shipment: str, owner: AsyncEngine
) -> None:
    """A transaction that began first and changes the shipment last is the latest change by its time too."""
    event = (await record(execute, shipment, datetime.fromisoformat("2026-01-01T00:00:00Z")))["event"]
    await early.update({"estimatedDeliveryAt": datetime.fromisoformat("2026-03-01T00:00:00Z")}, shipment)
    await early.commit()
    changed = await read(execute, shipment)
    times = [node["at"] for node in changed["history"]["nodes"]]
    assert len(times) == 3
    assert times == sorted(times)
    assert changed["updatedAt"] == times[-1]
    async with owner.connect() as connection:
        given_at = (await connection.execute(text("SELECT estimate_given_at FROM shipment"))).scalar_one()
    assert given_at == datetime.fromisoformat(changed["updatedAt"])
    assert given_at > datetime.fromisoformat(event["recordedAt"])


@pytest.mark.parametrize(("seconds", "is_future"), [(-30, False), (30, True)])
async def test_the_warning_about_the_future_agrees_with_the_projection(
    execute: Execute, shipment: str, owner: AsyncEngine, seconds: int, is_future: bool
) -> None:
    at = await database_now(owner) + timedelta(hours=24, seconds=seconds)
    result = await record(execute, shipment, at)
    assert [warning["code"] for warning in result["warnings"]] == ["FUTURE"] * is_future
    assert result["event"]["applied"] is not is_future
    assert (result["event"]["notAppliedReason"] == "FUTURE") is is_future
    again = await record(execute, shipment, at)
    assert {warning["code"] for warning in again["warnings"]} >= {"FUTURE"} or not is_future


async def test_validate_only_rejects_an_expiry_in_the_past(execute: Execute) -> None:
    mutation = """mutation { apiKeyCreate(
        input: {name: "n", scopes: ["shipments:read"], expiresAt: "2020-01-01T00:00:00Z"}
        options: {validateOnly: true}) { errors { code path } } }"""
    (error,) = (await execute(mutation))["data"]["apiKeyCreate"]["errors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "expiresAt"])
