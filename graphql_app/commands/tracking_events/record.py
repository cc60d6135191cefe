"""Tracking events are recorded. Lenient: a report is kept unless it is malformed, of nothing we know, or a duplicate.

In flow inputs under their GraphQL names, out flows an outcome for each. Six statements, however many rows: what they
are about, what carriers' words mean, the locked shipments with their packages, which events are known, and two that
write. A seventh reads the events of shipments for which one arrived late.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.command import CommandContext, RowResult, json_text
from graphql_app.commands.shipments import locking
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.commands.shipments.status_recalculation import EventHistory, flag_rows
from graphql_app.commands.tracking_events import carrier_status_lookup
from graphql_app.commands.tracking_events.report import EventReport
from graphql_app.domain import enums, event_identity, status_projection
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

IDENTITY_COLUMNS = ("source_name", "external_event_id", "package_id", "occurred_at", "carrier_status_raw")
PLACE_COLUMNS = ("place_name", "city", "region", "postal_code", "country_code", "latitude", "longitude")
TARGET_NOT_FOUND = "There is no such shipment or package."


async def record(act: CommandContext, reports: Sequence[EventReport]) -> list[RowResult]:
    """Record the events in which nothing is wrong yet."""
    outcomes = [RowResult.from_validator(report.check) for report in reports]
    good = [at for at, report in enumerate(reports) if not report.check.errors]
    carriers = await resolve_targets(act, reports, good)
    good = [at for at in good if not reports[at].check.errors]
    await carrier_status_lookup.map_carrier_statuses(act, [(reports[at], carriers[at]) for at in good])
    for at in good:
        set_derived_columns(reports[at])
        outcomes[at].shipment = reports[at].row["shipment_id"]
    locked = await locking.lock(act, [{**locking.NO_KEY, "id": key} for key in {outcomes[at].shipment for at in good}])
    await insert(act, locked, [(reports[at], outcomes[at]) for at in good])
    return outcomes


async def resolve_targets(
    act: CommandContext, reports: Sequence[EventReport], good: Sequence[int]
) -> dict[int, str | None]:
    """Find the shipments and packages that the events are about; the carrier of each."""
    if not good:
        return {}
    targets = [{**reports[at].target, "row": at} for at in good]
    found = {row.row: row for row in await act.sql("tracking_event_targets", {"targets": json_text(targets)})}
    for at in good:
        report, answer = reports[at], found.get(at)
        if answer is None:
            report.check.add_error(user_errors.NotFound(TARGET_NOT_FOUND), "target")
            continue
        report.row.update(shipment_id=answer.shipment_id, package_id=answer.package_id)
        report.package_seq = answer.package_seq
        if answer.others > 0:
            message = "Several packages under way bear this tracking number; the newest was meant."
            report.check.add_warning("AMBIGUOUS", message, "target", "trackingNumber")
    return {at: reports[at].target["carrier"] or row.carrier for at, row in found.items()}


def set_derived_columns(report: EventReport) -> None:
    """The columns that follow from the others."""
    row = report.row
    # what a carrier's word means may be told anew: the same word of the same moment is the same report all the same
    content = {name: row[name] for name in IDENTITY_COLUMNS} | {
        "code": report.code or "",
        "place": [row[name] for name in PLACE_COLUMNS],
    }
    key = event_identity.dedupe_key(**content)
    # a replacement is another event than the one it replaces, even where it differs in nothing that makes it the same
    row["dedupe_key"] = key if report.corrects is None else hashlib.sha256(key + report.corrects.bytes).digest()
    override = row["override_status"] and enums.ShipmentStatus(row["override_status"])
    told = key if row["package_id"] is None else event_identity.dedupe_key(**{**content, "package_id": None})
    row["position"] = status_projection.position(row["code"], override, told, report.package_seq)
    row["corrects_event_id"] = report.corrects


async def insert(act: CommandContext, locked: Mapping[UUID, LockedShipment], rows: Sequence[tuple[EventReport, RowResult]], *,
                timeline: EventHistory | None = None, voided: Mapping[str, Any] | None = None) -> None:  # fmt: skip
    """Let the events that are new move their locked shipments, and save all of it."""
    fresh = await without_duplicates(act, rows)
    if not fresh and not voided:
        return
    timeline = timeline or EventHistory(locked)
    if not timeline.stored:
        await locking.load_packages(
            act, {key: locked[key] for key in {report.row["shipment_id"] for report, _ in fresh}}
        )
    now = datetime.now(UTC)
    per_shipment: dict[UUID, list[tuple[EventReport, RowResult]]] = {}
    for report, outcome in fresh:
        per_shipment.setdefault(report.row["shipment_id"], []).append((report, outcome))
    events = {key: [event_of(report, now) for report, _ in group] for key, group in per_shipment.items()}
    await timeline.load(act, [key for key, new in events.items() if timeline.has_late_event(locked[key], new)])
    for key, group in per_shipment.items():
        apply_events(locked[key], timeline, events[key], {report.row["id"]: outcome for report, outcome in group})
    if act.validate_only:
        return
    new = [
        {**report.row, "not_applied_reason": timeline.reasons[report.row["shipment_id"]][report.row["id"]]}
        for report, _ in fresh
    ]
    voiding = {"voided": None, "void_reason": None, **(voided or {})}
    await act.sql(
        "tracking_events_insert",
        {"events": json_text(new), **flag_rows(timeline.changed_flags()), **voiding, "now": now},
    )
    await locking.save(act, locked.values())


async def without_duplicates(
    act: CommandContext, rows: Sequence[tuple[EventReport, RowResult]]
) -> list[tuple[EventReport, RowResult]]:
    """The events that are not recorded yet. The outcome of a duplicate names the event that it repeats."""
    if not rows:
        return []
    keys = {
        "shipment": [report.row["shipment_id"] for report, _ in rows],
        "dedupe_key": [report.row["dedupe_key"] for report, _ in rows],
    }
    known = {
        (row.shipment_id, bytes(row.dedupe_key)): row.id for row in await act.sql("tracking_events_get_existing", keys)
    }
    fresh = []
    for report, outcome in rows:
        key = report.row["shipment_id"], report.row["dedupe_key"]
        outcome.event = known.get(key)
        outcome.duplicate = outcome.event is not None
        if outcome.event is None:
            outcome.event = known[key] = report.row["id"]
            outcome.created = True
            fresh.append((report, outcome))
    return fresh


def apply_events(
    shipment: LockedShipment,
    timeline: EventHistory,
    events: Sequence[status_projection.ProjectionEvent],
    outcomes: Mapping[UUID, RowResult],
) -> None:
    """New events of one shipment: each is a change of it."""
    before = shipment.status
    for event in timeline.add(shipment, events):
        shipment.row["event_count"] += 1
        outcomes[event.id].status_changed = before is not shipment.status
        changed = {"events": [None, public_ids.encode(models.TrackingEvent, event.id)]}
        shipment.add_change("tracking_event.recorded", changed, before, event.id)
        before = shipment.status


def event_of(report: EventReport, now: datetime) -> status_projection.ProjectionEvent:
    """A new event, as the projection sees it."""
    row = report.row
    return status_projection.ProjectionEvent(
        row["id"],
        row["package_id"],
        row["code"],
        row["reason"] and enums.ExceptionReason(row["reason"]),
        row["occurred_at"],
        now,
        row["position"],
        row["estimated_delivery_at"],
        row["override_status"] and enums.ShipmentStatus(row["override_status"]),
        row["time_precision"] == enums.TimePrecision.DATE_ONLY,
    )
