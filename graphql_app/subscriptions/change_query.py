"""The SQL statement of a subscription: reads the messages between two positions of the change log.

The statement is planned once per `ChangeQuery` and reused for every read. Each read takes one of the read slots, and a
database connection only while the statement runs.
"""

import asyncio
from typing import Any
from uuid import UUID

from graphql import GraphQLError, VariableNode
from graphql.execution import get_argument_values

from graphql_app.database.change_notifier import LogHead, LogPosition
from graphql_app.database.reader import AccountReader
from graphql_app.errors import request_errors
from graphql_app.execution.documents import InvalidDocument, Operation
from graphql_app.execution.request import GraphQLRequest
from graphql_app.execution.runner import OperationRunner
from graphql_app.graphql_internals import collect_fields, python_name
from graphql_app.query_engine import change_log, plan
from graphql_app.query_engine.cost import check_cost
from graphql_app.schema import subscriptions


class ChangeMessage:
    """One change, as all subscribers of a query receive it.

    `payload` is the GraphQL response as JSON, `cursor` encodes `position`.
    """

    __slots__ = ("_event", "cursor", "payload", "position")

    def __init__(self, position: LogPosition, history: int, payload: str) -> None:
        self.position, self.payload, self.cursor = position, payload, change_log.encode_position(position, history)
        self._event: bytes | None = None

    @property
    def event(self) -> bytes:
        """The message as a server-sent event; encoded once for all subscribers."""
        if self._event is None:
            self._event = f"id: {self.cursor}\nevent: next\ndata: {self.payload}\n\n".encode()
        return self._event


class ChangeQuery:
    """The planned statement of a subscription and the arguments of its field.

    `read_slots` bounds how many statements of all subscriptions run at the same time.
    """

    def __init__(
        self, runner: OperationRunner, read_slots: asyncio.Semaphore, operation: Operation, request: GraphQLRequest
    ) -> None:
        """Plan the statement.

        Raises:
            InvalidDocument: a variable or an argument does not have its type.
            LimitExceeded: a message may contain too many objects.
        """
        executor = runner.executor(operation, runner.variable_values(operation, request), None)
        root = executor.schema.subscription_type
        fields = collect_fields(executor.schema, executor.fragments, executor.variable_values, root, operation.node)
        ((self.key, details),) = fields.grouped_field_set.items()
        node, definition = details[0].node, root.fields[details[0].node.name.value]
        try:
            self.arguments = get_argument_values(definition, node, executor.variable_values)
        except GraphQLError as error:
            raise InvalidDocument(request_errors.BadUserInput.code, [error]) from None
        source = subscriptions.SOURCES[python_name(definition)]
        self.plan = plan.plan_for(executor, executor.type_mapping, root, details, source)
        check_cost(self.plan.cost)
        self.engine, self.read_slots, self.executor = runner.engine, read_slots, executor
        self.operation = operation
        """Kept alive: the broker shares statements by the id of its node."""
        self.variables = without_after(request.variables or {}, node, executor)

    async def read(
        self, account_id: UUID, after: LogPosition, until: LogHead
    ) -> tuple[list[ChangeMessage], LogPosition]:
        """Run the statement once: the messages after `after` up to `until`, as many as one statement returns.

        Returns the messages and the position up to which the log was read, that of `until` if nothing is left.

        Raises:
            CursorExpired: the history of the log is no longer that of `until`.
        """
        parameters = {
            "after_position": after.log_position, "after_seq": after.seq,
            "until_position": until.position.log_position, "until_seq": until.position.seq,
        }  # fmt: skip
        async with self.read_slots:
            rows = await self.plan.fetch_rows(AccountReader(self.engine, account_id), parameters, self.executor)
        if any(history != until.history for _, _, _, _, history, *_ in rows):
            raise request_errors.CursorExpired
        messages = [
            ChangeMessage(LogPosition(*position), until.history, f'{{"data":{{"{self.key}":{text.decode()}}}}}')
            for text, *position, _ in (row[:5] for row in rows)
            if text is not None
        ]
        _, *position = rows[-1][:4]
        return messages, until.position if position[0] is None else LogPosition(*position)


def without_after(variables: dict[str, Any], node: Any, executor: Any) -> dict[str, Any]:
    """The variables without the one passed as `after`: subscribers that differ only in it share a statement.

    The variable is kept if the document uses it in another place too.
    """
    uses = list(plan.variable_names(node, executor.fragment_definitions, set()))
    after = next((argument.value for argument in node.arguments or () if argument.name.value == "after"), None)
    name = after.name.value if isinstance(after, VariableNode) else None
    return {key: value for key, value in variables.items() if key != name or uses.count(name) > 1}
