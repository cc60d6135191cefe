"""Carriers are made and changed, by their code."""

import re
from collections.abc import Mapping
from typing import Any

from graphql_app.commands import change_log
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import carrier_status_codes
from graphql_app.errors import user_errors

CARRIER_NOT_FOUND = "There is no carrier with this code: carrierSave makes one."


def validate(check: Validator, given: Input) -> dict[str, Any]:
    """The arguments of `carrierSave`, checked."""
    inner, values = check.at("input"), given["input"]
    code = given["code"]
    if check.check_text(code, "code") and not re.fullmatch(r"[a-z0-9_]{2,32}", code, re.ASCII):
        check.add_error(user_errors.Invalid("Write 2 to 32 of a-z, 0-9 and _, such as dhl_express."), "code")
    template = inner.text(values, "trackingUrlTemplate", 1000)
    if template and not re.match(r"https?://", template):
        inner.add_error(user_errors.Invalid("This must begin with https:// or http://."), "trackingUrlTemplate")
    return {
        "code": code,
        "name": inner.text(values, "name", 200, required=True),
        "template": template,
        "sets_template": "trackingUrlTemplate" in values,
    }


async def save(act: CommandContext, carrier: Mapping[str, Any], check: Validator) -> RowResult:
    """Make the carrier or change it. Saving it as it is changes nothing."""
    outcome = RowResult.from_validator(check)
    if act.validate_only:
        asked = {"carriers": [carrier["code"]], "references": [], "numbers": []}
        for known in await act.sql("names_lookup", asked):
            outcome.carrier = known.id
        return outcome
    (row,) = await act.sql("carrier_upsert", carrier)
    old = {} if row.created else {"name": row.old_name, "trackingUrlTemplate": row.old_template}
    new = {"name": row.name, "trackingUrlTemplate": row.template}
    changed = {name: [old.get(name), value] for name, value in new.items() if old.get(name) != value}
    outcome.carrier, outcome.created = row.id, row.created
    if changed or row.created:
        await change_log.log(act, "carrier", row.id, "carrier.created" if row.created else "carrier.updated", changed)
    return outcome


def validate_status_mapping(check: Validator, given: Input) -> dict[str, Any]:
    """The arguments of `carrierStatusMap`, checked."""
    code, reason = given.get("code"), given.get("reason")
    if reason is not None and code is None:
        check.add_error(user_errors.Required("A reason needs a code."), "code")
    raw = carrier_status_codes.normalize(check.text(given, "raw", 128, required=True) or "")
    check.check_text(given["carrier"], "carrier")
    return {"carrier": given["carrier"], "raw": raw, "code": code, "reason": reason}


async def map_status(act: CommandContext, word: Mapping[str, Any], check: Validator) -> RowResult:
    """Say what a carrier's own word means; without a code, what ships with us counts again."""
    outcome = RowResult.from_validator(check)
    rows = await act.sql("carrier_status_upsert", word)
    if not rows:
        check.add_error(user_errors.NotFound(CARRIER_NOT_FOUND), "carrier")
        return outcome
    (row,) = rows
    outcome.carrier = row.id
    if row.changed:
        old = [row.old_code, row.old_reason] if row.old_code else None
        new = [word["code"], word["reason"]] if word["code"] else None
        await change_log.log(act, "carrier", row.id, "carrier.status_mapped", {word["raw"]: [old, new]})
    return outcome
