"""Subscriptions as server-sent events, one stream for each (graphql-sse's distinct connections): for fetch, EventSource
and curl alike.

Each message is an event `next` whose id is the change's cursor, so a client that comes back with `Last-Event-ID` goes
on where it was; an id without an event moves that place on while nothing happens that concerns it. `complete` ends a
stream for good. A stream that just stops, because the process ends or the connection is lost, is one to come back to.
"""

import asyncio

from starlette.types import Receive, Send

from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.subscriptions.broker import SubscriptionBroker
from graphql_app.subscriptions.fan_out import ShuttingDown, Subscriber
from graphql_app.transport import http_response
from graphql_app.transport.http_call import HttpCall, client_address

HEADERS: http_response.Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
    http_response.NO_STORE,
    http_response.NOSNIFF,
]
PING_SECONDS = 15.0
"""Seconds of silence after which a comment shows that the stream lives."""
RECONNECT_MILLISECONDS = 1_000
"""Milliseconds after which a browser comes back to a stream that stopped."""


class SseHandler:
    """Answers subscriptions over HTTP."""

    def __init__(self, broker: SubscriptionBroker) -> None:
        self.broker = broker

    async def __call__(self, call: HttpCall, send: Send) -> str:
        """One stream, from its head to its end; the code of the error that ended it, or ok."""
        client = call.viewer.client(client_address(call.scope))
        last = call.headers.get(b"last-event-id", b"").decode("latin-1")
        with self.broker.stream_slot(), self.broker.client_slot(client):
            subscription = await self.broker.open(call.operation, call.request, call.viewer, client, last or None)
            code, gone = "ok", asyncio.create_task(watch_disconnect(call.receive, subscription))
            try:
                headers = [*HEADERS, (b"x-request-id", call.request_id.encode())]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                if call.scope["method"] != "HEAD":
                    with self.broker.authenticator.on_revoked(
                        call.viewer, lambda: subscription.fail(request_errors.Unauthenticated())
                    ):
                        code = await self.run(call, send, subscription)
                await send({"type": "http.response.body", "body": b""})
            finally:
                gone.cancel()
                subscription.close()
        return code

    async def run(self, call: HttpCall, send: Send, subscription: Subscriber) -> str:
        known = subscription.cursor
        await write(send, f": {call.request_id}\nretry: {RECONNECT_MILLISECONDS}\nid: {known}\n\n".encode())
        try:
            while True:
                messages = await subscription.next_batch(PING_SECONDS)
                if messages:
                    known = messages[-1].cursor
                    await write(send, b"".join([message.event for message in messages]))
                elif subscription.cursor != known:
                    known = subscription.cursor
                    await write(send, f"id: {known}\n\n".encode())
                else:
                    await write(send, b":\n\n")
        except ShuttingDown:
            return "ok"
        except Exception as error:
            cause = error_formatting.classify_request_error(error, call.request_id)
            shown = error_formatting.format_error(cause, call.request_id)
            shown["extensions"]["cursor"] = known
            body = error_formatting.encode_errors([shown])
            await write(send, b"event: next\ndata: " + body + b"\n\nevent: complete\ndata:\n\n")
            return cause.code


async def write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def watch_disconnect(receive: Receive, subscription: Subscriber) -> None:
    """End the subscription when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.fail(ShuttingDown())
