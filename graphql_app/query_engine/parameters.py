"""Where the parameters of a plan come from at every execution, determined once when the plan is built.

A path among the arguments of a field becomes a variable and a path within its value, or nothing if the value never
changes. An execution looks up a few values, where graphql-core would coerce all arguments of all fields again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from graphql import (
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails
from graphql.execution.values import VariableValues, get_argument_values

ValuePath = tuple[str | int, ...]
"""Names of object fields and indexes of list items."""
Convert = Callable[[Any], object]
"""Converts a coerced value to the value that the driver sends. May raise a request error."""


class ExecutionInputs(Protocol):
    """What a plan reads of an executor: the operation and the values of its variables."""

    @property
    def schema(self) -> GraphQLSchema:
        """The schema of the operation."""
        ...

    @property
    def operation(self) -> OperationDefinitionNode:
        """The parsed operation; its plans are cached on it."""
        ...

    @property
    def fragment_definitions(self) -> dict[str, FragmentDefinitionNode]:
        """The parsed fragments of the document, by name."""
        ...

    @property
    def fragments(self) -> dict[str, FragmentDetails]:
        """The fragments as graphql-core collects them, by name."""
        ...

    @property
    def variable_values(self) -> VariableValues:
        """The coerced values of the operation's variables."""
        ...


class ArgumentOwner(NamedTuple):
    """A field that has arguments, and the node that sets them."""

    field: GraphQLField
    details: FieldDetails

    def values(self, inputs: ExecutionInputs) -> dict[str, Any]:
        """Return the coerced arguments by their GraphQL names."""
        return get_argument_values(
            self.field, self.details.node, inputs.variable_values, self.details.fragment_variable_values
        )


SOURCE_VALUE = -1
"""The `owner_index` of a value that comes with the `SourceQuery`."""


class ParameterPath(NamedTuple):
    """The place of a parameter's value: an argument owner by its index, or `SOURCE_VALUE`, and a path."""

    owner_index: int
    path: ValuePath
    convert: Convert | None


class ParameterSource(NamedTuple):
    """Where an execution finds a parameter.

    `origin` is the name of a variable, an owner whose arguments are coerced, or None for the values of the
    `SourceQuery`.
    """

    origin: "str | ArgumentOwner | None"
    path: ValuePath
    convert: Convert | None

    def value(self, inputs: ExecutionInputs, source_values: Mapping[str, Any]) -> object:
        """Return the parameter's value for this execution."""
        value: Any
        if self.origin is None:
            value = source_values
        elif isinstance(self.origin, str):
            value = inputs.variable_values.coerced[self.origin]
        else:
            value = self.origin.values(inputs)
        for step in self.path:
            value = value[step]
        return value if self.convert is None else self.convert(value)


def parameter_source(
    parameter: ParameterPath, owners: Sequence[ArgumentOwner], inputs: ExecutionInputs
) -> ParameterSource | None:
    """Return where a parameter's value comes from; None if it is the same at every execution of the plan.

    Whether a variable is omitted is part of the plan's key; that a literal contains no variable follows from the
    document.
    """
    if parameter.owner_index == SOURCE_VALUE:
        return ParameterSource(None, parameter.path, parameter.convert)
    owner = owners[parameter.owner_index]
    node: ValueNode | None = next(
        (argument.value for argument in owner.details.node.arguments or () if argument.name.value == parameter.path[0]),
        None,
    )
    for index, step in enumerate(parameter.path[1:], 1):
        if isinstance(node, VariableNode):
            return variable_source(node, parameter.path[index:], parameter.convert, inputs)
        node = child_node(node, step)
    if isinstance(node, VariableNode):
        return variable_source(node, (), parameter.convert, inputs)
    if node is not None and has_variable(node):  # such as `in: [$a, $b]`: graphql-core builds the list each time
        return ParameterSource(owner, parameter.path, parameter.convert)
    return None


def variable_source(
    node: VariableNode, path: ValuePath, convert: Convert | None, inputs: ExecutionInputs
) -> ParameterSource | None:
    """Return the source for a variable that has a value or a default; None if the argument's own default applies."""
    name = node.name.value
    return ParameterSource(name, path, convert) if name in inputs.variable_values.coerced else None


def child_node(node: ValueNode | None, step: str | int) -> ValueNode | None:
    """Return the node of an object field or a list item; None if the document omits it and its default applies."""
    if isinstance(node, ObjectValueNode):
        return next((field.value for field in node.fields if field.name.value == step), None)
    if isinstance(step, int) and node is not None:
        return node.values[step] if isinstance(node, ListValueNode) else node
    return None


def has_variable(node: ValueNode) -> bool:
    """Return whether a value contains a variable."""
    if isinstance(node, ListValueNode):
        return any(map(has_variable, node.values))
    if isinstance(node, ObjectValueNode):
        return any(has_variable(field.value) for field in node.fields)
    return isinstance(node, VariableNode)
