"""API keys are made and revoked. A secret is neither kept nor logged, only its SHA-256 and its beginning."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app.auth import api_key
from graphql_app.auth.scopes import SCOPES
from graphql_app.commands import change_log
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.validation import Input, Validator
from graphql_app.errors import user_errors

MAX_NAME_CHARACTERS = 100  # with the prefix it is an actor, which has 200 characters
API_KEY_NOT_FOUND = "There is no such API key."


def validate(check: Validator, given: Input, scopes: Collection[str]) -> dict[str, Any]:
    """What a new key shall be, checked. `scopes`: what who asks may give."""
    wanted = [scope for scope in SCOPES if scope in given["scopes"]]
    for at, scope in enumerate(given["scopes"]):
        if scope not in SCOPES:
            check.add_error(user_errors.Invalid(f"This must be one of {', '.join(SCOPES)}."), "scopes", at)
        elif scope not in scopes:
            check.add_error(user_errors.Forbidden(f"A key without the scope {scope} cannot give it."), "scopes", at)
    if not given["scopes"]:
        check.add_error(user_errors.Required("Give at least one scope."), "scopes")
    expires_at = check.instant(given, "expiresAt")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        check.add_error(user_errors.Invalid("This must lie ahead."), "expiresAt")
    name = check.text(given, "name", MAX_NAME_CHARACTERS, required=True)
    return {"name": name, "scopes": wanted, "expires_at": expires_at}


async def create(
    act: CommandContext, new: Mapping[str, Any], secret: api_key.ApiKeySecret, check: Validator
) -> RowResult:
    """Make the key."""
    outcome = RowResult.from_validator(check)
    if act.validate_only:
        return outcome
    (row,) = await act.sql("api_key_insert", {**new, "prefix": secret.prefix, "hash": secret.hash})
    outcome.api_key, outcome.created = row.id, True
    changed = {"name": new["name"], "prefix": secret.prefix, "scopes": new["scopes"], "expiresAt": new["expires_at"]}
    told = {name: [None, value] for name, value in changed.items() if value}
    await change_log.log(act, "api_key", row.id, "api_key.created", told)
    return outcome


async def revoke(act: CommandContext, key: UUID | None, check: Validator) -> RowResult:
    """Revoke the key; one that is revoked stays as it is."""
    outcome = RowResult.from_validator(check)
    rows = await act.sql("api_key_revoke", {"id": key})
    if not rows:
        check.add_error(user_errors.NotFound(API_KEY_NOT_FOUND), "id")
        return outcome
    (row,) = rows
    outcome.api_key = row.id
    if row.changed:
        await change_log.log(act, "api_key", row.id, "api_key.revoked", {"revokedAt": [None, row.revoked_at]})
    return outcome
