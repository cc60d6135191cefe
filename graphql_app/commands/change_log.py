"""TODO docstring."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from graphql_app.commands.command import CommandContext, json_text

Rows = Sequence[Mapping[str, Any]]


def describe_change(change: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a row of the log says of a change."""
    before, after = change["status_before"], change["status_after"]
    changed: Mapping[str, Any] = change["changed"]
    return changed if before == after else {"status": [before, after], **changed}


async def log(act: CommandContext, entity: str, entity_id: UUID, op: str, changed: Mapping[str, Any]) -> None:
    """One change of something that belongs to no shipment, such as a carrier: it is only logged."""
    change = {"entity": entity, "entity_id": entity_id, "shipment_seq": 0, "op": op, "changed": json_text(changed)}
    await write(act, log=[change])


async def write(act: CommandContext, rows: Rows = (), packages: Rows = (), log: Rows = ()) -> None:
    """Rows of shipments, of packages and of the log."""
    tables = {"shipments": json_text(rows), "packages": json_text(packages), "log": json_text(log)}
    await act.sql("shipments_save", {**tables, "now": datetime.now(UTC)})
