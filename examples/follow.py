"""Follow all changes of shipments: `python examples/follow.py [--url URL] [--key KEY] [--cursor FILE] [--events]`.

Prints one line for each committed change, until Ctrl-C. FILE stores the last cursor; the next run starts with the
changes after it. The cursor is saved after its change was processed: after a failure of the network, the server or this
program a change may be repeated, but none is lost. Without a saved cursor the program starts at the current end of the
log or, with `--from-the-beginning`, at the oldest stored change.

It reads server-sent events, which are lines of text over HTTP: httpx is the only library needed.
"""

import argparse
import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

Json = dict[str, Any]
SHIPMENTS = """
subscription Follow($after: String) {
  shipmentChanged(after: $after) {
    cursor shipmentSeq op changedFields shipment { number status carrier { code } recipient { city country } }
  }
}"""
EVENTS = """
subscription FollowEvents($after: String) {
  trackingEventRecorded(after: $after) {
    cursor shipmentSeq statusBefore statusAfter event { code occurredAt place { city country } shipment { number } }
  }
}"""
READ_TIMEOUT_SECONDS = 45.0
"""Read timeout in seconds. The server sends a keep-alive every 15 seconds."""
FIRST_PAUSE_SECONDS = 0.2
"""Upper limit of the random pause before the first reconnect; it doubles with each attempt."""
MAX_PAUSE_SECONDS = 10.0
"""Upper limit of the pause."""
RETRIED_CODES = {"SLOW_CONSUMER", "UNAVAILABLE", "TIMEOUT", "RATE_LIMITED", "INTERNAL_ERROR"}
"""Error codes after which the client reconnects."""


class SubscriptionRejected(Exception):
    """The API rejected the subscription; reconnecting does not help."""


class LogPosition:
    """The position in the change log, stored in a file."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.cursor = file.read_text().strip() or None if file and file.exists() else None

    def save(self, cursor: str) -> None:
        """Save the cursor of a processed change. The file is replaced atomically, so it is never half written."""
        self.cursor = cursor
        if self.file is not None:
            temporary = self.file.with_name(self.file.name + ".new")
            temporary.write_text(cursor + "\n")
            os.replace(temporary, self.file)


async def follow(url: str, query: str, position: LogPosition, *, key: str | None = None) -> AsyncIterator[Json]:
    """Yield all changes after the position, forever. The position advances when the next change is requested."""
    headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {key}"} if key else {})
    attempts = 0
    async with httpx.AsyncClient(timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=5)) as client:
        while True:
            body = {"query": query, "variables": {"after": position.cursor}}
            try:
                async with client.stream("POST", url, json=body, headers=headers) as response:
                    if response.headers.get("content-type", "").partition(";")[0] != "text/event-stream":
                        raise_if_permanent(json.loads(await response.aread()).get("errors") or [{}])
                    async for event_id, change in read_events(response):
                        attempts = 0
                        if change is not None:
                            yield change
                        if event_id:
                            position.save(event_id)
            except (httpx.TransportError, ValueError) as error:
                print(f"  … connection lost: {type(error).__name__}", file=sys.stderr)
            await asyncio.sleep(random.uniform(0, min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempts)))
            attempts += 1


async def read_events(response: httpx.Response) -> AsyncIterator[tuple[str, Json | None]]:
    """The id of each event and the change that it holds, if any."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if line:
            fields[name] = value.strip()
            continue
        if fields.get("event") == "next":
            result = json.loads(fields["data"])
            if result.get("errors"):
                raise_if_permanent(result["errors"])
                return
            yield fields["id"], next(iter(result["data"].values()))
        else:
            yield fields.get("id", ""), None
        fields = {}


def raise_if_permanent(errors: list[Json]) -> None:
    """Raise SubscriptionRejected if reconnecting does not help."""
    codes = {(error.get("extensions") or {}).get("code") for error in errors}
    if not codes <= RETRIED_CODES:
        raise SubscriptionRejected(
            "; ".join(str(error.get("message", "The response is not from a GraphQL API.")) for error in errors)
        )


def format_change(change: Json) -> str:
    """A change as one line of text."""
    if "event" in change:
        event = change["event"]
        place = ", ".join(filter(None, (event["place"] or {}).values())) if event["place"] else "–"
        moved = f"{change['statusBefore']} → {change['statusAfter']}"
        summary = event["code"] if change["statusBefore"] == change["statusAfter"] else f"{event['code']}: {moved}"
        return f"{event['occurredAt'][:16]}  {event['shipment']['number']:14} {summary:50} {place}"
    shipment = change["shipment"]
    destination = ", ".join(filter(None, (shipment["recipient"] or {}).values()))
    fields = ", ".join(change["changedFields"])
    summary = f"#{change['shipmentSeq']:<4} {change['op']:26} {shipment['status']:20}"
    return f"{shipment['number']:14} {summary} {destination}  ({fields})"


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql")
    parser.add_argument("--key", help="API key, if the server requires one")
    parser.add_argument("--cursor", type=Path, help="file that stores the last cursor")
    parser.add_argument("--events", action="store_true", help="print tracking events instead of all changes")
    parser.add_argument(
        "--from-the-beginning", action="store_true", help="start at the oldest change if there is no cursor yet"
    )
    arguments = parser.parse_args()
    position = LogPosition(arguments.cursor)
    if position.cursor is None and arguments.from_the_beginning:
        position.cursor = ""
    async for change in follow(arguments.url, EVENTS if arguments.events else SHIPMENTS, position, key=arguments.key):
        print(format_change(change), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except SubscriptionRejected as error:
        sys.exit(f"Subscription rejected: {error}")
    except KeyboardInterrupt:
        pass
