"""The kinds of measures: durations, rates, numbers and money, each with the aggregates that its selected fields need.

Averages and sums of weights and money are exact decimals. Durations are aggregated in seconds.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Double, Interval, Numeric, Text, and_, case, cast, func, select, table

from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.text_values import normalized_metadata_text
from graphql_app.query_engine.selection import SelectedField
from graphql_app.query_engine.statistics.frame import Frame

MAX_PERCENTILES = 20
"""Maximum number of percentiles of one duration."""
NUMBER_PATTERN = "'^-?[0-9]{1,30}([.][0-9]{1,20})?$'"
"""A text that is a decimal number, as an SQL literal."""
DOUBLES: ARRAY[Any] = ARRAY(Double())
"""The type of a list of floats."""


def checked_percentiles(values: Sequence[float]) -> list[float]:
    """Return percentiles as fractions from 0 to 1.

    Raises:
        BadUserInput: one is out of range, or there are too many.
    """
    if len(values) > MAX_PERCENTILES:
        raise request_errors.BadUserInput(
            f"`percentiles` must contain at most {MAX_PERCENTILES} values (was {len(values)})."
        )
    if not all(0 <= value <= 100 for value in values):
        raise request_errors.BadUserInput("A percentile must be between 0 and 100.")
    return [value / 100 for value in values]


def seconds_text(seconds: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number of seconds as an interval whose hours are less than a day."""
    return func.justify_hours(seconds * json_sql.sql("interval '1 second'"), type_=Interval())


def seconds_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the seconds from one instant to another."""
    return cast(func.extract("epoch", end - start), Double())


def duration(field: SelectedField, frame: Frame, seconds: ColumnElement[Any]) -> json_sql.Pieces:
    """Read DurationStatistics of seconds; null is no value. `field` has the argument `percentiles`."""
    arguments = field.arguments

    def percentiles(selected: SelectedField) -> json_sql.Pieces:
        fractions = cast(arguments.bind("percentiles", DOUBLES, checked_percentiles), DOUBLES)
        values = frame.add(func.percentile_cont(fractions).within_group(seconds))
        values.type = DOUBLES
        name = field.builder.unique_name("percentile")
        pairs = func.unnest(fractions, values).table_valued("fraction", "seconds", with_ordinality="at")
        table = pairs.render_derived(name)
        item = selected.embedded_object(
            percentile=cast(table.c.fraction * json_sql.sql("100"), Double()),
            value=seconds_text(json_sql.sql(f"{name}.seconds", Double())),
        )
        comma = json_sql.sql(f"',' ORDER BY {name}.at")
        listed = select(func.string_agg(json_sql.text(item), comma)).select_from(table)
        has_values = json_sql.sql(f"{name}.seconds").is_not(None)
        return ["[", listed.where(has_values).scalar_subquery(), "]"]

    return field.embedded_object(
        count=lambda selected: selected.scalar(frame.count(func.count(seconds))),
        average=lambda selected: selected.scalar(seconds_text(frame.add(func.avg(seconds)))),
        minimum=lambda selected: selected.scalar(seconds_text(frame.add(func.min(seconds)))),
        maximum=lambda selected: selected.scalar(seconds_text(frame.add(func.max(seconds)))),
        percentiles=percentiles,
    )


def rate(field: SelectedField, frame: Frame, kept: ColumnElement[bool], of: ColumnElement[bool]) -> json_sql.Pieces:
    """Read a Rate: the rows of `of` that also satisfy `kept`."""
    numerator, denominator = frame.number(and_(of, kept)), frame.number(of)
    share = cast(numerator, Double()) / func.nullif(denominator, json_sql.sql("0"))
    return field.embedded_object(
        kept=lambda _: [numerator],
        of=lambda _: [denominator],
        rate=lambda selected: selected.scalar(cast(share, Double())),
    )


def numbers(field: SelectedField, frame: Frame, number: ColumnElement[Any]) -> json_sql.Pieces:
    """Read NumberStatistics of a number; null is no value."""
    average = func.round(func.avg(number), json_sql.sql("6"), type_=Numeric())
    return field.embedded_object(
        count=lambda selected: selected.scalar(frame.count(func.count(number))),
        sum=lambda selected: selected.scalar(frame.count(func.sum(number, type_=Numeric()))),
        average=lambda selected: selected.scalar(frame.add(average)),
        minimum=lambda selected: selected.scalar(frame.add(func.min(number, type_=Numeric()))),
        maximum=lambda selected: selected.scalar(frame.add(func.max(number, type_=Numeric()))),
    )


def metadata_number(field: SelectedField, frame: Frame) -> json_sql.Pieces:
    """Read the numbers in a metadata key: JSON numbers, and texts that are decimal numbers."""
    key = cast(field.arguments.bind("key", Text(), normalized_metadata_text), Text)
    text = frame.rows.column(frame.rows.row.c.metadata.op("->>", return_type=Text())(key))
    is_number = text.op("~")(json_sql.sql(NUMBER_PATTERN))
    return numbers(field, frame, case((is_number, cast(text, Numeric()))))


def money(
    field: SelectedField, frame: Frame, amount: ColumnElement[Any], currency: ColumnElement[Any]
) -> json_sql.Pieces:
    """Read MoneyStatistics by currency: the rows are grouped once by the keys of the frame and the currency."""
    name = frame.rows.add_query(
        "money",
        select(
            *(source.label(key) for key, source in frame.keys.items()),
            currency.label("currency"),
            func.count().label("number"),
            func.sum(amount).label("total"),
            func.round(func.avg(amount), json_sql.sql("4")).label("mean"),
        )
        .select_from(frame.source)
        .where(amount.is_not(None))
        .group_by(*frame.keys.values(), currency),
    )
    item = field.embedded_object(
        currency=json_sql.sql(f"{name}.currency", Text()),
        count=lambda _: [json_sql.sql(f"{name}.number")],
        sum=json_sql.sql(f"{name}.total", Numeric()),
        average=json_sql.sql(f"{name}.mean", Numeric()),
    )
    same_group = [json_sql.sql(f"{name}.{key}").is_not_distinct_from(frame.key(key)) for key in frame.keys]
    comma = json_sql.sql(f"',' ORDER BY {name}.currency")
    listed = select(func.string_agg(json_sql.text(item), comma)).select_from(table(name)).where(*same_group)
    return ["[", listed.scalar_subquery(), "]"]
