"""Shipments are made, one or a thousand by one statement. What is wrong with a row keeps only that row from being made.

In flow inputs under their GraphQL names, out flows an outcome for each. The statement refuses what only the database
knows: a carrier or returned shipment that is not there, an external reference that is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql_app.commands.carriers import CARRIER
from graphql_app.commands.command import Act, Outcome, json_text
from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.input_rows import LONGEST_TAG, MOST_TAGS, promise
from graphql_app.commands.shipments.key import NO_SHIPMENT, key_of, storable
from graphql_app.commands.validation import Check, Given
from graphql_app.domain import enums
from graphql_app.errors.user_errors import Duplicate, Invalid, NotFound, Required
from graphql_app.models import public_ids

LOGGED = {
    "externalReference": "external_reference",
    "direction": "direction",
    "carrier": "carrier",
    "service": "service",
    "promisedFrom": "promised_from",
    "promisedTo": "promised_to",
    "estimatedDeliveryAt": "estimated_delivery_at",
}
"""What the change log says of a new shipment, and the columns in which it stands."""
RETURN = ("return_id", "return_number", "return_reference")


@dataclass(frozen=True, slots=True)
class New:
    """A shipment that may be made."""

    check: Check
    client_ref: str | None
    shipment: Mapping[str, Any]
    parties: Sequence[input_rows.Parts]
    packages: Sequence[input_rows.Parts]
    items: Sequence[input_rows.Parts]
    references: Sequence[input_rows.Parts]


def read(check: Check, given: Given) -> New:
    """One input, checked."""
    made, people = input_rows.packages(check, given), input_rows.parties(check, given)
    confirmed, client_ref = bool(given.get("confirm")), check.text(given, "clientRef", 200)
    if confirmed and not given.get("packages"):
        check.add(Required("A shipment that is confirmed needs a package."), "packages")
    if confirmed and not any(one["role"] == enums.PartyRole.RECIPIENT for one in people):
        check.add(Required("A shipment that is confirmed needs a recipient."), "recipient")
    value, currency = check.money(given, "declaredValue")
    incoterm = check.text(given, "incoterm", 3)
    if incoterm and not (len(incoterm) == 3 and incoterm.isascii() and incoterm.isupper() and incoterm.isalpha()):
        check.add(Invalid("Write the three capital letters of an Incoterm, such as DAP."), "incoterm")
    storable(check, given.get("returnOf"), "returnOf")
    returned = key_of(given.get("returnOf"))
    window = promise(check, given)
    shipment = {
        "external_reference": check.text(given, "externalReference", 128, filled=True),
        "direction": given.get("direction") or enums.ShipmentDirection.OUTBOUND,
        "confirmed": confirmed,
        "carrier": check.text(given, "carrier", 64, filled=True),
        "service": check.text(given, "service", 64),
        **{f"return_{name}": value for name, value in returned.items()},
        **window,
        "package_count": len(made),
        "total_weight_g": input_rows.total_weight(check, made),
        "declared_value": value,
        "currency": currency,
        "incoterm": incoterm,
        "metadata": json_text(check.metadata(given, "metadata")),
        "tags": check.texts(given, "tags", MOST_TAGS, LONGEST_TAG),
    }
    logged = {name: shipment[column] for name, column in LOGGED.items()}
    shipment["changed"] = json_text({name: [None, value] for name, value in logged.items() if value is not None})
    items, names = input_rows.items(check, given, len(made)), input_rows.references(check, given)
    return New(check, client_ref, shipment, people, made, items, names)


async def create(act: Act, rows: Sequence[New]) -> list[Outcome]:
    """Make the rows in which nothing is wrong yet. Of good rows with one external reference the first is made."""
    outcomes = [Outcome.of(row.check) for row in rows]
    good = {at: public_ids.new() for at, row in enumerate(rows) if not row.check.problems}
    found = await insert(act, rows, good) if good else []
    answers = [answer for answer in found if answer.busy is None]
    firsts: dict[str, int] = {}
    raced = []
    for answer in answers:
        row, outcome = rows[answer.row], outcomes[answer.row]
        if answer.made:
            outcome.shipment, outcome.created = good[answer.row], True
        refuse(row.check, answer)
        if row.check.problems:
            continue
        reference = row.shipment["external_reference"]
        first = answer.row if reference is None else firsts.setdefault(reference, answer.row)
        if first != answer.row:
            message = "An earlier row of this call has this external reference."
            row.check.add(Duplicate(message, existing=outcomes[first].shipment), "externalReference")
        elif not answer.made and not act.dry:
            raced.append(row)
    owners = await owners_of(act, raced)
    for row in raced:
        row.check.add(Duplicate(existing=owners.get(row.shipment["external_reference"])), "externalReference")
    for answer in found:
        if answer.busy is not None:
            input_rows.warn_in_use(rows[answer.row].check.at("packages", answer.busy - 1))
    return outcomes


async def owners_of(act: Act, rows: Sequence[New]) -> dict[str, UUID]:
    """The shipments that came first where others took an external reference while we were about to."""
    if not rows:
        return {}
    references = [row.shipment["external_reference"] for row in rows]
    found = await act.sql("names_lookup", {"carriers": [], "references": references, "numbers": []})
    return {one.name: one.id for one in found}


async def insert(act: Act, rows: Sequence[New], good: Mapping[int, UUID]) -> Sequence[Any]:
    """The statement. Its answer has a row for each of the good ones, whose new identities are given."""
    shipments, parties, packages, items, references = [], [], [], [], []
    numbered: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for at, id_ in good.items():
        new = rows[at]
        status = enums.ShipmentStatus.READY if new.shipment["confirmed"] else enums.ShipmentStatus.DRAFT
        mine = {"id": id_, "row": at, "status": str(status)}
        shipments.append({**new.shipment, **mine})
        parties += [{**one, "shipment_id": id_} for one in new.parties]
        boxes = {one["seq"]: public_ids.new() for one in new.packages}
        for one in new.packages:
            packages.append({**one, "id": boxes[one["seq"]], "shipment_id": id_, "status": str(status)})
            norm = one["tracking_number_norm"]
            if norm is not None and seen.setdefault(norm, at) != at:
                input_rows.warn_in_use(new.check.at("packages", one["seq"] - 1))
            elif norm is not None:
                numbered.append({"row": at, "seq": one["seq"], "norm": norm})
        items += [{**one, "shipment_id": id_, "package_id": boxes.get(one["package_seq"])} for one in new.items]
        references += [{**one, "shipment_id": id_} for one in new.references]
    given: dict[str, Sequence[Any]] = {
        "shipments": shipments,
        "parties": parties,
        "packages": packages,
        "numbered": numbered,
        "items": items,
        "references": references,
    }
    tables = {name: json_text(rows) for name, rows in given.items() if rows}
    numbers = f"shipment_number_{act.account_id.hex}"
    returns = ["returns"] if any(row[name] is not None for row in shipments for name in RETURN) else []
    return await act.sql("shipments_insert", {**tables, "numbers": numbers}, [*tables, *returns])


def refuse(check: Check, answer: Any) -> None:
    """Say what the database found wrong with a row."""
    if answer.no_carrier:
        check.add(NotFound(CARRIER), "carrier")
    if answer.no_return_of:
        check.add(NotFound(NO_SHIPMENT), "returnOf")
    if answer.existing is not None:
        check.add(Duplicate(existing=answer.existing), "externalReference")
