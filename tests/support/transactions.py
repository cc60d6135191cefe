"""Transactions that take their transaction ID early and the locks of shipments late."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands import carriers
from graphql_app.commands.command import CommandContext
from graphql_app.commands.shipments import edit, locking, update
from graphql_app.commands.validation import Validator
from graphql_app.database.session import Session
from graphql_app.models import Shipment, public_ids

TAKE_TRANSACTION_ID = "SELECT pg_current_xact_id()"


class Transaction:
    """An open transaction that already has its transaction ID, and runs commands later."""

    def __init__(self, engine: AsyncEngine, account: UUID) -> None:
        self.session = Session(engine, account)
        self.context = CommandContext(self.session.execute_sql, account, "test", "request")

    async def begin(self) -> "Transaction":
        """Take the transaction ID."""
        await self.session.execute_sql(TAKE_TRANSACTION_ID, ())
        return self

    async def update(self, fields: dict[str, Any], *shipments: str) -> None:
        """Update shipments, each with the same input. This takes their locks."""
        edits = []
        for id_ in shipments:
            key = {**locking.NO_KEY, "id": public_ids.decode_as(Shipment, id_)}
            edits.append(update.validate(edit.ShipmentEdit(Validator(), key, fields)))
        results = await update.update(self.context, edits)
        assert not any(result.errors for result in results)

    async def tag(self, tag: str, *shipments: str) -> None:
        """Add a tag to shipments."""
        await self.update({"tagsAdd": [tag]}, *shipments)

    async def name_carrier(self, name: str) -> None:
        """Save the carrier `dhl` with a name."""
        arguments = {"code": "dhl", "input": {"name": name}}
        await carriers.save(self.context, carriers.validate(Validator(), arguments), Validator())

    async def commit(self) -> None:
        """Commit."""
        await self.session.commit()
