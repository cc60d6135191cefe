"""Questions by chance, answered by one SQL statement a root field and by plain execution: the same bytes."""

import random
from typing import Any

import orjson
import pytest
import questions
from graphql import ExecutionResult, parse, validate
from hypothesis import given, settings, strategies
from sqlalchemy.ext.asyncio import AsyncEngine
from values import Plain, Values

from graphql_app import auth, errors
from graphql_app.api import context, schema
from graphql_app.read import direct

pytestmark = pytest.mark.world
SCHEMA = schema.build()._schema


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


def asked(chance: random.Random) -> questions.Question:
    return questions.Writer(chance, SCHEMA, KNOWN[0]).question()


async def answer(engine: AsyncEngine, viewer: auth.Viewer, document: Any, variables: Any) -> ExecutionResult:
    """The real answer."""
    async with context.get_context(engine, viewer, "test") as made:
        executor: Any = schema.Executor.build(SCHEMA, document, None, made, variables)
        assert not isinstance(executor, list), executor
        question = direct.question(SCHEMA, executor.operation)
        if question is not None:  # then it is asked as requests are, without the executor
            given = direct.Given(
                SCHEMA, executor.operation, executor.fragment_definitions, executor.fragments, executor.variable_values
            )
            executor.outcome = await direct.ask(question, given, made)
            if (whole := executor.outcome.answer) is not None:
                return ExecutionResult({question.key: whole}, None)
        result = executor.execute_operation()
        return result if isinstance(result, ExecutionResult) else await result


@settings(settings.get_profile("questions"))
@given(question=strategies.randoms(use_true_random=False).map(asked))
async def test_a_question_by_chance_has_the_answer_of_plain_execution(
    question: questions.Question, engine: AsyncEngine, known: Plain
) -> None:
    document = parse(question.document)
    invalid = validate(SCHEMA, document)
    if any("conflict" in one.message for one in invalid):
        return
    assert not invalid, (question, invalid)
    for variables in (question.variables, *question.again):  # the second time by plans that were kept, if they fit
        real = await answer(engine, known.viewer, document, variables)
        if any(isinstance(one.original_error, errors.LimitExceeded) for one in real.errors or ()):
            return
        plainly = known.reference.run(document, variables, None)
        ours, theirs = shown(real), shown(plainly)
        if real.errors:  # JSON values were read and written again, see `read/nulls.py`
            ours, theirs = orjson.dumps(orjson.loads(ours)), orjson.dumps(orjson.loads(theirs))
        assert ours == theirs, variables
