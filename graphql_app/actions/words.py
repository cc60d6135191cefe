"""Carriers' own words → our codes: what the account says of a word counts, then what ships with us, else it is INFO."""

from collections.abc import Sequence
from typing import Any

from graphql_app import carrier_words
from graphql_app import vocabulary as v
from graphql_app.actions.act import Act
from graphql_app.actions.checks import Check

Code = v.TrackingEventCode
UNMAPPED = (
    "Nothing is known of what this word of the carrier means: the event is kept as INFO, and moves no status. "
    "carrierStatusMap says what it means."
)


async def translate(act: Act, rows: Sequence[tuple[Check, dict[str, Any], str | None]]) -> None:
    """Give events that bring only the carrier's word a code, and perhaps a reason."""
    wanted = [
        (check, row, (carrier or "", carrier_words.normal(row["carrier_status_raw"])))
        for check, row, carrier in rows
        if row["code"] is None
    ]
    if not wanted:
        return
    asked = {"carriers": [carrier for *_, (carrier, _) in wanted], "raws": [raw for *_, (_, raw) in wanted]}
    own = {(one.carrier, one.raw): (one.code, one.reason) for one in await act.sql("own_words", asked)}
    for check, row, word in wanted:
        meaning = own.get(word) or carrier_words.SHIPPED.get(word)
        if meaning is None:
            check.warn("UNMAPPED_STATUS", UNMAPPED, "carrierStatusRaw")
        code, reason = meaning or (Code.INFO, None)
        row["code"] = Code(code)
        row["reason"] = row["reason"] or (reason and str(reason))
