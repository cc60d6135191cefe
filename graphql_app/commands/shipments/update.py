"""Updating shipments: takes inputs by GraphQL name. An omitted field is unchanged, null clears it.

Each field that the status no longer allows to change is an error of its own; sending its current value is allowed. Only
differences are changes: sending current values raises no version and writes no row of the change log.
"""

from collections.abc import Sequence

import orjson

from graphql_app.commands import delivery_times
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import event_history, input_rows, locking, related_rows, transitions
from graphql_app.commands.shipments.changeset import ShipmentChangeset
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.key import shipment_not_found
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import enums


def validate(edit: ShipmentEdit) -> ShipmentEdit:
    """Validate the ShipmentUpdateInput of the edit, fill in its values and return it."""
    validator, fields = edit.validator, edit.input
    validate_shipment_fields(edit)
    for package_validator, package in validator.rows(fields, "packages", input_rows.MAX_PACKAGES):
        columns = input_rows.tracking_number(package_validator, package) if "trackingNumber" in package else {}
        columns |= input_rows.weight(package_validator, package) if "weight" in package else {}
        columns |= input_rows.dimensions(package_validator, package) if "dimensions" in package else {}
        edit.packages.append((package_validator, package, columns))
    edit.metadata = validator.metadata(fields, "metadataSet"), validator.metadata_keys(fields, "metadataUnset")
    limits = input_rows.MAX_TAGS, input_rows.MAX_TAG_CHARACTERS
    edit.tags = validator.texts(fields, "tagsAdd", *limits), validator.texts(fields, "tagsRemove", *limits)
    return edit


def validate_shipment_fields(edit: ShipmentEdit) -> None:
    """Validate the shipment's own fields, shipper, recipient and references."""
    validator, fields = edit.validator, edit.input
    promise = input_rows.validate_promise(validator, fields)
    values = {
        "externalReference": validator.text(fields, "externalReference", 128, reject_blank=True),
        "carrier": validator.text(fields, "carrier", 64, reject_blank=True),
        "service": validator.text(fields, "service", 64),
        "promisedFrom": promise["promised_from"],
        "promisedTo": promise["promised_to"],
        "estimatedDeliveryAt": promise["estimated_delivery_at"],
    }
    edit.values = {name: value for name, value in values.items() if name in fields}
    edit.days = {name: promise[column] for name, column in delivery_times.DAY_COLUMNS.items() if name in fields}
    for name, role in (("shipper", enums.PartyRole.SHIPPER), ("recipient", enums.PartyRole.RECIPIENT)):
        if fields.get(name) is not None:
            edit.parties[role] = input_rows.party(validator.at(name), fields[name], role)
        elif name in fields:
            edit.parties[role] = None
    if "references" in fields:
        edit.references = input_rows.references(validator, fields)


async def update(context: CommandContext, edits: Sequence[ShipmentEdit]) -> list[RowResult]:
    """Apply the edits that have no errors, in their order. Several edits may be of one shipment."""
    results = [RowResult.from_validator(edit.validator) for edit in edits]
    valid = [(edit, result) for edit, result in zip(edits, results, strict=True) if not edit.validator.errors]
    locked = await locking.lock(context, [edit.key for edit, _ in valid]) if valid else {}
    index = locking.index_by_key(locked)
    if any(edit.packages or edit.confirms for edit, _ in valid):
        await locking.load_packages(context, locked)
    related = await related_rows.load(context, list(locked), [edit for edit, _ in valid])
    conflicts, to_recalculate = locking.VersionConflicts(), {}
    for edit, result in valid:
        shipment = locking.find_by_key(index, edit.key)
        if shipment is None:
            edit.validator.errors.append(shipment_not_found(edit.by_path))
            continue
        result.shipment = shipment.id
        if edit.expected_version is not None and not shipment.has_version(edit.expected_version):
            conflicts.add(edit.validator, shipment, edit.expected_version, edit.expected_path)
            continue
        old_status, old_reference = shipment.status, shipment.row["external_reference"]
        apply_edit(edit, shipment, related)
        locking.reindex_reference(index, shipment, old_reference)
        if old_status is not shipment.status or related.relations[shipment.id].new_packages:
            to_recalculate[shipment.id] = shipment
    await conflicts.load_changed_fields(context)
    events = await event_history.recalculate(context, to_recalculate.values())
    await locking.save(context, locked.values())
    await related_rows.save(context, related, locked)
    await event_history.save_events(context, events)
    return results


def apply_edit(edit: ShipmentEdit, shipment: LockedShipment, related: related_rows.RelatedData) -> None:
    """Apply one edit: completely, or not at all if it has errors."""
    changeset = ShipmentChangeset(edit.validator, edit.input, shipment, related)
    changeset.set_fields(edit.values, edit.days)
    for role, party in edit.parties.items():
        changeset.set_party(role, party)
    if edit.references is not None:
        changeset.set_references(edit.references)
    all_keys = orjson.loads(shipment.row["metadata"]) if "metadata" in edit.cleared else []
    changeset.set_metadata(edit.metadata[0], [*edit.metadata[1], *all_keys])
    changeset.set_tags(edit.tags[0], [*edit.tags[1], *(shipment.row["tags"] if "tags" in edit.cleared else [])])
    packages = sorted(shipment.packages.values(), key=lambda package: package["seq"])
    for position, (validator, fields, values) in enumerate(edit.packages):
        if "id" in fields:
            changeset.set_package_by_id(validator, fields, values)
        elif position < len(packages):
            changeset.set_package(validator, packages[position], fields, values)
        else:
            changeset.add_package(validator, values)
    if edit.items is not None:
        changeset.set_items(edit.items)
    if edit.return_of_error is not None:
        edit.validator.add_error(edit.return_of_error, "returnOf")
    if edit.confirms and shipment.status is enums.ShipmentStatus.CANCELLED:
        transitions.add_confirm_error(edit.validator, shipment, "confirm")
    confirms = edit.confirms and shipment.status is enums.ShipmentStatus.DRAFT
    changeset.update_total_weight()
    if edit.validator.errors:
        return
    changeset.apply()
    if confirms:
        # `confirm` requires a recipient and a package in the input, so nothing can be missing here.
        transitions.become_ready(shipment)
