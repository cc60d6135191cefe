"""Tracking events are recorded. Lenient: a report is kept unless it is malformed, of nothing we know, or a duplicate.

In flow inputs under their GraphQL names, out flows an outcome for each. Six statements, however many rows: what they
are about, what carriers' words mean, the locked shipments with their packages, which events are known, and two that
write. A seventh reads the events of shipments for which one arrived late.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app import errors, ids, models, tracking_numbers
from graphql_app import vocabulary as v
from graphql_app.actions import creation, dedupe, projection, times, words
from graphql_app.actions import locked as locking
from graphql_app.actions.act import Act, Outcome, json_text
from graphql_app.actions.checks import Check, Given
from graphql_app.actions.locked import Locked
from graphql_app.actions.timeline import Timeline, flips

DEFAULT_SOURCE = "api"
UNKNOWN = times.Occurred(datetime(2000, 1, 1, tzinfo=UTC), None, None, v.TimePrecision.EXACT)
"""Stands where a time is wrong; an event with that is not recorded."""
SAME = ("source_name", "external_event_id", "package_id", "occurred_at", "carrier_status_raw")
PLACE = ("place_name", "city", "region", "postal_code", "country_code", "latitude", "longitude")
NOTHING = "There is no such shipment or package."


@dataclass(slots=True)
class Report:
    """One event that may be recorded: the columns that are known, and what it is about."""

    check: Check
    target: dict[str, Any]
    row: dict[str, Any]
    code: v.TrackingEventCode | None
    """The code that was given; where there is none, the carrier's word is looked up and decides the row's."""
    reason: str | None
    corrects: UUID | None = None
    package_seq: int = 0


def read(check: Check, given: Given) -> Report:
    """One input, checked."""
    moment = times.occurred(check.at("occurred"), given["occurred"]) or UNKNOWN
    code = v.TrackingEventCode(given["code"]) if given.get("code") else None
    raw, reason = check.text(given, "carrierStatusRaw", 128), given.get("reason") and str(given["reason"])
    if code is None and not (given.get("carrierStatusRaw") or "").strip():
        check.add(errors.Required("Give `code`, or `carrierStatusRaw` with the carrier's own word."), "code")
    row = {
        "id": ids.new(),
        "code": code,
        "reason": reason,
        "message": check.text(given, "message", 1000),
        "occurred_at": moment.occurred_at,
        "occurred_local": moment.occurred_local,
        "utc_offset_min": moment.utc_offset_min,
        "time_precision": moment.time_precision.value,
        "source": v.EventSource.REPORT.value,
        "source_name": check.text(given, "source", 64) or DEFAULT_SOURCE,
        "external_event_id": check.text(given, "externalEventId", 128),
        "carrier_status_raw": raw,
        "estimated_delivery_at": check.instant(given, "estimatedDeliveryAt"),
        "override_status": None,
        **place(check.at("place"), given.get("place") or {}),
    }
    if moment.occurred_at > datetime.now(UTC) + projection.FUTURE:
        check.warn("FUTURE", "This lies more than 24 hours ahead: it is kept, and moves no status.", "occurred")
    return Report(check, target(check.at("target"), given["target"]), row, code, reason)


def target(check: Check, given: Given) -> dict[str, Any]:
    """What an event is about: a shipment, a package, or whatever bears a tracking number."""
    found: dict[str, Any] = {**creation.key_of(given.get("shipment")), "package": None, "carrier": None}
    creation.storable(check, given.get("shipment"), "shipment")
    found["tracking_number"] = None
    if given.get("packageId") is not None:
        found["package"] = ids.of(models.Package, given["packageId"]) or UUID(int=0)
    if given.get("trackingNumber") is not None:
        inner = given["trackingNumber"]
        found["tracking_number"] = tracking_numbers.normal(inner["trackingNumber"])
        found["carrier"] = inner.get("carrier")
        if creation.storable(check, inner, "trackingNumber") and not found["tracking_number"]:
            message = "A tracking number has at least one letter or digit."
            check.add(errors.Invalid(message), "trackingNumber", "trackingNumber")
    return found


def place(check: Check, given: Given) -> dict[str, Any]:
    """Where it happened, as far as is known."""
    latitude, longitude = given.get("latitude"), given.get("longitude")
    if (latitude is None) is not (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        check.add(errors.Required("Latitude and longitude go together."), missing)
    for name, value, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if value is not None and not -most <= value <= most:
            check.add(errors.Invalid(f"This must lie between -{most} and {most} degrees."), name)
    return {
        "place_name": check.text(given, "name", 200),
        "city": check.text(given, "city", 200),
        "region": check.text(given, "region", 100),
        "postal_code": check.text(given, "postalCode", 32),
        "country_code": check.country(given, "country"),
        "latitude": latitude,
        "longitude": longitude,
    }


async def record(act: Act, reports: Sequence[Report]) -> list[Outcome]:
    """Record the events in which nothing is wrong yet."""
    outcomes = [Outcome.of(report.check) for report in reports]
    good = [at for at, report in enumerate(reports) if not report.check.problems]
    carriers = await resolve(act, reports, good)
    good = [at for at in good if not reports[at].check.problems]
    await words.translate(act, [(reports[at], carriers[at]) for at in good])
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
    found = {row.row: row for row in await act.sql("find_targets", {"targets": json_text(targets)})}
    for at in good:
        report, answer = reports[at], found.get(at)
        if answer is None:
            report.check.add(errors.NotFound(NOTHING), "target")
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
    key = dedupe.key(**content)
    # a replacement is another event than the one it replaces, even where it differs in nothing that makes it the same
    row["dedupe_key"] = key if report.corrects is None else hashlib.sha256(key + report.corrects.bytes).digest()
    override = row["override_status"] and v.ShipmentStatus(row["override_status"])
    told = key if row["package_id"] is None else dedupe.key(**{**content, "package_id": None})
    row["position"] = projection.position(row["code"], override, told, report.package_seq)
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
    await act.sql("record_events", {"events": json_text(new), **flips(timeline.flipped()), **voiding, "now": now})
    await locking.save(act, locked.values())


async def unknown(act: Act, rows: Sequence[tuple[Report, Outcome]]) -> list[tuple[Report, Outcome]]:
    """The events that are not recorded yet. The outcome of a duplicate names the event that it repeats."""
    if not rows:
        return []
    keys = {
        "shipment": [report.row["shipment_id"] for report, _ in rows],
        "dedupe_key": [report.row["dedupe_key"] for report, _ in rows],
    }
    known = {(row.shipment_id, bytes(row.dedupe_key)): row.id for row in await act.sql("known_events", keys)}
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
    shipment: Locked, timeline: Timeline, events: Sequence[projection.Event], outcomes: Mapping[UUID, Outcome]
) -> None:
    """New events of one shipment: each is a change of it."""
    before = shipment.status
    for event in timeline.add(shipment, events):
        shipment.row["event_count"] += 1
        outcomes[event.id].status_changed = before is not shipment.status
        changed = {"events": [None, ids.encode(models.TrackingEvent, event.id)]}
        shipment.log("tracking_event.recorded", changed, before, event.id)
        before = shipment.status


def event_of(report: Report, now: datetime) -> projection.Event:
    """A new event, as the projection sees it."""
    row = report.row
    return projection.Event(
        row["id"],
        row["package_id"],
        row["code"],
        row["reason"] and v.ExceptionReason(row["reason"]),
        row["occurred_at"],
        now,
        row["position"],
        row["estimated_delivery_at"],
        row["override_status"] and v.ShipmentStatus(row["override_status"]),
        row["time_precision"] == v.TimePrecision.DATE_ONLY,
    )
