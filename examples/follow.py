"""Follow what happens to shipments: `python examples/follow.py [--url URL] [--key KEY] [--cursor FILE] [--events]`.

Prints a line for every change, as it is committed, until Ctrl-C. FILE remembers the last cursor: run it again, and what
happened meanwhile comes first. Nothing is missed, whatever breaks in between, the network, the server or this program:
the cursor is written down after a change was dealt with, so a change may come once more after a crash, but never not
at all. Without the file it begins now; with `--from-the-beginning`, at the first change that is kept.

It reads server-sent events, which is HTTP and one line of text after the other: no library is needed but httpx.
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
SILENCE = 45.0
"""Seconds: the server shows every 15 that it is there."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
LOST = {"SLOW_CONSUMER", "UNAVAILABLE", "TIMEOUT", "RATE_LIMITED", "INTERNAL_ERROR"}
"""Codes after which one comes back."""


class Refused(Exception):
    """The API will not let us follow; coming back does not help."""


class Place:
    """Where we are in the log, kept in a file."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.cursor = file.read_text().strip() or None if file and file.exists() else None

    def move(self, cursor: str) -> None:
        """Everything up to here was dealt with. The file is replaced at once, so that it is never half written."""
        self.cursor = cursor
        if self.file is not None:
            half = self.file.with_name(self.file.name + ".new")
            half.write_text(cursor + "\n")
            os.replace(half, self.file)


async def follow(url: str, query: str, place: Place, *, key: str | None = None) -> AsyncIterator[Json]:
    """Changes behind the place, for good. The place moves on when the next change is asked for."""
    headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {key}"} if key else {})
    tries = 0
    async with httpx.AsyncClient(timeout=httpx.Timeout(SILENCE, connect=5)) as client:
        while True:
            body = {"query": query, "variables": {"after": place.cursor}}
            try:
                async with client.stream("POST", url, json=body, headers=headers) as response:
                    if response.headers.get("content-type", "").partition(";")[0] != "text/event-stream":
                        complain(json.loads(await response.aread()).get("errors") or [{}])
                    async for identity, change in blocks(response):
                        tries = 0
                        if change is not None:
                            yield change
                        if identity:
                            place.move(identity)
            except (httpx.TransportError, ValueError) as error:
                print(f"  … lost: {type(error).__name__}", file=sys.stderr)
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)))
            tries += 1


async def blocks(response: httpx.Response) -> AsyncIterator[tuple[str, Json | None]]:
    """The id of each event, and the change that it brings, if any."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if line:
            fields[name] = value.strip()
            continue
        if fields.get("event") == "next":
            result = json.loads(fields["data"])
            if result.get("errors"):
                complain(result["errors"])
                return
            yield fields["id"], next(iter(result["data"].values()))
        else:
            yield fields.get("id", ""), None
        fields = {}


def complain(errors: list[Json]) -> None:
    """Raise where coming back does not help."""
    codes = {(error.get("extensions") or {}).get("code") for error in errors}
    if not codes <= LOST:
        raise Refused("; ".join(str(error.get("message", "This is no GraphQL API.")) for error in errors))


def line(change: Json) -> str:
    """One change as a line."""
    if "event" in change:
        event = change["event"]
        where = ", ".join(filter(None, (event["place"] or {}).values())) if event["place"] else "–"
        moved = f"{change['statusBefore']} → {change['statusAfter']}"
        what = event["code"] if change["statusBefore"] == change["statusAfter"] else f"{event['code']}: {moved}"
        return f"{event['occurredAt'][:16]}  {event['shipment']['number']:14} {what:50} {where}"
    shipment = change["shipment"]
    to = ", ".join(filter(None, (shipment["recipient"] or {}).values()))
    fields = ", ".join(change["changedFields"])
    what = f"#{change['shipmentSeq']:<4} {change['op']:26} {shipment['status']:20}"
    return f"{shipment['number']:14} {what} {to}  ({fields})"


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql")
    parser.add_argument("--key", help="an API key, where the server asks for one")
    parser.add_argument("--cursor", type=Path, help="the file that remembers where we are")
    parser.add_argument("--events", action="store_true", help="tracking events instead of all changes")
    parser.add_argument("--from-the-beginning", action="store_true", help="where there is no cursor yet")
    given = parser.parse_args()
    place = Place(given.cursor)
    if place.cursor is None and given.from_the_beginning:
        place.cursor = ""
    async for change in follow(given.url, EVENTS if given.events else SHIPMENTS, place, key=given.key):
        print(line(change), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Refused as refused:
        sys.exit(f"Refused: {refused}")
    except KeyboardInterrupt:
        pass
