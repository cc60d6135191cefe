"""The schema: types, queries, mutations, put together once and checked against the tables."""

import strawberry
from graphql import GraphQLSchema
from strawberry.printer import print_schema

from graphql_app.api import queries
from graphql_app.api.mirrored import MODELS
from graphql_app.api.scalars import CONFIG
from graphql_app.read import filters
from graphql_app.read.computed import COMPUTED
from graphql_app.read.executor import ReadingExecutor
from graphql_app.read.mirror import Mirror


class Executor(ReadingExecutor):
    """The executor of this schema."""


def build() -> strawberry.Schema:
    """The schema. Raises TypeError when a type and its table have drifted apart."""
    built = strawberry.Schema(queries.Query, config=CONFIG, execution_context_class=Executor)
    core: GraphQLSchema = built._schema
    filters.check(core)
    Executor.mirror = Mirror(core, MODELS, COMPUTED)
    return built


def sdl(schema: strawberry.Schema) -> str:
    """The schema in GraphQL's schema language, sorted: the text of /schema.graphql."""
    return print_schema(schema) + "\n"
