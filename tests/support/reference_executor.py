"""Plain GraphQL execution: graphql-core as it is, a resolver for every field, ORM objects, lists sorted in Python.

Slow and obvious. It shares the schema and its scalars with the real path, and nothing of `read/`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    execute_sync,
    is_interface_type,
    is_object_type,
    lexicographic_sort_schema,
)

from graphql_app.domain import enums, status_rules, units
from graphql_app.errors import request_errors
from tests.support import reference_filters
from tests.support.orm_rows import Loaded
from tests.support.reference_pagination import EVENT_ORDERS, ID, SHIPMENT_ORDERS, Order, Page
from tests.support.reference_units import Exactly, amount_text, rounded

PREFIXES = {
    "Shipment": "shp_",
    "Package": "pkg_",
    "TrackingEvent": "evt_",
    "ShipmentItem": "itm_",
    "Carrier": "car_",
    "ApiKey": "key_",
}


class Naive:
    """The API over loaded rows."""

    def __init__(self, schema: GraphQLSchema, loaded: Loaded, viewer: dict[str, Any]) -> None:
        self.loaded, self.viewer = loaded, viewer
        self.schema = lexicographic_sort_schema(schema)
        for type_ in self.schema.type_map.values():
            if is_object_type(type_) and not type_.name.startswith("__"):
                type_.is_type_of = None
                for name, field in type_.fields.items():
                    field.resolve = self.resolver(type_.name, name)
            if is_interface_type(type_):
                type_.resolve_type = lambda row, *_: type(row).__name__
        weight: Any = self.schema.type_map["Weight"]
        weight.fields["value"].type = GraphQLNonNull(GraphQLScalarType("Decimal", serialize=amount_text))

    def run(self, document: DocumentNode, variables: dict[str, Any] | None, operation: str | None) -> ExecutionResult:
        """The result of a valid operation."""
        return execute_sync(self.schema, document, None, None, variables, operation)

    def resolver(self, type_name: str, name: str) -> Callable[..., Any]:
        """How a field is resolved: by a method here, else from the object."""
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
        method = getattr(self, f"{type_name}_{name}", None)
        if method is not None:
            return lambda source, _info, **args: method(source, **args)
        if name == "id":
            return lambda source, _info: reference_filters.public(PREFIXES[type_name], source)
        if name == "totalCount":
            return lambda source, _info, limit=None: source.total(limit)
        if type_name.endswith("Connection"):
            return lambda source, _info: getattr(source, name)
        return lambda source, _info: source[name] if isinstance(source, dict) else getattr(source, snake)

    # The questions

    def Query_node(self, _: None, id: str) -> Any:
        rows = {**self.loaded.shipments, **self.loaded.packages, **self.loaded.carriers, **self.loaded.items,
                **self.loaded.events}  # fmt: skip
        return next(
            (row for row in rows.values() if reference_filters.public(PREFIXES[type(row).__name__], row) == id), None
        )

    def Query_nodes(self, _: None, ids: list[str]) -> list[Any]:
        return [self.Query_node(None, id) for id in ids]

    def Query_shipment(self, _: None, by: dict[str, Any]) -> Any:
        return next((row for row in self.loaded.shipments.values() if reference_filters.by(row, by)), None)

    def Query_shipments(self, _: None, **args: Any) -> Page:
        return self.shipments(lambda row: True, args)

    def shipments(self, test: Callable[[Any], bool], args: dict[str, Any]) -> Page:
        order = self.order(args.get("orderBy"), SHIPMENT_ORDERS, "CREATED_AT")
        name = "shipments:" + ",".join(one["field"] for one in args.get("orderBy") or [{"field": "CREATED_AT"}])
        given, search = args.get("where"), args.get("search")

        def wanted(row: Any) -> bool:
            found = search is None or reference_filters.search(row, search, self.loaded)
            return test(row) and found and reference_filters.shipment(row, given, self.loaded)

        return Page(self.loaded.shipments.values(), wanted, order, name, args)

    def order(self, asked: list[Any] | None, fields: dict[str, Any], default: str) -> Order:
        chosen = [(one["field"], one["direction"] == "DESC") for one in asked or ()] or [(default, True)]
        if len(chosen) > 3 or len({name for name, _ in chosen}) < len(chosen):
            raise request_errors.BadUserInput("`orderBy` takes at most 3 fields, each once.")
        return [*((*fields[name], down) for name, down in chosen), (*ID, chosen[-1][1])]

    def Query_trackingEvents(self, _: None, **args: Any) -> Page:
        order = self.order(args.get("orderBy"), EVENT_ORDERS, "OCCURRED_AT")
        name = "events:" + ",".join(one["field"] for one in args.get("orderBy") or [{"field": "OCCURRED_AT"}])
        test = lambda row: reference_filters.event(row, args.get("where"), self.loaded)  # noqa: E731
        return Page(self.loaded.events.values(), test, order, name, args)

    def Query_track(self, _: None, trackingNumber: str, carrier: str | None = None) -> list[Any]:
        found = [row for row in self.loaded.packages.values()
                 if reference_filters.text(
                     row.tracking_number_norm, {"eq": trackingNumber}, reference_filters.tracking_numbers.normalize
                 )
                 and (carrier is None or self.code_of(row) == carrier)]  # fmt: skip
        return sorted(found, key=lambda row: row.id, reverse=True)[:100]

    def code_of(self, package: Any) -> str | None:
        carrier = self.Shipment_carrier(self.loaded.shipments[package.shipment_id])
        return carrier and str(carrier.code)

    def Query_carrier(self, _: None, code: str) -> Any:
        return next((row for row in self.loaded.carriers.values() if row.code == code), None)

    def Query_carriers(self, _: None, **args: Any) -> Page:
        order: Order = [(lambda row: row.code.encode(), "text", False), (*ID, False)]
        return Page(self.loaded.carriers.values(), lambda row: True, order, "carriers", args)

    def Query_apiKeys(self, _: None, **args: Any) -> Page:
        return Page((), lambda row: True, [(*ID, False)], "apiKeys", args)  # in the world there are none

    def Query_changes(self, _: None, **args: Any) -> Page:
        given = args.get("where") or {}
        shipments, ops = given.get("shipments"), given.get("ops")

        def wanted(row: Any) -> bool:
            named = row.shipment_id and f"shp_{row.shipment_id.hex}"
            return (shipments is None or named in shipments) and (ops is None or row.op in ops)

        return self.changes(wanted, args)

    def changes(self, test: Callable[[Any], bool], args: dict[str, Any]) -> Page:
        order: Order = [(lambda row: row.xid, "number", False), (lambda row: row.seq, "number", False)]
        return Page(self.loaded.changes, test, order, "changes", args)

    def Query_viewer(self, _: None) -> dict[str, Any]:
        return self.viewer

    # The fields

    def Carrier_shipments(self, row: Any, **args: Any) -> Page:
        return self.shipments(lambda one: one.carrier_id == row.id, args)

    def Shipment_phase(self, row: Any) -> enums.ShipmentPhase:
        return status_rules.phase(row.status)

    def Shipment_statusExplanation(self, row: Any) -> dict[str, Any]:
        silent = (None, enums.NotAppliedReason.NOT_STATUS_BEARING)
        events = [one for one in self.timeline(self.loaded.events_of[row.id]) if one.not_applied_reason not in silent]
        rules = {
            "COMMAND": "Set by a command: creation, shipmentConfirm or shipmentCancel.",
            "OVERRIDE": "Set by shipmentOverrideStatus; later events go on from there.",
            "PROJECTION": "Decided by the latest tracking event that applies, rolled up over the packages.",
        }
        decided = self.loaded.events.get(row.status_event_id)
        return {"decidedBy": decided, "rule": rules[row.status_source], "notApplied": events[:50]}

    def timeline(self, events: Iterable[Any]) -> list[Any]:
        return sorted(events, key=lambda one: (one.occurred_at, one.position, one.id))

    def Shipment_allowedTransitions(self, row: Any) -> Any:
        complete = row.package_count > 0 and self.Shipment_recipient(row) is not None
        return status_rules.allowed_transitions(row.status, complete=complete)

    def Shipment_editableFields(self, row: Any) -> Any:
        return status_rules.EDITABLE_FIELDS[status_rules.phase(row.status)]

    def Shipment_carrier(self, row: Any) -> Any:
        return self.loaded.carriers.get(row.carrier_id)

    def Shipment_shipper(self, row: Any) -> Any:
        return self.loaded.party(row.id, "SHIPPER")

    def Shipment_recipient(self, row: Any) -> Any:
        return self.loaded.party(row.id, "RECIPIENT")

    def Shipment_parties(self, row: Any, roles: list[str] | None = None) -> list[Any]:
        found = [one for one in self.loaded.parties_of[row.id] if roles is None or one.role in roles]
        return sorted(found, key=lambda one: list(enums.PartyRole).index(one.role))

    def Shipment_packages(self, row: Any) -> list[Any]:
        return sorted(self.loaded.packages_of[row.id], key=lambda one: one.seq)

    def Shipment_items(self, row: Any) -> list[Any]:
        return sorted(self.loaded.items_of[row.id], key=lambda one: one.seq)

    def Shipment_references(self, row: Any) -> list[Any]:
        return sorted(self.loaded.references_of[row.id], key=lambda one: one.seq)

    def Shipment_events(self, row: Any, **args: Any) -> Page:
        return self.events(lambda one: one.shipment_id == row.id, args)

    def events(self, test: Callable[[Any], bool], args: dict[str, Any]) -> Page:
        down = args.get("orderBy") == "DESC"
        order: Order = [(lambda one: one.occurred_at, "instant", down), (lambda one: one.position, "number", down),
                        (*ID, down)]  # fmt: skip
        wanted = lambda one: test(one) and reference_filters.event(one, args.get("where"), self.loaded)  # noqa: E731
        return Page(self.loaded.events.values(), wanted, order, "timeline", args)

    def Shipment_latestEvent(self, row: Any) -> Any:
        live = [one for one in self.timeline(self.loaded.events_of[row.id]) if one.voided_at is None]
        return live[-1] if live else None

    def Shipment_totalWeight(self, row: Any, unit: enums.WeightUnit | None) -> Any:
        unit = unit or enums.WeightUnit.KG
        grams = row.total_weight_g
        return None if grams is None else {"value": rounded(grams, units.GRAMS[unit]), "unit": unit}

    def Shipment_declaredValue(self, row: Any) -> Any:
        return None if row.declared_value is None else {"amount": row.declared_value, "currency": row.currency}

    def Shipment_metadata(self, row: Any, keys: list[str] | None = None) -> orjson.Fragment:
        raw = self.loaded.raw[row.id]
        if keys is None:
            return orjson.Fragment(raw)
        pairs = [f"{key}: {value}" for key, value in reference_filters.spans(raw) if orjson.loads(key) in keys]
        return orjson.Fragment("{" + ", ".join(pairs) + "}")

    def Shipment_returnOf(self, row: Any) -> Any:
        return self.loaded.shipments.get(row.return_of_id)

    def Shipment_history(self, row: Any, **args: Any) -> Page:
        return self.changes(lambda one: one.shipment_id == row.id, args)

    def Party_country(self, row: Any) -> Any:
        return row.country_code

    def Package_shipment(self, row: Any) -> Any:
        return self.loaded.shipments[row.shipment_id]

    def Package_trackingUrl(self, row: Any) -> str | None:
        carrier = self.Shipment_carrier(self.Package_shipment(row))
        if carrier is None or carrier.tracking_url_template is None or row.tracking_number_norm is None:
            return None
        return str(carrier.tracking_url_template.replace("{trackingNumber}", row.tracking_number_norm))

    def Package_weight(self, row: Any, unit: enums.WeightUnit | None) -> Any:
        unit = unit or enums.WeightUnit.KG
        if row.weight_entered is None:
            return None
        if unit == row.weight_unit:
            return {"value": Exactly(row.weight_entered), "unit": unit}
        return {"value": rounded(row.weight_g, units.GRAMS[unit]), "unit": unit}

    def Package_dimensions(self, row: Any, unit: enums.LengthUnit | None) -> Any:
        unit = unit or enums.LengthUnit.CM
        sides = {"length": row.length_mm, "width": row.width_mm, "height": row.height_mm}
        shown = {name: rounded(side, units.MILLIMETRES[unit]) for name, side in sides.items()}
        return None if row.dims_unit is None else {**shown, "unit": unit}

    def Package_items(self, row: Any) -> list[Any]:
        found = [one for one in self.loaded.items.values() if one.package_id == row.id]
        return sorted(found, key=lambda one: one.seq)

    def Package_events(self, row: Any, **args: Any) -> Page:
        return self.events(lambda one: one.shipment_id == row.shipment_id and one.package_id in (None, row.id), args)

    def ShipmentItem_unitValue(self, row: Any) -> Any:
        return None if row.unit_value is None else {"amount": row.unit_value, "currency": row.currency}

    def ShipmentItem_package(self, row: Any) -> Any:
        return self.loaded.packages.get(row.package_id)

    def ShipmentItem_metadata(self, row: Any) -> orjson.Fragment:
        return orjson.Fragment(self.loaded.raw[row.id])

    def TrackingEvent_shipment(self, row: Any) -> Any:
        return self.loaded.shipments[row.shipment_id]

    def TrackingEvent_package(self, row: Any) -> Any:
        return self.loaded.packages.get(row.package_id)

    def TrackingEvent_source(self, row: Any) -> Any:
        return row.source_name

    def TrackingEvent_utcOffset(self, row: Any) -> str | None:
        minutes = row.utc_offset_min
        return (
            None if minutes is None else f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        )

    def TrackingEvent_place(self, row: Any) -> Any:
        place = {"name": row.place_name, "city": row.city, "region": row.region, "postalCode": row.postal_code,
                 "country": row.country_code, "latitude": row.latitude, "longitude": row.longitude}  # fmt: skip
        return place if any(part is not None for part in place.values()) else None

    def TrackingEvent_corrects(self, row: Any) -> Any:
        return self.loaded.events.get(row.corrects_event_id)

    def Change_cursor(self, row: Any) -> str:
        return self.changes(lambda one: one is row, {}).edges[0]["cursor"]

    def Change_changed(self, row: Any) -> orjson.Fragment:
        return orjson.Fragment(self.loaded.raw[row.seq])

    def Change_shipment(self, row: Any) -> Any:
        return self.loaded.shipments.get(row.shipment_id)
