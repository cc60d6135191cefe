"""graphql-core's executor, but for one case: where a resolver returned a `Read`, the answer's JSON comes from SQL.

In flows a `Read` at any depth, out flows an `orjson.Fragment` that the response takes in unread. Root fields run one
after another, since they share one session; those of a query see one snapshot.
"""

from typing import Any

import orjson
from graphql import GraphQLOutputType, GraphQLResolveInfo, OperationType
from graphql.execution.collect_fields import FieldDetails, GroupedFieldSet
from graphql.pyutils import Path
from graphql.type import GraphQLObjectType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_app import errors
from graphql_app.database import Session
from graphql_app.read import plan
from graphql_app.read.mirror import Mirror
from graphql_app.read.sources import Source


class Read:
    """What a resolver returns instead of data: what to read, on which session, with values of its own."""

    __slots__ = ("session", "source", "values")

    def __init__(self, session: Session, source: Source, **values: object) -> None:
        self.session, self.source, self.values = session, source, values


class ReadingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Completes a `Read`."""

    mirror: Mirror

    def execute_operation(self, serially: bool | None = None) -> Any:
        return super().execute_operation(True)

    def execute_root_grouped_field_set(
        self, root_type: GraphQLObjectType, root_value: Any, grouped: GroupedFieldSet, serially: bool, position: Any
    ) -> Any:
        run = super().execute_root_grouped_field_set
        fields = [key for key, details in grouped.items() if not details[0].node.name.value.startswith("__")]
        if self.operation.operation is not OperationType.QUERY or len(fields) < 2:
            return run(root_type, root_value, grouped, serially, position)

        async def in_one_snapshot() -> Any:
            async with self.context_value.session.snapshot():
                result = run(root_type, root_value, grouped, serially, position)
                return await result if self.is_awaitable(result) else result

        return in_one_snapshot()

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        details: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position: Any,
    ) -> Any:
        if type(result) is Read:
            return self.complete_read(return_type, details, info, path, result, position)
        return super().complete_value(return_type, details, info, path, result, position)

    async def complete_read(
        self,
        return_type: GraphQLOutputType,
        details: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        read: Read,
        position: Any,
    ) -> Any:
        planned = plan.plan_for(self, self.mirror, info.parent_type, details, read.source)
        self.charge(planned.cost)
        text = await planned.run(read.session, read.values, self)
        if text is None:  # null, or an error where the field is non-null
            return super().complete_value(return_type, details, info, path, None, position)
        return orjson.Fragment(text)

    def charge(self, cost: int) -> None:
        """Add to the cost of the operation, whose root fields together may not read more than one may."""
        self.context_value.cost += cost
        if self.context_value.cost > plan.MOST_COST:
            raise errors.LimitExceeded(plan.TOO_MUCH.format(self.context_value.cost))
