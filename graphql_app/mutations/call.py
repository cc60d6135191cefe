"""TODO docstring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo

from graphql_app.commands import idempotency
from graphql_app.commands.validation import Check
from graphql_app.errors import user_errors
from graphql_app.operation_context import Context

Info = GraphQLResolveInfo[Any]
Arguments = Mapping[str, Any]


@dataclass(slots=True)
class Call:
    """One call of a mutation: what was given, under GraphQL names."""

    context: Context
    operation: str
    arguments: Mapping[str, Any]
    key: str | None = None
    expected: int | None = None
    dry: bool = False
    replayed: bool = False
    problems: list[user_errors.UserError] = field(default_factory=list)
    """What is wrong with the call as a whole."""


def call(info: GraphQLResolveInfo[Context], arguments: Mapping[str, Any], *, versioned: bool) -> Call:
    """A call with its options, checked. `versioned`: whether it can expect a version."""
    context, options = info.context, arguments.get("options") or {}
    made = Call(context, info.field_name, {k: v for k, v in arguments.items() if k != "options"})
    check = Check("options")
    made.dry, made.expected = bool(options.get("validateOnly")), options.get("expectedVersion")
    if made.expected is not None and not versioned:
        check.add(user_errors.Invalid("This mutation cannot expect one version."), "expectedVersion")
    if options.get("idempotencyKey") is not None:
        made.key = check.text(options, "idempotencyKey", idempotency.MOST_KEY, required=True)
    elif context.idempotency_key is not None:  # given only where the operation has one mutation field
        made.key = check.text({"idempotencyKey": context.idempotency_key}, "idempotencyKey", idempotency.MOST_KEY)
    made.problems = check.problems
    return made
