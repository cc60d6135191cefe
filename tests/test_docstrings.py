"""Docstrings and names: what a newcomer relies on when reading the code."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphql_app
from graphql_app.errors import request_errors, startup_error, user_errors

ROOT = Path(graphql_app.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)
ERRORS = {
    name
    for module in (request_errors, user_errors, startup_error)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Exception)
}
"""The names of our own error classes."""

Function = ast.FunctionDef | ast.AsyncFunctionDef

MIRRORS = "the GraphQL type mirrors the table"
PAYLOAD = "the GraphQL type shows the object in a payload"
FAMILIES = "an input and a whole request can fail for the same reason, under the same code"
SHARED_NAMES = {
    "ApiKey": MIRRORS,
    "Carrier": MIRRORS,
    "Change": MIRRORS,
    "Package": MIRRORS,
    "Party": MIRRORS,
    "Shipment": MIRRORS,
    "ShipmentItem": MIRRORS,
    "TrackingEvent": MIRRORS,
    "UserError": PAYLOAD,
    "Viewer": PAYLOAD,
    "Forbidden": FAMILIES,
    "LimitExceeded": FAMILIES,
    "NotFound": FAMILIES,
}
"""Names of classes that are defined in two modules, and why. Every other name has one meaning in the package."""


def name(path: Path) -> str:
    """A module's path inside the package."""
    return path.relative_to(ROOT).as_posix()


def public_functions(path: Path) -> Iterator[tuple[str, Function]]:
    """The public functions of a module and the public methods of its public classes."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of functions defined inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def raised(function: Function) -> set[str]:
    """The names of our errors that a function raises itself."""
    names = set()
    for node in own_nodes(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(error.attr if isinstance(error, ast.Attribute) else getattr(error, "id", ""))
    return names & ERRORS


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_public_function_names_the_errors_that_it_raises(path: Path) -> None:
    assert [
        f"{function_name} raises {error}"
        for function_name, function in public_functions(path)
        for error in sorted(raised(function))
        if error not in (ast.get_docstring(function) or "")
    ] == []


def is_described_in_the_schema(path: Path) -> bool:
    """Whether the classes and functions of a module are types, fields and their resolvers."""
    return name(path).split("/")[0] in ("graphql_types", "schema") or name(path) == "mutations/resolvers.py"


@pytest.mark.parametrize("path", [path for path in MODULES if not is_described_in_the_schema(path)], ids=name)
def test_public_classes_and_functions_have_docstrings(path: Path) -> None:
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes if not ast.get_docstring(node)] == []
    assert [
        function_name for function_name, function in public_functions(path) if not ast.get_docstring(function)
    ] == []


def test_a_class_or_type_alias_has_one_meaning_in_the_package() -> None:
    defined = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            names = []
            if isinstance(node, ast.ClassDef):
                names = [node.name]
            elif isinstance(node, ast.Assign):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names = [node.target.id]
            for defined_name in names:
                if defined_name[0].isupper() and not defined_name.isupper():
                    defined[defined_name].append(name(path))
    twice = {defined_name: places for defined_name, places in defined.items() if len(places) > 1}
    assert {defined_name: places for defined_name, places in twice.items() if defined_name not in SHARED_NAMES} == {}
    assert SHARED_NAMES.keys() <= twice.keys()
    assert all(len(places) == 2 for places in twice.values())
