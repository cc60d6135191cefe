"""Filters of a shipment that reach beyond its plain columns: parties, packages, references, carrier, metadata, tags.

Each takes the shipment's row and what was given, and answers with predicates; an index serves every one of them.
"""

import re
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
from sqlalchemy import ARRAY, Boolean, ColumnElement, Numeric, Text, cast, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from graphql_app import models
from graphql_app.domain import enums, tracking_numbers, units
from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.predicates import (
    TEXTS,  # fmt: skip
    Condition,
    Predicate,
    checked_text,
    checked_texts,
    column,
    constant,
    every,
    of_shipment,
    some,
    strings,
    within,
)
from graphql_app.query_engine.selection import Arguments, Row

MAX_WEIGHT_VALUE = 1_000_000_000_000
NUMBER = re.compile(r"-?(0|[1-9]\d{0,999})(\.\d{1,999})?([eE][+-]?\d{1,3})?", re.ASCII)
"""A number of JSON that PostgreSQL can hold."""


def place(role: enums.PartyRole) -> Condition:
    """PlaceWhere, on the party of a role."""
    fields = {"country": "country_code", "region": "region", "city": "city", "postalCode": "postal_code"}
    inner = every(*(within(name, strings(column(column_name))) for name, column_name in fields.items()))
    return some(models.Party, of_shipment, inner, lambda party: party.c.role == constant(role))


def tracking_number(row: Row, given: Arguments) -> list[Predicate]:
    """A package's tracking number, however it is spelt; `isNull: true`: no package has one."""
    compared = strings(column("tracking_number_norm"), lambda text: checked_text(tracking_numbers.normalize(text)))
    found = list[Predicate]()
    if given["isNull"] is not None:
        any_ = some(models.Package, of_shipment, lambda package, _: [package.c.tracking_number_norm.is_not(None)])
        found += [not_(one) if given["isNull"] else one for one in any_(row, given)]
    rest = given.without("isNull")
    if any(value is not None for value in rest.values.values()):
        found += some(models.Package, of_shipment, compared)(row, rest)
    return found


def references(row: Row, given: Arguments) -> list[Predicate]:
    """ReferenceWhere: one reference with this kind and this value."""
    kind: Condition = lambda there, given: (  # noqa: E731
        [] if given["kind"] is None else [there.c.kind == given.bind("kind", Text(), checked_text)]
    )
    value = within("value", strings(column("value")))
    return some(models.ShipmentReference, of_shipment, every(kind, value))(row, given)


def carriers(row: Row, given: Arguments) -> list[Predicate]:
    """The carrier's code; `isNull` asks whether there is a carrier."""
    found = list[Predicate]()
    if given["isNull"] is not None:
        found.append(row.c.carrier_id.is_(None) if given["isNull"] else row.c.carrier_id.is_not(None))
    carrier = given.builder.row(models.Carrier)
    wanted = strings(column("code"))(carrier, given.without("isNull"))
    if wanted:
        wanted.append(given.builder.account_filter(carrier))
        found.append(row.c.carrier_id.in_(select(carrier.c.id).select_from(carrier).where(*wanted)))
    return found


def metadata(row: Row, given: Arguments) -> list[Predicate]:
    """MetadataWhere: all of the list must hold. An index serves `eq`."""
    found = list[Predicate]()
    for one in given.each("metadata"):
        member = row.c.metadata[one.bind("key", Text(), checked_text)]
        text, inner = member.astext.collate("C"), one.nested("value")  # by bytes, whatever the database's collation
        if inner is None or all(asked is None for asked in inner.values.values()):
            found.append(text.is_not(None))
            continue
        if inner["eq"] is not None:
            key = one.bind("key", Text(), checked_text)
            ways = (inner.bind("eq", Text(), convert) for convert in (quoted, bare))
            members = (func.jsonb_build_object(key, cast(way, JSONB)) for way in ways)
            found += [or_(*(row.c.metadata.contains(member) for member in members)), row.c.metadata != EMPTY]
        if inner["in"] is not None:
            values = inner.bind("in", TEXTS, lambda texts: [way(each) for each in texts for way in (quoted, bare)])
            found.append(member == func.any(cast(values, ARRAY(JSONB))))
        found += strings(partial(as_it_is, text))(row, inner.without("eq").without("in"))
    return found


def as_it_is(text: ColumnElement[Any], _row: Row) -> ColumnElement[Any]:
    """An expression that does not depend on the row it is asked for."""
    return text


def quoted(text: str) -> str:
    """A text as a JSON string."""
    return orjson.dumps(checked_text(text)).decode()


def bare(text: str) -> str:
    """A text as the JSON value that it may stand for: a number, true or false; else as a string."""
    return text if text in ("true", "false") or NUMBER.fullmatch(text) else quoted(text)


EMPTY = json_sql.sql("'{}'")
"""What the indexes of tags and metadata leave out: PostgreSQL uses them only where a condition leaves it out too."""


def tags(row: Row, given: Arguments) -> list[Predicate]:
    """StringListFilter. All of no tags is no condition; every other one needs a tag, and so the index serves it."""
    found = list[Predicate]()
    if given["hasAny"] is not None:
        found.append(row.c.tags.op("&&", return_type=Boolean())(given.bind("hasAny", TEXTS, checked_texts)))
    if given["hasAll"]:
        found.append(row.c.tags.op("@>", return_type=Boolean())(given.bind("hasAll", TEXTS, checked_texts)))
    return [*found, row.c.tags != EMPTY] if found else found


def weights(row: Row, given: Arguments) -> list[Predicate]:
    """WeightFilter, compared in grams."""

    def grams(weight: dict[str, Any]) -> Decimal:
        if abs(weight["value"]) > MAX_WEIGHT_VALUE:
            raise request_errors.BadUserInput(f"A weight in a filter is beyond {MAX_WEIGHT_VALUE:,}.")
        return units.grams(weight["value"], weight["unit"])

    found = list[Predicate]()
    if given["gte"] is not None:
        found.append(row.c.total_weight_g >= given.bind("gte", Numeric(), grams))
    if given["lte"] is not None:
        found.append(row.c.total_weight_g <= given.bind("lte", Numeric(), grams))
    return found
