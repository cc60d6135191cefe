"""Rows related to locked shipments that an edit compares with: parties, references, items, carriers, references in use.

Each kind is loaded by one statement, and only if some edit of the call needs it; all are saved by one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text
from graphql_app.commands.shipments import input_rows, search_rows
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.locking import LockedShipment

PARTY_COLUMNS = "role name company lines city region postal_code country_code phone email"
"""Columns of a party, as in `input_rows.party`."""
ITEM_COLUMNS = "seq package_seq sku title quantity unit unit_value currency origin_country batch metadata"
"""Columns of an item, as in `input_rows.items`."""


@dataclass(slots=True)
class ShipmentRelations:
    """The related rows of one shipment, and which of them have changed."""

    parties: dict[str, input_rows.InputRow] = field(default_factory=dict)
    references: list[tuple[str, str]] = field(default_factory=list)
    items: list[input_rows.InputRow] = field(default_factory=list)
    new_packages: list[input_rows.InputRow] = field(default_factory=list)
    changed_roles: set[str] = field(default_factory=set)
    """Roles of parties that are saved or, if they are not in `parties`, deleted."""
    references_changed: bool = False
    items_changed: bool = False


@dataclass(slots=True)
class RelatedData:
    """The related rows of all shipments of a call."""

    relations: dict[UUID, ShipmentRelations]
    """By shipment id."""
    carriers: dict[str, UUID] = field(default_factory=dict)
    """Ids of carriers by code."""
    reference_owners: dict[str | None, UUID] = field(default_factory=dict)
    """Ids of the shipments that have an external reference, by reference."""
    tracking_numbers: dict[str | None, set[UUID]] = field(default_factory=dict)
    """Ids of the active shipments with a normalized tracking number."""
    parties_loaded: bool = False
    """Whether the parties of all shipments are loaded."""
    items_loaded: bool = False
    """Whether the items of all shipments are loaded."""


async def load(context: CommandContext, shipments: list[UUID], edits: Sequence[ShipmentEdit]) -> RelatedData:
    """Load the rows that the edits compare with: parties, references, items, carriers and external references in use,
    one statement each and only if some edit needs it."""
    related = RelatedData({id_: ShipmentRelations() for id_ in shipments})
    if not shipments:
        return related
    if any(edit.parties for edit in edits):
        await load_parties(context, related, shipments)
    if any(edit.references is not None for edit in edits):
        for row in await context.sql("references_get", {"shipments": shipments}):
            related.relations[row.shipment_id].references.append((row.kind, row.value))
    if any(edit.items is not None for edit in edits):
        await load_items(context, related, shipments)
    carriers = {edit.values["carrier"] for edit in edits if edit.values.get("carrier")}
    references = {edit.values["externalReference"] for edit in edits if edit.values.get("externalReference")}
    numbers = {
        columns["tracking_number_norm"]
        for edit in edits
        for _, _, columns in edit.packages
        if columns.get("tracking_number_norm")
    }
    if carriers or references or numbers:
        names = {"carriers": list(carriers), "references": list(references), "numbers": list(numbers)}
        for row in await context.sql("names_lookup", names):
            if row.kind == "carrier":
                related.carriers[row.name] = row.id
            elif row.kind == "reference":
                related.reference_owners[row.name] = row.id
            else:
                related.tracking_numbers.setdefault(row.name, set()).add(row.id)
    return related


async def load_parties(context: CommandContext, related: RelatedData, shipments: list[UUID]) -> None:
    """Load the parties of shipments."""
    for row in await context.sql("parties_get", {"shipments": shipments}):
        party = {name: getattr(row, name) for name in PARTY_COLUMNS.split()}
        related.relations[row.shipment_id].parties[row.role] = party
    related.parties_loaded = True


async def load_items(context: CommandContext, related: RelatedData, shipments: list[UUID]) -> None:
    """Load the items of shipments."""
    for row in await context.sql("items_get", {"shipments": shipments}):
        item = {name: getattr(row, name) for name in ITEM_COLUMNS.split()}
        related.relations[row.shipment_id].items.append(item)
    related.items_loaded = True


async def changed_search_rows(
    context: CommandContext, related: RelatedData, locked: Mapping[UUID, LockedShipment]
) -> list[input_rows.InputRow]:
    """The rows of `shipment_search` of the shipments of which a party, an item or the external reference changed.

    Loads their parties or items first if no edit of the call needed them.
    """
    shipments = [
        id_
        for id_, relations in related.relations.items()
        if relations.changed_roles
        or relations.items_changed
        or locked[id_].row["external_reference"] != locked[id_].stored_reference
    ]
    if shipments and not related.parties_loaded:
        await load_parties(context, related, shipments)
    if shipments and not related.items_loaded:
        await load_items(context, related, shipments)
    return [
        search_rows.search_row(
            context.account_id,
            id_,
            locked[id_].row["external_reference"],
            related.relations[id_].parties.values(),
            related.relations[id_].items,
        )
        for id_ in shipments
    ]


async def save(context: CommandContext, related: RelatedData, locked: Mapping[UUID, LockedShipment]) -> None:
    """Save changed parties, references, items and search terms, and new packages, in one statement. Nothing with
    `validate_only`."""
    if context.validate_only:
        return
    search = await changed_search_rows(context, related, locked)
    changed = [
        (id_, relations)
        for id_, relations in related.relations.items()
        if relations.changed_roles or relations.references_changed or relations.items_changed or relations.new_packages
    ]
    if not changed and not search:
        return
    parties = [
        search_rows.party_row(relations.parties[role], id_)
        for id_, relations in changed
        for role in relations.changed_roles
        if role in relations.parties
    ]
    deleted_parties = [
        {"shipment_id": id_, "role": role}
        for id_, relations in changed
        for role in relations.changed_roles
        if role not in relations.parties
    ]
    references = [
        search_rows.reference_row({"seq": seq, "kind": kind, "value": value}, id_)
        for id_, relations in changed
        if relations.references_changed
        for seq, (kind, value) in enumerate(relations.references, 1)
    ]
    items = [
        {**item, "shipment_id": id_}
        for id_, relations in changed
        if relations.items_changed
        for item in relations.items
    ]
    packages = [{**package, "shipment_id": id_} for id_, relations in changed for package in relations.new_packages]
    values = {
        "parties": json_text(parties),
        "deleted_parties": json_text(deleted_parties),
        "references": json_text(references),
        "referenced": [id_ for id_, relations in changed if relations.references_changed],
        "packages": json_text(packages),
        "items": json_text(items),
        "search": json_text(search),
        "itemised": [id_ for id_, relations in changed if relations.items_changed],
    }
    await context.sql("shipment_relations_save", values)
