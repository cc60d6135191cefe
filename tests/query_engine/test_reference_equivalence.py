"""Questions by chance, answered by one SQL statement a root field and by plain execution: the same bytes."""

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
from tests.support.random_arguments import Plain, Values

pytestmark = pytest.mark.world
SCHEMA = build.build()._schema


def shown(result: ExecutionResult) -> bytes:
    """An answer's bytes, errors with their places."""
    found = [{"message": one.message, "path": one.path, "locations": [[*at] for at in one.locations or ()]}
             for one in result.errors or ()]  # fmt: skip
    return orjson.dumps({"data": result.data, "errors": found})


KNOWN: list[Values] = []
"""What the strategy, which draws outside of the event loop and of fixtures, asks for."""


@pytest.fixture
def known(plain: Plain) -> Plain:
    KNOWN[:] = [plain.values]
    return plain


def asked(chance: random.Random) -> random_queries.Question:
    return random_queries.Writer(chance, SCHEMA, KNOWN[0]).question()


async def answer(engine: AsyncEngine, viewer: Viewer, document: Any, variables: Any) -> ExecutionResult:
    """The real answer."""
    async with operation_context.get_context(engine, viewer, "test") as made:
        executor: Any = build.Executor.build(SCHEMA, document, None, made, variables)
        assert not isinstance(executor, list), executor
        question = fast_path.single_field_query(SCHEMA, executor.operation)
        if question is not None:  # then it is asked as requests are, without the executor
            given = fast_path.FieldInputs(
                SCHEMA, executor.operation, executor.fragment_definitions, executor.fragments, executor.variable_values
            )
            executor.field_result = await fast_path.run(question, given, made)
            if (whole := executor.field_result.fragment) is not None:
                return ExecutionResult({question.key: whole}, None)
        result = executor.execute_operation()
        return result if isinstance(result, ExecutionResult) else await result


@settings(settings.get_profile("random-queries"))
@given(question=strategies.randoms(use_true_random=False).map(asked))
async def test_a_question_by_chance_has_the_answer_of_plain_execution(
    question: random_queries.Question, engine: AsyncEngine, known: Plain
) -> None:
    document = parse(question.document)
    invalid = validate(SCHEMA, document)
    if any("conflict" in one.message for one in invalid):
        return
    assert not invalid, (question, invalid)
    for variables in (question.variables, *question.again):  # the second time by plans that were kept, if they fit
        real = await answer(engine, known.viewer, document, variables)
        if any(isinstance(one.original_error, request_errors.LimitExceeded) for one in real.errors or ()):
            return
        plainly = known.reference.run(document, variables, None)
        ours, theirs = shown(real), shown(plainly)
        if real.errors:  # JSON values were read and written again, see `read/nulls.py`
            ours, theirs = orjson.dumps(orjson.loads(ours)), orjson.dumps(orjson.loads(theirs))
        assert ours == theirs, variables
