"""The statement of a statistics field: the matching rows, their total, their groups, and the page of groups.

    WITH matching_1 AS (the rows that match `where`, with the columns that the selection needs),
         groups_1 AS (their aggregates by the dimensions and the bucket),
         page_1 AS (the first groups in the requested order)
    SELECT the JSON of the total and of the page

At most MAX_EXACT_ROWS + 1 rows are read: if there are more, the precision is AT_LEAST.
"""

from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, table
from sqlalchemy.dialects.postgresql import aggregate_order_by

from graphql_app.domain.statistics_enums import StatisticsPrecision as Precision
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.lateness import NOW
from graphql_app.query_engine.filters.text_values import normalized_metadata_text
from graphql_app.query_engine.selection import EmbeddedField, SelectedField
from graphql_app.query_engine.statistics import group_rows, groups, limits
from graphql_app.query_engine.statistics.dimensions import TextOfKey
from graphql_app.query_engine.statistics.frame import Frame, MatchingRows
from graphql_app.query_engine.statistics.grouping import Grouping, Subject
from graphql_app.query_engine.statistics.measures import Measure


class StatisticsBuilder:
    """Builds the statement of one statistics field.

    Raises:
        BadUserInput: an argument is invalid: see `Grouping`.
    """

    def __init__(self, selected: SelectedField, subject: Subject) -> None:
        self.field, self.subject, self.builder = selected, subject, selected.builder
        self.arguments = selected.arguments
        self.builder.add_objects(limits.COST)
        if self.arguments["metadataKey"] is not None:
            self.arguments.validate("metadataKey", normalized_metadata_text)
        self.rows = MatchingRows(self.builder, self.builder.row(subject.model), self.arguments)
        self.grouping = Grouping(self.arguments, subject, self.rows)
        self.total = Frame(self.rows, self.builder.unique_name("total"), table(self.rows.name), {})
        self.page, self.size = self.grouping.page, self.grouping.size

    def statement(self) -> Select[Any]:
        """Return the SELECT of the field's JSON."""
        return select(json_sql.text(self.pieces())).add_cte(*self.queries())

    def pieces(self) -> json_sql.Pieces:
        """Return the field's JSON."""
        return self.field.embedded_object(
            total=self.total_measures,
            groups=self.groups,
            hasMore=self.has_more,
            precision=lambda _: ['"', self.precision(), '"'],
            asOf=lambda selected: selected.scalar(self.as_of()),
        )

    def queries(self) -> list[Any]:
        """Return the named queries of the statement, each after those that it reads."""
        row = self.rows.row
        group_queries = groups.queries(self.grouping) if self.is_grouped else []
        columns = [expression.label(name) for name, expression in self.rows.columns.items()]
        where = [self.builder.account_filter(row), *self.subject.where(row, self.arguments)]
        matching = select(*(columns or [json_sql.sql("1").label("one")])).select_from(row).where(*where)
        limited = matching.limit(json_sql.sql(str(limits.MAX_EXACT_ROWS + 1)))
        queries: list[Any] = [limited.cte(self.rows.name).prefix_with("MATERIALIZED")]
        total = [expression.label(name) for name, expression in self.total.columns.items()]
        if total:
            queries.append(select(*total).select_from(self.total.source).cte(self.total.name))
        return [*queries, *group_queries, *self.rows.queries]

    @property
    def is_grouped(self) -> bool:
        """Whether there are dimensions or buckets."""
        return bool(self.page.keys)

    def measures(self, selected: SelectedField, frame: Frame) -> json_sql.Pieces:
        """Return the JSON of the measures of a frame."""
        readers: dict[str, EmbeddedField] = {
            name: partial(read_measure, measure, frame) for name, measure in self.subject.measures.items()
        }
        return selected.embedded_object(None, **readers)

    def total_measures(self, selected: SelectedField) -> json_sql.Pieces:
        """Return the JSON of the measures of all matching rows."""
        text = json_sql.text(self.measures(selected, self.total))
        statement = select(text)
        return [(statement.select_from(table(self.total.name)) if self.total.columns else statement).scalar_subquery()]

    def groups(self, selected: SelectedField) -> json_sql.Pieces:
        """Return the JSON list of the groups of the page."""
        with self.builder.repeated(self.size):
            members: dict[str, EmbeddedField] = {
                "keys": self.keys,
                "bucket": self.bucket,
                "measures": lambda inner: self.measures(inner, self.page),
            }
            if self.subject.rows is not None:
                members[self.subject.rows_field] = partial(group_rows.connection, self.grouping)
            item = json_sql.text(selected.embedded_object(None, **members))
        if not self.is_grouped:
            return ["[]"]
        row_number = json_sql.sql(f"{self.page.name}.at")
        comma = aggregate_order_by(json_sql.sql("','"), row_number)
        listed = func.string_agg(item, comma).filter(row_number <= json_sql.sql(str(self.size)))
        return ["[", select(listed).select_from(table(self.page.name)).scalar_subquery(), "]"]

    def keys(self, selected: SelectedField) -> json_sql.Pieces:
        """Return the JSON list of the values of the dimensions of a group."""
        pieces: json_sql.Pieces = []
        for index, name in enumerate(self.grouping.dimensions, 1):
            dimension, key = self.subject.dimensions[name], self.page.key(f"k{index}")
            item = selected.embedded_object(
                dimension=partial(constant, name),
                value=partial(read_key, dimension.value, key),
                label=partial(read_key, dimension.label, key),
            )
            pieces += [*([","] if pieces else []), *item]
        return ["[", *pieces, "]"]

    def bucket(self, selected: SelectedField) -> json_sql.Pieces:
        """Return the JSON of the bucket of a group."""
        if self.grouping.buckets is None:
            return [json_sql.NULL]
        buckets = self.grouping.buckets
        key = json_sql.sql(f"{self.page.name}.bucket", buckets.key_type)
        return selected.embedded_object(
            start=lambda inner: inner.scalar(buckets.start(key)),
            end=lambda inner: inner.scalar(buckets.end(key)),
            localStart=lambda inner: inner.scalar(buckets.local_start(key)),
        )

    def has_more(self, selected: SelectedField) -> json_sql.Pieces:
        """Return the JSON of `hasMore`."""
        if not self.is_grouped:
            return selected.scalar(json_sql.sql("false"))
        more = func.count() > json_sql.sql(str(self.size))
        return selected.scalar(select(more).select_from(table(self.page.name)).scalar_subquery())

    def as_of(self) -> ColumnElement[Any]:
        """Return the time for which the figures hold."""
        return NOW

    def precision(self) -> ColumnElement[Any]:
        """Return the precision: AT_LEAST if there are more matching rows than were read."""
        more = func.count() > json_sql.sql(str(limits.MAX_EXACT_ROWS))
        name = case((more, json_sql.string(Precision.AT_LEAST)), else_=json_sql.string(Precision.EXACT))
        return select(name).select_from(table(self.rows.name)).scalar_subquery()


def constant(name: str, _: SelectedField) -> json_sql.Pieces:
    """Return the JSON of an enum value."""
    return [f'"{name}"']


def read_key(read: TextOfKey, key: ColumnElement[Any], selected: SelectedField) -> json_sql.Pieces:
    """Return the JSON of the text of a value of a dimension."""
    return selected.scalar(read(selected.builder, key))


def read_measure(measure: Measure, frame: Frame, selected: SelectedField) -> json_sql.Pieces:
    """Return the JSON of a measure of a frame."""
    return measure(selected, frame)
