"""A required row that is missing → null and an error, propagated by the rules of GraphQL.

SQL writes `json_sql.MISSING` in place of the row. A text that contains it becomes the value that graphql-core's own
execution would have returned; the errors with their paths go to the executor. Foreign keys make such rows rare, so
the cost of this path does not matter.
"""

from typing import Any

import orjson
from graphql import GraphQLError, GraphQLOutputType, is_abstract_type, is_leaf_type, is_list_type, is_non_null_type
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor
from graphql.pyutils import Path
from graphql.type import GraphQLObjectType

from graphql_app.query_engine import json_sql

PLACEHOLDER = {"": None}
"""Replaces `MISSING` in the parsed JSON. No object of a response is equal to it, since response keys are not empty."""


def complete_with_missing(
    executor: Executor[Any],
    type_: GraphQLOutputType,
    details: list[FieldDetails],
    path: Path,
    text: bytes,
    coordinate: str,
) -> Any:
    """Return the value of a JSON text that contains `MISSING`.

    Args:
        executor: records the errors.
        type_: the type of the field.
        details: the nodes of the field.
        path: the path of the field in the response.
        text: the JSON from PostgreSQL.
        coordinate: the field for error messages, for example `Shipment.shipper`.

    Raises:
        TypeError: the field itself is non-null and must be null.
    """
    value = orjson.loads(text.replace(json_sql.MISSING, orjson.dumps(PLACEHOLDER)))
    return complete(executor, type_, details, path, value, coordinate)


def complete(
    executor: Executor[Any],
    type_: GraphQLOutputType,
    details: list[FieldDetails],
    path: Path,
    value: Any,
    coordinate: str,
) -> Any:
    """Return one value with placeholders replaced by null. Arguments and errors as for `complete_with_missing`."""
    if is_non_null_type(type_):
        completed = complete(executor, type_.of_type, details, path, value, coordinate)
        if completed is None:
            raise TypeError(f"Cannot return null for non-nullable field {coordinate}.")
        return completed
    if value is None or (value == PLACEHOLDER and not is_leaf_type(type_)):
        return None
    if is_list_type(type_):
        return [
            complete_or_null(executor, type_.of_type, details, path.add_key(index), item, coordinate)
            for index, item in enumerate(value)
        ]
    if is_leaf_type(type_):
        return value
    object_type = runtime_type(executor, type_, details, value)
    for key, field_details in executor.collect_subfields(object_type, details).grouped_field_set.items():
        name = field_details[0].node.name.value
        definition = executor.schema.get_field(object_type, name)
        assert definition is not None
        field_path = path.add_key(key, object_type.name)
        field_coordinate = f"{object_type.name}.{name}"
        value[key] = complete_or_null(
            executor, definition.type, field_details, field_path, value[key], field_coordinate
        )
    return value


def complete_or_null(
    executor: Executor[Any],
    type_: GraphQLOutputType,
    details: list[FieldDetails],
    path: Path,
    value: Any,
    coordinate: str,
) -> Any:
    """Return one value; after an error in it null, if its type allows null. Arguments as for `complete`."""
    try:
        return complete(executor, type_, details, path, value, coordinate)
    except (GraphQLError, TypeError) as error:
        executor.handle_field_error(error, type_, details, path)
        return None


def runtime_type(
    executor: Executor[Any], type_: Any, details: list[FieldDetails], value: dict[str, Any]
) -> GraphQLObjectType:
    """Return the object type of a value.

    For an interface this is the first possible type with the value's keys. Nulls are the same for all of these types.
    """
    possible_types = executor.schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
    for possible_type in possible_types:
        if [*executor.collect_subfields(possible_type, details).grouped_field_set] == [*value]:
            return possible_type
    raise AssertionError(f"No possible type of {type_.name} has the fields {[*value]}.")
