"""The resolvers of the mutations: parse the call, validate the input, run the command, return the payload.

The rules are in `commands` and `domain`. The payload is built from the results, after the commit. What each mutation
does is described in `schema/mutations.py`.
"""

from uuid import UUID

from graphql_app import models
from graphql_app.auth import api_key
from graphql_app.commands import api_keys, carriers
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.loop_share import map_in_turns
from graphql_app.commands.shipments import create, transitions, update, upsert
from graphql_app.commands.shipments.edit import ShipmentEdit
from graphql_app.commands.shipments.key import validate_key
from graphql_app.commands.tracking_events import corrections, record, report
from graphql_app.commands.validation import Validator
from graphql_app.domain import enums
from graphql_app.graphql_types import payloads
from graphql_app.graphql_types.api_keys import ApiKeyCreatePayload, ApiKeyPayload
from graphql_app.models import public_ids
from graphql_app.mutations import payload_builder, reapplication, transaction
from graphql_app.mutations.call import FieldArguments, is_atomic, limit_rows, parse_call
from graphql_app.operation_context import Info

MAX_EXTERNAL_REFERENCE_CHARACTERS = 128
MAX_REASON_CHARACTERS = 500


async def shipment_create(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    call = parse_call(info, arguments)
    shipment = create.validate(Validator("input"), arguments["input"])

    async def command(context: CommandContext) -> list[RowResult]:
        return await create.create(context, [shipment])

    results = await transaction.run(call, [shipment.validator], command, single_statement=True)
    return payload_builder.shipment_payload(call, results)


async def shipment_upsert(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    call, validator = parse_call(info, arguments, versioned=True), Validator()
    reference = validator.text(arguments, "externalReference", MAX_EXTERNAL_REFERENCE_CHARACTERS, required=True)
    upsert.validate(validator, reference, arguments["input"])

    async def command(context: CommandContext) -> list[RowResult]:
        return [await upsert.upsert(context, reference or "", arguments["input"], call.expected_version)]

    return payload_builder.shipment_payload(call, await transaction.run(call, [validator], command))


async def shipment_update(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    call, validator = parse_call(info, arguments, versioned=True), Validator()
    key = validate_key(validator, arguments["by"], "by")
    edit = update.validate(ShipmentEdit(validator.at("input"), key, arguments["input"], call.expected_version))

    async def command(context: CommandContext) -> list[RowResult]:
        return await update.update(context, [edit])

    return payload_builder.shipment_payload(call, await transaction.run(call, [validator], command))


async def shipment_confirm(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    return await run_transition(info, arguments, Validator(), transitions.confirm)


async def shipment_cancel(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    validator = Validator()
    reason = validator.text(arguments, "reason", MAX_REASON_CHARACTERS)
    return await run_transition(info, arguments, validator, transitions.cancel(reason))


async def shipment_archive(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    return await run_transition(info, arguments, Validator(), transitions.archive(arguments["archived"]))


async def run_transition(
    info: Info, arguments: FieldArguments, validator: Validator, transition: transitions.Transition
) -> payloads.ShipmentPayload:
    """Run a status transition or another command that changes one shipment by its key."""
    call = parse_call(info, arguments, versioned=True)
    key = validate_key(validator, arguments["by"], "by")

    async def command(context: CommandContext) -> list[RowResult]:
        return [await transitions.run(context, key, call.expected_version, validator, transition)]

    return payload_builder.shipment_payload(call, await transaction.run(call, [validator], command))


async def shipment_override_status(info: Info, arguments: FieldArguments) -> payloads.ShipmentPayload:
    call, validator = parse_call(info, arguments, versioned=True), Validator()
    key = validate_key(validator, arguments["by"], "by")
    status = enums.ShipmentStatus(arguments["status"])
    reason = validator.text(arguments, "reason", MAX_REASON_CHARACTERS, required=True) or ""

    async def command(context: CommandContext) -> list[RowResult]:
        return [await corrections.override(context, key, status, reason, call.expected_version, validator)]

    return payload_builder.shipment_payload(call, await transaction.run(call, [validator], command))


async def shipments_bulk_create(info: Info, arguments: FieldArguments) -> payloads.ShipmentBulkPayload:
    call = parse_call(info, arguments)
    shipments = await map_in_turns(
        lambda row: create.validate(Validator("inputs", row[0]), row[1]), enumerate(limit_rows(call))
    )

    async def command(context: CommandContext) -> list[RowResult]:
        return await create.create(context, shipments)

    validators = [shipment.validator for shipment in shipments]
    results = await transaction.run(call, validators, command, atomic=is_atomic(call), single_statement=True)
    for shipment, result in zip(shipments, results, strict=False):  # no results if the call itself is invalid
        result.client_ref = shipment.client_ref
    return payload_builder.shipment_bulk_payload(call, results)


async def shipments_bulk_update(info: Info, arguments: FieldArguments) -> payloads.ShipmentBulkPayload:
    call = parse_call(info, arguments)
    edits = await map_in_turns(lambda row: validate_bulk_edit(*row), enumerate(limit_rows(call)))

    async def command(context: CommandContext) -> list[RowResult]:
        return await update.update(context, edits)

    results = await transaction.run(call, [edit.validator for edit in edits], command, atomic=is_atomic(call))
    return payload_builder.shipment_bulk_payload(call, results)


def validate_bulk_edit(index: int, row: FieldArguments) -> ShipmentEdit:
    """Validate one row of `shipmentsBulkUpdate`."""
    validator, path = Validator("inputs", index, "input"), ("inputs", str(index))
    key = validate_key(Validator(*path, outer=validator), row["by"], "by")
    expected_version = row.get("expectedVersion")
    return update.validate(
        ShipmentEdit(
            validator, key, row["input"], expected_version, (*path, "expectedVersion"), (*path, "by")
        )
    )  # fmt: skip


async def tracking_events_record(info: Info, arguments: FieldArguments) -> payloads.TrackingEventsPayload:
    call = parse_call(info, arguments)
    reports = await map_in_turns(
        lambda row: report.validate(Validator("inputs", row[0]), row[1]), enumerate(limit_rows(call))
    )

    async def command(context: CommandContext) -> list[RowResult]:
        return await record.record(context, reports)

    results = await transaction.run(call, [row.validator for row in reports], command, atomic=is_atomic(call))
    return payload_builder.tracking_events_payload(call, results, atomic=is_atomic(call))


async def tracking_event_void(info: Info, arguments: FieldArguments) -> payloads.TrackingEventsPayload:
    call, validator = parse_call(info, arguments, versioned=True), Validator()
    event = public_ids.decode_as(models.TrackingEvent, arguments["id"]) or UUID(int=0)
    reason = validator.text(arguments, "reason", MAX_REASON_CHARACTERS, required=True) or ""
    replacement = None
    if arguments.get("replacement") is not None:
        replacement = report.validate(Validator("replacement"), arguments["replacement"])

    async def command(context: CommandContext) -> list[RowResult]:
        return await corrections.void(context, event, reason, replacement, call.expected_version, validator)

    validators = [validator] if replacement is None else [validator, replacement.validator]
    results = await transaction.run(call, validators, command, atomic=True)
    return payload_builder.tracking_events_payload(call, results, atomic=True)


async def carrier_save(info: Info, arguments: FieldArguments) -> payloads.CarrierPayload:
    call, validator = parse_call(info, arguments), Validator()
    carrier = carriers.validate(validator, arguments)

    async def command(context: CommandContext) -> list[RowResult]:
        return [await carriers.save(context, carrier, validator)]

    return payload_builder.carrier_payload(call, await transaction.run(call, [validator], command))


async def carrier_status_map(info: Info, arguments: FieldArguments) -> payloads.CarrierPayload:
    call, validator = parse_call(info, arguments), Validator()
    mapping = carriers.validate_status_mapping(validator, arguments)

    async def command(context: CommandContext) -> list[RowResult]:
        return [await carriers.map_status(context, mapping, validator)]

    results = await transaction.run(call, [validator], command)
    reapplied = None
    if arguments["reapply"] and not call.errors and not any(result.errors for result in results):
        reapplied = await reapplication.reapply_mapping(call, mapping)
    return payload_builder.carrier_payload(call, results, reapplied)


async def api_key_create(info: Info, arguments: FieldArguments) -> ApiKeyCreatePayload:
    call, validator, secret = parse_call(info, arguments), Validator("input"), api_key.generate()
    key = api_keys.validate(validator, arguments["input"], info.context.viewer.scopes)

    async def command(context: CommandContext) -> list[RowResult]:
        return [await api_keys.create(context, key, secret, validator)]

    results = await transaction.run(call, [validator], command)
    return payload_builder.api_key_create_payload(call, results, secret)


async def api_key_revoke(info: Info, arguments: FieldArguments) -> ApiKeyPayload:
    call, validator = parse_call(info, arguments), Validator()
    key_id = public_ids.decode_as(models.ApiKey, arguments["id"])

    async def command(context: CommandContext) -> list[RowResult]:
        return [await api_keys.revoke(context, key_id, validator)]

    return payload_builder.api_key_payload(call, await transaction.run(call, [validator], command))
