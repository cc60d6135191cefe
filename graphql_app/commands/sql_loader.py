"""Loader of hand-written SQL in `sql/`: named parameters become $1, $2, …; optional parts are included on demand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PARAMETER = re.compile(r"@([a-z_]+)")
"""A named parameter."""
COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
"""A line that is a comment; it is not sent to PostgreSQL."""
OPTIONAL_PART = re.compile(r"^-- if (\w+)\n(.*?)^-- end\n", re.MULTILINE | re.DOTALL)
"""An optional part: its name and its lines."""


@dataclass(frozen=True)
class SqlStatement:
    """One statement: its SQL with $1, $2, … and the parameter names in this order."""

    sql: str
    names: tuple[str, ...]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the parameters. A missing one raises KeyError."""
        return [values[name] for name in self.names]


@cache
def load(name: str, parts: frozenset[str] = frozenset()) -> SqlStatement:
    """Load `sql/<name>.sql`. A parameter is written `@name` and may occur several times.

    The lines between `-- if part` and `-- end` are included only if `parts` contains that part: PostgreSQL initializes
    every node of a statement, even for no rows.
    """
    text = (files(__package__) / "sql" / f"{name}.sql").read_text()
    text = COMMENT.sub("", OPTIONAL_PART.sub(lambda match: match[2] if match[1] in parts else "", text))
    names = tuple(dict.fromkeys(PARAMETER.findall(text)))
    placeholders = {name: f"${number}" for number, name in enumerate(names, 1)}
    return SqlStatement(PARAMETER.sub(lambda match: placeholders[match[1]], text), names)
