"""Commands on carriers: `carrierSave` creates or updates one by its code, `carrierStatusMap` maps its status codes."""

import re
from collections.abc import Mapping
from typing import Any

from graphql_app.commands import change_log
from graphql_app.commands.command import CommandContext, RowResult
from graphql_app.commands.validation import Input, Validator
from graphql_app.domain import carrier_status_codes, normal_forms, url_templates
from graphql_app.errors import user_errors

CARRIER_NOT_FOUND = "There is no carrier with this code. Create it with `carrierSave`."
"""The message for an unknown carrier."""
MAX_CARRIER_STATUS_CHARACTERS = 128
"""Maximum length of a carrier's own status code."""


def validate(validator: Validator, arguments: Input) -> dict[str, Any]:
    """Validate the arguments of `carrierSave` and return the columns of the carrier."""
    input_validator, fields = validator.at("input"), arguments["input"]
    code = normal_forms.text(arguments["code"])
    if validator.check_text(code, "code") and not re.fullmatch(r"[a-z0-9_]{2,32}", code, re.ASCII):
        message = "Must be 2 to 32 lowercase letters (a-z), digits and underscores, for example dhl_express."
        validator.add_error(user_errors.Invalid(message), "code")
    template = input_validator.text(fields, "trackingUrlTemplate", 1000)
    if template and (problem := url_templates.problem(template)):
        input_validator.add_error(user_errors.Invalid(problem), "trackingUrlTemplate")
    return {
        "code": code,
        "name": input_validator.text(fields, "name", 200, required=True),
        "template": template,
        "sets_template": "trackingUrlTemplate" in fields,
    }


async def save(context: CommandContext, carrier: Mapping[str, Any], validator: Validator) -> RowResult:
    """Create or update the carrier and log it. Saving the stored values again has no effect."""
    result = RowResult.from_validator(validator)
    if context.validate_only:
        names = {"carriers": [carrier["code"]], "references": [], "numbers": []}
        for row in await context.sql("names_lookup", names):
            result.carrier = row.id
        return result
    (row,) = await context.sql("carrier_upsert", carrier)
    old = {} if row.created else {"name": row.old_name, "trackingUrlTemplate": row.old_template}
    new = {"name": row.name, "trackingUrlTemplate": row.template}
    changed = {name: [old.get(name), value] for name, value in new.items() if old.get(name) != value}
    result.carrier, result.created = row.id, row.created
    if changed or row.created:
        op = "carrier.created" if row.created else "carrier.updated"
        await change_log.log_change(context, "carrier", row.id, op, changed)
    return result


def validate_status_mapping(validator: Validator, arguments: Input) -> dict[str, Any]:
    """Validate the arguments of `carrierStatusMap` and return the columns of the mapping."""
    code, reason = arguments.get("code"), arguments.get("reason")
    if reason is not None and code is None:
        validator.add_error(user_errors.Required("`reason` requires `code`."), "code")
    raw_text = validator.text(arguments, "raw", MAX_CARRIER_STATUS_CHARACTERS, required=True)
    raw = carrier_status_codes.normalize(raw_text or "")
    validator.check_text(arguments["carrier"], "carrier")
    return {"carrier": normal_forms.text(arguments["carrier"]), "raw": raw, "code": code, "reason": reason}


async def map_status(context: CommandContext, mapping: Mapping[str, Any], validator: Validator) -> RowResult:
    """Save the mapping of a carrier's status code. Without `code` it is removed and the built-in mapping applies."""
    result = RowResult.from_validator(validator)
    rows = await context.sql("carrier_status_upsert", mapping)
    if not rows:
        validator.add_error(user_errors.NotFound(CARRIER_NOT_FOUND), "carrier")
        return result
    (row,) = rows
    result.carrier = row.id
    if row.changed:
        old = [row.old_code, row.old_reason] if row.old_code else None
        new = [mapping["code"], mapping["reason"]] if mapping["code"] else None
        await change_log.log_change(context, "carrier", row.id, "carrier.status_mapped", {mapping["raw"]: [old, new]})
    return result
