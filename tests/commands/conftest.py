"""Fixtures of the tests of commands."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.error_messages import assert_no_internals
from tests.support.graphql_client import Execute
from tests.support.mutation_client import Json, database_snapshot


@pytest.fixture
async def assert_rejected(execute: Execute, owner: AsyncEngine) -> Any:
    """Assert that an operation returns a top-level error and writes nothing; returns the response."""

    async def run_and_check(query: str, variables: Json) -> Json:
        before = await database_snapshot(owner)
        response = await execute(query, variables)
        assert response["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"), response
        assert_no_internals(response)
        assert await database_snapshot(owner) == before
        return response

    return run_and_check
