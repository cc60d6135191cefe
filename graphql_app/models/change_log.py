"""The tables `change`, the change log, and `change_log_state`, its epoch. `database/change_log_sql.py` explains
their order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Identity,
    Index,
    Integer,
    String,
    Text,
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
    column,
    identifier,
)


class Change(SQLModel, table=True):
    """A committed change in the change log."""

    __table_args__ = (
        Index(None, "account_id", "log_position", "seq"),
        Index(
            "uq_change_shipment_id_shipment_seq",
            "shipment_id",
            "shipment_seq",
            unique=True,
            postgresql_where=text("shipment_id IS NOT NULL"),
        ),
        {
            "comment": "A committed change in the change log. Readers follow (log_position, seq) and read only "
            "positions before the oldest running transaction: seq alone skips the rows of a transaction that took its "
            "number early and committed late."
        },
    )
    seq: int | None = column(
        BigInteger,
        "Number of the change, in the order of insertion.",
        sa_column_args=[Identity(always=True)],
        primary_key=True,
        default=None,
    )
    log_position: int = column(
        BigInteger,
        "Position in the log: ID of the transaction plus change_log_state.position_offset, or the position of the "
        "previous change of the same shipment or carrier if that is higher.",
    )
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


class ChangeLogState(SQLModel, table=True):
    """The epoch of the change log: one row for the whole database."""

    __tablename__ = "change_log_state"
    __table_args__ = (
        CheckConstraint("is_current", name="one_row"),
        {
            "comment": "The epoch of the change log, one row. A database that was restored from a dump or copied gets "
            "a new epoch at the next start, so that cursors from before are rejected."
        },
    )
    is_current: bool = column(Boolean, "Always true: the table has one row.", server=text("true"), primary_key=True)
    epoch: int = column(Integer, "Random number that all cursors of this epoch contain.")
    position_offset: int = column(
        BigInteger,
        "Added to a transaction ID to form a position. At least as high as all positions of earlier epochs.",
        server=text("0"),
    )
    location: str | None = column(
        Text,
        "System identifier of the server, OID of the database and OID of the table `change`. Another location means "
        "that the log was restored or copied. Null until the first start.",
        null=True,
    )
