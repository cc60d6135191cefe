"""The tables of error codes and limits in docs/http.md match the program.

`pytest --golden-update` with this file rewrites them from the program.
"""

import json
from pathlib import Path

import pytest

from graphql_app.errors import request_errors
from graphql_app.execution import document_limits, error_formatting, request
from graphql_app.query_engine import cost, pagination
from graphql_app.server import uvicorn_protocols

ROOT = Path(__file__).parents[2]


def class_tree(kind: type[request_errors.RequestError]) -> list[type[request_errors.RequestError]]:
    """An error class and all its subclasses, base classes first."""
    return [kind, *(error for child in kind.__subclasses__() for error in class_tree(child))]


def codes() -> str:
    """The table of error codes: each code once, with the docstring of its most general class."""
    classes: dict[str, type[request_errors.RequestError]] = {}
    for kind in class_tree(request_errors.RequestError):
        classes.setdefault(kind.code, kind)
    lines = []
    for code, kind in sorted(classes.items()):
        status = f"{kind.status} or 200" if issubclass(kind, request_errors.GraphQLRequestError) else str(kind.status)
        meaning = {
            "PERSISTED_QUERY_NOT_FOUND": "The hash is unknown. Send it again together with the query.",
            "PERSISTED_QUERY_NOT_SUPPORTED": "Unsupported protocol version, or only trusted documents are allowed.",
        }
        lines.append(f"| `{code}` | {status} | {meaning.get(code, (kind.__doc__ or '').strip())} |")
    return "\n".join(lines)


def limits() -> str:
    """The table of limits."""
    rows = {
        "body": f"{request.MAX_BODY_BYTES:,} bytes; {document_limits.MAX_QUERY_BYTES:,} for a query",
        "request line and headers": (
            f"{uvicorn_protocols.MAX_HEADER_BYTES:,} bytes, {uvicorn_protocols.MAX_HEADERS} headers"
        ),
        "nesting of JSON, nesting of values in a document": (
            f"{request.MAX_JSON_DEPTH}, {document_limits.MAX_VALUE_DEPTH}"
        ),
        "digits of a JSON number": f"{request.MAX_NUMBER_DIGITS}",
        "lists and objects in a request": (
            f"{document_limits.MAX_MUTATION_CONTAINERS:,}; {document_limits.MAX_QUERY_CONTAINERS:,} for a query"
        ),
        "document": f"{document_limits.MAX_DOCUMENT_CHARACTERS:,} characters, {document_limits.MAX_TOKENS:,} tokens",
        "operations, fragments per document": f"{document_limits.MAX_OPERATIONS}, {document_limits.MAX_FRAGMENTS}",
        "depth": (
            f"{document_limits.MAX_DEPTH}; {document_limits.MAX_INTROSPECTION_DEPTH} within `__schema` and `__type`"
        ),
        "fields": (
            f"{document_limits.MAX_FIELDS}; "
            f"{document_limits.MAX_FIELD_REPEATS} times the same field in one selection set"
        ),
        "aliases, directives": f"{document_limits.MAX_ALIASES}, {document_limits.MAX_DIRECTIVES}",
        "root fields": f"{document_limits.MAX_ROOT_FIELDS}; {document_limits.MAX_MUTATION_FIELDS} in a mutation",
        "cost": f"{cost.MAX_COST:,}",
        "tables, filter conditions per root field": f"{cost.MAX_TABLES}, {cost.MAX_CONDITIONS}",
        "page size": f"{pagination.MAX_PAGE_SIZE}",
        "errors per response, characters per message": (
            f"{error_formatting.MAX_ERRORS}, {error_formatting.MAX_MESSAGE_CHARACTERS}"
        ),
    }
    return "\n".join(f"| {name} | {limit} |" for name, limit in rows.items())


@pytest.mark.parametrize(("name", "table"), [("codes", codes()), ("limits", limits())])
def test_the_table_matches_the_program(name: str, table: str, pytestconfig: pytest.Config) -> None:
    path = ROOT / "docs" / "http.md"
    inside = path.read_text().partition(f"<!-- {name}: ")[2].partition(f"<!-- /{name} -->")[0]
    documented = "\n".join(inside.splitlines()[3:]).strip()
    if pytestconfig.getoption("--golden-update"):
        path.write_text(path.read_text().replace(documented, table))
        documented = table
    assert documented == table


def test_the_readme_states_the_same_limits() -> None:
    readme = (ROOT / "README.md").read_text().partition("## Limits")[2]
    for number, unit in (
        (document_limits.MAX_DOCUMENT_CHARACTERS // 1000, "kB"),
        (document_limits.MAX_TOKENS, "tokens"),
        (document_limits.MAX_ALIASES, "aliases"),
        (document_limits.MAX_FIELDS, "fields"),
        (document_limits.MAX_DIRECTIVES, "directives"),
        (document_limits.MAX_FRAGMENTS, "fragments"),
        (document_limits.MAX_OPERATIONS, "operations"),
        (document_limits.MAX_ROOT_FIELDS, "root fields"),
        (document_limits.MAX_MUTATION_FIELDS, "mutation fields"),
        (request.MAX_BODY_BYTES // 1_000_000, "MB"),
        (pagination.MAX_PAGE_SIZE, "rows per page"),
    ):
        assert f"{number:,} {unit}" in readme
    assert f"depth {document_limits.MAX_DEPTH}" in readme
    assert f"cost {cost.MAX_COST:,}" in readme


def test_the_readme_shows_a_query_with_its_sql_and_its_response() -> None:
    readme, golden = (ROOT / "README.md").read_text(), ROOT / "tests" / "query_engine" / "golden"
    assert (golden / "readme.graphql").read_text().strip() in readme
    assert (golden / "readme.sql").read_text().strip() in readme
    response = json.loads((golden / "readme.json").read_text())
    assert f"```json\n{json.dumps(response, ensure_ascii=False)}\n```" in readme
