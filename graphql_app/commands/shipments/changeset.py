"""What one edit would make of one shipment. Gathers what is frozen, unknown or taken; `take` lets it become so.

Nothing of the shipment is touched before `take`: an edit in which something is wrong leaves no trace.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from graphql_app import models
from graphql_app.commands.carriers import CARRIER_NOT_FOUND
from graphql_app.commands.command import json_text
from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.input_rows import MAX_TAGS
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.commands.shipments.related_rows import RelatedData, ShipmentRelations
from graphql_app.commands.validation import Input, Validator, metadata_error
from graphql_app.domain import enums, status_rules
from graphql_app.errors import user_errors
from graphql_app.models import public_ids

COLUMNS = {
    "externalReference": "external_reference",
    "direction": "direction",
    "carrier": "carrier",
    "incoterm": "incoterm",
    "service": "service",
    "promisedFrom": "promised_from",
    "promisedTo": "promised_to",
    "estimatedDeliveryAt": "estimated_delivery_at",
    "declaredValue": "declared_value",
}
HINTS = {
    enums.ShipmentPhase.ACTIVE: "The carrier has it: only references, metadata, tags, promise, estimate and tracking "
    "numbers can still be changed.",
    enums.ShipmentPhase.CLOSED: "It is closed: nothing of it can be changed any more.",
}
PACKAGE_FIELDS = {
    "trackingNumber": ("tracking_number", "tracking_number_norm"),
    "weight": ("weight_entered", "weight_unit", "weight_g"),
    "dimensions": ("length_mm", "width_mm", "height_mm", "dims_unit"),
}
"""The columns of a package's fields: first those that the log shows."""
LOGGED_COLUMN_COUNT = {"trackingNumber": 1, "weight": 2, "dimensions": 4}
Changed = dict[str, Any]


class ShipmentChangeset:
    """One edit in the making."""

    def __init__(self, check: Validator, given: Input, shipment: LockedShipment, around: RelatedData) -> None:
        self.check, self.input, self.shipment, self.related = check, given, shipment, around
        self.relations: ShipmentRelations = around.relations[shipment.id]
        self.row: dict[str, Any] = {}
        self.changed: Changed = {}
        self.packages: dict[Any, dict[str, Any]] = {}
        self.new_packages: list[input_rows.Row] = []
        self.parties: dict[str, input_rows.Row | None] = {}
        self.references: list[tuple[str, str]] | None = None
        self.items: list[input_rows.Row] | None = None

    def may_change(self, name: str, old: object, new: object, rule: str = "", check: Validator | None = None) -> bool:
        """Whether a field differs and may be changed; where it is frozen that is noted as wrong.

        `rule`: the field of ShipmentUpdateInput with which it is frozen, where its own name is not one.
        """
        return old != new and self.editable(check or self.check, name, rule or name)

    def editable(self, check: Validator, name: str, rule: str) -> bool:
        """Whether the status allows that a field changes; noted as wrong where it does not."""
        status = self.shipment.status
        phase = status_rules.phase(status)
        if rule in status_rules.EDITABLE_FIELDS[phase]:
            return True
        message = f"`{name or 'packages'}` cannot be changed any more: the shipment is {status}."
        problem = user_errors.NotEditable(message, status=status, hint=HINTS.get(phase, ""))
        check.add_error(problem, *([name] if name else []))
        return False

    def set_fields(self, values: Mapping[str, Any]) -> None:
        """Columns of the shipment itself."""
        row = self.shipment.row
        for name, new in values.items():
            if name == "carrier":
                self.set_carrier(new)
                continue
            column = COLUMNS.get(name, name)
            if not self.may_change(
                name, row[column], new, "" if name in status_rules.EDITABLE_UNTIL_CLOSED else "carrier"
            ):
                continue
            if (
                name == "externalReference"
                and new
                and self.related.owners.get(new, self.shipment.id) != self.shipment.id
            ):
                self.check.add_error(user_errors.Duplicate(existing=self.related.owners[new]), name)
                continue
            self.row[column] = new
            self.changed[name] = [row[column], new]
        if "estimated_delivery_at" in self.row:
            self.row["estimate_given"] = self.row["estimated_delivery_at"]
        start = self.row.get("promised_from", row["promised_from"])
        end = self.row.get("promised_to", row["promised_to"])
        if start and end and start > end:
            self.check.add_error(user_errors.Invalid("The promised window ends before it begins."), "promisedTo")

    def set_carrier(self, code: str | None) -> None:
        if code and code not in self.related.carriers:
            self.check.add_error(user_errors.NotFound(CARRIER_NOT_FOUND), "carrier")
        elif self.may_change("carrier", self.shipment.row["carrier"], code):
            self.row |= {"carrier": code, "carrier_id": self.related.carriers[code] if code else None}
            self.changed["carrier"] = [self.shipment.row["carrier"], code]

    def set_party(self, role: enums.PartyRole, new: input_rows.Row | None) -> None:
        """A party as it shall be; None takes it away, which only a draft allows for its recipient."""
        old, name = self.relations.parties.get(role.value), role.value.lower()
        if new is None and (role is enums.PartyRole.SHIPPER or self.shipment.status is not enums.ShipmentStatus.DRAFT):
            if old is not None:
                self.check.add_error(user_errors.Required(f"This shipment needs a {name}."), name)
        elif self.may_change(name, old, new, "shipper"):
            self.parties[role.value] = new
            self.changed[name] = [old and logged_party(old), new and logged_party(new)]

    def set_references(self, new: Sequence[input_rows.Row]) -> None:
        old, names = self.relations.references, [(one["kind"], one["value"]) for one in new]
        if self.may_change("references", old, names):
            self.references = names
            self.changed["references"] = [[f"{k}:{v}" for k, v in old], [f"{k}:{v}" for k, v in names]]

    def set_metadata(self, given: Mapping[str, Any], unset: Sequence[str]) -> None:
        if not given and not unset:
            return
        old = orjson.loads(self.shipment.row["metadata"])
        new = {key: value for key, value in {**old, **given}.items() if key not in unset}
        name = ("metadataSet" if given else "metadataUnset") if "metadata" not in self.input else "metadata"
        if not self.may_change(name, old, new, "metadataSet"):
            return
        if problem := metadata_error(new):
            self.check.add_error(problem, name)
        self.row["metadata"] = json_text(new)
        touched = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) or (key in old) != (key in new))
        self.changed["metadata"] = [{key: one[key] for key in touched if key in one} for one in (old, new)]

    def set_tags(self, added: Sequence[str], removed: Sequence[str]) -> None:
        old = list(self.shipment.row["tags"])
        new = [tag for tag in dict.fromkeys([*old, *added]) if tag not in removed]
        name = ("tagsAdd" if added else "tagsRemove") if "tags" not in self.input else "tags"
        if self.may_change(name, old, new, "tagsAdd"):
            if len(new) > MAX_TAGS:
                self.check.add_error(
                    user_errors.LimitExceeded(f"At most {MAX_TAGS} tags fit; these would be {len(new)}."), name
                )
            self.row["tags"] = new
            self.changed["tags"] = [old, new]

    def set_package_by_id(self, check: Validator, given: Input, values: Mapping[str, Any]) -> None:
        """A package of this shipment, as far as values are given."""
        id_ = public_ids.decode_as(models.Package, given["id"])
        package = None if id_ is None else self.shipment.packages.get(id_)
        if package is None:
            check.add_error(user_errors.NotFound("The shipment has no such package."), "id")
        else:
            self.set_package(check, package, given, values)

    def set_package(
        self, check: Validator, package: Mapping[str, Any], given: Input, values: Mapping[str, Any]
    ) -> None:
        """A package, as far as something is given of it."""
        now = {**package, **self.packages.get(package["id"], {})}
        for name, columns in PACKAGE_FIELDS.items():
            if name not in given:
                continue
            shown = columns[: LOGGED_COLUMN_COUNT[name]]
            old, new = [now[one] for one in shown], [values[one] for one in shown]
            if self.may_change(name, old, new, f"packages.{name}", check):
                self.packages.setdefault(package["id"], {}).update({one: values[one] for one in columns})
                first = self.changed.get(f"packages.{package['seq']}.{name}", [join_values(old)])[0]
                self.changed[f"packages.{package['seq']}.{name}"] = [first, join_values(new)]
        self.warn_number_in_use(check, values)

    def warn_number_in_use(self, check: Validator, values: Mapping[str, Any]) -> None:
        """Warn of a tracking number that a package on its way somewhere else bears."""
        norm = values.get("tracking_number_norm")
        if norm and self.related.tracking_numbers.get(norm, set()) - {self.shipment.id}:
            input_rows.warn_in_use(check)

    def add_package(self, check: Validator, values: input_rows.Row) -> None:
        """One package more, while it is still being planned. It is where the shipment is."""
        row = self.shipment.row
        seq = row["package_count"] + len(self.new_packages) + 1
        if self.editable(check, "", "packages.weight"):
            where = {name: row[name] for name in ("status", "status_at", "status_event_id", "exception_reason")}
            self.new_packages.append({**values, **where, "id": public_ids.new(), "seq": seq})
            self.changed[f"packages.{seq}"] = [None, "added"]
            self.warn_number_in_use(check, values)

    def update_total_weight(self) -> None:
        """Add up the packages as they shall be."""
        if self.packages or self.new_packages:
            old = [{**box, **self.packages.get(key, {})} for key, box in self.shipment.packages.items()]
            boxes = [*old, *self.new_packages]
            self.row |= {"total_weight_g": input_rows.total_weight(self.check, boxes), "package_count": len(boxes)}

    def set_items(self, new: list[input_rows.Row]) -> None:
        """The goods, as they shall be from now on."""
        if self.may_change(
            "items", [comparable(one) for one in self.relations.items], list(map(comparable, new)), "carrier"
        ):
            self.items = new
            self.changed["items"] = [len(self.relations.items), len(new)]

    def apply(self) -> None:
        """Let it become so."""
        shipment, detail = self.shipment, self.relations
        if "estimate_given" in self.row:
            self.row["estimate_given_at"] = datetime.now(UTC)
        if "external_reference" in self.row:
            self.related.owners.pop(shipment.row["external_reference"], None)
            self.related.owners[self.row["external_reference"]] = shipment.id
        shipment.row.update(self.row)
        for key, values in self.packages.items():
            shipment.packages[key].update(values)
            shipment.changed_packages.add(key)
        for role, party in self.parties.items():
            detail.saved_parties.add(role)
            if party is None:
                detail.parties.pop(role, None)
            else:
                detail.parties[role] = party
            if role == enums.PartyRole.RECIPIENT:
                shipment.has_recipient = party is not None
        if self.references is not None:
            detail.references, detail.saves_references = self.references, True
        if self.items is not None:
            detail.items, detail.saves_items = self.items, True
        detail.new_packages += self.new_packages
        shipment.packages.update({box["id"]: box for box in self.new_packages})
        for values in (*self.packages.values(), *self.new_packages):
            self.related.tracking_numbers.setdefault(values.get("tracking_number_norm"), set()).add(shipment.id)
        if self.changed:
            shipment.add_change("shipment.updated", self.changed, shipment.status)


def logged_party(party: Mapping[str, Any]) -> dict[str, Any]:
    """A party for the log: what is known of it."""
    return {name: value for name, value in party.items() if value and name != "role"}


def join_values(values: Sequence[Any]) -> str | None:
    """Values of several columns as one text."""
    known = [f"{value:f}" if hasattr(value, "quantize") else str(value) for value in values if value is not None]
    return " ".join(known) or None


def comparable(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item, its metadata read, so that spelling plays no part."""
    return {**item, "metadata": orjson.loads(item["metadata"])}
