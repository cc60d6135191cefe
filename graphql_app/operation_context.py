"""What a resolver may reach: the viewer, the request's one session, the request's id."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth.viewer import Viewer
from graphql_app.database.reader import AccountReader
from graphql_app.database.session import Session


class OperationContext:
    """One operation's context: `async with` it, and its session is closed with it."""

    __slots__ = ("_session", "cost", "idempotency_key", "notify_commit", "reader", "request_id", "viewer")

    def __init__(
        self,
        viewer: Viewer,
        reader: AccountReader,
        request_id: str,
        idempotency_key: str | None = None,
        notify_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self.viewer, self.reader, self.request_id = viewer, reader, request_id
        self.idempotency_key = idempotency_key
        """The request's own, where its operation has one mutation field."""
        self.notify_commit = notify_commit
        """Call it after a commit: those who follow the change log look at once."""
        self.cost = 0
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The request's one session, made when it is first asked for: who only reads does with the rows."""
        if self._session is None:
            self._session = Session(self.reader.engine, self.reader.account_id)
        return self._session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.end()


Info = strawberry.Info[OperationContext, None]


def get_context(
    engine: AsyncEngine,
    viewer: Viewer,
    request_id: str,
    *,
    idempotency_key: str | None = None,
    notify_commit: Callable[[], None] = lambda: None,
) -> OperationContext:
    """The context of one operation."""
    return OperationContext(
        viewer, AccountReader(engine, viewer.account_id), request_id, idempotency_key, notify_commit
    )
