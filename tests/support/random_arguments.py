"""Random arguments for every field of the schema, from values that occur in the rows and values that do not."""

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
from tests.support.random_filters import SPECIAL_STRINGS, FilterValues
from tests.support.reference_executor import ReferenceExecutor


class Literal(NamedTuple):
    """A value as GraphQL literal and as JSON."""

    text: str
    value: Any


def literal(value: Any) -> Literal:
    """A JSON value as `Literal`."""
    if isinstance(value, enums.DocumentedEnum):
        return Literal(value.value, value.value)
    if isinstance(value, dict):
        return object_literal(value, ", ".join(f"{name}: {literal(part).text}" for name, part in value.items()), "{}")
    if isinstance(value, list):
        return Literal(f"[{', '.join(literal(item).text for item in value)}]", [literal(item).value for item in value])
    return Literal(json.dumps(value), value)


def object_literal(value: dict[str, Any], text: str, brackets: str) -> Literal:
    """An object as `Literal`, with this text."""
    return Literal(f"{brackets[0]}{text}{brackets[1]}", {name: literal(part).value for name, part in value.items()})


class RandomArguments(FilterValues):
    """Random arguments, with a method `Type_field` for each field that has arguments."""

    def __init__(
        self, own_rows: orm_rows.AccountRows, other_rows: orm_rows.AccountRows, reference: ReferenceExecutor
    ) -> None:
        super().__init__(own_rows, other_rows)
        self.reference = reference
        self.tables = set(TYPE_MODELS)
        self.cursors: dict[str, list[str]] = {}

    def arguments(self, rng: random.Random, type_name: str, name: str) -> dict[str, Literal]:
        """Arguments of a field, by name."""
        method = getattr(self, f"{type_name}_{name}", None)
        arguments: dict[str, Any] = method(rng) if method else {}
        if name == "totalCount" and rng.random() < 0.7:
            arguments = {"limit": rng.choice([0, 1, 5, 10_000, 1_000_000, None])}
        return {arg: literal(value) for arg, value in arguments.items()}

    def page(self, rng: random.Random, cursors: list[str], *, bidirectional: bool = True) -> dict[str, Any]:
        """`first`, `after`, `last`, `before`, with small page sizes so that no limit is exceeded."""
        backwards = bidirectional and rng.random() < 0.4
        arguments: dict[str, Any] = {"last" if backwards else "first": rng.choice([0, 1, 2, 3, 5])}
        for argument in ("after", "before")[: 1 + bidirectional]:
            if cursors and rng.random() < 0.3:
                arguments[argument] = rng.choice(cursors)
        return arguments

    def invalid_page(self, rng: random.Random) -> dict[str, Any]:
        """Page arguments that are rejected."""
        cursor = self.cursors_of("carriers", lambda: self.reference.Query_carriers(None))[0]
        return rng.choice(
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

    def cursors_of(self, key: str, page: Any) -> list[str]:
        """The cursors of all rows in an order."""
        if key not in self.cursors:
            connection = page()
            self.cursors[key] = [connection.cursor(row) for row in connection.rows]
        return self.cursors[key]

    def Query_node(self, rng: random.Random) -> dict[str, Any]:
        return {"id": self.id(rng)}

    def Query_nodes(self, rng: random.Random) -> dict[str, Any]:
        return {"ids": [self.id(rng) for _ in range(rng.randint(0, 6))]}

    def Query_shipment(self, rng: random.Random) -> dict[str, Any]:
        return {"by": self.by(rng)}

    def Query_shipments(self, rng: random.Random) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        if rng.random() < 0.5:
            arguments["orderBy"] = self.order(rng, list(enums.ShipmentOrderField))
            if len(arguments["orderBy"]) > 1:  # STATUS cannot be combined
                arguments["orderBy"] = [order for order in arguments["orderBy"] if order["field"] != "STATUS"]
        if rng.random() < 0.6:
            arguments["where"] = self.shipment_where(rng, 2)
        if rng.random() < 0.2:
            arguments["search"] = rng.choice(
                ["SHP-000001", "po", "TRK 00", "1z999aa1", "hamburg", "acme log", "anna mü", "söhne", " ", "-"]
            )
        key = json.dumps([(order["field"], order["direction"]) for order in arguments.get("orderBy", ())])
        order = {"orderBy": arguments["orderBy"]} if "orderBy" in arguments else {}
        cursors = self.cursors_of(
            f"shipments{key}", lambda: self.reference.shipments(lambda _: True, {**order, "where": {"archived": None}})
        )
        return arguments | self.page(rng, cursors)

    def order(self, rng: random.Random, fields: list[Any]) -> list[Any]:
        """An `orderBy` of up to three fields."""
        chosen_fields = rng.sample(fields, rng.randint(0, min(3, len(fields))))
        return [{"field": field, "direction": rng.choice(list(enums.OrderDirection))} for field in chosen_fields]

    def Query_trackingEvents(self, rng: random.Random) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        if rng.random() < 0.5:
            arguments["orderBy"] = self.order(rng, list(enums.TrackingEventOrderField))
        order = {"orderBy": arguments["orderBy"]} if "orderBy" in arguments else {}
        key = json.dumps([(order["field"], order["direction"]) for order in arguments.get("orderBy", ())])
        cursors = self.cursors_of(
            f"events{key}", lambda: self.reference.Query_trackingEvents(None, **order, where={"includeVoided": True})
        )
        if rng.random() < 0.6:
            arguments["where"] = self.event_where(rng)
        return arguments | self.page(rng, cursors)

    def Query_track(self, rng: random.Random) -> dict[str, Any]:
        row = rng.choice(list(self.loaded.packages.values()))
        arguments = {
            "trackingNumber": rng.choice(
                [row.tracking_number or "", (row.tracking_number or "").lower(), *SPECIAL_STRINGS]
            )
        }
        return arguments | ({"carrier": rng.choice(["dhl", "ups", "DHL", "'"])} if rng.random() < 0.4 else {})

    def Query_carrier(self, rng: random.Random) -> dict[str, Any]:
        return {"code": rng.choice(["dhl", "ups", "fed_ex", "idle", *SPECIAL_STRINGS])}

    def Query_carriers(self, rng: random.Random) -> dict[str, Any]:
        return self.page(
            rng, self.cursors_of("carriers", lambda: self.reference.Query_carriers(None)), bidirectional=False
        )

    def Query_changes(self, rng: random.Random) -> dict[str, Any]:
        arguments = self.page(
            rng, self.cursors_of("changes", lambda: self.reference.Query_changes(None)), bidirectional=False
        )
        if rng.random() < 0.5:
            arguments["where"] = rng.choice(
                [
                    {},
                    {"shipments": [self.id(rng) for _ in range(3)]},
                    {"ops": ["shipment.created", "x"]},
                    {"ops": [], "shipments": None},
                ]
            )
        return arguments

    def Carrier_shipments(self, rng: random.Random) -> dict[str, Any]:
        arguments = {"where": self.shipment_where(rng, 1)} if rng.random() < 0.4 else {}
        cursors = self.cursors_of(
            "shipments[]", lambda: self.reference.shipments(lambda _: True, {"where": {"archived": None}})
        )
        return arguments | self.page(rng, cursors, bidirectional=False)

    def Shipment_events(self, rng: random.Random) -> dict[str, Any]:
        arguments = self.Package_events(rng)
        return arguments | ({"where": self.event_where(rng)} if rng.random() < 0.4 else {})

    def Package_events(self, rng: random.Random) -> dict[str, Any]:
        arguments: dict[str, Any] = {"orderBy": rng.choice([*enums.OrderDirection, None])} if rng.random() < 0.5 else {}
        everything = lambda: self.reference.events(lambda _: True, {**arguments, "where": {"includeVoided": True}})  # noqa: E731
        return arguments | self.page(rng, self.cursors_of(f"timeline{arguments}", everything))

    def Shipment_history(self, rng: random.Random) -> dict[str, Any]:
        return self.page(
            rng, self.cursors_of("changes", lambda: self.reference.Query_changes(None)), bidirectional=False
        )

    def Shipment_parties(self, rng: random.Random) -> dict[str, Any]:
        return rng.choice([{}, {"roles": None}, {"roles": rng.choices(list(enums.PartyRole), k=rng.randint(0, 3))}])

    def Shipment_metadata(self, rng: random.Random) -> dict[str, Any]:
        return rng.choice(
            [{}, {"keys": None}, {"keys": rng.choices(["colour", "pieces", "", "a.b", "é", "none"], k=2)}]
        )

    def Shipment_totalWeight(self, rng: random.Random) -> dict[str, Any]:
        return rng.choice([{}, {"unit": rng.choice([*enums.WeightUnit, None])}])

    Package_weight = Shipment_totalWeight

    def Package_dimensions(self, rng: random.Random) -> dict[str, Any]:
        return rng.choice([{}, {"unit": rng.choice([*enums.LengthUnit, None])}])


class Reference(NamedTuple):
    """The reference executor over the rows of the default account, random arguments for them, and the viewer."""

    reference: ReferenceExecutor
    values: RandomArguments
    viewer: Viewer


async def load_reference(engine: AsyncEngine) -> Reference:
    """The reference executor over the rows of a database."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT slug, id FROM account"))
        accounts = {slug: id_ for slug, id_ in rows}
    own_rows, other_rows = [await orm_rows.load(engine, accounts[slug]) for slug in ("default", "other")]
    viewer = Viewer(accounts["default"], "default")
    schema = build.build()._schema
    reference = ReferenceExecutor(
        schema, own_rows, {"account": "default", "apiKey": None, "scopes": list(viewer.scopes)}
    )
    return Reference(reference, RandomArguments(own_rows, other_rows, reference), viewer)
