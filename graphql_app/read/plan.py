"""Source × selection → a plan: one statement and where its parameters come from. Made once, run many times.

A plan is kept on the parsed operation, so that it lives as long as the document stays in the cache. Its key is the
field, the source, and the shape of the variables that the field uses: which are given, and those that the SQL itself
depends on (booleans, enums, numbers, the fields of objects). Texts, instants and lists of them are parameters. Refuses
a plan that may read more objects than `MOST_COST`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import FragmentDefinitionNode, FragmentSpreadNode, Node, VariableNode
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor
from graphql.type import GraphQLObjectType
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import asyncpg

from graphql_app import errors
from graphql_app.database import Session
from graphql_app.read import json
from graphql_app.read.selection import Draft, Field, Owner, Reader, Value
from graphql_app.read.sources import Source
from graphql_app.vocabulary import Word

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
ABSENT = object()
MOST_PLANS, MOST_SQL = 128, 500_000
"""Plans of one operation, and characters of their SQL: in so many shapes its variables come before the oldest goes."""
MOST_COST = 20_000
"""Objects that the page sizes of an operation may allow for."""
TOO_MUCH = f"This may read {{}} objects; the limit is {MOST_COST}. Ask for smaller pages."
TROUBLE = {"expired": errors.CursorExpired, "ahead": errors.InvalidCursor}
"""What a second column may say beside the JSON."""


class Parameter(NamedTuple):
    """Where a parameter comes from, or the constant that it is."""

    value: Value | None
    constant: object


class Plan(NamedTuple):
    """One statement."""

    sql: str
    parameters: tuple[Parameter, ...]
    owners: tuple[tuple[int, Owner], ...]
    cost: int

    async def run(self, session: Session, own: Mapping[str, object], executor: Executor[Any]) -> bytes | None:
        """The JSON that the statement yields; None when there is no row."""
        rows = await self.rows(session, own, executor)
        if not rows:
            return None
        text, *trouble = rows[0]
        if trouble and trouble[0] is not None:
            raise TROUBLE[trouble[0]]
        return text  # type: ignore[no-any-return]

    async def rows(self, session: Session, own: Mapping[str, object], executor: Executor[Any]) -> Sequence[Any]:
        """All rows of the statement, the JSON first."""
        given: dict[int, Mapping[str, Any]] = {number: owner.values(executor) for number, owner in self.owners}
        given[-1] = {"account": session.account_id, **own}
        arguments = [constant if value is None else look_up(value, given) for value, constant in self.parameters]
        return await session.fetch(self.sql, arguments)


def look_up(value: Value, given: Mapping[int, Mapping[str, Any]]) -> object:
    """The value of a parameter among the arguments."""
    found: Any = given[value.arguments]
    for step in value.path:
        found = found[step]
    return found if value.convert is None else value.convert(found)


def plan_for(executor: Executor[Any], reader: Reader, parent: GraphQLObjectType, details: list[FieldDetails],
             source: Source) -> Plan:  # fmt: skip
    """The plan of a field, made now or earlier."""
    memo = executor.operation.__dict__
    plans: dict[Any, Plan] = memo.setdefault("_plans", {})
    names: dict[int, tuple[str, ...]] = memo.setdefault("_variables", {})
    nodes = tuple(id(one.node) for one in details)
    for one in details:
        if id(one.node) not in names:
            names[id(one.node)] = tuple(sorted(set(variables(one.node, executor.fragment_definitions, set()))))
    coerced = executor.variable_values.coerced
    key = (nodes, source, *(shape(coerced.get(name, ABSENT)) for node in nodes for name in names[node]))
    plan = plans.get(key)
    if plan is None:
        plan = plans[key] = compile_(executor, reader, parent, details, source)
        memo["_sql"] = memo.get("_sql", 0) + len(plan.sql)
        while len(plans) > MOST_PLANS or (memo["_sql"] > MOST_SQL and len(plans) > 1):
            memo["_sql"] -= len(plans.pop(next(iter(plans))).sql)
    return plan


def compile_(executor: Executor[Any], reader: Reader, parent: GraphQLObjectType, details: list[FieldDetails],
             source: Source) -> Plan:  # fmt: skip
    """A new plan."""
    draft = Draft(executor, reader)
    field = Field(draft, parent.fields[details[0].node.name.value], details)
    statement = source.statement(field)
    text, *others = statement.selected_columns
    encoded = statement.with_only_columns(func.convert_to(text, json.ENCODING), *others)
    compiled = encoded.compile(dialect=DIALECT)
    if draft.cost > MOST_COST:
        raise errors.LimitExceeded(TOO_MUCH.format(draft.cost))
    names = list(compiled.positiontup or ())
    parameters = tuple(Parameter(draft.values.get(name), compiled.params.get(name)) for name in names)
    used = {value.arguments for value, _ in parameters if value is not None}
    owners = tuple((number, owner) for number, owner in enumerate(draft.owners) if number in used)
    return Plan(str(compiled), parameters, owners, draft.cost)


def shape(value: object) -> object:
    """What the SQL may depend on in a value; the rest of it is a parameter."""
    if value is None or value is ABSENT or isinstance(value, bool | int | Word):
        return value
    if isinstance(value, dict):
        return tuple((name, shape(inner)) for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return tuple(map(shape, value)) if value and isinstance(value[0], dict | Word) else list
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
