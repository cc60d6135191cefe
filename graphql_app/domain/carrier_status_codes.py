"""Built-in mappings of carriers' status codes to tracking event codes. Each account can add to them and override them.

The key is a pair of carrier code and status code, because carriers use the same status code with different meanings.
Nothing is guessed: a status code without a mapping is unknown. Status codes are compared without regard to case and to
the number of spaces. A code whose meaning depends on a type is written as type and code, for example `D KB` of UPS.

The tables are in `carrier_status_tables.py` and `carrier_status_tables_dhl.py`.
"""

import re
from collections.abc import Iterator, Mapping
from string import ascii_lowercase, ascii_uppercase

from graphql_app.domain import normal_forms
from graphql_app.domain.carrier_status_tables import CARRIER_STATUS_TABLE as STATUS_TABLE
from graphql_app.domain.carrier_status_tables import UPS_EXCEPTIONS, UPS_MOVEMENTS
from graphql_app.domain.carrier_status_tables_dhl import DHL_STATUS_TABLE
from graphql_app.domain.enums import ExceptionReason, TrackingEventCode

MappedStatus = tuple[TrackingEventCode, ExceptionReason | None]
"""The event code that a carrier's status code stands for, and the cause of the problem if it names one."""

ASCII_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
"""`str.translate` table that changes a-z only."""
SPACES = re.compile(r"[ \t\n\r\f\v]+")
"""ASCII whitespace, as `\\s` of PostgreSQL's regular expressions under collation C."""


def normalize(raw: str) -> str:
    """Return a status code in the normal form of texts, with single spaces and in upper case, for comparison.

    Only a-z change, as with `upper()` under PostgreSQL's collation C, so that both give the same key.
    """
    return SPACES.sub(" ", normal_forms.text(raw)).translate(ASCII_TO_UPPER)


CARRIER_STATUS_TABLE = {**STATUS_TABLE, **DHL_STATUS_TABLE}
"""Carrier code → one line per event code: `EVENT_CODE[/EXCEPTION_REASON]`, then the carrier's status codes for it; `~`
is a space."""


def parse_table(table: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], MappedStatus]]:
    """Yield one mapping for each status code of a table in the format of CARRIER_STATUS_TABLE."""
    for carrier, lines in table.items():
        for line in lines.strip().splitlines():
            event, *status_codes = line.split()
            code, _, reason = event.partition("/")
            mapped = TrackingEventCode(code), ExceptionReason(reason) if reason else None
            for status_code in status_codes:
                yield (carrier, normalize(status_code.replace("~", " "))), mapped


BUILT_IN_MAPPINGS: Mapping[tuple[str, str], MappedStatus] = dict(parse_table(CARRIER_STATUS_TABLE))
"""(Carrier code, normalized status code) → event code and exception reason."""

CODES_OF_TYPE = {
    ("ups", "I"): frozenset(code for (_, code), _ in parse_table({"ups": UPS_MOVEMENTS})),
    ("ups", "X"): frozenset(code for (_, code), _ in parse_table({"ups": UPS_EXCEPTIONS})),
}
"""Carrier and type → codes that mean with this type what they mean alone. With any other code the type decides."""
CARRIERS_WITH_TYPES = frozenset({"ups", "fedex", "dhl_parcel_de", "x12_214"})
"""Carriers whose status codes are a type, or a code with a type of its own: the first word has a meaning alone."""


def built_in_mapping(carrier: str, status_code: str) -> MappedStatus | None:
    """Return the built-in mapping of a normalized status code; None if it is unknown.

    Of a type with a code (`X 48`), the first of these is used: the mapping of the whole, that of the code where the
    type does not change its meaning, that of the type.
    """
    mapping = BUILT_IN_MAPPINGS.get((carrier, status_code))
    if mapping is not None or carrier not in CARRIERS_WITH_TYPES:
        return mapping
    type_, _, code = status_code.partition(" ")
    if code in CODES_OF_TYPE.get((carrier, type_), ()):
        return BUILT_IN_MAPPINGS[carrier, code]
    return BUILT_IN_MAPPINGS.get((carrier, type_)) if code else None
