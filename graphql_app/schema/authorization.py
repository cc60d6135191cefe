"""Authorization: the scope of an API key that each root field requires.

The required scopes of an operation are collected once, when its document is parsed; a request only compares them with
those of the key. Fields below a root field require no further scope: a key that may write can also read what it wrote.
An operation with a field whose scope the key does not have is rejected before anything is executed, even if the field
is skipped by a directive. The scope of a field is also part of its description.
"""

from collections.abc import Callable, Collection, Mapping
from inspect import cleandoc
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
)

from graphql_app.errors import request_errors
from graphql_app.graphql_internals import field_metadata

SCOPE = "scope"
"""The key of the scope in the metadata of a root field."""
RequiredScopes = tuple[tuple[str, str, str], ...]
"""For each scope that an operation requires: the scope, and the name and response key of the first field with it."""


def field_options(signature: Callable[..., Any], scope: str | None) -> dict[str, Any]:
    """Return Strawberry's options for a root field: resolver, description and scope.

    The description is the docstring of `signature` and the scope. With None, any valid API key is accepted.
    """
    requirement = f"Requires the scope `{scope}`." if scope else "Requires no scope. Any valid API key is accepted."
    text = f"{cleandoc(signature.__doc__ or '')}\n\n{requirement}"
    return {"resolver": signature, "description": text, "metadata": {SCOPE: scope}}


def scope_of(field: GraphQLField) -> str | None:
    """Return the scope that a root field requires, or None."""
    scope: str | None = field_metadata(field)[SCOPE]
    return scope


def required_scopes(
    schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], operation: OperationDefinitionNode
) -> RequiredScopes:
    """Return the scopes that an operation of a valid document requires, in the order of its root fields."""
    root: Any = schema.get_root_type(operation.operation)
    required: dict[str, tuple[str, str, str]] = {}
    visited_fragments: set[str] = set()

    def visit(selection_set: SelectionSetNode) -> None:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                name = selection.name.value
                if name in root.fields and (scope := scope_of(root.fields[name])):
                    required.setdefault(scope, (scope, name, selection.alias.value if selection.alias else name))
            elif not isinstance(selection, FragmentSpreadNode):
                visit(selection.selection_set)  # type: ignore[attr-defined]
            elif selection.name.value not in visited_fragments:
                visited_fragments.add(selection.name.value)
                visit(fragments[selection.name.value].selection_set)

    visit(operation.selection_set)
    return tuple(required.values())


def check_scopes(required: RequiredScopes, scopes: Collection[str]) -> None:
    """Check that the scopes of an API key include all required ones.

    Raises:
        Forbidden: one is missing. The error has the path of the field that requires it.
    """
    for scope, name, key in required:
        if scope not in scopes:
            raise request_errors.Forbidden(
                f"`{name}` requires the scope {scope}, which the API key does not have.", path=(key,)
            )
