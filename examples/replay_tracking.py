"""Replay tracking histories: `python examples/replay_tracking.py FILE [--url URL] [--key KEY] [--seed N]`.

Carriers report events in any order, and some events twice. This program records the histories of a file on new
shipments in four orders (file order, reversed, shuffled, and shuffled with duplicates), reads the shipments back and
compares them: the timeline, the status and the milestones must be equal in all orders. The exit code is 1 if they are
not.

Each order has its own shipments, named by `externalReference`. Running the program again finds all of them and changes
nothing. FILE is a CSV with the columns file, carrier, tracking_number, date_raw, time_raw, tz_raw, code, subcode,
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

from retrying_client import Client, RequestRejected, RetriesExhausted
from tracking_file import History, Json, read

BATCH_SIZE = 500
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
query ReplayedShipment($reference: String!) {
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
class ReplayOrder:
    """The histories in one order, and the result of recording them."""

    name: str
    histories: list[History]
    recorded: int = 0
    duplicates: int = 0


def replay_orders(histories: list[History], seed: int) -> Iterator[ReplayOrder]:
    """The same histories with their events in four orders."""
    rng = random.Random(seed)

    def in_order(name: str, order: Any) -> ReplayOrder:
        return ReplayOrder(
            name, [History(history.carrier, history.number, order(history.events)) for history in histories]
        )

    yield in_order("file", list)
    yield in_order("reversed", lambda events: events[::-1])
    yield in_order("shuffled", lambda events: rng.sample(events, len(events)))
    yield in_order("twice", lambda events: rng.sample(events * 2, len(events) * 2))


def reference(replay_order: ReplayOrder, history: History) -> str:
    """The external reference of a history's shipment."""
    return f"replay/{replay_order.name}/{history.carrier}/{history.number}"


async def replay(client: Client, replay_order: ReplayOrder) -> list[Json]:
    """Record the events of all histories; returns the resulting shipments."""
    packages = await create(client, replay_order)
    events = [
        {**event, "target": {"packageId": package}}
        for history, package in zip(replay_order.histories, packages, strict=True)
        for event in history.events
    ]
    for at in range(0, len(events), BATCH_SIZE):
        payload = (await client.mutate(RECORD, {"inputs": events[at : at + BATCH_SIZE]}))["trackingEventsRecord"]
        for result in accepted_results(payload):
            replay_order.duplicates += result["duplicate"]
            replay_order.recorded += not result["duplicate"]
    results = [
        await client.query(READ, {"reference": reference(replay_order, history)}) for history in replay_order.histories
    ]
    return [result["shipment"] for result in results]


async def create(client: Client, replay_order: ReplayOrder) -> list[str]:
    """Create a shipment with one package for each history; returns the packages' ids."""
    for carrier in sorted({history.carrier for history in replay_order.histories}):
        await client.mutate(CARRIER, {"code": carrier, "name": carrier.replace("_", " ").title()})
    inputs = [
        {
            "externalReference": reference(replay_order, history),
            "confirm": True,
            "carrier": history.carrier,
            "shipper": {"name": "Replay", "country": "US"},
            "recipient": {"name": "Replay", "country": "US"},
            "packages": [{"trackingNumber": history.number}],
        }
        for history in replay_order.histories
    ]
    payload = (await client.mutate(CREATE, {"inputs": inputs}))["shipmentsBulkCreate"]
    return [created["packages"][0]["id"] for created in map(shipment, accepted_results(payload, duplicates=True))]


def accepted_results(payload: Json, *, duplicates: bool = False) -> list[Json]:
    """The results of a bulk payload.

    Raises:
        RequestRejected: A row has an error; with `duplicates`, rows of existing shipments are accepted.
    """
    errors = list(payload["errors"])
    for row in payload["results"]:
        errors += [error for error in row["errors"] if not (duplicates and error.get("existing"))]
    if errors:
        raise RequestRejected(errors)
    rows: list[Json] = payload["results"]
    return rows


def shipment(row: Json) -> Json:
    """The shipment of a result: the created one, or the existing one."""
    shipment_: Json = row["shipment"] or row["errors"][0]["existing"]
    return shipment_


async def run(histories: list[History], client: Client, seed: int) -> int:
    """Replay all orders and compare the results; returns the exit code, 0 if all are equal."""
    results: dict[str, list[Json]] = {}
    for replay_order in replay_orders(histories, seed):
        results[replay_order.name] = await replay(client, replay_order)
        recorded, duplicates = replay_order.recorded, replay_order.duplicates
        print(f"{replay_order.name:9} {recorded:4} events recorded, {duplicates:4} existed already")
    print()
    different = 0
    for index, history in enumerate(histories):
        first, *others = (shipments[index] for shipments in results.values())
        same = all(other == first for other in others)
        different += not same
        events = len(first["events"]["nodes"])
        comparison = "equal in all orders" if same else "DIFFERENT"
        print(f"{history.carrier:12} {history.number:24} {first['status']:18} {events:3} events  {comparison}")
    print(f"\n{len(histories)} histories, {different} of them different")
    return 1 if different else 0


async def run_with_client(histories: list[History], arguments: argparse.Namespace) -> int:
    """Run with a connected client; returns 2 if the server rejects or does not respond."""
    try:
        async with Client(arguments.url, key=arguments.key) as client:
            return await run(histories, client, arguments.seed)
    except (RequestRejected, RetriesExhausted) as error:
        print(f"Stopped: {error}", file=sys.stderr)
        return 2


def main() -> int:
    """Parse the arguments and run the replay."""
    parser = argparse.ArgumentParser(description="Replay tracking histories in four orders and compare the results.")
    parser.add_argument("file", type=Path, help="the CSV file")
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql", help="URL of the API (default: %(default)s)")
    parser.add_argument("--key", help="API key")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random order (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        histories = read(arguments.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        print(f"{arguments.file} cannot be read: {error}", file=sys.stderr)
        return 2
    return asyncio.run(run_with_client(histories, arguments))


if __name__ == "__main__":
    sys.exit(main())
