"""Units of weight and length: exact conversion factors, conversion to the units of the tables. Decimal, never float."""

from decimal import ROUND_HALF_UP, Context, Decimal

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

EXACT_CONTEXT = Context(prec=100, rounding=ROUND_HALF_UP)
"""Context without rounding errors: the API accepts 30 digits before and 20 after the decimal point, times a factor."""

SHOWN = 6
"""Decimal places of a converted amount. An amount in its unit of entry is returned as entered."""


def grams(value: Decimal, unit: WeightUnit) -> Decimal:
    """Return a weight in grams, rounded half up to 3 decimal places (1 mg) as the tables store it."""
    return EXACT_CONTEXT.quantize(EXACT_CONTEXT.multiply(value, GRAMS[unit]), Decimal("0.001"))


def millimetres(value: Decimal, unit: LengthUnit) -> Decimal:
    """Return a length in millimetres, rounded half up to 4 decimal places (0.1 µm) as the tables store it."""
    return EXACT_CONTEXT.quantize(EXACT_CONTEXT.multiply(value, MILLIMETRES[unit]), Decimal("0.0001"))
