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
from graphql_app.commands.command import Act, Outcome, json_text
from graphql_app.commands.shipments import locking
from graphql_app.commands.shipments.locking import Locked
from graphql_app.commands.shipments.status_recalculation import Timeline, flips
from graphql_app.commands.tracking_events import carrier_status_lookup
from graphql_app.commands.tracking_events.report import Report
from graphql_app.domain import enums, event_identity, status_projection
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

SAME = ("source_name", "external_event_id", "package_id", "occurred_at", "carrier_status_raw")
PLACE = ("place_name", "city", "region", "postal_code", "country_code", "latitude", "longitude")
NOTHING = "There is no such shipment or package."


async def record(act: Act, reports: Sequence[Report]) -> list[Outcome]:
    """Record the events in which nothing is wrong yet."""
    outcomes = [Outcome.of(report.check) for report in reports]
    good = [at for at, report in enumerate(reports) if not report.check.problems]
    carriers = await resolve(act, reports, good)
    good = [at for at in good if not reports[at].check.problems]
    await carrier_status_lookup.translate(act, [(reports[at], carriers[at]) for at in good])
    for at in good:
        finish(reports[at])
        outcomes[at].shipment = reports[at].row["shipment_id"]
    locked = await locking.lock(act, [{**locking.NO_KEY, "id": key} for key in {outcomes[at].shipment for at in good}])
    await write(act, locked, [(reports[at], outcomes[at]) for at in good])
    return outcomes


async def resolve(act: Act, reports: Sequence[Report], good: Sequence[int]) -> dict[int, str | None]:
    """Find the shipments and packages that the events are about; the carrier of each."""
    if not good:
        return {}
    targets = [{**reports[at].target, "row": at} for at in good]
    found = {row.row: row for row in await act.sql("tracking_event_targets", {"targets": json_text(targets)})}
    for at in good:
        report, answer = reports[at], found.get(at)
        if answer is None:
            report.check.add(user_errors.NotFound(NOTHING), "target")
            continue
        report.row.update(shipment_id=answer.shipment_id, package_id=answer.package_id)
        report.package_seq = answer.package_seq
        if answer.others > 0:
            message = "Several packages under way bear this tracking number; the newest was meant."
            report.check.warn("AMBIGUOUS", message, "target", "trackingNumber")
    return {at: reports[at].target["carrier"] or row.carrier for at, row in found.items()}


def finish(report: Report) -> None:
    """The columns that follow from the others."""
    row = report.row
    # what a carrier's word means may be told anew: the same word of the same moment is the same report all the same
    content = {name: row[name] for name in SAME} | {"code": report.code or "", "place": [row[name] for name in PLACE]}
    key = event_identity.key(**content)
    # a replacement is another event than the one it replaces, even where it differs in nothing that makes it the same
    row["dedupe_key"] = key if report.corrects is None else hashlib.sha256(key + report.corrects.bytes).digest()
    override = row["override_status"] and enums.ShipmentStatus(row["override_status"])
    told = key if row["package_id"] is None else event_identity.key(**{**content, "package_id": None})
    row["position"] = status_projection.position(row["code"], override, told, report.package_seq)
    row["corrects_event_id"] = report.corrects


async def write(act: Act, locked: Mapping[UUID, Locked], rows: Sequence[tuple[Report, Outcome]], *,
                timeline: Timeline | None = None, voided: Mapping[str, Any] | None = None) -> None:  # fmt: skip
    """Let the events that are new move their locked shipments, and save all of it."""
    fresh = await unknown(act, rows)
    if not fresh and not voided:
        return
    timeline = timeline or Timeline(locked)
    if not timeline.stored:
        await locking.load_packages(
            act, {key: locked[key] for key in {report.row["shipment_id"] for report, _ in fresh}}
        )
    now = datetime.now(UTC)
    per_shipment: dict[UUID, list[tuple[Report, Outcome]]] = {}
    for report, outcome in fresh:
        per_shipment.setdefault(report.row["shipment_id"], []).append((report, outcome))
    events = {key: [event_of(report, now) for report, _ in group] for key, group in per_shipment.items()}
    await timeline.load(act, [key for key, new in events.items() if timeline.late(locked[key], new)])
    for key, group in per_shipment.items():
        move(locked[key], timeline, events[key], {report.row["id"]: outcome for report, outcome in group})
    if act.dry:
        return
    new = [
        {**report.row, "not_applied_reason": timeline.reasons[report.row["shipment_id"]][report.row["id"]]}
        for report, _ in fresh
    ]
    voiding = {"voided": None, "void_reason": None, **(voided or {})}
    await act.sql(
        "tracking_events_insert", {"events": json_text(new), **flips(timeline.flipped()), **voiding, "now": now}
    )
    await locking.save(act, locked.values())


async def unknown(act: Act, rows: Sequence[tuple[Report, Outcome]]) -> list[tuple[Report, Outcome]]:
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


def move(
    shipment: Locked, timeline: Timeline, events: Sequence[status_projection.Event], outcomes: Mapping[UUID, Outcome]
) -> None:
    """New events of one shipment: each is a change of it."""
    before = shipment.status
    for event in timeline.add(shipment, events):
        shipment.row["event_count"] += 1
        outcomes[event.id].status_changed = before is not shipment.status
        changed = {"events": [None, public_ids.encode(models.TrackingEvent, event.id)]}
        shipment.log("tracking_event.recorded", changed, before, event.id)
        before = shipment.status


def event_of(report: Report, now: datetime) -> status_projection.Event:
    """A new event, as the projection sees it."""
    row = report.row
    return status_projection.Event(
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
