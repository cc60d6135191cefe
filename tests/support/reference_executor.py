"""Reference executor: unmodified graphql-core, a resolver for each field, ORM objects, lists sorted in Python.

Slow and obvious. It shares the schema and its scalars with the query engine, and no other code.
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

from graphql_app.domain import enums, status_rules
from graphql_app.errors import request_errors
from tests.support import reference_filters, reference_lateness, reference_search
from tests.support.orm_rows import AccountRows
from tests.support.reference_fields import FieldResolvers
from tests.support.reference_pagination import EVENT_ORDERS, ID, SHIPMENT_ORDERS, Order, Page
from tests.support.reference_units import amount_text, in_unit

PREFIXES = {
    "Shipment": "shp_",
    "Package": "pkg_",
    "TrackingEvent": "evt_",
    "ShipmentItem": "itm_",
    "Carrier": "car_",
    "ApiKey": "key_",
}


class ReferenceExecutor(FieldResolvers):
    """The API over loaded rows. A method `Type_field` resolves that field; other fields are read from the object."""

    def __init__(self, schema: GraphQLSchema, loaded: AccountRows, viewer: dict[str, Any]) -> None:
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
        """The resolver of a field: a method of this class, else the attribute or key of the object."""
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
        method = getattr(self, f"{type_name}_{name}", None)
        if method is not None:
            return lambda source, _info, **args: method(source, **args)
        if name == "id":
            return lambda source, _info: reference_filters.public_id(PREFIXES[type_name], source)
        if name == "totalCount":
            return lambda source, _info, limit=None: source.total(limit)
        if type_name.endswith("Connection"):
            return lambda source, _info: getattr(source, name)
        return lambda source, _info: source[name] if isinstance(source, dict) else getattr(source, snake)

    # Root fields

    def Query_node(self, _: None, id: str) -> Any:
        rows = {**self.loaded.shipments, **self.loaded.packages, **self.loaded.carriers, **self.loaded.items,
                **self.loaded.events}  # fmt: skip
        return next(
            (row for row in rows.values() if reference_filters.public_id(PREFIXES[type(row).__name__], row) == id), None
        )

    def Query_nodes(self, _: None, ids: list[str]) -> list[Any]:
        return [self.Query_node(None, id) for id in ids]

    def Query_shipment(self, _: None, by: dict[str, Any]) -> Any:
        return next((row for row in self.loaded.shipments.values() if reference_filters.matches_key(row, by)), None)

    def Query_shipments(self, _: None, **args: Any) -> Page:
        return self.shipments(lambda row: True, args)

    def shipments(self, test: Callable[[Any], bool], args: dict[str, Any]) -> Page:
        """A page of the shipments that pass `test`."""
        order = self.order(args.get("orderBy"), SHIPMENT_ORDERS, "CREATED_AT")
        name = "shipments:" + ",".join(order["field"] for order in args.get("orderBy") or [{"field": "CREATED_AT"}])
        where, search = args.get("where"), args.get("search")

        def matches(row: Any) -> bool:
            searched = search is None or reference_search.search(row, search, self.loaded)
            return test(row) and searched and reference_filters.shipment(row, where, self.loaded)

        return Page(self.loaded.shipments.values(), matches, order, name, args)

    def order(self, order_by: list[Any] | None, fields: dict[str, Any], default: str) -> Order:
        """The sort keys of an `orderBy`. Raises BadUserInput for more than 3 fields or a repeated field."""
        sort_fields = [(order["field"], order["direction"] == "DESC") for order in order_by or ()] or [(default, True)]
        if len(sort_fields) > 3 or len({name for name, _ in sort_fields}) < len(sort_fields):
            raise request_errors.BadUserInput("`orderBy` takes at most 3 fields, each once.")
        if len(sort_fields) > 1 and any(name == "STATUS" for name, _ in sort_fields):
            raise request_errors.LimitExceeded("STATUS cannot be combined with other fields.")
        keys = [(*fields[name], descending) for name, descending in sort_fields]
        if sort_fields[0][0] == "STATUS":
            keys.append((*fields["CREATED_AT"], sort_fields[0][1]))
        return [*keys, (*ID, sort_fields[-1][1])]

    def Query_trackingEvents(self, _: None, **args: Any) -> Page:
        order = self.order(args.get("orderBy"), EVENT_ORDERS, "OCCURRED_AT")
        name = "events:" + ",".join(order["field"] for order in args.get("orderBy") or [{"field": "OCCURRED_AT"}])
        test = lambda row: reference_filters.event(row, args.get("where"), self.loaded)  # noqa: E731
        return Page(self.loaded.events.values(), test, order, name, args)

    def Query_track(self, _: None, trackingNumber: str, carrier: str | None = None) -> list[Any]:
        packages = [row for row in self.loaded.packages.values()
                 if reference_filters.text(
                     row.tracking_number_norm, {"eq": trackingNumber}, reference_filters.normal_forms.tracking_number
                 )
                 and (carrier is None or self.code_of(row) == carrier)]  # fmt: skip
        return sorted(packages, key=lambda row: row.id, reverse=True)[:100]

    def code_of(self, package: Any) -> str | None:
        """The code of the carrier that carries a package."""
        carrier = self.Shipment_carrier(self.loaded.shipments[package.shipment_id])
        return carrier and str(carrier.code)

    def Query_carrier(self, _: None, code: str) -> Any:
        return next((row for row in self.loaded.carriers.values() if row.code == code), None)

    def Query_carriers(self, _: None, **args: Any) -> Page:
        order: Order = [(lambda row: row.code.encode(), "text", False), (*ID, False)]
        return Page(self.loaded.carriers.values(), lambda row: True, order, "carriers", args)

    def Query_apiKeys(self, _: None, **args: Any) -> Page:
        return Page((), lambda row: True, [(*ID, False)], "apiKeys", args)  # the seed data has no API keys

    def Query_changes(self, _: None, **args: Any) -> Page:
        where = args.get("where") or {}
        shipments, ops = where.get("shipments"), where.get("ops")

        def matches(row: Any) -> bool:
            shipment_id = row.shipment_id and f"shp_{row.shipment_id.hex}"
            return (shipments is None or shipment_id in shipments) and (ops is None or row.op in ops)

        return self.changes(matches, args)

    def changes(self, test: Callable[[Any], bool], args: dict[str, Any]) -> Page:
        """A page of the change log entries that pass `test`."""
        order: Order = [(lambda row: row.log_position, "number", False), (lambda row: row.seq, "number", False)]
        more: Order = [(lambda row: row.at, "instant", False), (lambda _: self.loaded.history, "number", False)]
        return Page(self.loaded.changes, test, order, "changes", args, more)

    def Query_viewer(self, _: None) -> dict[str, Any]:
        return self.viewer

    # Fields of types

    def Carrier_shipments(self, row: Any, **args: Any) -> Page:
        return self.shipments(lambda shipment: shipment.carrier_id == row.id, args)

    def Carrier_statusMappings(self, row: Any, **args: Any) -> Page:
        order: Order = [(lambda status: status.raw.encode(), "text", False), (*ID, False)]
        return Page(
            self.loaded.status_mappings, lambda status: status.carrier_id == row.id, order, "statusMappings", args
        )

    def Shipment_estimatedDeliveryDate(self, row: Any) -> Any:
        if row.estimated_delivery_at is None or row.estimated_delivery_at == row.estimate_given:
            return row.estimate_given_date if row.estimated_delivery_at is not None else None
        events = [
            event
            for event in self.timeline(self.loaded.events_of[row.id])
            if event.voided_at is None and event.estimated_delivery_at == row.estimated_delivery_at
        ]
        return events[-1].estimated_delivery_date if events else None

    def Shipment_phase(self, row: Any) -> enums.ShipmentPhase:
        return status_rules.phase(row.status)

    def Shipment_lateness(self, row: Any) -> enums.Lateness:
        return reference_lateness.lateness(row)

    def Shipment_statusExplanation(self, row: Any) -> dict[str, Any]:
        irrelevant = (None, enums.NotAppliedReason.NOT_STATUS_BEARING)
        events = [
            event
            for event in self.timeline(self.loaded.events_of[row.id])
            if event.not_applied_reason not in irrelevant
        ]
        rules = {
            "COMMAND": "Set by a command: creation, shipmentConfirm or shipmentCancel.",
            "OVERRIDE": "Set by shipmentOverrideStatus; later events go on from there.",
            "PROJECTION": "Decided by the latest tracking event that applies, rolled up over the packages.",
        }
        deciding_event = self.loaded.events.get(row.status_event_id)
        return {"decidedBy": deciding_event, "rule": rules[row.status_source], "notApplied": events[:50]}

    def timeline(self, events: Iterable[Any]) -> list[Any]:
        """Events in order of occurrence."""
        return sorted(events, key=lambda event: (event.occurred_at, event.position, event.id))

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
        parties = [party for party in self.loaded.parties_of[row.id] if roles is None or party.role in roles]
        return sorted(parties, key=lambda party: list(enums.PartyRole).index(party.role))

    def Shipment_packages(self, row: Any) -> list[Any]:
        return sorted(self.loaded.packages_of[row.id], key=lambda child: child.seq)

    def Shipment_items(self, row: Any) -> list[Any]:
        return sorted(self.loaded.items_of[row.id], key=lambda child: child.seq)

    def Shipment_references(self, row: Any) -> list[Any]:
        return sorted(self.loaded.references_of[row.id], key=lambda child: child.seq)

    def Shipment_events(self, row: Any, **args: Any) -> Page:
        return self.events(lambda other: other.shipment_id == row.id, args)

    def events(self, test: Callable[[Any], bool], args: dict[str, Any]) -> Page:
        """A page of the events that pass `test`, in order of occurrence."""
        descending = args.get("orderBy") == "DESC"
        order: Order = [
            (lambda event: event.occurred_at, "instant", descending),
            (lambda event: event.position, "number", descending),
            (*ID, descending),
        ]
        matches = lambda event: test(event) and reference_filters.event(event, args.get("where"), self.loaded)  # noqa: E731
        return Page(self.loaded.events.values(), matches, order, "timeline", args)

    def Shipment_latestEvent(self, row: Any) -> Any:
        active = [event for event in self.timeline(self.loaded.events_of[row.id]) if event.voided_at is None]
        return active[-1] if active else None

    def Shipment_totalWeight(self, row: Any, unit: enums.WeightUnit | None) -> Any:
        unit = unit or enums.WeightUnit.KG
        grams = row.total_weight_g
        return None if grams is None else {"value": in_unit(grams, unit), "unit": unit}

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
        return self.changes(lambda other: other.shipment_id == row.id, args)
