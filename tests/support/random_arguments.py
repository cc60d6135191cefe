"""Arguments by chance, of every kind that the schema takes, from what is in the rows and what is not."""

import json
import random
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.auth.viewer import Viewer
from graphql_app.domain import enums
from graphql_app.graphql_types.model_type import TYPE_MODELS
from graphql_app.schema import build
from tests.support import orm_rows
from tests.support.random_filters import NASTY, FilterValues
from tests.support.reference_executor import Naive


class Written(NamedTuple):
    """A value as a literal of GraphQL and as JSON."""

    text: str
    value: Any


def of(value: Any) -> Written:
    """A JSON value."""
    if isinstance(value, enums.DocumentedEnum):
        return Written(value.value, value.value)
    if isinstance(value, dict):
        return both(value, ", ".join(f"{name}: {of(one).text}" for name, one in value.items()), "{}")
    if isinstance(value, list):
        return Written(f"[{', '.join(of(one).text for one in value)}]", [of(one).value for one in value])
    return Written(json.dumps(value), value)


def both(value: dict[str, Any], text: str, brackets: str) -> Written:
    return Written(f"{brackets[0]}{text}{brackets[1]}", {name: of(one).value for name, one in value.items()})


class Values(FilterValues):
    """What may be given where."""

    def __init__(self, own: orm_rows.Loaded, other: orm_rows.Loaded, naive: Naive) -> None:
        super().__init__(own, other)
        self.naive = naive
        self.tables = set(TYPE_MODELS)
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
            made = page()
            self.cursors[key] = [made.cursor(row) for row in made.rows]
        return self.cursors[key]

    def Query_node(self, chance: random.Random) -> dict[str, Any]:
        return {"id": self.id(chance)}

    def Query_nodes(self, chance: random.Random) -> dict[str, Any]:
        return {"ids": [self.id(chance) for _ in range(chance.randint(0, 6))]}

    def Query_shipment(self, chance: random.Random) -> dict[str, Any]:
        return {"by": self.by(chance)}

    def Query_shipments(self, chance: random.Random) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if chance.random() < 0.5:
            given["orderBy"] = self.order(chance, list(enums.ShipmentOrderField))
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
        return [{"field": one, "direction": chance.choice(list(enums.OrderDirection))} for one in chosen]

    def Query_trackingEvents(self, chance: random.Random) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if chance.random() < 0.5:
            given["orderBy"] = self.order(chance, list(enums.TrackingEventOrderField))
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
        given: dict[str, Any] = (
            {"orderBy": chance.choice([*enums.OrderDirection, None])} if chance.random() < 0.5 else {}
        )
        everything = lambda: self.naive.events(lambda _: True, {**given, "where": {"includeVoided": True}})  # noqa: E731
        return given | self.page(chance, self.known(f"timeline{given}", everything))

    def Shipment_history(self, chance: random.Random) -> dict[str, Any]:
        return self.page(chance, self.known("changes", lambda: self.naive.Query_changes(None)), both_ways=False)

    def Shipment_parties(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice(
            [{}, {"roles": None}, {"roles": chance.choices(list(enums.PartyRole), k=chance.randint(0, 3))}]
        )

    def Shipment_metadata(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice(
            [{}, {"keys": None}, {"keys": chance.choices(["colour", "pieces", "", "a.b", "é", "none"], k=2)}]
        )

    def Shipment_totalWeight(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice([{}, {"unit": chance.choice([*enums.WeightUnit, None])}])

    Package_weight = Shipment_totalWeight

    def Package_dimensions(self, chance: random.Random) -> dict[str, Any]:
        return chance.choice([{}, {"unit": chance.choice([*enums.LengthUnit, None])}])


class Plain(NamedTuple):
    """Plain execution over the rows of the default account, what may be asked of them, and who asks."""

    reference: Naive
    values: Values
    viewer: Viewer


async def plainly(engine: AsyncEngine) -> Plain:
    """Plain execution over what a database holds."""
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT slug, id FROM account"))
        accounts = {slug: id_ for slug, id_ in found}
    own, other = [await orm_rows.load(engine, accounts[slug]) for slug in ("default", "other")]
    viewer = Viewer(accounts["default"], "default")
    core = build.build()._schema
    made = Naive(core, own, {"account": "default", "apiKey": None, "scopes": list(viewer.scopes)})
    return Plain(made, Values(own, other, made), viewer)
