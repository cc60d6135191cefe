"""The tables of error codes and limits in docs/http.md are those of the program.

`pytest --golden-update` with this file rewrites them from the program.
"""

import json
from pathlib import Path

import pytest

from graphql_app import errors, server
from graphql_app.api import answers, limits, wire
from graphql_app.read import bounds, pages

ROOT = Path(__file__).parents[1]


def family(kind: type[errors.RequestError]) -> list[type[errors.RequestError]]:
    """A refusal and all that are kinds of it, the general before the special."""
    return [kind, *(one for child in kind.__subclasses__() for one in family(child))]


def codes() -> str:
    """Each code once, with the meaning of the most general refusal that has it."""
    found: dict[str, type[errors.RequestError]] = {}
    for kind in family(errors.RequestError):
        found.setdefault(kind.code, kind)
    lines = []
    for code, kind in sorted(found.items()):
        status = f"{kind.status} or 200" if issubclass(kind, errors.GraphQLFault) else str(kind.status)
        meaning = {
            "PERSISTED_QUERY_NOT_FOUND": "The hash is unknown. Send it again together with the query.",
            "PERSISTED_QUERY_NOT_SUPPORTED": "Unsupported protocol version, or only trusted documents are allowed.",
        }
        lines.append(f"| `{code}` | {status} | {meaning.get(code, (kind.__doc__ or '').strip())} |")
    return "\n".join(lines)


def bounded() -> str:
    """Each limit with its number."""
    rows = {
        "body": f"{wire.MOST_BYTES:,} bytes; {limits.QUERY_BYTES:,} for a query",
        "request line and headers": f"{server.MOST_HEAD:,} bytes, {server.MOST_HEADERS} headers",
        "nesting of JSON, nesting of values in a document": f"{wire.MOST_DEPTH}, {limits.VALUE_DEPTH}",
        "digits of a JSON number": f"{wire.MOST_DIGITS}",
        "lists and objects in a request": f"{limits.PARTS:,}; {limits.QUERY_PARTS:,} for a query",
        "document": f"{limits.CHARACTERS:,} characters, {limits.TOKENS:,} tokens",
        "operations, fragments per document": f"{limits.OPERATIONS}, {limits.FRAGMENTS}",
        "depth": f"{limits.DEPTH}; {limits.INTROSPECTION_DEPTH} within `__schema` and `__type`",
        "fields": f"{limits.FIELDS}; {limits.REPEATS} times the same field in one selection set",
        "aliases, directives": f"{limits.ALIASES}, {limits.DIRECTIVES}",
        "root fields": f"{limits.ROOT_FIELDS}; {limits.MUTATION_FIELDS} in a mutation",
        "cost": f"{bounds.MOST_COST:,}",
        "tables, filter conditions per root field": f"{bounds.MOST_TABLES}, {bounds.MOST_CONDITIONS}",
        "page size": f"{pages.MOST}",
        "errors per response, characters per message": f"{answers.MOST_ERRORS}, {answers.MOST_CHARACTERS}",
    }
    return "\n".join(f"| {name} | {most} |" for name, most in rows.items())


@pytest.mark.parametrize(("name", "table"), [("codes", codes()), ("limits", bounded())])
def test_the_table_is_that_of_the_program(name: str, table: str, pytestconfig: pytest.Config) -> None:
    path = ROOT / "docs" / "http.md"
    inside = path.read_text().partition(f"<!-- {name}: ")[2].partition(f"<!-- /{name} -->")[0]
    documented = "\n".join(inside.splitlines()[3:]).strip()
    if pytestconfig.getoption("--golden-update"):
        path.write_text(path.read_text().replace(documented, table))
        documented = table
    assert documented == table


def test_the_readme_has_the_same_numbers() -> None:
    readme = (ROOT / "README.md").read_text().partition("## Limits")[2]
    for number, what in (
        (limits.CHARACTERS // 1000, "kB"),
        (limits.TOKENS, "tokens"),
        (limits.ALIASES, "aliases"),
        (limits.FIELDS, "fields"),
        (limits.DIRECTIVES, "directives"),
        (limits.FRAGMENTS, "fragments"),
        (limits.OPERATIONS, "operations"),
        (limits.ROOT_FIELDS, "root fields"),
        (limits.MUTATION_FIELDS, "mutation fields"),
        (wire.MOST_BYTES // 1_000_000, "MB"),
        (pages.MOST, "rows per page"),
    ):
        assert f"{number:,} {what}" in readme
    assert f"depth {limits.DEPTH}" in readme
    assert f"cost {bounds.MOST_COST:,}" in readme


def test_the_readme_shows_a_question_the_statement_it_becomes_and_the_answer() -> None:
    readme, golden = (ROOT / "README.md").read_text(), ROOT / "tests" / "golden"
    assert (golden / "readme.graphql").read_text().strip() in readme
    assert (golden / "readme.sql").read_text().strip() in readme
    answer = json.loads((golden / "readme.json").read_text())
    assert f"```json\n{json.dumps(answer, ensure_ascii=False)}\n```" in readme
