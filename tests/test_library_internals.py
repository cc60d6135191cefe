"""Non-public names of libraries: each with the module that uses it and the version that it was tested with.

An upgrade that removes or renames one of them fails here, with a message that says where it is used.
"""

import ast
import importlib
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

import graphql_app

ROOT = Path(graphql_app.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
TESTED = {"graphql-core": "3.3", "strawberry-graphql": "0.341", "sqlalchemy": "2.1", "uvicorn": "0.54"}
"""Minor versions that the names below were tested with; pyproject.toml allows no later one."""

EXECUTOR = "graphql.execution.executor:Executor"
HTTP = "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol"
WEBSOCKET = "uvicorn.protocols.websockets.websockets_sansio_impl:WebSocketsSansIOProtocol"
NAMES = [
    ("graphql-core", "graphql.execution.collect_fields", "FieldDetails", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.collect_fields", "FragmentDetails", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.collect_fields", "GroupedFieldSet", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.collect_fields", "collect_fields", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.collect_fields", "collect_subfields", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.get_variable_signature", "GraphQLVariableSignature", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.get_variable_signature", "get_variable_signature", "graphql_internals.py"),
    ("graphql-core", "graphql.execution.values", "VariableValueSource", "graphql_internals.py"),
    ("graphql-core", "graphql.utilities.coerce_input_value", "coerce_default_value", "graphql_internals.py"),
    ("graphql-core", EXECUTOR, "execute_operation", "query_engine/executor.py"),
    ("graphql-core", EXECUTOR, "execute_root_grouped_field_set", "query_engine/executor.py"),
    ("graphql-core", EXECUTOR, "execute_field", "query_engine/executor.py"),
    ("graphql-core", EXECUTOR, "complete_value", "query_engine/executor.py"),
    ("graphql-core", EXECUTOR, "build_resolve_info", "query_engine/executor.py"),
    ("graphql-core", EXECUTOR, "handle_field_error", "query_engine/null_propagation.py"),
    ("graphql-core", EXECUTOR, "collect_subfields", "query_engine/null_propagation.py"),
    ("strawberry-graphql", "strawberry.execution", "optimized_is_awaitable", "graphql_internals.py"),
    ("strawberry-graphql", "strawberry.schema.schema", "StrawberryGraphQLCoreExecutionContext", "graphql_internals.py"),
    (
        "strawberry-graphql",
        "strawberry.schema.validation_rules.maybe_null",
        "MaybeNullValidationRule",
        "graphql_internals.py",
    ),
    ("sqlalchemy", "sqlalchemy.pool.base:_ConnectionRecord", "_is_hard_or_soft_invalidated", "database/pool.py"),
    ("sqlalchemy", "sqlalchemy.pool:Pool", "_do_return_conn", "database/pool.py"),
    ("sqlalchemy", "sqlalchemy.util", "greenlet_spawn", "database/pool.py"),
    ("uvicorn", "uvicorn.protocols.http.httptools_impl", "HttpToolsProtocol", "server/uvicorn_protocols.py"),
    ("uvicorn", "uvicorn.protocols.http.httptools_impl", "RequestResponseCycle", "server/uvicorn_protocols.py"),
]


@pytest.mark.parametrize(("library", "module", "attribute", "user"), NAMES, ids=lambda part: str(part).split(":")[-1])
def test_a_non_public_name_still_exists(library: str, module: str, attribute: str, user: str) -> None:
    path, _, owner = module.partition(":")
    scope = importlib.import_module(path)
    if owner:
        scope = getattr(scope, owner)
    assert hasattr(scope, attribute), (
        f"{library} {importlib.metadata.version(library)} has no {module} {attribute}, which graphql_app/{user} uses; "
        f"it was tested with {TESTED[library]}"
    )


@pytest.mark.parametrize(("library", "tested"), TESTED.items())
def test_no_untested_minor_version_is_allowed(library: str, tested: str) -> None:
    assert importlib.metadata.version(library).startswith(f"{tested}.")
    (requirement,) = [line for line in PROJECT["dependencies"] if re.match(rf"{library}\b", line)]
    major, minor = map(int, tested.split("."))
    assert requirement.endswith(f",<{major}.{minor + 1}"), requirement


PRIVATE_MODULES = re.compile(
    r"graphql\.(execution|utilities|type|pyutils|language|validation)\.\w+\."
    r"|graphql\.execution\.(collect_fields|executor|get_variable_signature|values)"
    r"|strawberry\.(execution|schema\.(schema|validation_rules))|uvicorn\.protocols"
)
MAY_USE_INTERNALS = {
    "graphql_internals.py",
    "database/pool.py",
    "server/uvicorn_protocols.py",
    "server/websocket_protocol.py",
}
NAMED_TUPLE_METHODS = {"_replace", "_asdict", "_mapping", "_value_"}
"""Documented, although they begin with an underscore: of NamedTuple, of SQLAlchemy's Row, of Enum."""


def test_only_four_modules_use_non_public_names() -> None:
    using = []
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and PRIVATE_MODULES.match(f"{node.module}."):
                using.append(f"{name} imports {node.module}")
            elif (
                isinstance(node, ast.Attribute)
                and node.attr.startswith("_")
                and node.attr not in NAMED_TUPLE_METHODS
                and not (node.attr.startswith("__") and node.attr.endswith("__") and "strawberry" not in node.attr)
                and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
                and not (isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()")
            ):
                using.append(f"{name} uses {node.attr}")
            elif isinstance(node, ast.Constant) and node.value == "strawberry-definition":
                using.append(f"{name} uses extensions['strawberry-definition']")
    assert [line for line in using if line.split()[0] not in MAY_USE_INTERNALS] == []
