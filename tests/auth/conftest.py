"""API keys for tests, and the authenticator of the app under test."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.auth.authenticator import ApiKeyAuthenticator
from graphql_app.cli import account_admin


@pytest.fixture
async def key(owner: AsyncEngine) -> str:
    """The secret of an API key of the default account with all scopes."""
    return (await account_admin.create_key(owner, "default", "tests")).text


@pytest.fixture
async def other_key(owner: AsyncEngine) -> str:
    """The secret of an API key of another account with all scopes."""
    await account_admin.create_account(owner, "other", "Other")
    return (await account_admin.create_key(owner, "other", "tests")).text


@pytest.fixture
def authenticator(app: Starlette) -> ApiKeyAuthenticator:
    """The authenticator of the app."""
    authenticator: ApiKeyAuthenticator = app.state.subscription_broker.authenticator
    return authenticator


@pytest.fixture
async def key_statements(authenticator: ApiKeyAuthenticator) -> AsyncIterator[list[str]]:
    """Every statement that the authenticator sends."""
    sent: list[str] = []

    def before_execute(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(authenticator.engine.sync_engine, "before_cursor_execute", before_execute)
    yield sent
    event.remove(authenticator.engine.sync_engine, "before_cursor_execute", before_execute)
