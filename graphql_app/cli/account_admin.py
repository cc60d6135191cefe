"""Accounts and API keys as whoever runs the process makes them, on a database in the role that owns it.

The same acts as those of the API, with the same checks and rows of the change log. What is wrong is a sentence.
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
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
KEYS = text(
    "SELECT k.id, a.slug AS account, k.name, k.prefix, k.scopes, k.created_at, k.last_used_at, k.expires_at, "
    "CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired' ELSE 'valid' END "
    "AS state FROM api_key k JOIN account a ON a.id = k.account_id ORDER BY k.id"
)


def moment(given: str) -> datetime:
    """An expiry: so many days, hours or minutes from now (90d), or a date or time (UTC where it names no zone)."""
    number, unit = given[:-1], given[-1:]
    try:
        if number.isdecimal() and unit in UNITS:
            return datetime.now(UTC) + timedelta(**{UNITS[unit]: int(number)})
        found = datetime.fromisoformat(given)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise startup_error.StartupError(
            f"{given!r} is no expiry: write 90d, 12h, or a date such as 2030-12-31."
        ) from None


@asynccontextmanager
async def acting(engine: AsyncEngine, account_id: UUID) -> AsyncIterator[CommandContext]:
    """An act in a transaction that is committed when this block ends well."""
    async with get_session(engine, account_id) as session:
        yield CommandContext(session.execute_sql, account_id, ACTOR, "cli")
        await session.commit()


def refuse(check: Validator) -> None:
    """StartError where the check found something."""
    if check.errors:
        found = [f"{'.'.join(problem.path[:1])}: {problem.message}" for problem in check.errors]
        raise startup_error.StartupError(" ".join(dict.fromkeys(found)))


async def create_key(
    engine: AsyncEngine, slug: str, name: str, scopes: Sequence[str] = SCOPES, expires_at: datetime | None = None
) -> api_key.ApiKeySecret:
    """A new key of an account."""
    check, secret = Validator(), api_key.generate()
    given = {"name": name, "scopes": list(scopes), "expiresAt": expires_at}
    new = api_keys.validate(check, given, SCOPES)
    refuse(check)
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT id FROM account WHERE slug = :slug"), {"slug": slug})
        account = found.scalar_one_or_none()
    if account is None:
        raise startup_error.StartupError(f"There is no account {slug!r}: `graphql-app account create {slug}` makes it.")
    async with acting(engine, account) as act:
        await api_keys.create(act, new, secret, check)
    return secret


async def list_keys(engine: AsyncEngine) -> Sequence[Row[Any]]:
    """All keys of all accounts."""
    async with engine.connect() as connection:
        return (await connection.execute(KEYS)).all()


async def revoke_key(engine: AsyncEngine, prefix: str) -> str:
    """Revoke the key with this prefix; its name."""
    async with engine.connect() as connection:
        sql = text("SELECT account_id, id, name FROM api_key WHERE prefix = :prefix")
        key = (await connection.execute(sql, {"prefix": prefix[: api_key.PREFIX]})).one_or_none()
    if key is None:
        raise startup_error.StartupError(
            f"There is no API key {prefix[: api_key.PREFIX]!r}: `graphql-app key list` shows all."
        )
    async with acting(engine, key.account_id) as act:
        await api_keys.revoke(act, key.id, Validator())
    return str(key.name)


async def create_account(engine: AsyncEngine, slug: str, name: str) -> None:
    """A new account, with the sequence of its shipment numbers, which requests may use."""
    check = Validator()
    check.text({"name": name}, "name", 200, required=True)
    refuse(check)
    if not SLUG.fullmatch(slug):
        raise startup_error.StartupError(f"{slug!r} is no short name: write a-z, 0-9 and -, at most 63.")
    try:
        async with engine.begin() as connection:
            sql = text("INSERT INTO account (slug, name) VALUES (:slug, :name)")
            await connection.execute(sql, {"slug": slug, "name": name})
            await connection.exec_driver_sql(row_security.SETTLE)
    except IntegrityError as error:
        if constraint(error) == "uq_account_slug":
            raise startup_error.StartupError(f"There is an account {slug!r} already.") from None
        raise


async def list_accounts(engine: AsyncEngine) -> Sequence[Row[Any]]:
    """All accounts."""
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT slug, name, created_at FROM account ORDER BY id"))).all()
