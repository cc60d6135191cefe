"""The check that a cursor of the change log is rejected wherever a client can send one."""

import httpx

from tests.support.streaming_clients import SHIPMENT_CHANGED, WebSocketClient, authorization

CODE = "CURSOR_EXPIRED"
QUERIES = (
    "query($cursor: String) { changes(first: 5, after: $cursor) { nodes { op } } }",
    "query($cursor: String) { changes(first: null, last: 5, before: $cursor) { nodes { op } } }",
    "query($cursor: String) { changes(after: $cursor) { totalCount { count } } }",
    """query($cursor: String) { shipments(first: 1, where: {archived: null}) {
        nodes { history(first: 5, after: $cursor) { nodes { op } } } } }""",
)
SUBSCRIPTIONS = (
    SHIPMENT_CHANGED % "cursor",
    "subscription($after: String) { trackingEventRecorded(after: $after) { cursor } }",
)


async def assert_expired(port: int, cursor: str, key: str | None = None) -> None:
    """Assert that queries, both subscriptions over both transports, and `Last-Event-ID` reject the cursor.

    The account needs at least one shipment.
    """
    base, headers = f"http://127.0.0.1:{port}", authorization(key)
    async with httpx.AsyncClient(base_url=base, timeout=10, headers=headers) as client:
        for query in QUERIES:
            response = (await client.post("/graphql", json={"query": query, "variables": {"cursor": cursor}})).json()
            assert response["errors"][0]["extensions"]["code"] == CODE, (query, response)
        for query in SUBSCRIPTIONS:
            for variables, last in (({"after": cursor}, {}), ({"after": ""}, {"last-event-id": cursor})):
                stream = await client.post(
                    "/graphql",
                    json={"query": query, "variables": variables},
                    headers={"accept": "text/event-stream", **last},
                )
                assert CODE in stream.text, stream.text
    async with WebSocketClient(port) as socket:
        await socket.connection_init(**({"Authorization": f"Bearer {key}"} if key else {}))
        for query in SUBSCRIPTIONS:
            await socket.subscribe(query, {"after": cursor})
            message = await socket.receive()
            assert message["type"] == "error", message
            assert message["payload"][0]["extensions"]["code"] == CODE, message
