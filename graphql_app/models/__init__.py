"""The tables, in reading order: who, with whom, what, where it is, what changed.

A column's comment is both its `COMMENT ON` (people browse the tables in pgAdmin) and, through `api/types.py`, its
description in the API. Every constraint has a name, so that `errors.py` can turn a violation into one typed error.
The account stands on every row and leads every index that a lookup uses.

May import `domain`.
"""

from graphql_app.models.accounts import Account, ApiKey, Carrier, CarrierStatus
from graphql_app.models.change_log import Change
from graphql_app.models.idempotency_keys import IdempotencyKey
from graphql_app.models.parties import Party, ShipmentReference
from graphql_app.models.shipments import Package, Shipment, ShipmentItem
from graphql_app.models.tracking_events import TrackingEvent

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
