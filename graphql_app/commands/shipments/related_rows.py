"""What stands around locked shipments and an edit may need: parties, references, items, carriers, taken references.

Loaded by one statement each, and only where some edit of the call asks for it; saved by one statement for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.shipments import input_rows

if TYPE_CHECKING:
    from graphql_app.commands.shipments.edit import ShipmentEdit

PARTY_COLUMNS = "role name company lines city region postal_code country_code phone email"
ITEM_COLUMNS = "seq package_seq sku title quantity unit unit_value currency origin_country batch metadata"


@dataclass(slots=True)
class ShipmentRelations:
    """One shipment's."""

    parties: dict[str, input_rows.Row] = field(default_factory=dict)
    references: list[tuple[str, str]] = field(default_factory=list)
    items: list[input_rows.Row] = field(default_factory=list)
    new_packages: list[input_rows.Row] = field(default_factory=list)
    saved_parties: set[str] = field(default_factory=set)
    saves_references: bool = False
    saves_items: bool = False


@dataclass(slots=True)
class RelatedData:
    """All of a call's. `owners`: external references that are taken, and by which shipment."""

    relations: dict[UUID, ShipmentRelations]
    carriers: dict[str, UUID] = field(default_factory=dict)
    owners: dict[str | None, UUID] = field(default_factory=dict)
    tracking_numbers: dict[str | None, set[UUID]] = field(default_factory=dict)


async def load(act: CommandContext, shipments: list[UUID], edits: "Sequence[ShipmentEdit]") -> RelatedData:
    """What these edits need to know."""
    around = RelatedData({key: ShipmentRelations() for key in shipments})
    if not shipments:
        return around
    values = {"shipments": shipments}
    if any(edit.parties for edit in edits):
        for row in await act.sql("parties_get", values):
            around.relations[row.shipment_id].parties[row.role] = {
                name: getattr(row, name) for name in PARTY_COLUMNS.split()
            }
    if any(edit.references is not None for edit in edits):
        for row in await act.sql("references_get", values):
            around.relations[row.shipment_id].references.append((row.kind, row.value))
    if any(edit.items is not None for edit in edits):
        for row in await act.sql("items_get", values):
            around.relations[row.shipment_id].items.append({name: getattr(row, name) for name in ITEM_COLUMNS.split()})
    carriers = {edit.values["carrier"] for edit in edits if edit.values.get("carrier")}
    references = {edit.values["externalReference"] for edit in edits if edit.values.get("externalReference")}
    numbers = {
        values["tracking_number_norm"]
        for edit in edits
        for _, _, values in edit.packages
        if values.get("tracking_number_norm")
    }
    if carriers or references or numbers:
        asked = {"carriers": list(carriers), "references": list(references), "numbers": list(numbers)}
        for row in await act.sql("names_lookup", asked):
            if row.kind == "carrier":
                around.carriers[row.name] = row.id
            elif row.kind == "reference":
                around.owners[row.name] = row.id
            else:
                around.tracking_numbers.setdefault(row.name, set()).add(row.id)
    return around


async def save(act: CommandContext, around: RelatedData) -> None:
    """Write what became of parties, references, items, and packages that are new."""
    changed = [
        (key, one)
        for key, one in around.relations.items()
        if one.saved_parties or one.saves_references or one.saves_items or one.new_packages
    ]
    if not changed or act.validate_only:
        return
    parties = [
        {**one.parties[role], "shipment_id": key}
        for key, one in changed
        for role in one.saved_parties
        if role in one.parties
    ]
    gone = [
        {"shipment_id": key, "role": role}
        for key, one in changed
        for role in one.saved_parties
        if role not in one.parties
    ]
    references = [
        {"shipment_id": key, "seq": seq, "kind": kind, "value": value}
        for key, one in changed
        if one.saves_references
        for seq, (kind, value) in enumerate(one.references, 1)
    ]
    items = [{**item, "shipment_id": key} for key, one in changed if one.saves_items for item in one.items]
    packages = [{**package, "shipment_id": key} for key, one in changed for package in one.new_packages]
    values = {
        "parties": json_text(parties),
        "gone": json_text(gone),
        "references": json_text(references),
        "referenced": [key for key, one in changed if one.saves_references],
        "packages": json_text(packages),
        "items": json_text(items),
        "itemised": [key for key, one in changed if one.saves_items],
    }
    await act.sql("shipment_relations_save", values)
