"""What each mutation does: check the input, carry out the action in its transaction, read back what it wrote.

Nothing here decides about the domain. Arguments come under their GraphQL names, as graphql-core coerced them.
"""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.auth import api_key
from graphql_app.commands import api_keys, carriers
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.shipments import create, transitions, update, upsert
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.key import check_key, parse_key
from graphql_app.commands.tracking_events import corrections, record
from graphql_app.commands.tracking_events.report import validate
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums
from graphql_app.graphql_types import payloads
from graphql_app.graphql_types.api_keys import ApiKeyCreatePayload, ApiKeyPayload
from graphql_app.models import public_ids
from graphql_app.mutations import payload_builder
from graphql_app.mutations.call import Arguments, Info, MutationCall, parse_call
from graphql_app.mutations.payload_builder import PayloadBuilder
from graphql_app.mutations.transaction import REJECT_EVERYTHING, limit_rows, run_rows


async def shipment_create(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made = parse_call(info, arguments, versioned=False)
    new = create.validate(Validator("input"), arguments["input"])

    async def action(act: CommandContext) -> list[RowResult]:
        return await create.create(act, [new])

    return await run_one(made, new.check, action, one_statement=True)


async def shipment_upsert(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = parse_call(info, arguments, versioned=True), Validator()
    reference = check.text(arguments, "externalReference", 128, required=True)
    upsert.validate(check, reference, arguments["input"])

    async def action(act: CommandContext) -> list[RowResult]:
        return [await upsert.upsert(act, reference or "", arguments["input"], made.expected_version)]

    return await run_one(made, check, action)


async def shipment_update(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = parse_call(info, arguments, versioned=True), Validator()
    check_key(check, arguments["by"], "by")
    edit = update.validate(ShipmentEdit(check.at("input"), by(arguments), arguments["input"], made.expected_version))

    async def action(act: CommandContext) -> list[RowResult]:
        return await update.update(act, [edit])

    return await run_one(made, check, action)


async def command(
    info: Info, arguments: Arguments, check: Validator, what: transitions.Command
) -> payloads.ShipmentPayload:
    """A command on one shipment."""
    made = parse_call(info, arguments, versioned=True)
    check_key(check, arguments["by"], "by")

    async def action(act: CommandContext) -> list[RowResult]:
        return [await transitions.run(act, by(arguments), made.expected_version, check, what)]

    return await run_one(made, check, action)


async def shipment_confirm(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    return await command(info, arguments, Validator(), transitions.confirm)


async def shipment_cancel(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    check = Validator()
    return await command(info, arguments, check, transitions.cancel(check.text(arguments, "reason", 500)))


async def shipment_archive(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    return await command(info, arguments, Validator(), transitions.archive(arguments["archived"]))


async def shipment_override_status(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = parse_call(info, arguments, versioned=True), Validator()
    check_key(check, arguments["by"], "by")
    reason = check.text(arguments, "reason", 500, required=True)

    async def action(act: CommandContext) -> list[RowResult]:
        status = enums.ShipmentStatus(arguments["status"])
        return [await corrections.override(act, by(arguments), status, reason or "", made.expected_version, check)]

    return await run_one(made, check, action)


async def shipments_bulk_create(info: Info, arguments: Arguments) -> payloads.ShipmentBulkPayload:
    made = parse_call(info, arguments, versioned=False)
    rows = [
        create.validate(Validator("inputs", at), one) for at, one in enumerate(limit_rows(made, arguments["inputs"]))
    ]

    async def action(act: CommandContext) -> list[RowResult]:
        return await create.create(act, rows)

    whole = arguments["errorPolicy"] == REJECT_EVERYTHING
    outcomes = await run_rows(made, [row.check for row in rows], action, whole, one_statement=True)
    for row, outcome in zip(rows, outcomes, strict=False):
        outcome.client_ref = row.client_ref
    return PayloadBuilder(made).shipments(outcomes, whole=whole)


async def shipments_bulk_update(info: Info, arguments: Arguments) -> payloads.ShipmentBulkPayload:
    made = parse_call(info, arguments, versioned=False)
    edits = []
    for at, row in enumerate(limit_rows(made, arguments["inputs"])):
        check, place = Validator("inputs", at, "input"), ("inputs", str(at))
        check_key(Validator(*place, outer=check), row["by"], "by")
        key, expected = parse_key(row["by"]), row.get("expectedVersion")
        edit = ShipmentEdit(check, key, row["input"], expected, (*place, "expectedVersion"), (*place, "by"))
        edits.append(update.validate(edit))

    async def action(act: CommandContext) -> list[RowResult]:
        return await update.update(act, edits)

    whole = arguments["errorPolicy"] == REJECT_EVERYTHING
    outcomes = await run_rows(made, [edit.check for edit in edits], action, whole)
    return PayloadBuilder(made).shipments(outcomes, whole=whole)


async def tracking_events_record(info: Info, arguments: Arguments) -> payloads.TrackingEventsPayload:
    made = parse_call(info, arguments, versioned=False)
    reports = [validate(Validator("inputs", at), one) for at, one in enumerate(limit_rows(made, arguments["inputs"]))]

    async def action(act: CommandContext) -> list[RowResult]:
        return await record.record(act, reports)

    whole = arguments["errorPolicy"] == REJECT_EVERYTHING
    outcomes = await run_rows(made, [report.check for report in reports], action, whole)
    return PayloadBuilder(made).events(outcomes, whole=whole)


async def tracking_event_void(info: Info, arguments: Arguments) -> payloads.TrackingEventsPayload:
    made, check = parse_call(info, arguments, versioned=True), Validator()
    event = public_ids.decode_as(models.TrackingEvent, arguments["id"]) or UUID(int=0)
    reason = check.text(arguments, "reason", 500, required=True)
    given = arguments.get("replacement")
    replacement = None if given is None else validate(Validator("replacement"), given)

    async def action(act: CommandContext) -> list[RowResult]:
        return await corrections.void(act, event, reason or "", replacement, made.expected_version, check)

    checks = [check] if replacement is None else [check, replacement.check]
    return PayloadBuilder(made).events(await run_rows(made, checks, action, True), whole=True)


async def carrier_save(info: Info, arguments: Arguments) -> payloads.CarrierPayload:
    made, check = parse_call(info, arguments, versioned=False), Validator()
    carrier = carriers.validate(check, arguments)

    async def action(act: CommandContext) -> list[RowResult]:
        return [await carriers.save(act, carrier, check)]

    return PayloadBuilder(made).carrier((await run_rows(made, [check], action, False))[:1])


async def carrier_status_map(info: Info, arguments: Arguments) -> payloads.CarrierPayload:
    made, check = parse_call(info, arguments, versioned=False), Validator()
    word = carriers.validate_status_mapping(check, arguments)

    async def action(act: CommandContext) -> list[RowResult]:
        return [await carriers.map_status(act, word, check)]

    return PayloadBuilder(made).carrier((await run_rows(made, [check], action, False))[:1])


async def api_key_create(info: Info, arguments: Arguments) -> ApiKeyCreatePayload:
    made, check, secret = parse_call(info, arguments, versioned=False), Validator("input"), api_key.generate()
    new = api_keys.validate(check, arguments["input"], info.context.viewer.scopes)

    async def action(act: CommandContext) -> list[RowResult]:
        return [await api_keys.create(act, new, secret, check)]

    return payload_builder.api_key_create_payload(made, (await run_rows(made, [check], action, False))[:1], secret)


async def api_key_revoke(info: Info, arguments: Arguments) -> ApiKeyPayload:
    made, check = parse_call(info, arguments, versioned=False), Validator()

    async def action(act: CommandContext) -> list[RowResult]:
        return [await api_keys.revoke(act, public_ids.decode_as(models.ApiKey, arguments["id"]), check)]

    return payload_builder.api_key_payload(made, (await run_rows(made, [check], action, False))[:1])


def by(arguments: Arguments) -> dict[str, Any]:
    return parse_key(arguments["by"])


async def run_one(made: MutationCall, check: Validator, action: Any, *, one_statement: bool = False) -> Any:
    """The payload of a mutation on one shipment."""
    return PayloadBuilder(made).shipment(await run_rows(made, [check], action, False, one_statement=one_statement))
