"""The fields that a client asked for on one type → pieces of JSON text over the columns of one row.

`Draft` is a plan in the making: it hands out aliases and parameters. `Selection` walks fields as graphql-core collects
them (aliases, fragments, type conditions, @skip and @include are its work). `Field` is one field with its arguments,
and offers what a column, a relation or a computed expression needs to say how it is read.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from graphql import (
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values
from sqlalchemy import Alias, BindParameter, ColumnElement, Uuid, bindparam, func, inspect, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from graphql_app.query_engine import json_sql
from graphql_app.query_engine.cost import CostCounter

Row = Alias
"""A table under the name that it has in the statement."""

Convert = Callable[[Any], object]

ASSUMED_LIST_ROWS = 10
"""How many rows a list without a page size is taken for, in what a plan costs."""


def outer_column(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of a row outside of the subquery in which this is used."""
    return json_sql.sql(f"{column.table.name}.{column.name}", column.type)


class ParameterPath(NamedTuple):
    """Where a parameter comes from: the arguments of a field (by number; -1: the Read's own), and a path there."""

    arguments: int
    path: tuple[str | int, ...]
    convert: Convert | None


class ExecutionInputs(Protocol):
    """What a plan looks at in an executor: the operation, and the values of its variables."""

    @property
    def schema(self) -> GraphQLSchema: ...
    @property
    def operation(self) -> OperationDefinitionNode: ...
    @property
    def fragment_definitions(self) -> dict[str, FragmentDefinitionNode]: ...
    @property
    def fragments(self) -> dict[str, FragmentDetails]: ...
    @property
    def variable_values(self) -> VariableValues: ...


class ArgumentOwner(NamedTuple):
    """A field that has arguments, and the node that gives them."""

    field: GraphQLField
    details: FieldDetails

    def values(self, executor: ExecutionInputs) -> dict[str, Any]:
        """The coerced arguments, under their GraphQL names."""
        return get_argument_values(
            self.field, self.details.node, executor.variable_values, self.details.fragment_variable_values
        )


class PlanBuilder(CostCounter):
    """A plan in the making, and what it comes to."""

    def __init__(self, executor: ExecutionInputs, reader: "Reader") -> None:
        super().__init__()
        self.executor, self.reader = executor, reader
        self.owners: list[ArgumentOwner] = []
        self.values: dict[str, ParameterPath] = {}
        self.checks: list[ParameterPath] = []
        self._names: Counter[str] = Counter()

    def name(self, word: str) -> str:
        """A name that the statement does not have yet: the word and an ordinal."""
        self._names[word] += 1
        return f"{word}_{self._names[word]}"

    def row(self, model: type[SQLModel]) -> Row:
        """The model's table under a name of its own. Whoever reads from it binds it to the account: `scope`."""
        self.another_table()
        table = inspect(model).local_table
        row: Row = table.alias(self.name(table.name))
        return row

    def account_filter(self, row: Row) -> ColumnElement[bool]:
        """Rows of the session's account: for every table of every statement that is searched."""
        return row.c.account_id == self.account()

    def account_check(self, row: Row) -> ColumnElement[bool]:
        """The same for a row that a key of another leads to: a check, so that it is that key's index which is read."""
        return row.c.account_id.is_not_distinct_from(self.account())

    def account(self) -> BindParameter[UUID]:
        self.values["account"] = ParameterPath(-1, ("account",), None)
        return bindparam("account", type_=Uuid())

    def parameter(self, word: str, type_: TypeEngine[Any], value: ParameterPath) -> BindParameter[Any]:
        """A parameter whose value is looked up at every run."""
        name = self.name(word)
        self.values[name] = value
        return bindparam(name, type_=type_)

    def source_value(self, word: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """A value that the Read brings itself."""
        return self.parameter(word, type_, ParameterPath(-1, (word,), None))


@dataclass(frozen=True)
class Arguments:
    """Arguments of a field, or an object among them, with the place where they are found at every run."""

    builder: PlanBuilder
    values: Mapping[str, Any]
    arguments: int
    path: tuple[str | int, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """A value; None when it is absent or null. Reading it makes it part of the plan: see `plan.shape`."""
        return self.values.get(name)

    def nested(self, name: str) -> "Arguments | None":
        """An object among the values."""
        value = self.values.get(name)
        if value is None:
            return None
        self.builder.condition(1)
        return Arguments(self.builder, value, self.arguments, (*self.path, name))

    def each(self, name: str) -> "list[Arguments]":
        """The objects of a list among the values."""
        values = self.values.get(name) or ()
        self.builder.condition(len(values))
        return [
            Arguments(self.builder, value, self.arguments, (*self.path, name, at)) for at, value in enumerate(values)
        ]

    def without(self, name: str) -> "Arguments":
        """The same, but for one value."""
        values = {key: value for key, value in self.values.items() if key != name}
        return Arguments(self.builder, values, self.arguments, self.path)

    def bind(self, name: str, type_: TypeEngine[Any], convert: Convert | None = None) -> BindParameter[Any]:
        """A parameter of the statement whose value is this one at every run, converted."""
        word = "_".join(str(part) for part in (*self.path, name))
        return self.builder.parameter(word, type_, ParameterPath(self.arguments, (*self.path, name), convert))

    def check(self, name: str, convert: Convert) -> None:
        """Convert this value at every run, for the sake of what the conversion refuses."""
        self.builder.checks.append(ParameterPath(self.arguments, (*self.path, name), convert))


class Reader(Protocol):
    """Knows how a field of a type is read from a row: `mirror.py`."""

    models: Mapping[str, type[SQLModel]]

    def pieces(self, type_: GraphQLObjectType, row: Row, field: "SelectedField") -> json_sql.Pieces: ...

    def type_of(self, model: type[SQLModel]) -> GraphQLObjectType: ...


class SelectedField:
    """One field as it is asked for."""

    def __init__(self, builder: PlanBuilder, definition: GraphQLField, details: list[FieldDetails]) -> None:
        self.builder, self.definition, self.details = builder, definition, details
        self.type: GraphQLOutputType = definition.type
        self.name = details[0].node.name.value

    @property
    def nullable(self) -> bool:
        return not is_non_null_type(self.type)

    @property
    def arguments(self) -> Arguments:
        """The field's arguments."""
        owner = ArgumentOwner(self.definition, self.details[0])
        self.builder.owners.append(owner)
        return Arguments(self.builder, owner.values(self.builder.executor), len(self.builder.owners) - 1)

    def selection(self) -> "Selection":
        """What is asked for below this field, where it returns one type of object."""
        return self.selection_on(get_named_type(self.type))  # type: ignore[arg-type]

    def selection_on(self, type_: GraphQLObjectType) -> "Selection":
        """What is asked for below this field on one of the types that it may return."""
        return Selection(self.builder, type_, self.details)

    def scalar(self, expression: ColumnElement[Any], *, prefix: str = "") -> json_sql.Pieces:
        """This field is the value of an expression."""
        return json_sql.scalar(expression, self.type, prefix=prefix)

    def embedded(self, exists: ColumnElement[Any] | None = None, **parts: "Part") -> json_sql.Pieces:
        """This field is an object made of the same row; null where it does not exist."""
        selection = self.selection()
        pieces = json_sql.object_((key, selection.part(field, parts)) for key, field in selection.fields())
        return pieces if exists is None else json_sql.when(exists, pieces)

    def single_row(
        self,
        model: type[SQLModel],
        where: Callable[[Row], Sequence[ColumnElement[bool]]],
        order: Callable[[Row], Sequence[ColumnElement[Any]]] | None = None,
    ) -> json_sql.Pieces:
        """This field is one row of another table: the only one, or the first in an order."""
        row = self.builder.row(model)
        with self.builder.times(1):
            item = json_sql.text(self.selection().of(row))
        found = select(item).select_from(row).where(*where(row), self.builder.account_check(row))
        if order is not None:
            found = found.order_by(*order(row)).limit(json_sql.sql("1"))
        sought = found.scalar_subquery()
        return json_sql.or_null(sought) if self.nullable else json_sql.or_missing(sought)

    def row_list(
        self,
        model: type[SQLModel],
        where: Callable[[Row], Sequence[ColumnElement[bool]]],
        order: Callable[[Row], Sequence[ColumnElement[Any]]],
        *,
        limit: int | None = None,
    ) -> json_sql.Pieces:
        """This field is a list of rows of another table; the newest or oldest `most` of them, where that is given."""
        row = self.builder.row(model)
        with self.builder.times(limit or ASSUMED_LIST_ROWS):
            item = json_sql.text(self.selection().of(row))
        wanted = [*where(row), self.builder.account_check(row)]
        if limit is None:
            comma = aggregate_order_by(json_sql.sql("','"), *order(row))
            found = select(func.string_agg(item, comma)).select_from(row).where(*wanted)
        else:
            items = (
                select(item.label("item"))
                .select_from(row)
                .where(*wanted)
                .order_by(*order(row))
                .limit(json_sql.sql(str(limit)))
            )
            page = items.subquery(self.builder.name("page"))
            found = select(func.string_agg(page.c.item, json_sql.sql("','"))).select_from(page)
        return ["[", found.scalar_subquery(), "]"]


Part = ColumnElement[Any] | Callable[[SelectedField], json_sql.Pieces]


class Selection:
    """The fields asked for on one object type."""

    def __init__(self, builder: PlanBuilder, type_: GraphQLObjectType, details: list[FieldDetails]) -> None:
        self.builder, self.type, self.details = builder, type_, details

    def fields(self) -> Iterator[tuple[str, SelectedField | None]]:
        """Response key and field, in the order of the answer; None is `__typename`."""
        executor = self.builder.executor
        found = collect_subfields(
            executor.schema, executor.fragments, executor.variable_values, executor.operation, self.type, self.details
        )
        for key, details in found.grouped_field_set.items():
            definition = self.type.fields.get(details[0].node.name.value)
            yield key, SelectedField(self.builder, definition, details) if definition else None

    def of(self, row: Row) -> json_sql.Pieces:
        """The object, read from a row of its table."""
        return json_sql.object_(
            (key, self.typename if field is None else self.builder.reader.pieces(self.type, row, field))
            for key, field in self.fields()
        )

    def part(self, field: SelectedField | None, parts: Mapping[str, Part]) -> json_sql.Pieces:
        """A field of an object that is made of known parts."""
        if field is None:
            return self.typename
        part = parts[field.name]
        return field.scalar(part) if isinstance(part, ColumnElement) else part(field)

    @property
    def typename(self) -> json_sql.Pieces:
        return [f'"{self.type.name}"']
