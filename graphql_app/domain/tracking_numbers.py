"""Check digits of tracking numbers. Their normal form is in `normal_forms`.

A wrong check digit gives a warning and is never rejected, because carriers' own test numbers have wrong check digits. A
format that identifies its carrier is always checked; a format of digits only, which several carriers use, only if the
carrier is known.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphql_app.domain import iso_codes, normal_forms

CheckDigit = Callable[[str], int]
"""Computes the check digit, 0 to 9, of the digits and letters before it."""


def warning(number: str, carrier: str | None = None) -> str | None:
    """Return a message if a tracking number has a wrong check digit or country code, otherwise None.

    `carrier` is the carrier's code, if known. A number that fits several formats is correct if one check digit is.
    """
    text, message = normal_forms.tracking_number(number), None
    for scheme in SCHEMES:
        if scheme.carriers and carrier not in scheme.carriers:
            continue
        if (match := scheme.pattern.fullmatch(text)) is None:
            continue
        country = match.groupdict().get("country")
        if country is not None and country not in iso_codes.COUNTRIES:
            return f"This looks like an {scheme.name} tracking number, but {country} is not a country code."
        digit, expected = int(match["digit"]), scheme.check_digit(match["checked"])
        if digit == expected:
            return None
        message = (
            message or f"The check digit of this {scheme.name} tracking number is {digit} but should be {expected}."
        )
    return message


def weighted_sum(weights: Sequence[int], number: str) -> int:
    """Return the sum of the characters' values times their weights. The weights repeat; letters have UPS's values."""
    values = (int(character) if character.isdigit() else (ord(character) - 3) % 10 for character in number)
    return sum(value * weights[index % len(weights)] for index, value in enumerate(values))


def gs1_check_digit(number: str) -> int:
    """Return the GS1 check digit: weights 3 and 1 in turn from the last digit backwards, difference to the next ten.

    Source: GS1 General Specifications.
    """
    return -weighted_sum((3, 1), number[::-1]) % 10


def gs1_check_digit_with_prefix(prefix: str) -> CheckDigit:
    """Return a function for the GS1 check digit of numbers that are printed without `prefix`, which it includes."""
    return lambda number: gs1_check_digit(prefix + number)


def ups_check_digit(number: str) -> int:
    """Return the check digit of a UPS tracking number."""
    return -weighted_sum((1, 2), number) % 10


def fedex_check_digit(number: str) -> int:
    """Return the check digit of a FedEx Express tracking number of 12 digits."""
    return weighted_sum((3, 1, 7), number) % 11 % 10


def dhl_check_digit(number: str) -> int:
    """Return the check digit of a DHL Express waybill number."""
    return int(number) % 7


def s10_check_digit(number: str) -> int:
    """Return the check digit of a postal item number (Universal Postal Union, standard S10)."""
    digit = 11 - weighted_sum((8, 6, 4, 2, 3, 5, 9, 7), number) % 11
    return {10: 0, 11: 5}.get(digit, digit)


@dataclass(frozen=True)
class Scheme:
    """A format of tracking numbers with its check digit."""

    name: str
    pattern: re.Pattern[str]
    """Groups: `checked` (the characters before the check digit), `digit` (the check digit), optionally `country`."""
    check_digit: CheckDigit
    carriers: tuple[str, ...]
    """Codes of the carriers to whose numbers the format applies. Empty: applies to all numbers."""


def scheme(name: str, pattern: str, check_digit: CheckDigit, *carriers: str) -> Scheme:
    """Return a format; see Scheme for the groups of `pattern`."""
    return Scheme(name, re.compile(pattern, re.ASCII), check_digit, carriers)


SCHEMES = (
    scheme("UPS", r"1Z(?P<checked>[A-Z0-9]{15})(?P<digit>\d)", ups_check_digit),
    scheme("UPS", r"[AHJKTV](?P<checked>\d{9})(?P<digit>\d)", ups_check_digit, "ups"),
    scheme("S10", r"[A-Z]{2}(?P<checked>\d{8})(?P<digit>\d)(?P<country>[A-Z]{2})", s10_check_digit),
    scheme("SSCC", r"(?:00)?(?P<checked>\d{17})(?P<digit>\d)", gs1_check_digit),
    scheme("USPS", r"(?:420\d{5})?(?P<checked>9[1-5]\d{23})(?P<digit>\d)", gs1_check_digit),
    scheme("USPS", r"(?:420\d{5}(?:\d{4})?)?(?P<checked>9[1-5]\d{19})(?P<digit>\d)", gs1_check_digit),
    scheme("USPS", r"(?P<checked>\d{19})(?P<digit>\d)", gs1_check_digit, "usps"),
    scheme("USPS", r"(?P<checked>\d{19})(?P<digit>\d)", gs1_check_digit_with_prefix("91"), "usps"),
    scheme("FedEx", r"(?P<checked>\d{11})(?P<digit>\d)", fedex_check_digit, "fedex"),
    scheme("FedEx", r"(?:96\d{5})?(?P<checked>\d{14})(?P<digit>\d)", gs1_check_digit, "fedex"),
    scheme("FedEx", r"(?P<checked>\d{19})(?P<digit>\d)", gs1_check_digit_with_prefix("92"), "fedex"),
    scheme("DHL Express", r"(?P<checked>\d{9,10})(?P<digit>\d)", dhl_check_digit, "dhl", "dhl_express"),
    scheme("Canada Post", r"(?P<checked>\d{15})(?P<digit>\d)", gs1_check_digit, "canada_post"),
)
"""Formats in the order in which they are tried. Sources: GS1, the Universal Postal Union, carriers' label guides."""
