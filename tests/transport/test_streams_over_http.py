"""Queries, mutations and subscriptions as server-sent events, Apollo's multipart protocol, and `Cache-Control`."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from graphql_app.settings import Settings
from graphql_app.subscriptions import fan_out
from graphql_app.transport import http_request, sse
from tests.support.live_server import client_with_settings, run_server
from tests.support.streaming_clients import CREATE, ApiClient

EVENTS = {"accept": "text/event-stream"}
MULTIPART = {"accept": 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0", application/json'}
SUBSCRIPTION = "subscription($after: String) { shipmentChanged(after: $after) { cursor op } }"
PART_HEAD = b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n"


@pytest.fixture
async def port(app: Starlette, settings: Settings) -> AsyncIterator[int]:
    async with run_server(app, settings) as port:
        yield port


def only_event(response: httpx.Response) -> dict[str, Any]:
    """The result in a stream of one event."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    head, end = response.text.split("\n\n", 1)
    assert head.startswith("event: next\ndata: ")
    assert end == "event: complete\ndata:\n\n"
    result: dict[str, Any] = json.loads(head.partition("data: ")[2])
    return result


async def test_queries_and_mutations_are_answered_as_one_event(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ viewer { account } }"}, headers=EVENTS)
    assert only_event(response) == {"data": {"viewer": {"account": "default"}}}
    by_get = await client.get("/graphql", params={"query": "{ viewer { account } }"}, headers=EVENTS)
    assert only_event(by_get) == {"data": {"viewer": {"account": "default"}}}
    body = {"query": CREATE, "variables": {"reference": "by-event", "tags": []}}
    keyed = EVENTS | {"idempotency-key": "by-event"}
    first, second = [only_event(await client.post("/graphql", json=body, headers=keyed)) for _ in range(2)]
    assert first["data"]["shipmentCreate"]["errors"] == []
    assert first == second
    failed = await client.post("/graphql", json={"query": "{ shipments(first: -1) { nodes { id } } }"}, headers=EVENTS)
    assert only_event(failed)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_client_that_also_accepts_json_gets_json(client: httpx.AsyncClient) -> None:
    accept = {"accept": "text/event-stream, application/json"}
    response = await client.post("/graphql", json={"query": "{ viewer { account } }"}, headers=accept)
    assert response.json() == {"data": {"viewer": {"account": "default"}}}


async def test_a_mutation_by_get_is_rejected_for_events_too(client: httpx.AsyncClient) -> None:
    response = await client.get(
        "/graphql", params={"query": "mutation { shipmentArchive(by: {id: 1}) { errors { code } } }"}, headers=EVENTS
    )
    assert response.status_code == 405


@pytest.mark.parametrize(
    ("accept", "multipart"),
    [
        (MULTIPART["accept"], True),
        ("multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json", True),
        ("application/json, Multipart/Mixed; subscriptionSpec=1.0", True),
        ("multipart/mixed", False),
        ("multipart/mixed;subscriptionSpec=2.0", False),
        ("multipart/mixed;subscriptionSpec=1.0;q=0", False),
        ("multipart/mixed;deferSpec=20220824", False),
    ],
)
def test_the_multipart_protocol_is_recognized_by_its_parameter(accept: str, multipart: bool) -> None:
    assert http_request.parse_accept(accept.encode()).multipart is multipart


async def read_until(chunks: AsyncIterator[bytes], end: bytes) -> bytes:
    """The bytes of a stream up to those that end with `end`."""
    received = b""
    async with asyncio.timeout(10):
        while not received.endswith(end):
            received += await anext(chunks)
    return received


async def test_a_subscription_is_sent_as_parts(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "PING_SECONDS", 0.3)
    async with ApiClient(port) as api:
        await api.create()
        (first,) = await api.log()
        body = {"query": SUBSCRIPTION, "variables": {"after": ""}}
        async with api.client.stream("POST", "/graphql", json=body, headers=MULTIPART) as response:
            assert response.headers["content-type"] == 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
            assert response.headers["cache-control"] == "no-store"
            chunks = response.aiter_raw()
            payload = {"payload": {"data": {"shipmentChanged": {"cursor": first["cursor"], "op": first["op"]}}}}
            expected = b"\r\n--graphql" + PART_HEAD + b"{}\r\n--graphql"
            expected += PART_HEAD + json.dumps(payload, separators=(",", ":")).encode() + b"\r\n--graphql"
            assert await read_until(chunks, expected) == expected
            heartbeat = PART_HEAD + b"{}\r\n--graphql"
            assert await read_until(chunks, heartbeat) == heartbeat


async def test_an_error_ends_a_multipart_stream_with_the_last_boundary(
    port: int, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ApiClient(port) as api:
        request = {"query": SUBSCRIPTION, "variables": {"after": ""}}
        monkeypatch.setattr(fan_out, "MAX_QUEUED_MESSAGES", -1)
        async with api.client.stream("POST", "/graphql", json=request, headers=MULTIPART) as response:
            chunks = response.aiter_raw()
            await read_until(chunks, b"{}\r\n--graphql")
            await api.create()
            last = await read_until(chunks, b"--graphql--\r\n")
    error = json.loads(last.removeprefix(PART_HEAD).partition(b"\r\n")[0])
    assert error["payload"] is None
    assert error["errors"][0]["extensions"]["code"] == "SLOW_CONSUMER"
    rejected = await api_post(port, {"query": "subscription { nothing }"})
    assert rejected.headers["content-type"].startswith("application/json")
    assert rejected.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def api_post(port: int, body: dict[str, Any]) -> httpx.Response:
    """A POST of a client of the multipart protocol."""
    async with ApiClient(port) as api:
        return await api.client.post("/graphql", json=body, headers=MULTIPART)


async def test_responses_to_post_are_not_stored_by_caches(
    engine: AsyncEngine, settings: Settings, client: httpx.AsyncClient
) -> None:
    for body in ({"query": "{ viewer { account } }"}, {"query": "{ nothing }"}, {"query": "{"}, {}):
        assert (await client.post("/graphql", json=body)).headers.get_list("cache-control") == ["no-store"]
        by_get = await client.get("/graphql", params=body)
        assert by_get.headers.get_list("cache-control") == ["no-store"]
    async with client_with_settings(engine, settings, introspection=False) as other:
        response = await other.get("/graphql", params={"query": "{ viewer { account } }"}, headers=EVENTS)
        assert response.headers.get_list("cache-control") == ["no-store"]


async def test_a_subscription_whose_messages_cost_too_much_is_rejected(client: httpx.AsyncClient) -> None:
    nested = "events(first: 250) { nodes { shipment { events(first: 250) { nodes { id } } } } }"
    query = f"subscription {{ shipmentChanged {{ shipment {{ {nested} }} }} }}"
    response = await client.post("/graphql", json={"query": query}, headers=EVENTS)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "the limit is 20000" in error["message"]


async def test_a_query_that_is_rejected_for_its_cost_is_not_charged(engine: AsyncEngine, settings: Settings) -> None:
    query = "{ shipments(first: 250) { nodes { id events(first: 250) { nodes { id } } } } }"
    async with client_with_settings(engine, settings, rate_limit=1.0, rate_limit_burst=100.0) as client:
        for _ in range(2):
            response = await client.post("/graphql", json={"query": query, "extensions": {"cost": True}})
            assert response.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
        cost = response.json()["extensions"]["cost"]
    assert cost["requested"] > 62_000
    assert cost["available"] >= 97
