"""Pages and orders in plain Python: sort everything, take the part that was asked for, make cursors by their layout."""

import base64
import functools
import struct
import zlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql_app.domain import enums
from graphql_app.errors import request_errors

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
Order = list[tuple[Callable[[Any], Any], str, bool]]
"""What to sort by: a value, the kind of it, and whether downwards."""


class Page:
    """A page of a connection."""

    def __init__(
        self, everything: Iterable[Any], test: Callable[[Any], bool], order: Order, name: str, args: dict[str, Any]
    ) -> None:
        first, last = args.get("first"), args.get("last")
        if first is not None and last is not None:
            raise request_errors.BadUserInput("Set either `first` or `last`, not both.")
        for word, number in (("first", first), ("last", last)):
            if number is not None and not 0 <= number <= 250:
                raise request_errors.BadUserInput(f"`{word}` must be between 0 and 250 (was {number}).")
        self.order, self.name = order, name
        everything = sorted(everything, key=functools.cmp_to_key(self.compare))
        self.rows = rows = [row for row in everything if test(row)]
        by_cursor = {self.cursor(row): row for row in everything}
        low, high = 0, len(rows)
        for word in ("after", "before"):
            if args.get(word) is not None and args[word] not in by_cursor:
                raise request_errors.InvalidCursor
        if args.get("after") is not None:
            low = sum(self.compare(row, by_cursor[args["after"]]) <= 0 for row in rows)
        if args.get("before") is not None:
            high = sum(self.compare(row, by_cursor[args["before"]]) < 0 for row in rows)
        window = range(low, max(low, high))
        size = last if last is not None else 50 if first is None else first
        taken = window[len(window) - min(size, len(window)) :] if last is not None else window[:size]
        self.nodes = [rows[at] for at in taken]
        self.edges = [{"node": row, "cursor": self.cursor(row)} for row in self.nodes]
        self.pageInfo = {
            "hasNextPage": (len(window) > size and last is None) or high < len(rows),
            "hasPreviousPage": (len(window) > size and last is not None) or low > 0,
            "startCursor": self.cursor(self.nodes[0]) if taken else None,
            "endCursor": self.cursor(self.nodes[-1]) if taken else None,
        }

    def compare(self, a: Any, b: Any) -> int:
        """Which of two rows comes first."""
        for value, _, down in self.order:
            x, y = value(a), value(b)
            if x != y:
                return -1 if (x < y) != down else 1
        return 0

    def cursor(self, row: Any) -> str:
        """The cursor of a row, made by its description."""
        body = b"".join(packed(value(row), kind) for value, kind, _ in self.order)
        seed = f"{self.name}:{','.join('-' if down else '+' for _, _, down in self.order)}".encode()
        return base64.b64encode(b"\x01" + body + struct.pack(">I", zlib.crc32(seed + body))).decode()

    def total(self, limit: int | None) -> dict[str, Any]:
        count = len(self.rows)
        enough = limit is None or count <= limit
        return {
            "count": count if enough else limit,
            "precision": enums.CountPrecision("EXACT" if enough else "AT_LEAST"),
        }


def packed(value: Any, kind: str) -> bytes:
    if kind == "instant":
        if value == FOREVER:
            return struct.pack(">q", 2**63 - 1)
        return struct.pack(">q", (value - EPOCH) // timedelta(microseconds=1))
    if kind == "number":
        return struct.pack(">q", value)
    if kind == "text":
        return struct.pack(">h", len(value)) + bytes(value)
    return bytes(value.bytes)


class Forever:
    """Later than every instant."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return other is not self


FOREVER: Any = Forever()
ID = (lambda row: row.id, "id")
SHIPMENT_ORDERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "CREATED_AT": (lambda row: row.created_at, "instant"),
    "UPDATED_AT": (lambda row: row.updated_at, "instant"),
    "NUMBER": (lambda row: row.number.encode(), "text"),
    "STATUS_AT": (lambda row: row.status_at, "instant"),
    "PROMISED_TO": (lambda row: row.promised_to or FOREVER, "instant"),
    "ESTIMATED_DELIVERY_AT": (lambda row: row.estimated_delivery_at or FOREVER, "instant"),
    "LAST_EVENT_AT": (lambda row: row.last_event_at or FOREVER, "instant"),
}
EVENT_ORDERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "OCCURRED_AT": (lambda row: row.occurred_at, "instant"),
    "RECORDED_AT": (lambda row: row.recorded_at, "instant"),
}
