"""Tracking numbers: how they are compared, and whether their check digits are right.

Carriers print them with blanks and dashes and reuse them over the years. A wrong check digit is worth a warning and
never a refusal: carriers' own test numbers fail theirs. A shape that says which carrier it is of is always checked;
one of digits alone, which many carriers have, only where the carrier is known.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphql_app.domain import iso_codes

SEPARATORS = re.compile(r"[^A-Z0-9]", re.ASCII)
CheckDigit = Callable[[str], int]


def normalize(number: str) -> str:
    """Upper case, letters and digits only: what two spellings of one number have in common."""
    return SEPARATORS.sub("", number.upper())


def warning(number: str, carrier: str | None = None) -> str | None:
    """What looks wrong about a number, in a sentence; None where nothing does. `carrier`: its code, where known."""
    text, wrong = normalize(number), None
    for scheme in SCHEMES:
        if scheme.carriers and carrier not in scheme.carriers:
            continue
        if (found := scheme.shape.fullmatch(text)) is None:
            continue
        country = found.groupdict().get("country")
        if country is not None and country not in iso_codes.COUNTRIES:
            return f"This looks like an {scheme.name} number, but no country has the code {country}."
        if (due := scheme.check(found["checked"])) == int(found["digit"]):
            return None
        wrong = wrong or f"The check digit of this {scheme.name} number is {found['digit']}; {due} would be right."
    return wrong


def weighed(weights: Sequence[int], number: str) -> int:
    """Sum of the characters' values, each times its weight; letters count as UPS lets them count."""
    values = (int(c) if c.isdigit() else (ord(c) - 3) % 10 for c in number)
    return sum(value * weights[at % len(weights)] for at, value in enumerate(values))


def gs1(number: str) -> int:
    """What is missing to the next ten: GS1's weights take turns from the last digit backwards."""
    return -weighed((3, 1), number[::-1]) % 10


def after(prefix: str) -> CheckDigit:
    """The same of a number that is printed without its application identifier."""
    return lambda number: gs1(prefix + number)


def ups(number: str) -> int:
    return -weighed((1, 2), number) % 10


def fedex(number: str) -> int:
    return weighed((3, 1, 7), number) % 11 % 10


def dhl(number: str) -> int:
    return int(number) % 7


def postal(number: str) -> int:
    """The check digit of the Universal Postal Union's S10."""
    left = 11 - weighed((8, 6, 4, 2, 3, 5, 9, 7), number) % 11
    return {10: 0, 11: 5}.get(left, left)


@dataclass(frozen=True)
class Scheme:
    """A shape of number. Its groups: what is `checked`, the check `digit`, perhaps a `country`."""

    name: str
    shape: re.Pattern[str]
    check: CheckDigit
    carriers: tuple[str, ...]


def scheme(name: str, shape: str, check: CheckDigit, *carriers: str) -> Scheme:
    return Scheme(name, re.compile(shape, re.ASCII), check, carriers)


SCHEMES = (
    scheme("UPS", r"1Z(?P<checked>[A-Z0-9]{15})(?P<digit>\d)", ups),
    scheme("UPS", r"[AHJKTV](?P<checked>\d{9})(?P<digit>\d)", ups, "ups"),
    scheme("S10", r"[A-Z]{2}(?P<checked>\d{8})(?P<digit>\d)(?P<country>[A-Z]{2})", postal),
    scheme("SSCC", r"(?:00)?(?P<checked>\d{17})(?P<digit>\d)", gs1),
    scheme("USPS", r"(?:420\d{5})?(?P<checked>9[1-5]\d{23})(?P<digit>\d)", gs1),
    scheme("USPS", r"(?:420\d{5}(?:\d{4})?)?(?P<checked>9[1-5]\d{19})(?P<digit>\d)", gs1),
    scheme("USPS", r"(?P<checked>\d{19})(?P<digit>\d)", gs1, "usps"),
    scheme("USPS", r"(?P<checked>\d{19})(?P<digit>\d)", after("91"), "usps"),
    scheme("FedEx", r"(?P<checked>\d{11})(?P<digit>\d)", fedex, "fedex"),
    scheme("FedEx", r"(?:96\d{5})?(?P<checked>\d{14})(?P<digit>\d)", gs1, "fedex"),
    scheme("FedEx", r"(?P<checked>\d{19})(?P<digit>\d)", after("92"), "fedex"),
    scheme("DHL Express", r"(?P<checked>\d{9,10})(?P<digit>\d)", dhl, "dhl", "dhl_express"),
    scheme("Canada Post", r"(?P<checked>\d{15})(?P<digit>\d)", gs1, "canada_post"),
)
"""What is known of carriers' numbers: from GS1, the Universal Postal Union and the specifications of labels."""
