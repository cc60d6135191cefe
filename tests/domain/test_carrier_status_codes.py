"""Built-in mappings of carrier status codes: unambiguous, and complete for the status codes of the sample data."""

import csv
import re
from pathlib import Path

import pytest

from graphql_app.domain import carrier_status_codes, status_rules
from graphql_app.domain.carrier_status_codes import BUILT_IN_MAPPINGS
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code


def test_each_status_code_of_a_carrier_is_mapped_once() -> None:
    lines = [
        line.split()
        for text in carrier_status_codes.CARRIER_STATUS_TABLE.values()
        for line in text.strip().splitlines()
    ]
    assert len(BUILT_IN_MAPPINGS) == sum(len(line) - 1 for line in lines)


def test_carrier_codes_are_valid_and_status_codes_are_normalized() -> None:
    assert all(re.fullmatch("[a-z0-9_]{2,32}", carrier) for carrier, _ in BUILT_IN_MAPPINGS)
    assert all(code == carrier_status_codes.normalize(code) != "" for _, code in BUILT_IN_MAPPINGS)


def test_only_event_codes_of_problems_have_a_reason() -> None:
    problems = {Code.DELAYED, Code.DELIVERY_ATTEMPTED, Code.HELD, Code.CUSTOMS_HELD, Code.EXCEPTION}
    assert all(code in problems for code, reason in BUILT_IN_MAPPINGS.values() if reason is not None)


@pytest.mark.parametrize(
    ("carrier", "status_codes", "status"),
    [
        ("ups", "M MP", Status.READY),
        ("ups", "OR PU", Status.PICKED_UP),
        ("ups", "I DP AR", Status.IN_TRANSIT),
        ("ups", "OT", Status.OUT_FOR_DELIVERY),
        ("ups", "RP", Status.AVAILABLE_FOR_PICKUP),
        ("ups", "X EX", Status.EXCEPTION),
        ("ups", "D FS", Status.DELIVERED),
        ("ups", "RS RT", Status.RETURNING),
        ("ups", "VD", Status.CANCELLED),
        ("fedex", "OC EP", Status.READY),
        ("fedex", "PU PX", Status.PICKED_UP),
        ("fedex", "IT AR DP", Status.IN_TRANSIT),
        ("fedex", "OD", Status.OUT_FOR_DELIVERY),
        ("fedex", "HL HP", Status.AVAILABLE_FOR_PICKUP),
        ("fedex", "DE", Status.DELIVERY_ATTEMPTED),
        ("fedex", "SE CD HA", Status.EXCEPTION),
        ("fedex", "DL", Status.DELIVERED),
        ("fedex", "RS", Status.RETURNING),
        ("fedex", "CA", Status.CANCELLED),
        ("aftership", "InfoReceived Pending", Status.READY),
        ("aftership", "AttemptFail", Status.DELIVERY_ATTEMPTED),
        ("aftership", "Exception_011", Status.RETURNED),
        ("aftership", "Exception_013", Status.FAILED),
        ("easypost", "pre_transit", Status.READY),
        ("easypost", "return_to_sender", Status.RETURNING),
        ("shippo", "TRANSIT", Status.IN_TRANSIT),
    ],
)
def test_status_codes_are_mapped_to_event_codes_with_the_right_status(
    carrier: str, status_codes: str, status: Status
) -> None:
    for status_code in status_codes.split():
        event_code, _ = BUILT_IN_MAPPINGS[carrier, carrier_status_codes.normalize(status_code)]
        assert status_rules.STATUS_OF_CODE[event_code] is status


def test_the_same_status_code_has_different_meanings_for_different_carriers() -> None:
    assert BUILT_IN_MAPPINGS["prestige", "EVENT_101"] == (Code.INFO_RECEIVED, None)
    assert BUILT_IN_MAPPINGS["a1_amazon", "EVENT_101"] == (Code.DEPARTED_FACILITY, None)
    assert BUILT_IN_MAPPINGS["fedex", "CA"] == (Code.CANCELLED, None)
    assert BUILT_IN_MAPPINGS["dhl_express", "CA"] == (Code.DELIVERY_ATTEMPTED, Reason.BUSINESS_CLOSED)


@pytest.mark.parametrize(
    ("carrier", "raw", "code", "reason"),
    [
        ("ups", "D KB", Code.DELIVERED, None),
        ("ups", "X KB", Code.INFO, None),
        ("ups", "d  zz", Code.DELIVERED, None),
        ("ups", "I DP", Code.DEPARTED_FACILITY, None),
        ("ups", "X DP", Code.EXCEPTION, None),
        ("ups", "X AR", Code.EXCEPTION, None),
        ("ups", "X 48", Code.DELIVERY_ATTEMPTED, Reason.RECIPIENT_ABSENT),
        ("ups", "48", Code.DELIVERY_ATTEMPTED, Reason.RECIPIENT_ABSENT),
        ("ups", "X ZZ", Code.EXCEPTION, None),
        ("ups", "I ZZ", Code.IN_TRANSIT, None),
        ("ups", "M VP", Code.CANCELLED, None),
        ("fedex", "DE 08", Code.DELIVERY_ATTEMPTED, None),
        ("dhl_parcel_de", "NTDEL NHOME", Code.DELIVERY_ATTEMPTED, Reason.RECIPIENT_ABSENT),
        ("dhl_parcel_de", "NTDEL XXXXX", Code.DELIVERY_ATTEMPTED, None),
        ("australia_post", "on board for delivery", Code.OUT_FOR_DELIVERY, None),
        ("x12_214", "X1", Code.ARRIVED_AT_DESTINATION_FACILITY, None),
        ("x12_214", "D1", Code.DELIVERED, None),
        ("x12_214", "AG", Code.DELIVERY_SCHEDULED, None),
        ("x12_214", "A7", Code.EXCEPTION, Reason.REFUSED),
        ("x12_214", "A3 NS", Code.RETURNED, None),
    ],
)
def test_type_and_code_are_mapped_together(carrier: str, raw: str, code: Code, reason: Reason | None) -> None:
    assert carrier_status_codes.built_in_mapping(carrier, carrier_status_codes.normalize(raw)) == (code, reason)


@pytest.mark.parametrize(
    ("carrier", "raw"),
    [
        ("ups", "KB"),
        ("ups", "ZZ"),
        ("ups", "ZZ 48"),
        ("dhl_express", "DD"),
        ("dhl_express", "OK 1"),
        ("gls", "FINAL"),
        ("australia_post", "Delivered to a neighbour"),
        ("x12_214", "PA"),
    ],
)
def test_ambiguous_and_unknown_codes_are_not_mapped(carrier: str, raw: str) -> None:
    assert carrier_status_codes.built_in_mapping(carrier, carrier_status_codes.normalize(raw)) is None


def test_a_dozen_scans_of_usps_are_mapped() -> None:
    scans = "GX MA OA TM 03 U1 T1 NT A1 L1 10 EF 07 OF 14 01".split()
    assert all(carrier_status_codes.built_in_mapping("usps", code) for code in scans)


def test_the_codes_of_a_type_have_a_mapping_alone() -> None:
    for (carrier, _), codes in carrier_status_codes.CODES_OF_TYPE.items():
        assert codes
        assert all((carrier, code) in BUILT_IN_MAPPINGS for code in codes)


def test_the_readme_names_all_carriers() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [carrier for carrier in carrier_status_codes.CARRIER_STATUS_TABLE if f"`{carrier}`" not in readme] == []


def test_every_status_code_of_the_sample_data_is_mapped(shared_data: Path) -> None:
    with (shared_data / "tracking/events_flat_dev.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    reported = {
        (row["carrier"], f"{row['code']} {row['subcode']}" if row["carrier"] == "ups" else row["code"]) for row in rows
    }
    reported = {("easypost" if carrier.startswith("easypost:") else carrier, code) for carrier, code in reported}
    assert len(reported) > 60
    assert {
        (carrier, code)
        for carrier, code in reported
        if carrier_status_codes.built_in_mapping(carrier, carrier_status_codes.normalize(code)) is None
    } == set()
