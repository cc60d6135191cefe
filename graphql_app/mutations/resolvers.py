"""What each mutation does: check the input, carry out the action in its transaction, read back what it wrote.

Nothing here decides about the domain. Arguments come under their GraphQL names, as graphql-core coerced them.
"""

from typing import Any
from uuid import UUID

from graphql_app import models
from graphql_app.auth import api_key
from graphql_app.commands import api_keys, carriers
from graphql_app.commands.command import Act, Outcome
from graphql_app.commands.shipments import create, transitions, update, upsert
from graphql_app.commands.shipments.edit import Edit
from graphql_app.commands.shipments.key import key_of, storable
from graphql_app.commands.tracking_events import corrections, record
from graphql_app.commands.tracking_events.report import read
from graphql_app.commands.validation import Check
from graphql_app.domain import enums
from graphql_app.graphql_types import payloads
from graphql_app.graphql_types.api_keys import ApiKeyCreatePayload, ApiKeyPayload
from graphql_app.models import public_ids
from graphql_app.mutations import payload_builder
from graphql_app.mutations.call import Arguments, Call, Info, call
from graphql_app.mutations.payload_builder import Answer
from graphql_app.mutations.transaction import ALL, fitting, several


async def shipment_create(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made = call(info, arguments, versioned=False)
    new = create.read(Check("input"), arguments["input"])

    async def action(act: Act) -> list[Outcome]:
        return await create.create(act, [new])

    return await one_shipment(made, new.check, action, one_statement=True)


async def shipment_upsert(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = call(info, arguments, versioned=True), Check()
    reference = check.text(arguments, "externalReference", 128, required=True)
    upsert.read(check, reference, arguments["input"])

    async def action(act: Act) -> list[Outcome]:
        return [await upsert.upsert(act, reference or "", arguments["input"], made.expected)]

    return await one_shipment(made, check, action)


async def shipment_update(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = call(info, arguments, versioned=True), Check()
    storable(check, arguments["by"], "by")
    edit = update.read(Edit(check.at("input"), by(arguments), arguments["input"], made.expected))

    async def action(act: Act) -> list[Outcome]:
        return await update.edit(act, [edit])

    return await one_shipment(made, check, action)


async def command(
    info: Info, arguments: Arguments, check: Check, what: transitions.Command
) -> payloads.ShipmentPayload:
    """A command on one shipment."""
    made = call(info, arguments, versioned=True)
    storable(check, arguments["by"], "by")

    async def action(act: Act) -> list[Outcome]:
        return [await transitions.one(act, by(arguments), made.expected, check, what)]

    return await one_shipment(made, check, action)


async def shipment_confirm(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    return await command(info, arguments, Check(), transitions.confirm)


async def shipment_cancel(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    check = Check()
    return await command(info, arguments, check, transitions.cancel(check.text(arguments, "reason", 500)))


async def shipment_archive(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    return await command(info, arguments, Check(), transitions.archive(arguments["archived"]))


async def shipment_override_status(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = call(info, arguments, versioned=True), Check()
    storable(check, arguments["by"], "by")
    reason = check.text(arguments, "reason", 500, required=True)

    async def action(act: Act) -> list[Outcome]:
        status = enums.ShipmentStatus(arguments["status"])
        return [await corrections.override(act, by(arguments), status, reason or "", made.expected, check)]

    return await one_shipment(made, check, action)


async def shipments_bulk_create(info: Info, arguments: Arguments) -> payloads.ShipmentBulkPayload:
    made = call(info, arguments, versioned=False)
    rows = [create.read(Check("inputs", at), one) for at, one in enumerate(fitting(made, arguments["inputs"]))]

    async def action(act: Act) -> list[Outcome]:
        return await create.create(act, rows)

    whole = arguments["errorPolicy"] == ALL
    outcomes = await several(made, [row.check for row in rows], action, whole, one_statement=True)
    for row, outcome in zip(rows, outcomes, strict=False):
        outcome.client_ref = row.client_ref
    return Answer(made).shipments(outcomes, whole=whole)


async def shipments_bulk_update(info: Info, arguments: Arguments) -> payloads.ShipmentBulkPayload:
    made = call(info, arguments, versioned=False)
    edits = []
    for at, row in enumerate(fitting(made, arguments["inputs"])):
        check, place = Check("inputs", at, "input"), ("inputs", str(at))
        storable(Check(*place, outer=check), row["by"], "by")
        key, expected = key_of(row["by"]), row.get("expectedVersion")
        edit = Edit(check, key, row["input"], expected, (*place, "expectedVersion"), (*place, "by"))
        edits.append(update.read(edit))

    async def action(act: Act) -> list[Outcome]:
        return await update.edit(act, edits)

    whole = arguments["errorPolicy"] == ALL
    outcomes = await several(made, [edit.check for edit in edits], action, whole)
    return Answer(made).shipments(outcomes, whole=whole)


async def tracking_events_record(info: Info, arguments: Arguments) -> payloads.TrackingEventsPayload:
    made = call(info, arguments, versioned=False)
    reports = [read(Check("inputs", at), one) for at, one in enumerate(fitting(made, arguments["inputs"]))]

    async def action(act: Act) -> list[Outcome]:
        return await record.record(act, reports)

    whole = arguments["errorPolicy"] == ALL
    outcomes = await several(made, [report.check for report in reports], action, whole)
    return Answer(made).events(outcomes, whole=whole)


async def tracking_event_void(info: Info, arguments: Arguments) -> payloads.TrackingEventsPayload:
    made, check = call(info, arguments, versioned=True), Check()
    event = public_ids.of(models.TrackingEvent, arguments["id"]) or UUID(int=0)
    reason = check.text(arguments, "reason", 500, required=True)
    given = arguments.get("replacement")
    replacement = None if given is None else read(Check("replacement"), given)

    async def action(act: Act) -> list[Outcome]:
        return await corrections.void(act, event, reason or "", replacement, made.expected, check)

    checks = [check] if replacement is None else [check, replacement.check]
    return Answer(made).events(await several(made, checks, action, True), whole=True)


async def carrier_save(info: Info, arguments: Arguments) -> payloads.CarrierPayload:
    made, check = call(info, arguments, versioned=False), Check()
    carrier = carriers.read(check, arguments)

    async def action(act: Act) -> list[Outcome]:
        return [await carriers.save(act, carrier, check)]

    return Answer(made).carrier((await several(made, [check], action, False))[:1])


async def carrier_status_map(info: Info, arguments: Arguments) -> payloads.CarrierPayload:
    made, check = call(info, arguments, versioned=False), Check()
    word = carriers.read_word(check, arguments)

    async def action(act: Act) -> list[Outcome]:
        return [await carriers.map_word(act, word, check)]

    return Answer(made).carrier((await several(made, [check], action, False))[:1])


async def api_key_create(info: Info, arguments: Arguments) -> ApiKeyCreatePayload:
    made, check, secret = call(info, arguments, versioned=False), Check("input"), api_key.mint()
    new = api_keys.read(check, arguments["input"], info.context.viewer.scopes)

    async def action(act: Act) -> list[Outcome]:
        return [await api_keys.create(act, new, secret, check)]

    return payload_builder.created(made, (await several(made, [check], action, False))[:1], secret)


async def api_key_revoke(info: Info, arguments: Arguments) -> ApiKeyPayload:
    made, check = call(info, arguments, versioned=False), Check()

    async def action(act: Act) -> list[Outcome]:
        return [await api_keys.revoke(act, public_ids.of(models.ApiKey, arguments["id"]), check)]

    return payload_builder.revoked(made, (await several(made, [check], action, False))[:1])


def by(arguments: Arguments) -> dict[str, Any]:
    return key_of(arguments["by"])


async def one_shipment(made: Call, check: Check, action: Any, *, one_statement: bool = False) -> Any:
    """The payload of a mutation on one shipment."""
    return Answer(made).shipment(await several(made, [check], action, False, one_statement=one_statement))
