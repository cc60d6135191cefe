"""TODO docstring."""

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
    plain,
)


class IdempotencyKey(SQLModel, table=True):
    """The outcome of a call that brought a key: what it made and what it answered, not the answer's body."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        Index(None, "expires_at"),
        {"comment": "The outcome of a call that brought a key. A retry reads the entities afresh."},
    )
    account_id: UUID = column(Uuid, ACCOUNT, primary_key=True)
    actor: str = column(plain(200), "Who called.", primary_key=True)
    operation: str = column(plain(64), "The mutation.", primary_key=True)
    key: str = column(plain(255), "The client's key.", primary_key=True)
    request_hash: bytes = column(LargeBinary, "SHA-256 of the input.")
    state: enums.IdempotencyState = column(enum(enums.IdempotencyState), "How far the call has come.")
    result: dict[str, Any] | None = column(JSONB, "Identities and errors of the outcome.", null=True)
    created_at: datetime | None = column(INSTANT, "When it was first used.", server=NOW)
    expires_at: datetime = column(INSTANT, "When it is forgotten.")
