"""The tables: SQLModel classes, column types, triggers and public IDs.

A column's comment is its `COMMENT ON` in the database, which pgAdmin shows, and its description in the API
(`graphql_types/model_type.py`). Every constraint has a name, so that a violation can be mapped to one error
(`database/errors.py`). Every row has the account that owns it, and the account is the first column of every index that
a lookup by account uses.

May import `domain`.
"""

from graphql_app.models.accounts import Account, ApiKey, Carrier, CarrierStatus
from graphql_app.models.change_log import Change, ChangeLogState
from graphql_app.models.idempotency_keys import IdempotencyKey
from graphql_app.models.parties import Party, ShipmentReference
from graphql_app.models.rollups import RollupPosition, ShipmentFact, ShipmentRollup, ShipmentRollupTransit
from graphql_app.models.shipment_search import ShipmentSearch
from graphql_app.models.shipments import Package, Shipment, ShipmentItem
from graphql_app.models.tracking_events import TrackingEvent

__all__ = [
    "Account",
    "ApiKey",
    "Carrier",
    "CarrierStatus",
    "Change",
    "ChangeLogState",
    "IdempotencyKey",
    "Package",
    "Party",
    "RollupPosition",
    "Shipment",
    "ShipmentFact",
    "ShipmentItem",
    "ShipmentReference",
    "ShipmentRollup",
    "ShipmentRollupTransit",
    "ShipmentSearch",
    "TrackingEvent",
]
