"""GraphQL over HTTP, as an ASGI app: a request in, an answer out, one operation between.

Refuses in this order: method, media types, body, viewer, document, operation. Only the answer's last step knows HTTP.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from graphql import OperationType
from graphql.execution import ExecutionResult
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Receive, Scope, Send
from strawberry.execution import optimized_is_awaitable

from graphql_app import errors
from graphql_app.api import answers, context, documents, wire
from graphql_app.api.schema import Executor
from graphql_app.auth import Viewer
from graphql_app.settings import Settings

Headers = list[tuple[bytes, bytes]]
METHODS = "GET, HEAD, POST, OPTIONS"


class Endpoint:
    """The one address of the API."""

    def __init__(
        self,
        schema: strawberry.Schema,
        engine: AsyncEngine,
        settings: Settings,
        viewer_of: Callable[[Scope], Awaitable[Viewer]],
    ) -> None:
        self.schema, self.engine, self.settings, self.viewer_of = schema._schema, engine, settings, viewer_of
        self.documents = documents.Documents(self.schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4406, "reason": "Subscriptions are not offered yet."})
            return
        request_id = secrets.token_hex(8)
        accepts = wire.accepts(wire.header(scope, b"accept"))
        media_type = accepts.answer or wire.JSON
        headers: Headers = []
        try:
            status, body = await self.answer(scope, receive, accepts, request_id, headers)
        except wire.Gone:
            return
        except documents.Invalid as invalid:
            shown = [answers.located(reason, invalid.code, request_id) for reason in invalid.reasons]
            status, body = 400 if media_type == wire.GRAPHQL else 200, answers.body(None, shown)
        except errors.RequestError as error:
            status, body = error.status, answers.body(None, [answers.refusal(error, request_id)])
            if isinstance(error, QUIET) and media_type == wire.JSON:
                status = 200
            if isinstance(error, errors.MethodNotAllowed):
                headers.append((b"allow", error.allow.encode()))
            if error.retry_after is not None:
                headers.append((b"retry-after", b"%d" % error.retry_after))
        except Exception:
            answers.logger.exception("%s INTERNAL_ERROR", request_id)
            status, body = 500, answers.body(None, [answers.refusal(errors.Internal(), request_id)])
        headers += [
            (b"content-type", f"{media_type}; charset=utf-8".encode()),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def answer(
        self, scope: Scope, receive: Receive, accepts: wire.Accepts, request_id: str, headers: Headers
    ) -> tuple[int, bytes]:
        """Status and body."""
        method = scope["method"]
        if method == "POST":
            asked = wire.from_body(await wire.read_body(scope, receive))
        elif method in ("GET", "HEAD"):
            asked = wire.from_query_string(scope["query_string"])
        else:
            raise errors.MethodNotAllowed("Use POST, or GET for queries.", allow=METHODS)
        if accepts.answer is None:
            raise errors.NotAcceptable
        viewer = await self.viewer_of(scope)
        if asked.query is None:
            raise errors.RequestError("`query` is missing.")
        document = self.documents.get(asked.query)
        operation = document.operation(asked.operation_name)
        if method != "POST" and operation.operation is not OperationType.QUERY:
            raise errors.MethodNotAllowed("Only queries may be sent by GET: use POST.", allow="POST")
        return await self.run(
            document, asked, viewer, request_id, accepts.answer, wire.header(scope, b"idempotency-key")
        )

    async def run(
        self,
        document: documents.Document,
        asked: wire.Asked,
        viewer: Viewer,
        request_id: str,
        media_type: str,
        key: str,
    ) -> tuple[int, bytes]:
        """Run the operation on a session of its own."""
        async with context.get_context(self.engine, viewer, request_id, idempotency_key=key or None) as made:
            executor: Any = Executor.build(
                self.schema, document.parsed, None, made, asked.variables, asked.operation_name,
                is_awaitable=optimized_is_awaitable,
            )  # fmt: skip
            if isinstance(executor, list):
                shown = [answers.located(error, errors.BadUserInput.code, request_id) for error in executor]
                return 400 if media_type == wire.GRAPHQL else 200, answers.body(None, shown)
            result: ExecutionResult = executor.execute_operation()
            if optimized_is_awaitable(result):
                result = await result  # type: ignore[misc]
            if not result.errors:
                return 200, answers.body(result.data)
            shown = [answers.of_field(error, request_id)[0] for error in result.errors[: answers.MOST_ERRORS]]
            return 200, answers.body(result.data, shown)


QUIET = (errors.LimitExceeded, errors.NoSuchOperation, errors.PersistedQueryNotFound)
"""What is 200 under application/json, since the GraphQL of the request is at fault and not its HTTP."""
