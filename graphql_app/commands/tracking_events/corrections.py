"""Corrections: a status is overridden with a reason, a wrong event is voided and perhaps replaced. Nothing is deleted.

An override is an event, so it survives every later projection and can itself be voided.
"""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import locking, transitions
from graphql_app.commands.shipments.key import NONE
from graphql_app.commands.shipments.locking import Key, LockedShipment
from graphql_app.commands.shipments.status_recalculation import EventHistory
from graphql_app.commands.tracking_events import carrier_status_lookup, record
from graphql_app.commands.tracking_events.report import EventReport
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums, status_rules
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

Status = enums.ShipmentStatus
NOT_OVERRIDABLE_TO = (Status.DRAFT, Status.PARTIALLY_DELIVERED)
"""Statuses that no override leads to: a plan is made anew, and partial delivery follows from the packages."""
OVERRIDE_TARGETS = [status.value for status in Status if status not in NOT_OVERRIDABLE_TO]


async def override(
    act: CommandContext, key: Key, status: Status, reason: str, expected: int | None, check: Validator
) -> RowResult:
    """The status becomes another by decree. Refused for a draft, and for what was cancelled."""
    outcome = RowResult.from_validator(check)
    locked = await locking.lock(act, [key])
    if not locked:
        check.add_error(user_errors.NotFound(NONE), "by")
        return outcome
    (shipment,) = locked.values()
    outcome.shipment = shipment.id
    if await locking.check_version(act, check, shipment, expected):
        return outcome
    if shipment.status in status_rules.NOT_OVERRIDABLE:
        message = f"A shipment that is {shipment.status} has no status to override."
        transitions.add_transition_error(check, shipment, status, message, "by")
    elif status in NOT_OVERRIDABLE_TO:
        message = f"No override leads to {status}."
        problem = user_errors.InvalidTransition(
            message, source=shipment.status, target=status, allowed=OVERRIDE_TARGETS
        )
        check.add_error(problem, "status")
    if not check.errors:
        await record.insert(act, locked, [(override_event(check, shipment, status, reason), outcome)])
        outcome.created = False  # the event is new, the shipment is not
    return outcome


def override_event(check: Validator, shipment: LockedShipment, status: Status, reason: str) -> EventReport:
    """The event that an override is."""
    unsaid: dict[str, Any] = dict.fromkeys(
        (*record.IDENTITY_COLUMNS, *record.PLACE_COLUMNS, "reason", "estimated_delivery_at")
    )
    row = {
        **unsaid,
        "id": public_ids.new(),
        "shipment_id": shipment.id,
        "code": enums.TrackingEventCode.INFO,
        "message": reason,
        "occurred_at": transitions.after_last_event(shipment),
        "utc_offset_min": 0,
        "time_precision": enums.TimePrecision.EXACT.value,
        "source": enums.EventSource.OVERRIDE.value,
        "source_name": "override",
        "override_status": status.value,
    }
    row["external_event_id"] = row["id"].hex
    report = EventReport(check, {}, row, row["code"], None)
    record.set_derived_columns(report)
    return report


async def void(
    act: CommandContext,
    event_id: UUID,
    reason: str,
    replacement: EventReport | None,
    expected: int | None,
    check: Validator,
) -> list[RowResult]:
    """An event counts no more, and another may stand in its place. Voiding a voided event changes nothing."""
    outcome = RowResult.from_validator(check)
    pairs = [] if replacement is None else [(replacement, RowResult.from_validator(replacement.check))]
    outcomes = [outcome, *(one for _, one in pairs)]
    rows = await act.sql("tracking_event_get_shipment", {"event": event_id})
    if not rows:
        check.add_error(user_errors.NotFound("There is no such event."), "id")
        return outcomes
    locked = await locking.lock(act, [{**locking.NO_KEY, "id": rows[0].shipment_id}])
    (shipment,) = locked.values()
    outcome.shipment, outcome.event = shipment.id, event_id
    if await locking.check_version(act, check, shipment, expected):
        return outcomes
    for report, one in pairs:
        one.shipment = shipment.id
        await prepare_replacement(act, report, event_id, shipment)
    if any(one.errors for one in outcomes):
        return outcomes
    timeline = EventHistory(locked)
    await locking.load_packages(act, locked)
    await timeline.load(act, locked)
    voided = None
    if event_id in timeline.stored[shipment.id]:
        voided = {"voided": event_id, "void_reason": reason}
        before = shipment.status
        timeline.remove(shipment, event_id)
        shipment.row["event_count"] -= 1
        changed = {"events": [public_ids.encode(models.TrackingEvent, event_id), None], "reason": [None, reason]}
        shipment.add_change("tracking_event.voided", changed, before, event_id)
        outcome.status_changed = before is not shipment.status
    await record.insert(act, locked, pairs, timeline=timeline, voided=voided)
    return outcomes


async def prepare_replacement(
    act: CommandContext, report: EventReport, event_id: UUID, shipment: LockedShipment
) -> None:
    """The event that stands in the place of a voided one. It must be of the same shipment."""
    report.corrects = event_id
    carriers = await record.resolve_targets(act, [report], [0])
    if not report.check.errors:
        if report.row["shipment_id"] != shipment.id:
            report.check.add_error(user_errors.Invalid("A replacement is of the same shipment."), "target")
        await carrier_status_lookup.map_carrier_statuses(act, [(report, carriers[0])])
        record.set_derived_columns(report)
