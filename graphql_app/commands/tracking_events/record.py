"""Recording tracking events. Lenient: every valid report of a known shipment or package is stored, duplicates excepted.

Takes validated reports, returns one result per report. Six statements for any number of rows: find the targets, lock
the shipments, load their packages, find duplicates, and two that write. One more maps carrier statuses if a report has
no `code`. Late events need one more for each 4,000 events that are replayed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.command import CommandContext, RowResult, json_text
from graphql_app.commands.loop_share import map_in_turns
from graphql_app.commands.shipments import locking
from graphql_app.commands.shipments.event_history import EventHistory
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.commands.tracking_events import carrier_status_lookup, duplicates
from graphql_app.commands.tracking_events.duplicates import PLACE_COLUMNS
from graphql_app.commands.tracking_events.report import EventReport
from graphql_app.domain import enums, event_identity, status_projection
from graphql_app.domain.projection_state import ProjectionEvent
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

IDENTITY_COLUMNS = ("source_name", "external_event_id", "package_id", "occurred_at", "carrier_status_raw", "message")
"""Columns that identify an event, together with code and place."""
MAX_EVENTS = 100_000
"""Maximum number of events of a shipment that are not voided."""
TOO_MANY_EVENTS = f"A shipment has at most {MAX_EVENTS:,} tracking events."
"""The message for an event of a shipment that has MAX_EVENTS."""
TARGET_NOT_FOUND = "There is no shipment or package with this id, number, external reference or tracking number."
"""The message for a target that matches neither a shipment nor a package."""


async def record(context: CommandContext, reports: Sequence[EventReport]) -> list[RowResult]:
    """Record the reports that have no errors."""
    results = [RowResult.from_validator(report.validator) for report in reports]
    valid = [index for index, report in enumerate(reports) if not report.validator.errors]
    carriers = await resolve_targets(context, reports, valid)
    valid = [index for index in valid if not reports[index].validator.errors]
    shipment_ids = {reports[index].row["shipment_id"] for index in valid}
    locked = await locking.lock(context, [{**locking.NO_KEY, "id": id_} for id_ in shipment_ids])
    # After the lock, which gives the transaction an ID: `reapply.transactions_before` relies on it.
    await carrier_status_lookup.map_carrier_statuses(context, [(reports[index], carriers[index]) for index in valid])
    await map_in_turns(set_derived_columns, (reports[index] for index in valid))
    for index in valid:
        results[index].shipment = reports[index].row["shipment_id"]
    await insert(context, locked, [(reports[index], results[index]) for index in valid])
    return results


async def resolve_targets(
    context: CommandContext, reports: Sequence[EventReport], indexes: Sequence[int]
) -> dict[int, str | None]:
    """Find the shipment and package of each report at these indexes. Returns the code of the carrier by index."""
    if not indexes:
        return {}
    targets = [{**reports[index].target, "row": index} for index in indexes]
    records = {row.row: row for row in await context.sql("tracking_event_targets", {"targets": json_text(targets)})}
    for index in indexes:
        report, target = reports[index], records.get(index)
        if target is None:
            report.validator.add_error(user_errors.NotFound(TARGET_NOT_FOUND), "target")
            continue
        report.row.update(shipment_id=target.shipment_id, package_id=target.package_id)
        report.package_seq = target.package_seq
        if target.others > 0:
            message = "Several active packages have this tracking number. The event was recorded for the newest."
            report.validator.add_warning("AMBIGUOUS", message, "target", "trackingNumber")
    return {index: reports[index].target["carrier"] or target.carrier for index, target in records.items()}


def set_derived_columns(report: EventReport) -> None:
    """Set the columns that follow from the others: `dedupe_key`, `position`, `corrects_event_id`."""
    row = report.row
    # The code of the input, not the mapped one: the mapping of a carrier status may change, and the same carrier status
    # at the same time is the same report nevertheless.
    content = {name: row[name] for name in IDENTITY_COLUMNS} | {
        "code": report.code or "",
        "place": [row[name] for name in PLACE_COLUMNS],
    }
    key = event_identity.dedupe_key(**content)
    # A replacement differs from the event that it replaces, even if all identifying columns are equal.
    row["dedupe_key"] = key if report.corrects is None else hashlib.sha256(key + report.corrects.bytes).digest()
    override = row["override_status"] and enums.ShipmentStatus(row["override_status"])
    # Without the package id: ids follow the order of arrival. `position` takes the number of the package instead.
    ordering_key = key if row["package_id"] is None else event_identity.dedupe_key(**{**content, "package_id": None})
    row["position"] = status_projection.position(row["code"], override, ordering_key, report.package_seq)
    row["corrects_event_id"] = report.corrects


async def insert(
    context: CommandContext,
    locked: Mapping[UUID, LockedShipment],
    rows: Sequence[tuple[EventReport, RowResult]],
    *,
    history: EventHistory | None = None,
    voided: Mapping[str, Any] | None = None,
) -> None:
    """Apply the new events to their locked shipments and save everything. Duplicates are skipped.

    `history`: the loaded events of the shipments, if events were removed before. `voided`: id and reason of an event to
    void in the same statement.
    """
    if not locked:
        return
    now = next(iter(locked.values())).now
    for report, _ in rows:
        warn_future(report, now)
    new_rows = await duplicates.without_duplicates(context, rows)
    if not new_rows and not voided:
        return
    new_rows = within_limit(locked, new_rows, rows)
    if not new_rows and not voided:
        return
    if history is None:
        history = EventHistory(context)
        shipment_ids = {report.row["shipment_id"] for report, _ in new_rows}
        await locking.load_packages(context, {id_: locked[id_] for id_ in shipment_ids})
    by_shipment: dict[UUID, list[tuple[EventReport, RowResult]]] = {}
    for report, result in new_rows:
        by_shipment.setdefault(report.row["shipment_id"], []).append((report, result))
    events = {id_: [new_event(report, now) for report, _ in group] for id_, group in by_shipment.items()}
    before = {id_: locked[id_].status for id_ in events}
    await history.add([(locked[id_], new) for id_, new in events.items()])
    for id_, group in by_shipment.items():
        results = {report.row["id"]: result for report, result in group}
        await apply_events(locked[id_], before[id_], history, events[id_], results)
    if context.validate_only:
        return
    event_rows = [
        {
            **report.row,
            "not_applied_reason": history.reasons[report.row["id"]],
            "state_after": history.checkpoints.get(report.row["id"]),
        }
        for report, _ in new_rows
    ]
    void_values = {"voided": None, "void_reason": None, **(voided or {})}
    await context.sql(
        "tracking_events_insert",
        {
            "events": json_text(event_rows),
            "changed_events": json_text(history.changed_rows()),
            **void_values,
            "now": now,
        },
    )
    await locking.save(context, locked.values())


def warn_future(report: EventReport, now: datetime) -> None:
    """Warn about an event that lies too far in the future to be applied; `now` is the time at which it is recorded."""
    if new_event(report, now).time.is_future:
        message = "More than 24 hours in the future. The event is stored and does not change the status."
        report.validator.add_warning("FUTURE", message, "occurred")


def within_limit(
    locked: Mapping[UUID, LockedShipment], new_rows: duplicates.Reports, rows: duplicates.Reports
) -> list[tuple[EventReport, RowResult]]:
    """The new events that their shipments can hold. An override always fits.

    The others, and their duplicates in the same call, get a LimitExceeded error.
    """
    counts = {id_: shipment.row["event_count"] for id_, shipment in locked.items()}
    accepted, rejected = list[tuple[EventReport, RowResult]](), set[UUID]()
    for report, result in new_rows:
        shipment_id = report.row["shipment_id"]
        if counts[shipment_id] >= MAX_EVENTS and report.row["override_status"] is None:
            rejected.add(report.row["id"])
            continue
        counts[shipment_id] += 1
        accepted.append((report, result))
    for report, result in rows if rejected else ():
        if result.event in rejected:
            report.validator.add_error(user_errors.LimitExceeded(TOO_MANY_EVENTS), "target")
            result.event, result.created, result.duplicate = None, False, False
    return accepted


async def apply_events(
    shipment: LockedShipment,
    before: enums.ShipmentStatus,
    history: EventHistory,
    events: Sequence[ProjectionEvent],
    results: Mapping[UUID, RowResult],
) -> None:
    """Apply new events to one shipment and log each as one change.

    `before` is the status before them; `results` are by event id.
    """
    async for event in history.applied(shipment, events):
        shipment.row["event_count"] += 1
        results[event.id].status_changed = before is not shipment.status
        changed = {"events": [None, public_ids.encode(models.TrackingEvent, event.id)]}
        shipment.add_change("tracking_event.recorded", changed, before, event.id)
        before = shipment.status


def new_event(report: EventReport, now: datetime) -> ProjectionEvent:
    """A report as an event of the projection, recorded at `now`."""
    row = report.row
    return ProjectionEvent(
        row["id"],
        row["package_id"],
        row["code"],
        row["reason"] and enums.ExceptionReason(row["reason"]),
        row["occurred_at"],
        now,
        row["position"],
        row["estimated_delivery_at"],
        row["override_status"] and enums.ShipmentStatus(row["override_status"]),
        enums.TimePrecision(row["time_precision"]),
        row["occurred_local"],
    )
