"""Commands on shipments that exist: confirm, cancel, archive. Strict: what the status does not allow is refused.

Asking for what is already so is a success that changes nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from graphql_app.commands.command import Act, Outcome
from graphql_app.commands.shipments import locking, status_recalculation
from graphql_app.commands.shipments.key import NONE
from graphql_app.commands.shipments.locking import Key, Locked
from graphql_app.commands.validation import Check
from graphql_app.domain import enums, status_rules
from graphql_app.errors import user_errors

Status = enums.ShipmentStatus
Command = Callable[[Check, Locked], None]


async def one(act: Act, key: Key, expected: int | None, check: Check, command: Command) -> Outcome:
    """Carry out a command on the one shipment that a key names, and save it."""
    locked = await locking.lock(act, [key])
    outcome = Outcome.of(check)
    if not locked:
        check.add(user_errors.NotFound(NONE), "by")
        return outcome
    await locking.load_packages(act, locked)
    (shipment,) = locked.values()
    outcome.shipment = shipment.id
    if await locking.unexpected(act, check, shipment, expected):
        return outcome
    before = shipment.status
    command(check, shipment)
    if not check.problems:
        flipped = await status_recalculation.settle(act, [shipment] if before is not shipment.status else [])
        await locking.save(act, [shipment])
        await status_recalculation.save(act, flipped)
        outcome.status_changed = before is not shipment.status
    return outcome


def refuse(check: Check, shipment: Locked, target: Status, message: str, *path: str) -> None:
    """Say that the status does not allow a command, and what it does allow."""
    status = shipment.status
    complete = shipment.has_recipient and shipment.row["package_count"] > 0
    allowed = [one.value for one in status_rules.transitions(status, complete=complete)]
    check.add(user_errors.InvalidTransition(message, source=status, target=target, allowed=allowed), *path)


def confirm(check: Check, shipment: Locked) -> None:
    """DRAFT → READY."""
    if shipment.status is Status.READY:
        return
    if shipment.status is not Status.DRAFT:
        refuse_confirm(check, shipment, "by")
        return
    if not shipment.has_recipient:
        check.add(user_errors.Required("A shipment that is confirmed needs a recipient."), "by", "recipient")
    if not shipment.row["package_count"]:
        check.add(user_errors.Required("A shipment that is confirmed needs a package."), "by", "packages")
    if not check.problems:
        become_ready(shipment)


def refuse_confirm(check: Check, shipment: Locked, *path: str) -> None:
    message = f"A shipment that is {shipment.status} cannot be confirmed; only a DRAFT can."
    refuse(check, shipment, Status.READY, message, *path)


def become_ready(shipment: Locked) -> None:
    """A draft with all that it needs is booked."""
    now = datetime.now(UTC)
    move(shipment, Status.READY, now)
    shipment.row.update(confirmed_at=now, ready_at=shipment.row["ready_at"] or now)
    shipment.log("shipment.confirmed", {}, Status.DRAFT)


def cancel(reason: str | None) -> Command:
    """DRAFT or READY → CANCELLED."""

    def command(check: Check, shipment: Locked) -> None:
        before = shipment.status
        if before is Status.CANCELLED:
            return
        if before not in status_rules.PLANNING:
            message = f"A shipment that is {before} cannot be cancelled; only DRAFT and READY can."
            refuse(check, shipment, Status.CANCELLED, message, "by")
            return
        at = after_all(shipment)
        move(shipment, Status.CANCELLED, at)
        shipment.row.update(cancelled_at=at, closed_at=at)
        shipment.log("shipment.cancelled", {"reason": [None, reason]} if reason else {}, before)

    return command


def after_all(shipment: Locked) -> datetime:
    """Now, or just after the last event that counts where that lies ahead: what is decided now comes after it."""
    now, last = datetime.now(UTC), shipment.row["last_event_at"]
    return max(now, last + timedelta(microseconds=1)) if last else now


def move(shipment: Locked, target: Status, now: datetime) -> None:
    """The shipment and all its packages come to a status by command."""
    where = {"status": target.value, "status_at": now, "status_event_id": None, "exception_reason": None}
    shipment.row.update(where, status_source=enums.StatusSource.COMMAND.value)
    for key, package in shipment.packages.items():
        package.update(where)
        shipment.touched.add(key)


def archive(archived: bool) -> Command:
    """Out of the lists, or back into them. Allowed in every status."""

    def command(_: Check, shipment: Locked) -> None:
        old = shipment.row["archived_at"]
        if (old is not None) is archived:
            return
        new = datetime.now(UTC) if archived else None
        shipment.row["archived_at"] = new
        op = "shipment.archived" if archived else "shipment.unarchived"
        shipment.log(op, {"archivedAt": [old, new]}, shipment.status)

    return command
