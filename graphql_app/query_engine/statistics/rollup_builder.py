"""The statement of `shipmentStats` from the rollups, if more shipments match than exact figures are computed for.

The statement holds both ways. PostgreSQL decides by the number of matching shipments, which the cells know, and does
not run the other one.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, case, func, select, table
from sqlalchemy.dialects.postgresql import TIMESTAMP

from graphql_app import models
from graphql_app.domain.statistics_enums import StatisticsPrecision as Precision
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import SelectedField, Selection
from graphql_app.query_engine.statistics import groups, limits, rollup_measures
from graphql_app.query_engine.statistics.builder import StatisticsBuilder
from graphql_app.query_engine.statistics.frame import Frame
from graphql_app.query_engine.statistics.rollup_cells import SUMS, RollupCells


def statement(field: SelectedField, exact: StatisticsBuilder) -> Select[Any]:
    """Return the SELECT of `shipmentStats`: from the rows, or from the rollups if there are too many rows."""
    cells = RollupCells.of_question(exact.arguments, exact.grouping.dimensions)
    if cells is None or not has_measures(field):
        return exact.statement()
    exact_text = json_sql.text(exact.pieces())
    cost = exact.builder.cost
    rollup = RollupBuilder(field, exact, cells)
    rollup_text = json_sql.text(rollup.pieces())
    exact.builder.cost = cost  # only one of both ways is run
    text = case((rollup.applies(), rollup_text), else_=exact_text)
    return select(text).add_cte(*rollup.queries(), *exact.queries())


def has_measures(field: SelectedField) -> bool:
    """Return whether the cells hold all selected measures, and no rows of groups are selected."""
    for _, selected in field.selection().fields():
        if selected is not None and selected.name == "total" and not are_held(selected.selection()):
            return False
        if selected is None or selected.name != "groups":
            continue
        for _, inner in selected.selection().fields():
            if inner is not None and inner.name == "shipments":
                return False
            if inner is not None and inner.name == "measures" and not are_held(inner.selection()):
                return False
    return True


def are_held(measures: Selection) -> bool:
    """Return whether the cells hold all of these measures."""
    return all(field is None or field.name in rollup_measures.MEASURES for _, field in measures.fields())


class RollupBuilder(StatisticsBuilder):
    """Builds the JSON of one question from the cells of the rollups."""

    def __init__(self, selected: SelectedField, exact: StatisticsBuilder, cells: RollupCells) -> None:
        self.field, self.builder, self.arguments = selected, exact.builder, exact.arguments
        self.subject = replace(exact.subject, measures=rollup_measures.MEASURES, orders=rollup_measures.ORDERS)
        self.rows, self.cells, self.size = exact.rows, cells, exact.size
        self.grouping = exact.grouping.of_rollup(self.subject)
        bucket = self.arguments["bucket"]
        self.time_field = "" if bucket is None else str(bucket["field"])
        self.all_cells, self.group_cells = (self.builder.unique_name("cells") for _ in range(2))
        self.all_transits, self.group_transits = (self.builder.unique_name("transits") for _ in range(2))
        keys: dict[str, ColumnElement[Any]] = {
            f"k{index}": json_sql.sql(f"cells.k{index}") for index in range(1, len(self.grouping.dimensions) + 1)
        }
        self.bucket_of_day: ColumnElement[Any] | None = None
        if self.grouping.buckets is not None:
            day = json_sql.sql("cells.day::timestamp", TIMESTAMP())
            keys["bucket"] = self.grouping.buckets.truncated(day)
        number = func.sum(json_sql.sql("cells.shipments"))
        self.total = Frame(self.rows, self.builder.unique_name("total"), table(self.all_cells).alias("cells"), {})
        self.page = Frame(
            self.rows, self.builder.unique_name("page"), table(self.group_cells).alias("cells"), keys, number
        )
        self.total.transit_rows, self.page.transit_rows = self.all_transits, self.group_transits
        self.grouping.page = self.page

    def applies(self) -> ColumnElement[bool]:
        """Return whether more shipments match than exact figures are computed for."""
        number = func.coalesce(func.sum(json_sql.sql(f"{self.all_cells}.shipments")), json_sql.sql("0"))
        return (
            select(number > json_sql.sql(str(limits.MAX_EXACT_ROWS)))
            .select_from(table(self.all_cells))
            .scalar_subquery()
        )

    def queries(self) -> list[Any]:
        """Return the named queries of the cells, the total and the groups."""
        grouped, keys = self.grouping.dimensions, list(self.page.keys.items())
        rollup, transit = models.ShipmentRollup, models.ShipmentRollupTransit
        result: list[CTE] = [
            self.cells.select(rollup, "", [], *SUMS).cte(self.all_cells),
            self.cells.select(rollup, self.time_field, grouped, *SUMS).cte(self.group_cells),
            transits(self.cells.select(transit, "", [], "bucket"), {}).cte(self.all_transits),
            transits(self.cells.select(transit, self.time_field, grouped, "bucket"), dict(keys)).cte(
                self.group_transits
            ),
        ]
        group_queries = groups.queries(self.grouping) if self.is_grouped else []
        total = [expression.label(name) for name, expression in self.total.columns.items()]
        if total:
            result.append(select(*total).select_from(self.total.source).cte(self.total.name))
        return [*result, *group_queries]

    def precision(self) -> ColumnElement[Any]:
        """Return the precision of the rollups."""
        return json_sql.string(Precision.ESTIMATED)

    def as_of(self) -> ColumnElement[Any]:
        """Return the time of the last change that the rollups contain."""
        position = self.builder.row(models.RollupPosition)
        where = self.builder.account_filter(position)
        return select(position.c.as_of).select_from(position).where(where).scalar_subquery()


def transits(cells: Select[Any], keys: dict[str, ColumnElement[Any]]) -> Select[Any]:
    """Return the number of shipments by group and bucket of the transit time."""
    number = func.sum(json_sql.sql("cells.shipments")).label("shipments")
    bucket = json_sql.sql("cells.bucket")
    return (
        select(*(key.label(name) for name, key in keys.items()), bucket.label("bucket_number"), number)
        .select_from(cells.subquery("cells"))
        .group_by(*keys.values(), bucket)
    )
