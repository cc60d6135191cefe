"""Edits of shipments. In flow inputs under their GraphQL names: an absent field leaves alone, null clears.

Refuses fields that the status has frozen, each by itself; a frozen field may still be given the value that it has. A
change is what differs: giving what is already so changes nothing, raises no version and is no row of the log.
"""

from collections.abc import Sequence

import orjson

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import input_rows, locking, related_rows, status_recalculation, transitions
from graphql_app.commands.shipments.changeset import ShipmentChangeset
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.locking import LockedShipment
from graphql_app.domain import enums
from graphql_app.errors import user_errors

NONE = "There is no such shipment."


def validate(edit: ShipmentEdit) -> ShipmentEdit:
    """Check a ShipmentUpdateInput."""
    check, given = edit.check, edit.input
    validate_shipment_fields(edit)
    for inner, one in check.rows(given, "packages", input_rows.MAX_PACKAGES):
        new = input_rows.tracking_number(inner, one) if "trackingNumber" in one else {}
        new |= input_rows.weight(inner, one) if "weight" in one else {}
        new |= input_rows.dimensions(inner, one) if "dimensions" in one else {}
        edit.packages.append((inner, one, new))
    edit.metadata = check.metadata(given, "metadataSet"), check.keys(given, "metadataUnset")
    most, longest = input_rows.MAX_TAGS, input_rows.MAX_TAG_CHARACTERS
    edit.tags = check.texts(given, "tagsAdd", most, longest), check.texts(given, "tagsRemove", most, longest)
    return edit


def validate_shipment_fields(edit: ShipmentEdit) -> None:
    """What is given of the shipment itself, its parties and references."""
    check, given = edit.check, edit.input
    window = input_rows.validate_promise(check, given)
    values = {
        "externalReference": check.text(given, "externalReference", 128, filled=True),
        "carrier": check.text(given, "carrier", 64, filled=True),
        "service": check.text(given, "service", 64),
        "promisedFrom": window["promised_from"],
        "promisedTo": window["promised_to"],
        "estimatedDeliveryAt": window["estimated_delivery_at"],
    }
    edit.values = {name: value for name, value in values.items() if name in given}
    for name, role in (("shipper", enums.PartyRole.SHIPPER), ("recipient", enums.PartyRole.RECIPIENT)):
        if given.get(name) is not None:
            edit.parties[role] = input_rows.party(check.at(name), given[name], role)
        elif name in given:
            edit.parties[role] = None
    if "references" in given:
        edit.references = input_rows.references(check, given)


async def update(act: CommandContext, edits: Sequence[ShipmentEdit]) -> list[RowResult]:
    """Carry out the edits in which nothing is wrong yet, in their order. Several may be of one shipment."""
    outcomes = [RowResult.from_validator(one.check) for one in edits]
    good = [at for at, one in enumerate(edits) if not one.check.errors]
    locked = await locking.lock(act, [edits[at].key for at in good]) if good else {}
    found = locking.index_by_key(locked)
    if any(edits[at].packages or edits[at].confirms for at in good):
        await locking.load_packages(act, locked)
    around = await related_rows.load(act, list(locked), [edits[at] for at in good])
    conflicts, moved = locking.VersionConflicts(), {}
    for at in good:
        one, outcome = edits[at], outcomes[at]
        shipment = locking.find_by_key(found, one.key)
        if shipment is None:
            one.check.errors.append(user_errors.NotFound(NONE, path=one.by_path))
            continue
        outcome.shipment = shipment.id
        if one.expected_version is not None and not shipment.has_version(one.expected_version):
            conflicts.add(one.check, shipment, one.expected_version, one.expected_path)
            continue
        before, reference = shipment.status, shipment.row["external_reference"]
        apply_edit(one, shipment, around)
        locking.reindex_reference(found, shipment, reference)
        if before is not shipment.status or around.relations[shipment.id].new_packages:
            moved[shipment.id] = shipment
    await conflicts.load_changed_fields(act)
    flipped = await status_recalculation.recalculate(act, moved.values())
    await locking.save(act, locked.values())
    await related_rows.save(act, around)
    await status_recalculation.save_flags(act, flipped)
    return outcomes


def apply_edit(edit: ShipmentEdit, shipment: LockedShipment, around: related_rows.RelatedData) -> None:
    """One edit: all of it or, where something is wrong, nothing."""
    proposal = ShipmentChangeset(edit.check, edit.input, shipment, around)
    proposal.set_fields(edit.values)
    for role, party in edit.parties.items():
        proposal.set_party(role, party)
    if edit.references is not None:
        proposal.set_references(edit.references)
    everything = orjson.loads(shipment.row["metadata"]) if "metadata" in edit.clears else []
    proposal.set_metadata(edit.metadata[0], [*edit.metadata[1], *everything])
    proposal.set_tags(edit.tags[0], [*edit.tags[1], *(shipment.row["tags"] if "tags" in edit.clears else [])])
    packages = sorted(shipment.packages.values(), key=lambda package: package["seq"])
    for at, (check, given, values) in enumerate(edit.packages):
        if "id" in given:
            proposal.set_package_by_id(check, given, values)
        elif at < len(packages):
            proposal.set_package(check, packages[at], given, values)
        else:
            proposal.add_package(check, values)
    if edit.items is not None:
        proposal.set_items(edit.items)
    if edit.returns is not None:
        edit.check.add_error(edit.returns, "returnOf")
    if edit.confirms and shipment.status is enums.ShipmentStatus.CANCELLED:
        transitions.add_confirm_error(edit.check, shipment, "confirm")
    confirms = edit.confirms and shipment.status is enums.ShipmentStatus.DRAFT
    proposal.update_total_weight()
    if edit.check.errors:
        return
    proposal.apply()
    if confirms:
        # the input has a recipient and a package, so nothing can be missing
        transitions.become_ready(shipment)
