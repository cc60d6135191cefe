"""TODO docstring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo

from graphql_app.commands import idempotency
from graphql_app.commands.validation import Validator
from graphql_app.errors import user_errors
from graphql_app.operation_context import OperationContext

Info = GraphQLResolveInfo[Any]
Arguments = Mapping[str, Any]


@dataclass(slots=True)
class MutationCall:
    """One call of a mutation: what was given, under GraphQL names."""

    context: OperationContext
    operation: str
    arguments: Mapping[str, Any]
    idempotency_key: str | None = None
    expected_version: int | None = None
    validate_only: bool = False
    replayed: bool = False
    errors: list[user_errors.UserError] = field(default_factory=list)
    """What is wrong with the call as a whole."""


def parse_call(
    info: GraphQLResolveInfo[OperationContext], arguments: Mapping[str, Any], *, versioned: bool
) -> MutationCall:
    """A call with its options, checked. `versioned`: whether it can expect a version."""
    context, options = info.context, arguments.get("options") or {}
    made = MutationCall(context, info.field_name, {k: v for k, v in arguments.items() if k != "options"})
    check = Validator("options")
    made.validate_only, made.expected_version = bool(options.get("validateOnly")), options.get("expectedVersion")
    if made.expected_version is not None and not versioned:
        check.add_error(user_errors.Invalid("This mutation cannot expect one version."), "expectedVersion")
    if options.get("idempotencyKey") is not None:
        made.idempotency_key = check.text(options, "idempotencyKey", idempotency.MAX_KEY_CHARACTERS, required=True)
    elif context.idempotency_key is not None:  # given only where the operation has one mutation field
        made.idempotency_key = check.text(
            {"idempotencyKey": context.idempotency_key}, "idempotencyKey", idempotency.MAX_KEY_CHARACTERS
        )
    made.errors = check.errors
    return made
