"""Reference resolvers of the fields of parties, packages, items, tracking events and changes."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson

from graphql_app.domain import enums
from tests.support.orm_rows import AccountRows
from tests.support.reference_units import Exactly, in_unit


class FieldResolvers:
    """Fields of the types below a shipment. A method `Type_field` resolves that field."""

    loaded: AccountRows
    Shipment_carrier: Callable[[Any], Any]
    events: Callable[[Callable[[Any], bool], dict[str, Any]], Any]
    changes: Callable[[Callable[[Any], bool], dict[str, Any]], Any]

    def Party_country(self, row: Any) -> Any:
        return row.country_code

    def Package_shipment(self, row: Any) -> Any:
        return self.loaded.shipments[row.shipment_id]

    def Package_trackingUrl(self, row: Any) -> str | None:
        carrier = self.Shipment_carrier(self.Package_shipment(row))
        if carrier is None or carrier.tracking_url_template is None or row.tracking_number_norm is None:
            return None
        recipient = self.loaded.party(row.shipment_id, enums.PartyRole.RECIPIENT)
        values = {
            "{trackingNumber}": row.tracking_number_norm,
            "{trackingNumberRaw}": quote(row.tracking_number, safe=""),
            "{postalCode}": quote((recipient and recipient.postal_code) or "", safe=""),
            "{country}": recipient.country_code if recipient else "",
        }
        return re.sub(r"{\w+}", lambda placeholder: values[placeholder[0]], carrier.tracking_url_template)

    def Package_weight(self, row: Any, unit: enums.WeightUnit | None) -> Any:
        unit = unit or enums.WeightUnit.KG
        if row.weight_entered is None:
            return None
        if unit == row.weight_unit:
            return {"value": Exactly(row.weight_entered), "unit": unit}
        return {"value": in_unit(row.weight_g, unit), "unit": unit}

    def Package_dimensions(self, row: Any, unit: enums.LengthUnit | None) -> Any:
        unit = unit or enums.LengthUnit.CM
        sides = {"length": row.length_mm, "width": row.width_mm, "height": row.height_mm}
        values = {name: in_unit(side, unit) for name, side in sides.items()}
        return None if row.dims_unit is None else {**values, "unit": unit}

    def Package_items(self, row: Any) -> list[Any]:
        items = [item for item in self.loaded.items.values() if item.package_id == row.id]
        return sorted(items, key=lambda child: child.seq)

    def Package_events(self, row: Any, **args: Any) -> Any:
        return self.events(
            lambda event: event.shipment_id == row.shipment_id and event.package_id in (None, row.id), args
        )

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
        return self.changes(lambda change: change is row, {}).edges[0]["cursor"]

    def Change_changed(self, row: Any) -> orjson.Fragment:
        return orjson.Fragment(self.loaded.raw[row.seq])

    def Change_shipment(self, row: Any) -> Any:
        return self.loaded.shipments.get(row.shipment_id)
