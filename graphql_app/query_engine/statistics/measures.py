"""The measures of shipments, tracking events and items."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Double, Numeric, case, cast, exists, func, select, type_coerce

from graphql_app import models
from graphql_app.domain import enums, status_rules, units
from graphql_app.domain.enums import TrackingEventCode as Code
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters import lateness
from graphql_app.query_engine.filters.predicates import enum_in
from graphql_app.query_engine.measurement_fields import converted, enum_value
from graphql_app.query_engine.selection import RowAlias, SelectedField, outer_column
from graphql_app.query_engine.statistics.aggregates import (
    duration,
    metadata_number,
    money,
    numbers,
    rate,
    seconds_between,
)
from graphql_app.query_engine.statistics.frame import Frame, MatchingRows

Measure = Callable[[SelectedField, Frame], json_sql.Pieces]
"""Returns the JSON of a selected measure of a frame."""
PROBLEM_CODES = (Code.EXCEPTION, Code.HELD, Code.CUSTOMS_HELD, Code.DAMAGED, Code.LOST)
"""The event codes that count in `exceptionRate`."""
RETURN_STATUSES = (enums.ShipmentStatus.RETURNING, enums.ShipmentStatus.RETURNED)
"""The statuses that count in `returnRate`."""


def has_event(row: RowAlias, rows: MatchingRows, codes: Sequence[Code]) -> ColumnElement[bool]:
    """Return whether a shipment has an applied event with one of the codes."""
    event = rows.builder.row(models.TrackingEvent)
    where = [
        event.c.shipment_id == outer_column(row.c.id),
        enum_in(event.c.code, codes),
        event.c.applied,
        event.c.voided_at.is_(None),
        rows.builder.account_check(event),
    ]
    return exists(select(json_sql.sql("1")).select_from(event).where(*where))


def weight(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.weight."""
    unit = field.arguments["unit"] or enums.WeightUnit.KG
    factor, grams = units.GRAMS[unit], frame.rows.stored("total_weight_g")

    def in_unit(aggregate: ColumnElement[Any]) -> ColumnElement[Any]:
        return type_coerce(converted(frame.add(aggregate), factor), Numeric())

    return field.embedded_object(
        count=lambda selected: selected.scalar(frame.count(func.count(grams))),
        unit=lambda _: enum_value(unit),
        sum=lambda selected: selected.scalar(
            func.coalesce(in_unit(func.sum(grams)), json_sql.sql("0"), type_=Numeric())
        ),
        average=lambda selected: selected.scalar(
            func.round(in_unit(func.avg(grams)), json_sql.sql("6"), type_=Numeric())
        ),
        minimum=lambda selected: selected.scalar(in_unit(func.min(grams))),
        maximum=lambda selected: selected.scalar(in_unit(func.max(grams))),
    )


def on_time(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.onTime."""
    delay = frame.rows.stored("delivery_delay")
    return rate(field, frame, delay <= json_sql.sql("0"), delay.is_not(None))


def first_attempt_rate(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.firstAttemptRate."""
    failed = frame.rows.column(has_event(frame.rows.row, frame.rows, [Code.DELIVERY_ATTEMPTED]), "attempt_failed")
    return rate(field, frame, ~failed, frame.rows.stored("delivered_at").is_not(None))


def exception_rate(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.exceptionRate."""
    problem = frame.rows.column(has_event(frame.rows.row, frame.rows, PROBLEM_CODES), "had_problem")
    return rate(field, frame, problem, frame.rows.stored("picked_up_at").is_not(None))


def return_rate(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.returnRate."""
    returned = enum_in(frame.rows.stored("status"), RETURN_STATUSES)
    return rate(field, frame, returned, frame.rows.stored("picked_up_at").is_not(None))


def transit_seconds(row: RowAlias) -> ColumnElement[Any]:
    """Return the seconds from the pickup to the delivery."""
    return seconds_between(row.c.picked_up_at, row.c.delivered_at)


def age_seconds(row: RowAlias) -> ColumnElement[Any]:
    """Return the seconds since a shipment that is not closed was ready."""
    is_open = enum_in(row.c.status, [*status_rules.PLANNING, *status_rules.ACTIVE])
    return case((is_open, seconds_between(row.c.ready_at, lateness.NOW)))


def late_seconds(row: RowAlias) -> ColumnElement[Any]:
    """Return the seconds by which a shipment is or was late."""
    return cast(func.extract("epoch", lateness.late_by(row)), Double())


def duration_of(name: str, seconds: Callable[[RowAlias], ColumnElement[Any]]) -> Measure:
    """Return the measure of a duration of a row. `name` is that of its column among the matching rows."""
    return lambda field, frame: duration(field, frame, frame.rows.column(seconds(frame.rows.row), name))


def number_of_shipments(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read the number of different shipments of events or items."""
    return field.scalar(frame.count(func.count(frame.rows.stored("shipment_id").distinct())))


def item_value(row: RowAlias) -> ColumnElement[Any]:
    """Return the value of an item: its quantity times the value of one unit."""
    return cast(row.c.quantity * row.c.unit_value, Numeric())


def plain_count(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read the number of rows."""
    return field.scalar(frame.number())


SHIPMENT_MEASURES: Mapping[str, Measure] = {
    "count": plain_count,
    "packages": lambda field, frame: field.scalar(frame.count(func.sum(frame.rows.stored("package_count")))),
    "weight": weight,
    "declaredValue": lambda field, frame: money(
        field, frame, frame.rows.stored("declared_value"), frame.rows.stored("currency")
    ),
    "onTime": on_time,
    "firstAttemptRate": first_attempt_rate,
    "exceptionRate": exception_rate,
    "returnRate": return_rate,
    "transitTime": duration_of("transit", transit_seconds),
    "age": duration_of("age", age_seconds),
    "lateBy": duration_of("late", late_seconds),
    "metadataNumber": metadata_number,
}
"""The measures of shipments, by GraphQL name."""
EVENT_MEASURES: Mapping[str, Measure] = {
    "count": plain_count,
    "shipments": number_of_shipments,
    "recordingDelay": duration_of("delay", lambda row: seconds_between(row.c.occurred_at, row.c.recorded_at)),
}
"""The measures of tracking events, by GraphQL name."""
ITEM_MEASURES: Mapping[str, Measure] = {
    "count": plain_count,
    "shipments": number_of_shipments,
    "quantity": lambda field, frame: numbers(field, frame, frame.rows.stored("quantity")),
    "value": lambda field, frame: money(
        field, frame, frame.rows.column(item_value(frame.rows.row), "value"), frame.rows.stored("currency")
    ),
    "metadataNumber": metadata_number,
}
"""The measures of items, by GraphQL name."""


def sum_of(column: str) -> Callable[[Frame], ColumnElement[Any]]:
    """Return the order by the sum of a column."""
    return lambda frame: frame.add(func.sum(frame.rows.stored(column)))


def on_time_share(frame: Frame) -> ColumnElement[Any]:
    """Return the order by the share of deliveries on time."""
    delay = frame.rows.stored("delivery_delay")
    kept: ColumnElement[Any] = case(
        (delay <= json_sql.sql("0"), json_sql.sql("1")), (delay.is_not(None), json_sql.sql("0"))
    )
    return frame.add(func.avg(kept))


SHIPMENT_ORDERS: Mapping[str, Callable[[Frame], ColumnElement[Any]]] = {
    "PACKAGES": sum_of("package_count"),
    "WEIGHT": sum_of("total_weight_g"),
    "ON_TIME_RATE": on_time_share,
    "TRANSIT_TIME": lambda frame: frame.add(func.avg(frame.rows.column(transit_seconds(frame.rows.row), "transit"))),
}
"""The orders of groups of shipments besides COUNT, KEYS and BUCKET."""
