"""Source × selection → a plan: one statement and where its parameters come from. Made once, run many times.

A plan is kept on the parsed operation, so that it lives as long as the document stays in the cache. Its key is the
field, the source, and the shape of the variables that the field uses: which are given, and those that the SQL itself
depends on (booleans, enums, numbers, the fields of objects). Texts, instants and lists of them are parameters. How
many plans are kept is bounded, for one operation and for all.
"""

import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import FragmentDefinitionNode, FragmentSpreadNode, Node, VariableNode
from graphql.execution.collect_fields import FieldDetails
from graphql.type import GraphQLObjectType
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import asyncpg

from graphql_app.database.reader import AccountReader
from graphql_app.domain.enums import DocumentedEnum
from graphql_app.errors import request_errors
from graphql_app.query_engine import json_sql
from graphql_app.query_engine.parameters import ParameterSource, parameter_source
from graphql_app.query_engine.selection import ExecutionInputs, ParameterPath, PlanBuilder, Reader, SelectedField
from graphql_app.query_engine.sources import Source

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
OMITTED = object()
MAX_PLANS_PER_OPERATION = 128
"""Plans of one operation: its variables come in so many shapes before the oldest is forgotten."""
MAX_CACHED_SQL_CHARACTERS = 32_000_000
"""Characters of SQL in the plans of all operations, before the oldest plan is forgotten."""
CURSOR_ERRORS = {"expired": request_errors.CursorExpired, "ahead": request_errors.InvalidCursor}
"""What a second column may say beside the JSON."""


class Plan(NamedTuple):
    """One statement. `constants`: its arguments, but for those that come from somewhere at every run."""

    sql: str
    constants: tuple[object, ...]
    sources: tuple[tuple[int, ParameterSource], ...]
    checks: tuple[ParameterSource, ...]
    cost: int

    async def run(self, rows: AccountReader, own: Mapping[str, object], executor: ExecutionInputs) -> bytes | None:
        """The JSON that the statement yields; None when there is no row."""
        found = await self.rows(rows, own, executor)
        if not found:
            return None
        text, *trouble = found[0]
        if trouble and trouble[0] is not None:
            raise CURSOR_ERRORS[trouble[0]]
        return text  # type: ignore[no-any-return]

    async def rows(self, rows: AccountReader, own: Mapping[str, object], executor: ExecutionInputs) -> Sequence[Any]:
        """All rows of the statement, the JSON first."""
        return await rows.fetch(self.sql, self.arguments(executor, {**own, "account": rows.account_id}))

    def arguments(self, executor: ExecutionInputs, own: Mapping[str, object]) -> list[object]:
        """The statement's arguments, as they are now."""
        for check in self.checks:
            check.value(executor, own)
        found = [*self.constants]
        for at, come in self.sources:
            found[at] = come.value(executor, own)
        return found


class OperationPlans(dict[Any, Plan]):
    """The plans of one operation."""

    __slots__ = ("__weakref__",)


class PlanCache:
    """How much text all plans hold. Forgets the oldest; those of documents that are gone count until then."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self.plans: deque[tuple[weakref.ref[OperationPlans], Any, int]] = deque()

    def put(self, kept: OperationPlans, key: Any, plan: Plan) -> None:
        """Keep a plan of an operation."""
        if len(kept) >= MAX_PLANS_PER_OPERATION:
            del kept[next(iter(kept))]
        kept[key] = plan
        self.plans.append((weakref.ref(kept), key, len(plan.sql)))
        self.size += len(plan.sql)
        while self.size > self.most:
            oldest, old_key, length = self.plans.popleft()
            self.size -= length
            if (owner := oldest()) is not None:
                owner.pop(old_key, None)


PLAN_CACHE = PlanCache(MAX_CACHED_SQL_CHARACTERS)


def plan_for(executor: ExecutionInputs, reader: Reader, parent: GraphQLObjectType, details: list[FieldDetails],
             source: Source) -> Plan:  # fmt: skip
    """The plan of a field, made now or earlier."""
    memo = executor.operation.__dict__
    kept: OperationPlans = memo.setdefault("_plans", OperationPlans())
    names: dict[int, tuple[str, ...]] = memo.setdefault("_variables", {})
    nodes = tuple(id(one.node) for one in details)
    for one in details:
        if id(one.node) not in names:
            names[id(one.node)] = tuple(sorted(set(variables(one.node, executor.fragment_definitions, set()))))
    coerced = executor.variable_values.coerced
    key = (nodes, source, *(shape(coerced.get(name, OMITTED)) for node in nodes for name in names[node]))
    plan = kept.get(key)
    if plan is None:
        try:
            plan = compile_(executor, reader, parent, details, source)
        except RecursionError:
            raise request_errors.LimitExceeded("This is nested too deeply.") from None
        PLAN_CACHE.put(kept, key, plan)
    return plan


def compile_(executor: ExecutionInputs, reader: Reader, parent: GraphQLObjectType, details: list[FieldDetails],
             source: Source) -> Plan:  # fmt: skip
    """A new plan."""
    draft = PlanBuilder(executor, reader)
    field = SelectedField(draft, parent.fields[details[0].node.name.value], details)
    statement = source.statement(field)
    text, *others = statement.selected_columns
    encoded = statement.with_only_columns(func.convert_to(text, json_sql.ENCODING), *others)
    compiled = encoded.compile(dialect=DIALECT)
    names = list(compiled.positiontup or ())
    values = [draft.values.get(name) for name in names]
    origins = [value and parameter_source(value, draft.owners, executor) for value in values]
    constants = [
        None if come else compiled.params.get(name) if value is None else current_value(value, draft, executor)
        for name, value, come in zip(names, values, origins, strict=True)
    ]
    checks = []
    for check in draft.checks:
        current_value(check, draft, executor)
        if (come := parameter_source(check, draft.owners, executor)) is not None:
            checks.append(come)
    changing = tuple((at, come) for at, come in enumerate(origins) if come is not None)
    return Plan(str(compiled), tuple(constants), changing, tuple(checks), draft.cost)


def current_value(value: ParameterPath, draft: PlanBuilder, executor: ExecutionInputs) -> object:
    """The value of a parameter among the arguments, as they are now."""
    found: Any = draft.owners[value.arguments].values(executor)
    for step in value.path:
        found = found[step]
    return found if value.convert is None else value.convert(found)


def shape(value: object) -> object:
    """What the SQL may depend on in a value; the rest of it is a parameter."""
    if value is None or value is OMITTED or isinstance(value, bool | int | DocumentedEnum):
        return value
    if isinstance(value, dict):
        return tuple((name, shape(inner)) for name, inner in value.items() if inner is not None)
    if isinstance(value, list) and value and isinstance(value[0], DocumentedEnum):
        return tuple(sorted(set(value)))
    if isinstance(value, list):
        return tuple(map(shape, value)) if not value or isinstance(value[0], dict) else list
    return str


def variables(node: Node, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]) -> Iterator[str]:
    """The names of the variables used in a node and in the fragments that it spreads."""
    if isinstance(node, VariableNode):
        yield node.name.value
    if isinstance(node, FragmentSpreadNode):
        if node.name.value in seen:
            return
        seen.add(node.name.value)
        if node.name.value in fragments:
            yield from variables(fragments[node.name.value], fragments, seen)
    for name in node.keys:
        inner = getattr(node, name, None)
        for one in inner if isinstance(inner, list | tuple) else (inner,):
            if isinstance(one, Node) and name not in ("loc", "name", "alias"):
                yield from variables(one, fragments, seen)
