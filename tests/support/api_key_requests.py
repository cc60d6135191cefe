"""Requests with API keys: documents, headers, and the check that a key is rejected in time."""

import asyncio
import time

import httpx

VIEWER = "{ viewer { account apiKey scopes } }"
CREATE_KEY = """mutation($input: ApiKeyCreateInput!, $options: MutationOptions) {
  apiKeyCreate(input: $input, options: $options) {
    apiKey { id name prefix scopes createdAt lastUsedAt expiresAt revokedAt } secret
    errors { code message path } meta { replayed }
  }
}"""
REVOKE_KEY = """mutation($id: ID!) {
  apiKeyRevoke(id: $id) { apiKey { revokedAt } errors { code path } }
}"""
LIST_KEYS = "{ apiKeys { nodes { id name prefix } totalCount { count } } }"
CREATE_SHIPMENT = """mutation($input: ShipmentCreateInput!) {
  shipmentCreate(input: $input) { shipment { number } errors { message } meta { replayed } }
}"""
MAX_REVOCATION_SECONDS = 1.0
"""A revoked or expired key must be rejected within this time."""


def bearer(secret: str) -> dict[str, str]:
    """The headers of a request with an API key."""
    return {"authorization": f"Bearer {secret}"}


async def assert_rejected_within_a_second(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Send requests until one is rejected with 401. The headers were valid until just now."""
    started_at = sent_at = time.monotonic()
    while True:
        response = await client.post("/graphql", json={"query": VIEWER}, headers=headers)
        if response.status_code != 200:
            break
        assert sent_at - started_at < MAX_REVOCATION_SECONDS
        await asyncio.sleep(0.02)
        sent_at = time.monotonic()
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
