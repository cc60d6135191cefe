"""Duplicates of tracking events: the recorded event of each report, and what the report says differently.

A duplicate succeeds and changes nothing. What it says differently from the recorded event is therefore lost, so it is
reported as the warning DUPLICATE_DIFFERS.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.tracking_events.report import EventReport
from graphql_app.domain import event_identity

PLACE_COLUMNS = ("place_name", "city", "region", "postal_code", "country_code", "latitude", "longitude")
"""Columns of the place of an event, in the order of the deduplication key."""
MAPPING_CHANGED_MESSAGE = (
    "This carrier status has another mapping since the event was recorded. The recorded event is unchanged. To apply "
    "the mapping to it, use `carrierStatusMap` with `reapply: true`."
)
Reports = Sequence[tuple[EventReport, RowResult]]
"""Validated reports, each with its result."""


async def without_duplicates(context: CommandContext, rows: Reports) -> list[tuple[EventReport, RowResult]]:
    """The events that are not recorded yet. The result of a duplicate has the id of the recorded event."""
    if not rows:
        return []
    keys = {
        "shipment": [report.row["shipment_id"] for report, _ in rows],
        "dedupe_key": [report.row["dedupe_key"] for report, _ in rows],
    }
    records = await context.sql("tracking_events_get_existing", keys)
    recorded = {(row.shipment_id, bytes(row.dedupe_key)): row._mapping for row in records}
    new_rows = []
    for report, result in rows:
        key = report.row["shipment_id"], report.row["dedupe_key"]
        existing = recorded.get(key)
        result.duplicate = existing is not None
        if existing is None:
            recorded[key] = report.row
            result.event = report.row["id"]
            result.created = True
            new_rows.append((report, result))
            continue
        result.event = existing["id"]
        add_warning(report, list(differences(report, existing)))
        if report.row["code_mapped"] and existing["code_mapped"] and report.row["code"] != existing["code"]:
            report.validator.add_warning("MAPPING_CHANGED", MAPPING_CHANGED_MESSAGE, "carrierStatusRaw")
    return new_rows


def differences(report: EventReport, recorded: Mapping[str, Any]) -> Iterator[str]:
    """The GraphQL names of the fields in which a report differs from the recorded event.

    Fields that the report omits are not compared. The message is compared only if the report has an external event id:
    two sources describe the same scan with different texts.
    """
    row = report.row
    if report.code is not None and report.code != recorded["code"]:
        yield "code"
    if is_different(row["carrier_status_raw"], recorded["carrier_status_raw"]):
        yield "carrierStatusRaw"
    if is_different(report.reason, recorded["reason"]):
        yield "reason"
    if event_identity.seconds(row["occurred_at"]) != event_identity.seconds(recorded["occurred_at"]):
        yield "occurred"
    if row["package_id"] != recorded["package_id"]:
        yield "target"
    if any(is_different(row[name], recorded[name]) for name in PLACE_COLUMNS):
        yield "place"
    if is_different(row["estimated_delivery_at"], recorded["estimated_delivery_at"]):
        yield "estimatedDeliveryAt"
    if row["external_event_id"] is not None and is_different(row["message"], recorded["message"]):
        yield "message"


def is_different(reported: object, recorded: object) -> bool:
    """Whether a reported value, if there is one, differs from the recorded one. Texts are compared in NFC."""
    if isinstance(reported, str) and isinstance(recorded, str):
        return event_identity.composed(reported) != event_identity.composed(recorded)
    return reported is not None and reported != recorded


def add_warning(report: EventReport, fields: Sequence[str]) -> None:
    """Add the warning DUPLICATE_DIFFERS if there are such fields."""
    if not fields:
        return
    by_id = report.row["external_event_id"] is not None
    identity = "this `externalEventId`" if by_id else "the same identifying fields"
    names = ", ".join(f"`{name}`" for name in fields)
    message = (
        f"The event with {identity} was recorded before with another value of {names}. The recorded event is "
        "unchanged. To correct it, use `trackingEventVoid` with `replacement`."
    )
    report.validator.add_warning("DUPLICATE_DIFFERS", message, "externalEventId" if by_id else fields[0])
