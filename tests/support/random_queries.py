"""Random valid queries: documents over the real schema, with every construct that GraphQL allows.

Aliases, merged fields, all kinds of fragments, @skip and @include, arguments as literals, variables and defaults.
Filter values come from the rows in the database, so that most queries return rows.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import GraphQLObjectType, GraphQLSchema, is_leaf_type, is_list_type, is_non_null_type
from graphql.type import get_named_type, get_nullable_type

from tests.support.random_arguments import Literal, RandomArguments

LONG_ALIAS = "x" * 70
NOT_COMPARED = {"lateBy", "facets", "shipmentStats", "trackingEventStats", "shipmentItemStats"}
"""Fields that depend on the clock or are compared in test_statistics.py."""


class RandomQuery(NamedTuple):
    """A document, its variables, and other variables with which it is executed again."""

    document: str
    variables: dict[str, Any]
    other_variables: list[dict[str, Any]]


class QueryWriter:
    """Writes one random query."""

    def __init__(self, rng: random.Random, schema: GraphQLSchema, values: RandomArguments) -> None:
        self.rng, self.schema, self.values = rng, schema, values
        self.variables: dict[str, tuple[str, Literal | None]] = {}
        self.variable_values: dict[str, Any] = {}
        self.fragments: dict[str, tuple[str, str]] = {}
        self.fixed_variables: set[str] = set()
        self.number = 0

    def query(self) -> RandomQuery:
        """One operation with its fragments."""
        query_type: Any = self.schema.query_type
        body = self.selection(query_type, depth=self.rng.choice([2, 3, 4, 5]), root=True)
        definitions = [
            f"${name}: {type_}{f' = {default.text}' if default else ''}"
            for name, (type_, default) in self.variables.items()
        ]
        operation = (
            f"query Random({', '.join(definitions)})" if definitions else self.rng.choice(["", "query", "query Random"])
        )
        parts = [
            f"{operation} {body}",
            *(f"fragment {name} on {type_} {text}" for name, (type_, text) in self.fragments.items()),
        ]
        self.rng.shuffle(parts)
        return RandomQuery("\n".join(parts), self.variable_values, [self.others() for _ in range(2)])

    def others(self) -> dict[str, Any]:
        """The same variables with other values of the same types; nullable ones are sometimes omitted or null."""
        variables = {}
        for name, (type_, default) in self.variables.items():
            value = self.variable_values.get(name, default.value if default else None)
            if name not in self.fixed_variables and self.probably(0.5):
                value = self.other(value)
            if type_.endswith("!") or name in self.fixed_variables or self.probably(0.9):
                variables[name] = value
            elif self.probably(0.5):
                variables[name] = None
        return variables

    def other(self, value: Any) -> Any:
        """A similar value, sometimes of another shape."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self.rng.choice([0, 1, 2, 4])
        if isinstance(value, list):
            return [self.other(item) if isinstance(item, dict) else item for item in value[: self.rng.randint(0, 9)]]
        if isinstance(value, dict) and len(value) > 1 and not {"unit", "direction", "key", "kind"} & set(value):
            kept_names = [name for name in value if self.probably(0.7)] or [next(iter(value))]
            return {name: self.other(value[name]) for name in kept_names}
        return value

    def name(self, prefix: str) -> str:
        """A unique name."""
        self.number += 1
        return f"{prefix}{self.number}"

    def probably(self, probability: float) -> bool:
        """True with the given probability."""
        return self.rng.random() < probability

    def selection(self, type_: Any, depth: int, *, root: bool = False, distinct: bool = False) -> str:
        """A selection set of a type. `distinct`: each field gets an alias, since another type may define the same
        name.
        """
        if not isinstance(type_, GraphQLObjectType):
            return self.abstract(type_, depth)
        fields = {
            name: field
            for name, field in type_.fields.items()
            if name not in NOT_COMPARED and (depth > 0 or is_leaf_type(get_named_type(field.type)))
        }
        if not fields:
            return "{ __typename }"
        max_fields = 3 if root else 6
        parts = []
        for _ in range(self.rng.randint(1, max_fields)):
            name = self.rng.choice(
                [*sorted(fields), *(name for name in ("shipper", "shipper", "returnOf") if name in fields)]
            )
            parts.append(self.field(type_, name, depth, root=root, distinct=distinct))
        if self.probably(0.2):
            parts.append(f"{self.alias(0.3)}__typename{self.directives()}" if not distinct else "__typename")
        if root and self.probably(0.1):
            parts.append("__schema { queryType { name } }")
        return "{ " + " ".join(self.wrapped(type_, part) for part in parts) + " }"

    def abstract(self, type_: Any, depth: int) -> str:
        """A selection set of an interface: its own fields, and those of some of its types."""
        parts = ["id"] if self.probably(0.5) else ["__typename"]
        for member in self.schema.get_possible_types(type_):
            if self.probably(0.5):
                parts.append(f"... on {member.name} {self.selection(member, depth, distinct=True)}")
        return "{ " + " ".join(self.wrapped(type_, part) for part in parts) + " }"

    def wrapped(self, type_: Any, part: str) -> str:
        """A part of a selection set, sometimes in a fragment."""
        draw = self.rng.random()
        if draw < 0.06:
            return f"... {self.directives()} {{ {part} }}"
        if draw < 0.12:
            return f"... on {type_.name} {self.directives()} {{ {part} }}"
        if draw < 0.2:
            name = self.name("F")
            self.fragments[name] = (type_.name, f"{{ {part} }}")
            return f"...{name} {self.directives()}" + (f" ...{name}" if self.probably(0.2) else "")
        if draw < 0.24:
            return f"{part} {part}"
        return part

    def alias(self, probability: float) -> str:
        """An alias with the given probability, else nothing."""
        if not self.probably(probability):
            return ""
        return self.name(self.rng.choice(["a", "_", "id", "node", "edges", LONG_ALIAS, "A_b"])) + ": "

    def directives(self) -> str:
        """@skip and @include, which include the field most of the time."""
        if not self.probably(0.12):
            return ""
        directive, passes = self.rng.choice([("skip", False), ("include", True)])
        condition = passes if self.probably(0.75) else not passes
        text = (
            self.variable("Boolean!", Literal(json.dumps(condition), condition))
            if self.probably(0.6)
            else json.dumps(condition)
        )
        return f" @{directive}(if: {text})"

    def field(self, type_: GraphQLObjectType, name: str, depth: int, *, root: bool, distinct: bool) -> str:
        """A field with its arguments and selection set."""
        field = type_.fields[name]
        arguments = self.arguments(type_.name, name, field.args)
        alias = self.alias(1.0 if arguments or distinct else 0.2)
        field_type: Any = get_named_type(field.type)
        selection = (
            ""
            if is_leaf_type(field_type)
            else self.selection(field_type, depth - 1 if field_type.name in self.values.tables else depth)
        )
        return f"{alias}{name}{arguments}{self.directives()} {selection}"

    def arguments(self, type_name: str, name: str, args: Any) -> str:
        """Arguments in parentheses, or nothing."""
        values = self.values.arguments(self.rng, type_name, name)
        parts = []
        for argument, value in values.items():
            type_ = args[argument].type
            text = value.text
            if self.probably(0.4):
                # a cursor is valid for one order only, so `orderBy` keeps its value with it
                is_fixed = argument == "orderBy" and {"after", "before"} & set(values)
                text = self.variable(str(type_), value, optional=not (is_fixed or is_non_null_type(type_)))
                self.fixed_variables |= {text[1:]} if is_fixed else set()
            elif is_list_type(get_nullable_type(type_)) and self.probably(0.3):
                text = self.in_list(type_, value)
            parts.append(f"{argument}: {text}")
        self.rng.shuffle(parts)
        return f"({', '.join(parts)})" if parts else ""

    def in_list(self, type_: Any, value: Literal) -> str:
        """A list literal whose items are variables."""
        list_type: Any = get_nullable_type(type_)
        if not isinstance(value.value, list):
            return value.text
        return "[" + ", ".join(self.variable(str(list_type.of_type), Literal("", item)) for item in value.value) + "]"

    def variable(self, type_: str, value: Literal, *, optional: bool = False) -> str:
        """A new variable whose value or default is `value`. With `optional` it is sometimes omitted or null."""
        name = self.name("v")
        default = value if value.text and self.probably(0.3) else None
        self.variables[name] = (type_, default)
        if default is None or self.probably(0.5):
            self.variable_values[name] = value.value
        if optional and self.probably(0.1):
            self.variable_values[name] = None
        elif optional and default is None and self.probably(0.1):
            del self.variable_values[name]
        return f"${name}"


def random_queries(schema: GraphQLSchema, values: RandomArguments) -> Callable[[random.Random], RandomQuery]:
    """A function that returns a random query."""
    return lambda rng: QueryWriter(rng, schema, values).query()
