"""Units: exact factors, and amounts taken from one unit to another. Decimal in, Decimal out, never a float."""

from decimal import ROUND_HALF_UP, Context, Decimal

from graphql_app.domain.enums import LengthUnit, WeightUnit

GRAMS = {
    WeightUnit.G: Decimal(1),
    WeightUnit.KG: Decimal(1000),
    WeightUnit.OZ: Decimal("28.349523125"),
    WeightUnit.LB: Decimal("453.59237"),
}
MILLIMETRES = {
    LengthUnit.MM: Decimal(1),
    LengthUnit.CM: Decimal(10),
    LengthUnit.M: Decimal(1000),
    LengthUnit.IN: Decimal("25.4"),
    LengthUnit.FT: Decimal("304.8"),
}
EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
"""Room for every amount that the API reads: 30 digits before the point and 20 behind it, times a factor."""
SHOWN = 6
"""Decimal places of an amount that was converted; one that is shown in the unit it was given in is shown as given."""


def grams(value: Decimal, unit: WeightUnit) -> Decimal:
    """An amount in grams, to the milligram: what the tables hold."""
    return EXACT.quantize(EXACT.multiply(value, GRAMS[unit]), Decimal("0.001"))


def millimetres(value: Decimal, unit: LengthUnit) -> Decimal:
    """A length in millimetres, to a tenth of a micrometre: what the tables hold."""
    return EXACT.quantize(EXACT.multiply(value, MILLIMETRES[unit]), Decimal("0.0001"))
