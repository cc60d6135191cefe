"""The table of each GraphQL type, and the reader of each of its fields.

A field is read as a computed field (`computed_fields`), as the column of its name, or as the relationship of its name.
`TypeMapping` determines this once for a schema. At startup it rejects a field that is none of the three, a leaf whose
text PostgreSQL would write differently, arguments that nothing reads, and a non-null field whose column allows null.
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

from graphql_app.graphql_internals import python_name
from graphql_app.models import public_ids
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.selection import RowAlias, SelectedField, outer_column
from graphql_app.query_engine.startup_check import plan_every_field

EXTENSION_KEY = "graphql_app.type_mapping"
"""The key of the type mapping in the extensions of its schema."""
FieldReader = Callable[[RowAlias, SelectedField], json_sql.Pieces]
"""Returns the JSON of a selected field of a row."""
ComputedFields = Mapping[tuple[type[SQLModel], str], FieldReader]
"""Field readers by model and Python name of the field."""


class TypeMapping:
    """The readers of all fields of all mapped types. Implements `selection.Reader`.

    Args:
        schema: the GraphQL schema.
        models: the model of each mapped type, by the name of the type.
        computed_fields: the readers of computed fields.

    Raises:
        TypeError: types and tables do not agree; the message names the field.
    """

    def __init__(
        self, schema: GraphQLSchema, models: Mapping[str, type[SQLModel]], computed_fields: ComputedFields
    ) -> None:
        self.models = models
        self.types: dict[type[SQLModel], GraphQLObjectType] = {}
        self.fields: dict[str, dict[str, FieldReader]] = {}
        unused = set(computed_fields)
        for name, model in models.items():
            type_ = schema.type_map.get(name)
            if not isinstance(type_, GraphQLObjectType):
                raise TypeError(f"{name} is not an object type of the schema.")
            if "account_id" not in inspect(model).local_table.c:
                raise TypeError(f"{name} is mapped to {model.__name__}, whose table has no column account_id.")
            self.types.setdefault(model, type_)  # `node` returns the first type that is mapped to a table
            self.fields[name] = {
                field_name: field_reader(model, python_name(field), field, computed_fields, f"{name}.{field_name}")
                for field_name, field in type_.fields.items()
            }
            unused -= {(model, python_name(field)) for field in type_.fields.values()}
            for field_name, field in type_.fields.items():
                reader, target_type = self.fields[name][field_name], get_named_type(field.type).name
                if isinstance(reader, RelationshipReader) and models.get(target_type) is not reader.target:
                    target = reader.target.__name__
                    raise TypeError(
                        f"{name}.{field_name} has the type {target_type}, which is not mapped to {target}, "
                        "the target of its relationship."
                    )
        if unused:
            names = sorted(f"{model.__name__}.{name}" for model, name in unused)
            raise TypeError(f"The schema has no field for the computed fields {', '.join(names)}.")
        queries = schema.query_type.fields if schema.query_type else {}
        self.root_fields = {
            name
            for name, field in queries.items()
            if hasattr(field.resolve, "source") or self.reads_database(get_named_type(field.type))
        }
        plan_every_field(schema, self)

    def reads_database(self, type_: GraphQLNamedType) -> bool:
        """Return whether a root field of this type reads from the database.

        It does if the type is mapped, has a field of a mapped type, or is an interface or union.
        """
        if not isinstance(type_, GraphQLObjectType):
            return is_abstract_type(type_)
        field_types = (get_named_type(field.type).name for field in type_.fields.values())
        return type_.name in self.models or any(name in self.models for name in field_types)

    def pieces(self, type_: GraphQLObjectType, row: RowAlias, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of one field of a mapped type."""
        return self.fields[type_.name][field.name](row, field)

    def type_of(self, model: type[SQLModel]) -> GraphQLObjectType:
        """Return the type that is mapped to a table."""
        return self.types[model]


def mapping_of(schema: GraphQLSchema) -> TypeMapping:
    """Return the type mapping of a schema. Each schema has one, since schemas do not share type objects."""
    mapping: TypeMapping = schema.extensions[EXTENSION_KEY]
    return mapping


def field_reader(
    model: type[SQLModel], name: str, field: GraphQLField, computed_fields: ComputedFields, coordinate: str
) -> FieldReader:
    """Return the reader of one field.

    Args:
        model: the model of the field's type.
        name: the Python name of the field.
        field: the field of the schema.
        computed_fields: the readers of computed fields, which have priority.
        coordinate: the field for error messages, for example `Shipment.shipper`.

    Raises:
        TypeError: the field cannot be read.
    """
    if (model, name) in computed_fields:
        return computed_fields[model, name]
    mapper = inspect(model)
    if field.args:
        raise TypeError(f"{coordinate} has arguments, but no computed field is registered that reads them.")
    if name in mapper.local_table.c:
        return column_reader(model, mapper.local_table.c[name], field, coordinate)
    if name in mapper.relationships:
        return relationship_reader(mapper.relationships[name], field, coordinate)
    raise TypeError(
        f"{coordinate} is neither a column nor a relationship of {model.__name__}, "
        "and no computed field is registered for it."
    )


def column_reader(model: type[SQLModel], column: Column[Any], field: GraphQLField, coordinate: str) -> FieldReader:
    """Return the reader of a column, which is written as a scalar, an enum or a list of them.

    Raises:
        TypeError: the column does not fit the type of the field.
    """
    leaf, is_list = get_named_type(field.type), is_list_type(get_nullable_type(field.type))
    if not is_leaf_type(leaf) or is_list != isinstance(column.type, ARRAY) or not json_sql.can_write(leaf, column.type):
        raise TypeError(f"{coordinate}: PostgreSQL cannot write {field.type} from a column of type {column.type!r}.")
    if is_non_null_type(field.type) and column.nullable:
        raise TypeError(f"{coordinate} is non-null, but its column allows null.")
    prefix = public_ids.PREFIXES.get(model, "")
    if leaf.name == "ID" and not (prefix and column.primary_key):
        raise TypeError(f"{coordinate} is an ID, but it is not the primary key of a model with an ID prefix.")
    return lambda row, selected: selected.scalar(row.c[column.name], prefix=prefix)


class RelationshipReader:
    """Reads a relationship by its foreign keys: one row, or a list in the order of the relationship."""

    def __init__(self, relationship: "RelationshipProperty[Any]") -> None:
        self.target: type[SQLModel] = relationship.mapper.class_
        self.pairs = relationship.local_remote_pairs or ()
        self.many = bool(relationship.uselist)
        self.order = [column.name for column in relationship.order_by or ()]

    def __call__(self, row: RowAlias, field: SelectedField) -> json_sql.Pieces:
        """Return the JSON of a selected field."""

        def join(target: RowAlias) -> list[ColumnElement[bool]]:
            return [target.c[remote.name] == outer_column(row.c[local.name]) for local, remote in self.pairs]

        if not self.many:
            return field.single_row(self.target, join)
        return field.row_list(self.target, join, lambda target: [target.c[name] for name in self.order])


def relationship_reader(
    relationship: "RelationshipProperty[Any]", field: GraphQLField, coordinate: str
) -> RelationshipReader:
    """Return the reader of a relationship.

    Raises:
        TypeError: the relationship does not fit the type of the field.
    """
    reader = RelationshipReader(relationship)
    is_required, is_list = is_non_null_type(field.type), is_list_type(get_nullable_type(field.type))
    if is_list != reader.many:
        rows = "a list of rows" if reader.many else "one row"
        raise TypeError(f"{coordinate} has the type {field.type}, but its relationship leads to {rows}.")
    if reader.many and not reader.order:
        raise TypeError(f"{coordinate} is a list, but its relationship has no `order_by`.")
    if reader.many and not (
        is_required and is_non_null_type(get_nullable_type(field.type).of_type)  # type: ignore[union-attr]
    ):
        raise TypeError(
            f"{coordinate} is a list of rows, so neither it nor its items can be null. "
            f"Declare it as [{reader.target.__name__}!]!."
        )
    if is_required and not reader.many and any(local.nullable for local, _ in reader.pairs):
        raise TypeError(f"{coordinate} is non-null, but its foreign key allows null.")
    return reader
