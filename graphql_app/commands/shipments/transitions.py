"""Commands on shipments that exist: confirm, cancel, archive. Strict: what the status does not allow is refused.

Asking for what is already so is a success that changes nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import locking, status_recalculation
from graphql_app.commands.shipments.key import NONE
from graphql_app.commands.shipments.locking import Key, LockedShipment
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums, status_rules
from graphql_app.errors import user_errors

Status = enums.ShipmentStatus
Command = Callable[[Validator, LockedShipment], None]


async def run(act: CommandContext, key: Key, expected: int | None, check: Validator, command: Command) -> RowResult:
    """Carry out a command on the one shipment that a key names, and save it."""
    locked = await locking.lock(act, [key])
    outcome = RowResult.from_validator(check)
    if not locked:
        check.add_error(user_errors.NotFound(NONE), "by")
        return outcome
    await locking.load_packages(act, locked)
    (shipment,) = locked.values()
    outcome.shipment = shipment.id
    if await locking.check_version(act, check, shipment, expected):
        return outcome
    before = shipment.status
    command(check, shipment)
    if not check.errors:
        flipped = await status_recalculation.recalculate(act, [shipment] if before is not shipment.status else [])
        await locking.save(act, [shipment])
        await status_recalculation.save_flags(act, flipped)
        outcome.status_changed = before is not shipment.status
    return outcome


def add_transition_error(check: Validator, shipment: LockedShipment, target: Status, message: str, *path: str) -> None:
    """Say that the status does not allow a command, and what it does allow."""
    status = shipment.status
    complete = shipment.has_recipient and shipment.row["package_count"] > 0
    allowed = [one.value for one in status_rules.transitions(status, complete=complete)]
    check.add_error(user_errors.InvalidTransition(message, source=status, target=target, allowed=allowed), *path)


def confirm(check: Validator, shipment: LockedShipment) -> None:
    """DRAFT → READY."""
    if shipment.status is Status.READY:
        return
    if shipment.status is not Status.DRAFT:
        add_confirm_error(check, shipment, "by")
        return
    if not shipment.has_recipient:
        check.add_error(user_errors.Required("A shipment that is confirmed needs a recipient."), "by", "recipient")
    if not shipment.row["package_count"]:
        check.add_error(user_errors.Required("A shipment that is confirmed needs a package."), "by", "packages")
    if not check.errors:
        become_ready(shipment)


def add_confirm_error(check: Validator, shipment: LockedShipment, *path: str) -> None:
    message = f"A shipment that is {shipment.status} cannot be confirmed; only a DRAFT can."
    add_transition_error(check, shipment, Status.READY, message, *path)


def become_ready(shipment: LockedShipment) -> None:
    """A draft with all that it needs is booked."""
    now = datetime.now(UTC)
    set_status(shipment, Status.READY, now)
    shipment.row.update(confirmed_at=now, ready_at=shipment.row["ready_at"] or now)
    shipment.add_change("shipment.confirmed", {}, Status.DRAFT)


def cancel(reason: str | None) -> Command:
    """DRAFT or READY → CANCELLED."""

    def command(check: Validator, shipment: LockedShipment) -> None:
        before = shipment.status
        if before is Status.CANCELLED:
            return
        if before not in status_rules.PLANNING:
            message = f"A shipment that is {before} cannot be cancelled; only DRAFT and READY can."
            add_transition_error(check, shipment, Status.CANCELLED, message, "by")
            return
        at = after_last_event(shipment)
        set_status(shipment, Status.CANCELLED, at)
        shipment.row.update(cancelled_at=at, closed_at=at)
        shipment.add_change("shipment.cancelled", {"reason": [None, reason]} if reason else {}, before)

    return command


def after_last_event(shipment: LockedShipment) -> datetime:
    """Now, or just after the last event that counts where that lies ahead: what is decided now comes after it."""
    now, last = datetime.now(UTC), shipment.row["last_event_at"]
    return max(now, last + timedelta(microseconds=1)) if last else now


def set_status(shipment: LockedShipment, target: Status, now: datetime) -> None:
    """The shipment and all its packages come to a status by command."""
    where = {"status": target.value, "status_at": now, "status_event_id": None, "exception_reason": None}
    shipment.row.update(where, status_source=enums.StatusSource.COMMAND.value)
    for key, package in shipment.packages.items():
        package.update(where)
        shipment.changed_packages.add(key)


def archive(archived: bool) -> Command:
    """Out of the lists, or back into them. Allowed in every status."""

    def command(_: Validator, shipment: LockedShipment) -> None:
        old = shipment.row["archived_at"]
        if (old is not None) is archived:
            return
        new = datetime.now(UTC) if archived else None
        shipment.row["archived_at"] = new
        op = "shipment.archived" if archived else "shipment.unarchived"
        shipment.add_change(op, {"archivedAt": [old, new]}, shipment.status)

    return command
