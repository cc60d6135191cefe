"""Runs one operation, from the parsed request to the result: the same for all transports.

In this order: the scopes and the size of the request are checked, then the rate limit of the client; the operation
takes an execution slot and gets its context; it is executed, and its cost is charged. Clients without points left,
operations for which the queue has no place, and invalid variables are rejected.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLError, OperationType, default_field_resolver, default_type_resolver
from graphql.execution import ExecutionResult, VariableValues
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import operation_context
from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.execution import document_limits, documents, error_formatting, trusted_documents, variables
from graphql_app.execution.concurrency_limiter import ConcurrencyLimiter
from graphql_app.execution.documents import Operation
from graphql_app.execution.rate_limiter import RateLimiter
from graphql_app.execution.request import GraphQLRequest
from graphql_app.graphql_internals import collect_fields, core_schema, optimized_is_awaitable
from graphql_app.operation_context import OperationContext
from graphql_app.query_engine import fast_path
from graphql_app.query_engine.cost import MAX_COST
from graphql_app.schema import authorization
from graphql_app.schema.build import Executor
from graphql_app.settings import Settings

BASE_COST = 1
"""The points of a query or subscription, to which each object that may be read adds one."""
MUTATION_COST = 10
"""The points of each mutation field, to which each object that may be read adds one."""


class OperationResult(NamedTuple):
    """The result of an operation: the body of the response."""

    body: bytes
    fatal_error: request_errors.RequestError | None = None
    """The error, if there is no data at all because the server was unavailable: the client can retry."""
    code: str = "ok"
    """The code of the first error, or `ok`."""


class OperationRunner:
    """Runs the operations of one process. It owns the document cache, the rate limiter and the concurrency limiter.

    `notify_commit` is called after each commit.
    """

    def __init__(
        self, schema: strawberry.Schema, engine: AsyncEngine, settings: Settings, notify_commit: Callable[[], None]
    ) -> None:
        self.schema, self.engine, self.suggestions = core_schema(schema), engine, settings.introspection
        self.notify_commit = notify_commit
        self.documents = documents.DocumentCache(
            self.schema,
            introspection=settings.introspection,
            trusted=trusted_documents.read(settings.trusted_documents),
            trusted_only=settings.trusted_documents_only,
        )
        self.concurrency_limiter = ConcurrencyLimiter(
            settings.pool_size, settings.max_queued_operations, settings.pool_timeout, settings.read_share
        )
        self.rate_limiter = RateLimiter(settings.rate_limit, settings.rate_limit_burst)

    def operation(self, request: GraphQLRequest, viewer: Viewer) -> Operation:
        """Return the operation of a request, after checking the scopes of the viewer and the size of the request.

        Raises:
            Forbidden: the viewer lacks a scope.
            LimitExceeded: the request is too large. And all errors of `DocumentCache.operation`.
        """
        operation = self.documents.operation(request)
        authorization.check_scopes(operation.required_scopes, viewer.scopes)
        if operation.kind is OperationType.MUTATION:
            document_limits.check_limit(
                "request", "lists and objects", request.container_count, document_limits.MAX_MUTATION_CONTAINERS
            )
        else:
            document_limits.check_limit(
                "request of a query", "bytes", request.size_bytes, document_limits.MAX_QUERY_BYTES
            )
            document_limits.check_limit(
                "request of a query", "lists and objects", request.container_count, document_limits.MAX_QUERY_CONTAINERS
            )
        return operation

    async def run(
        self, operation: Operation, request: GraphQLRequest, viewer: Viewer, address: str, request_id: str,
        idempotency_key: str | None = None,
    ) -> OperationResult:  # fmt: skip
        """Run a query or mutation. Errors of its fields are in the result.

        `address` is the IP address of the client; clients without an API key are limited by it. `idempotency_key` comes
        from the header.

        Raises:
            RateLimited: the client has no points left.
            Overloaded: the queue is full, or the operation has waited in it for too long.
            InvalidDocument: the variables are invalid.
            RequestError: the whole operation failed, for example because the database is unavailable.
        """
        client = viewer.client(address)
        self.rate_limiter.check(client)
        write = operation.kind is OperationType.MUTATION
        await self.concurrency_limiter.acquire(client, write=write)
        try:
            result, context = await self.run_with_retry(operation, request, viewer, request_id, idempotency_key)
        finally:
            self.concurrency_limiter.release(client, write=write)
        cost = context.cost + (BASE_COST if operation.is_query else MUTATION_COST * operation.size.roots)
        self.rate_limiter.charge(client, cost)
        requested = cost + context.rejected_cost
        extensions = self.cost_extension(requested, client) if request.extensions.get("cost") is True else None
        if not result.errors:
            return OperationResult(error_formatting.encode_body(result.data, (), extensions))
        committed = context.committed_fields
        formatted, errors = error_formatting.format_field_errors(result.errors, request_id, committed)
        # A status that clients and proxies retry automatically must not follow a commit.
        retryable = is_empty(result.data) and not committed
        unavailable = retryable and errors[0].status == request_errors.Unavailable.status
        return OperationResult(
            error_formatting.encode_body(result.data, formatted, extensions),
            errors[0] if unavailable else None,
            errors[0].code,
        )

    async def run_with_retry(
        self, operation: Operation, request: GraphQLRequest, viewer: Viewer, request_id: str,
        idempotency_key: str | None,
    ) -> tuple[ExecutionResult, OperationContext]:  # fmt: skip
        """Execute an operation and return its result and its context.

        A query that fails because its connection was lost is repeated once on another connection. If a mutation fails
        as a whole, or exceeds the request timeout, after a field has committed, each field gets the error: the client
        must learn which ones are committed.

        Raises:
            RequestError: the whole operation failed.
        """
        for last_attempt in (not operation.is_query, True):
            context = operation_context.get_context(
                self.engine, viewer, request_id, idempotency_key=idempotency_key, notify_commit=self.notify_commit
            )
            try:
                async with context:
                    result = await self.execute(operation, request, context)
            except (Exception, asyncio.CancelledError) as exception:
                if context.committed_fields:
                    result = self.failed_result(operation, request, exception)
                    break
                if isinstance(exception, request_errors.RequestError | asyncio.CancelledError):
                    raise
                error = error_formatting.classify_error(exception)
                if error is None:
                    raise
                if last_attempt or not isinstance(error, request_errors.ConnectionLost):
                    raise error from exception
                continue
            if last_attempt or not any(is_connection_lost(error.original_error) for error in result.errors or ()):
                break
        return result, context

    def failed_result(
        self, operation: Operation, request: GraphQLRequest, cause: Exception | asyncio.CancelledError
    ) -> ExecutionResult:
        """Return the result of an operation that failed as a whole: null and the same error for each root field."""
        error = request_errors.Timeout() if isinstance(cause, asyncio.CancelledError) else cause
        executor = self.executor(operation, self.variable_values(operation, request), None)
        root = executor.schema.mutation_type
        fields = collect_fields(executor.schema, executor.fragments, executor.variable_values, root, operation.node)
        keys = list(fields.grouped_field_set)
        errors = [GraphQLError(str(error), path=[key], original_error=error) for key in keys]
        return ExecutionResult(dict.fromkeys(keys), errors)

    async def execute(
        self, operation: Operation, request: GraphQLRequest, context: OperationContext
    ) -> ExecutionResult:
        """Execute an operation once.

        Raises:
            InvalidDocument: its variables are invalid.
        """
        values, field_result = self.variable_values(operation, request), None
        # The fast path runs operations with one root field without graphql-core's executor, which saves about 35 µs of
        # CPU per request. Nulls and errors still go through the executor, which takes the result and sends no query.
        if operation.single_field is not None:
            inputs = fast_path.FieldInputs(self.schema, operation.node, operation.fragments, operation.details, values)
            field_result = await fast_path.execute_single_field(operation.single_field, inputs, context)
            if (fragment := field_result.fragment) is not None:
                return ExecutionResult({operation.single_field.key: fragment}, None)
        executor = self.executor(operation, values, context)
        executor.field_result = field_result
        pending = executor.execute_operation()
        result: ExecutionResult = await pending if optimized_is_awaitable(pending) else pending
        return result

    def variable_values(self, operation: Operation, request: GraphQLRequest) -> VariableValues:
        """Return the coerced variables of a request.

        Raises:
            InvalidDocument: they are invalid.
        """
        inputs = request.variables or {}
        values = variables.coerce_variables(operation.variables, inputs)
        if values is None:
            errors = variables.variable_errors(operation.variables, inputs, suggestions=self.suggestions)
            raise documents.InvalidDocument(request_errors.BadUserInput.code, errors)
        return values

    def executor(self, operation: Operation, values: VariableValues, context: OperationContext | None) -> Any:
        """Return the executor of an operation. `values` are its coerced variables."""
        return Executor(
            self.schema, operation.fragments, operation.details, None, context, operation.node, values,
            default_field_resolver, default_type_resolver, default_field_resolver,
            is_awaitable=optimized_is_awaitable, hide_suggestions=not self.suggestions,
        )  # fmt: skip

    def cost_extension(self, cost: int, client: str) -> dict[str, Any]:
        """Return the `extensions` of a response with the cost of the operation and the remaining points."""
        points: dict[str, Any] = {"requested": cost, "maximum": MAX_COST}
        if self.rate_limiter.rate:
            available = max(0, int(self.rate_limiter.remaining(client)))
            points |= {"available": available, "perSecond": self.rate_limiter.rate}
        return {"cost": points}


def is_connection_lost(cause: BaseException | None) -> bool:
    """Whether an exception means that the connection to the database was lost."""
    return cause is not None and isinstance(error_formatting.classify_error(cause), request_errors.ConnectionLost)


def is_empty(data: Mapping[str, Any] | None) -> bool:
    """Whether there is no data: none at all, or only null fields."""
    return data is None or all(value is None for value in data.values())
