"""The queries of the groups of a statistics field: their aggregates, missing buckets, and the page in its order."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, and_, func, select, table, true

from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.statistics.dimensions import sort_text
from graphql_app.query_engine.statistics.grouping import Grouping

MAX_ORDER_FIELDS = 3
"""Maximum number of fields in `orderBy`."""


def queries(grouping: Grouping) -> list[CTE]:
    """Return the queries of all groups and of the page of groups.

    Raises:
        BadUserInput: `orderBy` has too many fields, a field twice, or BUCKET without `bucket`.
    """
    frame, name = grouping.page, grouping.builder.unique_name("groups")
    order_by = order_terms(grouping)
    grouped = (
        select(
            *(key.label(key_name) for key_name, key in frame.keys.items()),
            *(aggregate.label(column) for column, aggregate in frame.columns.items()),
            frame.number_of_rows.label("number_of_rows"),
        )
        .select_from(frame.source)
        .group_by(*frame.keys.values())
    )
    if grouping.buckets is not None:
        grouped = grouped.where(frame.keys["bucket"].is_not(None))
    result = [grouped.cte(name)]
    if grouping.fills_gaps:
        result.append(without_gaps(grouping, name))
    source = result[-1].name
    columns = [json_sql.sql(f"g.{column}") for column in (*frame.keys, *frame.columns, "number_of_rows")]
    at = func.row_number().over(order_by=order_by).label("at")
    page = select(*columns, at).select_from(table(source).alias("g")).order_by(json_sql.sql("at"))
    return [*result, page.limit(json_sql.sql(str(grouping.size + 1))).cte(frame.name)]


def without_gaps(grouping: Grouping, name: str) -> CTE:
    """Return the groups with all buckets between the first and the last one, for each combination of the keys."""
    buckets, frame = grouping.buckets, grouping.page
    assert buckets is not None
    bucket = json_sql.sql(f"{name}.bucket", buckets.key_type)
    ends = select(func.min(bucket).label("first"), func.max(bucket).label("last")).select_from(table(name))
    first, last = (json_sql.sql(f"ends.{end}", buckets.key_type) for end in ("first", "last"))
    series = select(buckets.series(first, last).label("value")).select_from(ends.subquery("ends"))
    value = json_sql.sql("series.value", buckets.key_type)
    combinations: FromClause = (
        select(buckets.key_in_series(value).label("bucket"))
        .distinct()
        .select_from(series.subquery("series"))
        .subquery("buckets")
    )
    same: list[ColumnElement[bool]] = [bucket == json_sql.sql("buckets.bucket")]
    keys = {key: json_sql.sql("buckets.bucket") if key == "bucket" else json_sql.sql(f"c.{key}") for key in frame.keys}
    if len(keys) > 1:
        dimension_keys = [key for key in keys if key != "bucket"]
        distinct = select(*(json_sql.sql(f"{name}.{key}").label(key) for key in dimension_keys)).distinct()
        combinations = combinations.join(distinct.select_from(table(name)).subquery("c"), true())
        same += [json_sql.sql(f"{name}.{key}").is_not_distinct_from(keys[key]) for key in dimension_keys]
    number = func.coalesce(json_sql.sql(f"{name}.number_of_rows"), json_sql.sql("0"))
    return (
        select(
            *(key.label(key_name) for key_name, key in keys.items()),
            *(json_sql.sql(f"{name}.{column}").label(column) for column in frame.columns),
            number.label("number_of_rows"),
        )
        .select_from(combinations.outerjoin(table(name), and_(*same)))
        .cte(grouping.builder.unique_name("filled"))
    )


def order_terms(grouping: Grouping) -> list[ColumnElement[Any]]:
    """Return the sort expressions of the groups. Ties are broken by the bucket and the keys.

    Raises:
        BadUserInput: `orderBy` has too many fields, a field twice, or BUCKET without `bucket`.
    """
    frame = grouping.page
    terms = [(term["field"], term["direction"] == "DESC") for term in grouping.arguments.nested_list("orderBy")]
    if len(terms) > MAX_ORDER_FIELDS or len({name for name, _ in terms}) < len(terms):
        raise request_errors.BadUserInput(f"`orderBy` takes at most {MAX_ORDER_FIELDS} fields, each once.")
    if grouping.buckets is None and any(name == "BUCKET" for name, _ in terms):
        raise request_errors.BadUserInput("An order by BUCKET requires the argument `bucket`.")
    terms = terms or [("BUCKET", False) if grouping.buckets is not None else ("COUNT", True)]
    dimension_keys = [key for key in frame.keys if key != "bucket"]
    grouped = frame.renamed("g")
    expressions: list[ColumnElement[Any]] = []
    ties = [(name, False) for name in ("BUCKET", "KEYS") if name not in dict(terms)]
    for name, descending in [*terms, *ties]:
        if name == "COUNT":
            values = [json_sql.sql("g.number_of_rows")]
        elif name == "BUCKET":
            values = [grouped.key("bucket")] if grouping.buckets is not None else []
        elif name == "KEYS":
            values = [
                sort_text(grouping.subject.dimensions[dimension].value(grouping.builder, grouped.key(key)))
                for dimension, key in zip(grouping.dimensions, dimension_keys, strict=True)
            ]
        else:
            values = [grouping.subject.orders[name](grouped)]
        expressions += [(value.desc() if descending else value.asc()).nulls_last() for value in values]
    return expressions
