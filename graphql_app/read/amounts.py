"""Amounts: weights, measures and money, each with its unit or currency, converted where another one is asked for."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func

from graphql_app import measures
from graphql_app import vocabulary as v
from graphql_app.read import json, where
from graphql_app.read.mirror import How
from graphql_app.read.selection import Field, Row


def amount(column: ColumnElement[Any], factor: Decimal) -> ColumnElement[Any]:
    """An amount in another unit, to `measures.SHOWN` places. PostgreSQL divides to as many places as the factor has."""
    if factor == 1:
        return column
    return func.round(column / json.sql(f"{factor:.20f}"), json.sql(str(measures.SHOWN)))


def word(value: v.Word) -> json.Pieces:
    return [f'"{value}"']


def total_weight(row: Row, field: Field) -> json.Pieces:
    unit, grams = field.given["unit"] or v.WeightUnit.KG, row.c.total_weight_g
    return field.embedded(grams.is_not(None), value=amount(grams, measures.GRAMS[unit]), unit=lambda _: word(unit))


def weight(row: Row, field: Field) -> json.Pieces:
    """In the unit in which it was given it comes back as it was given, to the last zero."""
    unit, entered = field.given["unit"] or v.WeightUnit.KG, row.c.weight_entered
    converted = cast(func.trim_scale(amount(row.c.weight_g, measures.GRAMS[unit])), Text)
    value = case((row.c.weight_unit == where.constant(unit), cast(entered, Text)), else_=converted)
    return field.embedded(entered.is_not(None), value=lambda _: ['"', value, '"'], unit=lambda _: word(unit))


def dimensions(row: Row, field: Field) -> json.Pieces:
    unit = field.given["unit"] or v.LengthUnit.CM
    factor = measures.MILLIMETRES[unit]
    return field.embedded(
        row.c.dims_unit.is_not(None),
        length=amount(row.c.length_mm, factor),
        width=amount(row.c.width_mm, factor),
        height=amount(row.c.height_mm, factor),
        unit=lambda _: word(unit),
    )


def money(value: str) -> How:
    return lambda row, field: field.embedded(row.c[value].is_not(None), amount=row.c[value], currency=row.c.currency)
