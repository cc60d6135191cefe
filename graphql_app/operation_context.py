"""The context of one operation, which every resolver receives.

It holds the viewer, the reader, the database session, the request id, the idempotency key, the cost so far and which
root fields have committed.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from graphql import GraphQLResolveInfo
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth.viewer import Viewer
from graphql_app.database.reader import AccountReader
from graphql_app.database.session import Session


class OperationContext:
    """The context of one operation. Use it with `async with`, which closes its session at the end."""

    __slots__ = (
        "_session",
        "committed_fields",
        "cost",
        "idempotency_key",
        "notify_commit",
        "reader",
        "rejected_cost",
        "request_id",
        "viewer",
    )

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
        """The `Idempotency-Key` header of the request, if the operation has one mutation field."""
        self.notify_commit = notify_commit
        """Call it after each commit, so that subscriptions read the change log immediately."""
        self.committed_fields: set[str] = set()
        """The response keys of the mutation fields whose writes are committed. An error in such a field says so."""
        self.cost = 0
        self.rejected_cost = 0
        """The cost of the root fields that exceeded the limit."""
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session of the operation, created at the first access. Queries use `reader` and need none."""
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


Info = GraphQLResolveInfo[OperationContext]


def get_context(
    engine: AsyncEngine,
    viewer: Viewer,
    request_id: str,
    *,
    idempotency_key: str | None = None,
    notify_commit: Callable[[], None] = lambda: None,
) -> OperationContext:
    """Return the context of one operation of the viewer. No connection is taken before the first statement."""
    return OperationContext(
        viewer, AccountReader(engine, viewer.account_id), request_id, idempotency_key, notify_commit
    )
