"""Delivery report: `python examples/report.py [--url URL] [--key KEY] [--zone ZONE] [--charts FOLDER]`.

Prints the on-time rate of each month of delivery, and how late the late deliveries of each lane are (from country to
country), both from one request each. With `--charts` it writes them as `on-time.png` and `late-by-lane.png`; that needs
matplotlib (`pip install 'graphql-app[report]'`). Import the SCMS file first (`import_scms.py`) to see ten years of
deliveries.
"""

import argparse
import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrying_client import Client, RequestRejected, RetriesExhausted

MONTHS = """
query OnTimeByMonth($zone: TimeZone!) {
  shipmentStats(
    where: { deliveredAt: { isNull: false } }
    bucket: { field: DELIVERED_AT, by: MONTH, timeZone: $zone, fillGaps: true }
    first: 1000
  ) {
    total { count onTime { kept of rate } }
    groups { bucket { localStart } measures { count onTime { kept of rate } } }
    precision
  }
}"""
LANES = """
query LatestLanes {
  shipmentStats(
    where: { deliveredAt: { isNull: false }, lateness: { in: [LATE] } }
    groupBy: [ORIGIN_COUNTRY, DESTINATION_COUNTRY]
    first: 15
  ) {
    groups { keys { value } measures { count lateBy(percentiles: [50, 90, 95]) { percentiles { percentile value } } } }
  }
}"""
DURATION = re.compile(r"P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?")


@dataclass
class Month:
    """The deliveries of a month."""

    name: str
    count: int
    rate: float | None


@dataclass
class Lane:
    """The late deliveries of a lane: their number, and percentile → days late."""

    name: str
    count: int
    days: dict[float, float]


def days(duration: str) -> float:
    """The days of an ISO 8601 duration as the API writes it."""
    match = DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is not a duration")
    numbers = [float(group or 0) for group in match.groups()]
    return numbers[0] + numbers[1] / 24 + numbers[2] / 1440 + numbers[3] / 86400


def read_months(stats: dict[str, Any]) -> list[Month]:
    """The months of a response."""
    return [
        Month(group["bucket"]["localStart"][:7], group["measures"]["count"], group["measures"]["onTime"]["rate"])
        for group in stats["groups"]
    ]


def read_lanes(stats: dict[str, Any]) -> list[Lane]:
    """The lanes of a response, those with the longest median first."""
    lanes = [
        Lane(
            " → ".join(key["value"] or "?" for key in group["keys"]),
            group["measures"]["count"],
            {item["percentile"]: days(item["value"]) for item in group["measures"]["lateBy"]["percentiles"]},
        )
        for group in stats["groups"]
    ]
    return sorted(lanes, key=lambda lane: lane.days[50.0], reverse=True)


def table(months: list[Month], lanes: list[Lane]) -> str:
    """The report as text."""
    lines = ["month     delivered  on time"]
    for month in months:
        rate = "-" if month.rate is None else f"{month.rate:.1%}"
        lines.append(f"{month.name:9} {month.count:9,} {rate:>8}")
    lines += ["", "lane      late    p50 days   p90   p95"]
    for lane in lanes:
        lines.append(
            f"{lane.name:9} {lane.count:4} {lane.days[50.0]:11.1f} {lane.days[90.0]:5.0f} {lane.days[95.0]:5.0f}"
        )
    return "\n".join(lines)


def write_charts(folder: Path, months: list[Month], lanes: list[Lane]) -> None:
    """Write both charts. Raises ImportError without matplotlib."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    known = [month for month in months if month.rate is not None]
    axes.plot([month.name for month in known], [100 * (month.rate or 0) for month in known], color="#1f6feb")
    axes.set(title="Deliveries on time by month", ylabel="%", ylim=(0, 105))
    axes.set_xticks([month.name for month in known][:: max(1, len(known) // 10)])
    axes.grid(alpha=0.3)
    figure.savefig(folder / "on-time.png", dpi=110)
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for percentile, colour in ((95.0, "#c9ddff"), (90.0, "#79a8f2"), (50.0, "#1f6feb")):
        values = [lane.days[percentile] for lane in lanes[::-1]]
        axes.barh([lane.name for lane in lanes[::-1]], values, color=colour, label=f"p{percentile:.0f}")
    axes.set(title="Days late by lane, late deliveries only", xlabel="days")
    axes.legend()
    figure.savefig(folder / "late-by-lane.png", dpi=110)


async def report(client: Client, zone: str) -> tuple[list[Month], list[Lane]]:
    """The months and lanes of the API."""
    months = await client.query(MONTHS, {"zone": zone})
    lanes = await client.query(LANES, {})
    return read_months(months["shipmentStats"]), read_lanes(lanes["shipmentStats"])


async def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000/graphql")
    parser.add_argument("--key", help="API key")
    parser.add_argument("--zone", default="UTC", help="time zone of the months")
    parser.add_argument("--charts", type=Path, help="folder for the charts")
    args = parser.parse_args()
    try:
        async with Client(args.url, key=args.key) as client:
            months, lanes = await report(client, args.zone)
    except (RequestRejected, RetriesExhausted) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(months, lanes))
    if args.charts is not None:
        write_charts(args.charts, months, lanes)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
