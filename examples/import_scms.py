"""Import the SCMS delivery history: `python examples/import_scms.py FILE [--url URL] [--key KEY] [--concurrency N]`.

The file is USAID's record of medicines sent to some forty countries from 2006 to 2015, a line for each article. Lines
of one `asn/dn #` are one shipment, with its references, one package, an item for each line, and up to three events.
They go to the API a hundred shipments a call, several calls at once. Two traps of bulk imports are avoided:

- Run twice, it changes nothing: the external reference says that a shipment is there, the event's identity that it is.
  So it may also be killed and started again.
- A line that cannot be understood is never half imported: its whole shipment waits until the line is mended, and the
  report at the end says which line it is and why. The exit code is then 1.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrying_client import Client, GaveUp, Refused
from scms_file import Shipment, read

BATCH = 100
CREATE = """
mutation Import($inputs: [ShipmentCreateInput!]!) {
  shipmentsBulkCreate(inputs: $inputs) {
    results { index shipment { id } errors { code message path } warnings { message path } }
    errors { code message }
  }
}"""
RECORD = """
mutation History($inputs: [TrackingEventInput!]!) {
  trackingEventsRecord(inputs: $inputs) {
    results { index duplicate errors { code message path } }
    errors { code message }
  }
}"""


@dataclass
class Report:
    """What became of the file."""

    lines: int
    rejected: list[str]
    warnings: list[str]
    created: int = 0
    there: int = 0
    recorded: int = 0
    repeated: int = 0
    retries: int = 0
    seconds: float = 0.0

    def text(self) -> str:
        """The report for people."""
        rows = [
            f"{self.lines:,} lines in {self.seconds:.1f} s ({self.retries} retries)",
            f"shipments: {self.created:,} created, {self.there:,} were there already",
            f"events:    {self.recorded:,} recorded, {self.repeated:,} were there already",
            *(f"warning:   {warning}" for warning in self.warnings),
            *(f"REJECTED:  {reason}" for reason in self.rejected),
        ]
        return "\n".join(rows)


class Progress:
    """A bar on standard error, where that is a terminal."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.shown = total, 0, sys.stderr.isatty()

    def advance(self, count: int) -> None:
        self.done += count
        if self.shown:
            bar = "#" * (40 * self.done // max(self.total, 1))
            end = "\n" if self.done == self.total else ""
            sys.stderr.write(f"\r[{bar:<40}] {self.done:,} of {self.total:,} shipments{end}")
            sys.stderr.flush()


def batches(shipments: list[Shipment]) -> Iterator[list[Shipment]]:
    for at in range(0, len(shipments), BATCH):
        yield shipments[at : at + BATCH]


async def load(client: Client, file: bytes, concurrency: int = 4) -> Report:
    """Import a file."""
    started = time.monotonic()
    content = read(file)
    report = Report(content.lines, content.rejected, content.warnings)
    progress, waiting = Progress(len(content.shipments)), batches(content.shipments)

    async def work() -> None:
        for batch in waiting:
            await record(client, await create(client, batch, report), report)
            progress.advance(len(batch))

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(work())
    report.retries, report.seconds = client.retries, time.monotonic() - started
    return report


async def create(client: Client, batch: list[Shipment], report: Report) -> list[Shipment]:
    """Create shipments; those that are there now, whoever created them."""
    payload = (await client.do(CREATE, {"inputs": [one.input for one in batch]}))["shipmentsBulkCreate"]
    there = []
    for result in rows(payload):
        shipment, errors = batch[result["index"]], result["errors"]
        known = [error for error in errors if error["code"] == "DUPLICATE" and error["path"][-1] == "externalReference"]
        report.warnings += [f"{shipment.name}: {said(warning)}" for warning in result["warnings"]]
        if errors and errors != known:
            report.rejected += [f"{shipment.name}: {said(error)}" for error in errors]
            continue
        there.append(shipment)
        report.there += bool(known)
        report.created += not known
    return there


async def record(client: Client, batch: list[Shipment], report: Report) -> None:
    """Record the events of shipments."""
    events = [(shipment, event) for shipment in batch for event in shipment.events]
    if not events:
        return
    payload = (await client.do(RECORD, {"inputs": [event for _, event in events]}))["trackingEventsRecord"]
    for result in rows(payload):
        shipment, _ = events[result["index"]]
        report.rejected += [f"{shipment.name}: {said(error)}" for error in result["errors"]]
        report.repeated += result["duplicate"]
        report.recorded += not result["duplicate"] and not result["errors"]


def rows(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a bulk payload. What is wrong with the call as a whole would be wrong with every further one."""
    if payload["errors"]:
        raise Refused(payload["errors"])
    results: list[dict[str, Any]] = payload["results"]
    return results


def said(problem: dict[str, Any]) -> str:
    """An error or a warning, with the place that it speaks of."""
    return f"{'.'.join(problem['path'] or ())}: {problem['message']}"


async def run(file: bytes, url: str, key: str | None, concurrency: int) -> int:
    try:
        async with Client(url, key=key) as client:
            report = await load(client, file, concurrency)
    except ExceptionGroup as troubles:
        expected, others = troubles.split((Refused, GaveUp))
        if others is not None:
            raise
        print(f"Stopped: {expected.exceptions[0] if expected else troubles}", file=sys.stderr)
        print("Start it again: it goes on where it stopped.", file=sys.stderr)
        return 2
    print(report.text())
    return 1 if report.rejected else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Import the SCMS delivery history.")
    parser.add_argument("file", type=Path, help="the CSV file")
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql", help="of the API (default: %(default)s)")
    parser.add_argument("--key", help="API key")
    parser.add_argument("--concurrency", type=int, default=4, help="calls at once (default: %(default)s)")
    given = parser.parse_args()
    try:
        file = given.file.read_bytes()
    except OSError as error:
        print(f"{given.file} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    return asyncio.run(run(file, given.url, given.key, given.concurrency))


if __name__ == "__main__":
    sys.exit(main())
