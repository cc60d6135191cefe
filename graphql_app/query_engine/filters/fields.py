"""The filter of each field of `ShipmentWhere`, `TrackingEventWhere` and `ChangeWhere`.

One line per field. An input field without a filter here is rejected at startup (`check`).
"""

from collections.abc import Collection
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema, get_named_type
from sqlalchemy import ARRAY, Text, Uuid, and_, func, or_, select, true

from graphql_app import models
from graphql_app.domain import carrier_status_codes, enums, normal_forms
from graphql_app.query_engine.filters import (
    lateness,
    number_and_enum_predicates,
    predicates,
    related_predicates,
    text_values,
)
from graphql_app.query_engine.filters.ordering import EVENT_ORDERS, SHIPMENT_ORDERS
from graphql_app.query_engine.filters.predicates import (
    Filter,
    Predicate,
    all_of,
    column,
    datetime_filter,
    nested_filter,
    or_infinity,
    related_row_exists,
    string_filter,
)
from graphql_app.query_engine.selection import Arguments, RowAlias


def event_shipment_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """TrackingEventWhere.shipment: the shipment of an event."""
    by = arguments.nested("shipment")
    if by is None:
        return []
    shipment = arguments.builder.row(models.Shipment)
    where = [arguments.builder.account_filter(shipment), *predicates.shipment_by(shipment, by)]
    return [row.c.shipment_id.in_(select(shipment.c.id).select_from(shipment).where(*where))]


EVENT_FILTERS: dict[str, Filter] = {
    "shipment": event_shipment_filter,
    "code": predicates.event_code_filter,
    "occurredAt": nested_filter("occurredAt", datetime_filter(column("occurred_at"))),
    "recordedAt": nested_filter("recordedAt", datetime_filter(column("recorded_at"))),
    "country": nested_filter("country", string_filter(column("country_code"), normal_forms.code)),
    "source": nested_filter("source", string_filter(column("source_name"))),
    "carrierStatusRaw": nested_filter(
        "carrierStatusRaw", string_filter(column("carrier_status_key"), carrier_status_codes.normalize)
    ),
    "applied": predicates.boolean_equals("applied", "applied"),
    "includeVoided": predicates.voided_filter,
}
"""The filter of each field of TrackingEventWhere."""
event_filter = all_of(*EVENT_FILTERS.values())
"""The filter of a whole TrackingEventWhere."""


def event_where(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """Return the predicates of a connection's `where` argument. Voided events are excluded by default."""
    where = arguments.nested("where")
    return [row.c.voided_at.is_(None)] if where is None else event_filter(row, where)


def or_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.OR: at least one filter of the list matches; an empty list matches nothing."""
    if arguments["OR"] is None:
        return []
    alternatives = [and_(true(), *shipment_filter(row, item)) for item in arguments.nested_list("OR")]
    return [or_(*alternatives) if alternatives else predicates.NO_ROWS]


def not_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.NOT: the filter is not true, null values included."""
    inner = arguments.nested("NOT")
    return [] if inner is None else [and_(true(), *shipment_filter(row, inner)).is_not(true())]


def and_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.AND: all filters of the list match."""
    return [predicate for item in arguments.nested_list("AND") for predicate in shipment_filter(row, item)]


def nested_archived_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere.archived inside AND, OR and NOT: only true is a condition, since false is the default."""
    return [row.c.archived_at.is_not(None)] if arguments["archived"] else []


SHIPMENT_FILTERS: dict[str, Filter] = {
    "id": nested_filter("id", predicates.id_filter(models.Shipment)),
    "number": nested_filter("number", string_filter(column("number"))),
    "externalReference": nested_filter("externalReference", string_filter(column("external_reference"))),
    "status": nested_filter("status", predicates.status_filter),
    "phase": predicates.phase_filter,
    "direction": predicates.enum_equals("direction", "direction"),
    "carrier": nested_filter("carrier", related_predicates.carrier_filter),
    "service": nested_filter("service", string_filter(column("service"))),
    "origin": nested_filter("origin", related_predicates.place_filter(enums.PartyRole.SHIPPER)),
    "destination": nested_filter("destination", related_predicates.place_filter(enums.PartyRole.RECIPIENT)),
    "trackingNumber": nested_filter("trackingNumber", related_predicates.tracking_number_filter),
    "reference": nested_filter("reference", related_predicates.reference_filter),
    "metadata": related_predicates.metadata_filter,
    "tags": nested_filter("tags", related_predicates.tags_filter),
    "createdAt": nested_filter("createdAt", datetime_filter(column("created_at"))),
    "updatedAt": nested_filter("updatedAt", datetime_filter(column("updated_at"))),
    "statusAt": nested_filter("statusAt", datetime_filter(column("status_at"))),
    "promisedTo": nested_filter("promisedTo", datetime_filter(or_infinity("promised_to"), nullable=True)),
    "estimatedDeliveryAt": nested_filter(
        "estimatedDeliveryAt", datetime_filter(or_infinity("estimated_delivery_at"), nullable=True)
    ),
    "deliveredAt": nested_filter("deliveredAt", datetime_filter(or_infinity("delivered_at"), nullable=True)),
    "lastEventAt": nested_filter("lastEventAt", datetime_filter(or_infinity("last_event_at"), nullable=True)),
    "totalWeight": nested_filter("totalWeight", related_predicates.weight_filter),
    "lateness": nested_filter("lateness", lateness.lateness_filter),
    "lateBy": nested_filter("lateBy", lateness.late_by_filter),
    "exceptionReason": nested_filter("exceptionReason", number_and_enum_predicates.enum_filter("exception_reason")),
    "incoterm": nested_filter("incoterm", string_filter(column("incoterm"))),
    "packageCount": nested_filter("packageCount", number_and_enum_predicates.integer_filter("package_count")),
    "recipient": nested_filter("recipient", related_predicates.recipient_filter),
    "items": nested_filter("items", related_predicates.item_filter),
    "carrierStatusRaw": nested_filter("carrierStatusRaw", related_predicates.carrier_status_filter),
    "events": nested_filter("events", related_row_exists(models.TrackingEvent, predicates.of_shipment, event_filter)),
    "archived": nested_archived_filter,
    "AND": and_filter,
    "OR": or_filter,
    "NOT": not_filter,
}
"""The filter of each field of ShipmentWhere."""


def shipment_filter(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """ShipmentWhere without the default of `archived`, which applies only at the top level."""
    return all_of(*SHIPMENT_FILTERS.values())(row, arguments)


def shipment_where(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """Return the predicates of the `where` argument. Archived shipments are excluded by default."""
    where = arguments.nested("where")
    if where is None:
        return [row.c.archived_at.is_(None)]
    archived = where["archived"] if "archived" in where.values else False
    filters = shipment_filter(row, where.without("archived"))
    if archived is None:
        return filters
    return [row.c.archived_at.is_not(None) if archived else row.c.archived_at.is_(None), *filters]


def change_where(row: RowAlias, arguments: Arguments) -> list[Predicate]:
    """Return the predicates of ChangeWhere: `shipments` and `ops`."""
    where, result = arguments.nested("where"), list[Predicate]()
    if where is not None and where["shipments"] is not None:
        ids = where.bind("shipments", ARRAY(Uuid()), predicates.decode_shipment_ids)
        result.append(row.c.shipment_id == func.any(ids))
    if where is not None and where["ops"] is not None:
        result.append(row.c.op == func.any(where.bind("ops", ARRAY(Text()), text_values.checked_texts)))
    return result


SUPPORTED_FIELDS: dict[str, Collection[str]] = {
    "ShipmentWhere": SHIPMENT_FILTERS,
    "TrackingEventWhere": EVENT_FILTERS,
    "ChangeWhere": {"shipments", "ops"},
    "ShipmentBy": {"id", "number", "externalReference"},
    "IDFilter": {"eq", "in"},
    "StringFilter": {"eq", "in", "startsWith", "contains", "isNull"},
    "StringListFilter": {"hasAny", "hasAll"},
    "ShipmentStatusFilter": {"eq", "in", "notIn"},
    "DateTimeFilter": {"gte", "gt", "lte", "lt", "isNull"},
    "WeightFilter": {"gte", "lte"},
    "WeightInput": {"value", "unit"},
    "IntFilter": {"eq", "gte", "lte"},
    "ExceptionReasonFilter": {"eq", "in", "isNull"},
    "LatenessFilter": {"eq", "in"},
    "DurationFilter": {"gte", "gt", "lte", "lt"},
    "RecipientWhere": {"name", "email", "phone"},
    "ItemWhere": {"sku", "title", "batch"},
    "ShipmentBucket": {"field", "by", "timeZone", "fillGaps"},
    "TrackingEventBucket": {"field", "by", "timeZone", "fillGaps"},
    "ShipmentGroupOrder": {"field", "direction"},
    "GroupOrder": {"field", "direction"},
    "PlaceWhere": {"country", "region", "city", "postalCode"},
    "ReferenceWhere": {"kind", "value"},
    "MetadataWhere": {"key", "value"},
    "ShipmentOrder": {"field", "direction"},
    "TrackingEventOrder": {"field", "direction"},
    "ShipmentOrderField": SHIPMENT_ORDERS,
    "TrackingEventOrderField": EVENT_ORDERS,
}
"""The fields of each input type that this package reads. Any other field would be ignored, and match too much."""


def check_schema(schema: GraphQLSchema) -> None:
    """Check at startup that every filter and order of the schema is read.

    Raises:
        TypeError: an input type or one of its fields is not supported; the message names it.
    """
    for name, supported in SUPPORTED_FIELDS.items():
        type_: Any = schema.type_map[name]
        declared = type_.values if isinstance(type_, GraphQLEnumType) else type_.fields
        if difference := set(declared) ^ set(supported):
            raise TypeError(f"{name}: the schema and the supported fields differ in {', '.join(sorted(difference))}.")
    for field in (schema.query_type.fields if schema.query_type else {}).values():
        for argument in field.args.values():
            type_ = get_named_type(argument.type)
            if isinstance(type_, GraphQLInputObjectType) and type_.name not in SUPPORTED_FIELDS:
                raise TypeError(f"{type_.name} is the type of a query's argument, but no field of it is supported.")
