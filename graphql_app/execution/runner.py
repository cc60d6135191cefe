"""One operation, from what was asked to its answer: the same for every way of speaking.

In flow the operation, its variables and the viewer; out flows an `Answer`. The order: the client's allowance, a place
among those that run, a session, the executor, the cost. Refuses: clients who used up their allowance, more at once than
there are places, variables that do not fit.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import strawberry
from graphql import OperationType, default_field_resolver, default_type_resolver
from graphql.execution import ExecutionResult
from graphql.execution.values import VariableValues
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.execution import optimized_is_awaitable

from graphql_app import operation_context
from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution import document_limits, documents, error_formatting, request, trusted_documents, variables
from graphql_app.execution.concurrency_limiter import ConcurrencyLimiter
from graphql_app.execution.documents import Operation
from graphql_app.execution.rate_limiter import RateLimiter
from graphql_app.query_engine import fast_path
from graphql_app.query_engine.cost import MAX_COST
from graphql_app.schema import authorization
from graphql_app.schema.build import Executor
from graphql_app.settings import Settings

BASE_COST, MUTATION_COST = 1, 10
"""Points of any operation, and of each field of a mutation; what is read adds one for each object."""


class OperationResult(NamedTuple):
    """What an operation came to."""

    body: bytes
    fatal_error: request_errors.RequestError | None = None
    """Why nothing at all was answered, where that is so and the client should try again."""
    code: str = "ok"
    """That of the first error."""


class OperationRunner:
    """All that running operations needs; one for each process."""

    def __init__(
        self, schema: strawberry.Schema, engine: AsyncEngine, settings: Settings, notify_commit: Callable[[], None]
    ) -> None:
        self.schema, self.engine, self.suggest = schema._schema, engine, settings.introspection
        self.notify_commit = notify_commit
        self.documents = documents.DocumentCache(
            self.schema,
            introspection=settings.introspection,
            trusted=trusted_documents.read(settings.trusted_documents),
            trusted_only=settings.trusted_documents_only,
        )
        self.concurrency_limiter = ConcurrencyLimiter(
            settings.pool_size, settings.max_queued_operations, settings.pool_timeout
        )
        self.rate_limiter = RateLimiter(settings.rate_limit, settings.rate_limit_burst)

    def operation(self, asked: request.GraphQLRequest, viewer: Viewer) -> Operation:
        """What a request asks to run, and may. Raises `errors.RequestError` and `documents.Refused`."""
        operation = self.documents.operation(asked)
        authorization.check_scopes(operation.required_scopes, viewer.scopes)
        if operation.kind is OperationType.MUTATION:
            document_limits.check_limit(
                "request", "lists and objects", asked.container_count, document_limits.MAX_MUTATION_CONTAINERS
            )
        else:
            document_limits.check_limit("request of a query", "bytes", asked.size, document_limits.MAX_QUERY_BYTES)
            document_limits.check_limit(
                "request of a query", "lists and objects", asked.container_count, document_limits.MAX_QUERY_CONTAINERS
            )
        return operation

    async def run(
        self, operation: Operation, asked: request.GraphQLRequest, viewer: Viewer, address: str, request_id: str,
        key: str | None = None,
    ) -> OperationResult:  # fmt: skip
        """Run a query or mutation. Raises `errors.RequestError` and `documents.Refused` where it does not begin."""
        client = viewer.client(address)
        self.rate_limiter.check(client)
        await self.concurrency_limiter.acquire(client)
        try:
            result, cost = await self.run_with_retry(operation, asked, viewer, request_id, key)
        finally:
            self.concurrency_limiter.release(client)
        self.rate_limiter.charge(client, cost)
        extensions = self.cost_extension(cost, client) if asked.extensions.get("cost") is True else None
        if not result.errors:
            return OperationResult(error_formatting.encode_body(result.data, (), extensions))
        shown, known = error_formatting.format_field_errors(result.errors, request_id)
        failed = known[0] if is_empty(result.data) and known[0].status == request_errors.Unavailable.status else None
        return OperationResult(error_formatting.encode_body(result.data, shown, extensions), failed, known[0].code)

    async def run_with_retry(
        self, operation: Operation, asked: request.GraphQLRequest, viewer: Viewer, request_id: str, key: str | None
    ) -> tuple[ExecutionResult, int]:
        """The result and its cost. What only reads is tried once more on another connection when one was lost."""
        base = BASE_COST if operation.is_query else MUTATION_COST * operation.size.roots
        for last in (not operation.is_query, True):
            try:
                async with operation_context.get_context(
                    self.engine, viewer, request_id, idempotency_key=key, notify_commit=self.notify_commit
                ) as made:
                    result = await self.execute(operation, asked, made)
            except request_errors.RequestError:
                raise
            except Exception as error:
                known = error_formatting.classify_error(error)
                if known is None:
                    raise
                if last or not isinstance(known, request_errors.ConnectionLost):
                    raise known from error
                continue
            if last or not any(is_connection_lost(error.original_error) for error in result.errors or ()):
                break
        return result, base + made.cost

    async def execute(
        self, operation: Operation, asked: request.GraphQLRequest, made: operation_context.OperationContext
    ) -> ExecutionResult:
        values, outcome = variables.coerce_variables(operation.variables, asked.variables or {}), None
        if operation.single_field is not None and values is not None:
            given = fast_path.FieldInputs(self.schema, operation.node, operation.fragments, operation.details, values)
            outcome = await fast_path.execute_single_field(operation.single_field, given, made)
            if (answer := outcome.fragment) is not None:
                return ExecutionResult({operation.single_field.key: answer}, None)
        executor = self.executor(operation, asked, values, made)
        executor.field_result = outcome
        result = executor.execute_operation()
        done: ExecutionResult = await result if optimized_is_awaitable(result) else result
        return done

    def executor(
        self,
        operation: Operation,
        asked: request.GraphQLRequest,
        values: VariableValues | None,
        made: operation_context.OperationContext | None,
    ) -> Any:
        """The executor of an operation; `values`: its variables, None where they are not known to fit. Raises
        `documents.Refused` where they do not."""
        more: dict[str, Any] = {"is_awaitable": optimized_is_awaitable, "hide_suggestions": not self.suggest}
        if values is not None:
            return Executor(
                self.schema, operation.fragments, operation.details, None, made, operation.node, values,
                default_field_resolver, default_type_resolver, default_field_resolver, **more,
            )  # fmt: skip
        executor: Any = Executor.build(
            self.schema, operation.document, None, made, asked.variables, operation.name, **more
        )
        if isinstance(executor, list):
            raise documents.InvalidDocument(request_errors.BadUserInput.code, executor)
        return executor

    def cost_extension(self, cost: int, client: str) -> dict[str, Any]:
        """What `extensions.cost` says to those who ask for it."""
        said: dict[str, Any] = {"requested": cost, "maximum": MAX_COST}
        if self.rate_limiter.rate:
            left = max(0, int(self.rate_limiter.remaining(client)))
            said |= {"available": left, "perSecond": self.rate_limiter.rate}
        return {"cost": said}


def is_connection_lost(cause: BaseException | None) -> bool:
    """Whether an error came of a lost connection."""
    return cause is not None and isinstance(error_formatting.classify_error(cause), request_errors.ConnectionLost)


def is_empty(data: Mapping[str, Any] | None) -> bool:
    """Whether nothing was answered."""
    return data is None or all(value is None for value in data.values())
