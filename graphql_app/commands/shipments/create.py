"""Shipments are made, one or a thousand by one statement. What is wrong with a row keeps only that row from being made.

In flow inputs under their GraphQL names, out flows an outcome for each. The statement refuses what only the database
knows: a carrier or returned shipment that is not there, an external reference that is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql_app.commands.carriers import CARRIER_NOT_FOUND
from graphql_app.commands.command import CommandContext, RowResult, json_text
from graphql_app.commands.shipments import input_rows
from graphql_app.commands.shipments.input_rows import MAX_TAG_CHARACTERS, MAX_TAGS, validate_promise
from graphql_app.commands.shipments.key import SHIPMENT_NOT_FOUND, check_key, parse_key
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums
from graphql_app.errors.user_errors import Duplicate, Invalid, NotFound, Required
from graphql_app.models import public_ids

LOGGED_COLUMNS = {
    "externalReference": "external_reference",
    "direction": "direction",
    "carrier": "carrier",
    "service": "service",
    "promisedFrom": "promised_from",
    "promisedTo": "promised_to",
    "estimatedDeliveryAt": "estimated_delivery_at",
}
"""What the change log says of a new shipment, and the columns in which it stands."""
RETURN_COLUMNS = ("return_id", "return_number", "return_reference")


@dataclass(frozen=True, slots=True)
class NewShipment:
    """A shipment that may be made."""

    check: Validator
    client_ref: str | None
    shipment: Mapping[str, Any]
    parties: Sequence[input_rows.Row]
    packages: Sequence[input_rows.Row]
    items: Sequence[input_rows.Row]
    references: Sequence[input_rows.Row]


def validate(check: Validator, given: Input) -> NewShipment:
    """One input, checked."""
    made, people = input_rows.packages(check, given), input_rows.parties(check, given)
    confirmed, client_ref = bool(given.get("confirm")), check.text(given, "clientRef", 200)
    if confirmed and not given.get("packages"):
        check.add_error(Required("A shipment that is confirmed needs a package."), "packages")
    if confirmed and not any(one["role"] == enums.PartyRole.RECIPIENT for one in people):
        check.add_error(Required("A shipment that is confirmed needs a recipient."), "recipient")
    value, currency = check.money(given, "declaredValue")
    incoterm = check.text(given, "incoterm", 3)
    if incoterm and not (len(incoterm) == 3 and incoterm.isascii() and incoterm.isupper() and incoterm.isalpha()):
        check.add_error(Invalid("Write the three capital letters of an Incoterm, such as DAP."), "incoterm")
    check_key(check, given.get("returnOf"), "returnOf")
    returned = parse_key(given.get("returnOf"))
    window = validate_promise(check, given)
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
        "tags": check.texts(given, "tags", MAX_TAGS, MAX_TAG_CHARACTERS),
    }
    logged = {name: shipment[column] for name, column in LOGGED_COLUMNS.items()}
    shipment["changed"] = json_text({name: [None, value] for name, value in logged.items() if value is not None})
    items, names = input_rows.items(check, given, len(made)), input_rows.references(check, given)
    return NewShipment(check, client_ref, shipment, people, made, items, names)


async def create(act: CommandContext, rows: Sequence[NewShipment]) -> list[RowResult]:
    """Make the rows in which nothing is wrong yet. Of good rows with one external reference the first is made."""
    outcomes = [RowResult.from_validator(row.check) for row in rows]
    good = {at: public_ids.new() for at, row in enumerate(rows) if not row.check.errors}
    found = await insert(act, rows, good) if good else []
    answers = [answer for answer in found if answer.busy is None]
    firsts: dict[str, int] = {}
    raced = []
    for answer in answers:
        row, outcome = rows[answer.row], outcomes[answer.row]
        if answer.made:
            outcome.shipment, outcome.created = good[answer.row], True
        add_row_errors(row.check, answer)
        if row.check.errors:
            continue
        reference = row.shipment["external_reference"]
        first = answer.row if reference is None else firsts.setdefault(reference, answer.row)
        if first != answer.row:
            message = "An earlier row of this call has this external reference."
            row.check.add_error(Duplicate(message, existing=outcomes[first].shipment), "externalReference")
        elif not answer.made and not act.validate_only:
            raced.append(row)
    owners = await shipments_with_references(act, raced)
    for row in raced:
        row.check.add_error(Duplicate(existing=owners.get(row.shipment["external_reference"])), "externalReference")
    for answer in found:
        if answer.busy is not None:
            input_rows.warn_in_use(rows[answer.row].check.at("packages", answer.busy - 1))
    return outcomes


async def shipments_with_references(act: CommandContext, rows: Sequence[NewShipment]) -> dict[str, UUID]:
    """The shipments that came first where others took an external reference while we were about to."""
    if not rows:
        return {}
    references = [row.shipment["external_reference"] for row in rows]
    found = await act.sql("names_lookup", {"carriers": [], "references": references, "numbers": []})
    return {one.name: one.id for one in found}


async def insert(act: CommandContext, rows: Sequence[NewShipment], good: Mapping[int, UUID]) -> Sequence[Any]:
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
    returns = ["returns"] if any(row[name] is not None for row in shipments for name in RETURN_COLUMNS) else []
    return await act.sql("shipments_insert", {**tables, "numbers": numbers}, [*tables, *returns])


def add_row_errors(check: Validator, answer: Any) -> None:
    """Say what the database found wrong with a row."""
    if answer.no_carrier:
        check.add_error(NotFound(CARRIER_NOT_FOUND), "carrier")
    if answer.no_return_of:
        check.add_error(NotFound(SHIPMENT_NOT_FOUND), "returnOf")
    if answer.existing is not None:
        check.add_error(Duplicate(existing=answer.existing), "externalReference")
