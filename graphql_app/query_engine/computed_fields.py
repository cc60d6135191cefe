"""Fields that are more than a column: the SQL of each, registered by model and Python name of the field.

`type_mapping` prefers a computed field over a column of the same name. There are no rules here: those
of statuses are in `domain.status_rules`, units in `domain.units`.
"""

from collections.abc import Callable

from sqlalchemy import ARRAY, Text, and_, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import enums
from graphql_app.query_engine import (
    change_log,
    cursor,
    json_sql,
    measurement_fields,
    sources,
    status_fields,
    tracking_url,
)
from graphql_app.query_engine.filters import lateness, predicates, text_values
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, RowAlias, SelectedField, outer_column
from graphql_app.query_engine.type_mapping import FieldReader

COMPUTED_FIELDS: dict[tuple[type[SQLModel], str], FieldReader] = {}
"""The readers of all computed fields, by model and Python name."""


def register_field(model: type[SQLModel], name: str) -> Callable[[FieldReader], FieldReader]:
    """Return a decorator that registers the reader of a field."""

    def register(reader: FieldReader) -> FieldReader:
        COMPUTED_FIELDS[model, name] = reader
        return reader

    return register


register_field(models.Shipment, "phase")(status_fields.phase)
register_field(models.Shipment, "editable_fields")(status_fields.editable_fields)
register_field(models.Shipment, "allowed_transitions")(status_fields.allowed_transitions)
register_field(models.Shipment, "status_explanation")(status_fields.status_explanation)


def party_reader(role: enums.PartyRole) -> FieldReader:
    """Return the reader of a shipment's party with a role."""
    return lambda row, field: field.single_row(
        models.Party,
        lambda party: [
            party.c.shipment_id == outer_column(row.c.id),
            party.c.role == predicates.enum_literal(role),
        ],
    )


register_field(models.Shipment, "shipper")(party_reader(enums.PartyRole.SHIPPER))
register_field(models.Shipment, "recipient")(party_reader(enums.PartyRole.RECIPIENT))


@register_field(models.Shipment, "parties")
def parties(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the parties of a shipment with any of the `roles`, in the order of the roles."""
    roles = field.arguments["roles"]

    def where(party: RowAlias) -> list[predicates.Predicate]:
        of_shipment = party.c.shipment_id == outer_column(row.c.id)
        return [of_shipment] if roles is None else [of_shipment, predicates.enum_in(party.c.role, roles)]

    return field.row_list(models.Party, where, lambda party: [party.c.role])


@register_field(models.Shipment, "latest_event")
def latest_event(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the latest event that is not voided."""

    def where(event: RowAlias) -> list[predicates.Predicate]:
        return [event.c.shipment_id == outer_column(row.c.id), event.c.voided_at.is_(None)]

    return field.single_row(
        models.TrackingEvent,
        where,
        lambda event: [event.c.occurred_at.desc(), event.c.position.desc(), event.c.id.desc()],
    )


def connection(field: SelectedField, rows: Callable[[Arguments], RowSet]) -> json_sql.Pieces:
    """Read a connection below a row."""
    arguments = field.arguments
    return [ConnectionBuilder(field, arguments, rows(arguments)).statement().scalar_subquery()]


@register_field(models.Shipment, "events")
def shipment_events(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the events of a shipment."""
    return connection(
        field,
        lambda arguments: sources.timeline(arguments, lambda event: event.c.shipment_id == outer_column(row.c.id)),
    )


@register_field(models.Package, "events")
def package_events(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the events of the package and those of the whole shipment, which apply to every package."""

    def of_package(event: RowAlias) -> predicates.Predicate:
        package_or_all = or_(event.c.package_id.is_(None), event.c.package_id == outer_column(row.c.id))
        return and_(event.c.shipment_id == outer_column(row.c.shipment_id), package_or_all)

    return connection(field, lambda arguments: sources.timeline(arguments, of_package))


@register_field(models.Shipment, "history")
def history(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the changes of a shipment."""
    return connection(
        field,
        lambda arguments: change_log.changes(arguments, lambda change: change.c.shipment_id == outer_column(row.c.id)),
    )


@register_field(models.Carrier, "shipments")
def carrier_shipments(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the shipments with a carrier."""
    return connection(
        field,
        lambda arguments: sources.shipments(
            arguments, lambda shipment: shipment.c.carrier_id == outer_column(row.c.id)
        ),
    )


register_field(models.Shipment, "lateness")(lambda row, field: field.scalar(lateness.lateness(row)))
register_field(models.Shipment, "late_by")(lambda row, field: field.scalar(lateness.late_by(row)))


@register_field(models.Carrier, "status_mappings")
def carrier_status_mappings(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the account's mappings of a carrier's status codes."""
    return connection(
        field, lambda arguments: sources.status_mappings(lambda status: status.c.carrier_id == outer_column(row.c.id))
    )


@register_field(models.Shipment, "estimated_delivery_date")
def estimated_delivery_date(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the day of the estimate: of the client's own one, or of the latest event that reported it."""
    event, estimate = field.builder.row(models.TrackingEvent), outer_column(row.c.estimated_delivery_at)
    where = [
        event.c.shipment_id == outer_column(row.c.id),
        event.c.estimated_delivery_at == estimate,
        event.c.voided_at.is_(None),
        field.builder.account_check(event),
    ]
    order = [event.c.occurred_at.desc(), event.c.position.desc(), event.c.id.desc()]
    of_event = select(event.c.estimated_delivery_date).select_from(event).where(*where).order_by(*order)
    is_given = row.c.estimated_delivery_at == row.c.estimate_given
    day = case((is_given, row.c.estimate_given_date), else_=of_event.limit(json_sql.sql("1")).scalar_subquery())
    return field.scalar(day)


register_field(models.Shipment, "total_weight")(measurement_fields.total_weight)
register_field(models.Shipment, "declared_value")(measurement_fields.money("declared_value"))
register_field(models.Package, "weight")(measurement_fields.weight)
register_field(models.Package, "dimensions")(measurement_fields.dimensions)
register_field(models.Package, "tracking_url")(tracking_url.tracking_url)
register_field(models.ShipmentItem, "unit_value")(measurement_fields.money("unit_value"))


@register_field(models.Shipment, "metadata")
def metadata(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the metadata: all of it, or only the requested `keys`, in PostgreSQL's order of keys."""
    arguments = field.arguments
    if arguments["keys"] is None:
        return field.scalar(row.c.metadata)
    name = field.builder.unique_name("pair")
    pair = func.jsonb_each(outer_column(row.c.metadata)).table_valued("key", "value", name=name)
    keys = arguments.bind("keys", ARRAY(Text()), text_values.metadata_keys)
    members = select(func.jsonb_object_agg(pair.c.key, pair.c.value))
    selected = members.select_from(pair).where(pair.c.key == func.any(keys))
    return [func.coalesce(cast(selected.scalar_subquery(), Text), json_sql.sql("'{}'"))]


@register_field(models.Party, "country")
def country(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the country code of a party."""
    return field.scalar(row.c.country_code)


@register_field(models.TrackingEvent, "source")
def source(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the name of the system that reported an event."""
    return field.scalar(row.c.source_name)


@register_field(models.TrackingEvent, "utc_offset")
def utc_offset(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the offset from UTC, stored in minutes, as ±hh:mm."""
    minutes = row.c.utc_offset_min
    sign = case((minutes < json_sql.sql("0"), json_sql.sql("'-'")), else_=json_sql.sql("'+'"))
    interval = func.make_interval(json_sql.sql("mins => 1")) * func.abs(minutes)
    return json_sql.quoted(sign.op("||")(func.to_char(interval, json_sql.sql("'HH24:MI'"))), nullable=True)


PLACE_COLUMNS = {
    "name": "place_name",
    "city": "city",
    "region": "region",
    "postalCode": "postal_code",
    "country": "country_code",
    "latitude": "latitude",
    "longitude": "longitude",
}
"""The columns of `TrackingEvent.place` by the GraphQL names of its fields."""


@register_field(models.TrackingEvent, "place")
def place(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the place of an event; null if no part of it is known."""
    columns = {name: row.c[column] for name, column in PLACE_COLUMNS.items()}
    exists = func.num_nonnulls(*columns.values()) > json_sql.sql("0")
    return field.embedded_object(exists, **columns)


@register_field(models.Change, "cursor")
def change_cursor(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the cursor of a change."""
    return ['"', cursor.expression(change_log.ORDER_NAME, change_log.cursor_keys(row)), '"']


@register_field(models.Change, "match")
def change_match(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read how a change of a shipment relates to the filter of the subscription."""
    return field.scalar(change_log.match_of(row))


@register_field(models.Change, "shipment")
def change_shipment(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the shipment of a change."""
    return field.single_row(models.Shipment, lambda shipment: [shipment.c.id == outer_column(row.c.shipment_id)])


@register_field(models.Change, "changed_fields")
def changed_fields(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the names of the changed fields, sorted."""
    keys = func.jsonb_object_keys(row.c.changed)
    names = keys.table_valued("key", name=field.builder.unique_name("key")).render_derived()
    sorted_names = func.json_agg(aggregate_order_by(names.c.key, names.c.key))
    return json_sql.or_null(cast(select(sorted_names).select_from(names).scalar_subquery(), Text))


@register_field(models.Change, "event")
def change_event(row: RowAlias, field: SelectedField) -> json_sql.Pieces:
    """Read the tracking event of a change."""
    return field.single_row(models.TrackingEvent, lambda event: [event.c.id == outer_column(row.c.entity_id)])


register_field(models.Change, "status_before")(lambda row, field: field.scalar(row.c.status_before))
register_field(models.Change, "status_after")(lambda row, field: field.scalar(row.c.status_after))
