"""Invalid input of tracking events: a typed error with its path, never an internal error or a partial write.

A value of the wrong type is rejected before execution (BAD_USER_INPUT, with its path). Any other invalid value is an
entry of the payload's `errors`.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import Json, MutationClient, codes, database_snapshot, document, event

NOON = "2026-03-01T12:00:00"


def by_tracking_number(number: str, **fields: Any) -> Json:
    """Input with a tracking number as its target."""
    return {"target": {"trackingNumber": {"trackingNumber": number, **fields}}}


INVALID_EVENTS: list[tuple[Json, str, str]] = [
    ({"code": None}, "REQUIRED", "code"),
    ({"code": None, "carrierStatusRaw": " "}, "REQUIRED", "code"),
    ({"message": "\0"}, "INVALID", "message"),
    ({"message": "x" * 1001}, "LIMIT_EXCEEDED", "message"),
    ({"source": "x" * 65}, "LIMIT_EXCEEDED", "source"),
    ({"externalEventId": "x" * 129}, "LIMIT_EXCEEDED", "externalEventId"),
    ({"carrierStatusRaw": "x" * 129}, "LIMIT_EXCEEDED", "carrierStatusRaw"),
    ({"occurred": {"local": {"at": NOON, "timeZone": "Mars/Olympus"}}}, "INVALID", "occurred.local.timeZone"),
    ({"occurred": {"instant": "1500-01-01T00:00:00Z"}}, "INVALID", "occurred.instant"),
    ({"occurred": {"date": "0001-01-01"}}, "INVALID", "occurred.date"),
    ({"occurred": {"date": "9999-12-31"}}, "INVALID", "occurred.date"),
    ({"occurred": {"local": {"at": "0001-01-01T00:00:01", "timeZone": "Asia/Tokyo"}}}, "INVALID", "occurred.local.at"),
    ({"occurred": {"instant": "2026-03-01T10:00:00"}}, "INVALID", "occurred.instant"),
    ({"occurred": {"local": {"at": f"{NOON}Z", "timeZone": "Europe/Berlin"}}}, "INVALID", "occurred.local.at"),
    ({"occurred": {"local": {"at": NOON, "timeZone": "?"}}}, "INVALID", "occurred.local.timeZone"),
    ({"occurred": {"local": {"at": "0001-01-01T00:00:00", "timeZone": "Asia/Tokyo"}}}, "INVALID", "occurred.local.at"),
    ({"occurred": {"date": "2026-02-29"}}, "INVALID", "occurred.date"),
    ({"occurred": {"date": "01.03.2026"}}, "INVALID", "occurred.date"),
    ({"place": {"country": "CANADA"}}, "INVALID", "place.country"),
    ({"place": {"latitude": 91, "longitude": 0}}, "INVALID", "place.latitude"),
    ({"place": {"latitude": 0, "longitude": -180.1}}, "INVALID", "place.longitude"),
    ({"place": {"latitude": 0}}, "REQUIRED", "place.longitude"),
    ({"place": {"longitude": 0}}, "REQUIRED", "place.latitude"),
    ({"place": {"country": "QQ"}}, "INVALID", "place.country"),
    ({"place": {"city": "x" * 201}}, "LIMIT_EXCEEDED", "place.city"),
    ({"estimatedDeliveryAt": "3000-01-01T00:00:00Z"}, "INVALID", "estimatedDeliveryAt"),
    (by_tracking_number(" "), "INVALID", "target.trackingNumber.trackingNumber"),
    (by_tracking_number("\0"), "INVALID", "target.trackingNumber.trackingNumber"),
    (by_tracking_number("X", carrier="\0"), "INVALID", "target.trackingNumber.carrier"),
    ({"target": {"shipment": {"number": "\0"}}}, "INVALID", "target.shipment.number"),
]  # fmt: skip


WRONG_TYPES: list[tuple[Json, str]] = [
    ({"code": "TELEPORTED"}, "code"),
    ({"occurred": {}}, "occurred"),
    ({"occurred": None}, "occurred"),
    ({"occurred": {"instant": None}}, "occurred"),
    ({"occurred": {"instant": "2026-03-01T10:00:00Z", "date": "2026-03-01"}}, "occurred"),
    ({"occurred": {"date": 20260301}}, "occurred.date"),
    ({"occurred": {"local": {"timeZone": "Europe/Berlin"}}}, "occurred.local.at"),
    ({"target": {}}, "target"),
    ({"target": {"packageId": "pkg_0", "shipment": {"id": "shp_0"}}}, "target"),
    ({"place": {"latitude": "north", "longitude": 0}}, "place.latitude"),
    ({"place": {"latitude": True, "longitude": 0}}, "place.latitude"),
]
"""Fields of the input, path below the input."""


async def test_an_event_value_of_the_wrong_type_is_rejected_with_its_path(assert_rejected: Any) -> None:
    for fields, path in WRONG_TYPES:
        variables = {"inputs": [event("shp_0"), {**event("shp_0"), **fields}]}
        (error,) = (await assert_rejected(document("trackingEventsRecord"), variables))["errors"]
        assert error["extensions"]["path"] == ["inputs", "1", *path.split(".")], fields
        assert error["message"].startswith(f"inputs.1.{path}: "), fields


async def test_an_invalid_event_returns_an_error_with_its_path(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.confirmed()
    before = await database_snapshot(owner)
    for fields, code, path in INVALID_EVENTS:
        (result,) = (await mutations.record({**event(created["id"]), **fields}))["results"]
        assert codes(result) == [(code, f"inputs.0.{path}")], fields
        assert result["event"] is None
    assert await database_snapshot(owner) == before
    rows = [{**event(created["id"]), **fields} for fields, _, _ in INVALID_EVENTS]
    payload = await mutations.record(*rows, event(created["id"], "HELD"), idempotencyKey="k")
    assert (payload["succeeded"], payload["failed"]) == (1, len(INVALID_EVENTS))
