"""Golden trios: a query, the SQL that it becomes and the response. A worse statement shows as a difference.

`pytest tests/query_engine/test_golden.py --golden-update` rewrites `.sql` and `.json`; then read what changed. The SQL
is shown as it was sent, but for line breaks. In variables `@name:n` is the cursor of the n-th row of a connection in
CURSORS.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.graphql_client import Ask

pytestmark = pytest.mark.world
FOLDER = Path(__file__).parent / "golden"
QUESTIONS = sorted(FOLDER.glob("*.graphql"))
TEXTS = {path: path.read_text() for path in QUESTIONS}
CURSORS = {
    "shipments": "{ page: shipments { edges { cursor } } }",
    "mixed": "{ page: shipments(orderBy: [{field: STATUS_AT, direction: ASC}, {field: NUMBER}]) { edges { cursor } } }",
    "history": '{ one: shipment(by: { number: "SHP-0000007" }) { page: history { edges { cursor } } } }',
}
TOKEN = re.compile(r"E?'(?:[^']|'')*'|\(|\)|\s+|[^\s()']+")
BREAKS = {"SELECT", "FROM", "WHERE", "ORDER", "LIMIT", "UNION"}


def pretty(sql: str) -> str:
    """The statement with a line for each clause, two blanks deeper in every subquery. Literals stay as they are."""
    lines, line, depths = [], "", [0]
    tokens = TOKEN.findall(sql)
    for at, token in enumerate(tokens):
        if token == "(":
            following = next((one for one in tokens[at + 1 :] if not one.isspace()), "")
            depths.append(depths[-1] + (following == "SELECT"))
        elif token == ")":
            depths.pop()
        in_function = line.endswith(("FILTER (", "DISTINCT ")) or (
            token == "ORDER" and line.count("(") > line.count(")")
        )
        if token in BREAKS and not in_function:
            lines += [line.rstrip()] if line.strip() else []
            line = "  " * depths[-1] + token
        elif not token.isspace():
            line += token
        elif line.strip():
            line += " "
    return "\n".join([*lines, line.rstrip()])


async def variables_of(text: str, ask: Ask) -> dict[str, Any]:
    """The variables in a question's head, with their cursors put in."""
    found = re.search(r"^# variables: (.*)$", text, re.M)
    variables: dict[str, Any] = json.loads(found[1]) if found else {}
    for name, value in variables.items():
        if isinstance(value, str) and value.startswith("@"):
            page, number = value[1:].split(":")
            data = (await ask(CURSORS[page]))["data"]
            edges = (data.get("page") or data["one"]["page"])["edges"]
            variables[name] = edges[int(number) - 1]["cursor"]
    return variables


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
async def test_a_question_becomes_this_statement_and_has_this_answer(
    question: Path, client: httpx.AsyncClient, ask: Ask, statements: list[str], pytestconfig: pytest.Config
) -> None:
    text = TEXTS[question]
    variables = await variables_of(text, ask)
    await ask("{ __typename }")
    statements.clear()
    answer = await client.post("/graphql", json={"query": text, "variables": variables})
    sql = "\n\n".join(pretty(one) for one in statements) + "\n"
    shown = json.dumps(hidden(answer.json()), indent=2, ensure_ascii=False) + "\n"
    compare_or_write(question, sql, shown, write=pytestconfig.getoption("--golden-update"))


def compare_or_write(question: Path, sql: str, shown: str, *, write: bool) -> None:
    for path, now in ((question.with_suffix(".sql"), sql), (question.with_suffix(".json"), shown)):
        if write:
            path.write_text(now)
        assert path.read_text() == now


def hidden(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without the ids of requests."""
    for error in answer.get("errors", ()):
        del error["extensions"]["requestId"]
    return answer


def test_there_are_enough_of_them() -> None:
    assert len(QUESTIONS) >= 40
    assert {path.stem for path in FOLDER.iterdir()} == {path.stem for path in QUESTIONS}
