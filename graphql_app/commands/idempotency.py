"""Idempotency keys: a retried call with the same key and input returns the result of the first call.

The key is claimed in the transaction that does the work, and the result is stored there, so a crash leaves either both
or neither. A second call with the key waits in PostgreSQL until the first has ended; then it returns the stored result,
or claims the key itself. Calls that changed nothing are not stored: repeating them is harmless. A stored result is ids,
errors and warnings, not the response body: a retry may select other fields, which are read again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.validation import InputWarning
from graphql_app.errors import user_errors

MAX_KEY_CHARACTERS = 255
"""Maximum length of an idempotency key."""
UUID_FIELDS = ("existing", "shipment")
"""Attributes of errors that hold a UUID."""
ERROR_CLASSES = {error_class.__name__: error_class for error_class in user_errors.UserError.__subclasses__()}
"""Error classes by name, to decode stored errors."""


def request_hash(arguments: Mapping[str, Any]) -> bytes:
    """SHA-256 of the coerced arguments of a call: two spellings of one value have the same hash."""
    try:
        text = orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers beyond 64 bits, in an invalid row next to valid ones
        text = json.dumps(arguments, default=str, sort_keys=True).encode()
    return hashlib.sha256(text).digest()


async def claim(context: CommandContext, operation: str, key: str, request_hash: bytes) -> list[RowResult] | None:
    """Claim a key for this transaction. Returns None if claimed, or the results of the earlier call with this key.

    With `validate_only` nothing is claimed: the earlier results or the error are returned as a writing call would
    return them.

    Raises:
        IdempotencyKeyReused: the earlier call had a different input.
    """
    values = {"operation": operation, "key": key, "request_hash": request_hash}
    if not context.validate_only and await context.sql("idempotency_key_claim", values):
        return None
    rows = await context.sql("idempotency_key_get", values)
    if not rows:
        return None
    (row,) = rows
    if bytes(row.request_hash) != request_hash:
        raise user_errors.IdempotencyKeyReused(first_used_at=row.created_at)
    return [decode_result(stored) for stored in orjson.loads(row.result)]


async def complete(context: CommandContext, operation: str, key: str, results: Sequence[RowResult]) -> None:
    """Store the results with the claimed key."""
    encoded = [encode_result(result) for result in results]
    text = orjson.dumps(encoded, default=str).decode()  # `default`: asyncpg's UUIDs are a subclass
    await context.sql("idempotency_key_complete", {"operation": operation, "key": key, "result": text})


def encode_result(result: RowResult) -> dict[str, Any]:
    """A result as JSON values, without empty fields."""
    stored = {attribute.name: getattr(result, attribute.name) for attribute in fields(result)}
    stored["errors"] = [{**vars(error), "kind": type(error).__name__} for error in result.errors]
    stored["warnings"] = [list(warning) for warning in result.warnings]
    return {name: value for name, value in stored.items() if value}


def decode_result(stored: dict[str, Any]) -> RowResult:
    """The inverse of `encode_result`."""
    for name in ("shipment", "event", "carrier", "api_key"):
        if name in stored:
            stored[name] = UUID(stored[name])
    stored["errors"] = [decode_error(error) for error in stored.get("errors", ())]
    stored["warnings"] = [
        InputWarning(code, message, tuple(path)) for code, message, path in stored.get("warnings", ())
    ]
    return RowResult(**stored)


def decode_error(stored: dict[str, Any]) -> user_errors.UserError:
    """A stored error as an instance of its class, with all its attributes."""
    error_class = ERROR_CLASSES[stored.pop("kind")]
    error = error_class.__new__(error_class)
    for name, value in stored.items():
        if name in UUID_FIELDS and value is not None:
            value = UUID(value)
        elif name == "first_used_at":
            value = datetime.fromisoformat(value)
        setattr(error, name, tuple(value) if name == "path" else value)
    return error
