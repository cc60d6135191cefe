"""The meaning of the filters in plain Python over ORM objects, written from their descriptions."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from graphql_app.domain import carrier_status_codes, normal_forms, status_rules
from tests.support import reference_lateness
from tests.support.orm_rows import AccountRows
from tests.support.reference_texts import casefolded, country_code, nfc, stored
from tests.support.reference_units import FACTORS

Filter = dict[str, Any]
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def conditions_of(filter_: Filter | None) -> Filter:
    """The conditions of a filter that are not null."""
    return {name: operand for name, operand in (filter_ or {}).items() if operand is not None}


def text(value: str | None, filter_: Filter | None, normalize: Callable[[str], str] = stored) -> bool:
    """StringFilter. Null values match only `isNull: true`; an operand that is normalized to nothing matches nothing."""
    conditions = conditions_of(filter_)
    return all(
        ((value is None) == operand) if name == "isNull"
        else value is not None and (
            value == normalize(operand) if name == "eq"
            else value in [normalize(item) for item in operand] if name == "in"
            else value.startswith(normalize(operand)) and normalize(operand) != "" if name == "startsWith"
            else normalize(operand) in value and normalize(operand) != ""
        )
        for name, operand in conditions.items()
    )  # fmt: skip


def instant(value: Any, filter_: Filter | None) -> bool:
    """DateTimeFilter."""
    conditions = conditions_of(filter_)
    if "isNull" in conditions and (value is None) != conditions.pop("isNull"):
        return False
    tests = {"gte": lambda a, b: a >= b, "gt": lambda a, b: a > b, "lte": lambda a, b: a <= b, "lt": lambda a, b: a < b}
    return all(value is not None and tests[name](value, operand) for name, operand in conditions.items())


def identity(public_id: str, filter_: Filter | None) -> bool:
    """IDFilter."""
    eq, allowed = (filter_ or {}).get("eq"), (filter_ or {}).get("in")
    return (eq is None or public_id == eq) and (allowed is None or public_id in allowed)


def place(party: Any, filter_: Filter) -> bool:
    """PlaceWhere."""
    if party is None:
        return False
    return (
        text(party.country_code, filter_.get("country"), country_code)
        and text(party.region, filter_.get("region"))
        and text(party.city and casefolded(party.city), filter_.get("city"), casefolded)
        and text(party.postal_code, filter_.get("postalCode"))
    )


def metadata(raw: str, filter_: Filter) -> bool:
    """One MetadataWhere of the list."""
    pairs = dict(spans(raw))
    token = pairs.get(json.dumps(filter_["key"], ensure_ascii=False))
    value = None if token in (None, "null") else json.loads(token) if token.startswith('"') else token  # type: ignore[union-attr]
    conditions = conditions_of(filter_.get("value"))
    if not conditions:
        return value is not None

    def same(operand: str) -> bool:
        if token is None or token[0] in "[{n":
            return False
        if token[0] == '"':
            return bool(value == operand)
        if token in ("true", "false"):
            return token == operand
        return bool(NUMBER.fullmatch(operand)) and Decimal(token) == Decimal(operand)

    if "eq" in conditions and not same(conditions.pop("eq")):
        return False
    if "in" in conditions and not any(same(item) for item in conditions.pop("in")):
        return False
    return text(value, conditions, nfc)


def spans(raw: str) -> list[tuple[str, str]]:
    """The members of a JSON object as they are written: key and value as JSON text."""
    decoder, position, members = json.JSONDecoder(), 1, []
    while raw[position] != "}":
        position += raw[position] == ","
        position += raw[position] == " "
        _, colon = decoder.raw_decode(raw, position)
        _, end = decoder.raw_decode(raw, colon + 2)
        members.append((raw[position:colon], raw[colon + 2 : end]))
        position = end
    return members


def weight(grams: Decimal | None, filter_: Filter) -> bool:
    """WeightFilter, compared as exact fractions of a gram."""

    def bound(weight: Filter) -> Fraction:
        return Fraction(weight["value"]) * FACTORS[weight["unit"]]

    low, high = filter_.get("gte"), filter_.get("lte")
    if low is None and high is None:
        return True
    return grams is not None and (low is None or grams >= bound(low)) and (high is None or grams <= bound(high))


def matches_key(shipment: Any, filter_: Filter) -> bool:
    """ShipmentBy."""
    ((name, value),) = filter_.items()
    return bool({"id": public_id("shp_", shipment), "number": shipment.number,
                 "externalReference": shipment.external_reference}[name] == stored(value))  # fmt: skip


def public_id(prefix: str, row: Any) -> str:
    """The public id of a row."""
    return f"{prefix}{row.id.hex}"


def event(event: Any, filter_: Filter | None, loaded: AccountRows) -> bool:
    """TrackingEventWhere. Voided events match only with `includeVoided: true`."""
    where = filter_ or {}
    if event.voided_at is not None and not where.get("includeVoided"):
        return False
    shipment, code, applied = where.get("shipment"), where.get("code"), where.get("applied")
    return (
        (shipment is None or matches_key(loaded.shipments[event.shipment_id], shipment))
        and (code is None or event.code in code)
        and (applied is None or event.applied == applied)
        and instant(event.occurred_at, where.get("occurredAt"))
        and instant(event.recorded_at, where.get("recordedAt"))
        and text(event.country_code, where.get("country"), country_code)
        and text(event.source_name, where.get("source"))
        and text(event.carrier_status_key, where.get("carrierStatusRaw"), carrier_status_codes.normalize)
    )


def shipment(row: Any, filter_: Filter | None, loaded: AccountRows) -> bool:
    """ShipmentWhere at the top level: archived shipments match only if `archived` says so."""
    where = filter_ or {}
    archived = where.get("archived", False)
    if archived is not None and (row.archived_at is not None) != archived:
        return False
    return nested_shipment(row, {**where, "archived": None}, loaded)


def nested_shipment(row: Any, where: Filter, loaded: AccountRows) -> bool:
    """ShipmentWhere inside AND, OR and NOT, where `archived: false` has no effect."""
    return all(CONDITIONS[name](row, filter_, loaded) for name, filter_ in where.items() if filter_ is not None)


def tracking_number(row: Any, filter_: Filter, loaded: AccountRows) -> bool:
    """StringFilter on the normalized tracking numbers of a shipment."""
    numbers = [
        package.tracking_number_norm
        for package in loaded.packages_of[row.id]
        if package.tracking_number_norm is not None
    ]
    conditions = conditions_of(filter_)
    if "isNull" in conditions and bool(numbers) == conditions.pop("isNull"):
        return False
    return not conditions or any(text(number, conditions, normal_forms.tracking_number) for number in numbers)


def reference(row: Any, filter_: Filter, loaded: AccountRows) -> bool:
    """ReferenceWhere."""
    kind = filter_.get("kind")
    return any((kind is None or reference.kind == stored(kind)) and text(reference.value, filter_["value"])
               for reference in loaded.references_of[row.id])  # fmt: skip


def status(row: Any, filter_: Filter, _: AccountRows) -> bool:
    """ShipmentStatusFilter."""
    eq, allowed, excluded = filter_.get("eq"), filter_.get("in"), filter_.get("notIn")
    return (
        (eq is None or row.status == eq) and (allowed is None or row.status in allowed)
        and (excluded is None or row.status not in excluded)
    )  # fmt: skip


def tags(row: Any, filter_: Filter, _: AccountRows) -> bool:
    """StringListFilter."""
    any_of, all_of = filter_.get("hasAny"), filter_.get("hasAll")
    texts = {name: {stored(text) for text in values or ()} for name, values in (("any", any_of), ("all", all_of))}
    return (any_of is None or bool(texts["any"] & set(row.tags))) and texts["all"] <= set(row.tags)


def carrier(row: Any, filter_: Filter, loaded: AccountRows) -> bool:
    """StringFilter on the code of the carrier."""
    carrier_row = loaded.carriers.get(row.carrier_id)
    return text(carrier_row and carrier_row.code, filter_)


def recipient(row: Any, filter_: Filter, loaded: AccountRows) -> bool:
    """RecipientWhere."""
    party = loaded.party(row.id, "RECIPIENT")
    return party is not None and all(
        text(getattr(party, name), filter_.get(name)) for name in ("name", "email", "phone")
    )


def items(row: Any, filter_: Filter, loaded: AccountRows) -> bool:
    """ItemWhere."""
    names = ("sku", "title", "batch")
    return any(all(text(getattr(item, name), filter_.get(name)) for name in names) for item in loaded.items_of[row.id])


def carrier_status(row: Any, filter_: Filter, loaded: AccountRows) -> bool:
    """StringFilter on the carrier status codes of the events that are not voided."""
    return not conditions_of(filter_) or any(
        event.voided_at is None and text(event.carrier_status_key, filter_, carrier_status_codes.normalize)
        for event in loaded.events_of[row.id]
    )


def exception_reason(row: Any, filter_: Filter, _: AccountRows) -> bool:
    """ExceptionReasonFilter."""
    eq, allowed, is_null = filter_.get("eq"), filter_.get("in"), filter_.get("isNull")
    reason = row.exception_reason
    return (
        (eq is None or reason == eq) and (allowed is None or reason in allowed)
        and (is_null is None or (reason is None) == is_null)
    )  # fmt: skip


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b, "gte": lambda a, b: a >= b, "gt": lambda a, b: a > b, "lte": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
}  # fmt: skip


def package_count(row: Any, filter_: Filter, _: AccountRows) -> bool:
    """IntFilter."""
    return all(COMPARISONS[name](row.package_count, bound) for name, bound in conditions_of(filter_).items())


def lateness(row: Any, filter_: Filter, _: AccountRows) -> bool:
    """LatenessFilter."""
    eq, allowed = filter_.get("eq"), filter_.get("in")
    value = reference_lateness.lateness(row)
    return (eq is None or value == eq) and (allowed is None or value in allowed)


def late_by(row: Any, filter_: Filter, _: AccountRows) -> bool:
    """DurationFilter on `lateBy`."""
    conditions, duration = conditions_of(filter_), reference_lateness.late_by(row)
    return not conditions or (
        duration is not None and all(COMPARISONS[name](duration, bound) for name, bound in conditions.items())
    )


CONDITIONS: dict[str, Callable[[Any, Any, AccountRows], bool]] = {
    "id": lambda row, filter_, _: identity(public_id("shp_", row), filter_),
    "number": lambda row, filter_, _: text(row.number, filter_),
    "externalReference": lambda row, filter_, _: text(row.external_reference, filter_),
    "status": status,
    "phase": lambda row, filter_, _: status_rules.phase(row.status) == filter_,
    "direction": lambda row, filter_, _: row.direction == filter_,
    "carrier": carrier,
    "service": lambda row, filter_, _: text(row.service, filter_),
    "origin": lambda row, filter_, loaded: place(loaded.party(row.id, "SHIPPER"), filter_),
    "destination": lambda row, filter_, loaded: place(loaded.party(row.id, "RECIPIENT"), filter_),
    "trackingNumber": tracking_number,
    "reference": reference,
    "metadata": lambda row, filter_, loaded: all(metadata(loaded.raw[row.id], condition) for condition in filter_),
    "tags": tags,
    "createdAt": lambda row, filter_, _: instant(row.created_at, filter_),
    "updatedAt": lambda row, filter_, _: instant(row.updated_at, filter_),
    "statusAt": lambda row, filter_, _: instant(row.status_at, filter_),
    "promisedTo": lambda row, filter_, _: instant(row.promised_to, filter_),
    "estimatedDeliveryAt": lambda row, filter_, _: instant(row.estimated_delivery_at, filter_),
    "deliveredAt": lambda row, filter_, _: instant(row.delivered_at, filter_),
    "lastEventAt": lambda row, filter_, _: instant(row.last_event_at, filter_),
    "totalWeight": lambda row, filter_, _: weight(row.total_weight_g, filter_),
    "lateness": lateness,
    "lateBy": late_by,
    "exceptionReason": exception_reason,
    "incoterm": lambda row, filter_, _: text(row.incoterm, filter_),
    "packageCount": package_count,
    "recipient": recipient,
    "items": items,
    "carrierStatusRaw": carrier_status,
    "events": lambda row, filter_, loaded: any(
        event(row_event, filter_, loaded) for row_event in loaded.events_of[row.id]
    ),
    "archived": lambda row, filter_, _: not filter_ or row.archived_at is not None,
    "AND": lambda row, filter_, loaded: all(nested_shipment(row, where, loaded) for where in filter_),
    "OR": lambda row, filter_, loaded: any(nested_shipment(row, where, loaded) for where in filter_),
    "NOT": lambda row, filter_, loaded: not nested_shipment(row, filter_, loaded),
}
"""For each field of ShipmentWhere, whether a row matches it."""
