"""The rules of the house, as far as a program can see whether they are kept."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphql_app

ROOT = Path(graphql_app.__file__).parent
REPOSITORY = ROOT.parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "versions" not in path.parts)
LONGEST = 300

LAYERS = [
    "settings errors observe vocabulary lifecycle measures codes tracking_numbers places carrier_words",
    "models ids",
    "database pool rows auth keyring feed embedded binaries retention",
    "read actions",
    "api",
    "app cli access administration demo migrate migrations ops server start tables whereabouts __main__",
]
"""From the words to the process; a module imports from its own layer or from one above it in this list."""

STRANGERS = {"read": "actions", "actions": "read"}
VAGUE = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "base",
    "core",
    "service",
    "services",
    "manager",
    "misc",
    "lib",
}
DRIVERS = {"asyncpg", "psycopg", "psycopg2"}
KNOW_A_DRIVER = {"database.py", "pool.py", "rows.py", "feed.py", "embedded.py"}
ELSEWHERE = re.compile("|".join(["/ro" + "ot/", "/tmp/" + "dev", "/wo" + "rk/", "/ho" + r"me/\w+/"]))
"""Paths of machines on which somebody worked."""


def name(path: Path) -> str:
    """A module's path inside the package."""
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """All that a module imports, functions included, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(dotted: str) -> str | None:
    """The room that a dotted name of ours lies in."""
    first, _, rest = dotted.partition(".")
    return rest.split(".")[0] if first == "graphql_app" and rest else None


def layer(of: str) -> int:
    """A room's layer."""
    found = [at for at, rooms in enumerate(LAYERS) if of in rooms.split()]
    assert found, f"{of} is in no layer: say in tests/test_house.py and in CONTRIBUTING.md where it belongs"
    return found[0]


def rooms() -> Iterator[tuple[Path, str]]:
    for path in MODULES:
        own = name(path).removesuffix(".py").split("/")[0]
        if own != "__init__":
            yield path, own


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST
    assert ast.get_docstring(ast.parse(text)) or not text.strip()


def test_imports_point_down() -> None:
    up = [
        f"{name(path)} imports {target}"
        for path, own in rooms()
        for target in imports(path)
        if (other := room(target)) and layer(other) > layer(own)
    ]
    assert up == []


def test_reading_and_acting_are_strangers() -> None:
    assert [
        f"{name(path)} imports {target}"
        for path, own in rooms()
        for target in imports(path)
        if own in STRANGERS and room(target) == STRANGERS[own]
    ] == []


def test_only_the_edge_knows_strawberry() -> None:
    knowing = {name(path) for path in MODULES if any(target.split(".")[0] == "strawberry" for target in imports(path))}
    assert {path for path in knowing if not path.startswith("api/")} == {"read/executor.py"}


def test_few_know_a_driver() -> None:
    knowing = {name(path) for path in MODULES if any(target.split(".")[0] in DRIVERS for target in imports(path))}
    assert knowing <= KNOW_A_DRIVER


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        name(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in ("environ", "getenv", "putenv")
    }
    assert reading == {"settings.py"}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name(path) for path in MODULES if VAGUE & {path.stem, *path.relative_to(ROOT).parent.parts}] == []


def test_actions_never_commit() -> None:
    committing = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        if name(path).startswith(("actions/", "read/"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert committing == []


def test_no_file_speaks_of_somebodys_machine() -> None:
    kept = [path for path in REPOSITORY.glob("*") if path.is_file() and path.name not in (".git", ".env")] + [
        path
        for folder in ("graphql_app", "tests", "examples", "benchmarks", "docs", ".ci")
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and not {"__pycache__", "static", "results", "node_modules"} & set(path.parts)
    ]
    assert len(kept) > 100
    speaking = []
    for path in kept:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        speaking += [f"{path.relative_to(REPOSITORY)}: {found[0]}" for found in ELSEWHERE.finditer(text)]
    assert speaking == []


def test_the_newcomers_table_names_files_that_exist() -> None:
    table = (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:graphql_app|tests|examples|\.ci)/[\w./-]+)`", table))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []
