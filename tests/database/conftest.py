"""A database with two accounts."""

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support import seed_data

EXTRA_ROWS_SQL = (
    "INSERT INTO api_key (account_id, name, prefix, hash, scopes) "
    "VALUES ('{account}', 'k', '{slug}', sha256('{slug}'), '{{admin}}')",
    "INSERT INTO carrier_status (account_id, carrier_id, raw, code) "
    "SELECT account_id, id, 'X', 'INFO' FROM carrier WHERE account_id = '{account}'",
    "INSERT INTO idempotency_key (account_id, actor, operation, key, request_hash, state, expires_at) "
    "VALUES ('{account}', 'a', 'o', 'k', '', 'DONE', now() + interval '1 day')",
)
"""Rows of the tables that `seed_data` does not fill."""


@pytest.fixture
async def accounts(owner: AsyncEngine) -> dict[str, UUID]:
    """Two accounts, slug → ID, with at least one row in each table."""
    accounts = await seed_data.insert_seed_data(owner)
    async with owner.begin() as connection:
        for slug, account in accounts.items():
            for statement in EXTRA_ROWS_SQL:
                await connection.exec_driver_sql(statement.format(slug=slug, account=account))
    return accounts
