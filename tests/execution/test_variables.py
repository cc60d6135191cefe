"""Variables are coerced as graphql-core would: what fits comes out the same, and what does not fit is left to it."""

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
ODD = st.sampled_from([None, [], {}, "?", -1, 2**40, True, 1.5, "12", [None], {"id": "x"}, {"unknown": 1}])
INPUTS = sorted(name for name, one in SCHEMA.type_map.items() if isinstance(one, GraphQLInputObjectType))


def values(type_: GraphQLInputType, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a type, now and then one that is something else."""
    if isinstance(type_, GraphQLNonNull):
        return fitting(type_.of_type, depth) if depth else fitting(type_.of_type, depth) | ODD
    return st.none() | fitting(type_, depth) | (ODD if depth % 3 == 2 else st.nothing())


def fitting(type_: Any, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(type_, GraphQLNonNull):
        return fitting(type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        inner = values(type_.of_type, depth + 1)
        return st.lists(inner, max_size=2) | inner
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from(list(type_.values))
    if not isinstance(type_, GraphQLInputObjectType):
        return st.sampled_from(SCALARS[type_.name])
    if depth > 4:
        return st.just({})
    fields = {name: st.deferred(lambda one=one: values(one.type, depth + 1)) for name, one in type_.fields.items()}
    required = {name: one for name, one in fields.items() if isinstance(type_.fields[name].type, GraphQLNonNull)}
    if type_.is_one_of:
        return st.one_of([st.fixed_dictionaries({name: one}) for name, one in fields.items()])
    chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({**required, **{name: fields[name] for name in names}}))


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("form", ["{}", "{}!", "[{}!]", "[{}]! = []"])
def test_what_fits_comes_out_as_graphql_core_makes_it_and_nothing_else_comes_out(name: str, form: str) -> None:
    document = parse(f"query($value: {form.format(name)}) {{ __typename }}")
    nodes = document.definitions[0].variable_definitions  # type: ignore[attr-defined]
    wanted = variables_module.variable_coercers(SCHEMA, TYPES, nodes)
    assert wanted is not None
    type_ = wanted[0].signature.type

    @settings(settings.get_profile("random-queries"), max_examples=15)
    @given(st.fixed_dictionaries({}, optional={"value": values(type_)}))
    def check(variables: dict[str, Any]) -> None:
        theirs, ours = (
            get_variable_values(SCHEMA, nodes, variables),
            variables_module.coerce_variables(wanted, variables),
        )
        if isinstance(theirs, list):
            assert ours is None, variables
        else:
            assert ours is not None, variables
            assert ours.coerced == theirs.coerced
            assert {key: one.value for key, one in ours.sources.items()} == {
                key: one.value for key, one in theirs.sources.items()
            }

    check()


def test_the_order_of_fields_is_that_of_the_schema() -> None:
    document = parse("query($value: ShipmentWhere) { __typename }")
    nodes = document.definitions[0].variable_definitions  # type: ignore[attr-defined]
    given_ = {"value": {"status": {"eq": "READY"}, "carrier": {"eq": "dhl"}}}
    wanted = variables_module.variable_coercers(SCHEMA, TYPES, nodes)
    ours, theirs = variables_module.coerce_variables(wanted, given_), get_variable_values(SCHEMA, nodes, given_)
    assert ours is not None
    assert not isinstance(theirs, list)
    assert list(ours.coerced["value"]) == list(theirs.coerced["value"])
    assert list(ours.coerced["value"])[-1] == "status"
