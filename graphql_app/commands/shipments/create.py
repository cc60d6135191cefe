"""Creating shipments: one or up to a thousand rows in one statement. An invalid row does not prevent the other rows.

Takes inputs by GraphQL name, returns one result per row. The statement itself reports the errors that only the database
can find: an unknown carrier, an unknown returned shipment, and an external reference that is in use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql_app.commands.carriers import CARRIER_NOT_FOUND
from graphql_app.commands.command import CommandContext, RowResult, json_text
from graphql_app.commands.shipments import input_rows, search_rows
from graphql_app.commands.shipments.key import shipment_not_found, validate_key
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
"""Fields of a new shipment in the change log, and their columns."""
RETURN_COLUMNS = ("return_id", "return_number", "return_reference")
"""The key of the returned shipment, in the table that the statement takes."""


@dataclass(frozen=True, slots=True)
class NewShipment:
    """A validated input for a new shipment, as rows of the tables."""

    validator: Validator
    client_ref: str | None
    shipment: Mapping[str, Any]
    parties: Sequence[input_rows.InputRow]
    packages: Sequence[input_rows.InputRow]
    items: Sequence[input_rows.InputRow]
    references: Sequence[input_rows.InputRow]


def validate(validator: Validator, fields: Input) -> NewShipment:
    """Validate a ShipmentCreateInput. The errors are in `validator`; with errors the rows must not be written."""
    packages, parties = input_rows.packages(validator, fields), input_rows.parties(validator, fields)
    confirmed, client_ref = bool(fields.get("confirm")), validator.text(fields, "clientRef", 200)
    if confirmed and not fields.get("packages"):
        validator.add_error(Required("`confirm` requires at least one package."), "packages")
    if confirmed and not any(party["role"] == enums.PartyRole.RECIPIENT for party in parties):
        validator.add_error(Required("`confirm` requires a recipient."), "recipient")
    value, currency = validator.money(fields, "declaredValue")
    incoterm = validator.text(fields, "incoterm", 3)
    if incoterm and not (len(incoterm) == 3 and incoterm.isascii() and incoterm.isupper() and incoterm.isalpha()):
        validator.add_error(Invalid("Must be the three capital letters of an Incoterm, for example DAP."), "incoterm")
    return_key = validate_key(validator, fields.get("returnOf"), "returnOf")
    promise = input_rows.validate_promise(validator, fields)
    shipment = {
        "external_reference": validator.text(fields, "externalReference", 128, reject_blank=True),
        "direction": fields.get("direction") or enums.ShipmentDirection.OUTBOUND,
        "confirmed": confirmed,
        "carrier": validator.text(fields, "carrier", 64, reject_blank=True),
        "service": validator.text(fields, "service", 64),
        **{f"return_{name}": value for name, value in return_key.items()},
        **promise,
        "package_count": len(packages),
        "total_weight_g": input_rows.total_weight(validator, packages),
        "declared_value": value,
        "currency": currency,
        "incoterm": incoterm,
        "metadata": json_text(validator.metadata(fields, "metadata")),
        "tags": validator.texts(fields, "tags", input_rows.MAX_TAGS, input_rows.MAX_TAG_CHARACTERS),
        "recipient_name": next((row["name"] for row in parties if row["role"] == enums.PartyRole.RECIPIENT), None),
    }
    logged = {name: shipment[column] for name, column in LOGGED_COLUMNS.items()}
    shipment["changed"] = json_text({name: [None, value] for name, value in logged.items() if value is not None})
    items = input_rows.items(validator, fields, len(packages))
    references = input_rows.references(validator, fields)
    return NewShipment(validator, client_ref, shipment, parties, packages, items, references)


async def create(context: CommandContext, rows: Sequence[NewShipment]) -> list[RowResult]:
    """Create the rows that have no errors. Of several valid rows with one external reference the first is created."""
    results = [RowResult.from_validator(row.validator) for row in rows]
    new_ids = {index: public_ids.new() for index, row in enumerate(rows) if not row.validator.errors}
    records = await insert(context, rows, new_ids) if new_ids else []
    first_index: dict[str, int] = {}
    lost_races = []
    for record in records:
        if record.package_seq_in_use is not None:
            continue
        row, result = rows[record.row], results[record.row]
        if record.inserted:
            result.shipment, result.created = new_ids[record.row], True
        add_row_errors(row.validator, record)
        if row.validator.errors:
            continue
        reference = row.shipment["external_reference"]
        first = record.row if reference is None else first_index.setdefault(reference, record.row)
        if first != record.row:
            message = "An earlier row of this call has the same external reference."
            row.validator.add_error(Duplicate(message, existing=results[first].shipment), "externalReference")
        elif not record.inserted and not context.validate_only:
            lost_races.append(row)
    owners = await shipments_with_references(context, lost_races)
    for row in lost_races:
        row.validator.add_error(Duplicate(existing=owners.get(row.shipment["external_reference"])), "externalReference")
    for record in records:
        if record.package_seq_in_use is not None:
            input_rows.warn_in_use(rows[record.row].validator.at("packages", record.package_seq_in_use - 1))
    return results


async def shipments_with_references(context: CommandContext, rows: Sequence[NewShipment]) -> dict[str, UUID]:
    """The ids of the shipments that took the rows' external references in concurrent calls, by reference."""
    if not rows:
        return {}
    references = [row.shipment["external_reference"] for row in rows]
    records = await context.sql("names_lookup", {"carriers": [], "references": references, "numbers": []})
    return {record.name: record.id for record in records}


async def insert(context: CommandContext, rows: Sequence[NewShipment], new_ids: Mapping[int, UUID]) -> Sequence[Any]:
    """Run the statement for the valid rows, whose new ids are `new_ids` by row index.

    Returns one record per valid row (`package_seq_in_use` is null), then one per package whose tracking number is in
    use elsewhere (`package_seq_in_use` is its `seq`).
    """
    shipments, parties, packages, items, references, search = [], [], [], [], [], []
    numbered: list[dict[str, Any]] = []
    first_row_of_number: dict[str, int] = {}
    for index, id_ in new_ids.items():
        new = rows[index]
        status = enums.ShipmentStatus.READY if new.shipment["confirmed"] else enums.ShipmentStatus.DRAFT
        shipments.append({**new.shipment, "id": id_, "row": index, "status": str(status)})
        parties += [search_rows.party_row(party, id_) for party in new.parties]
        package_ids = {package["seq"]: public_ids.new() for package in new.packages}
        for package in new.packages:
            seq, number = package["seq"], package["tracking_number_norm"]
            packages.append({**package, "id": package_ids[seq], "shipment_id": id_, "status": str(status)})
            if number is not None and first_row_of_number.setdefault(number, index) != index:
                input_rows.warn_in_use(new.validator.at("packages", seq - 1))
            elif number is not None:
                numbered.append({"row": index, "seq": seq, "norm": number})
        items += [
            {**item, "shipment_id": id_, "package_id": package_ids.get(item["package_seq"])} for item in new.items
        ]
        references += [search_rows.reference_row(reference, id_) for reference in new.references]
        reference = new.shipment["external_reference"]
        search.append(search_rows.search_row(context.account_id, id_, reference, new.parties, new.items))
    table_rows: dict[str, Sequence[Any]] = {
        "shipments": shipments,
        "parties": parties,
        "packages": packages,
        "numbered": numbered,
        "items": items,
        "references": references,
        "search": search,
    }
    # Only the parts with rows are in the statement: PostgreSQL initializes every part, even for no rows.
    tables = {name: json_text(rows) for name, rows in table_rows.items() if rows}
    numbers = f"shipment_number_{context.account_id.hex}"
    returns = ["returns"] if any(row[name] is not None for row in shipments for name in RETURN_COLUMNS) else []
    return await context.sql("shipments_insert", {**tables, "numbers": numbers}, [*tables, *returns])


def add_row_errors(validator: Validator, record: Any) -> None:
    """Add the errors that the database found in a row."""
    if record.no_carrier:
        validator.add_error(NotFound(CARRIER_NOT_FOUND), "carrier")
    if record.no_return_of:
        validator.add_error(shipment_not_found(), "returnOf")
    if record.existing is not None:
        validator.add_error(Duplicate(existing=record.existing), "externalReference")
