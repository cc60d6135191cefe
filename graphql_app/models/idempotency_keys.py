"""The table `idempotency_key`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Index,
    LargeBinary,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.domain import enums
from graphql_app.models.columns import (
    ACCOUNT,
    INSTANT,
    NOW,
    column,
    enum,
    identifier,
)


class IdempotencyKey(SQLModel, table=True):
    """The result of a call with an idempotency key: IDs and errors, not the response body."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        Index(None, "expires_at"),
        {
            "comment": "The result of a call with an idempotency key: IDs and errors, not the response body. A retry "
            "reads the objects again."
        },
    )
    account_id: UUID = column(Uuid, ACCOUNT, primary_key=True)
    actor: str = column(identifier(200), "The actor that made the call.", primary_key=True)
    operation: str = column(identifier(64), "Name of the mutation field.", primary_key=True)
    key: str = column(identifier(255), "The client's idempotency key, up to 255 characters.", primary_key=True)
    request_hash: bytes = column(LargeBinary, "SHA-256 hash of the input.")
    state: enums.IdempotencyState = column(enum(enums.IdempotencyState), "Whether the call is running or done.")
    result: dict[str, Any] | None = column(
        JSONB, "IDs and errors of the result. Null while the call is running.", null=True
    )
    created_at: datetime | None = column(INSTANT, "When the key was first used.", server=NOW)
    expires_at: datetime = column(INSTANT, "When the key expires: 24 hours after its first use.")
