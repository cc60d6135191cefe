"""The limits of a document: one linear pass over the parsed document, before it is validated.

Each fragment is measured once and counted as often as it is spread, so a small document cannot expand to a large one.
Below `__schema` and `__type` depth is counted separately: introspection nests deeply and is cheap. A document that
exceeds a limit is rejected with LIMIT_EXCEEDED; the message names the limit.
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

MAX_DOCUMENT_CHARACTERS = 32_000
MAX_TOKENS = 3_000
MAX_DEPTH = 16
"""The maximum depth of fields, outside of introspection."""
MAX_INTROSPECTION_DEPTH = 32
"""The maximum depth of fields below `__schema` and `__type`."""
MAX_SELECTION_NESTING = 64
"""The maximum number of selection sets inside each other, those of fragments included."""
MAX_FIELDS = 500
MAX_ALIASES = 30
MAX_DIRECTIVES = 50
MAX_ROOT_FIELDS = 20
"""The maximum number of root fields of a query or subscription. `__typename` does not count."""
MAX_MUTATION_FIELDS = 25
"""The maximum number of root fields of a mutation."""
MAX_OPERATIONS = 10
MAX_FRAGMENTS = 50
MAX_FIELD_REPEATS = 25
"""How often one field may be selected in one selection set: validation compares each selection with each other."""
MAX_VALUE_DEPTH = 32
"""The maximum number of lists and objects inside each other in a value in the document."""
MAX_NUMBER_CHARACTERS = 60
"""The maximum length of a number in the document."""
MAX_QUERY_BYTES = 128_000
"""The maximum size of a request with a query or subscription."""
MAX_QUERY_CONTAINERS = 1_500
"""The maximum number of lists and objects in a request with a query or subscription."""
MAX_MUTATION_CONTAINERS = 30_000
"""The maximum number of lists and objects in a request with a mutation."""
INTROSPECTION_FIELDS = ("__schema", "__type")


class Size(NamedTuple):
    """The size of a selection set after its fragments are expanded. `roots`: fields other than `__typename`."""

    fields: int = 0
    roots: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    introspection: int = 0
    """The depth below `__schema` or `__type`."""

    def combine(self, other: "Size") -> "Size":
        """Return the size of one selection set with the selections of both."""
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
    """Return the size of each operation by its name.

    Raises:
        LimitExceeded: the document exceeds a limit.
    """
    return DocumentMeasurer(document).operations()


class DocumentMeasurer:
    """Measures one document. Each of its methods raises LimitExceeded if a limit is exceeded."""

    def __init__(self, document: DocumentNode) -> None:
        self.definitions = document.definitions
        self.fragments = {
            node.name.value: node for node in self.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.sizes: dict[str, Size] = {}
        """The sizes of the fragments measured so far."""
        self.open: set[str] = set()
        """The fragments that are being measured, to detect cycles."""
        self.circular = False

    def operations(self) -> dict[str | None, Size]:
        """Measure the document and return the size of each operation by its name."""
        operations = [node for node in self.definitions if isinstance(node, OperationDefinitionNode)]
        check_limit("document", "operations", len(operations), MAX_OPERATIONS)
        check_limit("document", "fragments", len(self.definitions) - len(operations), MAX_FRAGMENTS)
        for name, fragment in self.fragments.items():
            size = self.fragment(name, 0)
            if fragment.type_condition.name.value.startswith("__"):  # it can only be spread within introspection
                size = size._replace(depth=0, introspection=max(size.depth, size.introspection))
            check_size(f"fragment {name[:40]}", size)
        sizes = {node.name.value if node.name else None: self.operation(node) for node in operations}
        if not self.circular:
            for node in (*operations, *self.fragments.values()):
                self.check_repeats([node.selection_set])
        return sizes

    def operation(self, node: OperationDefinitionNode) -> Size:
        """Return the size of an operation."""
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
        """Return the size of a fragment, which is measured once.

        A missing fragment, or one that spreads itself, counts as empty: the validation reports it.
        """
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
        """Return the size of a selection set; `level` is the number of selection sets around it.

        Raises:
            LimitExceeded: `level` exceeds MAX_SELECTION_NESTING.
        """
        if level > MAX_SELECTION_NESTING:
            raise request_errors.LimitExceeded(
                f"Selections in the document must be nested at most {MAX_SELECTION_NESTING} levels deep."
            )
        total = EMPTY
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                size = self.field(selection, level)
            elif isinstance(selection, FragmentSpreadNode):
                size = self.fragment(selection.name.value, level + 1)
            else:
                size = self.selection(selection.selection_set, level + 1)  # type: ignore[attr-defined]
            if selection.directives:
                size = size._replace(directives=size.directives + len(selection.directives))
            total = total.combine(size)
        return total

    def field(self, node: FieldNode, level: int) -> Size:
        """Return the size of a field with its selection set."""
        for argument in node.arguments or ():
            check_value(argument.value)
        below = self.selection(node.selection_set, level + 1) if node.selection_set else EMPTY
        introspection = node.name.value in INTROSPECTION_FIELDS
        return Size(
            below.fields + 1,
            node.name.value != "__typename",
            below.aliases + (node.alias is not None),
            below.directives,
            1 if introspection else below.depth + 1,
            max(below.introspection, below.depth + 1 if introspection else 0),
        )

    def check_repeats(self, nodes: list[SelectionSetNode]) -> None:
        """Check how often each field is selected in these selection sets, which are merged, and in those below."""
        merged, spread_fragments = list(nodes), set()
        below: dict[str, list[SelectionSetNode]] = {}
        counts: dict[str, int] = {}
        for node in merged:
            for selection in node.selections:
                if isinstance(selection, FieldNode):
                    key = (selection.alias or selection.name).value
                    counts[key] = counts.get(key, 0) + 1
                    if selection.selection_set:
                        below.setdefault(key, []).append(selection.selection_set)
                elif not isinstance(selection, FragmentSpreadNode):
                    merged.append(selection.selection_set)  # type: ignore[attr-defined]
                elif selection.name.value not in spread_fragments and selection.name.value in self.fragments:
                    spread_fragments.add(selection.name.value)
                    merged.append(self.fragments[selection.name.value].selection_set)
        for key, count in counts.items():
            check_limit(f"selection of `{key[:40]}`", "repetitions in one place", count, MAX_FIELD_REPEATS)
        for selection_sets in below.values():
            self.check_repeats(selection_sets)


def check_size(what: str, size: Size) -> None:
    """Check the size of an operation or fragment, which `what` names in the message.

    Raises:
        LimitExceeded: it exceeds a limit.
    """
    check_limit(what, "fields", size.fields, MAX_FIELDS)
    check_limit(what, "aliases", size.aliases, MAX_ALIASES)
    check_limit(what, "directives", size.directives, MAX_DIRECTIVES)
    check_limit(what, "levels (depth)", size.depth, MAX_DEPTH)
    check_limit(what, "levels of introspection", size.introspection, MAX_INTROSPECTION_DEPTH)


def check_limit(what: str, unit: str, number: int, maximum: int) -> None:
    """Check that a number of something in `what` does not exceed its maximum.

    Raises:
        LimitExceeded: with a message such as "The document has 51 fragments; the limit is 50."
    """
    if number > maximum:
        shown = str(number) if number < 10**9 else "more than a billion"
        raise request_errors.LimitExceeded(f"The {what} has {shown} {unit}; the limit is {maximum}.")


def check_value(node: ValueNode, level: int = 0) -> None:
    """Check the depth of a value in the document, and the length of the numbers in it.

    Raises:
        LimitExceeded: it is nested too deeply, or a number is too long.
    """
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
            f"A value in the document must be nested at most {MAX_VALUE_DEPTH} levels deep."
        )
    for value in inner:
        check_value(value, level + 1)
