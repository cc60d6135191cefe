"""Calls that may be repeated. A key is claimed in the transaction that does the work and keeps its outcome there.

So a crash leaves either both or neither. A second call with the key waits in PostgreSQL until the first has ended, and
then finds its outcome, or claims the key itself. What changed nothing is not kept: repeating it is harmless. Kept are
identities and problems, not the answer's body: a retry may select other fields, and they are read afresh.
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
from graphql_app.commands.validation import Warning
from graphql_app.errors import user_errors

MAX_KEY_CHARACTERS = 255
UUID_FIELDS = ("existing", "shipment")
ERROR_CLASSES = {kind.__name__: kind for kind in user_errors.UserError.__subclasses__()}


def request_hash(arguments: Mapping[str, Any]) -> bytes:
    """SHA-256 of the arguments of a call, however they were written."""
    try:
        text = orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # whole numbers beyond 64 bits, in a row that is refused beside others that are not
        text = json.dumps(arguments, default=str, sort_keys=True).encode()
    return hashlib.sha256(text).digest()


async def claim(act: CommandContext, operation: str, key: str, request_hash: bytes) -> list[RowResult] | None:
    """Claim a key for this transaction, or the outcome of the call that had it. KeyReused when the input differs.

    A call that writes nothing claims nothing: it only hears what the call that writes would hear.
    """
    named = {"operation": operation, "key": key, "request_hash": request_hash}
    if not act.validate_only and await act.sql("idempotency_key_claim", named):
        return None
    rows = await act.sql("idempotency_key_get", named)
    if not rows:
        return None
    (row,) = rows
    if bytes(row.request_hash) != request_hash:
        raise user_errors.IdempotencyKeyReused(first_used_at=row.created_at)
    return [decode_result(one) for one in orjson.loads(row.result)]


async def complete(act: CommandContext, operation: str, key: str, outcomes: Sequence[RowResult]) -> None:
    """Keep the outcome with the key."""
    result = orjson.dumps(
        [encode_result(one) for one in outcomes], default=str
    ).decode()  # the driver's UUIDs are its own
    await act.sql("idempotency_key_complete", {"operation": operation, "key": key, "result": result})


def encode_result(outcome: RowResult) -> dict[str, Any]:
    """An outcome as JSON, without what is not set."""
    kept = {one.name: getattr(outcome, one.name) for one in fields(outcome)}
    kept["errors"] = [{**vars(problem), "kind": type(problem).__name__} for problem in outcome.errors]
    kept["warnings"] = [list(warning) for warning in outcome.warnings]
    return {name: value for name, value in kept.items() if value}


def decode_result(kept: dict[str, Any]) -> RowResult:
    """The outcome again."""
    for name in ("shipment", "event", "carrier", "api_key"):
        if name in kept:
            kept[name] = UUID(kept[name])
    kept["errors"] = [decode_error(one) for one in kept.get("errors", ())]
    kept["warnings"] = [Warning(code, message, tuple(path)) for code, message, path in kept.get("warnings", ())]
    return RowResult(**kept)


def decode_error(kept: dict[str, Any]) -> user_errors.UserError:
    """A problem again, with what it says about itself."""
    kind = ERROR_CLASSES[kept.pop("kind")]
    again = kind.__new__(kind)
    for name, value in kept.items():
        if name in UUID_FIELDS and value is not None:
            value = UUID(value)
        elif name == "first_used_at":
            value = datetime.fromisoformat(value)
        setattr(again, name, tuple(value) if name == "path" else value)
    return again
