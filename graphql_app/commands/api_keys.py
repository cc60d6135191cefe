"""Creating and revoking API keys. The secret is neither stored nor logged, only its SHA-256 hash and its prefix."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from graphql_app.auth import api_key
from graphql_app.auth.scopes import SCOPES
from graphql_app.commands import change_log
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.validation import Input, Validator
from graphql_app.errors import user_errors

MAX_NAME_CHARACTERS = 100
"""Maximum length of a key's name. With its prefix the name is an actor, which has at most 200 characters."""
API_KEY_NOT_FOUND = "There is no API key with this id."
"""The message for an unknown API key."""


def validate(validator: Validator, fields: Input, scopes: Collection[str]) -> dict[str, Any]:
    """Validate an ApiKeyCreateInput and return the columns of the new key.

    `scopes` are those of the caller: a key can only grant scopes that it has itself.
    """
    granted = [scope for scope in SCOPES if scope in fields["scopes"]]
    for index, scope in enumerate(fields["scopes"]):
        if scope not in SCOPES:
            validator.add_error(user_errors.Invalid(f"Must be one of {', '.join(SCOPES)}."), "scopes", index)
        elif scope not in scopes:
            message = f"Your API key does not have the scope {scope}, so it cannot grant it."
            validator.add_error(user_errors.Forbidden(message), "scopes", index)
    if not fields["scopes"]:
        validator.add_error(user_errors.Required("At least one scope is required."), "scopes")
    expires_at = validator.instant(fields, "expiresAt")
    name = validator.text(fields, "name", MAX_NAME_CHARACTERS, required=True)
    return {"name": name, "scopes": granted, "expires_at": expires_at}


async def create(
    context: CommandContext, new_key: Mapping[str, Any], secret: api_key.ApiKeySecret, validator: Validator
) -> RowResult:
    """Insert the key and log it. `new_key` comes from `validate`; its expiry must be in the future."""
    result = RowResult.from_validator(validator)
    (row,) = await context.sql("api_key_insert", {**new_key, "prefix": secret.prefix, "hash": secret.hash})
    if not row.is_valid:
        validator.add_error(user_errors.Invalid("Must be in the future."), "expiresAt")
    if row.id is None:
        return result
    result.api_key, result.created = row.id, True
    values = {
        "name": new_key["name"],
        "prefix": secret.prefix,
        "scopes": new_key["scopes"],
        "expiresAt": new_key["expires_at"],
    }
    changed = {name: [None, value] for name, value in values.items() if value}
    await change_log.log_change(context, "api_key", row.id, "api_key.created", changed)
    return result


async def revoke(context: CommandContext, key_id: UUID | None, validator: Validator) -> RowResult:
    """Revoke the key and log it. Revoking a revoked key has no effect; an unknown one returns NOT_FOUND."""
    result = RowResult.from_validator(validator)
    rows = await context.sql("api_key_revoke", {"id": key_id})
    if not rows:
        validator.add_error(user_errors.NotFound(API_KEY_NOT_FOUND), "id")
        return result
    (row,) = rows
    result.api_key = row.id
    if row.changed:
        changed = {"revokedAt": [None, row.revoked_at]}
        await change_log.log_change(context, "api_key", row.id, "api_key.revoked", changed)
    return result
