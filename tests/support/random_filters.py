"""Random filters of every kind, from values that occur in the rows and values that do not."""

import json
import random
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import Any

from graphql_app.domain import enums
from tests.support import reference_filters
from tests.support.orm_rows import AccountRows

SPECIAL_STRINGS = ["", "%", "_", "\\", "'", '"', "\u0001", "ß", "📦", "$1", "x" * 300, "null", "{}"]
"""Strings that need escaping in SQL, JSON or LIKE patterns."""
FieldValues = dict[str, Callable[[], Any]]


class FilterValues:
    """Random values for filters."""

    def __init__(self, loaded: AccountRows, other: AccountRows) -> None:
        self.loaded, self.other = loaded, other
        self.shipments = list(loaded.shipments.values())
        rows = [
            *self.shipments,
            *loaded.packages.values(),
            *loaded.events.values(),
            *loaded.items.values(),
            *loaded.carriers.values(),
        ]
        self.ids = [public_id(row) for row in rows]
        self.without_shipper_ids = [public_id(row) for row in self.shipments if loaded.party(row.id, "SHIPPER") is None]
        self.foreign_ids = [public_id(row) for row in other.shipments.values()]
        self.instants = sorted(
            {row.created_at for row in self.shipments} | {row.promised_to for row in self.shipments} - {None}
        )

    def id(self, rng: random.Random) -> str:
        """An id: mostly of a row, sometimes of another account's row or malformed."""
        malformed = [
            "",
            "shp_",
            "shp_" + "0" * 32,
            self.ids[0].upper(),
            "acc_" + "1" * 32,
            "x" * 99,
            self.ids[0].replace("shp", "pkg"),
        ]
        return rng.choice(
            [
                *rng.choices(self.ids, k=10),
                *rng.choices(self.without_shipper_ids, k=3),
                rng.choice(self.foreign_ids),
                rng.choice(malformed),
            ]
        )

    def by(self, rng: random.Random) -> dict[str, Any]:
        """A ShipmentBy."""
        row = rng.choice(self.shipments)
        return rng.choice(
            [
                {"id": public_id(row)},
                {"id": rng.choice(self.without_shipper_ids)},
                {"number": row.number},
                {"externalReference": row.external_reference or "nothing"},
                {"id": self.id(rng)},
                {"number": rng.choice(SPECIAL_STRINGS)},
            ]
        )

    def string(self, rng: random.Random, values: list[Any]) -> dict[str, Any]:
        """A StringFilter with values like these."""
        known_values = [value for value in values if value is not None] or [""]
        pick = lambda: rng.choice([*rng.choices(known_values, k=6), rng.choice(SPECIAL_STRINGS)])  # noqa: E731
        prefix = lambda: pick()[: rng.randint(0, 6)]  # noqa: E731
        return rng.choice(
            [
                {"eq": pick()},
                {"in": [pick() for _ in range(rng.randint(0, 3))]},
                {"startsWith": prefix()},
                {"contains": prefix()},
                {"isNull": rng.random() < 0.5},
                {"eq": None, "startsWith": prefix(), "isNull": False},
                {},
                {"contains": pick()[2:5]},
            ]
        )

    def instant(self, rng: random.Random) -> dict[str, Any]:
        """A DateTimeFilter."""
        moment = rng.choice([instant for instant in self.instants if 1 < instant.year < 9999])
        zone = timezone(timedelta(minutes=rng.choice([0, 330, -720])))
        text = (moment + timedelta(microseconds=rng.choice([0, 0, 1]))).astimezone(zone).isoformat()
        names = rng.sample(["gte", "gt", "lte", "lt"], rng.randint(0, 2))
        return {name: rng.choice([text, text, None]) for name in names} | rng.choice(
            [{}, {}, {"isNull": rng.random() < 0.5}]
        )

    def event_where(self, rng: random.Random) -> dict[str, Any]:
        """A TrackingEventWhere with up to two conditions."""
        field_values = self.event_field_values(rng)
        return {name: field_values[name]() for name in rng.sample(sorted(field_values), rng.randint(0, 2))}

    def event_field_values(self, rng: random.Random) -> FieldValues:
        """For each field of TrackingEventWhere, a function that returns a random value."""
        return {
            "shipment": lambda: self.by(rng),
            "code": lambda: rng.choices(list(enums.TrackingEventCode), k=rng.randint(0, 9)),
            "occurredAt": lambda: self.instant(rng),
            "recordedAt": lambda: self.instant(rng),
            "country": lambda: self.string(rng, ["DE", "US"]),
            "source": lambda: self.string(rng, ["api", "dhl"]),
            "carrierStatusRaw": lambda: self.string(rng, ["OK", "\t"]),
            "applied": lambda: rng.random() < 0.5,
            "includeVoided": lambda: rng.choice([True, False, None]),
        }

    def shipment_where(self, rng: random.Random, depth: int) -> dict[str, Any]:
        """A ShipmentWhere with up to three conditions."""
        field_values = self.shipment_field_values(rng, depth)
        names = rng.sample(sorted(field_values), rng.randint(0, 3))
        return {name: field_values[name]() if rng.random() < 0.95 else None for name in names}

    def shipment_field_values(self, rng: random.Random, depth: int) -> FieldValues:
        """For each field of ShipmentWhere, a function that returns a random value."""
        row = rng.choice(self.shipments)
        string = lambda *values: self.string(rng, [*values])  # noqa: E731
        statuses = lambda: rng.choices(list(enums.ShipmentStatus), k=rng.randint(0, 6))  # noqa: E731
        parties, weight = (
            self.loaded.parties_of[row.id],
            {"value": str(row.total_weight_g or 1), "unit": rng.choice(list(enums.WeightUnit))},
        )
        lateness, reasons = list(enums.Lateness), list(enums.ExceptionReason)
        columns = [("country", "country_code"), ("city", "city"), ("region", "region"), ("postalCode", "postal_code")]

        def place_where() -> dict[str, Any]:
            chosen_columns = rng.sample(columns, rng.randint(0, 2))
            return {name: string(*(getattr(party, column) for party in parties)) for name, column in chosen_columns}

        field_values: FieldValues = {
            "id": lambda: rng.choice([{"eq": self.id(rng)}, {"in": [self.id(rng) for _ in range(5)]}, {}]),
            "number": lambda: string(row.number),
            "externalReference": lambda: string(row.external_reference),
            "status": lambda: rng.choice([{"eq": row.status}, {"in": statuses()}, {"notIn": statuses()}, {}]),
            "phase": lambda: rng.choice(list(enums.ShipmentPhase)),
            "direction": lambda: rng.choice(list(enums.ShipmentDirection)),
            "carrier": lambda: string("dhl", "ups"),
            "service": lambda: string(row.service, "express"),
            "origin": place_where,
            "destination": place_where,
            "trackingNumber": lambda: string(*(package.tracking_number for package in self.loaded.packages_of[row.id])),
            "reference": lambda: {
                "kind": rng.choice(["po", "order", None]),
                "value": string("PO-1", "po-1", "ÄÖ%_"),
            },
            "metadata": lambda: [self.metadata(rng) for _ in range(rng.randint(0, 2))],
            "tags": lambda: rng.choice(
                [{"hasAny": [*row.tags[:1], "cold"]}, {"hasAll": row.tags}, {"hasAny": []}, {"hasAll": []}]
            ),
            **{
                name: lambda: self.instant(rng)
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
            "totalWeight": lambda: rng.choice([{"gte": weight}, {"lte": weight}, {"gte": weight, "lte": weight}, {}]),
            "lateness": lambda: rng.choice([{"eq": rng.choice(lateness)}, {"in": rng.choices(lateness, k=2)}, {}]),
            "lateBy": lambda: {
                name: rng.choice(["P1D", "PT36H", "P3W", "P200D", "PT0S"])
                for name in rng.sample(["gte", "gt", "lte", "lt"], rng.randint(0, 2))
            },
            "exceptionReason": lambda: rng.choice(
                [{"eq": rng.choice(reasons)}, {"in": rng.choices(reasons, k=3)}, {"isNull": rng.random() < 0.5}, {}]
            ),
            "incoterm": lambda: string(row.incoterm, "DAP"),
            "packageCount": lambda: rng.choice([{"eq": 1}, {"gte": 2}, {"lte": 1}, {"gte": 1, "lte": 2}, {}]),
            "recipient": lambda: {
                name: string(*(getattr(party, name) for party in parties))
                for name in rng.sample(["name", "email", "phone"], rng.randint(0, 2))
            },
            "items": lambda: {
                name: string(*(getattr(item, name) for item in self.loaded.items_of[row.id]))
                for name in rng.sample(["sku", "title", "batch"], rng.randint(0, 2))
            },
            "carrierStatusRaw": lambda: string("OK", "\t"),
            "events": lambda: self.event_where(rng),
            "archived": lambda: rng.choice([True, False, None]),
        }
        if depth:
            conditions = lambda: [self.shipment_where(rng, depth - 1) for _ in range(rng.randint(0, 3))]  # noqa: E731
            field_values |= {"AND": conditions, "OR": conditions, "NOT": lambda: self.shipment_where(rng, depth - 1)}
        return field_values

    def metadata(self, rng: random.Random) -> dict[str, Any]:
        """A MetadataWhere."""
        members = reference_filters.spans(self.loaded.raw[rng.choice(self.shipments).id]) or [('"colour"', '"red"')]
        key, token = rng.choice(members)
        text = (json.loads(token) if token.startswith('"') else token)[:900]
        value_filter = rng.choice(
            [None, {"eq": text}, {"in": [text, "3"]}, {"startsWith": text[:2]}, {"isNull": True}, {"contains": "e"}, {}]
        )
        return {"key": json.loads(key)} | (
            {} if value_filter is None and rng.random() < 0.5 else {"value": value_filter}
        )


def public_id(row: Any) -> str:
    """The public id of a row."""
    prefix = {"Shipment": "shp_", "Package": "pkg_", "TrackingEvent": "evt_", "ShipmentItem": "itm_", "Carrier": "car_"}
    return f"{prefix[type(row).__name__]}{row.id.hex}"
