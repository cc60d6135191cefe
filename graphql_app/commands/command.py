"""What an action gets and what it answers. It gets a running transaction and who asks; it answers an outcome a row.

Actions never commit. They run the statements beside this module, and gather what is wrong instead of raising it, so
that one bad row says nothing about the others.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from graphql_app.commands import sql_loader
from graphql_app.commands.validation import Validator, Warning
from graphql_app.errors import user_errors

Execute = Callable[[str, Sequence[object]], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One call under way. `dry`: everything is checked and nothing is written."""

    execute: Execute
    account_id: UUID
    actor: str
    request_id: str
    validate_only: bool = False

    async def sql(self, name: str, values: Mapping[str, Any], parts: Iterable[str] = ()) -> Sequence[Any]:
        """Rows of one of our statements, with these of its optional parts, within the call's account."""
        statement = sql_loader.load(name, frozenset(parts))
        own = {
            "account": self.account_id,
            "actor": self.actor,
            "request_id": self.request_id,
            "validate_only": self.validate_only,
        }
        return await self.execute(statement.sql, statement.arguments({**own, **values}))


@dataclass(slots=True)
class RowResult:
    """What became of one row of a call: what it is about, what was done, what is wrong, what looks odd."""

    client_ref: str | None = None
    shipment: UUID | None = None
    event: UUID | None = None
    carrier: UUID | None = None
    api_key: UUID | None = None
    created: bool = False
    duplicate: bool = False
    status_changed: bool = False
    errors: list[user_errors.UserError] = field(default_factory=list)
    warnings: list[Warning] = field(default_factory=list)

    @classmethod
    def from_validator(cls, check: Validator, **more: Any) -> "RowResult":
        """The outcome of a row that was checked."""
        return cls(errors=check.errors, warnings=check.warnings, **more)


def json_text(value: object) -> str:
    """JSON for the database, decimals as the texts that they are in the API. Rows as JSON are what a statement takes
    for a table: written at once, where arrays are encoded value by value."""
    return orjson.dumps(value, default=json_default).decode()


def json_default(value: object) -> str:
    """What orjson does not know: decimals, the driver's own kind of UUIDs, bytes."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
