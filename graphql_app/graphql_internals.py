"""The only module that uses non-public names of graphql-core and Strawberry.

graphql-core documents what `graphql` exports, Strawberry what its documentation shows. The names below are neither, and
may change with any release; `tests/test_library_internals.py` names each of them with the version that it was tested
with, so that an upgrade fails there first. SQLAlchemy's and uvicorn's non-public names are used in `database/pool.py`
and in `server/uvicorn_protocols.py` and `server/websocket_protocol.py`.
"""

from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLSchema
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.executor import Executor
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

__all__ = [
    "Executor",
    "FieldDetails",
    "FragmentDetails",
    "GraphQLVariableSignature",
    "GroupedFieldSet",
    "MaybeNullValidationRule",
    "StrawberryGraphQLCoreExecutionContext",
    "VariableValueSource",
    "coerce_default_value",
    "collect_fields",
    "collect_subfields",
    "core_schema",
    "describe_enum_values",
    "field_metadata",
    "get_variable_signature",
    "is_one_of_input",
    "optimized_is_awaitable",
    "python_name",
]


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The graphql-core schema inside a Strawberry schema."""
    return schema._schema


def python_name(field: GraphQLField) -> str:
    """The Python name of a field that Strawberry defined, which is the name of its column or relationship."""
    return str(field.extensions["strawberry-definition"].python_name)


def field_metadata(field: GraphQLField) -> dict[Any, Any]:
    """The `metadata=` that a field was given in its Strawberry definition."""
    metadata: dict[Any, Any] = field.extensions["strawberry-definition"].metadata
    return metadata


def is_one_of_input(type_: GraphQLInputObjectType) -> bool:
    """Whether Strawberry defined an input type with `one_of=True`."""
    return bool(type_.extensions["strawberry-definition"].is_one_of)


def describe_enum_values(enum: Any) -> None:
    """Give each value of an enum that Strawberry registered the description that its member has in `doc`."""
    for value in enum.__strawberry_definition__.values:
        value.description = enum(value.value).doc
