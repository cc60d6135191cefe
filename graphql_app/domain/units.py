"""Units of weight and length: exact conversion factors, conversion to the units of the tables. Decimal, never float."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact

from graphql_app.domain.enums import LengthUnit, WeightUnit

GRAMS = {
    WeightUnit.G: Decimal(1),
    WeightUnit.KG: Decimal(1000),
    WeightUnit.OZ: Decimal("28.349523125"),
    WeightUnit.LB: Decimal("453.59237"),
}
"""Grams per unit of weight. The avoirdupois factors are exact (international yard and pound agreement of 1959)."""

MILLIMETRES = {
    LengthUnit.MM: Decimal(1),
    LengthUnit.CM: Decimal(10),
    LengthUnit.M: Decimal(1000),
    LengthUnit.IN: Decimal("25.4"),
    LengthUnit.FT: Decimal("304.8"),
}
"""Millimetres per unit of length; all factors are exact."""

ENTERED_WEIGHT_DECIMAL_PLACES = 9
"""Decimal places that a weight may have in its unit of entry."""
ENTERED_LENGTH_DECIMAL_PLACES = 6
"""Decimal places that a length may have in its unit of entry."""
GRAMS_DECIMAL_PLACES = 18
"""Decimal places of an entered weight in grams: those of the entry and the 9 of an ounce."""
MILLIMETRES_DECIMAL_PLACES = 7
"""Decimal places of an entered length in millimetres: those of the entry and the one of an inch or foot."""

EXACT_CONTEXT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[Inexact])
"""Context without rounding errors: the API accepts 30 digits before and 24 after the decimal point, times a factor. A
result that would have to be rounded raises an exception."""

CONVERTED_DECIMAL_PLACES = 6
"""Decimal places of an amount that is no finite decimal in the requested unit. All other amounts are exact."""


def grams(value: Decimal, unit: WeightUnit) -> Decimal:
    """Return a weight in grams, exactly."""
    return EXACT_CONTEXT.multiply(value, GRAMS[unit])


def millimetres(value: Decimal, unit: LengthUnit) -> Decimal:
    """Return a length in millimetres, exactly."""
    return EXACT_CONTEXT.multiply(value, MILLIMETRES[unit])


def entered_length(millimetres: Decimal, unit: LengthUnit) -> Decimal:
    """Return the length in a unit for which `millimetres` returned this value, exactly."""
    return EXACT_CONTEXT.divide(millimetres, MILLIMETRES[unit])


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum. `sum` would round it to 28 digits."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT_CONTEXT.add(result, amount)
    return result
