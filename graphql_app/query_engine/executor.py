"""graphql-core's executor with one addition: the JSON of a resolver's `SourceQuery` comes from SQL.

A `SourceQuery` at any depth becomes an `orjson.Fragment`, which the response contains without parsing it. Root fields
run one after another; the root fields of a query share one snapshot of the database.

Fast path: graphql-core needs about 9 µs per field and 50 µs per object to complete a value; a page of 50 shipments has
650 objects.
"""

import asyncio
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLField, GraphQLOutputType, GraphQLResolveInfo, OperationType
from graphql.pyutils import Path
from graphql.type import GraphQLObjectType

from graphql_app.database.reader import AccountReader
from graphql_app.graphql_internals import FieldDetails, GroupedFieldSet, StrawberryGraphQLCoreExecutionContext
from graphql_app.query_engine import cost, json_sql, null_propagation, plan, type_mapping
from graphql_app.query_engine.fast_path import FieldResult
from graphql_app.query_engine.sources import Source
from graphql_app.query_engine.type_mapping import TypeMapping


class SourceQuery:
    """A resolver returns it instead of data: the reader of an account, a source, and the values of its parameters."""

    __slots__ = ("reader", "source", "values")

    def __init__(self, reader: AccountReader, source: Source, **values: object) -> None:
        self.reader, self.source, self.values = reader, source, values


class RowBatch:
    """Rows of one model that appear in several places of a response. One statement reads all of them.

    `source` is one of `sources.ROWS_BY_ID`.
    """

    def __init__(self, reader: AccountReader, source: Source) -> None:
        self.reader, self.source = reader, source
        self.ids: dict[UUID, None] = {}
        self._tasks: dict[int, tuple[plan.Plan, asyncio.Task[dict[UUID, bytes]]]] = {}
        self._lock = asyncio.Lock()

    def add(self, id_: UUID) -> "BatchedRow":
        """Add a row to the batch and return the value for the resolver of the field that shows it."""
        self.ids[id_] = None
        return BatchedRow(self, id_)

    async def text(self, id_: UUID, field_plan: plan.Plan, executor: "QueryExecutor") -> bytes | None:
        """Return the JSON of one row; None if it does not exist. The first call reads all rows of the batch."""
        key = id(field_plan)  # unique while the dictionary holds the plan
        if key not in self._tasks:
            self._tasks[key] = field_plan, asyncio.ensure_future(self._fetch(field_plan, executor))
        return (await self._tasks[key][1]).get(id_)

    async def _fetch(self, field_plan: plan.Plan, executor: "QueryExecutor") -> dict[UUID, bytes]:
        async with self._lock:
            rows = await field_plan.fetch_rows(self.reader, {"ids": list(self.ids)}, executor)
        return {row[1]: row[0] for row in rows}


class BatchedRow:
    """One row of a batch."""

    __slots__ = ("batch", "id")

    def __init__(self, batch: RowBatch, id_: UUID) -> None:
        self.batch, self.id = batch, id_


class QueryExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, which also completes `SourceQuery` and `BatchedRow`."""

    field_result: FieldResult | None = None
    """The result of the operation's single root field, if `fast_path` has executed it already."""

    @property
    def type_mapping(self) -> TypeMapping:
        """The type mapping of the schema."""
        return type_mapping.mapping_of(self.schema)

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Execute the operation. Root fields always run one after another."""
        return super().execute_operation(True)

    def execute_root_grouped_field_set(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        position_context: Any,
    ) -> Any:
        """Execute the root fields. Several fields of a query that read share one snapshot of the database."""
        execute = super().execute_root_grouped_field_set
        root_fields = self.type_mapping.root_fields
        read_count = sum(details[0].node.name.value in root_fields for details in grouped_field_set.values())
        if self.operation.operation is not OperationType.QUERY or read_count < 2:
            return execute(root_type, root_value, grouped_field_set, serially, position_context)

        async def execute_in_one_snapshot() -> Any:
            async with self.context_value.reader.snapshot():
                result = execute(root_type, root_value, grouped_field_set, serially, position_context)
                return await result if self.is_awaitable(result) else result

        return execute_in_one_snapshot()

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        details: list[FieldDetails],
        path: Path,
        position_context: Any,
    ) -> Any:
        """Execute a field.

        Fast path: a field with a source is read without calling its resolver. Its plan reads arguments where it needs
        them; Strawberry's conversion of arguments to objects takes a fifth of the time of a small query.
        """
        field = parent_type.fields.get(details[0].node.name.value)
        field_source: Source | None = getattr(field.resolve, "source", None) if field is not None else None
        if field is None or field_source is None:
            return super().execute_field(parent_type, source, details, path, position_context)
        return self.read_field(field, parent_type, details, path, field_source, position_context)

    async def read_field(
        self,
        field: GraphQLField,
        parent_type: GraphQLObjectType,
        details: list[FieldDetails],
        path: Path,
        source: Source,
        position_context: Any,
    ) -> Any:
        """Read a field from its source. An error is recorded and the field becomes null, as GraphQL requires."""
        try:
            info = self.build_resolve_info(field, [detail.node for detail in details], parent_type, path)
            query = SourceQuery(self.context_value.reader, source)
            return await self.complete_from_source(field.type, details, info, path, query, position_context)
        except Exception as error:
            self.handle_field_error(error, field.type, details, path)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        details: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete the value of a resolver: from SQL, or as graphql-core does."""
        if type(result) is SourceQuery or type(result) is BatchedRow:
            return self.complete_from_source(return_type, details, info, path, result, position_context)
        return super().complete_value(return_type, details, info, path, result, position_context)

    async def complete_from_source(
        self,
        return_type: GraphQLOutputType,
        details: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        query: SourceQuery | BatchedRow,
        position_context: Any,
    ) -> Any:
        """Return the JSON of a source as a fragment; null and errors are completed as graphql-core does."""
        source = query.source if isinstance(query, SourceQuery) else query.batch.source
        field_plan = plan.plan_for(self, self.type_mapping, info.parent_type, details, source)
        if isinstance(query, SourceQuery):
            text = await self.fetch(field_plan, query)
        else:
            # Read after a commit: each field is limited by itself, the sum of all fields is counted but not limited.
            cost.check_cost(field_plan.cost)
            self.context_value.cost += field_plan.cost
            text = await query.batch.text(query.id, field_plan, self)
        if text is None:  # null, or an error if the field is non-null
            return super().complete_value(return_type, details, info, path, None, position_context)
        if json_sql.MISSING in text:
            coordinate = f"{info.parent_type.name}.{info.field_name}"
            return null_propagation.complete_with_missing(self, return_type, details, path, text, coordinate)
        return orjson.Fragment(text)

    async def fetch(self, field_plan: plan.Plan, query: SourceQuery) -> bytes | None:
        """Return the JSON of a plan, or the result that `fast_path` has read already.

        Raises:
            LimitExceeded: the operation costs too much; raised by `cost.add_cost`.
        """
        if self.field_result is not None:
            return self.field_result.text_or_raise()
        cost.add_cost(self.context_value, field_plan.cost)
        return await field_plan.run(query.reader, query.values, self)
