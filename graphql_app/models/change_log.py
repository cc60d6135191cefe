"""TODO docstring."""

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
    plain,
)


class Change(SQLModel, table=True):
    """One committed change."""

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
            "comment": "One committed change. Readers follow (xid, seq) and take only rows below the oldest running "
            "transaction: seq alone skips the rows of a transaction that took its number early and committed late."
        },
    )
    seq: int | None = column(
        BigInteger, "Number of the row.", sa_column_args=[Identity(always=True)], primary_key=True, default=None
    )
    xid: int | None = column(Xid8(), "The transaction.", server=text("pg_current_xact_id()"))
    account_id: UUID = column(Uuid, ACCOUNT)
    entity: str = column(plain(32), "What changed: shipment, tracking_event, carrier, …")
    entity_id: UUID = column(Uuid, "Its identity.")
    shipment_id: UUID | None = column(Uuid, "The shipment, where there is one.", null=True)
    shipment_seq: int = column(Integer, "Number of the change within the shipment: the version it led to; else 0.")
    op: str = column(plain(64), "What was done, such as shipment.created.")
    status_before: enums.ShipmentStatus | None = column(STATUS, "Status of the shipment before.", null=True)
    status_after: enums.ShipmentStatus | None = column(STATUS, "Status of the shipment after.", null=True)
    changed: dict[str, Any] = column(JSONB, "Field → [old, new].")
    actor: str = column(String(200), "Who did it.")
    request_id: str | None = column(String(64), "The request that did it.", null=True)
    at: datetime | None = column(INSTANT, "When.", server=NOW)
