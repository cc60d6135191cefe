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

from graphql_app.commands.command import Act, Outcome
from graphql_app.commands.validation import Warning
from graphql_app.errors import user_errors

MOST_KEY = 255
UUIDS = ("existing", "shipment")
KINDS = {kind.__name__: kind for kind in user_errors.UserError.__subclasses__()}


def digest(arguments: Mapping[str, Any]) -> bytes:
    """SHA-256 of the arguments of a call, however they were written."""
    try:
        text = orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # whole numbers beyond 64 bits, in a row that is refused beside others that are not
        text = json.dumps(arguments, default=str, sort_keys=True).encode()
    return hashlib.sha256(text).digest()


async def claim(act: Act, operation: str, key: str, request_hash: bytes) -> list[Outcome] | None:
    """Claim a key for this transaction, or the outcome of the call that had it. KeyReused when the input differs.

    A call that writes nothing claims nothing: it only hears what the call that writes would hear.
    """
    named = {"operation": operation, "key": key, "request_hash": request_hash}
    if not act.dry and await act.sql("idempotency_key_claim", named):
        return None
    rows = await act.sql("idempotency_key_get", named)
    if not rows:
        return None
    (row,) = rows
    if bytes(row.request_hash) != request_hash:
        raise user_errors.IdempotencyKeyReused(first_used_at=row.created_at)
    return [decode(one) for one in orjson.loads(row.result)]


async def keep(act: Act, operation: str, key: str, outcomes: Sequence[Outcome]) -> None:
    """Keep the outcome with the key."""
    result = orjson.dumps([encode(one) for one in outcomes], default=str).decode()  # the driver's UUIDs are its own
    await act.sql("idempotency_key_complete", {"operation": operation, "key": key, "result": result})


def encode(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON, without what is not set."""
    kept = {one.name: getattr(outcome, one.name) for one in fields(outcome)}
    kept["problems"] = [{**vars(problem), "kind": type(problem).__name__} for problem in outcome.problems]
    kept["warnings"] = [list(warning) for warning in outcome.warnings]
    return {name: value for name, value in kept.items() if value}


def decode(kept: dict[str, Any]) -> Outcome:
    """The outcome again."""
    for name in ("shipment", "event", "carrier", "api_key"):
        if name in kept:
            kept[name] = UUID(kept[name])
    kept["problems"] = [problem(one) for one in kept.get("problems", ())]
    kept["warnings"] = [Warning(code, message, tuple(path)) for code, message, path in kept.get("warnings", ())]
    return Outcome(**kept)


def problem(kept: dict[str, Any]) -> user_errors.UserError:
    """A problem again, with what it says about itself."""
    kind = KINDS[kept.pop("kind")]
    again = kind.__new__(kind)
    for name, value in kept.items():
        if name in UUIDS and value is not None:
            value = UUID(value)
        elif name == "first_used_at":
            value = datetime.fromisoformat(value)
        setattr(again, name, tuple(value) if name == "path" else value)
    return again
