"""SQL that is written by hand: the files beside this one, with their parameters by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PARAMETER = re.compile(r"@([a-z_]+)")
COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
OPTIONAL = re.compile(r"^-- if (\w+)\n(.*?)^-- end\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class SqlStatement:
    """One statement: its text with $1, $2, … and the names of these."""

    sql: str
    names: tuple[str, ...]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order in which the statement wants them. KeyError for one that is missing."""
        return [values[name] for name in self.names]


@cache
def load(name: str, parts: frozenset[str] = frozenset()) -> SqlStatement:
    """The statement of a file. A parameter is written `@name`, and may stand in several places.

    What stands between `-- if part` and `-- end` belongs to it only where that part is asked for: PostgreSQL sets up
    all that a statement says, even for no rows.
    """
    text = (files(__package__) / "sql" / f"{name}.sql").read_text()
    text = COMMENT.sub("", OPTIONAL.sub(lambda found: found[2] if found[1] in parts else "", text))
    names = tuple(dict.fromkeys(PARAMETER.findall(text)))
    places = {name: f"${at}" for at, name in enumerate(names, 1)}
    return SqlStatement(PARAMETER.sub(lambda found: places[found[1]], text), names)
