"""What one edit would make of one shipment. Gathers what is frozen, unknown or taken; `take` lets it become so.

Nothing of the shipment is touched before `take`: an edit in which something is wrong leaves no trace.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from graphql_app import models
from graphql_app.commands.carriers import CARRIER
from graphql_app.commands.command import json_text
from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.input_rows import MOST_TAGS
from graphql_app.commands.shipments.locking import Locked
from graphql_app.commands.shipments.related_rows import Around, Detail
from graphql_app.commands.validation import Check, Given, unfit
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
SHOWN = {"trackingNumber": 1, "weight": 2, "dimensions": 4}
Changed = dict[str, Any]


class Proposal:
    """One edit in the making."""

    def __init__(self, check: Check, given: Given, shipment: Locked, around: Around) -> None:
        self.check, self.given, self.shipment, self.around = check, given, shipment, around
        self.detail: Detail = around.of[shipment.id]
        self.row: dict[str, Any] = {}
        self.changed: Changed = {}
        self.boxes: dict[Any, dict[str, Any]] = {}
        self.new_boxes: list[input_rows.Parts] = []
        self.people: dict[str, input_rows.Parts | None] = {}
        self.names: list[tuple[str, str]] | None = None
        self.goods: list[input_rows.Parts] | None = None

    def note(self, name: str, old: object, new: object, rule: str = "", check: Check | None = None) -> bool:
        """Whether a field differs and may be changed; where it is frozen that is noted as wrong.

        `rule`: the field of ShipmentUpdateInput with which it is frozen, where its own name is not one.
        """
        return old != new and self.editable(check or self.check, name, rule or name)

    def editable(self, check: Check, name: str, rule: str) -> bool:
        """Whether the status allows that a field changes; noted as wrong where it does not."""
        status = self.shipment.status
        phase = status_rules.phase(status)
        if rule in status_rules.EDITABLE[phase]:
            return True
        message = f"`{name or 'packages'}` cannot be changed any more: the shipment is {status}."
        problem = user_errors.NotEditable(message, status=status, hint=HINTS.get(phase, ""))
        check.add(problem, *([name] if name else []))
        return False

    def fields(self, values: Mapping[str, Any]) -> None:
        """Columns of the shipment itself."""
        row = self.shipment.row
        for name, new in values.items():
            if name == "carrier":
                self.carrier(new)
                continue
            column = COLUMNS.get(name, name)
            if not self.note(name, row[column], new, "" if name in status_rules.ALWAYS else "carrier"):
                continue
            if (
                name == "externalReference"
                and new
                and self.around.owners.get(new, self.shipment.id) != self.shipment.id
            ):
                self.check.add(user_errors.Duplicate(existing=self.around.owners[new]), name)
                continue
            self.row[column] = new
            self.changed[name] = [row[column], new]
        if "estimated_delivery_at" in self.row:
            self.row["estimate_given"] = self.row["estimated_delivery_at"]
        start = self.row.get("promised_from", row["promised_from"])
        end = self.row.get("promised_to", row["promised_to"])
        if start and end and start > end:
            self.check.add(user_errors.Invalid("The promised window ends before it begins."), "promisedTo")

    def carrier(self, code: str | None) -> None:
        if code and code not in self.around.carriers:
            self.check.add(user_errors.NotFound(CARRIER), "carrier")
        elif self.note("carrier", self.shipment.row["carrier"], code):
            self.row |= {"carrier": code, "carrier_id": self.around.carriers[code] if code else None}
            self.changed["carrier"] = [self.shipment.row["carrier"], code]

    def party(self, role: enums.PartyRole, new: input_rows.Parts | None) -> None:
        """A party as it shall be; None takes it away, which only a draft allows for its recipient."""
        old, name = self.detail.parties.get(role.value), role.value.lower()
        if new is None and (role is enums.PartyRole.SHIPPER or self.shipment.status is not enums.ShipmentStatus.DRAFT):
            if old is not None:
                self.check.add(user_errors.Required(f"This shipment needs a {name}."), name)
        elif self.note(name, old, new, "shipper"):
            self.people[role.value] = new
            self.changed[name] = [old and shown(old), new and shown(new)]

    def references(self, new: Sequence[input_rows.Parts]) -> None:
        old, names = self.detail.references, [(one["kind"], one["value"]) for one in new]
        if self.note("references", old, names):
            self.names = names
            self.changed["references"] = [[f"{k}:{v}" for k, v in old], [f"{k}:{v}" for k, v in names]]

    def metadata(self, given: Mapping[str, Any], unset: Sequence[str]) -> None:
        if not given and not unset:
            return
        old = orjson.loads(self.shipment.row["metadata"])
        new = {key: value for key, value in {**old, **given}.items() if key not in unset}
        name = ("metadataSet" if given else "metadataUnset") if "metadata" not in self.given else "metadata"
        if not self.note(name, old, new, "metadataSet"):
            return
        if problem := unfit(new):
            self.check.add(problem, name)
        self.row["metadata"] = json_text(new)
        touched = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) or (key in old) != (key in new))
        self.changed["metadata"] = [{key: one[key] for key in touched if key in one} for one in (old, new)]

    def tags(self, added: Sequence[str], removed: Sequence[str]) -> None:
        old = list(self.shipment.row["tags"])
        new = [tag for tag in dict.fromkeys([*old, *added]) if tag not in removed]
        name = ("tagsAdd" if added else "tagsRemove") if "tags" not in self.given else "tags"
        if self.note(name, old, new, "tagsAdd"):
            if len(new) > MOST_TAGS:
                self.check.add(
                    user_errors.LimitExceeded(f"At most {MOST_TAGS} tags fit; these would be {len(new)}."), name
                )
            self.row["tags"] = new
            self.changed["tags"] = [old, new]

    def package_by_id(self, check: Check, given: Given, values: Mapping[str, Any]) -> None:
        """A package of this shipment, as far as values are given."""
        id_ = public_ids.of(models.Package, given["id"])
        package = None if id_ is None else self.shipment.packages.get(id_)
        if package is None:
            check.add(user_errors.NotFound("The shipment has no such package."), "id")
        else:
            self.package(check, package, given, values)

    def package(self, check: Check, package: Mapping[str, Any], given: Given, values: Mapping[str, Any]) -> None:
        """A package, as far as something is given of it."""
        now = {**package, **self.boxes.get(package["id"], {})}
        for name, columns in PACKAGE_FIELDS.items():
            if name not in given:
                continue
            shown = columns[: SHOWN[name]]
            old, new = [now[one] for one in shown], [values[one] for one in shown]
            if self.note(name, old, new, f"packages.{name}", check):
                self.boxes.setdefault(package["id"], {}).update({one: values[one] for one in columns})
                first = self.changed.get(f"packages.{package['seq']}.{name}", [joined(old)])[0]
                self.changed[f"packages.{package['seq']}.{name}"] = [first, joined(new)]
        self.number_in_use(check, values)

    def number_in_use(self, check: Check, values: Mapping[str, Any]) -> None:
        """Warn of a tracking number that a package on its way somewhere else bears."""
        norm = values.get("tracking_number_norm")
        if norm and self.around.busy.get(norm, set()) - {self.shipment.id}:
            input_rows.warn_in_use(check)

    def new_package(self, check: Check, values: input_rows.Parts) -> None:
        """One package more, while it is still being planned. It is where the shipment is."""
        row = self.shipment.row
        seq = row["package_count"] + len(self.new_boxes) + 1
        if self.editable(check, "", "packages.weight"):
            where = {name: row[name] for name in ("status", "status_at", "status_event_id", "exception_reason")}
            self.new_boxes.append({**values, **where, "id": public_ids.new(), "seq": seq})
            self.changed[f"packages.{seq}"] = [None, "added"]
            self.number_in_use(check, values)

    def weigh(self) -> None:
        """Add up the packages as they shall be."""
        if self.boxes or self.new_boxes:
            old = [{**box, **self.boxes.get(key, {})} for key, box in self.shipment.packages.items()]
            boxes = [*old, *self.new_boxes]
            self.row |= {"total_weight_g": input_rows.total_weight(self.check, boxes), "package_count": len(boxes)}

    def items(self, new: list[input_rows.Parts]) -> None:
        """The goods, as they shall be from now on."""
        if self.note("items", [comparable(one) for one in self.detail.items], list(map(comparable, new)), "carrier"):
            self.goods = new
            self.changed["items"] = [len(self.detail.items), len(new)]

    def take(self) -> None:
        """Let it become so."""
        shipment, detail = self.shipment, self.detail
        if "estimate_given" in self.row:
            self.row["estimate_given_at"] = datetime.now(UTC)
        if "external_reference" in self.row:
            self.around.owners.pop(shipment.row["external_reference"], None)
            self.around.owners[self.row["external_reference"]] = shipment.id
        shipment.row.update(self.row)
        for key, values in self.boxes.items():
            shipment.packages[key].update(values)
            shipment.touched.add(key)
        for role, party in self.people.items():
            detail.saved_parties.add(role)
            if party is None:
                detail.parties.pop(role, None)
            else:
                detail.parties[role] = party
            if role == enums.PartyRole.RECIPIENT:
                shipment.has_recipient = party is not None
        if self.names is not None:
            detail.references, detail.saves_references = self.names, True
        if self.goods is not None:
            detail.items, detail.saves_items = self.goods, True
        detail.new_packages += self.new_boxes
        shipment.packages.update({box["id"]: box for box in self.new_boxes})
        for values in (*self.boxes.values(), *self.new_boxes):
            self.around.busy.setdefault(values.get("tracking_number_norm"), set()).add(shipment.id)
        if self.changed:
            shipment.log("shipment.updated", self.changed, shipment.status)


def shown(party: Mapping[str, Any]) -> dict[str, Any]:
    """A party for the log: what is known of it."""
    return {name: value for name, value in party.items() if value and name != "role"}


def joined(values: Sequence[Any]) -> str | None:
    """Values of several columns as one text."""
    known = [f"{value:f}" if hasattr(value, "quantize") else str(value) for value in values if value is not None]
    return " ".join(known) or None


def comparable(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item, its metadata read, so that spelling plays no part."""
    return {**item, "metadata": orjson.loads(item["metadata"])}
