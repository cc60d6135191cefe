"""What each mutation does: check the input, carry out the action in its transaction, read back what it wrote.

Nothing here decides about the domain. Arguments come under their GraphQL names, as graphql-core coerced them.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from graphql import GraphQLResolveInfo

from graphql_app import auth, errors, ids, models
from graphql_app import vocabulary as v
from graphql_app.actions import api_keys, carriers, corrections, creation, editing, events, shipments, upserting
from graphql_app.actions.act import Act, Outcome
from graphql_app.actions.checks import Check
from graphql_app.api import keys, payloads
from graphql_app.api.answering import Answer
from graphql_app.api.writing import Call, call, perform

Info = GraphQLResolveInfo[Any]
Arguments = Mapping[str, Any]
MOST_ROWS = 1_000
ALL = "REJECT_EVERYTHING"


async def shipment_create(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made = call(info, arguments, versioned=False)
    new = creation.read(Check("input"), arguments["input"])

    async def action(act: Act) -> list[Outcome]:
        return await creation.create(act, [new])

    return await one_shipment(made, new.check, action, one_statement=True)


async def shipment_upsert(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = call(info, arguments, versioned=True), Check()
    reference = check.text(arguments, "externalReference", 128, required=True)
    upserting.read(check, reference, arguments["input"])

    async def action(act: Act) -> list[Outcome]:
        return [await upserting.upsert(act, reference or "", arguments["input"], made.expected)]

    return await one_shipment(made, check, action)


async def shipment_update(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = call(info, arguments, versioned=True), Check()
    creation.storable(check, arguments["by"], "by")
    edit = editing.read(editing.Edit(check.at("input"), by(arguments), arguments["input"], made.expected))

    async def action(act: Act) -> list[Outcome]:
        return await editing.edit(act, [edit])

    return await one_shipment(made, check, action)


async def command(info: Info, arguments: Arguments, check: Check, what: shipments.Command) -> payloads.ShipmentPayload:
    """A command on one shipment."""
    made = call(info, arguments, versioned=True)
    creation.storable(check, arguments["by"], "by")

    async def action(act: Act) -> list[Outcome]:
        return [await shipments.one(act, by(arguments), made.expected, check, what)]

    return await one_shipment(made, check, action)


async def shipment_confirm(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    return await command(info, arguments, Check(), shipments.confirm)


async def shipment_cancel(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    check = Check()
    return await command(info, arguments, check, shipments.cancel(check.text(arguments, "reason", 500)))


async def shipment_archive(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    return await command(info, arguments, Check(), shipments.archive(arguments["archived"]))


async def shipment_override_status(info: Info, arguments: Arguments) -> payloads.ShipmentPayload:
    made, check = call(info, arguments, versioned=True), Check()
    creation.storable(check, arguments["by"], "by")
    reason = check.text(arguments, "reason", 500, required=True)

    async def action(act: Act) -> list[Outcome]:
        status = v.ShipmentStatus(arguments["status"])
        return [await corrections.override(act, by(arguments), status, reason or "", made.expected, check)]

    return await one_shipment(made, check, action)


async def shipments_bulk_create(info: Info, arguments: Arguments) -> payloads.ShipmentBulkPayload:
    made = call(info, arguments, versioned=False)
    rows = [creation.read(Check("inputs", at), one) for at, one in enumerate(fitting(made, arguments["inputs"]))]

    async def action(act: Act) -> list[Outcome]:
        return await creation.create(act, rows)

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
        creation.storable(Check(*place, outer=check), row["by"], "by")
        key, expected = creation.key_of(row["by"]), row.get("expectedVersion")
        edit = editing.Edit(check, key, row["input"], expected, (*place, "expectedVersion"), (*place, "by"))
        edits.append(editing.read(edit))

    async def action(act: Act) -> list[Outcome]:
        return await editing.edit(act, edits)

    whole = arguments["errorPolicy"] == ALL
    outcomes = await several(made, [edit.check for edit in edits], action, whole)
    return Answer(made).shipments(outcomes, whole=whole)


async def tracking_events_record(info: Info, arguments: Arguments) -> payloads.TrackingEventsPayload:
    made = call(info, arguments, versioned=False)
    reports = [events.read(Check("inputs", at), one) for at, one in enumerate(fitting(made, arguments["inputs"]))]

    async def action(act: Act) -> list[Outcome]:
        return await events.record(act, reports)

    whole = arguments["errorPolicy"] == ALL
    outcomes = await several(made, [report.check for report in reports], action, whole)
    return Answer(made).events(outcomes, whole=whole)


async def tracking_event_void(info: Info, arguments: Arguments) -> payloads.TrackingEventsPayload:
    made, check = call(info, arguments, versioned=True), Check()
    event = ids.of(models.TrackingEvent, arguments["id"]) or UUID(int=0)
    reason = check.text(arguments, "reason", 500, required=True)
    given = arguments.get("replacement")
    replacement = None if given is None else events.read(Check("replacement"), given)

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


async def api_key_create(info: Info, arguments: Arguments) -> keys.ApiKeyCreatePayload:
    made, check, secret = call(info, arguments, versioned=False), Check("input"), auth.mint()
    new = api_keys.read(check, arguments["input"], info.context.viewer.scopes)

    async def action(act: Act) -> list[Outcome]:
        return [await api_keys.create(act, new, secret, check)]

    return keys.created(made, (await several(made, [check], action, False))[:1], secret)


async def api_key_revoke(info: Info, arguments: Arguments) -> keys.ApiKeyPayload:
    made, check = call(info, arguments, versioned=False), Check()

    async def action(act: Act) -> list[Outcome]:
        return [await api_keys.revoke(act, ids.of(models.ApiKey, arguments["id"]), check)]

    return keys.revoked(made, (await several(made, [check], action, False))[:1])


def by(arguments: Arguments) -> dict[str, Any]:
    return creation.key_of(arguments["by"])


def fitting(made: Call, inputs: Sequence[Arguments]) -> Sequence[Arguments]:
    """The rows of a call; none of one that has none, or too many."""
    if not inputs:
        made.problems.append(errors.Required("Give at least one row.", path=("inputs",)))
    if len(inputs) > MOST_ROWS:
        message = f"At most {MOST_ROWS} rows fit; these are {len(inputs)}."
        made.problems.append(errors.TooMuch(message, path=("inputs",)))
        return ()
    return inputs


async def one_shipment(made: Call, check: Check, action: Any, *, one_statement: bool = False) -> Any:
    """The payload of a mutation on one shipment."""
    return Answer(made).shipment(await several(made, [check], action, False, one_statement=one_statement))


async def several(
    made: Call, checks: Sequence[Check], action: Any, whole: bool, *, one_statement: bool = False
) -> list[Outcome]:
    """The outcomes of a call. Where the checks leave nothing to do, the database is not asked; where they have decided
    that nothing may be written, it is still asked what else is wrong."""
    good = sum(not check.problems for check in checks)
    if made.problems or not good:
        return [] if made.problems else [Outcome.of(check) for check in checks]
    only_checked = whole and good < len(checks)
    return await perform(made, checks, action, everything=whole, one_statement=one_statement, only_checked=only_checked)
