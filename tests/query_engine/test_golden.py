"""Golden trios: a query, its SQL and its response. A worse statement shows up as a difference.

`pytest tests/query_engine/test_golden.py --golden-update` rewrites `.sql` and `.json`; review the difference. The SQL
is the statement as it was sent, except for line breaks. In variables, `@name:n` is the cursor of the n-th row of a
connection in CURSORS.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.graphql_client import Execute

pytestmark = pytest.mark.seed_data
FOLDER = Path(__file__).parent / "golden"
QUERIES = sorted(FOLDER.glob("*.graphql"))
TEXTS = {path: path.read_text() for path in QUERIES}
CURSORS = {
    "shipments": "{ page: shipments { edges { cursor } } }",
    "mixed": "{ page: shipments(orderBy: [{field: STATUS_AT, direction: ASC}, {field: NUMBER}]) { edges { cursor } } }",
    "history": '{ shipment(by: { number: "SHP-0000007" }) { page: history { edges { cursor } } } }',
}
TOKEN = re.compile(r"E?'(?:[^']|'')*'|\(|\)|\s+|[^\s()']+")
BREAKS = {"SELECT", "FROM", "WHERE", "ORDER", "LIMIT", "UNION"}


def pretty(sql: str) -> str:
    """Return the statement with one line per clause, subqueries indented by two spaces. Literals do not change."""
    lines, line, depths = [], "", [0]
    tokens = TOKEN.findall(sql)
    for index, token in enumerate(tokens):
        if token == "(":
            following = next((later for later in tokens[index + 1 :] if not later.isspace()), "")
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


async def variables_of(text: str, execute: Execute) -> dict[str, Any]:
    """Return the variables from the comment of a query, with placeholders replaced by cursors."""
    comment = re.search(r"^# variables: (.*)$", text, re.M)
    variables: dict[str, Any] = json.loads(comment[1]) if comment else {}
    for name, value in variables.items():
        if isinstance(value, str) and value.startswith("@"):
            page, number = value[1:].split(":")
            data = (await execute(CURSORS[page]))["data"]
            edges = (data.get("page") or data["shipment"]["page"])["edges"]
            variables[name] = edges[int(number) - 1]["cursor"]
    return variables


@pytest.mark.parametrize("query_path", QUERIES, ids=lambda path: path.stem)
async def test_a_query_has_the_golden_statement_and_response(
    query_path: Path, client: httpx.AsyncClient, execute: Execute, statements: list[str], pytestconfig: pytest.Config
) -> None:
    text = TEXTS[query_path]
    variables = await variables_of(text, execute)
    await execute("{ __typename }")
    statements.clear()
    response = await client.post("/graphql", json={"query": text, "variables": variables})
    sql = "\n\n".join(pretty(statement) for statement in statements) + "\n"
    body = json.dumps(without_request_ids(response.json()), indent=2, ensure_ascii=False) + "\n"
    compare_or_write(query_path, sql, body, write=pytestconfig.getoption("--golden-update"))


def compare_or_write(query_path: Path, sql: str, body: str, *, write: bool) -> None:
    """Compare the SQL and the response with the golden files, or rewrite the files first."""
    for path, actual in ((query_path.with_suffix(".sql"), sql), (query_path.with_suffix(".json"), body)):
        if write:
            path.write_text(actual)
        assert path.read_text() == actual


def without_request_ids(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response without the request ids of its errors."""
    for error in response.get("errors", ()):
        del error["extensions"]["requestId"]
    return response


def test_every_golden_file_belongs_to_a_query() -> None:
    assert len(QUERIES) >= 40
    assert {path.stem for path in FOLDER.iterdir()} == {path.stem for path in QUERIES}
