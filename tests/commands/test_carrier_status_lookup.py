"""`carrierStatusRaw` in place of `code`: what ships with the program, what an account says instead, what is unknown."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Ask

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
async def shipment(ask: Ask) -> None:
    """A shipment with DHL Express."""
    await ask(CARRIER, {"code": "dhl_express"})
    answer = await ask(CREATE, {"carrier": "dhl_express"})
    assert answer["data"]["shipmentCreate"]["errors"] == []


async def record(ask: Ask, raw: str | None, day: int = 1, **more: Any) -> dict[str, Any]:
    """What becomes of an event that brings the carrier's word."""
    target = {"shipment": {"externalReference": "S-1"}}
    given = {"target": target, "occurred": {"date": f"2026-01-{day:02}"}, "carrierStatusRaw": raw, **more}
    (result,) = (await ask(RECORD, {"inputs": [given]}))["data"]["trackingEventsRecord"]["results"]
    return dict(result)


async def meaning(ask: Ask, raw: str, day: int) -> tuple[str, str | None]:
    event = (await record(ask, raw, day))["event"]
    return event["code"], event["reason"]


async def say(ask: Ask, raw: str, code: str | None = None, reason: str | None = None, **options: Any) -> list[Any]:
    """Say what a word means; what is wrong with that."""
    answer = await ask(MAP, {"raw": raw, "code": code, "reason": reason, "options": options})
    errors: list[Any] = answer["data"]["carrierStatusMap"]["errors"]
    return errors


@pytest.mark.usefixtures("shipment")
async def test_a_word_that_ships_with_the_program_stands_in_place_of_the_code(ask: Ask) -> None:
    result = await record(ask, " nh ")
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
async def test_a_code_or_reason_that_is_given_wins_over_the_word(ask: Ask) -> None:
    assert (await record(ask, "NH", 1, reason="ACCESS"))["event"]["reason"] == "ACCESS"
    event = (await record(ask, "NH", 2, code="DELIVERED"))["event"]
    assert (event["code"], event["reason"]) == ("DELIVERED", None)


@pytest.mark.usefixtures("shipment")
async def test_an_unknown_word_is_kept_as_info_with_a_warning_and_never_lost(ask: Ask) -> None:
    result = await record(ask, "QZ-17")
    assert result["event"] == {"code": "INFO", "reason": None, "carrierStatusRaw": "QZ-17", "applied": False}
    assert result["warnings"] == [{"code": "UNMAPPED_STATUS", "path": ["inputs", "0", "carrierStatusRaw"]}]


async def test_without_a_carrier_no_word_is_known(ask: Ask) -> None:
    await ask(CREATE, {"carrier": None})
    assert (await record(ask, "NH"))["event"]["code"] == "INFO"


@pytest.mark.usefixtures("shipment")
async def test_an_event_needs_a_code_or_a_word(ask: Ask) -> None:
    result = await record(ask, None)
    assert result["errors"] == [{"code": "REQUIRED", "path": ["inputs", "0", "code"]}]


@pytest.mark.usefixtures("shipment")
async def test_an_account_amends_what_words_mean_and_takes_it_back(ask: Ask) -> None:
    assert await meaning(ask, "NH", 1) == ("DELIVERY_ATTEMPTED", "RECIPIENT_ABSENT")
    assert await say(ask, " nh", "AVAILABLE_FOR_PICKUP") == []
    assert await say(ask, "QZ-17", "HELD", "WEATHER") == []
    assert await meaning(ask, "NH", 2) == ("AVAILABLE_FOR_PICKUP", None)
    assert await meaning(ask, "qz-17", 3) == ("HELD", "WEATHER")
    assert await say(ask, "NH") == []
    assert await say(ask, "QZ-17", "LOST") == []
    assert await meaning(ask, "NH", 4) == ("DELIVERY_ATTEMPTED", "RECIPIENT_ABSENT")
    assert await meaning(ask, "QZ-17", 5) == ("LOST", None)


@pytest.mark.usefixtures("shipment")
async def test_one_carriers_words_are_not_anothers(ask: Ask) -> None:
    await ask(CARRIER, {"code": "fedex"})
    await say(ask, "OD", "LOST")
    await ask(
        'mutation { shipmentUpdate(by: {externalReference: "S-1"}, input: {carrier: "fedex"}) { errors { code } } }'
    )
    assert await meaning(ask, "OD", 1) == ("OUT_FOR_DELIVERY", None)


@pytest.mark.usefixtures("shipment")
async def test_each_amendment_is_logged_once_and_validation_writes_nothing(ask: Ask, owner: AsyncEngine) -> None:
    await say(ask, "NH", "LOST", validateOnly=True)
    for _ in range(2):
        await say(ask, "NH", "HELD")
    await say(ask, "NH")
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
async def test_what_cannot_be_meant_is_refused(
    ask: Ask, raw: str, code: str | None, reason: str | None, expected: str
) -> None:
    errors = await say(ask, raw, code, reason)
    assert [f"{error['code']} {'.'.join(error['path'])}" for error in errors] == [expected]


@pytest.mark.usefixtures("shipment")
@pytest.mark.parametrize("raw", ["ß" * 128, "ŉ" * 128, "\u00a0straße\u2003", "İı"])
async def test_a_word_in_any_letters_is_kept_and_known_again(ask: Ask, raw: str) -> None:
    assert await say(ask, raw, "HELD") == []
    assert await meaning(ask, raw, 1) == ("HELD", None)


async def test_an_unknown_carrier_is_not_found(ask: Ask) -> None:
    (error,) = await say(ask, "NH", "HELD")
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["carrier"])
