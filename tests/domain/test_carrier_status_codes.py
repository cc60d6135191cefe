"""Carriers' own words: every one means one thing, and all that carriers were seen to say is known."""

import csv
import re
from pathlib import Path

import pytest

from graphql_app.domain import carrier_status_codes, status_rules
from graphql_app.domain.carrier_status_codes import BUILT_IN_MAPPINGS
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import ShipmentStatus as Status
from graphql_app.domain.enums import TrackingEventCode as Code


def test_no_word_of_a_carrier_means_two_things() -> None:
    lines = [
        line.split()
        for text in carrier_status_codes.CARRIER_STATUS_TABLE.values()
        for line in text.strip().splitlines()
    ]
    assert len(BUILT_IN_MAPPINGS) == sum(len(line) - 1 for line in lines)


def test_carriers_are_named_as_carriers_can_be() -> None:
    assert all(re.fullmatch("[a-z0-9_]{2,32}", carrier) for carrier, _ in BUILT_IN_MAPPINGS)
    assert all(raw == carrier_status_codes.normalize(raw) != "" for _, raw in BUILT_IN_MAPPINGS)


def test_a_reason_is_given_only_where_something_is_wrong() -> None:
    wrong = {Code.DELAYED, Code.DELIVERY_ATTEMPTED, Code.HELD, Code.CUSTOMS_HELD, Code.EXCEPTION}
    assert all(code in wrong for code, reason in BUILT_IN_MAPPINGS.values() if reason is not None)


@pytest.mark.parametrize(
    ("carrier", "raws", "status"),
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
def test_words_lead_to_the_status_that_they_report(carrier: str, raws: str, status: Status) -> None:
    for raw in raws.split():
        assert status_rules.STATUS_OF_CODE[BUILT_IN_MAPPINGS[carrier, carrier_status_codes.normalize(raw)][0]] is status


def test_one_code_means_different_things_at_different_carriers() -> None:
    assert BUILT_IN_MAPPINGS["prestige", "EVENT_101"] == (Code.INFO_RECEIVED, None)
    assert BUILT_IN_MAPPINGS["a1_amazon", "EVENT_101"] == (Code.DEPARTED_FACILITY, None)
    assert BUILT_IN_MAPPINGS["fedex", "CA"] == (Code.CANCELLED, None)
    assert BUILT_IN_MAPPINGS["dhl_express", "CA"] == (Code.DELIVERY_ATTEMPTED, Reason.BUSINESS_CLOSED)


def test_every_word_that_carriers_were_seen_to_say_is_known(shared_data: Path) -> None:
    with (shared_data / "tracking/events_flat_dev.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    said = {(row["carrier"], row["subcode" if row["carrier"] == "ups" else "code"]) for row in rows}
    said = {("easypost" if carrier.startswith("easypost:") else carrier, raw) for carrier, raw in said}
    assert {
        (carrier, raw)
        for carrier, raw in said
        if (carrier, carrier_status_codes.normalize(raw)) not in BUILT_IN_MAPPINGS
    } == set()
