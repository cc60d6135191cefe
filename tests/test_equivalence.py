"""Questions by chance, answered by one SQL statement a root field and by plain execution: the same bytes."""

import random
from typing import Any, NamedTuple

import loaded
import naive
import orjson
import pytest
import questions
from graphql import ExecutionResult, parse, validate
from hypothesis import given, settings, strategies
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from values import Values

from graphql_app import auth, errors
from graphql_app.api import context, schema

pytestmark = pytest.mark.world
SCHEMA = schema.build()._schema


def shown(result: ExecutionResult) -> bytes:
    """An answer's bytes, errors with their places."""
    found = [{"message": one.message, "path": one.path, "locations": [[*at] for at in one.locations or ()]}
             for one in result.errors or ()]  # fmt: skip
    return orjson.dumps({"data": result.data, "errors": found})


class Plain(NamedTuple):
    """Plain execution over the default account's rows, and values for its arguments."""

    reference: naive.Naive
    values: Values
    viewer: auth.Viewer


KNOWN: list[Plain] = []
"""What the fixture found, for the strategy, which draws outside of the event loop."""


@pytest.fixture
async def plain(engine: AsyncEngine) -> Plain:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT slug, id FROM account"))
        accounts = {slug: id_ for slug, id_ in found}
    own, other = [await loaded.load(engine, accounts[slug]) for slug in ("default", "other")]
    viewer = auth.Viewer(accounts["default"], "default")
    made = naive.Naive(SCHEMA, own, {"account": "default", "apiKey": None, "scopes": list(viewer.scopes)})
    KNOWN[:] = [Plain(made, Values(own, other, made), viewer)]
    return KNOWN[0]


def asked(chance: random.Random) -> questions.Question:
    return questions.Writer(chance, SCHEMA, KNOWN[0].values).question()


async def answer(engine: AsyncEngine, viewer: auth.Viewer, question: Any, document: Any) -> ExecutionResult:
    """The real answer."""
    async with context.get_context(engine, viewer, "test") as made:
        executor: Any = schema.Executor.build(SCHEMA, document, None, made, question.variables)
        assert not isinstance(executor, list), executor
        result = executor.execute_operation()
        return result if isinstance(result, ExecutionResult) else await result


@settings(settings.get_profile("questions"))
@given(question=strategies.randoms(use_true_random=False).map(asked))
async def test_a_question_by_chance_has_the_answer_of_plain_execution(
    question: questions.Question, engine: AsyncEngine, plain: Plain
) -> None:
    document = parse(question.document)
    invalid = validate(SCHEMA, document)
    if any("conflict" in one.message for one in invalid):
        return
    assert not invalid, (question, invalid)
    real = await answer(engine, plain.viewer, question, document)
    if any(isinstance(one.original_error, errors.LimitExceeded) for one in real.errors or ()):
        return
    plainly = plain.reference.run(document, question.variables, None)
    ours, theirs = shown(real), shown(plainly)
    if real.errors:  # JSON values were read and written again, see `read/nulls.py`
        ours, theirs = orjson.dumps(orjson.loads(ours)), orjson.dumps(orjson.loads(theirs))
    assert ours == theirs
