"""Import the SCMS delivery history: `python examples/import_scms.py FILE [--url URL] [--key KEY] [--concurrency N]`.

The file is USAID's record of medicines sent to some forty countries from 2006 to 2015, with one line per article. All
lines with the same `asn/dn #` form one shipment, with its references, one package, an item for each line, and up to
three events. The program sends 100 shipments per call and several calls at once. It avoids two traps of bulk imports:

- Running it twice changes nothing: shipments are identified by their external reference, events by their external event
id. So it can also be stopped and started again. Only the service `n_a`, which earlier versions wrote for the mode N/A,
is repaired (`scms_repair.py`).
- An invalid line is never half imported: its whole shipment is left out until the line is corrected, and the report at
the end lists each such line with the reason. The exit code is then 1.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrying_client import Client, RequestRejected, RetriesExhausted
from scms_file import Shipment, read
from scms_repair import repair

BATCH_SIZE = 100
CREATE = """
mutation Import($inputs: [ShipmentCreateInput!]!) {
  shipmentsBulkCreate(inputs: $inputs) {
    results {
      index shipment { id } warnings { message path }
      errors {
        code message path
        ... on DuplicateError { existing { id service phase statusExplanation { decidedBy { id message } } } }
      }
    }
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
    """The result of an import."""

    lines: int
    rejected: list[str]
    warnings: list[str]
    created: int = 0
    existing: int = 0
    recorded: int = 0
    duplicates: int = 0
    repaired: int = 0
    retries: int = 0
    seconds: float = 0.0

    def text(self) -> str:
        """The report as text."""
        rows = [
            f"{self.lines:,} lines in {self.seconds:.1f} s ({self.retries} retries)",
            f"shipments: {self.created:,} created, {self.existing:,} existed already",
            f"events:    {self.recorded:,} recorded, {self.duplicates:,} existed already",
            *([f"repaired:  {self.repaired:,} shipments with the service n_a"] if self.repaired else []),
            *(f"warning:   {warning}" for warning in self.warnings),
            *(f"REJECTED:  {reason}" for reason in self.rejected),
        ]
        return "\n".join(rows)


class Progress:
    """A progress bar on standard error, if that is a terminal."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.visible = total, 0, sys.stderr.isatty()

    def advance(self, count: int) -> None:
        """Add `count` finished shipments."""
        self.done += count
        if self.visible:
            bar = "#" * (40 * self.done // max(self.total, 1))
            end = "\n" if self.done == self.total else ""
            sys.stderr.write(f"\r[{bar:<40}] {self.done:,} of {self.total:,} shipments{end}")
            sys.stderr.flush()


def batches(shipments: list[Shipment]) -> Iterator[list[Shipment]]:
    """The shipments in batches of BATCH_SIZE."""
    for at in range(0, len(shipments), BATCH_SIZE):
        yield shipments[at : at + BATCH_SIZE]


async def load(client: Client, file: bytes, concurrency: int = 4) -> Report:
    """Import a file with `concurrency` calls at once."""
    started = time.monotonic()
    content = read(file)
    report = Report(content.lines, content.rejected, content.warnings)
    progress, pending = Progress(len(content.shipments)), batches(content.shipments)

    async def import_batches() -> None:
        for batch in pending:
            await record(client, await create(client, batch, report), report)
            progress.advance(len(batch))

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(import_batches())
    report.retries, report.seconds = client.retries, time.monotonic() - started
    return report


async def create(client: Client, batch: list[Shipment], report: Report) -> list[Shipment]:
    """Create shipments; returns those that exist now, including those that existed before."""
    payload = (await client.mutate(CREATE, {"inputs": [shipment.input for shipment in batch]}))["shipmentsBulkCreate"]
    existing = []
    for result in rows(payload):
        shipment, errors = batch[result["index"]], result["errors"]
        duplicates = [
            error for error in errors if error["code"] == "DUPLICATE" and error["path"][-1] == "externalReference"
        ]
        report.warnings += [f"{shipment.name}: {format_error(warning)}" for warning in result["warnings"]]
        if errors and errors != duplicates:
            report.rejected += [f"{shipment.name}: {format_error(error)}" for error in errors]
            continue
        existing.append(shipment)
        if shipment.input["service"] is None:
            for error in duplicates:
                report.repaired += bool(error["existing"] and await repair(client, error["existing"]))
        report.existing += bool(duplicates)
        report.created += not duplicates
    return existing


async def record(client: Client, batch: list[Shipment], report: Report) -> None:
    """Record the events of shipments."""
    events = [(shipment, event) for shipment in batch for event in shipment.events]
    if not events:
        return
    payload = (await client.mutate(RECORD, {"inputs": [event for _, event in events]}))["trackingEventsRecord"]
    for result in rows(payload):
        shipment, _ = events[result["index"]]
        report.rejected += [f"{shipment.name}: {format_error(error)}" for error in result["errors"]]
        report.duplicates += result["duplicate"]
        report.recorded += not result["duplicate"] and not result["errors"]


def rows(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of a bulk payload.

    Raises:
        RequestRejected: The payload has errors of the call as a whole; every further call would have them too.
    """
    if payload["errors"]:
        raise RequestRejected(payload["errors"])
    results: list[dict[str, Any]] = payload["results"]
    return results


def format_error(error: dict[str, Any]) -> str:
    """An error or warning with its path."""
    return f"{'.'.join(error['path'] or ())}: {error['message']}"


async def run(file: bytes, url: str, key: str | None, concurrency: int) -> int:
    """Import a file and print the report; returns the exit code: 0, 1 for rejected lines, 2 if the import stopped."""
    try:
        async with Client(url, key=key) as client:
            report = await load(client, file, concurrency)
    except ExceptionGroup as group:
        expected, unexpected = group.split((RequestRejected, RetriesExhausted))
        if unexpected is not None:
            raise
        print(f"Stopped: {expected.exceptions[0] if expected else group}", file=sys.stderr)
        print("Start the import again: it continues where it stopped.", file=sys.stderr)
        return 2
    print(report.text())
    return 1 if report.rejected else 0


def main() -> int:
    """Parse the arguments and run the import."""
    parser = argparse.ArgumentParser(description="Import the SCMS delivery history.")
    parser.add_argument("file", type=Path, help="the CSV file")
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql", help="URL of the API (default: %(default)s)")
    parser.add_argument("--key", help="API key")
    parser.add_argument("--concurrency", type=int, default=4, help="number of concurrent calls (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        file = arguments.file.read_bytes()
    except OSError as error:
        print(f"{arguments.file} cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    return asyncio.run(run(file, arguments.url, arguments.key, arguments.concurrency))


if __name__ == "__main__":
    sys.exit(main())
