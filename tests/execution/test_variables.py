"""Coercion of variables: the result equals that of graphql-core, and invalid values are left to graphql-core."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_variable_values,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_app.execution import variables as variables_module
from graphql_app.schema import build

SCHEMA: GraphQLSchema = build.build()._schema
TYPES = variables_module.InputCoercers()
SCALARS: dict[str, list[Any]] = {
    "Boolean": [True, False],
    "CountryCode": ["DE", "fr"],
    "CurrencyCode": ["EUR"],
    "Date": ["2026-11-24"],
    "DateTime": ["2026-11-24T09:30:00+01:00", "2026-11-24T08:30:00.25Z"],
    "Decimal": ["12.50", 3, "0"],
    "Float": [1.5, 2],
    "ID": ["shp_0123456789abcdef0123456789abcdef", 7],
    "Int": [0, 7, 3.0],
    "JSON": [{"a": [1, {"b": None}]}, "text", [], 1.25],
    "LocalDateTime": ["2026-11-24T09:30:00"],
    "String": ["", "Ünï"],
    "TimeZone": ["Europe/Berlin"],
}
INVALID = st.sampled_from([None, [], {}, "?", -1, 2**40, True, 1.5, "12", [None], {"id": "x"}, {"unknown": 1}])
INPUT_TYPES = sorted(name for name, type_ in SCHEMA.type_map.items() if isinstance(type_, GraphQLInputObjectType))


def values(type_: GraphQLInputType, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a type, some of them invalid."""
    if isinstance(type_, GraphQLNonNull):
        return valid_values(type_.of_type, depth) if depth else valid_values(type_.of_type, depth) | INVALID
    return st.none() | valid_values(type_, depth) | (INVALID if depth % 3 == 2 else st.nothing())


def valid_values(type_: Any, depth: int) -> st.SearchStrategy[Any]:
    """Values of a type that are not null; values inside them may be invalid."""
    if isinstance(type_, GraphQLNonNull):
        return valid_values(type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        inner = values(type_.of_type, depth + 1)
        return st.lists(inner, max_size=2) | inner
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from(list(type_.values))
    if not isinstance(type_, GraphQLInputObjectType):
        return st.sampled_from(SCALARS[type_.name])
    if depth > 4:
        return st.just({})
    fields = {
        name: st.deferred(lambda field=field: values(field.type, depth + 1)) for name, field in type_.fields.items()
    }
    required = {name: value for name, value in fields.items() if isinstance(type_.fields[name].type, GraphQLNonNull)}
    if type_.is_one_of:
        return st.one_of([st.fixed_dictionaries({name: value}) for name, value in fields.items()])
    chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({**required, **{name: fields[name] for name in names}}))


@pytest.mark.parametrize("name", INPUT_TYPES)
@pytest.mark.parametrize("form", ["{}", "{}!", "[{}!]", "[{}]! = []"])
def test_valid_values_are_coerced_as_by_graphql_core_and_invalid_ones_are_rejected(name: str, form: str) -> None:
    document = parse(f"query($value: {form.format(name)}) {{ __typename }}")
    nodes = document.definitions[0].variable_definitions  # type: ignore[attr-defined]
    definitions = variables_module.variable_coercers(SCHEMA, TYPES, nodes)
    assert definitions is not None
    type_ = definitions[0].signature.type

    @settings(settings.get_profile("random-queries"), max_examples=15)
    @given(st.fixed_dictionaries({}, optional={"value": values(type_)}))
    def check(variables: dict[str, Any]) -> None:
        expected = get_variable_values(SCHEMA, nodes, variables)
        result = variables_module.coerce_variables(definitions, variables)
        if isinstance(expected, list):
            assert result is None, variables
        else:
            assert result is not None, variables
            assert result.coerced == expected.coerced
            assert {key: source.value for key, source in result.sources.items()} == {
                key: source.value for key, source in expected.sources.items()
            }

    check()


def test_the_fields_of_an_object_are_in_the_order_of_the_schema() -> None:
    document = parse("query($value: ShipmentWhere) { __typename }")
    nodes = document.definitions[0].variable_definitions  # type: ignore[attr-defined]
    variables = {"value": {"status": {"eq": "READY"}, "carrier": {"eq": "dhl"}}}
    definitions = variables_module.variable_coercers(SCHEMA, TYPES, nodes)
    result = variables_module.coerce_variables(definitions, variables)
    expected = get_variable_values(SCHEMA, nodes, variables)
    assert result is not None
    assert not isinstance(expected, list)
    assert list(result.coerced["value"]) == list(expected.coerced["value"])
    assert list(result.coerced["value"])[-1] == "status"
