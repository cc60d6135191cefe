"""Filters of a shipment that reach beyond its plain columns: parties, packages, references, carrier, metadata, tags.

Each takes the shipment's row and what was given, and answers with predicates; an index serves every one of them.
"""

from decimal import Decimal
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Boolean, ColumnElement, Numeric, Text, cast, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from graphql_app import errors, measures, models, tracking_numbers
from graphql_app import vocabulary as v
from graphql_app.read.selection import Given, Row
from graphql_app.read.where import (
    TEXTS,
    Condition,
    Predicate,
    all_clean,
    clean,
    constant,
    every,
    named,
    of_shipment,
    some,
    strings,
    within,
)  # fmt: skip

MOST_WEIGHT = 1_000_000_000_000


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
