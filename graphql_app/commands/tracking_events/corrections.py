"""Corrections: override a status with a reason, void an event and optionally replace it. Nothing is deleted.

An override is an event: every later recalculation keeps it, and it can be voided.
"""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import locking, transitions
from graphql_app.commands.shipments.event_history import EventHistory
from graphql_app.commands.shipments.key import shipment_not_found
from graphql_app.commands.shipments.locking import LockedShipment, ShipmentKey
from graphql_app.commands.tracking_events import carrier_status_lookup, duplicates, record
from graphql_app.commands.tracking_events.report import EventReport
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums, status_rules
from graphql_app.domain.enums import ShipmentStatus
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

NOT_OVERRIDE_TARGETS = (ShipmentStatus.DRAFT, ShipmentStatus.PARTIALLY_DELIVERED)
"""Statuses that an override cannot set: a shipment cannot become a draft again, and partial delivery follows from the
packages."""
OVERRIDE_TARGETS = [status.value for status in ShipmentStatus if status not in NOT_OVERRIDE_TARGETS]
"""Statuses that an override can set."""
EVENT_NOT_FOUND = "There is no tracking event with this id."
"""The message for an unknown event."""


async def override(
    context: CommandContext,
    key: ShipmentKey,
    status: ShipmentStatus,
    reason: str,
    expected_version: int | None,
    validator: Validator,
) -> RowResult:
    """Set the status of a shipment by an override event. A draft and a cancelled shipment return INVALID_TRANSITION."""
    result = RowResult.from_validator(validator)
    locked = await locking.lock(context, [key])
    if not locked:
        validator.add_error(shipment_not_found(), "by")
        return result
    (shipment,) = locked.values()
    result.shipment = shipment.id
    if await locking.check_version(context, validator, shipment, expected_version):
        return result
    if shipment.status in status_rules.NOT_OVERRIDABLE:
        message = f"The status {shipment.status} cannot be overridden."
        transitions.add_transition_error(validator, shipment, status, message, "by")
    elif status in NOT_OVERRIDE_TARGETS:
        message = f"An override cannot set the status {status}."
        error = user_errors.InvalidTransition(message, source=shipment.status, target=status, allowed=OVERRIDE_TARGETS)
        validator.add_error(error, "status")
    if not validator.errors:
        await record.insert(context, locked, [(override_event(validator, shipment, status, reason), result)])
        result.created = False  # the event is new, the shipment is not
    return result


def override_event(validator: Validator, shipment: LockedShipment, status: ShipmentStatus, reason: str) -> EventReport:
    """The event of an override. It happens after all applied events."""
    other_columns = ("reason", "estimated_delivery_at", "estimated_delivery_date", "occurred_local")
    empty: dict[str, Any] = dict.fromkeys((*record.IDENTITY_COLUMNS, *duplicates.PLACE_COLUMNS, *other_columns))
    row = {
        **empty,
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
        "code_mapped": False,
        "reason_mapped": False,
    }
    row["external_event_id"] = row["id"].hex
    report = EventReport(validator, {}, row, row["code"], None)
    record.set_derived_columns(report)
    return report


async def void(
    context: CommandContext,
    event_id: UUID,
    reason: str,
    replacement: EventReport | None,
    expected_version: int | None,
    validator: Validator,
) -> list[RowResult]:
    """Void an event and optionally record its replacement. Voiding a voided event has no effect.

    Returns the result of the void and, with a replacement, that of the replacement.
    """
    result = RowResult.from_validator(validator)
    new_events = [] if replacement is None else [(replacement, RowResult.from_validator(replacement.validator))]
    results = [result, *(new_result for _, new_result in new_events)]
    rows = await context.sql("tracking_event_get_shipment", {"event": event_id})
    if not rows:
        validator.add_error(user_errors.NotFound(EVENT_NOT_FOUND), "id")
        return results
    locked = await locking.lock(context, [{**locking.NO_KEY, "id": rows[0].shipment_id}])
    (shipment,) = locked.values()
    result.shipment, result.event = shipment.id, event_id
    if await locking.check_version(context, validator, shipment, expected_version):
        return results
    for report, new_result in new_events:
        new_result.shipment = shipment.id
        await prepare_replacement(context, report, event_id, shipment)
    if any(row_result.errors for row_result in results):
        return results
    history = EventHistory(context)
    await locking.load_packages(context, locked)
    voided = None
    (event,) = await context.sql("tracking_event_get_order", {"event": event_id})
    if event.voided_at is None:
        voided = {"voided": event_id, "void_reason": reason}
        before = shipment.status
        await history.remove(shipment, event_id, (event.occurred_at, event.position, event_id))
        shipment.row["event_count"] -= 1
        changed = {"events": [public_ids.encode(models.TrackingEvent, event_id), None], "reason": [None, reason]}
        shipment.add_change("tracking_event.voided", changed, before, event_id)
        result.status_changed = before is not shipment.status
    await record.insert(context, locked, new_events, history=history, voided=voided)
    return results


async def prepare_replacement(
    context: CommandContext, report: EventReport, event_id: UUID, shipment: LockedShipment
) -> None:
    """Complete the report that replaces a voided event. Its target must belong to the same shipment."""
    report.corrects = event_id
    carriers = await record.resolve_targets(context, [report], [0])
    if not report.validator.errors:
        if report.row["shipment_id"] != shipment.id:
            message = "The replacement must be about the same shipment as the voided event."
            report.validator.add_error(user_errors.Invalid(message), "target")
        await carrier_status_lookup.map_carrier_statuses(context, [(report, carriers[0])])
        record.set_derived_columns(report)
