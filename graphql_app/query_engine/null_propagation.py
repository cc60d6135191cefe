"""A row that must be there and is not → null and an error, carried up as GraphQL says.

SQL writes `json.MISSING` in the row's place. In flows a text that contains it, out flows the value as plain execution
would have completed it; errors with their paths go to the executor. Such rows are rare (foreign keys see to that), so
what this costs does not matter.
"""

from typing import Any

import orjson
from graphql import GraphQLError, GraphQLOutputType, is_abstract_type, is_leaf_type, is_list_type, is_non_null_type
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor
from graphql.pyutils import Path
from graphql.type import GraphQLObjectType

from graphql_app.query_engine import json_sql

HOLE = {"": None}
"""No object of an answer looks like this: every response key is a name."""


def complete_with_missing(
    executor: Executor[Any], type_: GraphQLOutputType, details: list[FieldDetails], path: Path, text: bytes, place: str
) -> Any:
    """The value that a text stands for. Raises the error of a field that may not be null itself."""
    value = orjson.loads(text.replace(json_sql.MISSING, orjson.dumps(HOLE)))
    return complete(executor, type_, details, path, value, place)


def complete(
    executor: Executor[Any], type_: GraphQLOutputType, details: list[FieldDetails], path: Path, value: Any, place: str
) -> Any:
    """One value; `place` is the field that it belongs to."""
    if is_non_null_type(type_):
        found = complete(executor, type_.of_type, details, path, value, place)
        if found is None:
            raise TypeError(f"Cannot return null for non-nullable field {place}.")
        return found
    if value is None or (value == HOLE and not is_leaf_type(type_)):
        return None
    if is_list_type(type_):
        item = type_.of_type
        return [guarded(executor, item, details, path.add_key(at), one, place) for at, one in enumerate(value)]
    if is_leaf_type(type_):
        return value
    object_type = runtime_type(executor, type_, details, value)
    for key, inner in executor.collect_subfields(object_type, details).grouped_field_set.items():
        name = inner[0].node.name.value
        definition = executor.schema.get_field(object_type, name)
        assert definition is not None
        there = path.add_key(key, object_type.name)
        value[key] = guarded(executor, definition.type, inner, there, value[key], f"{object_type.name}.{name}")
    return value


def guarded(
    executor: Executor[Any], type_: GraphQLOutputType, details: list[FieldDetails], path: Path, value: Any, place: str
) -> Any:
    """One value, or null where it may be null and something in it must not be."""
    try:
        return complete(executor, type_, details, path, value, place)
    except (GraphQLError, TypeError) as error:
        executor.handle_field_error(error, type_, details, path)
        return None


def runtime_type(
    executor: Executor[Any], type_: Any, details: list[FieldDetails], value: dict[str, Any]
) -> GraphQLObjectType:
    """The type of an object. Of an interface's types one that has its keys: what is null is the same for all those."""
    possible = executor.schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
    for one in possible:
        if [*executor.collect_subfields(one, details).grouped_field_set] == [*value]:
            return one
    raise AssertionError(f"no type of {type_.name} has the fields {[*value]}")
