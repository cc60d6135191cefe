"""The measures and orders of groups of shipments, read from the cells of the rollups."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Double, Numeric, cast, func, select, table

from graphql_app.database.rollup_sql import TRANSIT_GROWTH
from graphql_app.domain import enums, units
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.measurement_fields import converted, enum_value
from graphql_app.query_engine.selection import SelectedField
from graphql_app.query_engine.statistics.aggregates import DOUBLES, checked_percentiles, seconds_text
from graphql_app.query_engine.statistics.frame import Frame
from graphql_app.query_engine.statistics.measures import Measure


def total_of(column: str) -> ColumnElement[Any]:
    """Return the sum of a column of the cells."""
    return func.sum(json_sql.sql(f"cells.{column}", Numeric()), type_=Numeric())


def whole(frame: Frame, column: str) -> ColumnElement[Any]:
    """Add the sum of a column that counts, and return it as a whole number."""
    return func.trim_scale(frame.count(total_of(column)), type_=Numeric())


def share(numerator: str, denominator: str) -> ColumnElement[Any]:
    """Return the quotient of two sums; null if the second is 0."""
    return cast(total_of(numerator), Double()) / func.nullif(cast(total_of(denominator), Double()), json_sql.sql("0"))


def rate(kept: str, of: str) -> Measure:
    """Return the measure of a Rate of two columns."""

    def read(field: SelectedField, frame: Frame) -> json_sql.Pieces:
        return field.embedded_object(
            kept=lambda _: [whole(frame, kept)],
            of=lambda _: [whole(frame, of)],
            rate=lambda selected: selected.scalar(cast(frame.add(share(kept, of)), Double())),
        )

    return read


def nothing(_: SelectedField) -> json_sql.Pieces:
    """Return null: minimum and maximum are not in the cells."""
    return [json_sql.NULL]


def weight(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.weight."""
    unit = field.arguments["unit"] or enums.WeightUnit.KG

    def in_unit(aggregate: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.round(converted(aggregate, units.GRAMS[unit]), json_sql.sql("6"), type_=Numeric())

    average = total_of("weight_g") / func.nullif(total_of("weights"), json_sql.sql("0"))
    return field.embedded_object(
        count=lambda _: [whole(frame, "weights")],
        unit=lambda _: enum_value(unit),
        sum=lambda selected: selected.scalar(in_unit(frame.count(total_of("weight_g")))),
        average=lambda selected: selected.scalar(in_unit(frame.add(average))),
        minimum=nothing,
        maximum=nothing,
    )


def transit_time(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read ShipmentMeasures.transitTime. A percentile is the value of the bucket that contains it."""
    arguments = field.arguments

    def percentiles(selected: SelectedField) -> json_sql.Pieces:
        name, shares = field.builder.unique_name("rank"), field.builder.unique_name("share")
        fractions = cast(arguments.bind("percentiles", DOUBLES, checked_percentiles), DOUBLES)
        rows = frame.transit_rows
        where = [json_sql.sql(f"{rows}.{key}").is_not_distinct_from(frame.key(key)) for key in frame.keys]
        number, bucket = json_sql.sql(f"{rows}.shipments"), json_sql.sql(f"{rows}.bucket_number")
        ranked = (
            select(
                bucket.label("bucket_number"),
                func.sum(number).over(order_by=bucket).label("reached"),
                func.sum(number).over().label("all_rows"),
            )
            .select_from(table(rows))
            .where(*where)
            .subquery(name)
        )
        pairs = func.unnest(fractions).table_valued("fraction", with_ordinality="at").render_derived(shares)
        reached = ranked.c.reached >= json_sql.sql(f"{shares}.fraction") * ranked.c.all_rows
        first = select(func.min(ranked.c.bucket_number)).select_from(ranked).where(reached).scalar_subquery()
        growth = json_sql.sql(f"{TRANSIT_GROWTH}::float8")
        values = select(pairs.c.fraction, pairs.c.at, first.label("bucket_number")).select_from(pairs)
        table_name = field.builder.unique_name("percentile")
        listed = values.subquery(table_name)
        number_of_bucket: ColumnElement[Any] = cast(listed.c.bucket_number, Double())
        seconds = func.power(growth, number_of_bucket - json_sql.sql("0.5")) * func.sign(number_of_bucket)
        item = selected.embedded_object(
            percentile=cast(listed.c.fraction * json_sql.sql("100"), Double()),
            value=seconds_text(cast(seconds, Double())),
        )
        comma = json_sql.sql(f"',' ORDER BY {table_name}.at")
        texts = select(func.string_agg(json_sql.text(item), comma)).select_from(listed)
        return ["[", texts.where(listed.c.bucket_number.is_not(None)).scalar_subquery(), "]"]

    average: ColumnElement[Any] = cast(frame.add(share("transit_seconds", "transits")), Double())
    return field.embedded_object(
        count=lambda _: [whole(frame, "transits")],
        average=lambda selected: selected.scalar(seconds_text(average)),
        minimum=nothing,
        maximum=nothing,
        percentiles=percentiles,
    )


MEASURES: Mapping[str, Measure] = {
    "count": lambda _, frame: [whole(frame, "shipments")],
    "packages": lambda _, frame: [whole(frame, "packages")],
    "weight": weight,
    "onTime": rate("on_time", "deadlines"),
    "firstAttemptRate": rate("first_attempts", "deliveries"),
    "exceptionRate": rate("problems", "pickups"),
    "returnRate": rate("returns", "pickups"),
    "transitTime": transit_time,
}
"""The measures that the cells hold, by GraphQL name."""
ORDERS: Mapping[str, Callable[[Frame], ColumnElement[Any]]] = {
    "PACKAGES": lambda frame: frame.add(total_of("packages")),
    "WEIGHT": lambda frame: frame.add(func.nullif(total_of("weight_g"), json_sql.sql("0"))),
    "ON_TIME_RATE": lambda frame: frame.add(share("on_time", "deadlines")),
    "TRANSIT_TIME": lambda frame: frame.add(share("transit_seconds", "transits")),
}
"""The orders of groups besides COUNT, KEYS and BUCKET."""
