"""Fields with a unit or currency: weights, dimensions and money. Units are converted if another one is requested."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func

from graphql_app.domain import enums, units
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.selection import RowAlias, SelectedField
from graphql_app.query_engine.type_mapping import FieldReader


def converted(column: ColumnElement[Any], factor: Decimal) -> ColumnElement[Any]:
    """Return a number divided by the factor of a unit, rounded to
    `units.CONVERTED_DECIMAL_PLACES`.

    PostgreSQL divides to as many places as the divisor has, so the factor is written with 20 of them.
    """
    if factor == 1:
        return column
    return func.round(column / json_sql.sql(f"{factor:.20f}"), json_sql.sql(str(units.CONVERTED_DECIMAL_PLACES)))


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
