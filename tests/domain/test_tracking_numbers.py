"""Tracking numbers: normalization, and warnings about wrong check digits."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import normal_forms, tracking_numbers

VALID = [
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


@pytest.mark.parametrize(("number", "carrier"), VALID)
def test_a_correct_check_digit_gives_no_warning_and_every_other_digit_gives_one(
    number: str, carrier: str | None
) -> None:
    assert tracking_numbers.warning(number, carrier) is None
    index = max(index for index, character in enumerate(number) if character.isdigit())
    for digit in set("0123456789") - {number[index]}:
        changed = f"{number[:index]}{digit}{number[index + 1 :]}"
        message = tracking_numbers.warning(changed, carrier)
        assert message is not None
        assert message.endswith(f"tracking number is {digit} but should be {number[index]}.")


def test_a_number_is_valid_if_the_check_digit_of_one_matching_format_is_correct() -> None:
    """USPS prints some numbers of 20 digits without the application identifier that their check digit includes."""
    complete, without_identifier = "03071790000523483741", "71969010756003077385"
    assert tracking_numbers.warning(complete, "usps") is None
    assert tracking_numbers.warning(without_identifier, "usps") is None
    stem = without_identifier[:-1]
    valid_digits = [digit for digit in "0123456789" if tracking_numbers.warning(stem + digit, "usps") is None]
    assert len(valid_digits) == 2


@pytest.mark.parametrize("number", ["", "ABC", "LE17119906", "AZI1000521088", "2Z5R89390357567127", "1Z12345"])
def test_a_number_of_unknown_format_gives_no_warning(number: str) -> None:
    assert tracking_numbers.warning(number) is None


@pytest.mark.parametrize("number", ["123456789013", "1234567890", "1234567890123450", "K1234567890"])
def test_a_format_of_several_carriers_is_checked_only_if_the_carrier_is_known(number: str) -> None:
    assert tracking_numbers.warning(number) is None
    assert tracking_numbers.warning(number, "some_carrier") is None


def test_an_s10_number_with_an_unknown_country_code_gives_a_warning() -> None:
    message = "This looks like an S10 tracking number, but XX is not a country code."
    assert tracking_numbers.warning("RR123456785XX") == message


@given(st.text(max_size=50), st.sampled_from([None, "ups", "usps", "fedex", "dhl", "canada_post"]))
def test_every_text_is_handled(number: str, carrier: str | None) -> None:
    message = tracking_numbers.warning(number, carrier)
    assert message is None or message.endswith(".")


@given(st.text("0123456789 -.", max_size=40))
def test_spaces_do_not_matter_and_normalized_numbers_are_ascii(number: str) -> None:
    assert tracking_numbers.warning(number, "usps") == tracking_numbers.warning(number.replace(" ", ""), "usps")
    assert normal_forms.tracking_number(number).isascii()


def test_published_examples_of_valid_and_invalid_numbers(shared_data: Path) -> None:
    """Invalid numbers of unknown format, such as one that begins with 2Z, give no warning."""
    unknown_format = {"2Z5R89390357567127", "1A5R89390357567127"}
    for carrier in ("ups", "s10"):
        file = shared_data / f"tracking_numbers/couriers/{carrier}.json"
        for numbers in json.loads(file.read_text())["tracking_numbers"]:
            for number in numbers["test_numbers"]["valid"]:
                assert tracking_numbers.warning(number, carrier) is None, number
            for number in numbers["test_numbers"]["invalid"]:
                assert (tracking_numbers.warning(number, carrier) is None) == (number in unknown_format), number
