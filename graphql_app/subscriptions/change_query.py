"""TODO docstring."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from graphql import GraphQLError, VariableNode
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from graphql_app.database.change_notifier import Position
from graphql_app.database.reader import AccountReader
from graphql_app.errors import request_errors
from graphql_app.execution import documents, request
from graphql_app.execution.documents import Operation
from graphql_app.query_engine import change_log, plan
from graphql_app.schema import subscriptions

if TYPE_CHECKING:
    from graphql_app.subscriptions.broker import SubscriptionBroker


class ChangeMessage:
    """One change as all members of a group get it."""

    __slots__ = ("_event", "cursor", "payload", "position")

    def __init__(self, at: Position, payload: str) -> None:
        self.position, self.payload, self.cursor = at, payload, change_log.encode_position(at)
        self._event: bytes | None = None

    @property
    def event(self) -> bytes:
        """As a server-sent event."""
        if self._event is None:
            self._event = f"id: {self.cursor}\nevent: next\ndata: {self.payload}\n\n".encode()
        return self._event


class ChangeQuery:
    """What a group reads: one planned statement with its values."""

    def __init__(self, live: "SubscriptionBroker", operation: Operation, asked: request.GraphQLRequest) -> None:
        executor = live.runner.executor(operation, asked, None, None)
        root = executor.schema.subscription_type
        found = collect_fields(executor.schema, executor.fragments, executor.variable_values, root, operation.node)
        ((self.key, details),) = found.grouped_field_set.items()
        node, definition = details[0].node, root.fields[details[0].node.name.value]
        try:
            self.arguments = get_argument_values(definition, node, executor.variable_values)
        except GraphQLError as error:
            raise documents.InvalidDocument(request_errors.BadUserInput.code, [error]) from None
        source = subscriptions.SOURCES[definition.extensions["strawberry-definition"].python_name]
        self.plan = plan.plan_for(executor, executor.type_mapping, root, details, source)
        self.live, self.operation, self.executor = live, operation, executor
        self.variables = without_after(asked.variables or {}, node, executor)

    async def read(self, account_id: UUID, after: Position, until: Position) -> tuple[list[ChangeMessage], Position]:
        """The messages behind a position, as many as one statement gives, and the position up to which they go."""
        own = {"after_xid": str(after[0]), "after_seq": after[1], "until_xid": str(until[0]), "until_seq": until[1]}
        async with self.live.read_slots:
            rows = await self.plan.fetch_rows(AccountReader(self.live.runner.engine, account_id), own, self.executor)
        messages = [
            ChangeMessage((xid, seq), f'{{"data":{{"{self.key}":{text.decode()}}}}}') for text, xid, seq in rows if text
        ]
        return messages, (rows[-1][1], rows[-1][2]) if rows else until


def without_after(variables: dict[str, Any], node: Any, executor: Any) -> dict[str, Any]:
    """The variables but for the one that says where to begin: it does not make another group."""
    used = list(plan.variable_names(node, executor.fragment_definitions, set()))
    after = next((one.value for one in node.arguments or () if one.name.value == "after"), None)
    name = after.name.value if isinstance(after, VariableNode) else None
    return {key: value for key, value in variables.items() if key != name or used.count(name) > 1}
