"""The type of the fixture `execute`, which posts a GraphQL document and returns the response."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Execute = Callable[..., Awaitable[dict[str, Any]]]
"""`execute(query, variables, status=200, headers=None)` returns the parsed JSON of the response."""


def executor(client: httpx.AsyncClient) -> Execute:
    """A function that posts a GraphQL document to /graphql, asserts the HTTP status and returns the parsed response."""

    async def execute(
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert response.status_code == status, response.text
        result: dict[str, Any] = response.json()
        return result

    return execute
