"""The query in the docstring of `query_engine` becomes the statement and the response that are printed there."""

import re
from pathlib import Path

import httpx
import pytest

from graphql_app import query_engine

pytestmark = pytest.mark.world
TEXT = query_engine.__doc__ or ""
BLOCKS = [block for block in re.split(r"\n\n(?=    )|\n\n(?=\S)", TEXT) if block.startswith("    ")]
MODULE = re.compile(r"^    (\w+) {2,}", re.M)


def unbroken(text: str) -> str:
    """A text without its line breaks and indents."""
    return re.sub(r"\s+", " ", text).replace("( ", "(").strip()


async def test_the_statement_and_the_answer_are_those_that_are_printed(
    client: httpx.AsyncClient, statements: list[str]
) -> None:
    _, question, sql, answer = BLOCKS
    asked = {"query": question, "variables": {"service": "express"}}
    got = await client.post("/graphql", json=asked)
    assert unbroken(statements[-1]) == unbroken(sql)
    assert got.text == f'{{"data":{{"shipments":{answer.strip()}}}}}'


def test_every_module_is_listed() -> None:
    modules = {path.stem for path in Path(query_engine.__path__[0]).glob("*.py")} - {"__init__"} | {"filters"}
    named = set(MODULE.findall(BLOCKS[0])) | set(re.findall(r"`(\w+)`", BLOCKS[0]))
    assert named == modules
