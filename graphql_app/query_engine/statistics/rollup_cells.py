"""The cells of the rollups that hold a question: which filters and dimensions they serve, and their rows.

A question is served if its filters and dimensions together are at most two of the rollup's dimensions, each filter is
`eq` or `in`, and, with buckets, at most one dimension and days of UTC. Everything else is computed from the rows.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, Uuid, case, cast, func, select
from sqlmodel import SQLModel

from graphql_app import models
from graphql_app.domain import normal_forms
from graphql_app.domain.statistics_enums import BucketUnit
from graphql_app.models.rollups import DIMENSIONS, MEASURES
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.filters.text_values import checked_text
from graphql_app.query_engine.selection import Arguments, RowAlias

FILTERS: Mapping[str, tuple[str, ...]] = {
    "STATUS": ("status",),
    "CARRIER": ("carrier",),
    "SERVICE": ("service",),
    "DIRECTION": ("direction",),
    "ORIGIN_COUNTRY": ("origin", "country"),
    "DESTINATION_COUNTRY": ("destination", "country"),
}
"""The filter on each dimension: its path in `where`."""
TIME_FIELDS = ("CREATED_AT", "DELIVERED_AT")
"""The time fields of cells of one day."""


def filtered_dimensions(arguments: Arguments) -> list[str] | None:
    """Return the dimensions that `where` restricts; None if it has a condition that the rollups do not serve."""
    where = {name: value for name, value in (arguments["where"] or {}).items() if value is not None}
    if where.pop("archived", False) or arguments["search"] is not None:
        return None
    if arguments["where"] is not None and arguments["where"].get("archived", False) is None:
        return None  # null includes archived shipments
    result = []
    for dimension, path in FILTERS.items():
        condition = where.pop(path[0], None)
        if len(path) > 1 and condition is not None:
            if any(value is not None for name, value in condition.items() if name != path[1]):
                return None
            condition = condition.get(path[1])
            if condition is None:
                return None
        if condition is None:
            continue
        if dimension != "DIRECTION" and any(
            value is not None for name, value in condition.items() if name not in ("eq", "in")
        ):
            return None
        result.append(dimension)
    return None if where else result


def serves_bucket(arguments: Arguments) -> bool:
    """Return whether the cells of one day serve the argument `bucket`."""
    bucket = arguments["bucket"]
    return bool(
        bucket is None
        or (bucket["field"] in TIME_FIELDS and bucket["by"] != BucketUnit.HOUR and bucket.get("timeZone") is None)
    )


class RollupCells:
    """The cells of a question: the filters of `where`, and the dimensions that groups need.

    `dimensions` are those of the groups and of the filters, in the order of their names in a cell.
    """

    def __init__(self, arguments: Arguments, grouped: list[str], filtered: list[str]) -> None:
        self.arguments, self.builder, self.filtered = arguments, arguments.builder, filtered
        self.dimensions = [name for name in DIMENSIONS if name in {*grouped, *filtered}]

    @classmethod
    def of_question(cls, arguments: Arguments, grouped: list[str]) -> "RollupCells | None":
        """Return the cells of a question; None if the rollups do not serve it."""
        filtered = filtered_dimensions(arguments)
        if filtered is None or not set(grouped) <= set(DIMENSIONS) or not serves_bucket(arguments):
            return None
        limit = 2 if arguments["bucket"] is None else 1
        return cls(arguments, grouped, filtered) if len({*grouped, *filtered}) <= limit else None

    def predicates(self, row: RowAlias, time_field: str) -> list[ColumnElement[bool]]:
        """Return the predicates of the cells: all time, or the days of a time field."""
        result: list[ColumnElement[bool]] = [
            self.builder.account_filter(row),
            row.c.dimensions == json_sql.string(",".join(self.dimensions)),
            row.c.time_field == json_sql.string(time_field),
        ]
        for name in self.filtered:
            result += self.value_predicates(name, self.stored_value(row, name))
        return result

    def value_predicates(self, name: str, value: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Return the predicates of the filter on one dimension."""
        where = self.arguments.nested("where")
        assert where is not None
        condition: Arguments | None = where
        if name == "DIRECTION":
            return [value == json_sql.string(f"={where['direction']}")]
        for step in FILTERS[name]:
            assert condition is not None
            condition = condition.nested(step)
        assert condition is not None
        result: list[ColumnElement[bool]] = []
        for operator in ("eq", "in"):
            if condition[operator] is None:
                continue
            texts = [condition[operator]] if operator == "eq" else condition[operator]
            if name == "STATUS":
                names = [json_sql.string(f"={status}") for status in sorted(set(texts))]
                result.append(value.in_(names) if names else json_sql.sql("false"))
                continue
            if name == "CARRIER":
                result.append(value.in_(self.carrier_values(condition, operator)))
            else:
                convert = keyed_codes if name.endswith("COUNTRY") else keyed_texts
                bound = cast(condition.bind(operator, ARRAY(Text()), convert), ARRAY(Text()))
                result.append(value == func.any(bound))
        return result

    def carrier_values(self, condition: Arguments, operator: str) -> Select[Any]:
        """Return the IDs of the carriers with the codes of a filter, as they are stored in cells."""
        carrier = self.builder.row(models.Carrier)
        codes = cast(condition.bind(operator, ARRAY(Text()), plain_values), ARRAY(Text()))
        where = [self.builder.account_filter(carrier), carrier.c.code == func.any(codes)]
        return select(json_sql.string("=").op("||")(cast(carrier.c.id, Text))).select_from(carrier).where(*where)

    def stored_value(self, row: RowAlias, name: str) -> ColumnElement[Any]:
        """Return the column of a cell with the value of a dimension."""
        column: ColumnElement[Any] = row.c[f"value_{self.dimensions.index(name) + 1}"]
        return column

    def key(self, row: RowAlias, name: str) -> ColumnElement[Any]:
        """Return the value of a dimension as groups have it: null, a text, or the ID of a carrier."""
        stored = self.stored_value(row, name)
        text: ColumnElement[Any] = case(
            (stored != json_sql.string(""), func.substr(stored, json_sql.sql("2"), type_=Text()))
        )
        return cast(text, Uuid()) if name == "CARRIER" else text

    def select(self, model: type[SQLModel], time_field: str, grouped: list[str], *columns: str) -> Select[Any]:
        """Return the rows of a table of cells: the keys `k1`, `k2` of the groups, `day`, and columns."""
        row = self.builder.row(model)
        keys = [self.key(row, name).label(f"k{index}") for index, name in enumerate(grouped, 1)]
        rows = select(*keys, row.c.day, row.c.shipments, *(row.c[name] for name in columns)).select_from(row)
        return rows.where(*self.predicates(row, time_field), row.c.shipments > json_sql.sql("0"))


SUMS = tuple(MEASURES)
"""The columns of a cell besides the number of shipments."""


def plain_values(value: Any) -> list[str]:
    """Return the texts of `eq` or `in` in the form in which they are stored."""
    return [normal_forms.text(checked_text(text)) for text in ([value] if isinstance(value, str) else value)]


def keyed_texts(value: Any) -> list[str]:
    """Return the texts of `eq` or `in` as they are stored in cells."""
    return [f"={text}" for text in plain_values(value)]


def keyed_codes(value: Any) -> list[str]:
    """Return the country codes of `eq` or `in` as they are stored in cells."""
    return [f"={normal_forms.code(text)}" for text in plain_values(value)]
