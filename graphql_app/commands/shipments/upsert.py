"""Upserts: the shipment with an external reference is made, or the one that exists becomes what the input says.

In flows a ShipmentCreateInput, out flows an outcome whose `created` tells which it was. Fields that are absent leave
alone what exists, null clears it. Safe against the same upsert elsewhere: who comes second edits what the first made.
"""

import orjson

from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import create, input_rows, locking, update
from graphql_app.commands.shipments.changeset import COLUMNS
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.key import SHIPMENT_NOT_FOUND, parse_key
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import enums
from graphql_app.errors import user_errors

MAX_ATTEMPTS = 3
"""A reference that is neither there nor free was taken a moment ago: then it is there in the next turn."""


def validate(check: Validator, reference: str | None, given: Input) -> create.NewShipment:
    """The arguments of `shipmentUpsert`, checked. The reference stands beside the input, not in it."""
    inner = check.at("input")
    other = given.get("externalReference")
    if other is not None and other.strip() != reference:
        message = "This is another one than the argument's: leave it out here."
        inner.add_error(user_errors.Invalid(message), "externalReference")
    return create.validate(inner, {**given, "externalReference": reference})


async def upsert(act: CommandContext, reference: str, given: Input, expected: int | None) -> RowResult:
    """Make it, or edit what is there."""
    outcome = RowResult()
    for _ in range(MAX_ATTEMPTS):
        check = Validator()
        new = validate(check, reference, given)
        edit = edit_from_create_input(
            ShipmentEdit(new.check, {**locking.NO_KEY, "reference": reference}, given, expected), new
        )
        if "returnOf" in given:
            edit.returns = await return_of_error(act, reference, given["returnOf"])
        (outcome,) = await update.update(act, [edit])
        if outcome.shipment is not None:
            return outcome
        check.errors.clear()
        if expected is not None:
            message = "There is no shipment with this external reference, so it has no version."
            check.add_error(user_errors.NotFound(message), "externalReference")
            return RowResult.from_validator(check)
        (outcome,) = await create.create(act, [new])
        if not any(isinstance(problem, user_errors.Duplicate) for problem in outcome.errors):
            return outcome
    return outcome


async def return_of_error(act: CommandContext, reference: str, given: Input | None) -> user_errors.UserError | None:
    """What is wrong with a `returnOf`: a shipment that exists goes on bringing back what it was made for."""
    key = {f"return_{name}": value for name, value in parse_key(given).items()}
    for row in await act.sql("return_of_get", {"reference": reference, **key}):
        if given is not None and row.named is None:
            return user_errors.NotFound(SHIPMENT_NOT_FOUND)
        if row.named != row.return_of_id:
            return user_errors.Invalid("What a shipment brings back is said when it is made.")
    return None


def edit_from_create_input(edit: ShipmentEdit, new: create.NewShipment) -> ShipmentEdit:
    """An edit that makes a shipment what a ShipmentCreateInput says, as far as that says anything."""
    given, check = edit.input, edit.check
    edit.values = {
        name: new.shipment[column]
        for name, column in COLUMNS.items()
        if name in given and name != "externalReference" and not (name == "direction" and given[name] is None)
    }
    if "declaredValue" in given:
        edit.values["currency"] = new.shipment["currency"]
    edit.parties = {enums.PartyRole(party["role"]): party for party in new.parties}
    if "recipient" in given and given["recipient"] is None:
        edit.parties.setdefault(enums.PartyRole.RECIPIENT, None)
    if "references" in given:
        edit.references = list(new.references)
    if "items" in given:
        edit.items = list(new.items)
    edit.packages = [
        (check.at("packages", at), one, package)
        for at, (one, package) in enumerate(zip(given.get("packages") or (), new.packages, strict=True))
    ]
    edit.metadata = orjson.loads(new.shipment["metadata"]), []
    edit.tags = check.texts(given, "tags", input_rows.MAX_TAGS, input_rows.MAX_TAG_CHARACTERS), []
    edit.clears = {name for name in ("metadata", "tags") if name in given and given[name] is None}
    edit.confirms = new.shipment["confirmed"]
    return edit
