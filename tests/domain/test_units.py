"""Units: every entered amount is converted exactly, and back without a difference."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_app.domain import units
from graphql_app.domain.enums import LengthUnit, WeightUnit
from graphql_app.models.columns import GRAMS, MILLIMETRES, TOTAL_GRAMS
from tests.support.reference_units import FACTORS

WEIGHTS = st.decimals(0, 10**9, places=units.ENTERED_WEIGHT_DECIMAL_PLACES, allow_nan=False)
LENGTHS = st.decimals(Decimal("0.000001"), 10**7, places=units.ENTERED_LENGTH_DECIMAL_PLACES, allow_nan=False)


@given(WEIGHTS, st.sampled_from(WeightUnit))
@settings(deadline=None)
def test_a_weight_is_converted_to_grams_exactly_and_fits_its_column(value: Decimal, unit: WeightUnit) -> None:
    grams = units.grams(value, unit)
    assert Fraction(grams) == Fraction(value) * FACTORS[unit]
    assert GRAMS.scale is not None
    assert Fraction(grams).limit_denominator(10**GRAMS.scale) == Fraction(grams)


@given(LENGTHS, st.sampled_from(LengthUnit))
@settings(deadline=None)
def test_a_length_is_converted_to_millimetres_and_back_exactly(value: Decimal, unit: LengthUnit) -> None:
    millimetres = units.millimetres(value, unit)
    assert Fraction(millimetres) == Fraction(value) * FACTORS[unit]
    assert MILLIMETRES.scale is not None
    assert Fraction(millimetres).limit_denominator(10**MILLIMETRES.scale) == Fraction(millimetres)
    assert units.entered_length(millimetres, unit) == value


@given(st.lists(st.tuples(WEIGHTS, st.sampled_from(WeightUnit)), max_size=200))
@settings(deadline=None)
def test_a_sum_of_weights_is_exact(weights: list[tuple[Decimal, WeightUnit]]) -> None:
    total = units.total(units.grams(value, unit) for value, unit in weights)
    assert Fraction(total) == sum((Fraction(value) * FACTORS[unit] for value, unit in weights), Fraction(0))


def test_the_factors_are_exact() -> None:
    factors = {str(unit): Fraction(factor) for unit, factor in (units.GRAMS | units.MILLIMETRES).items()}  # type: ignore[operator]
    assert factors == FACTORS


def test_the_columns_hold_the_largest_amounts() -> None:
    for column, integer_digits in ((GRAMS, 9), (TOTAL_GRAMS, 11), (MILLIMETRES, 8)):
        assert column.precision is not None
        assert column.scale is not None
        assert column.precision - column.scale == integer_digits


def test_a_conversion_that_cannot_be_exact_raises() -> None:
    with pytest.raises(Inexact):
        units.entered_length(Decimal(1), LengthUnit.FT)
