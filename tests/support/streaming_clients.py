"""Clients of subscriptions on a real server, over WebSocket and server-sent events, and a client for mutations."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
import websockets

SHIPMENT_CHANGED = (
    "subscription($where: ShipmentWhere, $after: String) { shipmentChanged(where: $where, after: $after) { %s } }"
)
CHANGE_FIELDS = "cursor shipmentSeq op shipment { number }"
CREATE = """mutation($reference: String, $tags: [String!]) { shipmentCreate(input: {
    externalReference: $reference, tags: $tags, confirm: true,
    shipper: {name: "A", country: "DE"}, recipient: {name: "B", country: "FR"}, packages: [{trackingNumber: "1"}]
}) { shipment { id number } errors { message } } }"""
RECORD = """mutation($id: ID!, $at: DateTime!, $code: TrackingEventCode!) { trackingEventsRecord(inputs: [{
    target: {shipment: {id: $id}}, occurred: {instant: $at}, code: $code
}]) { succeeded results { event { id } errors { message } } } }"""


def authorization(key: str | None) -> dict[str, str]:
    """The `Authorization` header for a key; no header without a key."""
    return {"authorization": f"Bearer {key}"} if key else {}


class WebSocketClient:
    """A client of graphql-transport-ws, frame by frame."""

    def __init__(self, port: int, **options: Any) -> None:
        self.connecting = websockets.connect(
            f"ws://127.0.0.1:{port}/graphql",
            **{"subprotocols": ["graphql-transport-ws"], "compression": None, "max_size": None, **options},
        )

    async def __aenter__(self) -> Self:
        self.connection = await self.connecting
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()

    async def send(self, **message: Any) -> None:
        """Send one message as JSON."""
        await self.connection.send(json.dumps(message))

    async def receive(self, within: float = 5) -> dict[str, Any]:
        """The next message. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def connection_init(self, **payload: Any) -> Self:
        """Send connection_init and wait for connection_ack."""
        await self.send(type="connection_init", payload=payload)
        assert (await self.receive())["type"] == "connection_ack"
        return self

    async def subscribe(self, query: str, variables: dict[str, Any] | None = None, name: str = "1") -> None:
        """Send a subscribe message with the operation id `name`."""
        await self.send(id=name, type="subscribe", payload={"query": query, "variables": variables})

    async def changes(self, number: int, field: str = "shipmentChanged", within: float = 5) -> list[dict[str, Any]]:
        """The data of a subscription's next `number` messages."""
        results = []
        for _ in range(number):
            message = await self.receive(within)
            assert message["type"] == "next", message
            results.append(message["payload"]["data"][field])
        return results

    async def closed(self, within: float = 8) -> int | None:
        """Wait until the server closes the connection; its close code."""
        async with asyncio.timeout(within):
            try:
                while True:
                    await self.connection.recv()
            except websockets.ConnectionClosed as error:
                return error.rcvd.code if error.rcvd else None


@asynccontextmanager
async def sse_events(
    port: int, query: str, variables: dict[str, Any] | None = None, *, last: str | None = None, key: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """Server-sent events, each as a dict of its fields. `last` is sent as `Last-Event-ID`."""
    headers = {"accept": "text/event-stream"} | ({"last-event-id": last} if last else {}) | authorization(key)
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
        client.stream("POST", "/graphql", json=body, headers=headers) as response,
    ):
        if response.headers["content-type"] != "text/event-stream; charset=utf-8":
            raise AssertionError((response.status_code, await response.aread()))
        yield read_events(response)


async def read_events(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The events of an SSE response, each as a dict of its fields."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        else:
            yield fields
            fields = {}


class ApiClient:
    """A client for queries and mutations."""

    def __init__(self, port: int, key: str | None = None) -> None:
        base = f"http://127.0.0.1:{port}"
        self.client = httpx.AsyncClient(base_url=base, timeout=10, headers=authorization(key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def execute(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of a query or mutation; fails on errors."""
        response = await self.client.post("/graphql", json={"query": query, "variables": variables})
        result = response.json()
        assert "errors" not in result, result
        data: dict[str, Any] = result["data"]
        return data

    async def create(self, reference: str | None = None, tags: list[str] | None = None) -> str:
        """Create a shipment; its id."""
        payload = (await self.execute(CREATE, {"reference": reference, "tags": tags or []}))["shipmentCreate"]
        assert not payload["errors"], payload
        shipment_id: str = payload["shipment"]["id"]
        return shipment_id

    async def record(self, shipment: str, code: str, at: str = "2026-01-02T03:04:05Z") -> None:
        """Record one tracking event."""
        payload = (await self.execute(RECORD, {"id": shipment, "at": at, "code": code}))["trackingEventsRecord"]
        assert payload["succeeded"] == 1, payload

    async def log(self, after: str | None = None) -> list[dict[str, Any]]:
        """All entries of the change log after a cursor."""
        query = "query($after: String) { changes(first: 250, after: $after) { nodes { cursor op shipmentSeq } } }"
        changes: list[dict[str, Any]] = []
        while True:
            page = (await self.execute(query, {"after": after}))["changes"]["nodes"]
            if not page:
                return changes
            changes += page
            after = page[-1]["cursor"]
