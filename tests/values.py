"""Arguments by chance, of every kind that the schema takes, from what is in the rows and what is not."""

import json
import random
from datetime import timedelta, timezone
from typing import Any, NamedTuple

import naive_where as where
from loaded import Loaded
from naive import Naive

from graphql_app import vocabulary as v
from graphql_app.api.mirrored import MODELS

NASTY = ["", "%", "_", "\\", "'", '"', "\u0001", "ß", "📦", "$1", "x" * 300, "null", "{}"]


class Written(NamedTuple):
    """A value as a literal of GraphQL and as JSON."""

    text: str
    value: Any


def of(value: Any) -> Written:
    """A JSON value."""
    if isinstance(value, v.Word):
        return Written(value.value, value.value)
    if isinstance(value, dict):
        return both(value, ", ".join(f"{name}: {of(one).text}" for name, one in value.items()), "{}")
    if isinstance(value, list):
        return Written(f"[{', '.join(of(one).text for one in value)}]", [of(one).value for one in value])
    return Written(json.dumps(value), value)


def both(value: dict[str, Any], text: str, brackets: str) -> Written:
    return Written(f"{brackets[0]}{text}{brackets[1]}", {name: of(one).value for name, one in value.items()})


class Values:
    """What may be given where."""

    def __init__(self, loaded: Loaded, other: Loaded, naive: Naive) -> None:
        self.loaded, self.other, self.naive = loaded, other, naive
        self.tables = set(MODELS)
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
        self.cursors: dict[str, list[str]] = {}

    def arguments(self, chance: random.Random, type_name: str, name: str) -> dict[str, Written]:
        """Arguments of a field, by name."""
        method = getattr(self, f"{type_name}_{name}", None)
        given: dict[str, Any] = method(chance) if method else {}
        if name == "totalCount" and chance.random() < 0.7:
            given = {"limit": chance.choice([0, 1, 5, 10_000, 1_000_000, None])}
        return {arg: of(value) for arg, value in given.items()}

    def page(self, chance: random.Random, cursors: list[str], *, both_ways: bool = True) -> dict[str, Any]:
        """`first`, `after`, `last`, `before`; small pages, so that no limit is met."""
        back = both_ways and chance.random() < 0.4
        found: dict[str, Any] = {"last" if back else "first": chance.choice([0, 1, 2, 3, 5])}
        for word in ("after", "before")[: 1 + both_ways]:
            if cursors and chance.random() < 0.3:
                found[word] = chance.choice(cursors)
        return found

    def wrong(self, chance: random.Random) -> dict[str, Any]:
        """Page arguments that are refused."""
        cursor = self.known("carriers", lambda: self.naive.Query_carriers(None))[0]
        return chance.choice(
            [
                {"first": -1},
                {"last": 251},
                {"first": 1, "last": 1},
                {"after": "AQ=="},
                {"before": ""},
                {"after": cursor},
                {"first": 2**31 - 1},
            ]
        )

    def known(self, key: str, page: Any) -> list[str]:
        """The cursors of all rows in an order."""
        if key not in self.cursors:
            self.cursors[key] = [page().cursor(row) for row in page().rows]
        return self.cursors[key]

    def Query_node(self, chance: random.Random) -> dict[str, Any]:
        return {"id": self.id(chance)}

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

    def Query_nodes(self, chance: random.Random) -> dict[str, Any]:
        return {"ids": [self.id(chance) for _ in range(chance.randint(0, 6))]}

    def Query_shipment(self, chance: random.Random) -> dict[str, Any]:
        return {"by": self.by(chance)}

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

    def Query_shipments(self, chance: random.Random) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if chance.random() < 0.5:
            given["orderBy"] = self.order(chance, list(v.ShipmentOrderField))
        if chance.random() < 0.6:
            given["where"] = self.shipment_where(chance, 2)
        if chance.random() < 0.2:
            given["search"] = chance.choice(
                ["SHP-000001", "po", "TRK 00", "1z999aa1", "hamburg", "acme log", "anna mü", "söhne", " ", "-"]
            )
        key = json.dumps([(one["field"], one["direction"]) for one in given.get("orderBy", ())])
        order = {"orderBy": given["orderBy"]} if "orderBy" in given else {}
        cursors = self.known(
            f"shipments{key}", lambda: self.naive.shipments(lambda _: True, {**order, "where": {"archived": None}})
        )
        return given | self.page(chance, cursors)

    def order(self, chance: random.Random, fields: list[Any]) -> list[Any]:
        chosen = chance.sample(fields, chance.randint(0, min(3, len(fields))))
        return [{"field": one, "direction": chance.choice(list(v.OrderDirection))} for one in chosen]

    def Query_trackingEvents(self, chance: random.Random) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if chance.random() < 0.5:
            given["orderBy"] = self.order(chance, list(v.TrackingEventOrderField))
        order = {"orderBy": given["orderBy"]} if "orderBy" in given else {}
        key = json.dumps([(one["field"], one["direction"]) for one in given.get("orderBy", ())])
        cursors = self.known(
            f"events{key}", lambda: self.naive.Query_trackingEvents(None, **order, where={"includeVoided": True})
        )
        if chance.random() < 0.6:
            given["where"] = self.event_where(chance)
        return given | self.page(chance, cursors)

    def Query_track(self, chance: random.Random) -> dict[str, Any]:
        row = chance.choice(list(self.loaded.packages.values()))
        given = {
            "trackingNumber": chance.choice([row.tracking_number or "", (row.tracking_number or "").lower(), *NASTY])
        }
        return given | ({"carrier": chance.choice(["dhl", "ups", "DHL", "'"])} if chance.random() < 0.4 else {})

    def Query_carrier(self, chance: random.Random) -> dict[str, Any]:
        return {"code": chance.choice(["dhl", "ups", "fed_ex", "idle", *NASTY])}

    def Query_carriers(self, chance: random.Random) -> dict[str, Any]:
        return self.page(chance, self.known("carriers", lambda: self.naive.Query_carriers(None)), both_ways=False)

    def Query_changes(self, chance: random.Random) -> dict[str, Any]:
        given = self.page(chance, self.known("changes", lambda: self.naive.Query_changes(None)), both_ways=False)
        if chance.random() < 0.5:
            given["where"] = chance.choice(
                [
                    {},
                    {"shipments": [self.id(chance) for _ in range(3)]},
                    {"ops": ["shipment.created", "x"]},
                    {"ops": [], "shipments": None},
                ]
            )
        return given

    def Carrier_shipments(self, chance: random.Random) -> dict[str, Any]:
        given = {"where": self.shipment_where(chance, 1)} if chance.random() < 0.4 else {}
        cursors = self.known("shipments[]", lambda: self.naive.shipments(lambda _: True, {"where": {"archived": None}}))
        return given | self.page(chance, cursors, both_ways=False)

    def Shipment_events(self, chance: random.Random) -> dict[str, Any]:
        given = self.Package_events(chance)
        return given | ({"where": self.event_where(chance)} if chance.random() < 0.4 else {})

    def Package_events(self, chance: random.Random) -> dict[str, Any]:
        given: dict[str, Any] = {"orderBy": chance.choice([*v.OrderDirection, None])} if chance.random() < 0.5 else {}
        everything = lambda: self.naive.events(lambda _: True, {**given, "where": {"includeVoided": True}})  # noqa: E731
        return given | self.page(chance, self.known(f"timeline{given}", everything))

    def Shipment_history(self, chance: random.Random) -> dict[str, Any]:
        return self.page(chance, self.known("changes", lambda: self.naive.Query_changes(None)), both_ways=False)

    def Shipment_parties(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice(
            [{}, {"roles": None}, {"roles": chance.choices(list(v.PartyRole), k=chance.randint(0, 3))}]
        )

    def Shipment_metadata(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice(
            [{}, {"keys": None}, {"keys": chance.choices(["colour", "pieces", "", "a.b", "é", "none"], k=2)}]
        )

    def Shipment_totalWeight(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice([{}, {"unit": chance.choice([*v.WeightUnit, None])}])

    Package_weight = Shipment_totalWeight

    def Package_dimensions(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice([{}, {"unit": chance.choice([*v.LengthUnit, None])}])

    # Filters

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
        ways = {
            "shipment": lambda: self.by(chance),
            "code": lambda: chance.choices(list(v.TrackingEventCode), k=chance.randint(0, 9)),
            "occurredAt": lambda: self.instant(chance),
            "recordedAt": lambda: self.instant(chance),
            "country": lambda: self.string(chance, ["DE", "US"]),
            "source": lambda: self.string(chance, ["api", "dhl"]),
            "applied": lambda: chance.random() < 0.5,
            "includeVoided": lambda: chance.choice([True, False, None]),
        }
        return {name: ways[name]() for name in chance.sample(sorted(ways), chance.randint(0, 2))}

    def shipment_where(self, chance: random.Random, depth: int) -> dict[str, Any]:
        """A ShipmentWhere of up to three conditions."""
        row = chance.choice(self.shipments)
        string = lambda *values: self.string(chance, [*values])  # noqa: E731
        statuses = lambda: chance.choices(list(v.ShipmentStatus), k=chance.randint(0, 6))  # noqa: E731
        parties, weight = (
            self.loaded.parties_of[row.id],
            {"value": str(row.total_weight_g or 1), "unit": chance.choice(list(v.WeightUnit))},
        )
        columns = [("country", "country_code"), ("city", "city"), ("region", "region"), ("postalCode", "postal_code")]

        def place() -> dict[str, Any]:
            chosen = chance.sample(columns, chance.randint(0, 2))
            return {name: string(*(getattr(one, column) for one in parties)) for name, column in chosen}

        ways: dict[str, Any] = {
            "id": lambda: chance.choice([{"eq": self.id(chance)}, {"in": [self.id(chance) for _ in range(5)]}, {}]),
            "number": lambda: string(row.number),
            "externalReference": lambda: string(row.external_reference),
            "status": lambda: chance.choice([{"eq": row.status}, {"in": statuses()}, {"notIn": statuses()}, {}]),
            "phase": lambda: chance.choice(list(v.ShipmentPhase)),
            "direction": lambda: chance.choice(list(v.ShipmentDirection)),
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
        names = chance.sample(sorted(ways), chance.randint(0, 3))
        return {name: ways[name]() if chance.random() < 0.95 else None for name in names}

    def metadata(self, chance: random.Random) -> dict[str, Any]:
        members = where.spans(self.loaded.raw[chance.choice(self.shipments).id]) or [('"colour"', '"red"')]
        key, token = chance.choice(members)
        text = json.loads(token) if token.startswith('"') else token
        way = chance.choice(
            [None, {"eq": text}, {"in": [text, "3"]}, {"startsWith": text[:2]}, {"isNull": True}, {"contains": "e"}, {}]
        )
        return {"key": json.loads(key)} | ({} if way is None and chance.random() < 0.5 else {"value": way})


def public(row: Any) -> str:
    """The public id of a row."""
    prefix = {"Shipment": "shp_", "Package": "pkg_", "TrackingEvent": "evt_", "ShipmentItem": "itm_", "Carrier": "car_"}
    return f"{prefix[type(row).__name__]}{row.id.hex}"
