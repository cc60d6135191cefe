"""Fields with a unit or currency: weights, dimensions and money. Units are converted if another one is requested."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func

from graphql_app.domain import enums, units
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.selection import RowAlias, SelectedField
from graphql_app.query_engine.type_mapping import FieldReader

MAX_FINITE_DECIMAL_PLACES = units.GRAMS_DECIMAL_PLACES + 2
"""Maximum number of decimal places of a finite result of a division by the factor of a unit."""


def converted(column: ColumnElement[Any], factor: Decimal) -> ColumnElement[Any]:
    """Return a number divided by the factor of a unit: exactly if the result is a finite decimal, otherwise rounded to
    `units.CONVERTED_DECIMAL_PLACES`.

    A finite result has no more decimal places than the number, two excepted (a foot is 2² · 3 · 127 / 5 millimetres);
    multiplied by the factor it is the number again. PostgreSQL divides to as many places as the divisor has.
    """
    if factor == 1:
        return column
    if factor == Decimal(10) ** factor.adjusted():
        return column * json_sql.sql(f"{1 / factor:f}")
    quotient = column / json_sql.sql(f"{factor:.{MAX_FINITE_DECIMAL_PLACES + 2}f}")
    finite = func.round(quotient, json_sql.sql(str(MAX_FINITE_DECIMAL_PLACES)))
    rounded = func.round(quotient, json_sql.sql(str(units.CONVERTED_DECIMAL_PLACES)))
    return case((finite * json_sql.sql(f"{factor:f}") == column, finite), else_=rounded)


def enum_value(value: enums.DocumentedEnum) -> json_sql.Pieces:
    """Return the JSON of an enum value."""
    return [f'"{value}"']


def total_weight(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read `Shipment.totalWeight`."""
    unit, grams = field.arguments["unit"] or enums.WeightUnit.KG, row.c.total_weight_g
    return field.embedded_object(
        grams.is_not(None), value=converted(grams, units.GRAMS[unit]), unit=lambda _: enum_value(unit)
    )


def weight(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read `Package.weight`. In the unit of its input it is returned as entered, with trailing zeros."""
    unit, entered = field.arguments["unit"] or enums.WeightUnit.KG, row.c.weight_entered
    in_other_unit = cast(func.trim_scale(converted(row.c.weight_g, units.GRAMS[unit])), Text)
    is_entered_unit = row.c.weight_unit == predicates.enum_literal(unit)
    value = case((is_entered_unit, cast(entered, Text)), else_=in_other_unit)
    return field.embedded_object(
        entered.is_not(None), value=lambda _: ['"', value, '"'], unit=lambda _: enum_value(unit)
    )


def dimensions(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read `Package.dimensions`."""
    unit = field.arguments["unit"] or enums.LengthUnit.CM
    factor = units.MILLIMETRES[unit]
    return field.embedded_object(
        row.c.dims_unit.is_not(None),
        length=converted(row.c.length_mm, factor),
        width=converted(row.c.width_mm, factor),
        height=converted(row.c.height_mm, factor),
        unit=lambda _: enum_value(unit),
    )


def money(column: str) -> FieldReader:
    """Return the reader of an amount of money in a column, in the currency of its row."""
    return lambda row, field: field.embedded_object(
        row.c[column].is_not(None), amount=row.c[column], currency=row.c.currency
    )
