"""The tables, in reading order: who, with whom, what, where it is, what changed.

A column's comment is both its `COMMENT ON` (people browse the tables in pgAdmin) and, through `api/types.py`, its
description in the API. Every constraint has a name, so that `errors.py` can turn a violation into one typed error.
The account stands on every row and leads every index that a lookup uses.
"""

from graphql_app.models.accounts import Account, ApiKey, Carrier, CarrierStatus
from graphql_app.models.events import Change, IdempotencyKey, TrackingEvent
from graphql_app.models.packages import Package, ShipmentItem
from graphql_app.models.shipments import Party, Shipment, ShipmentReference

__all__ = [
    "Account",
    "ApiKey",
    "Carrier",
    "CarrierStatus",
    "Change",
    "IdempotencyKey",
    "Package",
    "Party",
    "Shipment",
    "ShipmentItem",
    "ShipmentReference",
    "TrackingEvent",
]
