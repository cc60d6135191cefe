"""Valid questions by chance: documents over the real schema, with all that GraphQL lets a client write.

Aliases, merged fields, fragments of every kind, @skip and @include, arguments as literals, variables and defaults.
What is asked of the filters comes from the rows that are there, so that most questions have answers.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import GraphQLObjectType, GraphQLSchema, is_leaf_type, is_list_type, is_non_null_type
from graphql.type import get_named_type, get_nullable_type

from tests.support.random_arguments import Values, Written

LONG = "x" * 70


class Question(NamedTuple):
    """A document, its variables, and other variables with which it may be asked again."""

    document: str
    variables: dict[str, Any]
    again: list[dict[str, Any]]


class Writer:
    """Writes one question."""

    def __init__(self, chance: random.Random, schema: GraphQLSchema, values: Values) -> None:
        self.chance, self.schema, self.values = chance, schema, values
        self.variables: dict[str, tuple[str, Written | None]] = {}
        self.given: dict[str, Any] = {}
        self.fragments: dict[str, tuple[str, str]] = {}
        self.bound: set[str] = set()
        self.number = 0

    def question(self) -> Question:
        """One operation with its fragments."""
        query: Any = self.schema.query_type
        body = self.selection(query, depth=self.chance.choice([2, 3, 4, 5]), root=True)
        heads = [
            f"${name}: {type_}{f' = {default.text}' if default else ''}"
            for name, (type_, default) in self.variables.items()
        ]
        head = f"query Asked({', '.join(heads)})" if heads else self.chance.choice(["", "query", "query Asked"])
        parts = [
            f"{head} {body}",
            *(f"fragment {name} on {type_} {text}" for name, (type_, text) in self.fragments.items()),
        ]
        self.chance.shuffle(parts)
        return Question("\n".join(parts), self.given, [self.others() for _ in range(2)])

    def others(self) -> dict[str, Any]:
        """The same variables with other values of the same types; those that may be are sometimes absent or null."""
        found = {}
        for name, (type_, default) in self.variables.items():
            value = self.given.get(name, default.value if default else None)
            if name not in self.bound and self.sometimes(0.5):
                value = self.other(value)
            if type_.endswith("!") or name in self.bound or self.sometimes(0.9):
                found[name] = value
            elif self.sometimes(0.5):
                found[name] = None
        return found

    def other(self, value: Any) -> Any:
        """A value like this one, and of another shape."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self.chance.choice([0, 1, 2, 4])
        if isinstance(value, list):
            return [self.other(one) if isinstance(one, dict) else one for one in value[: self.chance.randint(0, 9)]]
        if isinstance(value, dict) and len(value) > 1 and not {"unit", "direction", "key", "kind"} & set(value):
            kept = [name for name in value if self.sometimes(0.7)] or [next(iter(value))]
            return {name: self.other(value[name]) for name in kept}
        return value

    def name(self, word: str) -> str:
        self.number += 1
        return f"{word}{self.number}"

    def sometimes(self, share: float) -> bool:
        return self.chance.random() < share

    def selection(self, type_: Any, depth: int, *, root: bool = False, distinct: bool = False) -> str:
        """A selection on a type. `distinct`: every field gets an alias, since another type may have the same name."""
        if not isinstance(type_, GraphQLObjectType):
            return self.abstract(type_, depth)
        wanted = {
            name: field for name, field in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(field.type))
        }
        if not wanted:
            return "{ __typename }"
        most = 3 if root else 6
        parts = []
        for _ in range(self.chance.randint(1, most)):
            name = self.chance.choice(
                [*sorted(wanted), *(one for one in ("shipper", "shipper", "returnOf") if one in wanted)]
            )
            parts.append(self.field(type_, name, depth, root=root, distinct=distinct))
        if self.sometimes(0.2):
            parts.append(f"{self.alias(0.3)}__typename{self.directives()}" if not distinct else "__typename")
        if root and self.sometimes(0.1):
            parts.append("__schema { queryType { name } }")
        return "{ " + " ".join(self.wrapped(type_, part) for part in parts) + " }"

    def abstract(self, type_: Any, depth: int) -> str:
        """A selection on an interface: its own fields, and those of some of its types."""
        parts = ["id"] if self.sometimes(0.5) else ["__typename"]
        for possible in self.schema.get_possible_types(type_):
            if self.sometimes(0.5):
                parts.append(f"... on {possible.name} {self.selection(possible, depth, distinct=True)}")
        return "{ " + " ".join(self.wrapped(type_, part) for part in parts) + " }"

    def wrapped(self, type_: Any, part: str) -> str:
        """A part of a selection, perhaps in a fragment."""
        kind = self.chance.random()
        if kind < 0.06:
            return f"... {self.directives()} {{ {part} }}"
        if kind < 0.12:
            return f"... on {type_.name} {self.directives()} {{ {part} }}"
        if kind < 0.2:
            name = self.name("F")
            self.fragments[name] = (type_.name, f"{{ {part} }}")
            return f"...{name} {self.directives()}" + (f" ...{name}" if self.sometimes(0.2) else "")
        if kind < 0.24:
            return f"{part} {part}"
        return part

    def alias(self, share: float) -> str:
        if not self.sometimes(share):
            return ""
        return self.name(self.chance.choice(["a", "_", "id", "node", "edges", LONG, "A_b"])) + ": "

    def directives(self) -> str:
        """@skip and @include, which mostly let pass."""
        if not self.sometimes(0.12):
            return ""
        word, passes = self.chance.choice([("skip", False), ("include", True)])
        says = passes if self.sometimes(0.75) else not passes
        text = self.variable("Boolean!", Written(json.dumps(says), says)) if self.sometimes(0.6) else json.dumps(says)
        return f" @{word}(if: {text})"

    def field(self, type_: GraphQLObjectType, name: str, depth: int, *, root: bool, distinct: bool) -> str:
        """A field with its arguments and what is asked of it."""
        field = type_.fields[name]
        chosen = self.arguments(type_.name, name, field.args)
        alias = self.alias(1.0 if chosen or distinct else 0.2)
        inner: Any = get_named_type(field.type)
        below = (
            ""
            if is_leaf_type(inner)
            else self.selection(inner, depth - 1 if inner.name in self.values.tables else depth)
        )
        return f"{alias}{name}{chosen}{self.directives()} {below}"

    def arguments(self, type_name: str, name: str, args: Any) -> str:
        """Arguments in brackets, or nothing."""
        written = self.values.arguments(self.chance, type_name, name)
        parts = []
        for arg, value in written.items():
            type_ = args[arg].type
            text = value.text
            if self.sometimes(0.4):
                bound = arg == "orderBy" and {"after", "before"} & set(written)  # cursors belong to it
                text = self.variable(str(type_), value, optional=not (bound or is_non_null_type(type_)))
                self.bound |= {text[1:]} if bound else set()
            elif is_list_type(get_nullable_type(type_)) and self.sometimes(0.3):
                text = self.in_list(type_, value)
            parts.append(f"{arg}: {text}")
        self.chance.shuffle(parts)
        return f"({', '.join(parts)})" if parts else ""

    def in_list(self, type_: Any, value: Written) -> str:
        """A list whose items are variables."""
        item: Any = get_nullable_type(type_)
        if not isinstance(value.value, list):
            return value.text
        return "[" + ", ".join(self.variable(str(item.of_type), Written("", one)) for one in value.value) + "]"

    def variable(self, type_: str, value: Written, *, optional: bool = False) -> str:
        """A new variable with this value, given or by default; of a nullable type perhaps not given, or null."""
        name = self.name("v")
        default = value if value.text and self.sometimes(0.3) else None
        self.variables[name] = (type_, default)
        if default is None or self.sometimes(0.5):
            self.given[name] = value.value
        if optional and self.sometimes(0.1):
            self.given[name] = None
        elif optional and default is None and self.sometimes(0.1):
            del self.given[name]
        return f"${name}"


def questions(schema: GraphQLSchema, values: Values) -> Callable[[random.Random], Question]:
    """Chance → a question."""
    return lambda chance: Writer(chance, schema, values).question()
