"""The rows of one account as ORM objects, loaded with one plain SELECT per table."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from graphql_app import models
from graphql_app.database.change_log_sql import HISTORY


class AccountRows:
    """The rows of one account, indexed by id and by shipment."""

    def __init__(self, rows: dict[type, list[Any]], raw: dict[Any, str], history: int) -> None:
        self.history = history
        """The history of the change log."""
        self.raw = raw
        """JSON columns as PostgreSQL prints them, by the id of their row."""
        self.shipments: dict[UUID, Any] = {row.id: row for row in rows[models.Shipment]}
        self.packages: dict[UUID, Any] = {row.id: row for row in rows[models.Package]}
        self.carriers: dict[UUID, Any] = {row.id: row for row in rows[models.Carrier]}
        self.items: dict[UUID, Any] = {row.id: row for row in rows[models.ShipmentItem]}
        self.events: dict[UUID, Any] = {row.id: row for row in rows[models.TrackingEvent]}
        self.changes: list[Any] = rows[models.Change]
        self.status_mappings: list[Any] = rows[models.CarrierStatus]
        self.parties_of = by_shipment(rows[models.Party])
        self.references_of = by_shipment(rows[models.ShipmentReference])
        self.packages_of = by_shipment(rows[models.Package])
        self.items_of = by_shipment(rows[models.ShipmentItem])
        self.events_of = by_shipment(rows[models.TrackingEvent])

    def party(self, shipment: UUID, role: str) -> Any:
        """The party of a shipment in a role, or None."""
        return next((party for party in self.parties_of[shipment] if party.role == role), None)


def by_shipment(rows: list[Any]) -> defaultdict[UUID, list[Any]]:
    """Group rows by `shipment_id`."""
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.shipment_id].append(row)
    return grouped


async def load(engine: AsyncEngine, account: UUID) -> AccountRows:
    """Load all rows of one account."""
    models_ = (models.Shipment, models.Party, models.ShipmentReference, models.Package, models.ShipmentItem,
             models.TrackingEvent, models.Change, models.Carrier, models.CarrierStatus)  # fmt: skip
    rows: dict[type, list[Any]] = {}
    raw: dict[Any, str] = {}
    async with AsyncSession(engine) as session:
        for model in models_:
            table = model.__table__.c  # type: ignore[attr-defined]
            result = await session.execute(select(model).where(table.account_id == account))
            rows[model] = list(result.scalars())
        for model, key, column in (
            (models.Shipment, "id", "metadata"),
            (models.ShipmentItem, "id", "metadata"),
            (models.Change, "seq", "changed"),
        ):
            table = model.__table__.c  # type: ignore[attr-defined]
            result = await session.execute(select(table[key], cast(table[column], Text)))
            raw |= {key: json for key, json in result}
        history = (await session.execute(text(f"SELECT {HISTORY}".replace("::", "\\:\\:")))).scalar_one()
    return AccountRows(rows, raw, history)
