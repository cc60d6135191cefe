"""Status transitions by command: confirm, cancel, archive. A transition that the status does not allow is an error.

Requesting the current state again succeeds and changes nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import event_history, locking
from graphql_app.commands.shipments.key import shipment_not_found
from graphql_app.commands.shipments.locking import LockedShipment, ShipmentKey
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums, status_rules
from graphql_app.domain.enums import ShipmentStatus
from graphql_app.errors import user_errors

Transition = Callable[[Validator, LockedShipment], None]
"""Changes one locked shipment in memory, or adds errors."""


async def run(
    context: CommandContext,
    key: ShipmentKey,
    expected_version: int | None,
    validator: Validator,
    transition: Transition,
) -> RowResult:
    """Run a transition on the shipment named by the key and save it, unless the transition added errors."""
    locked = await locking.lock(context, [key])
    result = RowResult.from_validator(validator)
    if not locked:
        validator.add_error(shipment_not_found(), "by")
        return result
    await locking.load_packages(context, locked)
    (shipment,) = locked.values()
    result.shipment = shipment.id
    if await locking.check_version(context, validator, shipment, expected_version):
        return result
    before = shipment.status
    transition(validator, shipment)
    if not validator.errors:
        changed = [shipment] if before is not shipment.status else []
        is_cancelled = shipment.status is ShipmentStatus.CANCELLED
        events = await event_history.recalculate(context, changed, from_cancellation=is_cancelled)
        await locking.save(context, [shipment])
        await event_history.save_events(context, events)
        result.status_changed = before is not shipment.status
    return result


def add_transition_error(
    validator: Validator, shipment: LockedShipment, target: ShipmentStatus, message: str, *path: str
) -> None:
    """Add an InvalidTransition error with the transitions that the current status allows."""
    status = shipment.status
    complete = shipment.has_recipient and shipment.row["package_count"] > 0
    allowed = [other.value for other in status_rules.allowed_transitions(status, complete=complete)]
    validator.add_error(user_errors.InvalidTransition(message, source=status, target=target, allowed=allowed), *path)


def confirm(validator: Validator, shipment: LockedShipment) -> None:
    """DRAFT → READY. The shipment needs a recipient and a package."""
    if shipment.status is ShipmentStatus.READY:
        return
    if shipment.status is not ShipmentStatus.DRAFT:
        add_confirm_error(validator, shipment, "by")
        return
    if not shipment.has_recipient:
        validator.add_error(user_errors.Required("Confirming requires a recipient."), "by", "recipient")
    if not shipment.row["package_count"]:
        validator.add_error(user_errors.Required("Confirming requires at least one package."), "by", "packages")
    if not validator.errors:
        become_ready(shipment)


def add_confirm_error(validator: Validator, shipment: LockedShipment, *path: str) -> None:
    """Add the error for confirming a shipment that is not a draft."""
    message = f"A shipment in status {shipment.status} cannot be confirmed. Only DRAFT can."
    add_transition_error(validator, shipment, ShipmentStatus.READY, message, *path)


def become_ready(shipment: LockedShipment) -> None:
    """Set a complete draft to READY."""
    now = shipment.now
    set_status(shipment, ShipmentStatus.READY, now)
    shipment.row.update(confirmed_at=now, ready_at=shipment.row["ready_at"] or now)
    shipment.add_change("shipment.confirmed", {}, ShipmentStatus.DRAFT)


def cancel(reason: str | None) -> Transition:
    """Return the transition DRAFT or READY → CANCELLED, with an optional reason for the change log."""

    def transition(validator: Validator, shipment: LockedShipment) -> None:
        before = shipment.status
        if before is ShipmentStatus.CANCELLED:
            return
        if before not in status_rules.PLANNING:
            message = f"A shipment in status {before} cannot be cancelled. Only DRAFT and READY can."
            add_transition_error(validator, shipment, ShipmentStatus.CANCELLED, message, "by")
            return
        cancelled_at = after_last_event(shipment)
        set_status(shipment, ShipmentStatus.CANCELLED, cancelled_at)
        shipment.row.update(cancelled_at=cancelled_at, closed_at=cancelled_at)
        shipment.add_change("shipment.cancelled", {"reason": [None, reason]} if reason else {}, before)

    return transition


def after_last_event(shipment: LockedShipment) -> datetime:
    """The current time, or one microsecond after the last applied event if that is in the future, so that the
    change of status sorts after all applied events."""
    now, last_event_at = shipment.now, shipment.row["last_event_at"]
    return max(now, last_event_at + timedelta(microseconds=1)) if last_event_at else now


def set_status(shipment: LockedShipment, target: ShipmentStatus, now: datetime) -> None:
    """Set the status of the shipment and all its packages, with COMMAND as its source."""
    columns = {"status": target.value, "status_at": now, "status_event_id": None, "exception_reason": None}
    shipment.row.update(columns, status_source=enums.StatusSource.COMMAND.value)
    for id_, package in shipment.packages.items():
        package.update(columns)
        shipment.changed_packages.add(id_)


def archive(archived: bool) -> Transition:
    """Return the transition that archives the shipment, or restores it. Every status allows it."""

    def transition(_: Validator, shipment: LockedShipment) -> None:
        old = shipment.row["archived_at"]
        if (old is not None) is archived:
            return
        new = shipment.now if archived else None
        shipment.row["archived_at"] = new
        op = "shipment.archived" if archived else "shipment.unarchived"
        shipment.add_change(op, {"archivedAt": [old, new]}, shipment.status)

    return transition
