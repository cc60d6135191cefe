"""Replay tracking histories: `python examples/replay_tracking.py FILE [--url URL] [--key KEY] [--seed N]`.

Reports about parcels come in any order, and some come twice. This feeds the histories of a file to shipments made for
it, in four ways (in the file's order, reversed, shuffled, and twice), reads back what became of them and compares: the
timeline, the status and the milestones must be the same each time. The exit code is 1 where they are not.

Every way has shipments of its own, named by `externalReference`. Run again, it finds all of them there, and nothing
changes. FILE is a CSV with the columns file, carrier, tracking_number, date_raw, time_raw, tz_raw, code, subcode,
description, city, state, postal_code, country_raw, site.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrying_client import Client, GaveUp, Refused
from tracking_file import History, Json, read

BATCH = 500
CARRIER = """
mutation Carrier($code: String!, $name: String!) {
  carrierSave(code: $code, input: {name: $name}) { errors { message } }
}"""
CREATE = """
mutation Create($inputs: [ShipmentCreateInput!]!) {
  shipmentsBulkCreate(inputs: $inputs) {
    results {
      shipment { packages { id } }
      errors { code message path ... on DuplicateError { existing { packages { id } } } }
    }
    errors { message }
  }
}"""
RECORD = """
mutation Replay($inputs: [TrackingEventInput!]!) {
  trackingEventsRecord(inputs: $inputs) {
    results { index duplicate errors { message path } warnings { code message } }
    errors { message }
  }
}"""
READ = """
query Outcome($reference: String!) {
  shipment(by: {externalReference: $reference}) {
    status statusAt exceptionReason pickedUpAt firstAttemptAt deliveredAt closedAt lastEventAt
    packages { status statusAt }
    statusExplanation { rule decidedBy { code occurredAt message } }
    events(first: 250) { nodes {
      code reason message occurredAt occurredLocal utcOffset timePrecision applied notAppliedReason carrierStatusRaw
    } }
  }
}"""


@dataclass
class Way:
    """One way to feed the histories, and what became of it."""

    name: str
    histories: list[History]
    recorded: int = 0
    repeated: int = 0


def ways(histories: list[History], seed: int) -> Iterator[Way]:
    """The same histories, told in different orders."""
    chance = random.Random(seed)

    def told(name: str, order: Any) -> Way:
        return Way(name, [History(one.carrier, one.number, order(one.events)) for one in histories])

    yield told("file", list)
    yield told("reversed", lambda events: events[::-1])
    yield told("shuffled", lambda events: chance.sample(events, len(events)))
    yield told("twice", lambda events: chance.sample(events * 2, len(events) * 2))


def reference(way: Way, history: History) -> str:
    return f"replay/{way.name}/{history.carrier}/{history.number}"


async def replay(client: Client, way: Way) -> list[Json]:
    """Feed the histories; what the API says of each shipment then."""
    packages = await create(client, way)
    events = [
        {**event, "target": {"packageId": package}}
        for history, package in zip(way.histories, packages, strict=True)
        for event in history.events
    ]
    for at in range(0, len(events), BATCH):
        payload = (await client.do(RECORD, {"inputs": events[at : at + BATCH]}))["trackingEventsRecord"]
        for result in accepted(payload):
            way.repeated += result["duplicate"]
            way.recorded += not result["duplicate"]
    answers = [await client.ask(READ, {"reference": reference(way, history)}) for history in way.histories]
    return [answer["shipment"] for answer in answers]


async def create(client: Client, way: Way) -> list[str]:
    """A shipment with one package for each history; the packages' ids."""
    for carrier in sorted({history.carrier for history in way.histories}):
        await client.do(CARRIER, {"code": carrier, "name": carrier.replace("_", " ").title()})
    inputs = [
        {
            "externalReference": reference(way, history),
            "confirm": True,
            "carrier": history.carrier,
            "shipper": {"name": "Replay", "country": "US"},
            "recipient": {"name": "Replay", "country": "US"},
            "packages": [{"trackingNumber": history.number}],
        }
        for history in way.histories
    ]
    payload = (await client.do(CREATE, {"inputs": inputs}))["shipmentsBulkCreate"]
    return [made["packages"][0]["id"] for made in map(shipment, accepted(payload, duplicates=True))]


def accepted(payload: Json, *, duplicates: bool = False) -> list[Json]:
    """The rows of a bulk payload, none of which may be refused; what was there already may be found so."""
    wrong = list(payload["errors"])
    for row in payload["results"]:
        wrong += [error for error in row["errors"] if not (duplicates and error.get("existing"))]
    if wrong:
        raise Refused(wrong)
    rows: list[Json] = payload["results"]
    return rows


def shipment(row: Json) -> Json:
    """The shipment of a row: the one that was made, or the one that was there."""
    found: Json = row["shipment"] or row["errors"][0]["existing"]
    return found


async def run(histories: list[History], client: Client, seed: int) -> int:
    """All ways, one after another, and how they compare. 0: all came to the same."""
    outcomes: dict[str, list[Json]] = {}
    for way in ways(histories, seed):
        outcomes[way.name] = await replay(client, way)
        print(f"{way.name:9} {way.recorded:4} events recorded, {way.repeated:4} were known already")
    print()
    different = 0
    for at, history in enumerate(histories):
        first, *others = (outcome[at] for outcome in outcomes.values())
        same = all(other == first for other in others)
        different += not same
        events = len(first["events"]["nodes"])
        verdict = "the same in every order" if same else "DIFFERENT"
        print(f"{history.carrier:12} {history.number:24} {first['status']:18} {events:3} events  {verdict}")
    print(f"\n{len(histories)} histories, {different} of them different")
    return 1 if different else 0


async def connected(histories: list[History], given: argparse.Namespace) -> int:
    try:
        async with Client(given.url, key=given.key) as client:
            return await run(histories, client, given.seed)
    except (Refused, GaveUp) as trouble:
        print(f"Stopped: {trouble}", file=sys.stderr)
        return 2


def main() -> int:
    parser = argparse.ArgumentParser(description="Replay tracking histories in four orders and compare the outcomes.")
    parser.add_argument("file", type=Path, help="the CSV file")
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql", help="of the API (default: %(default)s)")
    parser.add_argument("--key", help="API key")
    parser.add_argument("--seed", type=int, default=1, help="of the shuffling (default: %(default)s)")
    given = parser.parse_args()
    try:
        histories = read(given.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        print(f"{given.file} cannot be read: {error}", file=sys.stderr)
        return 2
    return asyncio.run(connected(histories, given))


if __name__ == "__main__":
    sys.exit(main())
