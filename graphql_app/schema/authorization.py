"""Which scope of an API key each root field needs. A document is looked through once; then a request compares.

A field says its scope in its description, and here. What lies below a root field needs nothing more: who may write sees
what was written. Refuses operations with a field whose scope the key lacks, skipped ones too, before anything is run.
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

SCOPE = "scope"
RequiredScopes = tuple[tuple[str, str, str], ...]
"""Scope, name of a field, and what the answer calls it: one for each scope that an operation needs."""


def field_options(signature: Callable[..., Any], scope: str | None) -> dict[str, Any]:
    """What Strawberry is told of a root field that needs the scope; None where any valid key will do."""
    said = f"Requires the scope `{scope}`." if scope else "Requires no scope. Any valid API key is accepted."
    text = f"{cleandoc(signature.__doc__ or '')}\n\n{said}"
    return {"resolver": signature, "description": text, "metadata": {SCOPE: scope}}


def scope_of(field: GraphQLField) -> str | None:
    """The scope that a root field needs."""
    scope: str | None = field.extensions["strawberry-definition"].metadata[SCOPE]
    return scope


def required_scopes(
    schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], operation: OperationDefinitionNode
) -> RequiredScopes:
    """What a valid operation needs."""
    root: Any = schema.get_root_type(operation.operation)
    found: dict[str, tuple[str, str, str]] = {}
    seen: set[str] = set()

    def look(selected: SelectionSetNode) -> None:
        for one in selected.selections:
            if isinstance(one, FieldNode):
                name = one.name.value
                if name in root.fields and (scope := scope_of(root.fields[name])):
                    found.setdefault(scope, (scope, name, one.alias.value if one.alias else name))
            elif not isinstance(one, FragmentSpreadNode):
                look(one.selection_set)  # type: ignore[attr-defined]
            elif one.name.value not in seen:
                seen.add(one.name.value)
                look(fragments[one.name.value].selection_set)

    look(operation.selection_set)
    return tuple(found.values())


def check_scopes(needs: RequiredScopes, scopes: Collection[str]) -> None:
    """Raise NotAllowed for the first scope that is lacking."""
    for scope, name, key in needs:
        if scope not in scopes:
            raise request_errors.Forbidden(f"The API key lacks the scope {scope}, which `{name}` needs.", path=(key,))
