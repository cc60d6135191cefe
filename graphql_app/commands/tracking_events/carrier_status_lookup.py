"""Carriers' status codes → tracking event codes: the account's mapping, else the built-in mapping, else INFO."""

from collections.abc import Sequence

from graphql_app.commands.command import CommandContext
from graphql_app.commands.tracking_events.report import EventReport
from graphql_app.domain import carrier_status_codes, enums

Code = enums.TrackingEventCode
UNMAPPED_MESSAGE = (
    "This carrier status has no mapping. The event is stored as INFO and does not change the status. "
    "Add a mapping with `carrierStatusMap`; with `reapply: true` it applies to this event, too."
)


async def mapped_status(context: CommandContext, carrier: str, raw: str) -> carrier_status_codes.MappedStatus:
    """The event code and reason that a carrier's normalized status code is mapped to now."""
    for row in await context.sql("carrier_statuses_get", {"carriers": [carrier], "raws": [raw]}):
        return Code(row.code), row.reason and enums.ExceptionReason(row.reason)
    return carrier_status_codes.built_in_mapping(carrier, raw) or (Code.INFO, None)


async def map_carrier_statuses(context: CommandContext, rows: Sequence[tuple[EventReport, str | None]]) -> None:
    """Set code and reason of reports that have only a carrier status. Each row is a report and its carrier's code."""
    unmapped = [
        (report, (carrier or "", carrier_status_codes.normalize(report.row["carrier_status_raw"])))
        for report, carrier in rows
        if report.code is None
    ]
    if not unmapped:
        return
    keys = {key: None for _, key in unmapped}
    values = {"carriers": [carrier for carrier, _ in keys], "raws": [raw for _, raw in keys]}
    records = await context.sql("carrier_statuses_get", values)
    account_mapping = {(record.carrier, record.raw): (record.code, record.reason) for record in records}
    for report, key in unmapped:
        mapping = account_mapping.get(key) or carrier_status_codes.built_in_mapping(*key)
        if mapping is None:
            report.validator.add_warning("UNMAPPED_STATUS", UNMAPPED_MESSAGE, "carrierStatusRaw")
        code, reason = mapping or (Code.INFO, None)
        report.row["code"] = Code(code)
        report.row["reason"] = report.reason or (reason and str(reason))
