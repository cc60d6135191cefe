"""examples/retrying_client.py: whatever happens to a request or its response, the operation is executed exactly
once.
"""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import import_scms
import pytest
from retrying_client import Client, RequestRejected, RetriesExhausted, retry_after
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from graphql_app.settings import Settings
from tests.support.graphql_client import Execute
from tests.support.live_server import run_server

CREATE = """
mutation($input: ShipmentCreateInput!) {
  shipmentCreate(input: $input) { shipment { id number } errors { code } meta { replayed } }
}"""
SHIPMENT = {"input": {"shipper": {"name": "A", "country": "DE"}}}
COUNT = "{ shipments { totalCount { count } } }"
UNAVAILABLE = {"errors": [{"message": "Try again.", "extensions": {"code": "UNAVAILABLE"}}]}


class UnreliableNetwork:
    """The app behind an unreliable network: one fault per request, then none."""

    def __init__(self, app: Starlette, faults: Iterable[str] = ()) -> None:
        self.app, self.faults = app, iter(faults)
        self.keys: list[str | None] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self.keys.append(headers.get(b"idempotency-key", b"").decode() or None)
        fault, status, after = next(self.faults, "").partition(" "), 200, "0"
        if not fault[0]:
            await self.app(scope, receive, send)
        elif fault[0] == "lost":
            await self.app(scope, receive, drop)
            await JSONResponse({}, 502)(scope, receive, send)
        elif fault[0] == "cut":
            await self.app(scope, receive, drop)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b'{"data": {', "more_body": True})
        elif fault[0] == "unavailable":
            await JSONResponse(UNAVAILABLE, status)(scope, receive, send)
        else:
            status, after = int(fault[0]), fault[2] or after
            await JSONResponse({}, status, {"Retry-After": after})(scope, receive, send)


async def drop(_: Message) -> None:
    """Drop a message, so that the response is lost."""


@asynccontextmanager
async def unreliable_client(
    app: Starlette, settings: Settings, *faults: str, **options: Any
) -> AsyncIterator[tuple[Client, UnreliableNetwork]]:
    """A client of the app over an unreliable network."""
    network = UnreliableNetwork(app, faults)
    async with run_server(network, settings) as port, Client(f"http://127.0.0.1:{port}/graphql", **options) as client:
        yield client, network


@pytest.mark.parametrize("fault", ["lost", "cut"])
async def test_a_lost_response_is_fetched_again_and_the_operation_runs_once(
    app: Starlette, settings: Settings, execute: Execute, fault: str
) -> None:
    async with unreliable_client(app, settings, fault, fault) as (client, network):
        payload = (await client.mutate(CREATE, SHIPMENT))["shipmentCreate"]
    assert payload["errors"] == []
    assert payload["meta"] == {"replayed": True}
    assert (await execute(COUNT))["data"]["shipments"]["totalCount"]["count"] == 1
    assert len(network.keys) == 3
    assert len(set(network.keys)) == 1


@pytest.mark.parametrize("fault", ["429", "502", "503", "504", "unavailable"])
async def test_temporary_errors_are_retried(app: Starlette, settings: Settings, fault: str) -> None:
    async with unreliable_client(app, settings, fault, fault) as (client, network):
        assert await client.query(COUNT) == {"shipments": {"totalCount": {"count": 0}}}
        assert client.retries == 2
    assert network.keys == [None] * 3


async def test_each_operation_has_its_own_key_or_the_given_one(app: Starlette, settings: Settings) -> None:
    async with unreliable_client(app, settings) as (client, network):
        first = await client.mutate(CREATE, SHIPMENT)
        second = await client.mutate(CREATE, SHIPMENT)
        with_key = [await client.mutate(CREATE, SHIPMENT, key="order-7") for _ in range(2)]
    assert first["shipmentCreate"]["shipment"] != second["shipmentCreate"]["shipment"]
    assert with_key[0]["shipmentCreate"]["shipment"] == with_key[1]["shipmentCreate"]["shipment"]
    assert network.keys[2:] == ["order-7", "order-7"]


async def test_the_client_waits_as_long_as_retry_after_says(app: Starlette, settings: Settings) -> None:
    async with unreliable_client(app, settings, "503 1") as (client, _):
        began = time.monotonic()
        await client.query(COUNT)
        assert time.monotonic() - began >= 1


def test_retry_after_may_be_a_date() -> None:
    def parsed(value: str) -> float:
        return retry_after(httpx.Response(503, headers={"Retry-After": value}))

    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert 28 < parsed(format_datetime(soon, usegmt=True)) <= 30
    assert parsed(format_datetime(soon - timedelta(hours=1), usegmt=True)) == 0
    assert parsed("7") == 7
    assert parsed("presently") == 0


@pytest.mark.parametrize("document", ["{", "{ unknown }", "{ shipments(first: -1) { nodes { id } } }"])
async def test_permanent_errors_are_not_retried(app: Starlette, settings: Settings, document: str) -> None:
    async with unreliable_client(app, settings) as (client, network):
        with pytest.raises(RequestRejected) as error:
            await client.query(document)
    assert error.value.errors[0]["message"] in str(error.value)
    assert len(network.keys) == 1


async def test_a_response_that_is_not_graphql_is_rejected(app: Starlette, settings: Settings) -> None:
    async with unreliable_client(app, settings, "404") as (client, _):
        client.url = client.url.replace("/graphql", "/elsewhere")
        with pytest.raises(RequestRejected):
            await client.query(COUNT)


async def test_errors_of_a_payload_are_returned_as_data(app: Starlette, settings: Settings) -> None:
    async with unreliable_client(app, settings) as (client, network):
        invalid = {"input": {"shipper": {"name": "A", "country": "QQ"}}}
        payload = (await client.mutate(CREATE, invalid))["shipmentCreate"]
    assert [error["code"] for error in payload["errors"]] == ["INVALID"]
    assert len(network.keys) == 1


async def test_the_client_gives_up_after_max_seconds() -> None:
    async with Client("http://127.0.0.1:9/graphql", max_seconds=0.4) as client:
        began = time.monotonic()
        with pytest.raises(RetriesExhausted, match=r"within 0 s\. Last error: ConnectError"):
            await client.query(COUNT)
        assert time.monotonic() - began < 5
    assert client.retries >= 1


async def test_an_import_over_an_unreliable_network_gives_the_same_result(
    app: Starlette, settings: Settings, execute: Execute
) -> None:
    small = (Path(__file__).parents[1] / "data" / "scms_small.csv").read_bytes()
    async with unreliable_client(app, settings, "lost", "503", "cut", "429", "lost", "unavailable", "cut") as (
        client,
        _,
    ):
        report = await import_scms.load(client, small)
    assert (report.created, report.existing, report.recorded, report.duplicates) == (7, 0, 11, 0)
    assert report.retries == 7
    assert (await execute(COUNT))["data"]["shipments"]["totalCount"]["count"] == 7
