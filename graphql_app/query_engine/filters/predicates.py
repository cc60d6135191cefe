"""The building blocks of filters: functions that turn an input object into predicates over a row.

Values are sent as parameters; only the shape of a filter determines the SQL. Null is the same as omitted, an empty list
of alternatives matches nothing, and NOT matches everything for which the inner filter is not true, null values
included.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, DateTime, Text, Uuid, case, exists, func, not_, select
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import enums, normal_forms, status_rules
from graphql_app.models import public_ids
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.text_values import (
    checked_text,
    contains_pattern,
    normalized_text,
    prefix_upper_bound,
)
from graphql_app.query_engine.selection import Arguments, RowAlias, outer_column

Predicate = ColumnElement[bool]
"""A boolean SQL expression."""
Filter = Callable[[RowAlias, Arguments], list[Predicate]]
"""Returns the predicates of a row for an input object. All of them must be true."""
Expression = Callable[[RowAlias], ColumnElement[Any]]
"""Returns an expression over a row."""

NIL_UUID = UUID(int=0)
"""Matches no row; stands for an ID of another type."""
INFINITY = json_sql.sql("'infinity'::timestamptz")
"""The timestamp after all others."""
NO_ROWS = json_sql.sql("false")
"""Matches no row. SQLAlchemy's `false()` would remove the other predicates, and with them the validation of their
values."""
TEXT_ARRAY = ARRAY(Text())
"""The type of a list of strings."""


def column(name: str) -> Expression:
    """Return the expression of a column."""
    return lambda row: row.c[name]


def or_infinity(name: str) -> Expression:
    """Return the expression of a nullable timestamp as the indexes store it: null is later than every value."""
    return lambda row: case((row.c[name].is_(None), INFINITY), else_=row.c[name])


def decode_id(model: type[SQLModel], public_id: str) -> UUID:
    """Return the UUID of a public ID; `NIL_UUID`, which matches nothing, if it is not an ID of the model."""
    return public_ids.decode_as(model, public_id) or NIL_UUID


def decode_shipment_id(public_id: str) -> UUID:
    """Return the UUID of a shipment's public ID as `decode_id` does."""
    return decode_id(models.Shipment, public_id)


def decode_shipment_ids(ids: Sequence[str]) -> list[UUID]:
    """Return the UUIDs of shipments' public IDs as `decode_id` does."""
    return [decode_shipment_id(public_id) for public_id in ids]


def string_filter(expression: Expression, normal_form: Callable[[str], str] = normal_forms.text) -> Filter:
    """StringFilter: `eq`, `in`, `startsWith`, `contains`, `isNull`.

    A prefix becomes a range, which an index serves. `normal_form` is the one in which the values are stored; a value
    whose normal form is empty matches nothing.
    """

    def normalize(text: str) -> str:
        return normal_form(checked_text(text))

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        value, result = expression(row), list[Predicate]()
        if arguments["eq"] is not None:
            result.append(value == arguments.bind("eq", Text(), normalize))
        if arguments["in"] is not None:
            values = arguments.bind("in", TEXT_ARRAY, lambda texts: [normalize(text) for text in texts])
            result.append(value == func.any(values))
        if arguments["startsWith"] is not None:
            result.append(value >= arguments.bind("startsWith", Text(), normalize))
            result.append(
                value < arguments.bind("startsWith", Text(), lambda text: prefix_upper_bound(normalize(text)))
            )
        if arguments["contains"] is not None:
            pattern = arguments.bind("contains", Text(), lambda text: contains_pattern(normalize(text)))
            result.append(value.like(pattern))
        if arguments["isNull"] is not None:
            result.append(value.is_(None) if arguments["isNull"] else value.is_not(None))
        return result

    return predicates


def datetime_filter(expression: Expression, *, nullable: bool = False) -> Filter:
    """DateTimeFilter: `gte`, `gt`, `lte`, `lt`, `isNull`. `nullable`: the expression is that of `or_infinity`."""

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        value, result = expression(row), list[Predicate]()
        for name in ("gte", "gt", "lte", "lt"):
            if arguments[name] is not None:
                bound = arguments.bind(name, DateTime(timezone=True))
                result.append(
                    {"gte": value >= bound, "gt": value > bound, "lte": value <= bound, "lt": value < bound}[name]
                )
        if nullable and any(arguments[name] is not None for name in ("gte", "gt")):
            result.append(value < INFINITY)
        if arguments["isNull"] is not None:
            if nullable:
                result.append(value == INFINITY if arguments["isNull"] else value < INFINITY)
            else:
                result.append(value.is_(None) if arguments["isNull"] else value.is_not(None))
        return result

    return predicates


def nested_filter(name: str, inner: Filter) -> Filter:
    """Return a filter that applies `inner` to the input object in a field."""

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        nested = arguments.nested(name)
        return [] if nested is None else inner(row, nested)

    return predicates


def enum_equals(column: str, name: str) -> Filter:
    """Return a filter for an enum column that equals a field of the input.

    The value is part of the SQL, so that PostgreSQL plans by its frequency.
    """

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        return [] if arguments[name] is None else [row.c[column] == enum_literal(arguments[name])]

    return predicates


def enum_literal(value: enums.DocumentedEnum) -> ColumnElement[Any]:
    """Return an enum value as a literal."""
    return json_sql.string(value)


def enum_in(column: ColumnElement[Any], values: Sequence[enums.DocumentedEnum]) -> Predicate:
    """Return the predicate `column IN (values)`. The values are sorted, since `plan.shape` ignores their order."""
    return column.in_([enum_literal(value) for value in sorted(set(values))]) if values else NO_ROWS


def status_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentStatusFilter: `eq`, `in`, `notIn`."""
    status, result = row.c.status, list[Predicate]()
    if arguments["eq"] is not None:
        result.append(status == enum_literal(arguments["eq"]))
    if arguments["in"] is not None:
        result.append(enum_in(status, arguments["in"]))
    if arguments["notIn"] is not None:
        result.append(not_(enum_in(status, arguments["notIn"])))
    return result


def phase_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.phase: the statuses of the phase."""
    phase = arguments["phase"]
    return [] if phase is None else [enum_in(row.c.status, status_rules.PHASES[phase])]


def id_filter(model: type[SQLModel]) -> Filter:
    """IDFilter: `eq`, `in`. An ID of another type matches nothing."""

    def decode(public_id: str) -> UUID:
        return decode_id(model, public_id)

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        result = list[Predicate]()
        if arguments["eq"] is not None:
            result.append(row.c.id == arguments.bind("eq", Uuid(), decode))
        if arguments["in"] is not None:
            result.append(row.c.id == func.any(arguments.bind("in", ARRAY(Uuid()), lambda ids: [*map(decode, ids)])))
        return result

    return predicates


def related_row_exists(
    model: type[SQLModel],
    join: Callable[[RowAlias, RowAlias], list[Predicate]],
    inner: Filter,
    *conditions: Callable[[RowAlias], Predicate],
) -> Filter:
    """Return a filter that requires one related row that matches all of `inner`.

    Args:
        model: the model of the related row.
        join: the predicates that join the related row (first) to the row.
        inner: the filter of the related row.
        conditions: further predicates of the related row.
    """

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        related = arguments.builder.row(model)
        where = [
            *join(related, row),
            arguments.builder.account_filter(related),
            *(condition(related) for condition in conditions),
            *inner(related, arguments),
        ]
        return [exists(select(json_sql.sql("1")).select_from(related).where(*where))]

    return predicates


def of_shipment(related: RowAlias, shipment: RowAlias) -> list[Predicate]:
    """Join a row with a `shipment_id` to its shipment."""
    return [related.c.shipment_id == outer_column(shipment.c.id)]


def event_code_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """TrackingEventWhere.code: one of the codes."""
    return [] if arguments["code"] is None else [enum_in(row.c.code, arguments["code"])]


def shipment_by(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentBy: `id`, `number` or `externalReference`, whichever is set."""
    if arguments["id"] is not None:
        return [row.c.id == arguments.bind("id", Uuid(), decode_shipment_id)]
    if arguments["number"] is not None:
        return [row.c.number == arguments.bind("number", Text(), normalized_text)]
    return [row.c.external_reference == arguments.bind("externalReference", Text(), normalized_text)]


def boolean_equals(column: str, name: str) -> Filter:
    """Return a filter for a boolean column that equals a field of the input."""

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        return [] if arguments[name] is None else [row.c[column] if arguments[name] else not_(row.c[column])]

    return predicates


def voided_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """TrackingEventWhere.includeVoided: voided events match only if it is true."""
    return [] if arguments["includeVoided"] else [row.c.voided_at.is_(None)]


def all_of(*filters: Filter) -> Filter:
    """Return a filter that requires all filters."""
    return lambda row, arguments: [predicate for filter_ in filters for predicate in filter_(row, arguments)]
