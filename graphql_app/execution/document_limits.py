"""What a document may hold: one linear pass over the parsed document, before it is validated.

Each fragment is measured once and counted as often as it is spread, so a small document cannot stand for a large one.
Under `__schema` and `__type` depth is counted on its own: descriptions of types nest deeply and cost nothing.
Refuses, naming the limit: more of anything than `MOST` says.
"""

from collections.abc import Iterable
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
)

from graphql_app.errors import request_errors

MAX_DOCUMENT_CHARACTERS, MAX_TOKENS = 32_000, 3_000
MAX_DEPTH, MAX_INTROSPECTION_DEPTH, MAX_SELECTION_NESTING = 16, 32, 64
MAX_FIELDS, MAX_ALIASES, MAX_DIRECTIVES, MAX_ROOT_FIELDS, MAX_MUTATION_FIELDS = 500, 30, 50, 20, 25
MAX_OPERATIONS, MAX_FRAGMENTS = 10, 50
MAX_FIELD_REPEATS = 25
"""Times that one field may be selected in one place: validation compares each with each other."""
MAX_VALUE_DEPTH, MAX_NUMBER_CHARACTERS = 32, 60
MAX_QUERY_BYTES, MAX_QUERY_CONTAINERS, MAX_MUTATION_CONTAINERS = 128_000, 1_500, 30_000
"""Bytes, lists and objects of a request that only reads, and lists and objects of one that writes."""
INTROSPECTION_FIELDS = ("__schema", "__type")


class Size(NamedTuple):
    """What a selection comes to when its fragments are put in place."""

    fields: int = 0
    roots: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    introspection: int = 0

    def combine(self, other: "Size") -> "Size":
        """Both in one selection."""
        return Size(
            self.fields + other.fields,
            self.roots + other.roots,
            self.aliases + other.aliases,
            self.directives + other.directives,
            max(self.depth, other.depth),
            max(self.introspection, other.introspection),
        )


EMPTY = Size()


def measure(document: DocumentNode) -> dict[str | None, Size]:
    """The size of each operation, by its name. Raises `errors.LimitExceeded`."""
    return DocumentMeasurer(document).operations()


class DocumentMeasurer:
    """The pass."""

    def __init__(self, document: DocumentNode) -> None:
        self.definitions = document.definitions
        self.fragments = {one.name.value: one for one in self.definitions if isinstance(one, FragmentDefinitionNode)}
        self.sizes: dict[str, Size] = {}
        self.open: set[str] = set()
        self.circular = False

    def operations(self) -> dict[str | None, Size]:
        found = [one for one in self.definitions if isinstance(one, OperationDefinitionNode)]
        check_limit("document", "operations", len(found), MAX_OPERATIONS)
        check_limit("document", "fragments", len(self.definitions) - len(found), MAX_FRAGMENTS)
        for name in self.fragments:
            check_size(f"fragment {name[:40]}", self.fragment(name, 0))
        sizes = {one.name.value if one.name else None: self.operation(one) for one in found}
        if not self.circular:
            for one in (*found, *self.fragments.values()):
                self.check_repeats([one.selection_set])
        return sizes

    def operation(self, node: OperationDefinitionNode) -> Size:
        size = self.selection(node.selection_set, 0)
        size = size._replace(directives=size.directives + len(node.directives or ()))
        name = f"operation {node.name.value[:40]}" if node.name else "operation"
        check_size(name, size)
        if node.operation is OperationType.MUTATION:
            check_limit(name, "mutation fields", size.roots, MAX_MUTATION_FIELDS)
        else:
            check_limit(name, "root fields", size.roots, MAX_ROOT_FIELDS)
        for variable in node.variable_definitions or ():
            if variable.default_value is not None:
                check_value(variable.default_value)
        return size

    def fragment(self, name: str, level: int) -> Size:
        """The size of a fragment, measured once. One that is missing, or spreads itself, is left to the validation."""
        if name in self.open:
            self.circular = True
        if name in self.open or name not in self.fragments:
            return EMPTY
        if name not in self.sizes:
            self.open.add(name)
            self.sizes[name] = self.selection(self.fragments[name].selection_set, level)
            self.open.remove(name)
        return self.sizes[name]

    def selection(self, node: SelectionSetNode, level: int) -> Size:
        if level > MAX_SELECTION_NESTING:
            raise request_errors.LimitExceeded(
                f"The document nests selections deeper than {MAX_SELECTION_NESTING}, the limit."
            )
        size = EMPTY
        for one in node.selections:
            if isinstance(one, FieldNode):
                found = self.field(one, level)
            elif isinstance(one, FragmentSpreadNode):
                found = self.fragment(one.name.value, level + 1)
            else:
                found = self.selection(one.selection_set, level + 1)  # type: ignore[attr-defined]
            if one.directives:
                found = found._replace(directives=found.directives + len(one.directives))
            size = size.combine(found)
        return size

    def field(self, node: FieldNode, level: int) -> Size:
        for argument in node.arguments or ():
            check_value(argument.value)
        below = self.selection(node.selection_set, level + 1) if node.selection_set else EMPTY
        hidden = node.name.value in INTROSPECTION_FIELDS
        return Size(
            below.fields + 1,
            node.name.value != "__typename",
            below.aliases + (node.alias is not None),
            below.directives,
            1 if hidden else below.depth + 1,
            max(below.introspection, below.depth + 1 if hidden else 0),
        )

    def check_repeats(self, nodes: list[SelectionSetNode]) -> None:
        """Raise where selections that are merged into one select one field too often."""
        merged, seen = list(nodes), set()
        below: dict[str, list[SelectionSetNode]] = {}
        times: dict[str, int] = {}
        for node in merged:
            for one in node.selections:
                if isinstance(one, FieldNode):
                    key = (one.alias or one.name).value
                    times[key] = times.get(key, 0) + 1
                    if one.selection_set:
                        below.setdefault(key, []).append(one.selection_set)
                elif not isinstance(one, FragmentSpreadNode):
                    merged.append(one.selection_set)  # type: ignore[attr-defined]
                elif one.name.value not in seen and one.name.value in self.fragments:
                    seen.add(one.name.value)
                    merged.append(self.fragments[one.name.value].selection_set)
        for key, number in times.items():
            check_limit(f"selection of `{key[:40]}`", "repetitions in one place", number, MAX_FIELD_REPEATS)
        for inner in below.values():
            self.check_repeats(inner)


def check_size(what: str, size: Size) -> None:
    """Raise where a size is beyond a limit."""
    check_limit(what, "fields", size.fields, MAX_FIELDS)
    check_limit(what, "aliases", size.aliases, MAX_ALIASES)
    check_limit(what, "directives", size.directives, MAX_DIRECTIVES)
    check_limit(what, "levels (depth)", size.depth, MAX_DEPTH)
    check_limit(what, "levels of introspection", size.introspection, MAX_INTROSPECTION_DEPTH)


def check_limit(what: str, of: str, number: int, most: int) -> None:
    if number > most:
        shown = str(number) if number < 10**9 else "more than a billion"
        raise request_errors.LimitExceeded(f"The {what} has {shown} {of}; the limit is {most}.")


def check_value(node: ValueNode, level: int = 0) -> None:
    """Raise where values that are written in the document nest too deeply or are numbers without end."""
    inner: Iterable[ValueNode]
    if isinstance(node, ListValueNode):
        inner = node.values
    elif isinstance(node, ObjectValueNode):
        inner = [field.value for field in node.fields]
    else:
        if isinstance(node, IntValueNode | FloatValueNode):
            check_limit("number in the document", "characters", len(node.value), MAX_NUMBER_CHARACTERS)
        return
    if level >= MAX_VALUE_DEPTH:
        raise request_errors.LimitExceeded(
            f"A value in the document is nested deeper than {MAX_VALUE_DEPTH}, the limit."
        )
    for value in inner:
        check_value(value, level + 1)
