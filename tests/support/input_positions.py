"""Positions of custom scalars in input types, and minimal inputs with an invalid text at one of them."""

import json
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    get_nullable_type,
    is_required_input_field,
    is_specified_scalar_type,
)

INVALID_TEXT = "?--"
"""A text that no custom scalar accepts; `JSON` accepts it, but no field does."""
VALID: dict[str, Any] = {
    "Boolean": True, "Float": 1.0, "ID": "shp_0", "Int": 1, "String": "text", "JSON": {}, "CountryCode": "DE",
    "CurrencyCode": "EUR", "Date": "2026-11-24", "DateTime": "2026-11-24T09:30:00Z", "Decimal": "1",
    "LocalDateTime": "2026-11-24T09:30:00", "TimeZone": "Europe/Berlin",
}  # fmt: skip
"""A valid value of each scalar."""


def positions(type_: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all custom scalars in an input type; `0` stands for the items of a list."""
    type_ = get_nullable_type(type_)
    if isinstance(type_, GraphQLList):
        yield from positions(type_.of_type, (*path, "0"))
    elif isinstance(type_, GraphQLInputObjectType):
        for name, field in type_.fields.items():
            yield from positions(field.type, (*path, name))
    elif not isinstance(type_, GraphQLEnumType) and not is_specified_scalar_type(type_):
        yield path


def value(type_: Any, path: tuple[str, ...] | None = None) -> Any:
    """A minimal value of a type, with the invalid text at the path below it; None for no invalid text."""
    type_ = get_nullable_type(type_)
    if path == ():
        return INVALID_TEXT
    if isinstance(type_, GraphQLList):
        return [value(type_.of_type, path[1:] if path else None)]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if not isinstance(type_, GraphQLInputObjectType):
        return VALID[type_.name]
    names = {name for name, field in type_.fields.items() if is_required_input_field(field)}
    if path:
        names.add(path[0])
    elif type_.is_one_of:
        names.add(next(iter(type_.fields)))
    return {
        name: value(field.type, path[1:] if path and name == path[0] else None)
        for name, field in type_.fields.items()
        if name in names
    }


def literal(json_value: Any, type_: Any) -> str:
    """A JSON value in the syntax of documents: enums without quotes, names without quotes."""
    type_ = get_nullable_type(type_)
    if isinstance(type_, GraphQLList):
        return f"[{', '.join(literal(item, type_.of_type) for item in json_value)}]"
    if isinstance(type_, GraphQLInputObjectType):
        fields = (f"{name}: {literal(inner, type_.fields[name].type)}" for name, inner in json_value.items())
        return f"{{{', '.join(fields)}}}"
    return str(json_value) if isinstance(type_, GraphQLEnumType) else json.dumps(json_value)
