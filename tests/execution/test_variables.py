"""Coercion of variables: the result equals that of graphql-core, and every invalid value has an error with a path."""

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

from graphql_app.domain.invalid_text import InvalidText
from graphql_app.execution import variables as variables_module
from graphql_app.schema import build

SCHEMA: GraphQLSchema = build.build()._schema
COERCERS = variables_module.VariableCoercers(SCHEMA)
QUERY = "query($value: {}) {{ __typename }}"
MUTATION = "mutation($value: {}) {{ shipmentCreate(input: $value) {{ created }} }}"
"""The type of the variable does not matter here: the documents are not validated."""
SCALARS: dict[str, list[Any]] = {
    "Boolean": [True, False],
    "CountryCode": ["DE", "fr"],
    "CurrencyCode": ["EUR"],
    "Date": ["2026-11-24"],
    "DateTime": ["2026-11-24T09:30:00+01:00", "2026-11-24T08:30:00.25Z"],
    "Decimal": ["12.50", 3, "0"],
    "Duration": ["PT2H", "P1W"],
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


def variables_of(text: str) -> tuple[variables_module.Variable, ...]:
    """The variables of the operation in a document."""
    return COERCERS.variables(parse(text).definitions[0], {})  # type: ignore[arg-type]


def contains_invalid_text(value: Any) -> bool:
    """Whether there is an invalid text of a custom scalar in a coerced value."""
    if isinstance(value, dict):
        return any(contains_invalid_text(inner) for inner in value.values())
    if isinstance(value, list):
        return any(contains_invalid_text(inner) for inner in value)
    return isinstance(value, InvalidText)


@pytest.mark.parametrize("name", INPUT_TYPES)
@pytest.mark.parametrize("form", ["{}", "{}!", "[{}!]", "[{}]! = []"])
def test_valid_values_are_coerced_as_by_graphql_core_and_invalid_ones_have_errors(name: str, form: str) -> None:
    strict, lenient = (variables_of(text.format(form.format(name))) for text in (QUERY, MUTATION))
    assert (strict[0].strict, lenient[0].strict) == (True, False)
    type_ = strict[0].signature.type

    @settings(settings.get_profile("random-queries"), max_examples=15)
    @given(st.fixed_dictionaries({}, optional={"value": values(type_)}))
    def check(variables: dict[str, Any]) -> None:
        expected = get_variable_values(SCHEMA, [strict[0].node], variables)
        for definitions in (strict, lenient):
            result = variables_module.coerce_variables(definitions, variables)
            errors = variables_module.variable_errors(definitions, variables, suggestions=True)
            if isinstance(expected, list) or (definitions is strict and contains_invalid_text(expected.coerced)):
                assert result is None, variables
                assert all(error.extensions["path"][0] == "value" for error in errors)
                assert errors
                continue
            assert errors == []
            assert result is not None, variables
            assert result.coerced == expected.coerced
            assert {key: source.value for key, source in result.sources.items()} == {
                key: source.value for key, source in expected.sources.items()
            }

    check()


def test_the_fields_of_an_object_are_in_the_order_of_the_schema() -> None:
    variables = {"value": {"status": {"eq": "READY"}, "carrier": {"eq": "dhl"}}}
    definitions = variables_of(QUERY.format("ShipmentWhere"))
    result = variables_module.coerce_variables(definitions, variables)
    expected = get_variable_values(SCHEMA, [definitions[0].node], variables)
    assert result is not None
    assert not isinstance(expected, list)
    assert list(result.coerced["value"]) == list(expected.coerced["value"])
    assert list(result.coerced["value"])[-1] == "status"


@pytest.mark.parametrize(
    ("document", "lenient"),
    [
        ("mutation($v: Date) { a(x: [{y: $v}]) { id } }", True),
        ("mutation($v: Date) { ...F } fragment F on Mutation { ... { a(x: $v) { id } } }", True),
        ("mutation($v: Date) { a(x: $v) { id(y: $v) } }", False),
        ("mutation($v: Date) { a { ...F } b(x: $v) { id } } fragment F on B { c { d(z: {y: $v}) } }", False),
        ("query($v: Date) { a(x: $v) { id } }", False),
        ("subscription($v: Date) { a(x: $v) { id } }", False),
    ],
)
def test_only_variables_in_arguments_of_mutations_accept_invalid_texts(document: str, lenient: bool) -> None:
    operation, *fragments = parse(document).definitions
    names = {fragment.name.value: fragment for fragment in fragments}  # type: ignore[attr-defined]
    (variable,) = COERCERS.variables(operation, names)  # type: ignore[arg-type]
    assert variable.strict is not lenient
