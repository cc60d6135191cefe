"""What each filter compares and each order goes by: `ShipmentWhere`, `TrackingEventWhere`, `ChangeWhere`, orders.

One line a field. A field of an input that has no line here is refused when the process starts (`check`).
"""

from collections.abc import Collection
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema, get_named_type
from sqlalchemy import ARRAY, Text, Uuid, and_, func, or_, select, true

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.query_engine.filters import predicates, related_predicates
from graphql_app.query_engine.filters.ordering import EVENT_ORDERS, SHIPMENT_ORDERS
from graphql_app.query_engine.filters.predicates import (
    Condition,
    Predicate,
    column,
    every,
    instants,
    or_infinity,
    some,
    strings,
    within,
)
from graphql_app.query_engine.selection import Arguments, Row


def event_of(row: Row, given: Arguments) -> list[Predicate]:
    """TrackingEventWhere.shipment."""
    nested = given.nested("shipment")
    if nested is None:
        return []
    shipment = given.builder.row(models.Shipment)
    wanted = [given.builder.account_filter(shipment), *predicates.by(shipment, nested)]
    return [row.c.shipment_id.in_(select(shipment.c.id).select_from(shipment).where(*wanted))]


EVENTS: dict[str, Condition] = {
    "shipment": event_of,
    "code": predicates.codes,
    "occurredAt": within("occurredAt", instants(column("occurred_at"))),
    "recordedAt": within("recordedAt", instants(column("recorded_at"))),
    "country": within("country", strings(column("country_code"))),
    "source": within("source", strings(column("source_name"))),
    "applied": predicates.flag("applied", "applied"),
    "includeVoided": predicates.not_voided,
}
events = every(*EVENTS.values())


def events_where(row: Row, given: Arguments) -> list[Predicate]:
    """The `where` argument of a connection of events. Voided ones are left out unless it says otherwise."""
    inner = given.nested("where")
    return [row.c.voided_at.is_(None)] if inner is None else events(row, inner)


def or_condition(row: Row, given: Arguments) -> list[Predicate]:
    """OR: at least one of the list; none of an empty one."""
    if given["OR"] is None:
        return []
    ways = [and_(true(), *nested(row, one)) for one in given.each("OR")]
    return [or_(*ways) if ways else predicates.NO_ROWS]


def not_condition(row: Row, given: Arguments) -> list[Predicate]:
    """NOT: whatever does not hold, unknown values included."""
    inner = given.nested("NOT")
    return [] if inner is None else [and_(true(), *nested(row, inner)).is_not(true())]


def and_condition(row: Row, given: Arguments) -> list[Predicate]:
    """AND: all of the list."""
    return [predicate for one in given.each("AND") for predicate in nested(row, one)]


def archived_within(row: Row, given: Arguments) -> list[Predicate]:
    """Inside AND, OR and NOT only `archived: true` says something: false there is just the default."""
    return [row.c.archived_at.is_not(None)] if given["archived"] else []


SHIPMENTS: dict[str, Condition] = {
    "id": within("id", predicates.identities(models.Shipment)),
    "number": within("number", strings(column("number"))),
    "externalReference": within("externalReference", strings(column("external_reference"))),
    "status": within("status", predicates.statuses),
    "phase": predicates.phases,
    "direction": predicates.word("direction", "direction"),
    "carrier": within("carrier", related_predicates.carriers),
    "service": within("service", strings(column("service"))),
    "origin": within("origin", related_predicates.place(enums.PartyRole.SHIPPER)),
    "destination": within("destination", related_predicates.place(enums.PartyRole.RECIPIENT)),
    "trackingNumber": within("trackingNumber", related_predicates.tracking_number),
    "reference": within("reference", related_predicates.references),
    "metadata": related_predicates.metadata,
    "tags": within("tags", related_predicates.tags),
    "createdAt": within("createdAt", instants(column("created_at"))),
    "updatedAt": within("updatedAt", instants(column("updated_at"))),
    "statusAt": within("statusAt", instants(column("status_at"))),
    "promisedTo": within("promisedTo", instants(or_infinity("promised_to"), nullable=True)),
    "estimatedDeliveryAt": within("estimatedDeliveryAt", instants(or_infinity("estimated_delivery_at"), nullable=True)),
    "deliveredAt": within("deliveredAt", instants(column("delivered_at"))),
    "lastEventAt": within("lastEventAt", instants(or_infinity("last_event_at"), nullable=True)),
    "totalWeight": within("totalWeight", related_predicates.weights),
    "events": within("events", some(models.TrackingEvent, predicates.of_shipment, events)),
    "archived": archived_within,
    "AND": and_condition,
    "OR": or_condition,
    "NOT": not_condition,
}


def nested(row: Row, given: Arguments) -> list[Predicate]:
    """All that one ShipmentWhere says, below the outermost."""
    return every(*SHIPMENTS.values())(row, given)


def shipments(row: Row, given: Arguments) -> list[Predicate]:
    """The `where` argument. Archived shipments are left out unless it says otherwise."""
    outermost = given.nested("where")
    if outermost is None:
        return [row.c.archived_at.is_(None)]
    archived = outermost["archived"] if "archived" in outermost.values else False
    scope = [] if archived is None else [row.c.archived_at.is_not(None) if archived else row.c.archived_at.is_(None)]
    return [*scope, *nested(row, outermost.without("archived"))]


def changes(row: Row, given: Arguments) -> list[Predicate]:
    """ChangeWhere."""
    inner, found = given.nested("where"), list[Predicate]()
    if inner is not None and inner["shipments"] is not None:
        found.append(row.c.shipment_id == func.any(inner.bind("shipments", ARRAY(Uuid()), predicates.shipment_ids)))
    if inner is not None and inner["ops"] is not None:
        found.append(row.c.op == func.any(inner.bind("ops", ARRAY(Text()), predicates.checked_texts)))
    return found


SUPPORTED_FIELDS: dict[str, Collection[str]] = {
    "ShipmentWhere": SHIPMENTS,
    "TrackingEventWhere": EVENTS,
    "ChangeWhere": {"shipments", "ops"},
    "ShipmentBy": {"id", "number", "externalReference"},
    "IDFilter": {"eq", "in"},
    "StringFilter": {"eq", "in", "startsWith", "contains", "isNull"},
    "StringListFilter": {"hasAny", "hasAll"},
    "ShipmentStatusFilter": {"eq", "in", "notIn"},
    "DateTimeFilter": {"gte", "gt", "lte", "lt", "isNull"},
    "WeightFilter": {"gte", "lte"},
    "WeightInput": {"value", "unit"},
    "PlaceWhere": {"country", "region", "city", "postalCode"},
    "ReferenceWhere": {"kind", "value"},
    "MetadataWhere": {"key", "value"},
    "ShipmentOrder": {"field", "direction"},
    "TrackingEventOrder": {"field", "direction"},
    "ShipmentOrderField": SHIPMENT_ORDERS,
    "TrackingEventOrderField": EVENT_ORDERS,
}
"""What is looked at in each input of a question. Anything else would be passed over, and find too much."""


def check(schema: GraphQLSchema) -> None:
    """Raise TypeError for a filter or an order of the schema that nothing here serves."""
    for name, served in SUPPORTED_FIELDS.items():
        type_: Any = schema.type_map[name]
        known = type_.values if isinstance(type_, GraphQLEnumType) else type_.fields
        if missing := set(known) ^ set(served):
            raise TypeError(f"{name} and what is served of it differ in {', '.join(sorted(missing))}")
    for field in (schema.query_type.fields if schema.query_type else {}).values():
        for argument in field.args.values():
            type_ = get_named_type(argument.type)
            if isinstance(type_, GraphQLInputObjectType) and type_.name not in SUPPORTED_FIELDS:
                raise TypeError(f"{type_.name} is asked for by a question, but nothing of it is served")
