"""What makes two reports the same event: content in, 32 bytes out, unique within a shipment.

The reporter's own identity of the event decides when there is one; else what happened to which package, when and where,
and the carrier's own code. The same report is then the same event, however often and by whomever it is sent.
"""

import hashlib
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
) -> bytes:
    """The key of an event. `place`: the fields of its place, always in the same order."""
    if external_event_id is not None:
        return digest("id", source_name, external_event_id)
    package = None if package_id is None else package_id.hex
    where = (None if part is None else str(part) for part in place)
    return digest("content", package, code, str(int(occurred_at.timestamp() // 1)), carrier_status_raw, *where)


def digest(*parts: str | None) -> bytes:
    """SHA-256 of some texts, each with its length before it, so that no two lists of texts look the same."""
    texts = (None if part is None else part.encode() for part in parts)
    return hashlib.sha256(b"".join(b"-" if text is None else b"%d:%b" % (len(text), text) for text in texts)).digest()
