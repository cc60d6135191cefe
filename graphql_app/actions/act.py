"""What an action gets and what it answers. It gets a running transaction and who asks; it answers an outcome a row.

Actions never commit. They run the statements beside this module, and gather what is wrong instead of raising it, so
that one bad row says nothing about the others.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql_app import errors
from graphql_app.actions import statements
from graphql_app.actions.checks import Check, Warning

Run = Callable[[str, Sequence[object]], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Act:
    """One call under way. `dry`: everything is checked and nothing is written."""

    run: Run
    account_id: UUID
    actor: str
    request_id: str
    dry: bool = False

    async def sql(self, name: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Rows of one of our statements, within the call's account."""
        statement = statements.load(name)
        own = {"account": self.account_id, "actor": self.actor, "request_id": self.request_id, "dry": self.dry}
        return await self.run(statement.sql, statement.arguments({**own, **values}))


@dataclass(slots=True)
class Outcome:
    """What became of one row of a call: what it is about, what was done, what is wrong, what looks odd."""

    client_ref: str | None = None
    shipment: UUID | None = None
    event: UUID | None = None
    carrier: UUID | None = None
    api_key: UUID | None = None
    created: bool = False
    duplicate: bool = False
    status_changed: bool = False
    problems: list[errors.Problem] = field(default_factory=list)
    warnings: list[Warning] = field(default_factory=list)

    @classmethod
    def of(cls, check: Check, **more: Any) -> "Outcome":
        """The outcome of a row that was checked."""
        return cls(problems=check.problems, warnings=check.warnings, **more)


def columns(rows: Sequence[Mapping[str, Any]], names: str, prefix: str = "") -> dict[str, list[Any]]:
    """Rows turned into the arrays that a statement takes, one for each of the names."""
    return {prefix + name: [row[name] for row in rows] for name in names.split()}
