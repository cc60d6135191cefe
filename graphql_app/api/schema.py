"""The schema: types, queries, mutations, subscriptions, put together once and checked against the tables."""

import strawberry
from graphql import GraphQLEnumType, GraphQLSchema
from strawberry.printer import print_schema

from graphql_app.api import PUBLISHED, answering, mutations, queries, subscriptions
from graphql_app.api.mirrored import MODELS
from graphql_app.api.scalars import CONFIG
from graphql_app.read import filters
from graphql_app.read.computed import COMPUTED
from graphql_app.read.executor import ReadingExecutor
from graphql_app.read.mirror import KEPT, Mirror


class Executor(ReadingExecutor):
    """The executor of this schema."""


def build() -> strawberry.Schema:
    """The schema. Raises TypeError when a type and its table have drifted apart."""
    built = strawberry.Schema(
        queries.Query, mutations.Mutation, subscriptions.Subscription,
        config=CONFIG, execution_context_class=Executor, types=answering.ERRORS,
    )  # fmt: skip
    core: GraphQLSchema = built._schema
    give_words(core)
    assert core.query_type is not None
    assert core.mutation_type is not None
    queries.connect(core.query_type)
    mutations.connect(core.mutation_type)
    filters.check(core)
    core.extensions[KEPT] = Mirror(core, MODELS, COMPUTED)
    return built


def give_words(schema: GraphQLSchema) -> None:
    """Let values of enums arrive as our words. Sorting the schema makes Strawberry's enums plain, and their values str:
    then a plan could not tell an enum, on which its SQL depends, from a text."""
    for words in PUBLISHED:
        type_ = schema.type_map[words.__name__]
        assert isinstance(type_, GraphQLEnumType)
        for name, value in type_.values.items():
            value.value = words(name)


def sdl(schema: strawberry.Schema) -> str:
    """The schema in GraphQL's schema language, sorted: the text of /schema.graphql."""
    return print_schema(schema) + "\n"
