"""Filters by chance, of every kind, from what is in the rows and what is not."""

import json
import random
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import Any

from graphql_app.domain import enums
from tests.support import reference_filters
from tests.support.orm_rows import Loaded

NASTY = ["", "%", "_", "\\", "'", '"', "\u0001", "ß", "📦", "$1", "x" * 300, "null", "{}"]
Ways = dict[str, Callable[[], Any]]


class FilterValues:
    """What may be given to filters."""

    def __init__(self, loaded: Loaded, other: Loaded) -> None:
        self.loaded, self.other = loaded, other
        self.shipments = list(loaded.shipments.values())
        everything = [
            *self.shipments,
            *loaded.packages.values(),
            *loaded.events.values(),
            *loaded.items.values(),
            *loaded.carriers.values(),
        ]
        self.ids = [public(row) for row in everything]
        self.broken = [public(row) for row in self.shipments if loaded.party(row.id, "SHIPPER") is None]
        self.foreign = [public(row) for row in other.shipments.values()]
        self.instants = sorted(
            {row.created_at for row in self.shipments} | {row.promised_to for row in self.shipments} - {None}
        )

    def id(self, chance: random.Random) -> str:
        nonsense = [
            "",
            "shp_",
            "shp_" + "0" * 32,
            self.ids[0].upper(),
            "acc_" + "1" * 32,
            "x" * 99,
            self.ids[0].replace("shp", "pkg"),
        ]
        return chance.choice(
            [
                *chance.choices(self.ids, k=10),
                *chance.choices(self.broken, k=3),
                chance.choice(self.foreign),
                chance.choice(nonsense),
            ]
        )

    def by(self, chance: random.Random) -> dict[str, Any]:
        row = chance.choice(self.shipments)
        return chance.choice(
            [
                {"id": public(row)},
                {"id": chance.choice(self.broken)},
                {"number": row.number},
                {"externalReference": row.external_reference or "nothing"},
                {"id": self.id(chance)},
                {"number": chance.choice(NASTY)},
            ]
        )

    def string(self, chance: random.Random, values: list[Any]) -> dict[str, Any]:
        """A StringFilter about values like these."""
        some = [one for one in values if one is not None] or [""]
        pick = lambda: chance.choice([*chance.choices(some, k=6), chance.choice(NASTY)])  # noqa: E731
        cut = lambda: pick()[: chance.randint(0, 6)]  # noqa: E731
        return chance.choice(
            [
                {"eq": pick()},
                {"in": [pick() for _ in range(chance.randint(0, 3))]},
                {"startsWith": cut()},
                {"contains": cut()},
                {"isNull": chance.random() < 0.5},
                {"eq": None, "startsWith": cut(), "isNull": False},
                {},
                {"contains": pick()[2:5]},
            ]
        )

    def instant(self, chance: random.Random) -> dict[str, Any]:
        """A DateTimeFilter."""
        moment = chance.choice([one for one in self.instants if 1 < one.year < 9999])
        zone = timezone(timedelta(minutes=chance.choice([0, 330, -720])))
        written = (moment + timedelta(microseconds=chance.choice([0, 0, 1]))).astimezone(zone).isoformat()
        names = chance.sample(["gte", "gt", "lte", "lt"], chance.randint(0, 2))
        return {name: chance.choice([written, written, None]) for name in names} | chance.choice(
            [{}, {}, {"isNull": chance.random() < 0.5}]
        )

    def event_where(self, chance: random.Random) -> dict[str, Any]:
        ways = self.event_ways(chance)
        return {name: ways[name]() for name in chance.sample(sorted(ways), chance.randint(0, 2))}

    def event_ways(self, chance: random.Random) -> Ways:
        """What may be given for each field of TrackingEventWhere."""
        return {
            "shipment": lambda: self.by(chance),
            "code": lambda: chance.choices(list(enums.TrackingEventCode), k=chance.randint(0, 9)),
            "occurredAt": lambda: self.instant(chance),
            "recordedAt": lambda: self.instant(chance),
            "country": lambda: self.string(chance, ["DE", "US"]),
            "source": lambda: self.string(chance, ["api", "dhl"]),
            "applied": lambda: chance.random() < 0.5,
            "includeVoided": lambda: chance.choice([True, False, None]),
        }

    def shipment_where(self, chance: random.Random, depth: int) -> dict[str, Any]:
        """A ShipmentWhere of up to three conditions."""
        ways = self.shipment_ways(chance, depth)
        names = chance.sample(sorted(ways), chance.randint(0, 3))
        return {name: ways[name]() if chance.random() < 0.95 else None for name in names}

    def shipment_ways(self, chance: random.Random, depth: int) -> Ways:
        """What may be given for each field of ShipmentWhere."""
        row = chance.choice(self.shipments)
        string = lambda *values: self.string(chance, [*values])  # noqa: E731
        statuses = lambda: chance.choices(list(enums.ShipmentStatus), k=chance.randint(0, 6))  # noqa: E731
        parties, weight = (
            self.loaded.parties_of[row.id],
            {"value": str(row.total_weight_g or 1), "unit": chance.choice(list(enums.WeightUnit))},
        )
        columns = [("country", "country_code"), ("city", "city"), ("region", "region"), ("postalCode", "postal_code")]

        def place() -> dict[str, Any]:
            chosen = chance.sample(columns, chance.randint(0, 2))
            return {name: string(*(getattr(one, column) for one in parties)) for name, column in chosen}

        ways: Ways = {
            "id": lambda: chance.choice([{"eq": self.id(chance)}, {"in": [self.id(chance) for _ in range(5)]}, {}]),
            "number": lambda: string(row.number),
            "externalReference": lambda: string(row.external_reference),
            "status": lambda: chance.choice([{"eq": row.status}, {"in": statuses()}, {"notIn": statuses()}, {}]),
            "phase": lambda: chance.choice(list(enums.ShipmentPhase)),
            "direction": lambda: chance.choice(list(enums.ShipmentDirection)),
            "carrier": lambda: string("dhl", "ups"),
            "service": lambda: string(row.service, "express"),
            "origin": place,
            "destination": place,
            "trackingNumber": lambda: string(*(one.tracking_number for one in self.loaded.packages_of[row.id])),
            "reference": lambda: {
                "kind": chance.choice(["po", "order", None]),
                "value": string("PO-1", "po-1", "ÄÖ%_"),
            },
            "metadata": lambda: [self.metadata(chance) for _ in range(chance.randint(0, 2))],
            "tags": lambda: chance.choice(
                [{"hasAny": [*row.tags[:1], "cold"]}, {"hasAll": row.tags}, {"hasAny": []}, {"hasAll": []}]
            ),
            **{
                name: lambda: self.instant(chance)
                for name in (
                    "createdAt",
                    "updatedAt",
                    "statusAt",
                    "promisedTo",
                    "estimatedDeliveryAt",
                    "deliveredAt",
                    "lastEventAt",
                )
            },
            "totalWeight": lambda: chance.choice(
                [{"gte": weight}, {"lte": weight}, {"gte": weight, "lte": weight}, {}]
            ),
            "events": lambda: self.event_where(chance),
            "archived": lambda: chance.choice([True, False, None]),
        }
        if depth:
            several = lambda: [self.shipment_where(chance, depth - 1) for _ in range(chance.randint(0, 3))]  # noqa: E731
            ways |= {"AND": several, "OR": several, "NOT": lambda: self.shipment_where(chance, depth - 1)}
        return ways

    def metadata(self, chance: random.Random) -> dict[str, Any]:
        members = reference_filters.spans(self.loaded.raw[chance.choice(self.shipments).id]) or [('"colour"', '"red"')]
        key, token = chance.choice(members)
        text = (json.loads(token) if token.startswith('"') else token)[:900]
        way = chance.choice(
            [None, {"eq": text}, {"in": [text, "3"]}, {"startsWith": text[:2]}, {"isNull": True}, {"contains": "e"}, {}]
        )
        return {"key": json.loads(key)} | ({} if way is None and chance.random() < 0.5 else {"value": way})


def public(row: Any) -> str:
    """The public id of a row."""
    prefix = {"Shipment": "shp_", "Package": "pkg_", "TrackingEvent": "evt_", "ShipmentItem": "itm_", "Carrier": "car_"}
    return f"{prefix[type(row).__name__]}{row.id.hex}"
