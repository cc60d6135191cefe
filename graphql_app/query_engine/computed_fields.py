"""Fields that are more than a column: what of which table, and the SQL that says it.

Registered by model and Python name; `mirror.py` prefers what stands here over a column of the same name. Nothing here
decides about the domain: what a status means comes from `lifecycle.py`, units from `measures.py`.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import ARRAY, ColumnElement, Text, and_, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import enums, status_rules
from graphql_app.query_engine import change_log, cursor, json_sql, measurement_fields, sources
from graphql_app.query_engine.filters import predicates
from graphql_app.query_engine.pagination import ConnectionBuilder, RowSet
from graphql_app.query_engine.selection import Arguments, Row, SelectedField, outer_column
from graphql_app.query_engine.type_mapping import FieldReader

COMPUTED_FIELDS: dict[tuple[type[SQLModel], str], FieldReader] = {}
MAX_NOT_APPLIED = 50
Shipment, Package, Item, Event = models.Shipment, models.Package, models.ShipmentItem, models.TrackingEvent


def register_field(model: type[SQLModel], name: str) -> Callable[[FieldReader], FieldReader]:
    """Registers how a field is read."""

    def register(how: FieldReader) -> FieldReader:
        COMPUTED_FIELDS[model, name] = how
        return how

    return register


def texts(words: tuple[str, ...]) -> str:
    """A JSON list of our own words."""
    return "[" + ",".join(f'"{word}"' for word in words) + "]"


def by_status(row: Row, say: Mapping[enums.ShipmentStatus, str]) -> ColumnElement[str]:
    """A text that depends on the status alone."""
    groups: dict[str, list[enums.ShipmentStatus]] = {}
    for status, text in say.items():
        groups.setdefault(text, []).append(status)
    *first, (other, _) = sorted(groups.items(), key=lambda group: len(group[1]))
    ways = [(predicates.one_of(row.c.status, statuses), json_sql.string(text)) for text, statuses in first]
    return case(*ways, else_=json_sql.string(other))


@register_field(Shipment, "phase")
def phase(row: Row, field: SelectedField) -> json_sql.Pieces:
    return field.scalar(by_status(row, {status: status_rules.phase(status).value for status in enums.ShipmentStatus}))


@register_field(Shipment, "editable_fields")
def editable_fields(row: Row, field: SelectedField) -> json_sql.Pieces:
    return [
        by_status(
            row,
            {
                status: texts(status_rules.EDITABLE_FIELDS[status_rules.phase(status)])
                for status in enums.ShipmentStatus
            },
        )
    ]


@register_field(Shipment, "allowed_transitions")
def allowed_transitions(row: Row, field: SelectedField) -> json_sql.Pieces:
    party = field.builder.row(models.Party)
    recipient = select(json_sql.sql("1")).select_from(party).where(
        party.c.shipment_id == outer_column(row.c.id),
        party.c.role == predicates.constant(enums.PartyRole.RECIPIENT),
        field.builder.account_check(party),
    )  # fmt: skip
    complete = and_(row.c.package_count > json_sql.sql("0"), recipient.exists())
    draft = row.c.status == predicates.constant(enums.ShipmentStatus.DRAFT)
    ready = {status: texts(status_rules.transitions(status, complete=True)) for status in enums.ShipmentStatus}
    bare = texts(status_rules.transitions(enums.ShipmentStatus.DRAFT, complete=False))
    return [case((and_(draft, ~complete), json_sql.string(bare)), else_=by_status(row, ready))]


RULES = {
    enums.StatusSource.COMMAND: "Set by a command: creation, shipmentConfirm or shipmentCancel.",
    enums.StatusSource.OVERRIDE: "Set by shipmentOverrideStatus; later events go on from there.",
    enums.StatusSource.PROJECTION: "Decided by the latest tracking event that applies, rolled up over the packages.",
}


@register_field(Shipment, "status_explanation")
def status_explanation(row: Row, field: SelectedField) -> json_sql.Pieces:
    ways = [
        (row.c.status_source == predicates.constant(source), json_sql.string(rule)) for source, rule in RULES.items()
    ]
    silent = predicates.constant(enums.NotAppliedReason.NOT_STATUS_BEARING)
    return field.embedded(
        decidedBy=lambda asked: asked.single_row(
            Event, lambda event: [event.c.id == outer_column(row.c.status_event_id)]
        ),
        rule=case(*ways),
        notApplied=lambda asked: asked.row_list(
            Event,
            lambda event: [event.c.shipment_id == outer_column(row.c.id), event.c.not_applied_reason != silent],
            lambda event: [event.c.occurred_at, event.c.position, event.c.id],
            limit=MAX_NOT_APPLIED,
        ),
    )


def party(role: enums.PartyRole) -> FieldReader:
    return lambda row, field: field.single_row(
        models.Party,
        lambda there: [there.c.shipment_id == outer_column(row.c.id), there.c.role == predicates.constant(role)],
    )


register_field(Shipment, "shipper")(party(enums.PartyRole.SHIPPER))
register_field(Shipment, "recipient")(party(enums.PartyRole.RECIPIENT))


@register_field(Shipment, "parties")
def parties(row: Row, field: SelectedField) -> json_sql.Pieces:
    roles = field.arguments["roles"]

    def wanted(there: Row) -> list[predicates.Predicate]:
        return [
            there.c.shipment_id == outer_column(row.c.id),
            *([] if roles is None else [predicates.one_of(there.c.role, roles)]),
        ]

    return field.row_list(models.Party, wanted, lambda there: [there.c.role])


@register_field(Shipment, "latest_event")
def latest_event(row: Row, field: SelectedField) -> json_sql.Pieces:
    def live(event: Row) -> list[predicates.Predicate]:
        return [event.c.shipment_id == outer_column(row.c.id), event.c.voided_at.is_(None)]

    return field.single_row(
        Event, live, lambda event: [event.c.occurred_at.desc(), event.c.position.desc(), event.c.id.desc()]
    )


def connection(field: SelectedField, rows: Callable[[Arguments], RowSet]) -> json_sql.Pieces:
    """A connection below a row."""
    given = field.arguments
    return [ConnectionBuilder(field, given, rows(given)).statement().scalar_subquery()]


@register_field(Shipment, "events")
def shipment_events(row: Row, field: SelectedField) -> json_sql.Pieces:
    return connection(
        field, lambda given: sources.timeline(given, lambda event: event.c.shipment_id == outer_column(row.c.id))
    )


@register_field(Package, "events")
def package_events(row: Row, field: SelectedField) -> json_sql.Pieces:
    """The events of the package and those of the whole shipment, which count for every package."""

    def of_package(event: Row) -> predicates.Predicate:
        about = or_(event.c.package_id.is_(None), event.c.package_id == outer_column(row.c.id))
        return and_(event.c.shipment_id == outer_column(row.c.shipment_id), about)

    return connection(field, lambda given: sources.timeline(given, of_package))


@register_field(Shipment, "history")
def history(row: Row, field: SelectedField) -> json_sql.Pieces:
    return connection(
        field, lambda given: change_log.changes(given, lambda change: change.c.shipment_id == outer_column(row.c.id))
    )


@register_field(models.Carrier, "shipments")
def carrier_shipments(row: Row, field: SelectedField) -> json_sql.Pieces:
    return connection(
        field,
        lambda given: sources.shipments(given, lambda shipment: shipment.c.carrier_id == outer_column(row.c.id)),
    )


register_field(Shipment, "total_weight")(measurement_fields.total_weight)
register_field(Shipment, "declared_value")(measurement_fields.money("declared_value"))
register_field(Package, "weight")(measurement_fields.weight)
register_field(Package, "dimensions")(measurement_fields.dimensions)
register_field(Item, "unit_value")(measurement_fields.money("unit_value"))


@register_field(Package, "tracking_url")
def tracking_url(row: Row, field: SelectedField) -> json_sql.Pieces:
    """The carrier's page; null where the carrier, its template or the number is missing."""
    shipment, carrier = field.builder.row(Shipment), field.builder.row(models.Carrier)
    url = func.replace(
        carrier.c.tracking_url_template, json_sql.sql("'{trackingNumber}'"), outer_column(row.c.tracking_number_norm)
    )
    same = [
        shipment.c.id == outer_column(row.c.shipment_id),
        carrier.c.id == shipment.c.carrier_id,
        field.builder.account_check(shipment),
        field.builder.account_check(carrier),
    ]
    return field.scalar(select(url).select_from(shipment, carrier).where(*same).scalar_subquery())


@register_field(Shipment, "metadata")
def metadata(row: Row, field: SelectedField) -> json_sql.Pieces:
    """All of it, or only some keys, in their order."""
    given = field.arguments
    if given["keys"] is None:
        return field.scalar(row.c.metadata)
    pair = func.jsonb_each(outer_column(row.c.metadata)).table_valued("key", "value", name=field.builder.name("pair"))
    keys = given.bind("keys", ARRAY(Text()), predicates.checked_texts)
    chosen = (
        select(func.jsonb_object_agg(pair.c.key, pair.c.value)).select_from(pair).where(pair.c.key == func.any(keys))
    )
    return [func.coalesce(cast(chosen.scalar_subquery(), Text), json_sql.sql("'{}'"))]


@register_field(models.Party, "country")
def country(row: Row, field: SelectedField) -> json_sql.Pieces:
    return field.scalar(row.c.country_code)


@register_field(Event, "source")
def source(row: Row, field: SelectedField) -> json_sql.Pieces:
    return field.scalar(row.c.source_name)


@register_field(Event, "utc_offset")
def utc_offset(row: Row, field: SelectedField) -> json_sql.Pieces:
    """Minutes as ±hh:mm."""
    minutes = row.c.utc_offset_min
    sign = case((minutes < json_sql.sql("0"), json_sql.sql("'-'")), else_=json_sql.sql("'+'"))
    clock = func.to_char(func.make_interval(json_sql.sql("mins => 1")) * func.abs(minutes), json_sql.sql("'HH24:MI'"))
    return json_sql.quoted(sign.op("||")(clock), nullable=True)


PLACE = {
    "name": "place_name",
    "city": "city",
    "region": "region",
    "postalCode": "postal_code",
    "country": "country_code",
    "latitude": "latitude",
    "longitude": "longitude",
}


@register_field(Event, "place")
def place(row: Row, field: SelectedField) -> json_sql.Pieces:
    columns = {name: row.c[column] for name, column in PLACE.items()}
    known = func.num_nonnulls(*columns.values()) > json_sql.sql("0")
    return field.embedded(known, **columns)


@register_field(models.Change, "cursor")
def change_cursor(row: Row, field: SelectedField) -> json_sql.Pieces:
    return ['"', cursor.expression(change_log.ORDER, change_log.keys(row)), '"']


@register_field(models.Change, "shipment")
def change_shipment(row: Row, field: SelectedField) -> json_sql.Pieces:
    return field.single_row(Shipment, lambda shipment: [shipment.c.id == outer_column(row.c.shipment_id)])


@register_field(models.Change, "changed_fields")
def changed_fields(row: Row, field: SelectedField) -> json_sql.Pieces:
    """The keys of what changed, in their order."""
    keys = func.jsonb_object_keys(row.c.changed).table_valued("key", name=field.builder.name("key")).render_derived()
    sorted_ = func.json_agg(aggregate_order_by(keys.c.key, keys.c.key))
    return json_sql.or_null(cast(select(sorted_).select_from(keys).scalar_subquery(), Text))


@register_field(models.Change, "event")
def change_event(row: Row, field: SelectedField) -> json_sql.Pieces:
    return field.single_row(Event, lambda event: [event.c.id == outer_column(row.c.entity_id)])


register_field(models.Change, "status_before")(lambda row, field: field.scalar(row.c.status_before))
register_field(models.Change, "status_after")(lambda row, field: field.scalar(row.c.status_after))
