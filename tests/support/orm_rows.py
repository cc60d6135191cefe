"""The rows of one account as ORM objects, each kind read by one plain SELECT."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from graphql_app import models


class Loaded:
    """The account's rows, and who belongs to whom."""

    def __init__(self, rows: dict[type, list[Any]], raw: dict[Any, str]) -> None:
        self.raw = raw
        """JSON columns as PostgreSQL writes them, by the identity of their row."""
        self.shipments: dict[UUID, Any] = {one.id: one for one in rows[models.Shipment]}
        self.packages: dict[UUID, Any] = {one.id: one for one in rows[models.Package]}
        self.carriers: dict[UUID, Any] = {one.id: one for one in rows[models.Carrier]}
        self.items: dict[UUID, Any] = {one.id: one for one in rows[models.ShipmentItem]}
        self.events: dict[UUID, Any] = {one.id: one for one in rows[models.TrackingEvent]}
        self.changes: list[Any] = rows[models.Change]
        self.parties_of = by_shipment(rows[models.Party])
        self.references_of = by_shipment(rows[models.ShipmentReference])
        self.packages_of = by_shipment(rows[models.Package])
        self.items_of = by_shipment(rows[models.ShipmentItem])
        self.events_of = by_shipment(rows[models.TrackingEvent])

    def party(self, shipment: UUID, role: str) -> Any:
        """Who has a role at a shipment."""
        return next((one for one in self.parties_of[shipment] if one.role == role), None)


def by_shipment(rows: list[Any]) -> defaultdict[UUID, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.shipment_id].append(row)
    return found


async def load(engine: AsyncEngine, account: UUID) -> Loaded:
    """All that one account has."""
    kinds = (models.Shipment, models.Party, models.ShipmentReference, models.Package, models.ShipmentItem,
             models.TrackingEvent, models.Change, models.Carrier)  # fmt: skip
    rows: dict[type, list[Any]] = {}
    raw: dict[Any, str] = {}
    async with AsyncSession(engine) as session:
        for kind in kinds:
            table = kind.__table__.c  # type: ignore[attr-defined]
            found = await session.execute(select(kind).where(table.account_id == account))
            rows[kind] = list(found.scalars())
        for kind, key, column in (
            (models.Shipment, "id", "metadata"),
            (models.ShipmentItem, "id", "metadata"),
            (models.Change, "seq", "changed"),
        ):
            table = kind.__table__.c  # type: ignore[attr-defined]
            found = await session.execute(select(table[key], cast(table[column], Text)))
            raw |= {key: text for key, text in found}
    return Loaded(rows, raw)
