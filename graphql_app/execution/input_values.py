"""Validation of input values: of arguments in a document, and of variables. Errors name the full path of the value.

Other than graphql-core's, the errors of both have one form: the message starts with the path, which begins with the
name of the argument or variable and contains the positions in lists, and `extensions.path` holds the same path.

An invalid text of a custom scalar, such as `CANADA` for a country code, is an error in queries and subscriptions. In an
input of a mutation it is not: the mutation reports it in its payload, with the other errors of the row.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
from graphql import (
    ArgumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValidationRule,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    is_required_input_field,
    is_specified_scalar_type,
    print_ast,
    type_from_ast,
)
from graphql.pyutils import did_you_mean, suggestion_list

from graphql_app.domain.invalid_text import InvalidText
from graphql_app.errors.user_errors import Path

MAX_ERRORS = 20
"""Maximum number of errors that are reported for one argument or variable."""
MAX_SHOWN_CHARACTERS = 64
"""Longer values are truncated in error messages, and no names are suggested for them."""
SPECIFIED_SCALARS = {
    "Boolean": "true or false",
    "Float": "a finite number",
    "ID": "a string",
    "Int": "an integer between -2147483648 and 2147483647",
    "String": "a string",
}
"""The scalars of the GraphQL specification, and what their values are."""


class InputValidator:
    """Finds the errors in a value: in JSON, or in the nodes of a document.

    `strict`: an invalid text of a custom scalar is an error. `suggestions`: messages suggest names.
    """

    def __init__(self, *, strict: bool, suggestions: bool) -> None:
        self.strict, self.suggestions = strict, suggestions

    def errors(self, value: object, type_: GraphQLInputType, name: str, node: Node | None) -> list[GraphQLError]:
        """Return the first MAX_ERRORS errors in the value of an argument or variable, located at `node`."""
        return [
            GraphQLError(f"{'.'.join(path)}: {problem}", node, extensions={"path": list(path)})
            for path, problem in islice(self.problems(value, type_, (name,)), MAX_ERRORS)
        ]

    def problems(self, value: object, type_: GraphQLInputType, path: Path) -> Iterator[tuple[Path, str]]:
        """Yield path and message of each error in a value. Variables in a document are validated by their own type."""
        if isinstance(value, VariableNode):
            return
        is_null = value is None or isinstance(value, NullValueNode)
        if isinstance(type_, GraphQLNonNull):
            if is_null:
                yield path, "Must not be null."
                return
            type_ = type_.of_type
        if is_null:
            return
        if isinstance(type_, GraphQLList):
            items = value.values if isinstance(value, ListValueNode) else value
            if isinstance(items, list | tuple):
                for index, item in enumerate(items):
                    yield from self.problems(item, type_.of_type, (*path, str(index)))
            else:  # a single value stands for a list with that value
                yield from self.problems(value, type_.of_type, path)
        elif isinstance(type_, GraphQLInputObjectType):
            yield from self.object_problems(value, type_, path)
        elif problem := self.leaf_problem(value, type_):
            yield path, problem

    def object_problems(self, value: object, type_: GraphQLInputObjectType, path: Path) -> Iterator[tuple[Path, str]]:
        """Yield path and message of each error in the value of an input object."""
        fields: Mapping[str, object]
        if isinstance(value, ObjectValueNode):
            fields = {field.name.value: field.value for field in value.fields}
        elif isinstance(value, dict):
            fields = value
        else:
            yield path, f"Must be an object of type {type_.name} (was {shown(value)})."
            return
        for name in fields:
            if name not in type_.fields:
                yield (*path, name), f"{type_.name} has no such field.{self.suggestion(name, type_.fields)}"
        for name, field in type_.fields.items():
            if name in fields:
                yield from self.problems(fields[name], field.type, (*path, name))
            elif is_required_input_field(field):
                yield (*path, name), f"{type_.name} requires this field."
        if type_.is_one_of:
            present = [name for name in type_.fields if name in fields]
            if len(present) != 1 or fields[present[0]] is None or isinstance(fields[present[0]], NullValueNode):
                *others, last = (f"`{name}`" for name in type_.fields)
                yield path, f"Exactly one of {', '.join(others)} and {last} is required, with a value other than null."

    def leaf_problem(self, value: Any, type_: Any) -> str | None:
        """Return what is wrong with the value of a scalar or enum; None if it is valid."""
        if isinstance(type_, GraphQLEnumType):
            name = value.value if isinstance(value, EnumValueNode) else value
            if isinstance(name, str) and name in type_.values:
                return None
            return f"{shown(value)} is not a value of {type_.name}.{self.suggestion(name, type_.values)}"
        scalar: GraphQLScalarType = type_
        try:
            parsed = scalar.parse_literal(value) if isinstance(value, ValueNode) else scalar.coerce_input_value(value)
        except GraphQLError as error:
            if is_specified_scalar_type(scalar):
                return f"Must be {SPECIFIED_SCALARS[scalar.name]} (was {shown(value)})."
            return error.message
        return parsed.problem if self.strict and isinstance(parsed, InvalidText) else None

    def suggestion(self, name: object, names: Collection[str]) -> str:
        """Return the end of a message that suggests similar names; empty if there are none."""
        if not self.suggestions or not isinstance(name, str) or len(name) > MAX_SHOWN_CHARACTERS:
            return ""
        return did_you_mean(suggestion_list(name, list(names)))


def shown(value: object) -> str:
    """Return a value for an error message: objects and lists as a word, other values in JSON, truncated."""
    if isinstance(value, dict | ObjectValueNode):
        return "an object"
    if isinstance(value, list | ListValueNode):
        return "a list"
    text = print_ast(value) if isinstance(value, Node) else orjson.dumps(value).decode()
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "…"


class InputValuesRule(ValidationRule):
    """The validation rule for values in a document, instead of graphql-core's ValuesOfCorrectTypeRule (GraphQL
    specification, section 5.6.1)."""

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Validate the value of an argument."""
        argument = self.context.get_argument()
        if argument is not None:
            mutations = self.context.schema.mutation_type
            is_mutation_input = mutations is not None and self.context.get_parent_type() is mutations
            self.validate(node.value, argument.type, node.name.value, strict=not is_mutation_input)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """Validate the default value of a variable."""
        type_: Any = type_from_ast(self.context.schema, node.type)
        if node.default_value is not None and type_ is not None:
            self.validate(node.default_value, type_, node.variable.name.value, strict=True)

    def validate(self, value: ValueNode, type_: GraphQLInputType, name: str, *, strict: bool) -> None:
        """Report the errors in a value."""
        validator = InputValidator(strict=strict, suggestions=not self.context.hide_suggestions)
        for error in validator.errors(value, type_, name, value):
            self.report_error(error)


def mutation_input_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> set[str]:
    """Return the variables of a valid operation that are used in arguments of mutations, and not in arguments below.

    Directives do not matter: none has an argument with a custom scalar.
    """
    if operation.operation is not OperationType.MUTATION:
        return set()
    inputs: set[str] = set()
    others: set[str] = set()
    visited: set[tuple[str, bool]] = set()

    def visit(selection_set: SelectionSetNode, *, is_root: bool) -> None:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                used = variables_in(argument.value for argument in selection.arguments or ())
                (inputs if is_root else others).update(used)
                if selection.selection_set:
                    visit(selection.selection_set, is_root=False)
            elif not isinstance(selection, FragmentSpreadNode):
                visit(selection.selection_set, is_root=is_root)  # type: ignore[attr-defined]
            elif (selection.name.value, is_root) not in visited:
                visited.add((selection.name.value, is_root))
                visit(fragments[selection.name.value].selection_set, is_root=is_root)

    visit(operation.selection_set, is_root=True)
    return inputs - others


def variables_in(values: Iterable[ValueNode]) -> Iterator[str]:
    """Yield the names of the variables in values of a document."""
    for value in values:
        if isinstance(value, VariableNode):
            yield value.name.value
        elif isinstance(value, ListValueNode):
            yield from variables_in(value.values)
        elif isinstance(value, ObjectValueNode):
            yield from variables_in(field.value for field in value.fields)
