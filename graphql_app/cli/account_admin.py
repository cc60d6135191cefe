"""Accounts and API keys, managed from the command line with the role that owns the tables.

API keys are created and revoked by the same commands as in the API, with the same validation and change log entries.
Invalid input raises StartupError.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import api_key
from graphql_app.auth.scopes import SCOPES
from graphql_app.commands import api_keys
from graphql_app.commands.command import CommandContext
from graphql_app.commands.validation import Validator
from graphql_app.database import row_security
from graphql_app.database.errors import constraint
from graphql_app.database.session import get_session
from graphql_app.errors import startup_error

ACTOR = "command line"
"""Actor of the changes in the change log."""

SLUG_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""Short name of an account."""

MAX_ACCOUNT_NAME_CHARACTERS = 200

MAX_DURATION = timedelta(days=1_000_000)
"""Longer durations are shortened to this one. It ends after the last valid expiry, so that it is rejected too."""

DURATION_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
"""Suffix of a duration → argument of timedelta."""

LIST_KEYS = text(
    "SELECT k.id, a.slug AS account, k.name, k.prefix, k.scopes, k.created_at, k.last_used_at, k.expires_at, "
    "CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired' ELSE 'valid' END "
    "AS state FROM api_key k JOIN account a ON a.id = k.account_id ORDER BY k.id"
)


def parse_expiry(value: str) -> datetime | timedelta:
    """Return an expiry: a duration in days, hours or minutes (90d), or an ISO 8601 date or time.

    A date or time without a UTC offset is in UTC.

    Raises:
        StartupError: the value is neither.
    """
    number, unit = value[:-1], value[-1:]
    try:
        if number.isdecimal() and unit in DURATION_UNITS:
            return min(timedelta(**{DURATION_UNITS[unit]: int(number)}), MAX_DURATION)
        expiry = datetime.fromisoformat(value)
        return expiry if expiry.tzinfo else expiry.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise startup_error.StartupError(
            f"{value!r} is not a valid expiry. Use a duration such as 90d, 12h or 30m, or a date such as 2030-12-31."
        ) from None


@asynccontextmanager
async def command_context(engine: AsyncEngine, account_id: UUID) -> AsyncIterator[CommandContext]:
    """Yield the context of a command in a transaction. It is committed unless the block raises."""
    async with get_session(engine, account_id) as session:
        yield CommandContext(session.execute_sql, account_id, ACTOR, "cli")
        await session.commit()


def raise_errors(validator: Validator) -> None:
    """Raise the errors of a validator.

    Raises:
        StartupError: there are errors. The message contains each field name with its error message.
    """
    if validator.errors:
        messages = [f"{'.'.join(error.path[:1])}: {error.message}" for error in validator.errors]
        raise startup_error.StartupError(" ".join(dict.fromkeys(messages)))


async def create_key(
    engine: AsyncEngine, slug: str, name: str, scopes: Sequence[str] = SCOPES,
    expires_at: datetime | timedelta | None = None,
) -> api_key.ApiKeySecret:  # fmt: skip
    """Create an API key for the account with this short name and return its secret, which is not stored.

    `expires_at` is a time, or a duration from the current time of the database.

    Raises:
        StartupError: a value is invalid, or the account does not exist.
    """
    if isinstance(expires_at, timedelta):
        async with engine.connect() as connection:
            now: datetime = (await connection.execute(text("SELECT now()"))).scalar_one()
        expires_at += now
    validator, secret = Validator(), api_key.generate()
    new_key = api_keys.validate(validator, {"name": name, "scopes": list(scopes), "expiresAt": expires_at}, SCOPES)
    raise_errors(validator)
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT id FROM account WHERE slug = :slug"), {"slug": slug})
        account_id = rows.scalar_one_or_none()
    if account_id is None:
        raise startup_error.StartupError(
            f"There is no account {slug!r}. Create it with `graphql-app account create {slug}`."
        )
    async with command_context(engine, account_id) as context:
        await api_keys.create(context, new_key, secret, validator)
        raise_errors(validator)
    return secret


async def list_keys(engine: AsyncEngine) -> Sequence[Row[Any]]:
    """Return the API keys of all accounts, with the state `valid`, `expired` or `revoked`, oldest first."""
    async with engine.connect() as connection:
        return (await connection.execute(LIST_KEYS)).all()


async def revoke_key(engine: AsyncEngine, prefix: str) -> str:
    """Revoke an API key and return its name. `prefix` is the prefix of its secret, or the whole secret.

    Raises:
        StartupError: there is no such key.
    """
    async with engine.connect() as connection:
        sql = text("SELECT account_id, id, name FROM api_key WHERE prefix = :prefix")
        key = (await connection.execute(sql, {"prefix": prefix[: api_key.PREFIX_LENGTH]})).one_or_none()
    if key is None:
        raise startup_error.StartupError(
            f"There is no API key {prefix[: api_key.PREFIX_LENGTH]!r}. List all keys with `graphql-app key list`."
        )
    async with command_context(engine, key.account_id) as context:
        await api_keys.revoke(context, key.id, Validator())
    return str(key.name)


async def create_account(engine: AsyncEngine, slug: str, name: str) -> None:
    """Create an account, and the sequence of its shipment numbers with the rights of requests on it.

    Raises:
        StartupError: the name or the short name is invalid, or the short name is in use.
    """
    validator = Validator()
    validator.text({"name": name}, "name", MAX_ACCOUNT_NAME_CHARACTERS, required=True)
    raise_errors(validator)
    if not SLUG_PATTERN.fullmatch(slug):
        raise startup_error.StartupError(
            f"{slug!r} is not a valid account name. Use up to 63 lower-case letters, digits and hyphens; the first "
            "must not be a hyphen."
        )
    try:
        async with engine.begin() as connection:
            sql = text("INSERT INTO account (slug, name) VALUES (:slug, :name)")
            await connection.execute(sql, {"slug": slug, "name": name})
            await connection.exec_driver_sql(row_security.PRIVILEGES_SQL)
    except IntegrityError as error:
        if constraint(error) == "uq_account_slug":
            raise startup_error.StartupError(
                f"The account {slug!r} already exists. Choose another short name."
            ) from None
        raise


async def list_accounts(engine: AsyncEngine) -> Sequence[Row[Any]]:
    """Return slug, name and creation time of all accounts, oldest first."""
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT slug, name, created_at FROM account ORDER BY id"))).all()
