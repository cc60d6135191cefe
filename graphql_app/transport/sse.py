"""Subscriptions over HTTP: one stream per subscription, as server-sent events or in Apollo's multipart protocol.

Works with fetch, EventSource and curl. As server-sent events ("distinct connections mode" of graphql-sse) each message
is an event `next` whose id is the cursor of the change, so a client that reconnects with `Last-Event-ID` continues
after it. While no change matches, the stream contains ids without an event, so that this position advances. After an
event `complete` the subscription has ended. A client should reconnect if a stream stops without it, because the process
has shut down or the connection was lost.
"""

import asyncio

from starlette.types import Receive, Send

from graphql_app.errors import request_errors
from graphql_app.execution import error_formatting
from graphql_app.subscriptions.broker import SubscriptionBroker
from graphql_app.subscriptions.fan_out import Subscriber, SubscriptionEnded
from graphql_app.transport.http_call import HttpCall, client_address
from graphql_app.transport.stream_formats import EventStream, MultipartStream, StreamFormat

PING_SECONDS = 15.0
"""Time without messages after which a comment is sent, which shows that the stream is alive."""


class SseHandler:
    """Sends subscriptions over HTTP; the endpoint calls it with a parsed and authenticated request."""

    def __init__(self, broker: SubscriptionBroker) -> None:
        self.broker = broker

    async def __call__(self, call: HttpCall, send: Send) -> str:
        """Send one stream; returns the code of the error that ended it, or `ok`."""
        client = call.viewer.client(client_address(call.scope))
        last_event_id = call.headers.get(b"last-event-id", b"").decode("latin-1")
        with self.broker.stream_slot(), self.broker.client_slot(client):
            subscriber = await self.broker.open(
                call.operation, call.request, call.viewer, client, last_event_id or None
            )
            code, disconnect_watcher = "ok", asyncio.create_task(watch_disconnect(call.receive, subscriber))
            try:
                headers = [*stream_format(call).headers, (b"x-request-id", call.request_id.encode())]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                if call.scope["method"] != "HEAD":
                    with self.broker.authenticator.on_revoked(
                        call.viewer, lambda: subscriber.fail(request_errors.Unauthenticated())
                    ):
                        code = await self.send_events(call, send, subscriber)
                await send({"type": "http.response.body", "body": b""})
            finally:
                disconnect_watcher.cancel()
                subscriber.close()
        return code

    async def send_events(self, call: HttpCall, send: Send, subscriber: Subscriber) -> str:
        """Send the messages of a subscription until it ends; returns the code of its error, or `ok`."""
        cursor, stream = subscriber.cursor, stream_format(call)
        await send_chunk(send, stream.opening(call.request_id, cursor))
        try:
            while True:
                messages = await subscriber.next_batch(PING_SECONDS)
                if messages:
                    cursor = messages[-1].cursor
                    await send_chunk(send, b"".join([stream.message(message) for message in messages]))
                elif subscriber.cursor != cursor:
                    cursor = subscriber.cursor
                    await send_chunk(send, stream.heartbeat(cursor))
                else:
                    await send_chunk(send, stream.heartbeat(None))
        except SubscriptionEnded:
            return "ok"
        except Exception as error:
            classified = error_formatting.classify_request_error(error, call.request_id)
            body = error_formatting.encode_envelope(classified, call.request_id, cursor=cursor)
            await send_chunk(send, stream.error(body))
            return classified.code


def stream_format(call: HttpCall) -> type[StreamFormat]:
    """The format of a stream: server-sent events if the client accepts them, otherwise multipart."""
    return EventStream if call.accepted.event_stream else MultipartStream


async def send_chunk(send: Send, body: bytes) -> None:
    """Send a part of the response body."""
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def watch_disconnect(receive: Receive, subscriber: Subscriber) -> None:
    """End the subscription when the client disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.fail(SubscriptionEnded())
