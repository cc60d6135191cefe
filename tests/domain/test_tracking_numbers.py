"""Tracking numbers: one spelling for comparing, and check digits that warn and never refuse."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import tracking_numbers

RIGHT = [
    ("1Z999AA10123456784", None),
    ("1z 999-aa1 01 2345 6784", None),
    ("1ZW470V80310800043", "ups"),
    ("K1234567895", "ups"),
    ("RR123456785DE", None),
    ("EE876543216FR", "la_poste"),
    ("340123450000000017", None),
    ("00340434161234567896", "dhl_parcel"),
    ("9400111899223100001236", None),
    ("420900019400111899223100001236", "usps"),
    ("4209000112349400111899223100001236", "usps"),
    ("123456789012", "fedex"),
    ("123456789012343", "fedex"),
    ("9611020123456789012343", "fedex"),
    ("1234567891", "dhl_express"),
    ("1234567890123452", "canada_post"),
]


@pytest.mark.parametrize(("number", "carrier"), RIGHT)
def test_a_right_check_digit_gives_no_warning_and_every_wrong_one_does(number: str, carrier: str | None) -> None:
    assert tracking_numbers.warning(number, carrier) is None
    at = max(at for at, character in enumerate(number) if character.isdigit())
    for digit in set("0123456789") - {number[at]}:
        wrong = f"{number[:at]}{digit}{number[at + 1 :]}"
        sentence = tracking_numbers.warning(wrong, carrier)
        assert sentence is not None
        assert sentence.endswith(f"number is {digit}; {number[at]} would be right.")


def test_a_number_is_right_when_one_of_its_possible_readings_is() -> None:
    """USPS prints some numbers of 20 digits without the identifier that their check digit includes."""
    whole, cut = "03071790000523483741", "71969010756003077385"
    assert tracking_numbers.warning(whole, "usps") is None
    assert tracking_numbers.warning(cut, "usps") is None
    right = [digit for digit in "0123456789" if tracking_numbers.warning(cut[:-1] + digit, "usps") is None]
    assert len(right) == 2


@pytest.mark.parametrize("number", ["", "ABC", "LE17119906", "AZI1000521088", "2Z5R89390357567127", "1Z12345"])
def test_a_number_of_no_known_shape_gives_no_warning(number: str) -> None:
    assert tracking_numbers.warning(number) is None


@pytest.mark.parametrize("number", ["123456789013", "1234567890", "1234567890123450", "K1234567890"])
def test_a_shape_that_many_carriers_have_is_checked_only_where_the_carrier_is_known(number: str) -> None:
    assert tracking_numbers.warning(number) is None
    assert tracking_numbers.warning(number, "some_carrier") is None


def test_an_s10_number_of_no_country_gives_a_warning() -> None:
    sentence = "This looks like an S10 number, but no country has the code XX."
    assert tracking_numbers.warning("RR123456785XX") == sentence


@given(st.text(max_size=50), st.sampled_from([None, "ups", "usps", "fedex", "dhl", "canada_post"]))
def test_no_text_is_too_strange_to_look_at(number: str, carrier: str | None) -> None:
    sentence = tracking_numbers.warning(number, carrier)
    assert sentence is None or sentence.endswith(".")


@given(st.text("0123456789 -.", max_size=40))
def test_a_spelling_changes_nothing(number: str) -> None:
    assert tracking_numbers.warning(number, "usps") == tracking_numbers.warning(number.replace(" ", ""), "usps")
    assert tracking_numbers.normalize(number).isascii()


def test_the_published_examples(shared_data: Path) -> None:
    """Examples that others collected; a number of none of their shapes, such as one that begins 2Z, is not known."""
    shapeless = {"2Z5R89390357567127", "1A5R89390357567127"}
    for carrier in ("ups", "s10"):
        kinds = json.loads((shared_data / f"tracking_numbers/couriers/{carrier}.json").read_text())["tracking_numbers"]
        for kind in kinds:
            for number in kind["test_numbers"]["valid"]:
                assert tracking_numbers.warning(number, carrier) is None, number
            for number in kind["test_numbers"]["invalid"]:
                assert (tracking_numbers.warning(number, carrier) is None) == (number in shapeless), number
