"""The query in the docstring of `query_engine` becomes the statement and the response that are printed there."""

import re
from pathlib import Path

import httpx
import pytest

from graphql_app import query_engine

pytestmark = pytest.mark.seed_data
TEXT = query_engine.__doc__ or ""
BLOCKS = [block for block in re.split(r"\n\n(?=    )|\n\n(?=\S)", TEXT) if block.startswith("    ")]
MODULE = re.compile(r"^    (\w+) {2,}", re.M)


def joined(text: str) -> str:
    """A text without line breaks and indentation."""
    return re.sub(r"\s+", " ", text).replace("( ", "(").strip()


async def test_the_statement_and_the_response_match_the_docstring(
    client: httpx.AsyncClient, statements: list[str]
) -> None:
    _, query, sql, data = BLOCKS
    body = {"query": query, "variables": {"service": "express"}}
    response = await client.post("/graphql", json=body)
    assert joined(statements[-1]) == joined(sql)
    assert response.text == f'{{"data":{{"shipments":{data.strip()}}}}}'


def test_every_module_is_listed() -> None:
    modules = {path.stem for path in Path(query_engine.__path__[0]).glob("*.py")} - {"__init__"} | {"filters"}
    listed = set(MODULE.findall(BLOCKS[0])) | set(re.findall(r"`(\w+)`", BLOCKS[0]))
    assert listed == modules
