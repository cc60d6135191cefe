"""Variables as they came → what resolvers get, by functions that are made once for every input type.

What fits comes out as graphql-core would have made it, in a third of the time. What does not fit is left to
graphql-core, which says what is wrong with it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    VariableDefinitionNode,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.type import is_required_input_field
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""A value that is not null → the coerced value. Raises whatever it likes where it does not fit."""


class CoercionFailed(ValueError):
    """A value is not of its type."""


class InputCoercers:
    """How values of the input types of one schema are coerced."""

    def __init__(self) -> None:
        self.objects: dict[str, ObjectCoercer] = {}

    def coercer_for(self, type_: GraphQLInputType) -> tuple[Coerce, bool]:
        """How a value of this type is coerced, and whether it may be null."""
        if isinstance(type_, GraphQLNonNull):
            return self.coercer_for(type_.of_type)[0], False
        if isinstance(type_, GraphQLList):
            return list_coercer(*self.coercer_for(type_.of_type)), True
        if isinstance(type_, GraphQLInputObjectType):
            if type_.name not in self.objects:
                self.objects[type_.name] = ObjectCoercer(self, type_)
            return self.objects[type_.name], True
        if isinstance(type_, GraphQLEnumType):
            return {name: type_.coerce_input_value(name) for name in type_.values}.__getitem__, True
        return coerce_string if type_ is GraphQLString else type_.coerce_input_value, True


def coerce_string(value: object) -> str:
    if type(value) is not str:
        raise CoercionFailed
    return value


def list_coercer(item: Coerce, nullable: bool) -> Coerce:
    """A list; what is none is a list of one."""

    def coerce(value: Any) -> list[Any]:
        values = value if type(value) is list else [value]
        if None not in values:
            return [item(one) for one in values]
        if not nullable:
            raise CoercionFailed
        return [None if one is None else item(one) for one in values]

    return coerce


class ObjectCoercer:
    """An input object. Its fields are looked at when one comes: types may contain each other."""

    def __init__(self, types: InputCoercers, type_: GraphQLInputObjectType) -> None:
        self.types, self.type = types, type_

    @cached_property
    def fields(self) -> list[tuple[str, str, Coerce, bool, bool, Any]]:
        """Name, name where it comes out, how it is coerced, whether it may be null and must be given, its default."""
        return [
            (name, one.out_name or name, *self.types.coercer_for(one.type), is_required_input_field(one), default)
            for name, one in self.type.fields.items()
            for default in [coerce_default_value(one)]
        ]

    def __call__(self, value: Any) -> Any:
        if type(value) is not dict:
            raise CoercionFailed
        found, seen = {}, 0
        for name, out, coerce, nullable, required, default in self.fields:
            if name not in value:
                if required:
                    raise CoercionFailed
                if default is not Undefined:
                    found[out] = default
                continue
            seen += 1
            given = value[name]
            if given is not None:
                found[out] = coerce(given)
            elif nullable:
                found[out] = None
            else:
                raise CoercionFailed
        if seen != len(value) or (self.type.is_one_of and (len(found) != 1 or None in found.values())):
            raise CoercionFailed
        return self.type.out_type(found)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of an operation."""

    signature: GraphQLVariableSignature
    coerce: Coerce
    nullable: bool
    default: Any


def variable_coercers(
    schema: GraphQLSchema, types: InputCoercers, nodes: Iterable[VariableDefinitionNode]
) -> tuple[Variable, ...]:
    """The variables of a valid operation."""
    found = []
    for node in nodes:
        signature = get_variable_signature(schema, node)
        assert isinstance(signature, GraphQLVariableSignature), signature
        found.append(Variable(signature, *types.coercer_for(signature.type), coerce_default_value(signature)))
    return tuple(found)


def coerce_variables(wanted: Iterable[Variable], given: Mapping[str, Any]) -> VariableValues | None:
    """The values of the variables; None where one does not fit."""
    values, sources = {}, {}
    try:
        for variable in wanted:
            name = variable.signature.name
            value = given.get(name, Undefined)
            if value is Undefined:
                sources[name] = VariableValueSource(variable.signature)
                if variable.default is not Undefined:
                    values[name] = variable.default
                elif not variable.nullable:
                    return None
                continue
            sources[name] = VariableValueSource(variable.signature, value)
            if value is None and not variable.nullable:
                return None
            values[name] = None if value is None else variable.coerce(value)
    except Exception:  # whatever it is, graphql-core says it better
        return None
    return VariableValues(sources, values)
