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

from graphql_app import errors
from graphql_app.api import answers, coercion, context, documents, limits, scopes, trusted, wire
from graphql_app.api.admission import Allowance, Gate
from graphql_app.api.documents import Operation
from graphql_app.api.schema import Executor
from graphql_app.auth import Viewer
from graphql_app.read import bounds, direct
from graphql_app.settings import Settings

BASE_COST, MUTATION_COST = 1, 10
"""Points of any operation, and of each field of a mutation; what is read adds one for each object."""


class Answer(NamedTuple):
    """What an operation came to."""

    body: bytes
    failed: errors.RequestError | None = None
    """Why nothing at all was answered, where that is so and the client should try again."""
    code: str = "ok"
    """That of the first error."""


class Operations:
    """All that running operations needs; one for each process."""

    def __init__(
        self, schema: strawberry.Schema, engine: AsyncEngine, settings: Settings, wrote: Callable[[], None]
    ) -> None:
        self.schema, self.engine, self.suggest = schema._schema, engine, settings.introspection
        self.wrote = wrote
        self.documents = documents.Documents(
            self.schema,
            introspection=settings.introspection,
            trusted=trusted.read(settings.trusted_documents),
            only_trusted=settings.only_trusted,
        )
        self.gate = Gate(settings.pool_size, settings.most_waiting, settings.pool_timeout)
        self.allowance = Allowance(settings.rate, settings.burst)

    def operation(self, asked: wire.Asked, viewer: Viewer) -> Operation:
        """What a request asks to run, and may. Raises `errors.RequestError` and `documents.Refused`."""
        operation = self.documents.operation(asked)
        scopes.check(operation.needs, viewer.scopes)
        if operation.kind is OperationType.MUTATION:
            limits.refuse("request", "lists and objects", asked.parts, limits.PARTS)
        else:
            limits.refuse("request of a query", "bytes", asked.size, limits.QUERY_BYTES)
            limits.refuse("request of a query", "lists and objects", asked.parts, limits.QUERY_PARTS)
        return operation

    async def answer(
        self, operation: Operation, asked: wire.Asked, viewer: Viewer, address: str, request_id: str,
        key: str | None = None,
    ) -> Answer:  # fmt: skip
        """Run a query or mutation. Raises `errors.RequestError` and `documents.Refused` where it does not begin."""
        client = viewer.client(address)
        self.allowance.check(client)
        await self.gate.enter(client)
        try:
            result, cost = await self.run(operation, asked, viewer, request_id, key)
        finally:
            self.gate.leave(client)
        self.allowance.charge(client, cost)
        extensions = self.cost(cost, client) if asked.extensions.get("cost") is True else None
        if not result.errors:
            return Answer(answers.body(result.data, (), extensions))
        shown, known = answers.failures(result.errors, request_id)
        failed = known[0] if is_empty(result.data) and known[0].status == errors.Unavailable.status else None
        return Answer(answers.body(result.data, shown, extensions), failed, known[0].code)

    async def run(
        self, operation: Operation, asked: wire.Asked, viewer: Viewer, request_id: str, key: str | None
    ) -> tuple[ExecutionResult, int]:
        """The result and its cost. What only reads is tried once more on another connection when one was lost."""
        base = BASE_COST if operation.reads else MUTATION_COST * operation.size.roots
        for last in (not operation.reads, True):
            try:
                async with context.get_context(
                    self.engine, viewer, request_id, idempotency_key=key, wrote=self.wrote
                ) as made:
                    result = await self.execute(operation, asked, made)
            except errors.RequestError:
                raise
            except Exception as error:
                known = answers.known_cause(error)
                if known is None:
                    raise
                if last or not isinstance(known, errors.ConnectionLost):
                    raise known from error
                continue
            if last or not any(lost(error.original_error) for error in result.errors or ()):
                break
        return result, base + made.cost

    async def execute(self, operation: Operation, asked: wire.Asked, made: context.Context) -> ExecutionResult:
        values, outcome = coercion.coerced(operation.variables, asked.variables or {}), None
        if operation.question is not None and values is not None:
            given = direct.Given(self.schema, operation.node, operation.fragments, operation.details, values)
            outcome = await direct.ask(operation.question, given, made)
            if (answer := outcome.answer) is not None:
                return ExecutionResult({operation.question.key: answer}, None)
        executor = self.executor(operation, asked, values, made)
        executor.outcome = outcome
        result = executor.execute_operation()
        done: ExecutionResult = await result if optimized_is_awaitable(result) else result
        return done

    def executor(
        self, operation: Operation, asked: wire.Asked, values: VariableValues | None, made: context.Context | None
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
            raise documents.Refused(errors.BadUserInput.code, executor)
        return executor

    def cost(self, cost: int, client: str) -> dict[str, Any]:
        """What `extensions.cost` says to those who ask for it."""
        said: dict[str, Any] = {"requested": cost, "maximum": bounds.MOST_COST}
        if self.allowance.rate:
            left = max(0, int(self.allowance.left(client)))
            said |= {"available": left, "perSecond": self.allowance.rate}
        return {"cost": said}


def lost(cause: BaseException | None) -> bool:
    """Whether an error came of a lost connection."""
    return cause is not None and isinstance(answers.known_cause(cause), errors.ConnectionLost)


def is_empty(data: Mapping[str, Any] | None) -> bool:
    """Whether nothing was answered."""
    return data is None or all(value is None for value in data.values())
