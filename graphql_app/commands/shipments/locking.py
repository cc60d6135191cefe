"""Shipments that are locked, as they are and as they become. One statement locks them, one saves them with the log.

Every change raises the version by one and is one row of the change log, whose number within the shipment is the version
that it led to. Locks are taken in the order of the identities, by everybody: calls may wait, but never for each other.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from graphql_app.commands.change_log import describe_change, write
from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums
from graphql_app.domain.status_projection import PackageStatus, ShipmentState
from graphql_app.errors import user_errors

MILESTONES = (
    "ready_at", "picked_up_at", "first_attempt_at", "delivered_at", "closed_at", "last_event_at",
    "estimated_delivery_at",
)  # fmt: skip
Key = Mapping[str, Any]
NO_KEY: Key = {"id": None, "number": None, "reference": None}


class LockedShipment:
    """One shipment under lock: its row, its packages by identity, and the changes made to it so far."""

    __slots__ = ("changed_packages", "changes", "has_recipient", "id", "packages", "row", "stored_reference")

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = dict(row)
        self.id: UUID = self.row["id"]
        self.has_recipient: bool = self.row["has_recipient"]
        self.stored_reference: str | None = self.row["external_reference"]
        self.packages: dict[UUID, dict[str, Any]] = {}
        self.changed_packages: set[UUID] = set()
        self.changes: list[dict[str, Any]] = []

    @property
    def status(self) -> enums.ShipmentStatus:
        return enums.ShipmentStatus(self.row["status"])

    def has_version(self, version: int) -> bool:
        """Whether it has the version that the client expects."""
        return bool(version == self.row["version"])

    def add_change(
        self, op: str, changed: Mapping[str, Any], before: enums.ShipmentStatus, event: UUID | None = None
    ) -> None:
        """One change more."""
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
        """The status has followed from the last change."""
        self.changes[-1]["status_after"] = self.status.value

    def state(self) -> ShipmentState:
        """Where it stands, for the projection."""
        row = self.row
        return ShipmentState(
            status=package_status(row),
            source=enums.StatusSource(row["status_source"]),
            packages={key: package_status(package) for key, package in self.packages.items()},
            **{name: row[name] for name in MILESTONES},
        )

    def apply_state(self, state: ShipmentState) -> None:
        """Let it stand where the projection says."""
        self.row.update(status_columns(state.status), status_source=state.source.value)
        self.row.update({name: getattr(state, name) for name in MILESTONES})
        for key, package_stage in state.packages.items():
            where = status_columns(package_stage)
            if any(self.packages[key][name] != value for name, value in where.items()):
                self.packages[key].update(where)
                self.changed_packages.add(key)


def package_status(row: Mapping[str, Any]) -> PackageStatus:
    reason = row["exception_reason"]
    return PackageStatus(
        enums.ShipmentStatus(row["status"]),
        row["status_at"],
        row["status_event_id"],
        None if reason is None else enums.ExceptionReason(reason),
    )


def status_columns(stage: PackageStatus) -> dict[str, Any]:
    """A stage as columns."""
    return {
        "status": stage.status.value,
        "status_at": stage.at,
        "status_event_id": stage.event_id,
        "exception_reason": None if stage.reason is None else stage.reason.value,
    }


async def lock(act: CommandContext, keys: Iterable[Key]) -> dict[UUID, LockedShipment]:
    """The shipments that some keys name, locked."""
    keys = list(keys)
    asked = {
        "ids": [key["id"] for key in keys if key["id"]],
        "numbers": [key["number"] for key in keys if key["number"]],
        "references": [key["reference"] for key in keys if key["reference"]],
    }
    return {row.id: LockedShipment(row._mapping) for row in await act.sql("shipments_lock", asked)}


def index_by_key(locked: Mapping[UUID, LockedShipment]) -> "dict[tuple[str, Any], LockedShipment]":
    """Shipments by everything that can name them."""
    found: dict[tuple[str, Any], LockedShipment] = {}
    for one in locked.values():
        found["id", one.id] = found["number", one.row["number"]] = one
        found["reference", one.row["external_reference"]] = one
    return found


def reindex_reference(found: "dict[tuple[str, Any], LockedShipment]", one: LockedShipment, old: str | None) -> None:
    """Let a shipment be found by the reference that it has now, and no more by the one it had."""
    new = one.row["external_reference"]
    if new != old:
        found.pop(("reference", old), None)
        found["reference", new] = one


def find_by_key(found: "Mapping[tuple[str, Any], LockedShipment]", key: Key) -> LockedShipment | None:
    """The shipment that a key names."""
    return next((found.get((name, value)) for name, value in key.items() if value is not None), None)


async def load_packages(act: CommandContext, locked: Mapping[UUID, LockedShipment]) -> None:
    """The packages of locked shipments."""
    if locked:
        for row in await act.sql("packages_get", {"shipments": list(locked)}):
            locked[row.shipment_id].packages[row.id] = dict(row._mapping)


class VersionConflicts:
    """Versions that are not those that clients expect: gathered first, then explained by one statement."""

    def __init__(self) -> None:
        self.found: list[tuple[user_errors.VersionConflict, UUID, int, set[str]]] = []

    def add(self, check: Validator, one: LockedShipment, expected: int, path: user_errors.Path) -> None:
        """One of them. What this call itself has changed so far is not in the database yet."""
        own = {name for change in one.changes if change["shipment_seq"] > expected for name in describe_change(change)}
        problem = user_errors.VersionConflict(
            expected=expected, current=one.row["version"], shipment=one.id, changed=(), path=path
        )
        check.errors.append(problem)
        self.found.append((problem, one.id, expected, own))

    async def load_changed_fields(self, act: CommandContext) -> None:
        """Say in each what was changed since."""
        if not self.found:
            return
        asked = {
            "shipments": [key for _, key, *_ in self.found],
            "versions": [version for *_, version, _ in self.found],
        }
        for row in await act.sql("changed_fields_since_version", asked):
            problem, *_, own = self.found[row.at - 1]
            problem.changed = sorted({*row.names, *own})


async def check_version(act: CommandContext, check: Validator, one: LockedShipment, expected: int | None) -> bool:
    """Whether a shipment has another version than the one call about it expects; then that is noted."""
    if expected is None or one.has_version(expected):
        return False
    conflicts = VersionConflicts()
    conflicts.add(check, one, expected, ("options", "expectedVersion"))
    await conflicts.load_changed_fields(act)
    return True


async def save(act: CommandContext, locked: Iterable[LockedShipment]) -> None:
    """Write what became of the shipments that changed."""
    changed = [one for one in locked if one.changes]
    if not changed or act.validate_only:
        return
    packages = [one.packages[key] for one in changed for key in one.changed_packages]
    rows = [one.row for one in changed]
    log = [{**change, "changed": json_text(describe_change(change))} for one in changed for change in one.changes]
    taken = {one.row["external_reference"]: one for one in changed}
    given_up = [one.id for one in changed if one.stored_reference and taken.get(one.stored_reference, one) is not one]
    if given_up:  # and taken by another: a unique index looks at one row after the other
        await act.sql("external_references_release", {"shipments": given_up})
    await write(act, rows, packages, log)
