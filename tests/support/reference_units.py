"""Measurements in other units, in exact fractions of plain Python. The factors are written out once more."""

from decimal import Decimal
from fractions import Fraction

from graphql_app.graphql_types import scalars

FACTORS = {
    "G": Fraction(1),
    "KG": Fraction(1000),
    "OZ": Fraction(45359237, 1600000),
    "LB": Fraction(45359237, 100000),
    "MM": Fraction(1),
    "CM": Fraction(10),
    "M": Fraction(1000),
    "IN": Fraction(127, 5),
    "FT": Fraction(1524, 5),
}
"""Grams or millimetres per unit: a pound is 0.45359237 kg and an inch 25.4 mm (agreement of 1959)."""


def in_unit(value: Decimal | None, unit: str) -> Decimal | None:
    """A number of grams or millimetres in a unit: exact if it is a finite decimal, else rounded to six places."""
    return None if value is None else decimal_of(Fraction(value) / FACTORS[unit])


def decimal_of(fraction: Fraction) -> Decimal:
    """A fraction as a decimal: exact if it is finite, else rounded half up to six places."""
    rest, twos, fives = fraction.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives) if rest == 1 else 6
    digits = int(fraction * 10**places + Fraction(1, 2))
    return Decimal((0, tuple(map(int, str(digits))), -places))


class Exactly(Decimal):
    """A value that is shown as it was entered, trailing zeros included."""


def amount_text(value: Decimal) -> str:
    """A value as the API prints it."""
    return f"{value:f}" if isinstance(value, Exactly) else scalars.format_decimal(value)
