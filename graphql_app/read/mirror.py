"""Which GraphQL type mirrors which table, and how each of its fields is read from a row.

A field is a computed expression (`computed.py`), or the column of its name, or the relationship of its name. `Mirror`
works this out once for a schema, and refuses, when the process starts, a field that is none of the three, a leaf whose
text SQL would write differently, and a non-null field where the database allows null.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_non_null_type
from sqlalchemy import Column, inspect
from sqlalchemy.orm import RelationshipProperty
from sqlmodel import SQLModel

from graphql_app import ids
from graphql_app.read import json
from graphql_app.read.selection import Field, Row, outer

How = Callable[[Row, Field], json.Pieces]
Computed = Mapping[tuple[type[SQLModel], str], How]


class Mirror:
    """How every field of every mirrored type is read."""

    def __init__(self, schema: GraphQLSchema, models: Mapping[str, type[SQLModel]], computed: Computed) -> None:
        self.models = models
        self.types: dict[type[SQLModel], GraphQLObjectType] = {}
        self.fields: dict[str, dict[str, How]] = {}
        for name, model in models.items():
            type_ = schema.type_map[name]
            if not isinstance(type_, GraphQLObjectType):
                raise TypeError(f"{name} is no object type of the schema")
            self.types.setdefault(model, type_)  # the first type over a table is what `node` answers
            self.fields[name] = {
                field_name: how(model, python_name(field), field, computed, f"{name}.{field_name}")
                for field_name, field in type_.fields.items()
            }

    def pieces(self, type_: GraphQLObjectType, row: Row, field: Field) -> json.Pieces:
        """The text of one field of a mirrored type."""
        return self.fields[type_.name][field.name](row, field)

    def type_of(self, model: type[SQLModel]) -> GraphQLObjectType:
        """The type that mirrors a table."""
        return self.types[model]


def python_name(field: GraphQLField) -> str:
    """The name of a field in Python, which is the name of its column or relationship."""
    return str(field.extensions["strawberry-definition"].python_name)


def how(model: type[SQLModel], name: str, field: GraphQLField, computed: Computed, place: str) -> How:
    """How one field is read; TypeError in the terms of the schema when it cannot be."""
    mapper = inspect(model)
    if (model, name) in computed:
        return computed[model, name]
    required = is_non_null_type(field.type)
    if name in mapper.local_table.c:
        column: Column[Any] = mapper.local_table.c[name]
        leaf = get_named_type(field.type)
        if not is_leaf_type(leaf) or not json.known(leaf):
            raise TypeError(f"{place}: no SQL is known that writes {leaf.name}")
        if required and column.nullable:
            raise TypeError(f"{place} is non-null, but the column allows null")
        prefix = ids.PREFIXES.get(model, "")
        return lambda row, asked: asked.scalar(row.c[name], prefix=prefix)
    if name in mapper.relationships:
        return related(mapper.relationships[name], required=required, place=place)
    raise TypeError(f"{place} is neither a column nor a relationship of {model.__name__}, nor computed")


def related(relationship: "RelationshipProperty[Any]", *, required: bool, place: str) -> How:
    """A relationship is followed by its foreign keys."""
    target, pairs = relationship.mapper.class_, relationship.local_remote_pairs or ()
    if required and not relationship.uselist and any(here.nullable for here, _ in pairs):
        raise TypeError(f"{place} is non-null, but its foreign key allows null")

    def joined(row: Row) -> Callable[[Row], list[Any]]:
        return lambda there: [there.c[remote.name] == outer(row.c[local.name]) for local, remote in pairs]

    if not relationship.uselist:
        return lambda row, asked: asked.one(target, joined(row))
    order = [column.name for column in relationship.order_by or ()]
    return lambda row, asked: asked.many(target, joined(row), lambda there: [there.c[name] for name in order])
