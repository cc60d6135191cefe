"""Whether a shipment matched a filter before a change of the log: a filtered subscription says what left its filter.

The state before a change is the current one with the old values of this change and of all later ones. Filters on
columns whose old values are in the log are decided exactly. A filter on related rows, or on a column that is not
logged, counts as possibly true if any of these changes can have affected it: a superfluous message is harmless, a
missing one is not.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, case, cast, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.selectable import NamedFromClause

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import fields, predicates
from graphql_app.query_engine.filters.predicates import Predicate
from graphql_app.query_engine.selection import Arguments, PlanBuilder, RowAlias, outer_column

MAX_LATER_CHANGES = 100
"""Maximum number of later changes that are read to decide about one change. With more of them it is undecided."""
LOGGED_COLUMNS = {
    "status": "status",
    "direction": "direction",
    "service": "service",
    "incoterm": "incoterm",
    "external_reference": "externalReference",
    "promised_to": "promisedTo",
    "archived_at": "archivedAt",
}
"""Columns of the shipment whose old values are in the log as text, each with its key in `changed`."""
CONSTANT_COLUMNS = {"id", "account_id", "number", "created_at"}
"""Columns that no change affects."""
DECIDED_FILTERS = {
    "id", "number", "externalReference", "status", "phase", "direction", "carrier", "service", "tags", "createdAt",
    "promisedTo", "incoterm", "archived",
}  # fmt: skip
"""Fields of ShipmentWhere that are decided from the log, if they read only decided columns."""
DECIDED_COLUMNS = {*LOGGED_COLUMNS, *CONSTANT_COLUMNS, "carrier_id", "tags"}
"""The columns whose value before a change is known."""
STATUS_KEYS = {"status", "events", "reason"}
"""The keys of changes that can affect the status, its times and the tracking events."""
RELATED_KEYS: Mapping[str, set[str]] = {
    "origin": {"shipper"},
    "destination": {"recipient"},
    "recipient": {"recipient"},
    "reference": {"references"},
    "items": {"items"},
    "metadata": {"metadata"},
    "trackingNumber": {"packages"},
    "totalWeight": {"packages"},
    "packageCount": {"packages"},
    "events": STATUS_KEYS,
    "carrierStatusRaw": STATUS_KEYS,
    "statusAt": STATUS_KEYS,
    "deliveredAt": STATUS_KEYS,
    "lastEventAt": STATUS_KEYS,
    "exceptionReason": STATUS_KEYS,
    "estimatedDeliveryAt": {*STATUS_KEYS, "estimatedDeliveryAt"},
    "lateness": {*STATUS_KEYS, "promisedFrom", "promisedTo", "estimatedDeliveryAt"},
    "lateBy": {*STATUS_KEYS, "promisedFrom", "promisedTo", "estimatedDeliveryAt"},
}
"""The other fields of ShipmentWhere: the keys of `changed` up to the first period that can affect each of them. A field
without an entry, and a key that is not in KNOWN_KEYS, is affected by every change."""
KNOWN_KEYS = {
    *LOGGED_COLUMNS.values(), "number", "carrier", "tags", "promisedFrom", "declaredValue",
    *(role.value.lower() for role in enums.PartyRole), *set().union(*RELATED_KEYS.values()),
}  # fmt: skip
"""The keys of `changed` whose effects are known."""


def old_values(builder: PlanBuilder, change: RowAlias) -> NamedFromClause:
    """Return the values before a change, `old`, by key, and whether there are too many later changes, `truncated`."""
    row = builder.row(models.Change)
    later = (
        select(row.c.shipment_seq, row.c.changed)
        .select_from(row)
        .where(
            row.c.shipment_id == outer_column(change.c.shipment_id),
            row.c.shipment_seq >= outer_column(change.c.shipment_seq),
            builder.account_check(row),
        )
        .order_by(row.c.shipment_seq)
        .limit(json_sql.sql(str(MAX_LATER_CHANGES + 1)))
        .subquery(builder.unique_name("later"))
    )
    entry = func.jsonb_each(later.c.changed).table_valued("key", "value", name=builder.unique_name("entry"))
    key = func.split_part(entry.c.key, json_sql.string("."), json_sql.sql("1"))
    first_last = aggregate_order_by(json_sql.sql(f"{entry.name}.value -> 0"), later.c.shipment_seq.desc())
    old = func.jsonb_object_agg(key, first_last).filter(entry.c.key.is_not(None))
    last = outer_column(change.c.shipment_seq).op("+")(json_sql.sql(str(MAX_LATER_CHANGES)))
    return (
        select(
            func.coalesce(old, json_sql.sql("'{}'::jsonb")).label("old"),
            (func.max(later.c.shipment_seq) >= last).label("truncated"),
        )
        .select_from(later.outerjoin(entry, json_sql.sql("true")))
        .lateral(builder.unique_name("before"))
    )


class PreviousColumns:
    """The columns of a shipment before a change, and which of them were read."""

    def __init__(self, builder: PlanBuilder, row: RowAlias, old: str) -> None:
        self.builder, self.row, self.old = builder, row, old
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        return self[name]

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        self.read.add(name)
        current = self.row.c[name]
        if name == "carrier_id":
            carrier = self.builder.row(models.Carrier)
            code = carrier.c.code == json_sql.sql(f"{self.old} ->> 'carrier'")
            where = [self.builder.account_filter(carrier), code]
            previous: Any = select(carrier.c.id).select_from(carrier).where(*where).scalar_subquery()
            key = "carrier"
        elif name == "tags":
            key, previous = name, json_sql.sql(f"ARRAY(SELECT jsonb_array_elements_text({self.old} -> 'tags'))")
        elif name in LOGGED_COLUMNS:
            key = LOGGED_COLUMNS[name]
            previous = cast(json_sql.sql(f"{self.old} ->> {json_sql.literal(key)}", Text()), current.type)
        else:
            return current
        value = case((json_sql.sql(f"{self.old} ? {json_sql.literal(key)}"), previous), else_=current)
        return cast(value, ARRAY(Text())) if name == "tags" else value


class PreviousRow:
    """A shipment before a change, as filters read it: `c` holds its columns."""

    def __init__(self, columns: PreviousColumns) -> None:
        self.c = columns


def may_have_matched(
    arguments: Arguments, change: RowAlias, row: RowAlias, before: NamedFromClause
) -> ColumnElement[bool]:
    """Return the condition that the shipment `row` matched `where` before a change, or may have matched it.

    `before` is what `old_values` returns for the change.
    """
    columns = PreviousColumns(arguments.builder, row, f"{before.name}.old")
    where = arguments.nested("where")
    assert where is not None
    archived = where["archived"] if "archived" in where.values else False
    conditions = bounds(PreviousRow(columns), where.without("archived"), before, upper=True)
    if archived is not None:
        archived_at = columns["archived_at"]
        conditions.append(archived_at.is_not(None) if archived else archived_at.is_(None))
    existed = change.c.op != json_sql.string("shipment.created")
    return and_(existed, or_(before.c.truncated, and_(true(), *conditions)))


def bounds(row: PreviousRow, arguments: Arguments, before: NamedFromClause, *, upper: bool) -> list[Predicate]:
    """Return the predicates of a ShipmentWhere before a change. Undecided ones are true if `upper`, otherwise false."""
    result = list[Predicate]()
    for item in arguments.nested_list("AND"):
        result += bounds(row, item, before, upper=upper)
    if arguments["OR"] is not None:
        alternatives = [and_(true(), *bounds(row, item, before, upper=upper)) for item in arguments.nested_list("OR")]
        result.append(or_(*alternatives) if alternatives else predicates.NO_ROWS)
    if (inner := arguments.nested("NOT")) is not None:
        result.append(and_(true(), *bounds(row, inner, before, upper=not upper)).is_not(true()))
    for name, filter_ in fields.SHIPMENT_FILTERS.items():
        if name in ("AND", "OR", "NOT"):
            continue
        row.c.read.clear()
        conditions = filter_(row, arguments)  # type: ignore[arg-type]
        if not conditions:
            continue
        if name in DECIDED_FILTERS and row.c.read <= DECIDED_COLUMNS:
            result += conditions
        elif upper:
            result.append(or_(affected(name, before), and_(true(), *conditions)))
        else:
            result += [not_(affected(name, before)), *conditions]
    return result


def affected(name: str, before: NamedFromClause) -> Predicate:
    """Return the condition that a change, or a later one, can have affected a field of ShipmentWhere."""
    if name not in RELATED_KEYS:
        return json_sql.sql("true")
    others = ", ".join(json_sql.literal(key) for key in sorted(KNOWN_KEYS - RELATED_KEYS[name]))
    return json_sql.sql(f"({before.name}.old - ARRAY[{others}]) <> '{{}}'")
