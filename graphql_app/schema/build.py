"""Builds the schema from its root types and checks it against the tables."""

import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema
from strawberry.printer import print_schema

from graphql_app.graphql_internals import core_schema, is_one_of_input
from graphql_app.graphql_types import payloads
from graphql_app.graphql_types.enums import REGISTERED
from graphql_app.graphql_types.model_type import TYPE_MODELS
from graphql_app.graphql_types.scalars import CONFIG
from graphql_app.query_engine.computed_fields import COMPUTED_FIELDS
from graphql_app.query_engine.executor import QueryExecutor
from graphql_app.query_engine.filters import fields
from graphql_app.query_engine.type_mapping import EXTENSION_KEY, TypeMapping
from graphql_app.schema import mutations, queries, subscriptions


class Executor(QueryExecutor):
    """The executor of this schema."""


def build() -> strawberry.Schema:
    """Build the schema.

    Raises:
        TypeError: a type does not match its table.
    """
    schema = strawberry.Schema(
        queries.Query, mutations.Mutation, subscriptions.Subscription,
        config=CONFIG, execution_context_class=Executor, types=payloads.ERROR_TYPES,
    )  # fmt: skip
    core: GraphQLSchema = core_schema(schema)
    use_documented_enums(core)
    mark_one_of_inputs(core)
    assert core.query_type is not None
    assert core.mutation_type is not None
    queries.connect(core.query_type)
    mutations.connect(core.mutation_type)
    fields.check_schema(core)
    core.extensions[EXTENSION_KEY] = TypeMapping(core, TYPE_MODELS, COMPUTED_FIELDS)
    return schema


def use_documented_enums(schema: GraphQLSchema) -> None:
    """Make resolvers receive enum values as members of the enums in `domain/enums.py`.

    When Strawberry sorts the schema, the values of its enums become `str`. A query plan could then not distinguish an
    enum value, on which its SQL depends, from text.
    """
    for enum in REGISTERED:
        type_ = schema.type_map[enum.__name__]
        assert isinstance(type_, GraphQLEnumType)
        for name, value in type_.values.items():
            value.value = enum(name)


def mark_one_of_inputs(schema: GraphQLSchema) -> None:
    """Let graphql-core know the `@oneOf` inputs.

    Strawberry checks them with a rule and a function of its own, whose errors name neither the path nor the fields.
    """
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and is_one_of_input(type_):
            type_.is_one_of = True
            type_.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]


def sdl(schema: strawberry.Schema) -> str:
    """Return the schema in GraphQL's schema definition language, sorted: the text of /schema.graphql."""
    return print_schema(schema) + "\n"
