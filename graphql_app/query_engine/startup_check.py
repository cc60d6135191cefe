"""Plans every field of every mapped type once at startup, so that a field that cannot be read stops the start.

Otherwise a field that an embedded object lacks, an argument of another type or a scalar without SQL would fail only
when a client selects it.
"""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    parse,
)
from graphql.execution import Executor

from graphql_app.graphql_internals import FieldDetails
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import FieldReaders, PlanBuilder, SelectedField


def plan_every_field(schema: GraphQLSchema, reader: FieldReaders) -> None:
    """Plan every field of every mapped type with all fields below it, down to the next mapped type.

    Raises:
        TypeError: a field cannot be read; the message names it.
    """
    for type_name, model in reader.models.items():
        type_ = schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            selection = " ".join(selection_tokens(name, field, reader))
            document = parse(f"query {{ __typename }} fragment Selected on {type_name} {{ {selection} }}")
            executor = Executor.build(schema, document)
            assert isinstance(executor, Executor)
            node = document.definitions[1].selection_set.selections[0]  # type: ignore[attr-defined]
            builder = PlanBuilder(executor, reader)
            try:
                row = builder.row(model)
                json_sql.text(reader.pieces(type_, row, SelectedField(builder, field, [FieldDetails(node, None)])))
            except Exception as error:
                raise TypeError(f"{type_name}.{name} cannot be read: {error!r}") from error


def sample_value(type_: GraphQLInputType) -> str:
    """Return a valid value of the type of a required argument: a list, an enum value or a text."""
    nullable = get_nullable_type(type_)
    if isinstance(nullable, GraphQLList):
        return f"[{sample_value(nullable.of_type)}]"
    return next(iter(nullable.values)) if isinstance(nullable, GraphQLEnumType) else '""'


def selection_tokens(name: str, field: GraphQLField, reader: FieldReaders) -> Iterator[str]:
    """Yield the tokens of a GraphQL selection of a field."""
    yield name
    required = {key: argument for key, argument in field.args.items() if is_required_argument(argument)}
    if required:
        yield f"({', '.join(f'{key}: {sample_value(argument.type)}' for key, argument in required.items())})"
    type_ = get_named_type(field.type)
    if is_leaf_type(type_):
        return
    yield "{ __typename"
    if type_.name not in reader.models and isinstance(type_, GraphQLObjectType):
        for inner_name, inner_field in type_.fields.items():
            yield from selection_tokens(inner_name, inner_field, reader)
    yield "}"
