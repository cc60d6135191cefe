"""Values of the seed data that are the same in every run: ids, times, and texts that are hard to escape."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from graphql_app.domain import enums

EPOCH = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
STATUSES = list(enums.ShipmentStatus)
REASONS = list(enums.ExceptionReason)
CODES = list(enums.TrackingEventCode)
TEXTS = [
    "Anna Müller",
    'O\'Neil & "Söhne" \\ Co',
    "株式会社 東京",
    "tab\tline\ncr\rbell\x07\x01\x1f\x7f",
    "🚚📦👩‍👩‍👧",
    "",
    "x" * 200,
    "</script><!-- & -->",
    "100%_\\%",
    "line\u2028par\u2029bom\ufeff",
    "\U0010ffff\ue000\ud7ff",
    "ß İ ı K",
    '{"json": [1]}',
    "$1 :name %(x)s {0}",
    "'; DROP TABLE shipment; --",
    "null",
]
"""Texts that need escaping in SQL, JSON, HTML or a terminal."""


def uid(kind: str, number: int) -> UUID:
    """A UUIDv7 that is the same in every run and sorts by `number` among those of its kind."""
    bits = int.from_bytes(hashlib.sha256(f"{kind}{number}".encode()).digest()[:10])
    return UUID(int=(1_772_000_000_000 + number) << 80 | 7 << 76 | (bits & ~(0xF << 76 | 3 << 62)) | 2 << 62)


def at(seconds: float) -> str:
    """The time `seconds` after EPOCH, as ISO 8601 text."""
    return (EPOCH + timedelta(seconds=seconds)).isoformat()


def pick(values: list[Any], number: int) -> Any:
    """The value at `number`, modulo the number of values."""
    return values[number % len(values)]
