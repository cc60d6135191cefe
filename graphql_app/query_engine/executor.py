"""graphql-core's executor, but for one case: where a resolver returned a `Read`, the answer's JSON comes from SQL.

In flows a `Read` at any depth, out flows an `orjson.Fragment` that the response takes in unread. Root fields run one
after another; those of a query see one moment.
"""

import asyncio
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLField, GraphQLOutputType, GraphQLResolveInfo, OperationType
from graphql.execution.collect_fields import FieldDetails, GroupedFieldSet
from graphql.pyutils import Path
from graphql.type import GraphQLObjectType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_app.database.reader import AccountReader
from graphql_app.query_engine import cost, json_sql, null_propagation, plan, type_mapping
from graphql_app.query_engine.fast_path import FieldResult
from graphql_app.query_engine.sources import Source
from graphql_app.query_engine.type_mapping import TypeMapping


class SourceQuery:
    """What a resolver returns instead of data: whose rows, what of them, with values of its own."""

    __slots__ = ("rows", "source", "values")

    def __init__(self, rows: AccountReader, source: Source, **values: object) -> None:
        self.rows, self.source, self.values = rows, source, values


class RowBatch:
    """Rows of one kind that one answer shows in many places: whatever their number, one statement reads them."""

    def __init__(self, rows: AccountReader, source: Source) -> None:
        self.rows, self.source = rows, source
        self.ids: dict[UUID, None] = {}
        self._found: dict[int, tuple[plan.Plan, asyncio.Task[dict[UUID, bytes]]]] = {}
        self._turn = asyncio.Lock()

    def read(self, id_: UUID) -> "BatchedRow":
        """What a resolver returns for the place where this row is shown."""
        self.ids[id_] = None
        return BatchedRow(self, id_)

    async def text(self, id_: UUID, planned: plan.Plan, executor: "QueryExecutor") -> bytes | None:
        """The JSON of one row, read with all others when the first is asked for."""
        key = id(planned)  # which nothing else has while the plan is held here
        if key not in self._found:
            self._found[key] = planned, asyncio.ensure_future(self._rows(planned, executor))
        return (await self._found[key][1]).get(id_)

    async def _rows(self, planned: plan.Plan, executor: "QueryExecutor") -> dict[UUID, bytes]:
        async with self._turn:
            rows = await planned.rows(self.rows, {"ids": list(self.ids)}, executor)
        return {row[1]: row[0] for row in rows}


class BatchedRow:
    """One row of a batch."""

    __slots__ = ("batch", "id")

    def __init__(self, batch: RowBatch, id_: UUID) -> None:
        self.batch, self.id = batch, id_


class QueryExecutor(StrawberryGraphQLCoreExecutionContext):
    """Completes a `Read`."""

    field_result: FieldResult | None = None
    """What came of the operation's one question, where it was asked before."""

    @property
    def type_mapping(self) -> TypeMapping:
        return type_mapping.mapping_of(self.schema)

    def execute_operation(self, serially: bool | None = None) -> Any:
        return super().execute_operation(True)

    def execute_root_grouped_field_set(
        self, root_type: GraphQLObjectType, root_value: Any, grouped: GroupedFieldSet, serially: bool, position: Any
    ) -> Any:
        run = super().execute_root_grouped_field_set
        reads = sum(details[0].node.name.value in self.type_mapping.root_fields for details in grouped.values())
        if self.operation.operation is not OperationType.QUERY or reads < 2:
            return run(root_type, root_value, grouped, serially, position)

        async def in_one_snapshot() -> Any:
            async with self.context_value.reader.snapshot():
                result = run(root_type, root_value, grouped, serially, position)
                return await result if self.is_awaitable(result) else result

        return in_one_snapshot()

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, details: list[FieldDetails], path: Path, position: Any
    ) -> Any:
        """A question that a source answers is read at once: its arguments are looked at where the plan needs them."""
        field = parent_type.fields.get(details[0].node.name.value)
        asked: Source | None = getattr(field.resolve, "source", None) if field is not None else None
        if field is None or asked is None:
            return super().execute_field(parent_type, source, details, path, position)
        return self.read_field(field, parent_type, details, path, asked, position)

    async def read_field(
        self,
        field: GraphQLField,
        parent_type: GraphQLObjectType,
        details: list[FieldDetails],
        path: Path,
        source: Source,
        position: Any,
    ) -> Any:
        try:
            info = self.build_resolve_info(field, [one.node for one in details], parent_type, path)
            read = SourceQuery(self.context_value.reader, source)
            return await self.complete_read(field.type, details, info, path, read, position)
        except Exception as error:
            self.handle_field_error(error, field.type, details, path)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        details: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position: Any,
    ) -> Any:
        if type(result) is SourceQuery or type(result) is BatchedRow:
            return self.complete_read(return_type, details, info, path, result, position)
        return super().complete_value(return_type, details, info, path, result, position)

    async def complete_read(
        self,
        return_type: GraphQLOutputType,
        details: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        read: SourceQuery | BatchedRow,
        position: Any,
    ) -> Any:
        source = read.source if isinstance(read, SourceQuery) else read.batch.source
        planned = plan.plan_for(self, self.type_mapping, info.parent_type, details, source)
        if isinstance(read, SourceQuery):
            text = await self.fetch(planned, read)
        else:  # read back after a commit: what was written must not be answered with a refusal
            self.context_value.cost += planned.cost
            text = await read.batch.text(read.id, planned, self)
        if text is None:  # null, or an error where the field is non-null
            return super().complete_value(return_type, details, info, path, None, position)
        if json_sql.MISSING in text:
            place = f"{info.parent_type.name}.{info.field_name}"
            return null_propagation.complete_with_missing(self, return_type, details, path, text, place)
        return orjson.Fragment(text)

    async def fetch(self, planned: plan.Plan, read: SourceQuery) -> bytes | None:
        if self.field_result is not None:
            return self.field_result.result()
        cost.charge(self.context_value, planned.cost)
        return await planned.run(read.rows, read.values, self)
