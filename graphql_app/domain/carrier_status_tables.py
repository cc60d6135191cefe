"""Tables of carriers' status codes, as data: what each code stands for in the API's vocabulary.

Format: carrier code → one line per event code, `EVENT_CODE[/EXCEPTION_REASON]` and then the carrier's status codes for
it. `~` is a space within a status code, so `X~KB` is type X with code KB. A code that stands for different events, or
of which the source does not say whether the parcel was delivered, is missing on purpose: it is recorded as INFO with a
warning. `domain/carrier_status_tables_dhl.py` has the tables of DHL's companies.
"""

UPS_MOVEMENTS = """
    INFO_RECEIVED MP
    PICKED_UP PU OR
    DROPPED_OFF XD
    ARRIVED_AT_FACILITY AR F0
    DEPARTED_FACILITY DP F3 2O
    IN_TRANSIT IP
    OUT_FOR_DELIVERY OT OF
    DELIVERED FS KM F4 FT
    AVAILABLE_FOR_PICKUP RP
    RETURN_STARTED RT
    CANCELLED VD
"""
"""Activity codes of the types I, P, O and D. Source: UPS Developer Kit, "Tracking: movement scans", and the samples of
shipit and active_shipping (MIT)."""

UPS_EXCEPTIONS = """
    EXCEPTION EX UR
    DELIVERY_ATTEMPTED/RECIPIENT_ABSENT 48 49
    DELIVERY_ATTEMPTED/BUSINESS_CLOSED 55 AY L1
    DELIVERY_ATTEMPTED/PAYMENT_DUE 51 52
    DELIVERY_ATTEMPTED 89 2X 5R 6R
    EXCEPTION/REFUSED AM AN AP AQ AS
    EXCEPTION/ADDRESS A6 A7 A8 A9 AA AB AC AD AE AF AG AK AL AV AW DS E1
    EXCEPTION/ACCESS 95
    EXCEPTION/MISROUTED 6 7 34 D1
    DELAYED/VEHICLE 15 16 17 18 19 23 68 1K 1O DR
    DELAYED/CARRIER_CAPACITY 22 2Z 4K
    DELAYED/WEATHER DJ 2A 3D 6D
    DELAYED/DISASTER DF DG
    DELAYED 1 3 4 8 31 87 1B 1L 1V 1X 2H 2Y 3A 3B 3C 3T 6E DC DU E3 EH EN
    CUSTOMS_STARTED 4C D5 DB ER
    CUSTOMS_CLEARED DA
    CUSTOMS_HELD/CUSTOMS_DELAY 5 1U 2N 2T DE E4 E8 E9
    CUSTOMS_HELD/CUSTOMS_DOCUMENTS 29 40 43 71 1W 2B 4T AO D0 DN DY EU EV EW FE FF
    CUSTOMS_HELD/DUTIES_UNPAID 1C D9 EY
    DAMAGED 13 45 67
    DESTROYED 26 1F A2
    AVAILABLE_FOR_PICKUP 54 6B E2
    HANDED_TO_PARTNER 2V 4B
    DELIVERY_SCHEDULED 2 14 76 AZ IB IJ
    ADDRESS_CORRECTED AH
    RETURN_STARTED 27 90 3N 6C A1 DL
    INFO 37 63 77 78 79 92 99 1D 6G E7
"""
"""Codes of the type X. Source: UPS Developer Kit, "Tracking: package exceptions"."""

UPS_TYPES = """
    INFO_RECEIVED M
    PICKED_UP P
    IN_TRANSIT I
    OUT_FOR_DELIVERY O
    DELIVERED D
    EXCEPTION X X~DP
    RETURN_STARTED RS
    CANCELLED MV M~VP
    INFO X~KB
"""
"""Types of activities, and codes that mean something else with a type than alone: DP is a departure scan, but with the
type X a commodity that cannot be shipped. KB stands under X as an internal code and under D in deliveries, so it is
mapped with its type only. Source: UPS Developer Kit, "Tracking: package activity types" and "manifest codes"."""

CARRIER_STATUS_TABLE = {
    "ups": UPS_TYPES + UPS_MOVEMENTS.lstrip("\n") + UPS_EXCEPTIONS.lstrip("\n"),
    # FedEx Web Services, Track Service: "Tracking status codes". Missing: SP (split status). RR, RM and RC are requests
    # of the recipient that may or may not redirect the parcel.
    "fedex": """
        INFO_RECEIVED OC EP AP
        PICKED_UP PU PX
        DROPPED_OFF DO
        IN_TRANSIT IT IX EA EO PF PL PM TR OW
        ARRIVED_AT_FACILITY AR AA AF AX AC SF OF
        ARRIVED_AT_DESTINATION_FACILITY FD
        DEPARTED_FACILITY DP LO
        CUSTOMS_STARTED CP
        CUSTOMS_CLEARED CC
        CUSTOMS_HELD CD
        HANDED_TO_PARTNER TP
        OUT_FOR_DELIVERY OD ED AD
        AVAILABLE_FOR_PICKUP HL HP
        DELIVERY_ATTEMPTED DE
        DELAYED DY DD PD
        EXCEPTION SE HA
        ADDRESS_CORRECTED CH
        DELIVERED DL
        RETURN_STARTED RS
        CANCELLED CA
        INFO OX RR RM RC DS DR AO RP LP RG RD
    """,
    # USPS: Customer Daily Extract and Publication 199 (event codes), USPS Web Tools, the responses in shipit,
    # active_shipping (MIT) and karrio. Missing: 41, 42, 17, 19 (handling that does not say where the parcel is).
    "usps": """
        LABEL_CREATED GX
        INFO_RECEIVED MA 89
        PICKED_UP 03 43 80
        DROPPED_OFF OA TM PA UA OC
        ARRIVED_AT_FACILITY 10 PC A1 U1 81
        ARRIVED_AT_DESTINATION_FACILITY 07 AD
        DEPARTED_FACILITY EF SF L1 T1 82
        IN_TRANSIT NT
        HANDED_TO_PARTNER 83
        OUT_FOR_DELIVERY OF
        AVAILABLE_FOR_PICKUP 14 16
        DELIVERY_ATTEMPTED/RECIPIENT_ABSENT 02 52 56
        DELIVERY_ATTEMPTED/BUSINESS_CLOSED 51
        DELIVERY_ATTEMPTED/ACCESS 30 53 54 55
        DELIVERY_SCHEDULED 71
        EXCEPTION/REFUSED 04
        EXCEPTION/ADDRESS 05 21 22 23 24 25 26
        EXCEPTION/MISROUTED 08 15
        EXCEPTION 27 28 29 11
        REDIRECTED 06
        DELIVERED 01
        RETURN_STARTED 09 31
        INFO DX GC
    """,
    # The samples in shipit (MIT); the further codes of delivery as in karrio's connector.
    "canada_post": """
        INFO_RECEIVED 3000 3001
        PICKED_UP 2300 1302
        IN_TRANSIT 0170 0175 1703 8901
        ARRIVED_AT_FACILITY 0100 0104 0105 0405 4311
        DEPARTED_FACILITY 0410
        OUT_FOR_DELIVERY 0174 0500
        AVAILABLE_FOR_PICKUP 1701
        DELIVERY_ATTEMPTED/RECIPIENT_ABSENT 1479
        DELIVERED 1408 1409 1421 1422 1423 1424 1425 1426 1427 1428 1429 1430 1431 1432 1433 1434 1441 1442
        DELIVERED 1496 1497 1498 1499
    """,
    # GLS Group, Track and Trace API 1.0: parcel status. Missing: FINAL (history closed).
    "gls": """
        INFO_RECEIVED PREADVICE PLANNEDPICKUP INPICKUP
        IN_TRANSIT INTRANSIT
        ARRIVED_AT_FACILITY INWAREHOUSE
        OUT_FOR_DELIVERY INDELIVERY
        AVAILABLE_FOR_PICKUP DELIVEREDPS
        DELIVERY_ATTEMPTED NOTDELIVERED
        DELIVERED DELIVERED
        CANCELLED CANCELED
        INFO NOTPICKEDUP
    """,
    # DPD, ParcelLifeCycleService 2.0: enumeration `status`.
    "dpd": """
        INFO_RECEIVED SHIPMENT
        PICKED_UP ACCEPTED
        ARRIVED_AT_FACILITY AT_SENDING_DEPOT
        IN_TRANSIT ON_THE_ROAD
        ARRIVED_AT_DESTINATION_FACILITY AT_DELIVERY_DEPOT
        DELIVERED DELIVERED
    """,
    # Hermes Germany, event codes ("2x2 codes").
    "hermes_de": """
        INFO_RECEIVED 0000
        PICKED_UP 1900 1910
        DROPPED_OFF 1901 2400
        DEPARTED_FACILITY 1000 3010
        ARRIVED_AT_FACILITY 1510 2000 2100 2300 3300 6090
        IN_TRANSIT 1610
        CUSTOMS_STARTED 1710
        CUSTOMS_CLEARED 1720
        CUSTOMS_HELD 1730 1751
        HANDED_TO_PARTNER 1810 1820 3430
        OUT_FOR_DELIVERY 3000
        AVAILABLE_FOR_PICKUP 3410
        DELIVERED 3500 3510 3511 3520 3530
        DELIVERY_ATTEMPTED/RECIPIENT_ABSENT 3731 3732 3733 3734
        DELIVERY_ATTEMPTED/REFUSED 3710
        DELIVERY_ATTEMPTED/ADDRESS 3720
        DELIVERY_ATTEMPTED/PAYMENT_DUE 3715
        DELIVERY_ATTEMPTED 3750 3751 3752 3753 3754
        EXCEPTION/MISROUTED 3780 4080 6086 6087
        DAMAGED 3740 4040
        REDIRECTED 6088
        RETURN_STARTED 6080 6081 6082 6083 6084 6092 6093 6094 6096 6098 6099
        DELAYED 0600 0700 0800 0900
        CANCELLED 9340 9341
        ADDRESS_CORRECTED 9328
        INFO 9040 9041 9311 9315 9321 9322 9323 9324 9325 9327
    """,
    # Australia Post, Shipping and Tracking API: consignment and article status, as the connector of karrio reads them.
    "australia_post": """
        INFO_RECEIVED Created Initiated
        IN_TRANSIT In~transit
        OUT_FOR_DELIVERY On~Board~for~Delivery
        AVAILABLE_FOR_PICKUP Awaiting~collection Ready~for~Pickup
        DELIVERY_ATTEMPTED Unsuccessful~Delivery
        DELIVERY_SCHEDULED To~be~Re-Delivered
        DELAYED Possible~delay
        HELD Held~by~courier
        DAMAGED Article~damaged
        EXCEPTION Cannot~be~delivered
        DELIVERED Delivered Delivered~in~Full
        CANCELLED Cancelled
    """,
    # The samples in shipit (MIT).
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
    # X12 transaction set 214, element 1650 (shipment status code), release 004030. X1 is the arrival at the delivery
    # location, D1 the delivery, AG only an estimate, A7 a refusal. Missing: AR, BC, CD, CL, OO, RL, S1 (equipment), AP
    # (delivery not completed), CB and PA (parts of a shipment).
    "x12_214": """
        INFO_RECEIVED XB
        INFO X3 X8 B6 C1 X2
        PICKED_UP AF CP AM BA
        ARRIVED_AT_FACILITY X4
        DEPARTED_FACILITY P1
        IN_TRANSIT X6 R1
        HANDED_TO_PARTNER J1 AN
        CUSTOMS_STARTED K1
        CUSTOMS_HELD PR
        ARRIVED_AT_DESTINATION_FACILITY X1 X5
        AVAILABLE_FOR_PICKUP AV
        DELIVERY_SCHEDULED AG AJ
        DELIVERY_ATTEMPTED AH
        DELAYED SD
        EXCEPTION/REFUSED A7
        DAMAGED A9
        REDIRECTED AI
        DELIVERED D1
        RETURNED A3
        CANCELLED CA
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
"""Carrier code → its table, in the format above."""
