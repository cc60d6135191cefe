"""A client of the API to copy: it tries again, and nothing is ever done twice. Needs httpx and nothing else.

What makes that safe is the idempotency key. It stands for one intent ("make this shipment"), is made before the first
try and is the same in every further one, so that it does not matter whether a lost answer had been carried out. A
script that may itself be killed writes the key down first, or names things by an `externalReference`.

Tried again, after a pause that grows and is shuffled, so that a thousand clients do not come back at once: broken
connections, no answer in time, HTTP 429, 502, 503 and 504, and errors with the codes UNAVAILABLE, TIMEOUT and CONFLICT.
`Retry-After` is obeyed. Not tried again: what would be refused again, such as a syntax error or a limit (`Refused`).
What a mutation says in its payload's `errors` is data, and for the caller to read.

    async with Client("http://127.0.0.1:8000/graphql") as client:
        answer = await client.do(CREATE, {"input": {…}})
"""

import asyncio
import random
import time
import uuid
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

RETRIED = {429, 502, 503, 504}
PASSING = {"UNAVAILABLE", "TIMEOUT", "CONFLICT"}
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
Json = dict[str, Any]


class Refused(Exception):
    """The API will not answer this, however often it is asked. `errors` are GraphQL's, with `extensions.code`."""

    def __init__(self, errors: list[Json]) -> None:
        self.errors = errors
        super().__init__("; ".join(str(error.get("message")) for error in errors))


class GaveUp(Exception):
    """There was no answer within the client's patience. Whether it was carried out is not known: ask with the key."""


class Client:
    """One connection pool, used by as many tasks as you like. `patience`: seconds until `GaveUp`."""

    def __init__(
        self, url: str, *, key: str | None = None, patience: float = 60.0, http: httpx.AsyncClient | None = None
    ) -> None:
        self.url, self.patience, self.retries = url, patience, 0
        self.headers = {"Accept": "application/graphql-response+json, application/json;q=0.9"}
        if key is not None:
            self.headers["Authorization"] = f"Bearer {key}"
        self.http = http or httpx.AsyncClient(timeout=httpx.Timeout(15.0, connect=5.0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def ask(self, query: str, variables: Json | None = None) -> Json:
        """The data of a query."""
        return await self.send({"query": query, "variables": variables or {}}, {})

    async def do(self, mutation: str, variables: Json | None = None, *, intent: str | None = None) -> Json:
        """The data of an operation with one mutation field. `intent`: its key, where you keep it yourself."""
        key = {"Idempotency-Key": intent or str(uuid.uuid4())}
        return await self.send({"query": mutation, "variables": variables or {}}, key)

    async def send(self, body: Json, headers: dict[str, str]) -> Json:
        """One request, as often as it takes."""
        give_up, tries = time.monotonic() + self.patience, 0
        while True:
            wait = 0.0
            try:
                response = await self.http.post(self.url, json=body, headers={**self.headers, **headers})
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            else:
                if response.status_code not in RETRIED:
                    data, errors = read(response)
                    if not errors:
                        return data
                    if not all(code(error) in PASSING for error in errors):
                        raise Refused(errors)
                trouble, wait = f"HTTP {response.status_code}", retry_after(response)
            pause = max(wait, random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)))
            if time.monotonic() + pause > give_up:
                raise GaveUp(f"{self.url} did not answer for {self.patience:.0f} s; the last trouble was {trouble}")
            tries, self.retries = tries + 1, self.retries + 1
            await asyncio.sleep(pause)


def read(response: httpx.Response) -> tuple[Json, list[Json]]:
    """Data and errors of an answer. One that is not GraphQL's is an error too."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, dict) and answer.keys() & {"data", "errors"}:
        return answer.get("data") or {}, answer.get("errors") or []
    text = f"HTTP {response.status_code}: {response.text[:200]!r} is no answer of a GraphQL API"
    return {}, [{"message": text}]


def code(error: Json) -> str | None:
    """The code of a GraphQL error."""
    return (error.get("extensions") or {}).get("code")


def retry_after(response: httpx.Response) -> float:
    """Seconds that the server asks to wait: it may write a number or a date."""
    value = response.headers.get("retry-after", "0")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
