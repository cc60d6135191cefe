"""`carrierStatusRaw` instead of `code`: built-in mappings, mappings of the account, and unmapped carrier statuses."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Execute

CREATE = """mutation($carrier: String) { shipmentCreate(input: {
  externalReference: "S-1", confirm: true, carrier: $carrier, packages: [{trackingNumber: "T1"}],
  shipper: {name: "A", country: "DE"}, recipient: {name: "B", country: "FR"}
}) { errors { message } } }"""
CARRIER = 'mutation($code: String!) { carrierSave(code: $code, input: {name: "Carrier"}) { errors { message } } }'
RECORD = """mutation($inputs: [TrackingEventInput!]!, $options: MutationOptions) {
  trackingEventsRecord(inputs: $inputs, options: $options) {
    results { event { code reason carrierStatusRaw applied } duplicate errors { code path } warnings { code path } }
  }
}"""
MAP = """mutation($raw: String!, $code: TrackingEventCode, $reason: ExceptionReason, $options: MutationOptions) {
  carrierStatusMap(carrier: "dhl_express", raw: $raw, code: $code, reason: $reason, options: $options) {
    carrier { code } errors { code path message }
  }
}"""


@pytest.fixture
async def shipment(execute: Execute) -> None:
    """A shipment carried by DHL Express."""
    await execute(CARRIER, {"code": "dhl_express"})
    response = await execute(CREATE, {"carrier": "dhl_express"})
    assert response["data"]["shipmentCreate"]["errors"] == []


async def record(execute: Execute, raw: str | None, day: int = 1, **fields: Any) -> dict[str, Any]:
    """The result of recording an event with this carrier status."""
    target = {"shipment": {"externalReference": "S-1"}}
    report = {"target": target, "occurred": {"date": f"2026-01-{day:02}"}, "carrierStatusRaw": raw, **fields}
    (result,) = (await execute(RECORD, {"inputs": [report]}))["data"]["trackingEventsRecord"]["results"]
    return dict(result)


async def recorded_code(execute: Execute, raw: str, day: int) -> tuple[str, str | None]:
    """Code and reason of an event recorded with this carrier status."""
    event = (await record(execute, raw, day))["event"]
    return event["code"], event["reason"]


async def map_status(
    execute: Execute, raw: str, code: str | None = None, reason: str | None = None, **options: Any
) -> list[Any]:
    """Map a carrier status and return the errors."""
    response = await execute(MAP, {"raw": raw, "code": code, "reason": reason, "options": options})
    errors: list[Any] = response["data"]["carrierStatusMap"]["errors"]
    return errors


@pytest.mark.usefixtures("shipment")
async def test_a_built_in_carrier_status_sets_code_and_reason(execute: Execute) -> None:
    result = await record(execute, " nh ")
    assert result == {
        "event": {
            "code": "DELIVERY_ATTEMPTED",
            "reason": "RECIPIENT_ABSENT",
            "carrierStatusRaw": "nh",
            "applied": True,
        },
        "duplicate": False,
        "errors": [],
        "warnings": [],
    }


@pytest.mark.usefixtures("shipment")
async def test_code_and_reason_of_the_input_take_precedence_over_the_mapping(execute: Execute) -> None:
    assert (await record(execute, "NH", 1, reason="ACCESS"))["event"]["reason"] == "ACCESS"
    event = (await record(execute, "NH", 2, code="DELIVERED"))["event"]
    assert (event["code"], event["reason"]) == ("DELIVERED", None)


@pytest.mark.usefixtures("shipment")
async def test_an_unmapped_carrier_status_is_stored_as_info_with_a_warning(execute: Execute) -> None:
    result = await record(execute, "QZ-17")
    assert result["event"] == {"code": "INFO", "reason": None, "carrierStatusRaw": "QZ-17", "applied": False}
    assert result["warnings"] == [{"code": "UNMAPPED_STATUS", "path": ["inputs", "0", "carrierStatusRaw"]}]


async def test_without_a_carrier_no_mapping_applies(execute: Execute) -> None:
    await execute(CREATE, {"carrier": None})
    assert (await record(execute, "NH"))["event"]["code"] == "INFO"


@pytest.mark.usefixtures("shipment")
async def test_an_event_requires_a_code_or_a_carrier_status(execute: Execute) -> None:
    result = await record(execute, None)
    assert result["errors"] == [{"code": "REQUIRED", "path": ["inputs", "0", "code"]}]


@pytest.mark.usefixtures("shipment")
async def test_an_account_can_add_change_and_remove_mappings(execute: Execute) -> None:
    assert await recorded_code(execute, "NH", 1) == ("DELIVERY_ATTEMPTED", "RECIPIENT_ABSENT")
    assert await map_status(execute, " nh", "AVAILABLE_FOR_PICKUP") == []
    assert await map_status(execute, "QZ-17", "HELD", "WEATHER") == []
    assert await recorded_code(execute, "NH", 2) == ("AVAILABLE_FOR_PICKUP", None)
    assert await recorded_code(execute, "qz-17", 3) == ("HELD", "WEATHER")
    assert await map_status(execute, "NH") == []
    assert await map_status(execute, "QZ-17", "LOST") == []
    assert await recorded_code(execute, "NH", 4) == ("DELIVERY_ATTEMPTED", "RECIPIENT_ABSENT")
    assert await recorded_code(execute, "QZ-17", 5) == ("LOST", None)


@pytest.mark.usefixtures("shipment")
async def test_mappings_of_one_carrier_do_not_apply_to_another(execute: Execute) -> None:
    await execute(CARRIER, {"code": "fedex"})
    await map_status(execute, "OD", "LOST")
    await execute(
        'mutation { shipmentUpdate(by: {externalReference: "S-1"}, input: {carrier: "fedex"}) { errors { code } } }'
    )
    assert await recorded_code(execute, "OD", 1) == ("OUT_FOR_DELIVERY", None)


@pytest.mark.usefixtures("shipment")
async def test_each_change_of_a_mapping_is_logged_once_and_validate_only_writes_nothing(
    execute: Execute, owner: AsyncEngine
) -> None:
    await map_status(execute, "NH", "LOST", validateOnly=True)
    for _ in range(2):
        await map_status(execute, "NH", "HELD")
    await map_status(execute, "NH")
    async with owner.connect() as connection:
        log = await connection.execute(
            text("SELECT changed::text FROM change WHERE op = 'carrier.status_mapped' ORDER BY seq")
        )
        assert log.scalars().all() == ['{"NH": [null, ["HELD", null]]}', '{"NH": [["HELD", null], null]}']
        assert (await connection.execute(text("SELECT count(*) FROM carrier_status"))).scalar_one() == 0


@pytest.mark.usefixtures("shipment")
@pytest.mark.parametrize(
    ("raw", "code", "reason", "expected"),
    [
        ("", "HELD", None, "REQUIRED raw"),
        (" \t ", "HELD", None, "REQUIRED raw"),
        ("NH", None, "WEATHER", "REQUIRED code"),
        ("x" * 129, "HELD", None, "LIMIT_EXCEEDED raw"),
        ("\x00", "HELD", None, "INVALID raw"),
    ],
)
async def test_an_invalid_mapping_is_rejected(
    execute: Execute, raw: str, code: str | None, reason: str | None, expected: str
) -> None:
    errors = await map_status(execute, raw, code, reason)
    assert [f"{error['code']} {'.'.join(error['path'])}" for error in errors] == [expected]


@pytest.mark.usefixtures("shipment")
@pytest.mark.parametrize("raw", ["ß" * 128, "ŉ" * 128, "\u00a0straße\u2003", "İı"])
async def test_a_carrier_status_in_any_script_can_be_mapped(execute: Execute, raw: str) -> None:
    assert await map_status(execute, raw, "HELD") == []
    assert await recorded_code(execute, raw, 1) == ("HELD", None)


async def test_an_unknown_carrier_is_not_found(execute: Execute) -> None:
    (error,) = await map_status(execute, "NH", "HELD")
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["carrier"])
