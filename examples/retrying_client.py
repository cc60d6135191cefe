"""A client of the API to copy: it retries failed requests, and no operation is executed twice. Needs httpx only.

The idempotency key makes that safe. It stands for one logical operation ("create this shipment"), is generated before
the first attempt and is the same in every retry, so it does not matter whether the server executed the operation before
the response was lost. A script that may itself be stopped saves the key first, or names shipments by an
`externalReference`.

The client retries connection errors, timeouts, HTTP 429, 502, 503 and 504, and errors with the codes UNAVAILABLE,
TIMEOUT and CONFLICT. It waits before each retry; the pause grows and is random, so that a thousand clients do not
return at the same moment. It respects `Retry-After`. It does not retry requests that would be rejected again, for
example for a syntax error or a limit (`RequestRejected`). The `errors` of a mutation payload are data for the caller.

    async with Client("http://127.0.0.1:8000/graphql") as client:
        data = await client.mutate(CREATE, {"input": {…}})
"""

import asyncio
import random
import time
import uuid
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

RETRIED_STATUSES = {429, 502, 503, 504}
"""HTTP statuses that are retried."""
RETRIED_CODES = {"UNAVAILABLE", "TIMEOUT", "CONFLICT"}
"""Codes of GraphQL errors that are retried."""
FIRST_PAUSE_SECONDS = 0.1
"""Upper limit of the random pause before the first retry; it doubles with each attempt."""
MAX_PAUSE_SECONDS = 5.0
"""Upper limit of the pause, unless `Retry-After` is longer."""
Json = dict[str, Any]


class RequestRejected(Exception):
    """The API rejected the request; a retry would be rejected too. `errors` are the GraphQL errors, with
    `extensions.code`.
    """

    def __init__(self, errors: list[Json]) -> None:
        self.errors = errors
        super().__init__("; ".join(str(error.get("message")) for error in errors))


class RetriesExhausted(Exception):
    """No response within the client's `max_seconds`. The operation may have been executed: retry with the same key."""


class Client:
    """A connection pool that many tasks can share. `max_seconds`: time after which a request raises
    `RetriesExhausted`.
    """

    def __init__(
        self, url: str, *, key: str | None = None, max_seconds: float = 60.0, http: httpx.AsyncClient | None = None
    ) -> None:
        self.url, self.max_seconds, self.retries = url, max_seconds, 0
        self.headers = {"Accept": "application/graphql-response+json, application/json;q=0.9"}
        if key is not None:
            self.headers["Authorization"] = f"Bearer {key}"
        self.http = http or httpx.AsyncClient(timeout=httpx.Timeout(15.0, connect=5.0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def query(self, query: str, variables: Json | None = None) -> Json:
        """The data of a query."""
        return await self.send({"query": query, "variables": variables or {}}, {})

    async def mutate(self, mutation: str, variables: Json | None = None, *, key: str | None = None) -> Json:
        """The data of an operation with one mutation field. `key`: its idempotency key, default a new UUID."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return await self.send({"query": mutation, "variables": variables or {}}, headers)

    async def send(self, body: Json, headers: dict[str, str]) -> Json:
        """Send a request and retry it until it succeeds.

        Raises:
            RequestRejected: The response has an error that a retry cannot fix.
            RetriesExhausted: No response within `max_seconds`.
        """
        deadline, attempts = time.monotonic() + self.max_seconds, 0
        while True:
            retry_after_seconds = 0.0
            try:
                response = await self.http.post(self.url, json=body, headers={**self.headers, **headers})
            except httpx.TransportError as error:
                failure = f"{type(error).__name__}: {error}"
            else:
                if response.status_code not in RETRIED_STATUSES:
                    data, errors = read(response)
                    if not errors:
                        return data
                    if not all(code(error) in RETRIED_CODES for error in errors):
                        raise RequestRejected(errors)
                failure, retry_after_seconds = f"HTTP {response.status_code}", retry_after(response)
            pause = max(
                retry_after_seconds, random.uniform(0, min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempts))
            )
            if time.monotonic() + pause > deadline:
                raise RetriesExhausted(
                    f"No response from {self.url} within {self.max_seconds:.0f} s. Last error: {failure}"
                )
            attempts, self.retries = attempts + 1, self.retries + 1
            await asyncio.sleep(pause)


def read(response: httpx.Response) -> tuple[Json, list[Json]]:
    """Data and errors of a response. A response that is not GraphQL JSON counts as an error."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict) and body.keys() & {"data", "errors"}:
        return body.get("data") or {}, body.get("errors") or []
    message = f"HTTP {response.status_code}: {response.text[:200]!r} is not a GraphQL response"
    return {}, [{"message": message}]


def code(error: Json) -> str | None:
    """The code of a GraphQL error."""
    return (error.get("extensions") or {}).get("code")


def retry_after(response: httpx.Response) -> float:
    """The `Retry-After` header in seconds; it holds a number or a date (RFC 9110, section 10.2.3). 0 if missing or
    invalid.
    """
    value = response.headers.get("retry-after", "0")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
