"""Unusual values are accepted and stored, with a warning that has their path."""

from typing import Any

from tests.support.graphql_client import Execute

CREATE = """mutation($input: ShipmentCreateInput!, $options: MutationOptions) {
  shipmentCreate(input: $input, options: $options) {
    shipment { number packages { trackingNumber } recipient { postalCode region } }
    errors { message } warnings { code path message }
  }
}"""
PARTY = {"name": "A", "country": "DE"}


async def warnings(execute: Execute, options: dict[str, Any] | None = None, **fields: Any) -> list[tuple[str, str]]:
    """Code and path of each warning of a create without errors."""
    payload = (await execute(CREATE, {"input": {"shipper": PARTY, **fields}, "options": options}))["data"][
        "shipmentCreate"
    ]
    assert payload["errors"] == []
    return [(warning["code"], ".".join(warning["path"])) for warning in payload["warnings"]]


def packages(*numbers: str) -> list[dict[str, str]]:
    """Packages with these tracking numbers."""
    return [{"trackingNumber": number} for number in numbers]


async def test_a_wrong_check_digit_is_a_warning(execute: Execute) -> None:
    result = await warnings(execute, packages=packages("1Z999AA10123456784", "1Z999AA10123456785", "RR123456784DE"))
    assert result == [
        ("CHECK_DIGIT", "input.packages.1.trackingNumber"),
        ("CHECK_DIGIT", "input.packages.2.trackingNumber"),
    ]


async def test_a_number_of_digits_only_is_checked_if_the_carrier_is_known(execute: Execute) -> None:
    await execute('mutation { carrierSave(code: "fedex", input: {name: "FedEx"}) { errors { code } } }')
    assert await warnings(execute, packages=packages("123456789013")) == []
    assert await warnings(execute, packages=packages("123456789014"), carrier="fedex") == [
        ("CHECK_DIGIT", "input.packages.0.trackingNumber")
    ]


async def test_an_unusual_address_is_stored_with_warnings(execute: Execute) -> None:
    recipient = {"name": "B", "country": "US", "postalCode": "K1A 0B1", "region": "QC"}
    response = await execute(CREATE, {"input": {"shipper": PARTY, "recipient": recipient}})
    payload = response["data"]["shipmentCreate"]
    assert payload["shipment"]["recipient"] == {"postalCode": "K1A 0B1", "region": "QC"}
    assert payload["errors"] == []
    assert payload["warnings"] == [
        {
            "code": "ODD_POSTAL_CODE",
            "path": ["input", "recipient", "postalCode"],
            "message": "Postal codes of US have the format 00000 or 00000 0000, where 0 is a digit.",
        },
        {
            "code": "ODD_REGION",
            "path": ["input", "recipient", "region"],
            "message": "QC is not a region code of US.",
        },
    ]


async def test_a_tracking_number_of_another_active_package_is_a_warning(execute: Execute) -> None:
    assert await warnings(execute, packages=packages("ABC-1")) == []
    assert await warnings(execute, packages=packages("abc1")) == [
        ("TRACKING_NUMBER_IN_USE", "input.packages.0.trackingNumber")
    ]


async def test_validate_only_returns_the_same_warnings_and_creates_nothing(execute: Execute) -> None:
    unusual = {
        "packages": packages("1Z999AA10123456785"),
        "recipient": {"name": "", "country": "DE", "postalCode": "1"},
    }
    validated = await warnings(execute, {"validateOnly": True}, **unusual)
    assert (await execute("{ shipments { totalCount { count } } }"))["data"]["shipments"]["totalCount"]["count"] == 0
    assert validated == await warnings(execute, **unusual)
    assert len(validated) == 2


async def test_an_event_in_the_future_is_stored_with_a_warning(execute: Execute) -> None:
    await execute(CREATE, {"input": {"shipper": PARTY, "externalReference": "S-1", "packages": [{}]}})
    event = {
        "target": {"shipment": {"externalReference": "S-1"}},
        "occurred": {"instant": "2100-01-01T00:00:00Z"},
        "code": "DELIVERED",
    }
    record = """mutation($inputs: [TrackingEventInput!]!) { trackingEventsRecord(inputs: $inputs) { results {
        event { applied notAppliedReason shipment { status deliveredAt } } errors { code } warnings { code path }
    } } }"""
    (result,) = (await execute(record, {"inputs": [event]}))["data"]["trackingEventsRecord"]["results"]
    assert result == {
        "event": {"applied": False, "notAppliedReason": "FUTURE", "shipment": {"status": "DRAFT", "deliveredAt": None}},
        "errors": [],
        "warnings": [{"code": "FUTURE", "path": ["inputs", "0", "occurred"]}],
    }
