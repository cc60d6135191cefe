"""Filters → predicates. A table says for each field of `ShipmentWhere` and `TrackingEventWhere` what it compares.

Values travel as parameters; only the shape of a filter decides about the SQL. Null is the same as absent, an empty list
of alternatives matches nothing, and NOT takes whatever does not hold, unknown values included.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Numeric,
    Text,
    Uuid,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app import errors, ids, lifecycle, measures, models, tracking_numbers
from graphql_app import vocabulary as v
from graphql_app.read import json
from graphql_app.read.selection import Given, Row, outer

Predicate = ColumnElement[bool]
Condition = Callable[[Row, Given], list[Predicate]]
Expression = Callable[[Row], ColumnElement[Any]]

NOWHERE = UUID(int=0)
INFINITY = json.sql("'infinity'::timestamptz")
TEXTS = ARRAY(Text())
MOST_CHARACTERS, MOST_WEIGHT = 1_000, 1_000_000_000_000
LARGEST = "\U0010ffff"


def named(column: str) -> Expression:
    """The column of this name."""
    return lambda row: row.c[column]


def or_infinity(column: str) -> Expression:
    """A column that may be null as the indexes have it: null is later than everything."""
    return lambda row: func.coalesce(row.c[column], INFINITY)


def clean(text: str) -> str:
    """A text that PostgreSQL can hold, of a length that there is something to find by."""
    if len(text) > MOST_CHARACTERS:
        raise errors.LimitExceeded(f"A filter has a text of {len(text)} characters; the limit is {MOST_CHARACTERS}.")
    if "\0" in text:
        raise errors.BadUserInput("A filter contains the character U+0000, which no text can hold.")
    return text


def all_clean(texts: Sequence[str]) -> list[str]:
    return [clean(text) for text in texts]


def behind(prefix: str) -> str:
    """The least text that sorts behind all that begin with a prefix, byte by byte."""
    stem = clean(prefix).rstrip(LARGEST)
    if not stem:
        return LARGEST * 8
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def pattern(text: str) -> str:
    """A LIKE pattern for texts that contain this one."""
    return "%" + clean(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def strings(expression: Expression, normal: Callable[[str], str] = clean) -> Condition:
    """StringFilter: `eq`, `in`, `startsWith`, `contains`, `isNull`. A prefix is a range, which an index serves."""

    def condition(row: Row, given: Given) -> list[Predicate]:
        value, found = expression(row), list[Predicate]()
        if given["eq"] is not None:
            found.append(value == given.bind("eq", Text(), normal))
        if given["in"] is not None:
            found.append(value == func.any(given.bind("in", TEXTS, lambda texts: [normal(text) for text in texts])))
        if given["startsWith"] is not None:
            found.append(value >= given.bind("startsWith", Text(), normal))
            found.append(value < given.bind("startsWith", Text(), lambda text: behind(normal(text))))
        if given["contains"] is not None:
            found.append(value.like(given.bind("contains", Text(), lambda text: pattern(normal(text)))))
        if given["isNull"] is not None:
            found.append(value.is_(None) if given["isNull"] else value.is_not(None))
        return found

    return condition


def instants(expression: Expression, *, nullable: bool = False) -> Condition:
    """DateTimeFilter: `gte`, `gt`, `lte`, `lt`, `isNull`."""

    def condition(row: Row, given: Given) -> list[Predicate]:
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

    def condition(row: Row, given: Given) -> list[Predicate]:
        nested = given.within(name)
        return [] if nested is None else inner(row, nested)

    return condition


def word(column: str, name: str) -> Condition:
    """An enum that equals a value. The value is part of the SQL, so that the planner knows how common it is."""

    def condition(row: Row, given: Given) -> list[Predicate]:
        return [] if given[name] is None else [row.c[column] == constant(given[name])]

    return condition


def constant(value: v.Word) -> ColumnElement[Any]:
    """A word of ours as a literal."""
    return json.string(value)


def one_of(column: ColumnElement[Any], words: Sequence[v.Word]) -> Predicate:
    return column.in_([constant(value) for value in dict.fromkeys(words)]) if words else false()


def statuses(row: Row, given: Given) -> list[Predicate]:
    """ShipmentStatusFilter."""
    status, found = row.c.status, list[Predicate]()
    if given["eq"] is not None:
        found.append(status == constant(given["eq"]))
    if given["in"] is not None:
        found.append(one_of(status, given["in"]))
    if given["notIn"] is not None:
        found.append(not_(one_of(status, given["notIn"])))
    return found


def phases(row: Row, given: Given) -> list[Predicate]:
    phase = given["phase"]
    return [] if phase is None else [one_of(row.c.status, lifecycle.PHASES[phase])]


def identities(model: type[SQLModel]) -> Condition:
    """IDFilter. An id that names nothing of this kind matches nothing."""

    def known(public: str) -> UUID:
        return ids.of(model, public) or NOWHERE

    def condition(row: Row, given: Given) -> list[Predicate]:
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

    def condition(row: Row, given: Given) -> list[Predicate]:
        there = given.draft.row(model)
        scope = there.c.account_id == given.draft.account()
        wanted = [*join(there, row), scope, *(test(there) for test in fixed), *inner(there, given)]
        return [exists(select(json.sql("1")).select_from(there).where(*wanted))]

    return condition


def of_shipment(there: Row, row: Row) -> list[Predicate]:
    return [there.c.shipment_id == outer(row.c.id)]


def place(role: v.PartyRole) -> Condition:
    """PlaceWhere, on the party of a role."""
    fields = {"country": "country_code", "region": "region", "city": "city", "postalCode": "postal_code"}
    inner = every(*(within(name, strings(named(column))) for name, column in fields.items()))
    return some(models.Party, of_shipment, inner, lambda party: party.c.role == constant(role))


def tracking_number(row: Row, given: Given) -> list[Predicate]:
    """A package's tracking number, however it is spelt; `isNull: true`: no package has one."""
    compared = strings(named("tracking_number_norm"), lambda text: clean(tracking_numbers.normal(text)))
    found = list[Predicate]()
    if given["isNull"] is not None:
        any_ = some(models.Package, of_shipment, lambda package, _: [package.c.tracking_number_norm.is_not(None)])
        found += [not_(one) if given["isNull"] else one for one in any_(row, given)]
    rest = given.without("isNull")
    if any(value is not None for value in rest.values.values()):
        found += some(models.Package, of_shipment, compared)(row, rest)
    return found


def references(row: Row, given: Given) -> list[Predicate]:
    """ReferenceWhere: one reference with this kind and this value."""
    kind: Condition = lambda there, given: (  # noqa: E731
        [] if given["kind"] is None else [there.c.kind == given.bind("kind", Text(), clean)]
    )
    value = within("value", strings(named("value")))
    return some(models.ShipmentReference, of_shipment, every(kind, value))(row, given)


def carriers(row: Row, given: Given) -> list[Predicate]:
    """The carrier's code; `isNull` asks whether there is a carrier."""
    found = list[Predicate]()
    if given["isNull"] is not None:
        found.append(row.c.carrier_id.is_(None) if given["isNull"] else row.c.carrier_id.is_not(None))
    carrier = given.draft.row(models.Carrier)
    wanted = strings(named("code"))(carrier, given.without("isNull"))
    if wanted:
        wanted.append(carrier.c.account_id == given.draft.account())
        found.append(row.c.carrier_id.in_(select(carrier.c.id).select_from(carrier).where(*wanted)))
    return found


def given_column(column: ColumnElement[Any], _row: Row) -> ColumnElement[Any]:
    """An expression that does not depend on the row it is asked for."""
    return column


def metadata(row: Row, given: Given) -> list[Predicate]:
    """MetadataWhere: all of the list must hold. An index serves `eq`; numbers and booleans compare by their text."""
    found = list[Predicate]()
    for one in given.each("metadata"):
        value, inner = row.c.metadata[one.bind("key", Text(), clean)].astext, one.within("value")
        if inner is None:
            found.append(value.is_not(None))
            continue
        if inner["eq"] is not None:
            key = one.bind("key", Text(), clean)
            text, bare = inner.bind("eq", Text(), clean), inner.bind("eq", Text(), bare_json)
            found.append(
                or_(
                    row.c.metadata.contains(func.jsonb_build_object(key, text)),
                    row.c.metadata.contains(func.jsonb_build_object(key, cast(bare, JSONB))),
                )
            )
        found += strings(partial(given_column, value))(row, inner.without("eq"))
    return found


def bare_json(text: str) -> str:
    """A text as the JSON value that it may stand for: a number, true or false; else itself as a string."""
    try:
        value = orjson.loads(clean(text))
    except orjson.JSONDecodeError:
        value = text
    return orjson.dumps(value if isinstance(value, int | float | bool) else text).decode()


def tags(row: Row, given: Given) -> list[Predicate]:
    """StringListFilter."""
    found = list[Predicate]()
    if given["hasAny"] is not None:
        found.append(row.c.tags.op("&&", return_type=Boolean())(given.bind("hasAny", TEXTS, all_clean)))
    if given["hasAll"] is not None:
        found.append(row.c.tags.op("@>", return_type=Boolean())(given.bind("hasAll", TEXTS, all_clean)))
    return found


def weights(row: Row, given: Given) -> list[Predicate]:
    """WeightFilter, compared in grams."""

    def grams(weight: dict[str, Any]) -> Decimal:
        if abs(weight["value"]) > MOST_WEIGHT:
            raise errors.BadUserInput(f"A weight in a filter is beyond {MOST_WEIGHT:,}.")
        return measures.grams(weight["value"], weight["unit"])

    found = list[Predicate]()
    if given["gte"] is not None:
        found.append(row.c.total_weight_g >= given.bind("gte", Numeric(), grams))
    if given["lte"] is not None:
        found.append(row.c.total_weight_g <= given.bind("lte", Numeric(), grams))
    return found


def codes(row: Row, given: Given) -> list[Predicate]:
    return [] if given["code"] is None else [one_of(row.c.code, given["code"])]


def by(row: Row, given: Given) -> list[Predicate]:
    """ShipmentBy: the one of id, number and external reference that is given."""
    if given["id"] is not None:
        return [row.c.id == given.bind("id", Uuid(), lambda public: ids.of(models.Shipment, public) or NOWHERE)]
    if given["number"] is not None:
        return [row.c.number == given.bind("number", Text(), clean)]
    return [row.c.external_reference == given.bind("externalReference", Text(), clean)]


def flag(column: str, name: str) -> Condition:
    """A boolean that equals a value."""

    def condition(row: Row, given: Given) -> list[Predicate]:
        return [] if given[name] is None else [row.c[column] if given[name] else not_(row.c[column])]

    return condition


def not_voided(row: Row, given: Given) -> list[Predicate]:
    return [] if given["includeVoided"] else [row.c.voided_at.is_(None)]


def every(*conditions: Condition) -> Condition:
    """All conditions together."""
    return lambda row, given: [predicate for condition in conditions for predicate in condition(row, given)]
