"""Which GraphQL type mirrors which table, and how each of its fields is read from a row.

A field is a computed expression (`computed.py`), or the column of its name, or the relationship of its name. `Mirror`
works this out once for a schema. It refuses, when the process starts: a field that is none of the three, a leaf whose
text SQL would write differently, arguments that nothing reads, a non-null field where the database allows null.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy import ARRAY, Column, ColumnElement, inspect
from sqlalchemy.orm import RelationshipProperty
from sqlmodel import SQLModel

from graphql_app.models import public_ids
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import Row, SelectedField, outer_column
from graphql_app.query_engine.startup_check import rehearse

EXTENSION_KEY = "graphql_app.type_mapping"
"""Where a schema keeps what its types mirror."""
FieldReader = Callable[[Row, SelectedField], json_sql.Pieces]
Computed = Mapping[tuple[type[SQLModel], str], FieldReader]


class TypeMapping:
    """How every field of every mirrored type is read."""

    def __init__(self, schema: GraphQLSchema, models: Mapping[str, type[SQLModel]], computed: Computed) -> None:
        self.models = models
        self.types: dict[type[SQLModel], GraphQLObjectType] = {}
        self.fields: dict[str, dict[str, FieldReader]] = {}
        left = set(computed)
        for name, model in models.items():
            type_ = schema.type_map.get(name)
            if not isinstance(type_, GraphQLObjectType):
                raise TypeError(f"{name} is no object type of the schema")
            if "account_id" not in inspect(model).local_table.c:
                raise TypeError(f"{name} mirrors {model.__name__}, whose rows belong to no account")
            self.types.setdefault(model, type_)  # the first type over a table is what `node` answers
            self.fields[name] = {
                field_name: field_reader(model, python_name(field), field, computed, f"{name}.{field_name}")
                for field_name, field in type_.fields.items()
            }
            left -= {(model, python_name(field)) for field in type_.fields.values()}
            for field_name, field in type_.fields.items():
                way, shown = self.fields[name][field_name], get_named_type(field.type).name
                if isinstance(way, RelationshipReader) and models.get(shown) is not way.target:
                    target = way.target.__name__
                    raise TypeError(f"{name}.{field_name} leads to {target}, which {shown} does not mirror")
        if left:
            names = sorted(f"{model.__name__}.{name}" for model, name in left)
            raise TypeError(f"No field of the schema is computed by {', '.join(names)}")
        queries = schema.query_type.fields if schema.query_type else {}
        self.root_fields = {name for name, field in queries.items() if self.is_read(get_named_type(field.type))}
        rehearse(schema, self)

    def is_read(self, type_: GraphQLNamedType) -> bool:
        """Whether a root field of this type reads from the database: it is mirrored, or leads to what is."""
        if not isinstance(type_, GraphQLObjectType):
            return is_abstract_type(type_)
        inner = (get_named_type(field.type).name for field in type_.fields.values())
        return type_.name in self.models or any(name in self.models for name in inner)

    def pieces(self, type_: GraphQLObjectType, row: Row, field: SelectedField) -> json_sql.Pieces:
        """The text of one field of a mirrored type."""
        return self.fields[type_.name][field.name](row, field)

    def type_of(self, model: type[SQLModel]) -> GraphQLObjectType:
        """The type that mirrors a table."""
        return self.types[model]


def mapping_of(schema: GraphQLSchema) -> TypeMapping:
    """The schema's own: two schemas of one process are made of different objects."""
    found: TypeMapping = schema.extensions[EXTENSION_KEY]
    return found


def python_name(field: GraphQLField) -> str:
    """The name of a field in Python, which is the name of its column or relationship."""
    return str(field.extensions["strawberry-definition"].python_name)


def field_reader(model: type[SQLModel], name: str, field: GraphQLField, computed: Computed, place: str) -> FieldReader:
    """How one field is read; TypeError in the terms of the schema when it cannot be."""
    if (model, name) in computed:
        return computed[model, name]
    mapper = inspect(model)
    if field.args:
        raise TypeError(f"{place} has arguments, but nothing computes it from them")
    if name in mapper.local_table.c:
        return column_reader(model, mapper.local_table.c[name], field, place)
    if name in mapper.relationships:
        return relationship_reader(mapper.relationships[name], field, place)
    raise TypeError(f"{place} is neither a column nor a relationship of {model.__name__}, nor computed")


def column_reader(model: type[SQLModel], column: Column[Any], field: GraphQLField, place: str) -> FieldReader:
    """A column is written as the scalar or enum that it is."""
    leaf, listed = get_named_type(field.type), is_list_type(get_nullable_type(field.type))
    if not is_leaf_type(leaf) or listed != isinstance(column.type, ARRAY) or not json_sql.writes(leaf, column.type):
        raise TypeError(f"{place}: no SQL is known that writes {field.type} from {column.type!r}")
    if is_non_null_type(field.type) and column.nullable:
        raise TypeError(f"{place} is non-null, but the column allows null")
    prefix = public_ids.PREFIXES.get(model, "")
    if leaf.name == "ID" and not (prefix and column.primary_key):
        raise TypeError(f"{place} is an ID, but there is no prefix for it")
    return lambda row, asked: asked.scalar(row.c[column.name], prefix=prefix)


class RelationshipReader:
    """A relationship is followed by its foreign keys."""

    def __init__(self, relationship: "RelationshipProperty[Any]") -> None:
        self.target: type[SQLModel] = relationship.mapper.class_
        self.pairs = relationship.local_remote_pairs or ()
        self.many = bool(relationship.uselist)
        self.order = [column.name for column in relationship.order_by or ()]

    def __call__(self, row: Row, asked: SelectedField) -> json_sql.Pieces:
        def joined(there: Row) -> list[ColumnElement[bool]]:
            return [there.c[remote.name] == outer_column(row.c[local.name]) for local, remote in self.pairs]

        if not self.many:
            return asked.single_row(self.target, joined)
        return asked.row_list(self.target, joined, lambda there: [there.c[name] for name in self.order])


def relationship_reader(relationship: "RelationshipProperty[Any]", field: GraphQLField, place: str) -> FieldReader:
    """A relationship, refused where the schema promises more than it holds."""
    way = RelationshipReader(relationship)
    required, listed = is_non_null_type(field.type), is_list_type(get_nullable_type(field.type))
    if listed != way.many:
        raise TypeError(f"{place} is {field.type}, but the relationship leads to {'many' if way.many else 'one'}")
    if way.many and not way.order:
        raise TypeError(f"{place} is a list, but its relationship has no order")
    if way.many and not (required and is_non_null_type(get_nullable_type(field.type).of_type)):  # type: ignore[union-attr]
        raise TypeError(
            f"{place} is a list of rows, so neither it nor its items can be null: write [{way.target.__name__}!]!"
        )
    if required and not way.many and any(here.nullable for here, _ in way.pairs):
        raise TypeError(f"{place} is non-null, but its foreign key allows null")
    return way
