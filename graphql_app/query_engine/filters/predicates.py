"""Filters → predicates. A table says for each field of `ShipmentWhere` and `TrackingEventWhere` what it compares.

Values travel as parameters; only the shape of a filter decides about the SQL. Null is the same as absent, an empty list
of alternatives matches nothing, and NOT takes whatever does not hold, unknown values included.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    case,
    exists,
    func,
    not_,
    select,
)
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import enums, status_rules
from graphql_app.errors import request_errors
from graphql_app.models import public_ids
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import Arguments, Row, outer_column

Predicate = ColumnElement[bool]
Condition = Callable[[Row, Arguments], list[Predicate]]
Expression = Callable[[Row], ColumnElement[Any]]

NO_UUID = UUID(int=0)
INFINITY = json_sql.sql("'infinity'::timestamptz")
NO_ROWS = json_sql.sql("false")
"""Not SQLAlchemy's own, which would take the rest of the conditions with it, and what their values are refused for."""
TEXTS = ARRAY(Text())
MAX_FILTER_CHARACTERS = 1_000
LAST_CHARACTER = "\U0010ffff"
SURROGATE = re.compile("[\ud800-\udfff]")


def column(column: str) -> Expression:
    """The column of this name."""
    return lambda row: row.c[column]


def or_infinity(column: str) -> Expression:
    """A column that may be null as the indexes have it: null is later than everything."""
    return lambda row: case((row.c[column].is_(None), INFINITY), else_=row.c[column])


def checked_text(text: str) -> str:
    """A text that PostgreSQL can hold, of a length that there is something to find by."""
    if len(text) > MAX_FILTER_CHARACTERS:
        raise request_errors.LimitExceeded(
            f"A filter has a text of {len(text)} characters; the limit is {MAX_FILTER_CHARACTERS}."
        )
    if "\0" in text:
        raise request_errors.BadUserInput("A filter contains the character U+0000, which no text can hold.")
    if not text.isascii() and SURROGATE.search(text):
        raise request_errors.BadUserInput("A filter contains half of a surrogate pair, which no text can hold.")
    return text


def checked_texts(texts: Sequence[str]) -> list[str]:
    return [checked_text(text) for text in texts]


def shipment_ids(publics: Sequence[str]) -> list[UUID]:
    """The UUIDs of public shipment IDs; an ID of another kind becomes one that matches nothing."""
    return [public_ids.decode_as(models.Shipment, public) or NO_UUID for public in publics]


def after_prefix(prefix: str) -> str:
    """The least text that sorts behind all that begin with a prefix, byte by byte."""
    stem = checked_text(prefix).rstrip(LAST_CHARACTER)
    if not stem:
        return LAST_CHARACTER * 8
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def pattern(text: str) -> str:
    """A LIKE pattern for texts that contain this one."""
    return "%" + checked_text(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def strings(expression: Expression, normal: Callable[[str], str] = checked_text) -> Condition:
    """StringFilter: `eq`, `in`, `startsWith`, `contains`, `isNull`. A prefix is a range, which an index serves."""

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        value, found = expression(row), list[Predicate]()
        if given["eq"] is not None:
            found.append(value == given.bind("eq", Text(), normal))
        if given["in"] is not None:
            found.append(value == func.any(given.bind("in", TEXTS, lambda texts: [normal(text) for text in texts])))
        if given["startsWith"] is not None:
            found.append(value >= given.bind("startsWith", Text(), normal))
            found.append(value < given.bind("startsWith", Text(), lambda text: after_prefix(normal(text))))
        if given["contains"] is not None:
            found.append(value.like(given.bind("contains", Text(), lambda text: pattern(normal(text)))))
        if given["isNull"] is not None:
            found.append(value.is_(None) if given["isNull"] else value.is_not(None))
        return found

    return condition


def instants(expression: Expression, *, nullable: bool = False) -> Condition:
    """DateTimeFilter: `gte`, `gt`, `lte`, `lt`, `isNull`."""

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        value, found = expression(row), list[Predicate]()
        for name in ("gte", "gt", "lte", "lt"):
            if given[name] is not None:
                bound = given.bind(name, DateTime(timezone=True))
                found.append(
                    {"gte": value >= bound, "gt": value > bound, "lte": value <= bound, "lt": value < bound}[name]
                )
        if nullable and any(given[name] is not None for name in ("gte", "gt")):
            found.append(value < INFINITY)
        if given["isNull"] is not None:
            found.append(
                (value == INFINITY if given["isNull"] else value < INFINITY)
                if nullable
                else (value.is_(None) if given["isNull"] else value.is_not(None))
            )
        return found

    return condition


def within(name: str, inner: Condition) -> Condition:
    """A filter that lies in a field of the input."""

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        nested = given.nested(name)
        return [] if nested is None else inner(row, nested)

    return condition


def word(column: str, name: str) -> Condition:
    """An enum that equals a value. The value is part of the SQL, so that the planner knows how common it is."""

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        return [] if given[name] is None else [row.c[column] == constant(given[name])]

    return condition


def constant(value: enums.DocumentedEnum) -> ColumnElement[Any]:
    """A word of ours as a literal."""
    return json_sql.string(value)


def one_of(column: ColumnElement[Any], words: Sequence[enums.DocumentedEnum]) -> Predicate:
    """An enum that equals one of some values, whatever their order: see `plan.shape`."""
    return column.in_([constant(value) for value in sorted(set(words))]) if words else NO_ROWS


def statuses(row: Row, given: Arguments) -> list[Predicate]:
    """ShipmentStatusFilter."""
    status, found = row.c.status, list[Predicate]()
    if given["eq"] is not None:
        found.append(status == constant(given["eq"]))
    if given["in"] is not None:
        found.append(one_of(status, given["in"]))
    if given["notIn"] is not None:
        found.append(not_(one_of(status, given["notIn"])))
    return found


def phases(row: Row, given: Arguments) -> list[Predicate]:
    phase = given["phase"]
    return [] if phase is None else [one_of(row.c.status, status_rules.PHASES[phase])]


def identities(model: type[SQLModel]) -> Condition:
    """IDFilter. An id that names nothing of this kind matches nothing."""

    def known(public: str) -> UUID:
        return public_ids.decode_as(model, public) or NO_UUID

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        found = list[Predicate]()
        if given["eq"] is not None:
            found.append(row.c.id == given.bind("eq", Uuid(), known))
        if given["in"] is not None:
            found.append(row.c.id == func.any(given.bind("in", ARRAY(Uuid()), lambda publics: [*map(known, publics)])))
        return found

    return condition


def some(
    model: type[SQLModel],
    join: Callable[[Row, Row], list[Predicate]],
    inner: Condition,
    *fixed: Callable[[Row], Predicate],
) -> Condition:
    """One related row satisfies all of it."""

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        there = given.builder.row(model)
        wanted = [
            *join(there, row),
            given.builder.account_filter(there),
            *(test(there) for test in fixed),
            *inner(there, given),
        ]
        return [exists(select(json_sql.sql("1")).select_from(there).where(*wanted))]

    return condition


def of_shipment(there: Row, row: Row) -> list[Predicate]:
    return [there.c.shipment_id == outer_column(row.c.id)]


def codes(row: Row, given: Arguments) -> list[Predicate]:
    return [] if given["code"] is None else [one_of(row.c.code, given["code"])]


def by(row: Row, given: Arguments) -> list[Predicate]:
    """ShipmentBy: the one of id, number and external reference that is given."""
    if given["id"] is not None:
        return [
            row.c.id
            == given.bind("id", Uuid(), lambda public: public_ids.decode_as(models.Shipment, public) or NO_UUID)
        ]
    if given["number"] is not None:
        return [row.c.number == given.bind("number", Text(), checked_text)]
    return [row.c.external_reference == given.bind("externalReference", Text(), checked_text)]


def flag(column: str, name: str) -> Condition:
    """A boolean that equals a value."""

    def condition(row: Row, given: Arguments) -> list[Predicate]:
        return [] if given[name] is None else [row.c[column] if given[name] else not_(row.c[column])]

    return condition


def not_voided(row: Row, given: Arguments) -> list[Predicate]:
    return [] if given["includeVoided"] else [row.c.voided_at.is_(None)]


def every(*conditions: Condition) -> Condition:
    """All conditions together."""
    return lambda row, given: [predicate for condition in conditions for predicate in condition(row, given)]
