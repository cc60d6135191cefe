"""The table `change`: the change log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Identity,
    Index,
    Integer,
    String,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models.columns import (
    ACCOUNT,
    INSTANT,
    NOW,
    STATUS,
    Xid8,
    column,
    identifier,
)


class Change(SQLModel, table=True):
    """A committed change in the change log."""

    __table_args__ = (
        Index(None, "account_id", "xid", "seq"),
        Index(
            "uq_change_shipment_id_shipment_seq",
            "shipment_id",
            "shipment_seq",
            unique=True,
            postgresql_where=text("shipment_id IS NOT NULL"),
        ),
        {
            "comment": "A committed change in the change log. Readers follow (xid, seq) and read only rows older than "
            "the oldest running transaction: seq alone skips the rows of a transaction that took its number "
            "early and committed late."
        },
    )
    seq: int | None = column(
        BigInteger,
        "Number of the change, in the order of insertion.",
        sa_column_args=[Identity(always=True)],
        primary_key=True,
        default=None,
    )
    xid: int | None = column(Xid8(), "ID of the transaction that made the change.", server=text("pg_current_xact_id()"))
    account_id: UUID = column(Uuid, ACCOUNT)
    entity: str = column(identifier(32), "Type of the changed object: shipment, tracking_event, carrier or api_key.")
    entity_id: UUID = column(Uuid, "ID of the changed object.")
    shipment_id: UUID | None = column(
        Uuid, "The shipment that the change belongs to. Null if it belongs to none.", null=True
    )
    shipment_seq: int = column(
        Integer, "The version of the shipment that the change produced. 0 if the change belongs to no shipment."
    )
    op: str = column(identifier(64), "Type of the change, such as `shipment.created`.")
    status_before: enums.ShipmentStatus | None = column(
        STATUS,
        "Status of the shipment before the change. Null for a new shipment and where there is no shipment.",
        null=True,
    )
    status_after: enums.ShipmentStatus | None = column(
        STATUS, "Status of the shipment after the change. Null if there is no shipment.", null=True
    )
    changed: dict[str, Any] = column(JSONB, "Changed fields, a JSON object: field name → [old value, new value].")
    actor: str = column(String(200), "The actor that made the change: the API key's name and prefix, or the account.")
    request_id: str | None = column(
        String(64), "ID of the request that made the change. Null if no request did.", null=True
    )
    at: datetime | None = column(INSTANT, "When the change was made.", server=NOW)
