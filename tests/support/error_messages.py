"""Assertion that error messages reveal no internals."""

from typing import Any

INTERNAL_NAMES = [
    "Traceback",
    "asyncpg",
    "sqlalchemy",
    "SELECT",
    "graphql_app",
    "Decimal(",
    "datetime",
    "NoneType",
    "expected str",
]
"""Parts of messages that would reveal the program, a library or a statement."""


def assert_no_internals(response: dict[str, Any]) -> None:
    """Assert that no error is an internal one and that no message names internals."""
    for error in response.get("errors", ()):
        assert error["extensions"]["code"] != "INTERNAL_ERROR", error
        assert not [name for name in INTERNAL_NAMES if name in error["message"]], error["message"]
