"""Carriers' own words → our codes: what the account says of a word counts, then what ships with us, else it is INFO."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphql_app.commands.command import CommandContext
from graphql_app.domain import carrier_status_codes, enums

if TYPE_CHECKING:
    from graphql_app.commands.tracking_events.report import EventReport

Code = enums.TrackingEventCode
UNMAPPED = (
    "Nothing is known of what this word of the carrier means: the event is kept as INFO, and moves no status. "
    "carrierStatusMap says what it means."
)


async def map_carrier_statuses(act: CommandContext, rows: Sequence[tuple["EventReport", str | None]]) -> None:
    """Give events that bring only the carrier's word a code, and perhaps a reason. With each comes its carrier."""
    wanted = [
        (report, (carrier or "", carrier_status_codes.normalize(report.row["carrier_status_raw"])))
        for report, carrier in rows
        if report.code is None
    ]
    if not wanted:
        return
    different = {word: None for _, word in wanted}
    asked = {"carriers": [carrier for carrier, _ in different], "raws": [raw for _, raw in different]}
    own = {(one.carrier, one.raw): (one.code, one.reason) for one in await act.sql("carrier_statuses_get", asked)}
    for report, word in wanted:
        meaning = own.get(word) or carrier_status_codes.BUILT_IN_MAPPINGS.get(word)
        if meaning is None:
            report.check.add_warning("UNMAPPED_STATUS", UNMAPPED, "carrierStatusRaw")
        code, reason = meaning or (Code.INFO, None)
        report.row["code"] = Code(code)
        report.row["reason"] = report.reason or (reason and str(reason))
