"""The tree of errors in the docstring of `graphql_app.errors` has every class with its code and HTTP status."""

import re

from graphql_app import errors
from graphql_app.errors import request_errors, user_errors

LINE = re.compile(r"^ {4}([│├└─ ]*)(\w+) {2,}([A-Z_]+)(?: {2,}(\d+))?", re.M)


def tree(kind: type, depth: int = 0) -> list[tuple[int, str, str, str]]:
    """A class and its subclasses in the order of definition: depth, name, code, HTTP status."""
    status = str(kind.status) if issubclass(kind, request_errors.RequestError) else ""
    row = (depth, kind.__name__, str(kind.code), status)  # type: ignore[attr-defined]
    return [row, *(inner for child in kind.__subclasses__() for inner in tree(child, depth + 1))]


def test_the_tree_of_errors_is_that_of_the_classes() -> None:
    lines = [
        (len(branches) // 4, name, code, status) for branches, name, code, status in LINE.findall(errors.__doc__ or "")
    ]
    assert sorted(lines) == sorted([*tree(user_errors.UserError), *tree(request_errors.RequestError)])
