"""The schema: types, queries, mutations, subscriptions, put together once and checked against the tables."""

import strawberry
from graphql import GraphQLEnumType, GraphQLSchema
from strawberry.printer import print_schema

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
    """The schema. Raises TypeError when a type and its table have drifted apart."""
    built = strawberry.Schema(
        queries.Query, mutations.Mutation, subscriptions.Subscription,
        config=CONFIG, execution_context_class=Executor, types=payloads.ERROR_TYPES,
    )  # fmt: skip
    core: GraphQLSchema = built._schema
    use_documented_enums(core)
    assert core.query_type is not None
    assert core.mutation_type is not None
    queries.connect(core.query_type)
    mutations.connect(core.mutation_type)
    fields.check_schema(core)
    core.extensions[EXTENSION_KEY] = TypeMapping(core, TYPE_MODELS, COMPUTED_FIELDS)
    return built


def use_documented_enums(schema: GraphQLSchema) -> None:
    """Let values of enums arrive as our words. Sorting the schema makes Strawberry's enums plain, and their values str:
    then a plan could not tell an enum, on which its SQL depends, from a text."""
    for words in REGISTERED:
        type_ = schema.type_map[words.__name__]
        assert isinstance(type_, GraphQLEnumType)
        for name, value in type_.values.items():
            value.value = words(name)


def sdl(schema: strawberry.Schema) -> str:
    """The schema in GraphQL's schema language, sorted: the text of /schema.graphql."""
    return print_schema(schema) + "\n"
