"""One call of a mutation field: its arguments and its `options`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql_app.commands import idempotency
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums
from graphql_app.errors import user_errors
from graphql_app.operation_context import Info, OperationContext

FieldArguments = Mapping[str, Any]
"""Arguments of a field as graphql-core coerced them, under their GraphQL names. An omitted argument has no key."""
MAX_ROWS = 1_000
"""Maximum number of rows of one bulk call."""


@dataclass(slots=True)
class MutationCall:
    """One call of a mutation field.

    `operation` is the field's GraphQL name; together with account, actor and key it identifies an idempotency key.
    `response_key` is the field's name or alias in the response.
    `errors` are those of the call as a whole, such as an invalid option; errors of a row are in its `RowResult`.
    """

    context: OperationContext
    operation: str
    response_key: str
    arguments: FieldArguments
    idempotency_key: str | None = None
    expected_version: int | None = None
    validate_only: bool = False
    replayed: bool = False
    """Whether the results are those that an earlier call stored under the same idempotency key."""
    errors: list[user_errors.UserError] = field(default_factory=list)

    def note_commit(self) -> None:
        """Note that the writes of this call are committed. Call it before the next `await`.

        A later error, such as a lost connection while the payload is read, then says so to the client.
        """
        self.context.committed_fields.add(self.response_key)


def parse_call(info: Info, arguments: FieldArguments, *, versioned: bool = False) -> MutationCall:
    """Parse the `options` of a call. Invalid options become errors of the call.

    `versioned`: whether the mutation changes a single shipment, so that `options.expectedVersion` is allowed. The
    `Idempotency-Key` header is used if `options.idempotencyKey` is omitted; `transport.http_call` accepts the header
    only for operations with one mutation field.
    """
    context, options = info.context, arguments.get("options") or {}
    validator = Validator("options")
    expected_version = options.get("expectedVersion")
    if expected_version is not None and not versioned:
        message = "`expectedVersion` is supported only by mutations of a single shipment. Omit it."
        validator.add_error(user_errors.Invalid(message), "expectedVersion")
    key = None
    if options.get("idempotencyKey") is not None:
        key = validator.text(options, "idempotencyKey", idempotency.MAX_KEY_CHARACTERS, required=True)
    elif context.idempotency_key is not None:
        header = {"idempotencyKey": context.idempotency_key}
        key = validator.text(header, "idempotencyKey", idempotency.MAX_KEY_CHARACTERS)
    return MutationCall(
        context,
        operation=info.field_name,
        response_key=str(info.path.key),
        arguments={name: value for name, value in arguments.items() if name != "options"},
        idempotency_key=key,
        expected_version=expected_version,
        validate_only=bool(options.get("validateOnly")),
        errors=validator.errors,
    )


def limit_rows(call: MutationCall) -> Sequence[FieldArguments]:
    """The rows of a bulk call; empty, with an error of the call, if there is none or there are too many."""
    inputs: Sequence[FieldArguments] = call.arguments["inputs"]
    if not inputs:
        call.errors.append(user_errors.Required("Must have at least one row.", path=("inputs",)))
    if len(inputs) > MAX_ROWS:
        message = f"Must have at most {MAX_ROWS:,} rows (was {len(inputs):,}). Send several calls."
        call.errors.append(user_errors.LimitExceeded(message, path=("inputs",)))
        return ()
    return inputs


def is_atomic(call: MutationCall) -> bool:
    """Whether a bulk call writes all rows or none."""
    return bool(call.arguments["errorPolicy"] == enums.BulkErrorPolicy.REJECT_EVERYTHING)
