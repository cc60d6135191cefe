"""Locked shipments: one statement locks them, one saves them together with the change log.

Every change raises the version by one and is one row of the change log, whose `shipment_seq` is the new version. Locks
are always taken in the order of the ids: calls wait for each other but do not deadlock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.change_log import describe_change, save_rows
from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums
from graphql_app.domain.event_order import OccurrenceTime
from graphql_app.domain.projection_state import PackageStatus, ShipmentState
from graphql_app.errors import user_errors

MILESTONES = (
    "ready_at", "picked_up_at", "first_attempt_at", "delivered_at", "closed_at", "last_event_at",
    "estimated_delivery_at", "last_order_at",
)  # fmt: skip
"""Columns of a shipment that are also attributes of `ShipmentState`."""
DECIDING_EVENT_COLUMNS = (
    "deciding_occurred_at", "deciding_recorded_at", "deciding_precision", "deciding_local", "deciding_override",
)  # fmt: skip
"""The time of the event that determined a status. Read by `load_packages`, never written."""
ShipmentKey = Mapping[str, Any]
"""Names one shipment: `id`, `number` or `reference`; the others are None."""
NO_KEY: ShipmentKey = {"id": None, "number": None, "reference": None}
"""A key that names no shipment, to be completed."""


class LockedShipment:
    """One locked shipment: its row, its packages by id, and the changes made to it so far.

    `now` is the database's time after all shipments of the call were locked: the time of the changes. `packages` and
    `has_recipient`, which is set for drafts only, are loaded by `load_packages`.
    """

    __slots__ = ("changed_packages", "changes", "has_recipient", "id", "now", "packages", "row", "stored_reference")

    def __init__(self, row: Mapping[str, Any], now: datetime) -> None:
        self.row, self.now = {name: value for name, value in row.items() if name != "now"}, now
        self.row.update(dict.fromkeys(DECIDING_EVENT_COLUMNS))
        self.id: UUID = self.row["id"]
        self.has_recipient = False
        self.stored_reference: str | None = self.row["external_reference"]
        self.packages: dict[UUID, dict[str, Any]] = {}
        self.changed_packages: set[UUID] = set()
        self.changes: list[dict[str, Any]] = []

    @property
    def status(self) -> enums.ShipmentStatus:
        """The current status."""
        return enums.ShipmentStatus(self.row["status"])

    def has_version(self, version: int) -> bool:
        """Whether this is the current version, including the changes made so far."""
        return bool(version == self.row["version"])

    def add_change(
        self, op: str, changed: Mapping[str, Any], before: enums.ShipmentStatus, event: UUID | None = None
    ) -> None:
        """Raise the version and add a row for the change log. `before` is the status before the change."""
        self.row["version"] += 1
        self.changes.append(
            {
                "entity": "shipment" if event is None else "tracking_event",
                "entity_id": event or self.id,
                "shipment_id": self.id,
                "shipment_seq": self.row["version"],
                "op": op,
                "status_before": before.value,
                "status_after": self.status.value,
                "changed": changed,
            }
        )

    def sync_status(self) -> None:
        """Set the status of the last change to the current one, after a recalculation."""
        self.changes[-1]["status_after"] = self.status.value

    def state(self) -> ShipmentState:
        """The status columns as the state of the projection."""
        row = self.row
        return ShipmentState(
            status=package_status(row),
            source=enums.StatusSource(row["status_source"]),
            packages={id_: package_status(package) for id_, package in self.packages.items()},
            **{name: row[name] for name in MILESTONES},
        )

    def apply_state(self, state: ShipmentState) -> None:
        """Set the status columns of the shipment and its packages from the state of the projection."""
        status = replace(state.status, time=None) if state.packages else state.status
        self.row.update(status_columns(status), status_source=state.source.value)
        self.row.update({name: getattr(state, name) for name in MILESTONES})
        for id_, status in state.packages.items():
            columns = status_columns(status)
            if any(self.packages[id_][name] != value for name, value in columns.items()):
                self.packages[id_].update(columns)
                self.changed_packages.add(id_)


ShipmentIndex = dict[tuple[str, Any], LockedShipment]
"""Locked shipments by ("id", id), ("number", number) and ("reference", external reference)."""


def package_status(row: Mapping[str, Any]) -> PackageStatus:
    """The status columns of a package or shipment row as a `PackageStatus`."""
    reason = row["exception_reason"]
    return PackageStatus(
        enums.ShipmentStatus(row["status"]),
        row["status_at"],
        row["status_event_id"],
        None if reason is None else enums.ExceptionReason(reason),
        row["is_returning"],
        event_time(row),
    )


def event_time(row: Mapping[str, Any]) -> OccurrenceTime | None:
    """The time of the event that determined the status of a package or shipment row; None if a command did."""
    occurred_at, recorded_at, precision, local, override = (row[name] for name in DECIDING_EVENT_COLUMNS)
    if occurred_at is None:
        return None
    return OccurrenceTime(occurred_at, recorded_at, enums.TimePrecision(precision), local, override)


def status_columns(status: PackageStatus) -> dict[str, Any]:
    """The inverse of `package_status`."""
    time = status.time
    return {
        "status": status.status.value,
        "status_at": status.at,
        "status_event_id": status.event_id,
        "exception_reason": None if status.reason is None else status.reason.value,
        "is_returning": status.returning,
        "deciding_occurred_at": time and time.occurred_at,
        "deciding_recorded_at": time and time.recorded_at,
        "deciding_precision": time and time.precision.value,
        "deciding_local": time and time.local,
        "deciding_override": time and time.override,
    }


async def lock(context: CommandContext, keys: Iterable[ShipmentKey]) -> dict[UUID, LockedShipment]:
    """Lock the shipments named by the keys and return them by id, in the order of the ids. Unknown keys are ignored."""
    keys = list(keys)
    values = {
        "ids": [key["id"] for key in keys if key["id"]],
        "numbers": [key["number"] for key in keys if key["number"]],
        "references": [key["reference"] for key in keys if key["reference"]],
    }
    rows = await context.sql("shipments_lock", values)
    if not rows:
        return {}
    now = max(row.now for row in rows)
    return {row.id: LockedShipment(row._mapping, now) for row in rows}


def index_by_key(locked: Mapping[UUID, LockedShipment]) -> ShipmentIndex:
    """Index the shipments by id, number and external reference."""
    index: ShipmentIndex = {}
    for shipment in locked.values():
        index["id", shipment.id] = index["number", shipment.row["number"]] = shipment
        index["reference", shipment.row["external_reference"]] = shipment
    return index


def reindex_reference(index: ShipmentIndex, shipment: LockedShipment, old_reference: str | None) -> None:
    """Update the index after the external reference of a shipment changed."""
    new_reference = shipment.row["external_reference"]
    if new_reference != old_reference:
        index.pop(("reference", old_reference), None)
        index["reference", new_reference] = shipment


def find_by_key(index: ShipmentIndex, key: ShipmentKey) -> LockedShipment | None:
    """The shipment named by the key; None if it is not locked."""
    return next((index.get((name, value)) for name, value in key.items() if value is not None), None)


async def load_packages(context: CommandContext, locked: Mapping[UUID, LockedShipment]) -> None:
    """Load the packages of locked shipments, and what `state()` and `has_recipient` need, in one statement."""
    if not locked:
        return
    for record in await context.sql("packages_get", {"shipments": list(locked)}):
        shipment, row = locked[record.shipment_id], dict(record._mapping)
        shipment.has_recipient = row.pop("has_recipient")
        if record.id is None:
            shipment.row.update({name: row[name] for name in DECIDING_EVENT_COLUMNS})
        else:
            shipment.packages[record.id] = row


class VersionConflicts:
    """Collects version conflicts, then loads the changed fields of all of them in one statement."""

    def __init__(self) -> None:
        self.conflicts: list[tuple[user_errors.VersionConflict, UUID, int, set[str]]] = []

    def add(self, validator: Validator, shipment: LockedShipment, expected: int, path: user_errors.Path) -> None:
        """Add a VersionConflict error. Changes made earlier in this call are not in the database yet, so they are
        taken from the shipment."""
        unsaved = {
            name for change in shipment.changes if change["shipment_seq"] > expected for name in describe_change(change)
        }
        error = user_errors.VersionConflict(
            expected=expected, current=shipment.row["version"], shipment=shipment.id, changed=(), path=path
        )
        validator.errors.append(error)
        self.conflicts.append((error, shipment.id, expected, unsaved))

    async def load_changed_fields(self, context: CommandContext) -> None:
        """Set in each error the fields that changed since the expected version."""
        if not self.conflicts:
            return
        values = {
            "shipments": [shipment_id for _, shipment_id, *_ in self.conflicts],
            "versions": [version for *_, version, _ in self.conflicts],
        }
        for row in await context.sql("changed_fields_since_version", values):
            error, *_, unsaved = self.conflicts[row.at - 1]
            error.changed = sorted({*row.names, *unsaved})


async def check_version(
    context: CommandContext, validator: Validator, shipment: LockedShipment, expected: int | None
) -> bool:
    """Whether the shipment has another version than expected; adds a VersionConflict error if so."""
    if expected is None or shipment.has_version(expected):
        return False
    conflicts = VersionConflicts()
    conflicts.add(validator, shipment, expected, ("options", "expectedVersion"))
    await conflicts.load_changed_fields(context)
    return True


async def save(context: CommandContext, locked: Iterable[LockedShipment]) -> None:
    """Save the changed shipments, their packages and their log rows, in one statement. Nothing with
    `validate_only`."""
    changed = [shipment for shipment in locked if shipment.changes]
    if not changed or context.validate_only:
        return
    packages = [shipment.packages[id_] for shipment in changed for id_ in shipment.changed_packages]
    rows = [shipment.row for shipment in changed]
    log = [
        {**change, "changed": json_text(describe_change(change))} for shipment in changed for change in shipment.changes
    ]
    new_owners = {shipment.row["external_reference"]: shipment for shipment in changed}
    released = [
        shipment.id
        for shipment in changed
        if shipment.stored_reference and new_owners.get(shipment.stored_reference, shipment) is not shipment
    ]
    if released:  # another shipment of this call takes the reference; a unique index is checked row by row
        await context.sql("external_references_release", {"shipments": released})
    await save_rows(context, rows, packages, log, changed[0].now)
