"""Built-in mappings of carriers' status codes to tracking event codes. Each account can add to them and override them.

The key is a pair of carrier code and status code, because carriers use the same status code with different meanings.
Nothing is guessed: a status code without a mapping is unknown. Status codes are compared without regard to case.
"""

from collections.abc import Iterator, Mapping
from string import ascii_lowercase, ascii_uppercase

from graphql_app.domain.enums import ExceptionReason, TrackingEventCode

MappedStatus = tuple[TrackingEventCode, ExceptionReason | None]
"""The event code that a carrier's status code stands for, and the cause of the problem if it names one."""

ASCII_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
"""`str.translate` table that changes a-z only."""


def normalize(raw: str) -> str:
    """Return a status code without surrounding whitespace and in upper case, for comparison.

    Only a-z change, as with `upper()` under PostgreSQL's collation C, so that both give the same key.
    """
    return raw.strip().translate(ASCII_TO_UPPER)


CARRIER_STATUS_TABLE = {
    # UPS status types (D, I, M, O, P, X) and the activity codes of each type.
    "ups": """
        INFO_RECEIVED M MP
        PICKED_UP P PU OR
        DROPPED_OFF XD
        IN_TRANSIT I
        ARRIVED_AT_FACILITY AR
        DEPARTED_FACILITY DP
        OUT_FOR_DELIVERY O OT OF
        AVAILABLE_FOR_PICKUP RP
        DELIVERY_ATTEMPTED/BUSINESS_CLOSED L1
        DELAYED/WEATHER DJ
        EXCEPTION X EX UR
        DELIVERED D FS KM
        RETURN_STARTED RS RT
        CANCELLED VD MV
        INFO KB
    """,
    "fedex": """
        INFO_RECEIVED OC EP
        PICKED_UP PU PX
        DROPPED_OFF DO
        IN_TRANSIT IT IX EA ED EO PF PL PM TR
        ARRIVED_AT_FACILITY AR AA AF AX AC SF OF
        ARRIVED_AT_DESTINATION_FACILITY FD AD
        DEPARTED_FACILITY DP LO
        CUSTOMS_STARTED CP
        CUSTOMS_CLEARED CC
        CUSTOMS_HELD CD
        OUT_FOR_DELIVERY OD
        AVAILABLE_FOR_PICKUP HL HP
        DELIVERY_ATTEMPTED DE
        DELAYED DY DD
        DELAYED/VEHICLE DR
        EXCEPTION SE HA
        ADDRESS_CORRECTED CH
        REDIRECTED RR RM
        DELIVERED DL
        RETURN_STARTED RS
        CANCELLED CA
        INFO SP OX PD RC
    """,
    "usps": """
        LABEL_CREATED GX
        INFO_RECEIVED MA
        PICKED_UP 03
        DROPPED_OFF OA TM
        ARRIVED_AT_FACILITY 10 PC
        ARRIVED_AT_DESTINATION_FACILITY 07
        DEPARTED_FACILITY EF SF
        IN_TRANSIT NT
        OUT_FOR_DELIVERY OF
        AVAILABLE_FOR_PICKUP 14 16
        DELIVERY_ATTEMPTED/RECIPIENT_ABSENT 02 52 56
        DELIVERY_ATTEMPTED/BUSINESS_CLOSED 51
        DELIVERY_ATTEMPTED/ACCESS 53 54 55
        EXCEPTION/REFUSED 04
        EXCEPTION/ADDRESS 05 21 22 23 24 25 26
        EXCEPTION/MISROUTED 08
        EXCEPTION 27 28 29
        REDIRECTED 06
        DELIVERED 01
        RETURN_STARTED 09 31
    """,
    "dhl_express": """
        PICKED_UP PU
        ARRIVED_AT_FACILITY AF PL
        ARRIVED_AT_DESTINATION_FACILITY AR
        DEPARTED_FACILITY DF
        IN_TRANSIT TR SM FD
        CUSTOMS_STARTED IC
        CUSTOMS_CLEARED CR
        CUSTOMS_HELD/CUSTOMS_DELAY CD UD
        HANDED_TO_PARTNER TP
        OUT_FOR_DELIVERY WC
        AVAILABLE_FOR_PICKUP CC
        DELIVERY_SCHEDULED AD
        DELIVERY_ATTEMPTED/RECIPIENT_ABSENT NH
        DELIVERY_ATTEMPTED/BUSINESS_CLOSED CA
        DELIVERY_ATTEMPTED/REFUSED RD
        DELIVERY_ATTEMPTED ND
        HELD OH SS
        HELD/PAYMENT_DUE HP
        EXCEPTION/ADDRESS BA CM
        EXCEPTION/MISROUTED MS MC
        DAMAGED DD
        DELIVERED OK
        RETURN_STARTED RT
        INFO RR
    """,
    "canada_post": """
        INFO_RECEIVED 3000 3001
        PICKED_UP 2300 1302
        IN_TRANSIT 0170 0175 1703 8901
        ARRIVED_AT_FACILITY 0100 0104 0105 0405 4311
        DEPARTED_FACILITY 0410
        OUT_FOR_DELIVERY 0174
        AVAILABLE_FOR_PICKUP 1701
        DELIVERY_ATTEMPTED/RECIPIENT_ABSENT 1479
        DELIVERED 1408 1409 1496 1497 1498 1499
    """,
    "lasership": """
        INFO_RECEIVED OrderReceived OrderCreated
        PICKED_UP Received
        ARRIVED_AT_FACILITY Arrived
        OUT_FOR_DELIVERY OutForDelivery
        DELIVERED Delivered Released
    """,
    "a1_amazon": """
        DEPARTED_FACILITY EVENT_101
        OUT_FOR_DELIVERY EVENT_302
        DELIVERY_ATTEMPTED EVENT_304
        DELIVERED EVENT_301
    """,
    "prestige": """
        INFO_RECEIVED EVENT_101
        PICKED_UP EVENT_102
        OUT_FOR_DELIVERY EVENT_302
        DELIVERED EVENT_301
    """,
    # Tracking services for many carriers. Each is entered as a carrier of its own.
    "easypost": """
        INFO_RECEIVED pre_transit
        IN_TRANSIT in_transit
        OUT_FOR_DELIVERY out_for_delivery
        AVAILABLE_FOR_PICKUP available_for_pickup
        DELIVERED delivered
        RETURN_STARTED return_to_sender
        EXCEPTION failure error
        CANCELLED cancelled
        INFO unknown
    """,
    "aftership": """
        INFO_RECEIVED InfoReceived Pending
        PICKED_UP InTransit_002
        IN_TRANSIT InTransit
        OUT_FOR_DELIVERY OutForDelivery
        AVAILABLE_FOR_PICKUP AvailableForPickup
        DELIVERY_ATTEMPTED AttemptFail
        DELIVERED Delivered
        EXCEPTION Exception
        RETURN_STARTED Exception_010
        RETURNED Exception_011
        LOST Exception_013
        INFO Expired
    """,
    "shippo": """
        INFO_RECEIVED PRE_TRANSIT
        IN_TRANSIT TRANSIT
        DELIVERED DELIVERED
        RETURN_STARTED RETURNED
        EXCEPTION FAILURE
        INFO UNKNOWN
    """,
}
"""Carrier code → one line per event code: `EVENT_CODE[/EXCEPTION_REASON]`, then the carrier's status codes for it."""


def parse_table(table: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], MappedStatus]]:
    """Yield one mapping for each status code of a table in the format of CARRIER_STATUS_TABLE."""
    for carrier, lines in table.items():
        for line in lines.strip().splitlines():
            event, *status_codes = line.split()
            code, _, reason = event.partition("/")
            mapped = TrackingEventCode(code), ExceptionReason(reason) if reason else None
            for status_code in status_codes:
                yield (carrier, normalize(status_code)), mapped


BUILT_IN_MAPPINGS: Mapping[tuple[str, str], MappedStatus] = dict(parse_table(CARRIER_STATUS_TABLE))
"""(Carrier code, normalized status code) → event code and exception reason."""
