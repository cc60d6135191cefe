"""Amounts: weights, measures and money, each with its unit or currency, converted where another one is asked for."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func

from graphql_app.domain import enums, units
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.selection import Row, SelectedField
from graphql_app.query_engine.type_mapping import FieldReader


def amount(column: ColumnElement[Any], factor: Decimal) -> ColumnElement[Any]:
    """An amount in another unit, to `measures.SHOWN` places. PostgreSQL divides to as many places as the factor has."""
    if factor == 1:
        return column
    return func.round(column / json_sql.sql(f"{factor:.20f}"), json_sql.sql(str(units.SHOWN)))


def word(value: enums.DocumentedEnum) -> json_sql.Pieces:
    return [f'"{value}"']


def total_weight(row: Row, field: SelectedField) -> json_sql.Pieces:
    unit, grams = field.arguments["unit"] or enums.WeightUnit.KG, row.c.total_weight_g
    return field.embedded(grams.is_not(None), value=amount(grams, units.GRAMS[unit]), unit=lambda _: word(unit))


def weight(row: Row, field: SelectedField) -> json_sql.Pieces:
    """In the unit in which it was given it comes back as it was given, to the last zero."""
    unit, entered = field.arguments["unit"] or enums.WeightUnit.KG, row.c.weight_entered
    converted = cast(func.trim_scale(amount(row.c.weight_g, units.GRAMS[unit])), Text)
    value = case((row.c.weight_unit == predicates.constant(unit), cast(entered, Text)), else_=converted)
    return field.embedded(entered.is_not(None), value=lambda _: ['"', value, '"'], unit=lambda _: word(unit))


def dimensions(row: Row, field: SelectedField) -> json_sql.Pieces:
    unit = field.arguments["unit"] or enums.LengthUnit.CM
    factor = units.MILLIMETRES[unit]
    return field.embedded(
        row.c.dims_unit.is_not(None),
        length=amount(row.c.length_mm, factor),
        width=amount(row.c.width_mm, factor),
        height=amount(row.c.height_mm, factor),
        unit=lambda _: word(unit),
    )


def money(value: str) -> FieldReader:
    return lambda row, field: field.embedded(row.c[value].is_not(None), amount=row.c[value], currency=row.c.currency)
