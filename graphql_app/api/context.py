"""What a resolver may reach: the viewer, the request's one session, the request's id."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth import Viewer
from graphql_app.database import Session, get_session


@dataclass(slots=True)
class Context:
    """One operation's context."""

    viewer: Viewer
    session: Session
    request_id: str
    idempotency_key: str | None = None
    """The request's own, where its operation has one mutation field."""
    cost: int = 0
    wrote: Callable[[], None] = lambda: None
    """Call it after a commit: those who follow the change log look at once."""


Info = strawberry.Info[Context, None]


@asynccontextmanager
async def get_context(
    engine: AsyncEngine,
    viewer: Viewer,
    request_id: str,
    *,
    idempotency_key: str | None = None,
    wrote: Callable[[], None] = lambda: None,
) -> AsyncIterator[Context]:
    """The context of one operation; its session is closed with it."""
    async with get_session(engine, viewer.account_id) as session:
        yield Context(viewer, session, request_id, idempotency_key, wrote=wrote)
