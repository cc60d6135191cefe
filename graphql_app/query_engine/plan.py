"""Source × selection → a plan: one statement and the sources of its parameters. Built once, executed many times.

A plan is cached on the parsed operation, so that it lives as long as the document stays in the document cache. Its key
is the field, the source and the shape of the variables that the field uses: which of them have a value, and the values
that the SQL itself depends on (booleans, enums, numbers, the fields of objects). Strings, timestamps and lists of them
are parameters. The number of cached plans is limited, per operation and in total.
"""

import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import FragmentDefinitionNode, FragmentSpreadNode, Node, VariableNode
from graphql.type import GraphQLObjectType
from sqlalchemy import func, or_
from sqlalchemy.dialects.postgresql import asyncpg

from graphql_app.database.reader import AccountReader
from graphql_app.domain.enums import DocumentedEnum
from graphql_app.errors import request_errors
from graphql_app.graphql_internals import FieldDetails
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.parameters import ExecutionInputs, ParameterPath, ParameterSource, parameter_source
from graphql_app.query_engine.selection import FieldReaders, PlanBuilder, SelectedField
from graphql_app.query_engine.sources import Source

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
"""The dialect that statements are compiled for: asyncpg's, with parameters $1, $2, …"""
OMITTED = object()
"""Stands for a variable without a value in the key of a plan."""
MAX_PLANS_PER_OPERATION = 128
"""Plans cached per operation, one for each shape of its variables. The oldest is evicted first."""
MAX_CACHED_SQL_CHARACTERS = 32_000_000
"""Characters of SQL in the cached plans of all operations. The oldest plan is evicted first."""


class Plan(NamedTuple):
    """One statement.

    `constants` holds all arguments of the statement; `parameters` holds the index and the source of each argument that
    is looked up at every execution. `validations` are values that are converted only to raise the errors of invalid
    ones. `cost` is the number of objects that the statement may read. `checks_cursors`: whether the last column of the
    statement is true if a cursor has expired.
    """

    sql: str
    constants: tuple[object, ...]
    parameters: tuple[tuple[int, ParameterSource], ...]
    validations: tuple[ParameterSource, ...]
    cost: int
    checks_cursors: bool = False

    async def run(
        self, reader: AccountReader, source_values: Mapping[str, object], inputs: ExecutionInputs
    ) -> bytes | None:
        """Execute the plan and return the JSON of its first row as UTF-8; None if there is no row.

        Args:
            reader: the reader of the viewer's account.
            source_values: the values that come with the `SourceQuery`.
            inputs: the operation and the values of its variables.

        Raises:
            CursorExpired: a cursor of the change log is older than the retained rows, or of another history.
        """
        rows = await self.fetch_rows(reader, source_values, inputs)
        return rows[0][0] if rows else None

    async def fetch_rows(
        self, reader: AccountReader, source_values: Mapping[str, object], inputs: ExecutionInputs
    ) -> Sequence[Any]:
        """Execute the plan and return all rows, each with the JSON in its first column. Arguments as for `run`.

        Raises:
            CursorExpired: see `run`.
        """
        rows = await reader.fetch(self.sql, self.arguments(inputs, {**source_values, "account": reader.account_id}))
        if self.checks_cursors and rows and rows[0][-1]:
            raise request_errors.CursorExpired
        return rows

    def arguments(self, inputs: ExecutionInputs, source_values: Mapping[str, object]) -> list[object]:
        """Return the arguments of the statement for this execution, in the order of $1, $2, …"""
        for validation in self.validations:
            validation.value(inputs, source_values)
        arguments = [*self.constants]
        for index, source in self.parameters:
            arguments[index] = source.value(inputs, source_values)
        return arguments


class OperationPlans(dict[Any, Plan]):
    """The cached plans of one operation, by key."""

    __slots__ = ("__weakref__",)


class PlanCache:
    """Limits the SQL text of all cached plans. Evicts the oldest plans first.

    Plans of documents that are no longer cached count until they would be evicted.
    """

    def __init__(self, max_characters: int) -> None:
        self.max_characters, self.characters = max_characters, 0
        self.entries: deque[tuple[weakref.ref[OperationPlans], Any, int]] = deque()

    def put(self, plans: OperationPlans, key: Any, plan: Plan) -> None:
        """Cache a plan of an operation."""
        if len(plans) >= MAX_PLANS_PER_OPERATION:
            del plans[next(iter(plans))]
        plans[key] = plan
        self.entries.append((weakref.ref(plans), key, len(plan.sql)))
        self.characters += len(plan.sql)
        while self.characters > self.max_characters:
            oldest_plans, oldest_key, length = self.entries.popleft()
            self.characters -= length
            if (oldest := oldest_plans()) is not None:
                oldest.pop(oldest_key, None)


PLAN_CACHE = PlanCache(MAX_CACHED_SQL_CHARACTERS)
"""The plans of all operations of this process."""


def plan_for(inputs: ExecutionInputs, reader: FieldReaders, parent: GraphQLObjectType, details: list[FieldDetails],
             source: Source) -> Plan:  # fmt: skip
    """Return the plan of a field, from the cache or newly built.

    Fast path: building a plan takes 2 - 10 ms, reusing a cached plan 3 - 16 µs.

    Args:
        inputs: the operation and the values of its variables.
        reader: knows how the fields of each type are read.
        parent: the type that the field belongs to.
        details: the nodes of the field, at least one.
        source: the rows that the field reads.

    Raises:
        LimitExceeded: the selection is nested deeper than Python's recursion limit, or the plan exceeds a limit of
            `cost`.
    """
    memo = inputs.operation.__dict__
    plans: OperationPlans = memo.setdefault("_plans", OperationPlans())
    names_by_node: dict[int, tuple[str, ...]] = memo.setdefault("_variables", {})
    nodes = tuple(id(detail.node) for detail in details)
    for detail in details:
        if id(detail.node) not in names_by_node:
            names = set(variable_names(detail.node, inputs.fragment_definitions, set()))
            names_by_node[id(detail.node)] = tuple(sorted(names))
    values = inputs.variable_values.coerced
    key = (nodes, source, *(shape(values.get(name, OMITTED)) for node in nodes for name in names_by_node[node]))
    plan = plans.get(key)
    if plan is None:
        try:
            plan = build_plan(inputs, reader, parent, details, source)
        except RecursionError:
            raise request_errors.LimitExceeded("The operation is nested too deeply. Select fewer levels.") from None
        PLAN_CACHE.put(plans, key, plan)
    return plan


def build_plan(inputs: ExecutionInputs, reader: FieldReaders, parent: GraphQLObjectType, details: list[FieldDetails],
               source: Source) -> Plan:  # fmt: skip
    """Build a plan: arguments as for `plan_for`."""
    builder = PlanBuilder(inputs, reader)
    field = SelectedField(builder, parent.fields[details[0].node.name.value], details)
    statement = source.statement(field)
    text, *other_columns = statement.selected_columns
    if builder.expired_cursors:
        other_columns.append(or_(*builder.expired_cursors))
    encoded = statement.with_only_columns(func.convert_to(text, json_sql.ENCODING), *other_columns)
    compiled = encoded.compile(dialect=DIALECT)
    names = list(compiled.positiontup or ())
    paths = [builder.parameters.get(name) for name in names]
    sources = [path and parameter_source(path, builder.argument_owners, inputs) for path in paths]
    constants = [
        None if source else compiled.params.get(name) if path is None else current_value(path, builder, inputs)
        for name, path, source in zip(names, paths, sources, strict=True)
    ]
    validations = []
    for path in builder.validations:
        current_value(path, builder, inputs)
        if (validation := parameter_source(path, builder.argument_owners, inputs)) is not None:
            validations.append(validation)
    parameters = tuple((index, source) for index, source in enumerate(sources) if source is not None)
    return Plan(str(compiled), tuple(constants), parameters, tuple(validations), builder.cost,
                bool(builder.expired_cursors))  # fmt: skip


def current_value(path: ParameterPath, builder: PlanBuilder, inputs: ExecutionInputs) -> object:
    """Return the current value of a parameter, which is one of the arguments, converted."""
    value: Any = builder.argument_owners[path.owner_index].values(inputs)
    for step in path.path:
        value = value[step]
    return value if path.convert is None else path.convert(value)


def shape(value: object) -> object:
    """Return the part of a variable's value that the SQL may depend on; the rest becomes parameters."""
    if value is None or value is OMITTED or isinstance(value, bool | int | DocumentedEnum):
        return value
    if isinstance(value, dict):
        return tuple((name, shape(inner)) for name, inner in value.items() if inner is not None)
    if isinstance(value, list) and value and isinstance(value[0], DocumentedEnum):
        return tuple(sorted(set(value)))
    if isinstance(value, list):
        return tuple(map(shape, value)) if not value or isinstance(value[0], dict) else list
    return str


def variable_names(
    node: Node, fragments: Mapping[str, FragmentDefinitionNode], visited_fragments: set[str]
) -> Iterator[str]:
    """Yield the names of the variables used in a node and in the fragments that it spreads, with repetitions.

    `visited_fragments` collects the names of the fragments; pass an empty set.
    """
    if isinstance(node, VariableNode):
        yield node.name.value
    if isinstance(node, FragmentSpreadNode):
        if node.name.value in visited_fragments:
            return
        visited_fragments.add(node.name.value)
        if node.name.value in fragments:
            yield from variable_names(fragments[node.name.value], fragments, visited_fragments)
    for name in node.keys:
        child = getattr(node, name, None)
        for inner in child if isinstance(child, list | tuple) else (child,):
            if isinstance(inner, Node) and name not in ("loc", "name", "alias"):
                yield from variable_names(inner, fragments, visited_fragments)
