"""Filters of shipments by more than plain columns: parties, packages, references, carrier, metadata, tags and weight.

Each takes the shipment's row and the input object and returns predicates. An index serves each of them.
"""

import re
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
from sqlalchemy import ARRAY, Boolean, ColumnElement, Numeric, Text, case, cast, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from graphql_app import models
from graphql_app.domain import carrier_status_codes, enums, normal_forms, units
from graphql_app.errors import request_errors
from graphql_app.models.lateness import MAX_WEIGHT_G
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.predicates import (
    TEXT_ARRAY,
    Filter,
    Predicate,
    all_of,
    column,
    enum_literal,
    nested_filter,
    of_shipment,
    related_row_exists,
    string_filter,
)
from graphql_app.query_engine.filters.text_values import (
    normalized_metadata_text,
    normalized_text,
    normalized_texts,
)
from graphql_app.query_engine.selection import Arguments, RowAlias

MAX_WEIGHT_VALUE = 1_000_000_000_000
"""Maximum absolute value of a weight in a filter, in any unit."""
JSON_NUMBER = re.compile(r"-?(0|[1-9]\d{0,999})(\.\d{1,999})?([eE][+-]?\d{1,3})?", re.ASCII)
"""A JSON number that PostgreSQL can store."""
NO_WEIGHT = json_sql.sql(MAX_WEIGHT_G)
"""The indexed value of a missing weight."""
EMPTY = json_sql.sql("'{}'")
"""Empty tags or metadata. Their indexes are partial and exclude it, so a predicate must exclude it too."""


def place_filter(role: enums.PartyRole) -> Filter:
    """Return a filter for PlaceWhere, applied to the party with a role."""
    filters = {
        "country": string_filter(column("country_code"), normal_forms.code),
        "region": string_filter(column("region")),
        "city": string_filter(column("city_key"), normal_forms.case_folded),
        "postalCode": string_filter(column("postal_code")),
    }
    inner = all_of(*(nested_filter(name, filter_) for name, filter_ in filters.items()))
    return related_row_exists(models.Party, of_shipment, inner, lambda party: party.c.role == enum_literal(role))


def recipient_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """RecipientWhere: name, e-mail address and telephone number of the recipient."""
    inner = all_of(*(nested_filter(name, string_filter(column(name))) for name in ("name", "email", "phone")))
    is_recipient = partial(has_role, enums.PartyRole.RECIPIENT)
    return related_row_exists(models.Party, of_shipment, inner, is_recipient)(row, arguments)


def has_role(role: enums.PartyRole, party: RowAlias) -> Predicate:
    """Return the predicate for parties with a role."""
    return party.c.role == enum_literal(role)


def item_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.items: a single item that satisfies all conditions."""
    return related_row_exists(models.ShipmentItem, of_shipment, item_predicates)(row, arguments)


item_predicates = all_of(*(nested_filter(name, string_filter(column(name))) for name in ("sku", "title", "batch")))
"""The filter of an ItemWhere, applied to an item."""


def carrier_status_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.carrierStatusRaw: an event that is not voided with such a code. Nothing if no condition is set."""
    if all(operand is None for operand in arguments.values.values()):
        return []
    inner = string_filter(column("carrier_status_key"), carrier_status_codes.normalize)
    return related_row_exists(models.TrackingEvent, of_shipment, inner, is_not_voided)(row, arguments)


def is_not_voided(event: RowAlias) -> Predicate:
    """Return the predicate for events that are not voided."""
    return event.c.voided_at.is_(None)


def tracking_number_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.trackingNumber: a package's tracking number, normalized. `isNull: true`: no package has one."""
    normalized = string_filter(column("tracking_number_norm"), normal_forms.tracking_number)
    result = list[Predicate]()
    if arguments["isNull"] is not None:
        has_number = related_row_exists(
            models.Package, of_shipment, lambda package, _: [package.c.tracking_number_norm.is_not(None)]
        )
        result += [not_(predicate) if arguments["isNull"] else predicate for predicate in has_number(row, arguments)]
    others = arguments.without("isNull")
    if any(value is not None for value in others.values.values()):
        result += related_row_exists(models.Package, of_shipment, normalized)(row, others)
    return result


def reference_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ReferenceWhere: a single reference with this kind and this value."""

    def kind(reference: RowAlias, arguments: Arguments) -> list[Predicate]:
        if arguments["kind"] is None:
            return []
        return [reference.c.kind == arguments.bind("kind", Text(), normalized_text)]

    value = nested_filter("value", string_filter(column("value")))
    return related_row_exists(models.ShipmentReference, of_shipment, all_of(kind, value))(row, arguments)


def carrier_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.carrier: the carrier's code. `isNull: true`: the shipment has no carrier."""
    result = list[Predicate]()
    if arguments["isNull"] is not None:
        result.append(row.c.carrier_id.is_(None) if arguments["isNull"] else row.c.carrier_id.is_not(None))
    carrier = arguments.builder.row(models.Carrier)
    where = string_filter(column("code"))(carrier, arguments.without("isNull"))
    if where:
        where.append(arguments.builder.account_filter(carrier))
        result.append(row.c.carrier_id.in_(select(carrier.c.id).select_from(carrier).where(*where)))
    return result


def metadata_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """MetadataWhere: every item of the list must match. An index serves `eq`."""
    result = list[Predicate]()
    for item in arguments.nested_list("metadata"):
        member = row.c.metadata[item.bind("key", Text(), normalized_metadata_text)]
        text = member.astext.collate("C")  # compares bytes, whatever the collation of the database
        value = item.nested("value")
        if value is None or all(operand is None for operand in value.values.values()):
            result.append(text.is_not(None))
            continue
        if value["eq"] is not None:
            key = item.bind("key", Text(), normalized_metadata_text)
            operands = (value.bind("eq", Text(), convert) for convert in (as_json_string, as_json_value))
            objects = (func.jsonb_build_object(key, cast(operand, JSONB)) for operand in operands)
            result += [or_(*(row.c.metadata.contains(object_) for object_ in objects)), row.c.metadata != EMPTY]
        if value["in"] is not None:
            alternatives = value.bind(
                "in",
                TEXT_ARRAY,
                lambda texts: [convert(text) for text in texts for convert in (as_json_string, as_json_value)],
            )
            result.append(member == func.any(cast(alternatives, ARRAY(JSONB))))
        result += string_filter(partial(constant_expression, text), normal_forms.nfc)(
            row, value.without("eq").without("in")
        )
    return result


def constant_expression(expression: ColumnElement[Any], _row: RowAlias) -> ColumnElement[Any]:
    """Return an expression that does not depend on the row that is passed."""
    return expression


def as_json_string(text: str) -> str:
    """Return a text as a JSON string."""
    return orjson.dumps(normalized_metadata_text(text)).decode()


def as_json_value(text: str) -> str:
    """Return a text as the JSON number or boolean that it spells, otherwise as a JSON string."""
    return text if text in ("true", "false") or JSON_NUMBER.fullmatch(text) else as_json_string(text)


def tags_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """StringListFilter: `hasAny`, `hasAll`.

    `hasAll` with an empty list matches everything. Every other condition requires a tag, so that the index serves it.
    """
    result = list[Predicate]()
    if arguments["hasAny"] is not None:
        tags = arguments.bind("hasAny", TEXT_ARRAY, normalized_texts)
        result.append(row.c.tags.op("&&", return_type=Boolean())(tags))
    if arguments["hasAll"]:
        tags = arguments.bind("hasAll", TEXT_ARRAY, normalized_texts)
        result.append(row.c.tags.op("@>", return_type=Boolean())(tags))
    return [*result, row.c.tags != EMPTY] if result else result


def grams_of(weight: dict[str, Any]) -> Decimal:
    """Return a WeightInput in grams.

    Raises:
        BadUserInput: its absolute value is above `MAX_WEIGHT_VALUE`.
    """
    if abs(weight["value"]) > MAX_WEIGHT_VALUE:
        raise request_errors.BadUserInput(
            f"A weight in a filter must be between -{MAX_WEIGHT_VALUE:,} and {MAX_WEIGHT_VALUE:,}."
        )
    return units.grams(weight["value"], weight["unit"])


def indexed_weight(row: RowAlias) -> ColumnElement[Decimal]:
    """Return the total weight in grams as the index stores it: a missing weight exceeds every weight."""
    return case((row.c.total_weight_g.is_(None), NO_WEIGHT), else_=row.c.total_weight_g)


def weight_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """WeightFilter: `gte`, `lte`, compared in grams."""
    result = list[Predicate]()
    weight = indexed_weight(row)
    if arguments["gte"] is not None:
        result += [weight >= arguments.bind("gte", Numeric(), grams_of), weight < NO_WEIGHT]
    if arguments["lte"] is not None:
        result += [weight <= arguments.bind("lte", Numeric(), grams_of), weight < NO_WEIGHT]
    return result
