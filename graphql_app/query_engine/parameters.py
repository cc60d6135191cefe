"""Where a parameter of a plan comes from at every run: found once, in the document, when the plan is made.

In flows a place among the arguments of a field, out flows a variable and a path within its value, or nothing where the
value never changes. So a run looks a few values up, where graphql-core would coerce all arguments of all fields again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import ListValueNode, ObjectValueNode, ValueNode, VariableNode

from graphql_app.query_engine.selection import ArgumentOwner, Convert, ExecutionInputs, ParameterPath

Path = tuple[str | int, ...]


class ParameterSource(NamedTuple):
    """A variable of the operation and a path in its value, or one of the values that the Read brings, or an owner."""

    source: "str | ArgumentOwner | None"
    path: Path
    convert: Convert | None

    def value(self, executor: ExecutionInputs, own: Mapping[str, Any]) -> object:
        """What the parameter is now."""
        found: Any
        if self.source is None:
            found = own
        elif isinstance(self.source, str):
            found = executor.variable_values.coerced[self.source]
        else:
            found = self.source.values(executor)
        for step in self.path:
            found = found[step]
        return found if self.convert is None else self.convert(found)


def parameter_source(
    value: ParameterPath, owners: Sequence[ArgumentOwner], executor: ExecutionInputs
) -> ParameterSource | None:
    """Where a value comes from; None when it is the same at every run, as long as the plan serves.

    That a variable is absent, or that a literal has no variable in it, is part of the plan's key or of the document.
    """
    if value.arguments < 0:
        return ParameterSource(None, value.path, value.convert)
    owner = owners[value.arguments]
    node: ValueNode | None = next(
        (one.value for one in owner.details.node.arguments or () if one.name.value == value.path[0]), None
    )
    for at, step in enumerate(value.path[1:], 1):
        if isinstance(node, VariableNode):
            return of_variable(node, value.path[at:], value.convert, executor)
        node = inside(node, step)
    if isinstance(node, VariableNode):
        return of_variable(node, (), value.convert, executor)
    if node is not None and has_variable(node):  # such as `in: [$a, $b]`: graphql-core puts it together at every run
        return ParameterSource(owner, value.path, value.convert)
    return None


def of_variable(
    node: VariableNode, path: Path, convert: Convert | None, executor: ExecutionInputs
) -> ParameterSource | None:
    """A variable that was given, or whose default counts; else the argument's own default does."""
    name = node.name.value
    return ParameterSource(name, path, convert) if name in executor.variable_values.coerced else None


def inside(node: ValueNode | None, step: str | int) -> ValueNode | None:
    """The node of a field or an element; None where the document says nothing of it, and a default counts."""
    if isinstance(node, ObjectValueNode):
        return next((field.value for field in node.fields if field.name.value == step), None)
    if isinstance(step, int) and node is not None:
        return node.values[step] if isinstance(node, ListValueNode) else node
    return None


def has_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(map(has_variable, node.values))
    if isinstance(node, ObjectValueNode):
        return any(has_variable(field.value) for field in node.fields)
    return isinstance(node, VariableNode)
