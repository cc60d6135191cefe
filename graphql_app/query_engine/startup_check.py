"""Every field of every mirrored type is planned once when the process starts: what cannot be read is refused then.

In flows the schema, out flows nothing, or TypeError that names the field. A part that an embedded object lacks, an
argument of another type, a scalar without SQL: none of them has to wait for the client that asks for it.
"""

from collections.abc import Iterator

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, parse
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor

from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import PlanBuilder, Reader, SelectedField


def rehearse(schema: GraphQLSchema, reader: Reader) -> None:
    """Plan every field of every mirrored type with all that lies below it, down to the next mirrored type."""
    for type_name, model in reader.models.items():
        type_ = schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items():
            text = f"query {{ __typename }} fragment Asked on {type_name} {{ {' '.join(asked(name, field, reader))} }}"
            document = parse(text)
            executor = Executor.build(schema, document)
            assert isinstance(executor, Executor)
            node = document.definitions[1].selection_set.selections[0]  # type: ignore[attr-defined]
            draft = PlanBuilder(executor, reader)
            try:
                json_sql.text(
                    reader.pieces(type_, draft.row(model), SelectedField(draft, field, [FieldDetails(node, None)]))
                )
            except Exception as error:
                raise TypeError(f"{type_name}.{name} cannot be read: {error!r}") from error


def asked(name: str, field: GraphQLField, reader: Reader) -> Iterator[str]:
    """The words of a selection of a field."""
    yield name
    type_ = get_named_type(field.type)
    if is_leaf_type(type_):
        return
    yield "{ __typename"
    if type_.name not in reader.models and isinstance(type_, GraphQLObjectType):
        for inner_name, inner in type_.fields.items():
            yield from asked(inner_name, inner, reader)
    yield "}"
