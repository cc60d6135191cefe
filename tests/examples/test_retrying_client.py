"""The client to copy: whatever happens to a request or its answer, it ends up done, and done once."""

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
from retrying_client import Client, GaveUp, Refused, retry_after
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from graphql_app.settings import Settings
from tests.support.graphql_client import Ask
from tests.support.live_server import serving

CREATE = """
mutation($input: ShipmentCreateInput!) {
  shipmentCreate(input: $input) { shipment { id number } errors { code } meta { replayed } }
}"""
SHIPMENT = {"input": {"shipper": {"name": "A", "country": "DE"}}}
COUNT = "{ shipments { totalCount { count } } }"
UNAVAILABLE = {"errors": [{"message": "Try again.", "extensions": {"code": "UNAVAILABLE"}}]}


class Weather:
    """The app behind a bad line: what happens to each request in turn; then the sky is clear."""

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
            await self.app(scope, receive, swallow)
            await JSONResponse({}, 502)(scope, receive, send)
        elif fault[0] == "cut":
            await self.app(scope, receive, swallow)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b'{"data": {', "more_body": True})
        elif fault[0] == "unavailable":
            await JSONResponse(UNAVAILABLE, status)(scope, receive, send)
        else:
            status, after = int(fault[0]), fault[2] or after
            await JSONResponse({}, status, {"Retry-After": after})(scope, receive, send)


async def swallow(_: Message) -> None:
    """An answer that nobody gets."""


@asynccontextmanager
async def behind(
    app: Starlette, settings: Settings, *faults: str, **more: Any
) -> AsyncIterator[tuple[Client, Weather]]:
    """A client of the app behind a bad line."""
    weather = Weather(app, faults)
    async with serving(weather, settings) as port, Client(f"http://127.0.0.1:{port}/graphql", **more) as client:
        yield client, weather


@pytest.mark.parametrize("fault", ["lost", "cut"])
async def test_an_answer_that_is_lost_is_fetched_again_and_nothing_is_done_twice(
    app: Starlette, settings: Settings, ask: Ask, fault: str
) -> None:
    async with behind(app, settings, fault, fault) as (client, weather):
        payload = (await client.do(CREATE, SHIPMENT))["shipmentCreate"]
    assert payload["errors"] == []
    assert payload["meta"] == {"replayed": True}
    assert (await ask(COUNT))["data"]["shipments"]["totalCount"]["count"] == 1
    assert len(weather.keys) == 3
    assert len(set(weather.keys)) == 1


@pytest.mark.parametrize("fault", ["429", "502", "503", "504", "unavailable"])
async def test_what_may_pass_is_tried_again(app: Starlette, settings: Settings, fault: str) -> None:
    async with behind(app, settings, fault, fault) as (client, weather):
        assert await client.ask(COUNT) == {"shipments": {"totalCount": {"count": 0}}}
        assert client.retries == 2
    assert weather.keys == [None] * 3


async def test_each_intent_has_a_key_of_its_own_or_the_one_it_is_given(app: Starlette, settings: Settings) -> None:
    async with behind(app, settings) as (client, weather):
        one = await client.do(CREATE, SHIPMENT)
        two = await client.do(CREATE, SHIPMENT)
        named = [await client.do(CREATE, SHIPMENT, intent="order-7") for _ in range(2)]
    assert one["shipmentCreate"]["shipment"] != two["shipmentCreate"]["shipment"]
    assert named[0]["shipmentCreate"]["shipment"] == named[1]["shipmentCreate"]["shipment"]
    assert weather.keys[2:] == ["order-7", "order-7"]


async def test_the_server_says_how_long_to_wait(app: Starlette, settings: Settings) -> None:
    async with behind(app, settings, "503 1") as (client, _):
        began = time.monotonic()
        await client.ask(COUNT)
        assert time.monotonic() - began >= 1


def test_it_may_say_so_by_a_date() -> None:
    def asked(value: str) -> float:
        return retry_after(httpx.Response(503, headers={"Retry-After": value}))

    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert 28 < asked(format_datetime(soon, usegmt=True)) <= 30
    assert asked(format_datetime(soon - timedelta(hours=1), usegmt=True)) == 0
    assert asked("7") == 7
    assert asked("presently") == 0


@pytest.mark.parametrize("document", ["{", "{ unknown }", "{ shipments(first: -1) { nodes { id } } }"])
async def test_what_would_be_refused_again_is_not_tried_again(
    app: Starlette, settings: Settings, document: str
) -> None:
    async with behind(app, settings) as (client, weather):
        with pytest.raises(Refused) as refused:
            await client.ask(document)
    assert refused.value.errors[0]["message"] in str(refused.value)
    assert len(weather.keys) == 1


async def test_an_answer_that_is_none_of_a_graphql_api_is_refused(app: Starlette, settings: Settings) -> None:
    async with behind(app, settings, "404") as (client, _):
        client.url = client.url.replace("/graphql", "/elsewhere")
        with pytest.raises(Refused):
            await client.ask(COUNT)


async def test_errors_of_a_payload_are_data(app: Starlette, settings: Settings) -> None:
    async with behind(app, settings) as (client, weather):
        wrong = {"input": {"shipper": {"name": "A", "country": "QQ"}}}
        payload = (await client.do(CREATE, wrong))["shipmentCreate"]
    assert [error["code"] for error in payload["errors"]] == ["INVALID"]
    assert len(weather.keys) == 1


async def test_patience_ends() -> None:
    async with Client("http://127.0.0.1:9/graphql", patience=0.4) as client:
        began = time.monotonic()
        with pytest.raises(GaveUp, match="did not answer for 0 s; the last trouble was ConnectError"):
            await client.ask(COUNT)
        assert time.monotonic() - began < 5
    assert client.retries >= 1


async def test_an_import_over_a_bad_line_comes_to_the_same(app: Starlette, settings: Settings, ask: Ask) -> None:
    small = (Path(__file__).parents[1] / "data" / "scms_small.csv").read_bytes()
    async with behind(app, settings, "lost", "503", "cut", "429", "lost", "unavailable", "cut") as (client, _):
        report = await import_scms.load(client, small)
    assert (report.created, report.there, report.recorded, report.repeated) == (7, 0, 11, 0)
    assert report.retries == 7
    assert (await ask(COUNT))["data"]["shipments"]["totalCount"]["count"] == 7
