"""An operation that is one question, answered by its plan alone.

Most requests ask for one root field. To make graphql-core's executor for that, to collect the fields of the root and to
go through its coroutines takes longer than plan, arguments and JSON together. In flows the question, out flows what
came of it. Whatever is not a plain answer, a null, a refusal, a row that is missing, is then told to an executor, which
carries it up as GraphQL says and does not ask again.
"""

from typing import NamedTuple

import orjson
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails
from graphql.execution.values import VariableValues

from graphql_app.operation_context import OperationContext
from graphql_app.query_engine import json_sql, plan, type_mapping
from graphql_app.query_engine.cost import charge
from graphql_app.query_engine.sources import Source


class SingleFieldQuery(NamedTuple):
    """The one root field of an operation. `key`: its name in the answer."""

    key: str
    parent: GraphQLObjectType
    details: list[FieldDetails]
    source: Source


class FieldInputs(NamedTuple):
    """What a plan looks at, without an executor: `Asked`."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    variable_values: VariableValues


class FieldResult(NamedTuple):
    """What came of a question: the JSON of its answer, or why there is none."""

    text: bytes | None
    error: Exception | None = None

    @property
    def fragment(self) -> orjson.Fragment | None:
        """The text for the response to take in; None where it is not the answer as it stands."""
        return None if self.text is None or json_sql.MISSING in self.text else orjson.Fragment(self.text)

    def result(self) -> bytes | None:
        """The text. Raises what was raised."""
        if self.error is not None:
            raise self.error
        return self.text


def single_field_query(schema: GraphQLSchema, node: OperationDefinitionNode) -> SingleFieldQuery | None:
    """The question that an operation is; None where it is more than one, or depends on a directive."""
    selected, parent = node.selection_set.selections, schema.query_type
    if node.operation is not OperationType.QUERY or node.directives or len(selected) != 1 or parent is None:
        return None
    field = selected[0]
    if not isinstance(field, FieldNode) or field.directives:
        return None
    definition = parent.fields.get(field.name.value)
    source: Source | None = getattr(definition.resolve, "source", None) if definition is not None else None
    if source is None:
        return None
    key = field.alias.value if field.alias else field.name.value
    return SingleFieldQuery(key, parent, [FieldDetails(field, None)], source)


async def run(question: SingleFieldQuery, given: FieldInputs, context: OperationContext) -> FieldResult:
    """What comes of a question; its cost is added to that of the operation."""
    try:
        planned = plan.plan_for(
            given, type_mapping.mapping_of(given.schema), question.parent, question.details, question.source
        )
        charge(context, planned.cost)
        return FieldResult(await planned.run(context.reader, {}, given))
    except Exception as error:
        return FieldResult(None, error)
