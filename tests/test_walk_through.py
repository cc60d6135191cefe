"""The question that `read/__init__.py` follows through its rooms becomes what is printed there."""

import re
from pathlib import Path

import httpx
import pytest

from graphql_app import read

pytestmark = pytest.mark.world
TEXT = read.__doc__ or ""
BLOCKS = [block for block in re.split(r"\n\n(?=    )|\n\n(?=\S)", TEXT) if block.startswith("    ")]
ROOM = re.compile(r"^    (\w+) {3,}", re.M)


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


def test_every_room_is_on_the_map() -> None:
    rooms = {path.stem for path in Path(read.__path__[0]).glob("*.py")} - {"__init__"}
    named = set(ROOM.findall(BLOCKS[0])) | set(re.findall(r"`(\w+)`", BLOCKS[0]))
    assert named == rooms
