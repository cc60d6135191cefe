"""Upserts: create the shipment with an external reference, or update the existing one to match the input.

Takes a ShipmentCreateInput, returns a result whose `created` says which of the two happened. In an existing shipment an
omitted field is unchanged and null clears it. Concurrent upserts of one reference are safe: the second updates what the
first created.
"""

import orjson

from graphql_app.commands import delivery_times
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import create, input_rows, locking, update
from graphql_app.commands.shipments.changeset import COLUMNS
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.key import parse_key, shipment_not_found
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums, normal_forms
from graphql_app.errors import user_errors

MAX_ATTEMPTS = 3
"""Attempts to update or create. If the update finds no shipment and the creation returns DUPLICATE, a concurrent call
has created it in between: the next attempt updates it."""


def validate(validator: Validator, reference: str | None, fields: Input) -> create.NewShipment:
    """Validate the arguments of `shipmentUpsert`. The external reference is an argument of its own."""
    input_validator = validator.at("input")
    input_reference = fields.get("externalReference")
    if input_reference is not None and normal_forms.text(input_reference) != reference:
        message = "Must match the `externalReference` argument. Omit it or use the same value."
        input_validator.add_error(user_errors.Invalid(message), "externalReference")
    return create.validate(input_validator, {**fields, "externalReference": reference})


async def upsert(context: CommandContext, reference: str, fields: Input, expected_version: int | None) -> RowResult:
    """Update the shipment with this external reference, or create it. `expected_version` requires an existing one."""
    result = RowResult()
    for _ in range(MAX_ATTEMPTS):
        validator = Validator()
        new = validate(validator, reference, fields)
        key = {**locking.NO_KEY, "reference": reference}
        edit = edit_from_create_input(ShipmentEdit(new.validator, key, fields, expected_version), new)
        if "returnOf" in fields:
            edit.return_of_error = await return_of_error(context, reference, fields["returnOf"])
        (result,) = await update.update(context, [edit])
        if result.shipment is not None:
            return result
        validator.errors.clear()
        if expected_version is not None:
            message = "There is no shipment with this external reference, so `expectedVersion` cannot match."
            validator.add_error(user_errors.NotFound(message), "externalReference")
            return RowResult.from_validator(validator)
        (result,) = await create.create(context, [new])
        if not any(isinstance(error, user_errors.Duplicate) for error in result.errors):
            return result
    return result


async def return_of_error(
    context: CommandContext, reference: str, return_key: Input | None
) -> user_errors.UserError | None:
    """The error of a `returnOf` that differs from that of the existing shipment, which cannot change; None if it is
    equal or the shipment does not exist."""
    key = {f"return_{name}": value for name, value in parse_key(return_key).items()}
    for row in await context.sql("return_of_get", {"reference": reference, **key}):
        if return_key is not None and row.named is None:
            return shipment_not_found()
        if row.named != row.return_of_id:
            return user_errors.Invalid("Cannot be changed after the shipment was created.")
    return None


def edit_from_create_input(edit: ShipmentEdit, new: create.NewShipment) -> ShipmentEdit:
    """Fill in an edit that makes the existing shipment match the fields of a ShipmentCreateInput that are present."""
    fields, validator = edit.input, edit.validator
    edit.values = {
        name: new.shipment[column]
        for name, column in COLUMNS.items()
        if name in fields and name != "externalReference" and not (name == "direction" and fields[name] is None)
    }
    edit.days = {name: new.shipment[column] for name, column in delivery_times.DAY_COLUMNS.items() if name in fields}
    if "declaredValue" in fields:
        edit.values["currency"] = new.shipment["currency"]
    edit.parties = {enums.PartyRole(party["role"]): party for party in new.parties}
    if "recipient" in fields and fields["recipient"] is None:
        edit.parties.setdefault(enums.PartyRole.RECIPIENT, None)
    if "references" in fields:
        edit.references = list(new.references)
    if "items" in fields:
        edit.items = list(new.items)
    edit.packages = [
        (validator.at("packages", index), package_fields, package)
        for index, (package_fields, package) in enumerate(zip(fields.get("packages") or (), new.packages, strict=True))
    ]
    edit.metadata = orjson.loads(new.shipment["metadata"]), []
    edit.tags = validator.texts(fields, "tags", input_rows.MAX_TAGS, input_rows.MAX_TAG_CHARACTERS), []
    edit.cleared = {name for name in ("metadata", "tags") if name in fields and fields[name] is None}
    edit.confirms = new.shipment["confirmed"]
    return edit
