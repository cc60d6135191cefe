"""Edits of shipments. In flow inputs under their GraphQL names: an absent field leaves alone, null clears.

Refuses fields that the status has frozen, each by itself; a frozen field may still be given the value that it has. A
change is what differs: giving what is already so changes nothing, raises no version and is no row of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql_app import errors
from graphql_app import vocabulary as v
from graphql_app.actions import creation, details, parts, shipments
from graphql_app.actions import locked as locking
from graphql_app.actions.act import Act, Outcome
from graphql_app.actions.checks import Check, Given
from graphql_app.actions.locked import Key, Locked
from graphql_app.actions.proposal import COLUMNS, Proposal

NONE = "There is no such shipment."


@dataclass(slots=True)
class Edit:
    """An edit of one shipment, checked as far as it can be without the shipment."""

    check: Check
    key: Key
    given: Given
    expected: int | None = None
    expected_path: errors.Path = ("options", "expectedVersion")
    by_path: errors.Path = ("by",)
    client_ref: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    parties: dict[v.PartyRole, parts.Parts | None] = field(default_factory=dict)
    references: list[parts.Parts] | None = None
    packages: list[tuple[Check, Given, parts.Parts]] = field(default_factory=list)
    """What is given of packages that exist: by their identity, or in their order where there is none."""
    items: list[parts.Parts] | None = None
    metadata: tuple[dict[str, Any], list[str]] = field(default_factory=lambda: ({}, []))
    tags: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    confirms: bool = False


def read(edit: Edit) -> Edit:
    """Check a ShipmentUpdateInput."""
    check, given = edit.check, edit.given
    common(edit)
    for inner, one in check.rows(given, "packages", parts.MOST_PACKAGES):
        new = parts.tracking_number(inner, one) if "trackingNumber" in one else {}
        new |= parts.weight(inner, one) if "weight" in one else {}
        new |= parts.dimensions(inner, one) if "dimensions" in one else {}
        edit.packages.append((inner, one, new))
    edit.metadata = check.metadata(given, "metadataSet"), check.texts(given, "metadataUnset", 1000, 100)
    most, longest = creation.MOST_TAGS, creation.LONGEST_TAG
    edit.tags = check.texts(given, "tagsAdd", most, longest), check.texts(given, "tagsRemove", most, longest)
    return edit


def read_whole(edit: Edit, new: creation.New) -> Edit:
    """An edit that makes a shipment what a ShipmentCreateInput says, as far as that says anything."""
    given = edit.given
    common(edit)
    edit.values.pop("externalReference", None)
    for name in ("direction", "incoterm", "declaredValue"):
        if given.get(name) is not None:
            edit.values[name] = new.shipment[COLUMNS.get(name, name)]
    if "declaredValue" in edit.values:
        edit.values["currency"] = new.shipment["currency"]
    for party in new.parties:
        edit.parties[v.PartyRole(party["role"])] = party
    if given.get("packages") is not None:
        rows = zip(edit.check.rows(given, "packages", parts.MOST_PACKAGES), new.packages, strict=False)
        edit.packages = [(inner, one, package) for (inner, one), package in rows]
    if given.get("items") is not None:
        edit.items = list(new.items)
    edit.metadata = edit.check.metadata(given, "metadata"), []
    edit.tags = edit.check.texts(given, "tags", creation.MOST_TAGS, creation.LONGEST_TAG), []
    edit.confirms = bool(given.get("confirm"))
    return edit


def common(edit: Edit) -> None:
    """What both inputs have under the same names."""
    check, given = edit.check, edit.given
    window = creation.promise(check, given)
    values = {
        "externalReference": check.text(given, "externalReference", 128),
        "carrier": check.text(given, "carrier", 64),
        "service": check.text(given, "service", 64),
        "promisedFrom": window["promised_from"],
        "promisedTo": window["promised_to"],
        "estimatedDeliveryAt": window["estimated_delivery_at"],
    }
    edit.values = {name: value for name, value in values.items() if name in given}
    for name, role in (("shipper", v.PartyRole.SHIPPER), ("recipient", v.PartyRole.RECIPIENT)):
        if given.get(name) is not None:
            edit.parties[role] = parts.party(check.at(name), given[name], role)
        elif name in given:
            edit.parties[role] = None
    if "references" in given:
        edit.references = parts.references(check, given)


async def edit(act: Act, edits: Sequence[Edit]) -> list[Outcome]:
    """Carry out the edits in which nothing is wrong yet, in their order. Several may be of one shipment."""
    outcomes = [Outcome.of(one.check, client_ref=one.client_ref) for one in edits]
    good = [at for at, one in enumerate(edits) if not one.check.problems]
    locked = await locking.lock(act, [edits[at].key for at in good]) if good else {}
    found = locking.finder(locked)
    await locking.load_packages(act, locked)
    around = await details.load(act, list(locked), [edits[at] for at in good])
    for at in good:
        one, outcome = edits[at], outcomes[at]
        shipment = locking.named(found, one.key)
        if shipment is None:
            one.check.problems.append(errors.NotFound(NONE, path=one.by_path))
            continue
        outcome.shipment = shipment.id
        if not shipment.expect(one.expected):
            assert one.expected is not None
            one.check.problems.append(await locking.conflict(act, shipment, one.expected, one.expected_path))
            continue
        outcome.written = attempt(one, shipment, around)
    await locking.save(act, locked.values())
    await details.save(act, around)
    return outcomes


def attempt(edit: Edit, shipment: Locked, around: details.Around) -> bool:
    """One edit: all of it or, where something is wrong, nothing. Whether anything changed."""
    proposal = Proposal(edit.check, shipment, around)
    proposal.fields(edit.values)
    for role, party in edit.parties.items():
        proposal.party(role, party)
    if edit.references is not None:
        proposal.references(edit.references)
    proposal.metadata(*edit.metadata)
    proposal.tags(*edit.tags)
    packages = sorted(shipment.packages.values(), key=lambda package: package["seq"])
    for at, (check, given, values) in enumerate(edit.packages):
        if "id" in given:
            proposal.package_by_id(check, given["id"], values)
        elif at < len(packages):
            proposal.package(check, packages[at], {key: value for key, value in values.items() if key != "seq"})
        else:
            proposal.new_package(check, values)
    if edit.items is not None:
        proposal.items(edit.items)
    if edit.check.problems:
        return False
    changed = proposal.take()
    if edit.confirms and shipment.status is v.ShipmentStatus.DRAFT:
        # the input has a recipient and a package, so nothing can be missing
        shipments.become_ready(shipment)
        for package in around.of[shipment.id].new_packages:
            package["status"] = shipment.row["status"]
        return True
    return changed
