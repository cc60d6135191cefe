"""The architecture of `docs/architecture.md`, as far as a program can check it: layers, imports, names, docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphql_app

ROOT = Path(graphql_app.__file__).parent
REPOSITORY = ROOT.parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "versions" not in path.parts)
PACKAGES = sorted({path.parent for path in MODULES} - {ROOT / "migrations"})
MAX_LINES = 300

LAYERS = [
    "__main__",
    "cli",
    "server",
    "transport",
    "subscriptions",
    "execution",
    "schema",
    "mutations",
    "demo",
    "graphql_types",
    "commands query_engine",
    "operation_context",
    "auth",
    "database migrations",
    "settings",
    "models",
    "errors",
    "domain",
    "observability",
    "graphql_internals",
]
"""From the process down to the libraries. A module imports from its own layer or from a layer below it in this list;
`commands` and `query_engine` never import each other."""

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
DRIVER_MODULES = {
    "database/connection.py",
    "database/engine.py",
    "database/errors.py",
    "database/pool.py",
    "database/reader.py",
    "database/change_notifier.py",
    "database/embedded_server.py",
}
STRAWBERRY_PACKAGES = {"graphql_types", "schema", "execution", "transport"}
MACHINE_PATHS = re.compile("|".join(["/ro" + "ot/", "/tmp/" + "dev", "/wo" + "rk/", "/ho" + r"me/\w+/"]))
"""Paths of machines on which somebody worked."""


def name(path: Path) -> str:
    """A module's path inside the package."""
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """A module's dotted name; a package is named by its directory."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


NAMES = {module_name(path) for path in MODULES}


def imports(path: Path) -> Iterator[str]:
    """All that a module imports, functions and type checking included, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_modules(path: Path) -> set[str]:
    """The modules of this package that a module imports, without the packages around itself."""
    modules = set()
    for dotted in imports(path):
        module = dotted if dotted in NAMES else dotted.rpartition(".")[0]
        if module in NAMES and not f"{module_name(path)}.".startswith(f"{module}."):
            modules.add(module)
    return modules


def package(dotted: str) -> str:
    """The first part of a dotted name below `graphql_app`."""
    return dotted.split(".")[1] if "." in dotted else ""


def layer(of: str) -> int:
    """The layer of a package or top-level module; 0 is the highest."""
    levels = [level for level, packages in enumerate(LAYERS) if of in packages.split()]
    assert levels, f"{of} is in no layer: add it to tests/test_architecture.py and docs/architecture.md"
    return levels[0]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_and_has_a_docstring(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text))


def test_no_file_of_tests_examples_and_benchmarks_is_long() -> None:
    files = [
        path for folder in ("tests", "examples", "benchmarks", "tools") for path in (REPOSITORY / folder).rglob("*.py")
    ]
    assert len(files) > 100
    assert [str(path) for path in files if len(path.read_text().splitlines()) > MAX_LINES] == []


def test_every_package_says_what_belongs_in_it_and_what_it_may_import() -> None:
    docstrings = {name(path): ast.get_docstring(ast.parse((path / "__init__.py").read_text())) for path in PACKAGES}
    assert [path for path, text in docstrings.items() if not text] == []
    assert [path for path, text in docstrings.items() if path != "." and "ay import" not in (text or "")] == []


def test_no_module_imports_from_a_layer_above_its_own() -> None:
    assert [
        f"{name(path)} imports {target}"
        for path in MODULES
        if path.parent != ROOT or path.stem != "__init__"
        for target in imported_modules(path)
        if package(target) and layer(package(target)) < layer(package(module_name(path)))
    ] == []


def test_no_modules_import_each_other_in_a_cycle() -> None:
    graph = {module_name(path): imported_modules(path) for path in MODULES}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> list[str]:
        if module in above:
            return [" -> ".join((*above[above.index(module) :], module))]
        if module in done:
            return []
        cycles = [cycle for inner in sorted(graph.get(module, ())) for cycle in visit(inner, (*above, module))]
        done.add(module)
        return cycles

    assert [cycle for module in sorted(graph) for cycle in visit(module, ())] == []


def test_commands_and_the_query_engine_do_not_import_each_other() -> None:
    other = {"commands": "query_engine", "query_engine": "commands"}
    assert [
        f"{name(path)} imports {target}"
        for path in MODULES
        for target in imports(path)
        if other.get(package(module_name(path))) == (package(target) if target.startswith("graphql_app.") else "")
        and package(module_name(path)) in other
    ] == []


def test_the_domain_knows_neither_sql_nor_strawberry() -> None:
    foreign = {"sqlalchemy", "sqlmodel", "asyncpg", "strawberry", "graphql", "starlette"}
    assert [
        f"{name(path)} imports {target}"
        for path in MODULES
        if package(module_name(path)) == "domain"
        for target in imports(path)
        if target.split(".")[0] in foreign
    ] == []


def test_only_the_graphql_packages_import_strawberry() -> None:
    importing = {
        name(path) for path in MODULES if any(target.split(".")[0] == "strawberry" for target in imports(path))
    }
    assert {path for path in importing if path.split("/")[0] not in STRAWBERRY_PACKAGES} == {"graphql_internals.py"}


def test_only_the_database_package_imports_a_driver() -> None:
    importing = {name(path) for path in MODULES if any(target.split(".")[0] in DRIVERS for target in imports(path))}
    assert importing <= DRIVER_MODULES


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        name(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in ("environ", "getenv", "putenv")
    }
    assert reading == {"settings.py"}


def test_only_the_database_tells_the_time() -> None:
    """What is stored and compared has one clock. The examples of GraphiQL are not stored."""
    clock = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time|fromtimestamp)\(")
    readers = [path for path in MODULES if clock.search(path.read_text())]
    assert readers == [ROOT / "transport" / "graphiql.py"]


def test_no_module_has_a_vague_name() -> None:
    assert [name(path) for path in MODULES if VAGUE & {path.stem, *path.relative_to(ROOT).parent.parts}] == []


def test_no_star_imports() -> None:
    assert [
        name(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ] == []


def test_commands_and_the_query_engine_never_commit() -> None:
    committing = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        if name(path).startswith(("commands/", "query_engine/"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert committing == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    kept = [path for path in REPOSITORY.glob("*") if path.is_file() and path.name not in (".git", ".env")] + [
        path
        for folder in ("graphql_app", "tests", "examples", "benchmarks", "docs", ".ci")
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and not {"__pycache__", "static", "results", "node_modules"} & set(path.parts)
    ]
    assert len(kept) > 100
    machine_paths = []
    for path in kept:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        machine_paths += [f"{path.relative_to(REPOSITORY)}: {match[0]}" for match in MACHINE_PATHS.finditer(text)]
    assert machine_paths == []


def test_the_table_for_contributors_names_files_that_exist() -> None:
    table = (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:graphql_app|tests|examples|\.ci)/[\w./-]+)`", table))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []
