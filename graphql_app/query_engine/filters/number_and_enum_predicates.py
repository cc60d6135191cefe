"""Filters on nullable enum columns and on whole numbers. An index serves each column that they are used for."""

from sqlalchemy import Integer

from graphql_app.query_engine.filters.predicates import Filter, Predicate, enum_in, enum_literal
from graphql_app.query_engine.selection import Arguments, RowAlias


def enum_filter(column: str) -> Filter:
    """Return a filter for a nullable enum column: `eq`, `in`, `isNull`. The values are part of the SQL."""

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        value, result = row.c[column], list[Predicate]()
        if arguments["eq"] is not None:
            result.append(value == enum_literal(arguments["eq"]))
        if arguments["in"] is not None:
            result.append(enum_in(value, arguments["in"]))
        if arguments["isNull"] is not None:
            result.append(value.is_(None) if arguments["isNull"] else value.is_not(None))
        return result

    return predicates


def integer_filter(column: str) -> Filter:
    """IntFilter: `eq`, `gte`, `lte`."""

    def predicates(row: RowAlias, arguments: Arguments) -> list[Predicate]:
        value, result = row.c[column], list[Predicate]()
        for name in ("eq", "gte", "lte"):
            if arguments[name] is not None:
                bound = arguments.bind(name, Integer())
                result.append({"eq": value == bound, "gte": value >= bound, "lte": value <= bound}[name])
        return result

    return predicates
