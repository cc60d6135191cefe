"""Random queries return the same bytes from SQL as from a reference implementation in Python."""

import random
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult, parse, validate
from hypothesis import given, settings, strategies
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app import operation_context
from graphql_app.auth.viewer import Viewer
from graphql_app.errors import request_errors
from graphql_app.query_engine import fast_path
from graphql_app.schema import build
from tests.support import random_queries
from tests.support.random_arguments import RandomArguments, Reference

pytestmark = pytest.mark.seed_data
SCHEMA = build.build()._schema


def encode(result: ExecutionResult) -> bytes:
    """Return the JSON of a result, with the message, path and locations of its errors."""
    errors = [
        {
            "message": error.message,
            "path": error.path,
            "locations": [[*location] for location in error.locations or ()],
        }
        for error in result.errors or ()
    ]
    return orjson.dumps({"data": result.data, "errors": errors})


VALUES: list[RandomArguments] = []
"""The values for the strategy, which runs outside of the event loop and of fixtures."""


@pytest.fixture
def reference_values(reference: Reference) -> Reference:
    """The reference implementation; also sets the values of the strategy."""
    VALUES[:] = [reference.values]
    return reference


def random_query(generator: random.Random) -> random_queries.RandomQuery:
    """Return a random query with its variables."""
    return random_queries.QueryWriter(generator, SCHEMA, VALUES[0]).query()


async def execute(engine: AsyncEngine, viewer: Viewer, document: Any, variables: Any) -> ExecutionResult:
    """Execute a query as a request does: on the fast path if possible."""
    async with operation_context.get_context(engine, viewer, "test") as context:
        executor: Any = build.Executor.build(SCHEMA, document, None, context, variables)
        assert not isinstance(executor, list), executor
        query = fast_path.single_field_query(SCHEMA, executor.operation)
        if query is not None:
            inputs = fast_path.FieldInputs(
                SCHEMA, executor.operation, executor.fragment_definitions, executor.fragments, executor.variable_values
            )
            executor.field_result = await fast_path.execute_single_field(query, inputs, context)
            if (fragment := executor.field_result.fragment) is not None:
                return ExecutionResult({query.key: fragment}, None)
        result = executor.execute_operation()
        return result if isinstance(result, ExecutionResult) else await result


@settings(settings.get_profile("random-queries"))
@given(query=strategies.randoms(use_true_random=False).map(random_query))
async def test_a_random_query_returns_the_same_as_the_reference(
    query: random_queries.RandomQuery, engine: AsyncEngine, reference_values: Reference
) -> None:
    document = parse(query.document)
    validation_errors = validate(SCHEMA, document)
    if any("conflict" in error.message for error in validation_errors):
        return
    assert not validation_errors, (query, validation_errors)
    for variables in (query.variables, *query.other_variables):  # later executions use cached plans if they fit
        result = await execute(engine, reference_values.viewer, document, variables)
        if any(isinstance(error.original_error, request_errors.LimitExceeded) for error in result.errors or ()):
            return
        actual, expected = encode(result), encode(reference_values.reference.run(document, variables, None))
        if result.errors:  # JSON values have been parsed and written again: see `null_propagation`
            actual, expected = orjson.dumps(orjson.loads(actual)), orjson.dumps(orjson.loads(expected))
        assert actual == expected, variables
