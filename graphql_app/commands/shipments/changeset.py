"""The changes that one edit makes to one shipment. Collects errors; `apply` carries the changes out.

The shipment is not modified before `apply`: an edit with errors has no effect.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from graphql_app import models
from graphql_app.commands.carriers import CARRIER_NOT_FOUND
from graphql_app.commands.command import json_text
from graphql_app.commands.delivery_times import DAY_COLUMNS
from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.locking import DECIDING_EVENT_COLUMNS, LockedShipment
from graphql_app.commands.shipments.related_rows import RelatedData, ShipmentRelations
from graphql_app.commands.validation import Input, Validator, metadata_error
from graphql_app.domain import enums, status_rules, units
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
"""Columns of the shipment by GraphQL name."""
HINTS = {
    enums.ShipmentPhase.ACTIVE: "The carrier has the shipment: only references, metadata, tags, promised and estimated "
    "delivery and tracking numbers can be changed.",
    enums.ShipmentPhase.CLOSED: "The shipment is closed: no field can be changed.",
}
"""The hint of a NotEditable error by phase of the shipment."""
PACKAGE_FIELDS = {
    "trackingNumber": ("tracking_number", "tracking_number_norm"),
    "weight": ("weight_entered", "weight_unit", "weight_g"),
    "dimensions": ("length_mm", "width_mm", "height_mm", "dims_unit"),
}
"""Columns of a package by GraphQL name; the logged columns come first."""
LOGGED_COLUMN_COUNT = {"trackingNumber": 1, "weight": 2, "dimensions": 4}
"""How many columns of each field are compared and logged."""
PACKAGE_STATUS_COLUMNS = (
    "status", "status_at", "status_event_id", "exception_reason", "is_returning",
    *DECIDING_EVENT_COLUMNS,
)  # fmt: skip
"""Columns that a new package takes from its shipment."""
Changed = dict[str, Any]
"""Changed fields: name → [old value, new value]."""


class ShipmentChangeset:
    """The changes of one edit, built by the `set_...` methods."""

    def __init__(self, validator: Validator, fields: Input, shipment: LockedShipment, related: RelatedData) -> None:
        self.validator = validator
        self.fields = fields
        self.shipment = shipment
        self.related = related
        self.relations: ShipmentRelations = related.relations[shipment.id]
        self.row: dict[str, Any] = {}
        self.changed: Changed = {}
        self.packages: dict[Any, dict[str, Any]] = {}
        self.new_packages: list[input_rows.InputRow] = []
        self.parties: dict[str, input_rows.InputRow | None] = {}
        self.references: list[tuple[str, str]] | None = None
        self.items: list[input_rows.InputRow] | None = None

    def may_change(
        self, name: str, old: object, new: object, rule: str = "", validator: Validator | None = None
    ) -> bool:
        """Whether a field differs and may be changed; adds an error if the status does not allow it.

        `rule`: the field of ShipmentUpdateInput that has the same rule, if `name` is not a field of it.
        """
        return old != new and self.editable(validator or self.validator, name, rule or name)

    def editable(self, validator: Validator, name: str, rule: str) -> bool:
        """Whether the status allows the field to change; adds a NotEditable error if not."""
        status = self.shipment.status
        phase = status_rules.phase(status)
        if rule in status_rules.EDITABLE_FIELDS[phase]:
            return True
        message = f"`{name or 'packages'}` cannot be changed in status {status}."
        error = user_errors.NotEditable(message, status=status, hint=HINTS.get(phase, ""))
        validator.add_error(error, *([name] if name else []))
        return False

    def set_fields(self, values: Mapping[str, Any], days: Mapping[str, Any]) -> None:
        """Set the shipment's own fields, by GraphQL name. `days`: the days of times that were given as days."""
        row = self.shipment.row
        for name, new in values.items():
            if name == "carrier":
                self.set_carrier(new)
                continue
            column = COLUMNS.get(name, name)
            rule = "" if name in status_rules.EDITABLE_UNTIL_CLOSED else "carrier"
            day_column, day = DAY_COLUMNS.get(name), days.get(name)
            old_day = day_column and row[day_column]
            if not self.may_change(name, (row[column], old_day), (new, day), rule):
                continue
            if name == "externalReference" and new:
                owner = self.related.reference_owners.get(new, self.shipment.id)
                if owner != self.shipment.id:
                    self.validator.add_error(user_errors.Duplicate(existing=owner), name)
                    continue
            self.row[column] = new
            if day_column:
                self.row[day_column] = day
            self.changed[name] = [old_day or row[column], day or new]
        if "estimated_delivery_at" in self.row:
            self.row["estimate_given"] = self.row["estimated_delivery_at"]
        start = self.row.get("promised_from", row["promised_from"])
        end = self.row.get("promised_to", row["promised_to"])
        if start and end and start > end:
            self.validator.add_error(user_errors.Invalid(input_rows.PROMISE_REVERSED), "promisedTo")

    def set_carrier(self, code: str | None) -> None:
        """Set or clear the carrier."""
        if code and code not in self.related.carriers:
            self.validator.add_error(user_errors.NotFound(CARRIER_NOT_FOUND), "carrier")
        elif self.may_change("carrier", self.shipment.row["carrier"], code):
            self.row |= {"carrier": code, "carrier_id": self.related.carriers[code] if code else None}
            self.changed["carrier"] = [self.shipment.row["carrier"], code]

    def set_party(self, role: enums.PartyRole, new: input_rows.InputRow | None) -> None:
        """Set a party. None removes it, which is allowed only for the recipient of a draft."""
        old, name = self.relations.parties.get(role.value), role.value.lower()
        if new is None and (role is enums.PartyRole.SHIPPER or self.shipment.status is not enums.ShipmentStatus.DRAFT):
            if old is not None:
                self.validator.add_error(user_errors.Required(f"The {name} of this shipment is required."), name)
        elif self.may_change(name, old, new, "shipper"):
            self.parties[role.value] = new
            self.changed[name] = [old and logged_party(old), new and logged_party(new)]

    def set_references(self, new: Sequence[input_rows.InputRow]) -> None:
        """Replace the references."""
        old, references = self.relations.references, [(row["kind"], row["value"]) for row in new]
        if self.may_change("references", old, references):
            self.references = references
            self.changed["references"] = [
                [f"{kind}:{value}" for kind, value in old],
                [f"{kind}:{value}" for kind, value in references],
            ]

    def set_metadata(self, values: Mapping[str, Any], removed: Sequence[str]) -> None:
        """Set and remove keys of the metadata. The limits apply to the result."""
        if not values and not removed:
            return
        old = orjson.loads(self.shipment.row["metadata"])
        new = {key: value for key, value in {**old, **values}.items() if key not in removed}
        name = ("metadataSet" if values else "metadataUnset") if "metadata" not in self.fields else "metadata"
        if not self.may_change(name, old, new, "metadataSet"):
            return
        if error := metadata_error(new):
            self.validator.add_error(error, name)
        self.row["metadata"] = json_text(new)
        keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) or (key in old) != (key in new))
        self.changed["metadata"] = [{key: values[key] for key in keys if key in values} for values in (old, new)]

    def set_tags(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Add and remove tags. The limit applies to the result."""
        old = list(self.shipment.row["tags"])
        new = [tag for tag in dict.fromkeys([*old, *added]) if tag not in removed]
        name = ("tagsAdd" if added else "tagsRemove") if "tags" not in self.fields else "tags"
        if self.may_change(name, old, new, "tagsAdd"):
            if len(new) > input_rows.MAX_TAGS:
                message = f"A shipment has at most {input_rows.MAX_TAGS} tags (would be {len(new)})."
                self.validator.add_error(user_errors.LimitExceeded(message), name)
            self.row["tags"] = new
            self.changed["tags"] = [old, new]

    def set_package_by_id(self, validator: Validator, fields: Input, values: Mapping[str, Any]) -> None:
        """Set the fields of a package of this shipment that the input has."""
        id_ = public_ids.decode_as(models.Package, fields["id"])
        package = None if id_ is None else self.shipment.packages.get(id_)
        if package is None:
            validator.add_error(user_errors.NotFound("The shipment has no package with this id."), "id")
        else:
            self.set_package(validator, package, fields, values)

    def set_package(
        self, validator: Validator, package: Mapping[str, Any], fields: Input, values: Mapping[str, Any]
    ) -> None:
        """Set the fields of a package that the input has."""
        current = {**package, **self.packages.get(package["id"], {})}
        for name, columns in PACKAGE_FIELDS.items():
            if name not in fields:
                continue
            logged = columns[: LOGGED_COLUMN_COUNT[name]]
            old, new = [current[column] for column in logged], [values[column] for column in logged]
            if self.may_change(name, old, new, f"packages.{name}", validator):
                self.packages.setdefault(package["id"], {}).update({column: values[column] for column in columns})
                logged_name = f"packages.{package['seq']}.{name}"
                original = self.changed.get(logged_name, [logged_measurement(old)])[0]
                self.changed[logged_name] = [original, logged_measurement(new)]
        self.warn_number_in_use(validator, values)

    def warn_number_in_use(self, validator: Validator, values: Mapping[str, Any]) -> None:
        """Warn if an active package of another shipment has the same tracking number."""
        number = values.get("tracking_number_norm")
        if number and self.related.tracking_numbers.get(number, set()) - {self.shipment.id}:
            input_rows.warn_in_use(validator)

    def add_package(self, validator: Validator, values: input_rows.InputRow) -> None:
        """Add a package while the shipment is being planned. It takes the status of the shipment."""
        row = self.shipment.row
        seq = row["package_count"] + len(self.new_packages) + 1
        if self.editable(validator, "", "packages.weight"):
            status = {name: row[name] for name in PACKAGE_STATUS_COLUMNS}
            self.new_packages.append({**values, **status, "id": public_ids.new(), "seq": seq})
            self.changed[f"packages.{seq}"] = [None, "added"]
            self.warn_number_in_use(validator, values)

    def update_total_weight(self) -> None:
        """Recalculate package count and total weight if a package changed or was added."""
        if self.packages or self.new_packages:
            existing = [{**package, **self.packages.get(id_, {})} for id_, package in self.shipment.packages.items()]
            packages = [*existing, *self.new_packages]
            total = input_rows.total_weight(self.validator, packages)
            self.row |= {"total_weight_g": total, "package_count": len(packages)}

    def set_items(self, new: list[input_rows.InputRow]) -> None:
        """Replace the items."""
        old = [comparable(item) for item in self.relations.items]
        if self.may_change("items", old, list(map(comparable, new)), "carrier"):
            self.items = new
            self.changed["items"] = [len(self.relations.items), len(new)]

    def apply(self) -> None:
        """Carry out the changes on the locked shipment and its related rows, and log them as one change."""
        shipment, relations = self.shipment, self.relations
        if "estimate_given" in self.row:
            self.row["estimate_given_at"] = shipment.now
        if "external_reference" in self.row:
            self.related.reference_owners.pop(shipment.row["external_reference"], None)
            self.related.reference_owners[self.row["external_reference"]] = shipment.id
        shipment.row.update(self.row)
        for id_, values in self.packages.items():
            shipment.packages[id_].update(values)
            shipment.changed_packages.add(id_)
        for role, party in self.parties.items():
            relations.changed_roles.add(role)
            if party is None:
                relations.parties.pop(role, None)
            else:
                relations.parties[role] = party
            if role == enums.PartyRole.RECIPIENT:
                shipment.has_recipient = party is not None
                shipment.row["recipient_name"] = None if party is None else party["name"]
        if self.references is not None:
            relations.references, relations.references_changed = self.references, True
        if self.items is not None:
            relations.items, relations.items_changed = self.items, True
        relations.new_packages += self.new_packages
        shipment.packages.update({package["id"]: package for package in self.new_packages})
        for values in (*self.packages.values(), *self.new_packages):
            self.related.tracking_numbers.setdefault(values.get("tracking_number_norm"), set()).add(shipment.id)
        if self.changed:
            shipment.add_change("shipment.updated", self.changed, shipment.status)


def logged_party(party: Mapping[str, Any]) -> dict[str, Any]:
    """A party for the change log: its non-empty columns without the role."""
    return {name: value for name, value in party.items() if value and name != "role"}


def logged_measurement(values: Sequence[Any]) -> str | None:
    """The logged columns of a package field, such as `1.5 KG` or `10 8 2.5 IN`; None if the field is null. Dimensions
    are stored in millimetres and logged in their unit of entry."""
    *amounts, unit = values
    if unit is None:
        return None
    if unit in set(enums.LengthUnit):
        amounts = [units.entered_length(amount, enums.LengthUnit(unit)).normalize() for amount in amounts]
    return " ".join([*(f"{amount:f}" if isinstance(amount, Decimal) else amount for amount in amounts), unit])


def comparable(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with parsed metadata, so that the spelling of the JSON does not matter."""
    return {**item, "metadata": orjson.loads(item["metadata"])}
