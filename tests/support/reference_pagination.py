"""Pages and orders in plain Python: sort all rows, slice the requested part, build cursors by their documented
layout.
"""

import base64
import functools
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from graphql_app.domain import enums, status_rules
from graphql_app.errors import request_errors
from tests.support import reference_lateness

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
OrderKey = tuple[Callable[[Any], Any], str, bool]
"""The value of a row, its kind, and whether descending."""
Order = list[OrderKey]
"""What to sort by."""


class Page:
    """A page of a connection. Raises BadUserInput or InvalidCursor for invalid page arguments."""

    def __init__(
        self, all_rows: Iterable[Any], test: Callable[[Any], bool], order: Order, name: str, args: dict[str, Any],
        more_in_cursor: Sequence[OrderKey] = (),
    ) -> None:  # fmt: skip
        first, last = args.get("first"), args.get("last")
        if first is not None and last is not None:
            raise request_errors.BadUserInput("Set either `first` or `last`, not both.")
        for word, number in (("first", first), ("last", last)):
            if number is not None and not 0 <= number <= 250:
                raise request_errors.BadUserInput(f"`{word}` must be between 0 and 250 (was {number}).")
        self.order, self.name, self.in_cursor = order, name, [*order, *more_in_cursor]
        all_rows = sorted(all_rows, key=functools.cmp_to_key(self.compare))
        self.rows = rows = [row for row in all_rows if test(row)]
        rows_by_cursor = {self.cursor(row): row for row in all_rows}
        low, high = 0, len(rows)
        for argument in ("after", "before"):
            if args.get(argument) is not None and args[argument] not in rows_by_cursor:
                raise request_errors.InvalidCursor
        if args.get("after") is not None:
            low = sum(self.compare(row, rows_by_cursor[args["after"]]) <= 0 for row in rows)
        if args.get("before") is not None:
            high = sum(self.compare(row, rows_by_cursor[args["before"]]) < 0 for row in rows)
        window = range(low, max(low, high))
        page_size = last if last is not None else 50 if first is None else first
        page = window[len(window) - min(page_size, len(window)) :] if last is not None else window[:page_size]
        self.nodes = [rows[index] for index in page]
        self.edges = [{"node": row, "cursor": self.cursor(row)} for row in self.nodes]
        self.pageInfo = {
            "hasNextPage": (len(window) > page_size and last is None) or high < len(rows),
            "hasPreviousPage": (len(window) > page_size and last is not None) or low > 0,
            "startCursor": self.cursor(self.nodes[0]) if page else None,
            "endCursor": self.cursor(self.nodes[-1]) if page else None,
        }

    def compare(self, a: Any, b: Any) -> int:
        """Which of two rows comes first: negative, zero or positive."""
        for value, _, descending in self.order:
            x, y = value(a), value(b)
            if x != y:
                return -1 if (x < y) != descending else 1
        return 0

    def cursor(self, row: Any) -> str:
        """The cursor of a row."""
        body = b"".join(packed(value(row), kind) for value, kind, _ in self.in_cursor)
        seed = f"{self.name}:{','.join('-' if descending else '+' for _, _, descending in self.in_cursor)}".encode()
        return base64.b64encode(b"\x01" + body + struct.pack(">I", zlib.crc32(seed + body))).decode()

    def total(self, limit: int | None) -> dict[str, Any]:
        """`totalCount` with a limit."""
        count = len(self.rows)
        complete = limit is None or count <= limit
        return {
            "count": count if complete else limit,
            "precision": enums.CountPrecision("EXACT" if complete else "AT_LEAST"),
        }


def packed(value: Any, kind: str) -> bytes:
    """A sort value as bytes of a cursor."""
    if kind == "instant":
        if value == FOREVER:
            return struct.pack(">q", 2**63 - 1)
        if value == ALWAYS:
            return struct.pack(">q", -(2**63))
        return struct.pack(">q", (value - EPOCH) // timedelta(microseconds=1))
    if kind in ("decimal", "status"):
        text = (f"{value:.18f}" if value != NO_WEIGHT else str(value)) if kind == "decimal" else STATUSES[value]
        return struct.pack(">h", len(text)) + text.encode()
    if kind == "number":
        return struct.pack(">q", value)
    if kind == "text":
        return struct.pack(">h", len(value)) + bytes(value)
    return bytes(value.bytes)


class Forever:
    """Greater than every instant: the sort value of null."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return other is not self


FOREVER: Any = Forever()
ALWAYS = datetime.min.replace(tzinfo=UTC)
NO_WEIGHT = Decimal(10**12)
STATUSES = list(enums.ShipmentStatus)


def late_from(row: Any) -> Any:
    """Since or from when a shipment is late."""
    limit = reference_lateness.deadline(row)
    if limit is None or (row.delivered_at is None and row.status in status_rules.CLOSED):
        return FOREVER
    if row.delivered_at is not None:
        return ALWAYS if row.delivered_at > limit else FOREVER
    return limit


def delivery_delay(row: Any) -> int:
    """Microseconds from the deadline to the delivery."""
    limit = reference_lateness.deadline(row)
    if limit is None or row.delivered_at is None:
        return 2**63 - 1
    delay: int = (row.delivered_at - limit) // timedelta(microseconds=1)
    return delay


ID = (lambda row: row.id, "id")
SHIPMENT_ORDERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "CREATED_AT": (lambda row: row.created_at, "instant"),
    "UPDATED_AT": (lambda row: row.updated_at, "instant"),
    "NUMBER": (lambda row: row.number.encode(), "text"),
    "STATUS_AT": (lambda row: row.status_at, "instant"),
    "PROMISED_TO": (lambda row: row.promised_to or FOREVER, "instant"),
    "ESTIMATED_DELIVERY_AT": (lambda row: row.estimated_delivery_at or FOREVER, "instant"),
    "LAST_EVENT_AT": (lambda row: row.last_event_at or FOREVER, "instant"),
    "DELIVERED_AT": (lambda row: row.delivered_at or FOREVER, "instant"),
    "TOTAL_WEIGHT": (lambda row: NO_WEIGHT if row.total_weight_g is None else row.total_weight_g, "decimal"),
    "RECIPIENT_NAME": (
        lambda row: ("\U0010ffff" if row.recipient_name is None else row.recipient_name).encode(),
        "text",
    ),
    "STATUS": (lambda row: STATUSES.index(row.status), "status"),
    "LATENESS": (late_from, "instant"),
    "DELIVERY_DELAY": (delivery_delay, "number"),
}
EVENT_ORDERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "OCCURRED_AT": (lambda row: row.occurred_at, "instant"),
    "RECORDED_AT": (lambda row: row.recorded_at, "instant"),
}
