"""Deduplication of tracking events: a key of 32 bytes, unique within a shipment.

Two reports with the same key are the same event. If the report carries the source's own event ID, the key consists of
source and ID. Otherwise it consists of event code, package, time (to the second), place and the carrier's status code,
so that a report is recorded once, even if it is sent repeatedly or by several sources. Without a status code, too, only
the message tells two reports with the same code in the same second apart, so it is part of the key.
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID


def dedupe_key(
    *,
    source_name: str,
    external_event_id: str | None,
    package_id: UUID | None,
    code: str,
    occurred_at: datetime,
    place: Iterable[str | float | None] = (),
    carrier_status_raw: str | None = None,
    message: str | None = None,
) -> bytes:
    """Return the deduplication key of an event, 32 bytes.

    `place` holds the fields of the event's place, always in the same order. `occurred_at` must have a UTC offset; it
    counts in whole seconds, rounded down. With `external_event_id`, only it and `source_name` count. `message` counts
    only without `carrier_status_raw`.
    """
    if external_event_id is not None:
        return digest("id", source_name, external_event_id)
    package = None if package_id is None else package_id.hex
    place_texts = (None if part is None else str(part) for part in place)
    content = ("content", package, code, str(seconds(occurred_at)), carrier_status_raw, *place_texts)
    return digest(*content) if carrier_status_raw is not None or message is None else digest(*content, message)


def seconds(at: datetime) -> int:
    """Return a time in whole seconds since 1970, rounded down."""
    return int(at.timestamp() // 1)


def composed(text: str) -> str:
    """Return a text in Unicode's normal form C, in which composed and decomposed characters are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def digest(*parts: str | None) -> bytes:
    """Return the SHA-256 digest of a list of texts.

    Each text is prefixed with its length, and None differs from the empty text, so that different lists never
    serialize to the same bytes. Composed and decomposed characters are equal.
    """
    texts = (None if part is None else composed(part).encode() for part in parts)
    return hashlib.sha256(b"".join(b"-" if text is None else b"%d:%b" % (len(text), text) for text in texts)).digest()
