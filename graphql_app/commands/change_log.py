"""Writing of the change log: one row for each change of a shipment, tracking event, carrier or API key."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text

Rows = Sequence[Mapping[str, Any]]


def describe_change(change: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `changed` column of a log row: field name → [old value, new value], with the status if it changed."""
    before, after = change["status_before"], change["status_after"]
    changed: Mapping[str, Any] = change["changed"]
    return changed if before == after else {"status": [before, after], **changed}


async def log_change(
    context: CommandContext, entity: str, entity_id: UUID, op: str, changed: Mapping[str, Any]
) -> None:
    """Log one change of an object that belongs to no shipment, such as a carrier or an API key."""
    values = {"entity": entity, "entity_id": entity_id, "op": op, "changed": json_text(changed)}
    await context.sql("change_insert", values)


async def save_rows(context: CommandContext, rows: Rows, packages: Rows, log: Rows, now: datetime) -> None:
    """Update rows of `shipment` and `package` and insert rows of `change`, in one statement.

    The shipments of `log` must be in `rows`, and locked. `now` is the time of the changes.
    """
    tables = {"shipments": json_text(rows), "packages": json_text(packages), "log": json_text(log)}
    await context.sql("shipments_save", {**tables, "now": now})
