"""What the filters mean, in plain Python over ORM objects: written from their descriptions, not from `read/`."""

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from graphql_app.domain import status_rules, tracking_numbers, units
from tests.support.orm_rows import Loaded

Given = dict[str, Any]
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
WORDS = re.compile(r"[^\W_]+")


def text(value: str | None, given: Given | None, normal: Callable[[str], str] = str) -> bool:
    """StringFilter. What is unknown satisfies nothing but `isNull: true`."""
    asked = {name: one for name, one in (given or {}).items() if one is not None}
    known = value is not None
    return all(
        (known != one) if name == "isNull"
        else known and (
            value == normal(one) if name == "eq"
            else value in [normal(each) for each in one] if name == "in"
            else value.startswith(normal(one)) if name == "startsWith"
            else normal(one) in value
        )
        for name, one in asked.items()
    )  # fmt: skip


def instant(value: Any, given: Given | None) -> bool:
    """DateTimeFilter."""
    asked = {name: one for name, one in (given or {}).items() if one is not None}
    if "isNull" in asked and (value is None) != asked.pop("isNull"):
        return False
    tests = {"gte": lambda a, b: a >= b, "gt": lambda a, b: a > b, "lte": lambda a, b: a <= b, "lt": lambda a, b: a < b}
    return all(value is not None and tests[name](value, one) for name, one in asked.items())


def identity(public: str, given: Given | None) -> bool:
    """IDFilter."""
    eq, among = (given or {}).get("eq"), (given or {}).get("in")
    return (eq is None or public == eq) and (among is None or public in among)


def place(party: Any, given: Given) -> bool:
    """PlaceWhere."""
    if party is None:
        return False
    columns = {"country": "country_code", "region": "region", "city": "city", "postalCode": "postal_code"}
    return all(text(getattr(party, column), given.get(name)) for name, column in columns.items())


def metadata(raw: str, given: Given) -> bool:
    """MetadataWhere, one of the list."""
    pairs = dict(spans(raw))
    token = pairs.get(json.dumps(given["key"], ensure_ascii=False))
    value = None if token in (None, "null") else json.loads(token) if token.startswith('"') else token  # type: ignore[union-attr]
    asked = {name: one for name, one in (given.get("value") or {}).items() if one is not None}
    if not asked:
        return value is not None

    def same(one: str) -> bool:
        if token is None or token[0] in "[{n":
            return False
        if token[0] == '"':
            return bool(value == one)
        if token in ("true", "false"):
            return token == one
        return bool(NUMBER.fullmatch(one)) and Decimal(token) == Decimal(one)

    if "eq" in asked and not same(asked.pop("eq")):
        return False
    if "in" in asked and not any(same(one) for one in asked.pop("in")):
        return False
    return text(value, asked)


def spans(raw: str) -> list[tuple[str, str]]:
    """The members of a JSON object, as they are written."""
    decoder, at, found = json.JSONDecoder(), 1, []
    while raw[at] != "}":
        at += raw[at] == ","
        at += raw[at] == " "
        _, colon = decoder.raw_decode(raw, at)
        _, end = decoder.raw_decode(raw, colon + 2)
        found.append((raw[at:colon], raw[colon + 2 : end]))
        at = end
    return found


def weight(grams: Decimal | None, given: Given) -> bool:
    """WeightFilter."""

    def bound(one: Given) -> Decimal:
        with localcontext(prec=200):
            return (one["value"] * units.GRAMS[one["unit"]]).quantize(Decimal("0.001"), ROUND_HALF_UP)

    low, high = given.get("gte"), given.get("lte")
    if low is None and high is None:
        return True
    return grams is not None and (low is None or grams >= bound(low)) and (high is None or grams <= bound(high))


def by(shipment: Any, given: Given) -> bool:
    """ShipmentBy."""
    ((name, value),) = given.items()
    return bool({"id": public("shp_", shipment), "number": shipment.number,
                 "externalReference": shipment.external_reference}[name] == value)  # fmt: skip


def public(prefix: str, row: Any) -> str:
    return f"{prefix}{row.id.hex}"


def event(event: Any, given: Given | None, loaded: Loaded) -> bool:
    """TrackingEventWhere."""
    where = given or {}
    if event.voided_at is not None and not where.get("includeVoided"):
        return False
    shipment, code, applied = where.get("shipment"), where.get("code"), where.get("applied")
    return (
        (shipment is None or by(loaded.shipments[event.shipment_id], shipment))
        and (code is None or event.code in code)
        and (applied is None or event.applied == applied)
        and instant(event.occurred_at, where.get("occurredAt"))
        and instant(event.recorded_at, where.get("recordedAt"))
        and text(event.country_code, where.get("country"))
        and text(event.source_name, where.get("source"))
    )


def shipment(row: Any, given: Given | None, loaded: Loaded) -> bool:
    """ShipmentWhere at the outermost: archived ones are left out unless it says otherwise."""
    where = given or {}
    archived = where.get("archived", False)
    if archived is not None and (row.archived_at is not None) != archived:
        return False
    return within(row, {**where, "archived": None}, loaded)


def within(row: Any, where: Given, loaded: Loaded) -> bool:
    """ShipmentWhere inside AND, OR and NOT, where `archived: false` says nothing."""
    return all(TESTS[name](row, given, loaded) for name, given in where.items() if given is not None)


def tracking_number(row: Any, given: Given, loaded: Loaded) -> bool:
    numbers = [one.tracking_number_norm for one in loaded.packages_of[row.id] if one.tracking_number_norm is not None]
    asked = {name: one for name, one in given.items() if one is not None}
    if "isNull" in asked and bool(numbers) == asked.pop("isNull"):
        return False
    return not asked or any(text(number, asked, tracking_numbers.normalize) for number in numbers)


def reference(row: Any, given: Given, loaded: Loaded) -> bool:
    kind = given.get("kind")
    return any((kind is None or one.kind == kind) and text(one.value, given["value"])
               for one in loaded.references_of[row.id])  # fmt: skip


def status(row: Any, given: Given, _: Loaded) -> bool:
    eq, among, beside = given.get("eq"), given.get("in"), given.get("notIn")
    return (
        (eq is None or row.status == eq) and (among is None or row.status in among)
        and (beside is None or row.status not in beside)
    )  # fmt: skip


def tags(row: Any, given: Given, _: Loaded) -> bool:
    some, every = given.get("hasAny"), given.get("hasAll")
    return (some is None or bool(set(some) & set(row.tags))) and (every is None or set(every) <= set(row.tags))


def carrier(row: Any, given: Given, loaded: Loaded) -> bool:
    found = loaded.carriers.get(row.carrier_id)
    return text(found and found.code, given)


def search(row: Any, asked: str, loaded: Loaded) -> bool:
    """A number, reference or tracking number, whole or its beginning, or words of a party."""
    plain, number = asked.strip(), tracking_numbers.normalize(asked)
    beginnings = [row.number, row.external_reference or "", *(one.value for one in loaded.references_of[row.id])]
    if plain and any(one.startswith(plain) for one in beginnings):
        return True
    if number and any((one.tracking_number_norm or "").startswith(number) for one in loaded.packages_of[row.id]):
        return True
    words = WORDS.findall(asked.lower())
    return bool(words) and any(has_words(one, words) for one in loaded.parties_of[row.id])


def has_words(party: Any, words: list[str]) -> bool:
    named = (party.name, party.company, party.city, party.region, party.postal_code)
    known = set(WORDS.findall(" ".join(one or "" for one in named).lower()))
    return set(words[:-1]) <= known and any(one.startswith(words[-1]) for one in known)


TESTS: dict[str, Callable[[Any, Any, Loaded], bool]] = {
    "id": lambda row, given, _: identity(public("shp_", row), given),
    "number": lambda row, given, _: text(row.number, given),
    "externalReference": lambda row, given, _: text(row.external_reference, given),
    "status": status,
    "phase": lambda row, given, _: status_rules.phase(row.status) == given,
    "direction": lambda row, given, _: row.direction == given,
    "carrier": carrier,
    "service": lambda row, given, _: text(row.service, given),
    "origin": lambda row, given, loaded: place(loaded.party(row.id, "SHIPPER"), given),
    "destination": lambda row, given, loaded: place(loaded.party(row.id, "RECIPIENT"), given),
    "trackingNumber": tracking_number,
    "reference": reference,
    "metadata": lambda row, given, loaded: all(metadata(loaded.raw[row.id], one) for one in given),
    "tags": tags,
    "createdAt": lambda row, given, _: instant(row.created_at, given),
    "updatedAt": lambda row, given, _: instant(row.updated_at, given),
    "statusAt": lambda row, given, _: instant(row.status_at, given),
    "promisedTo": lambda row, given, _: instant(row.promised_to, given),
    "estimatedDeliveryAt": lambda row, given, _: instant(row.estimated_delivery_at, given),
    "deliveredAt": lambda row, given, _: instant(row.delivered_at, given),
    "lastEventAt": lambda row, given, _: instant(row.last_event_at, given),
    "totalWeight": lambda row, given, _: weight(row.total_weight_g, given),
    "events": lambda row, given, loaded: any(event(one, given, loaded) for one in loaded.events_of[row.id]),
    "archived": lambda row, given, _: not given or row.archived_at is not None,
    "AND": lambda row, given, loaded: all(within(row, one, loaded) for one in given),
    "OR": lambda row, given, loaded: any(within(row, one, loaded) for one in given),
    "NOT": lambda row, given, loaded: not within(row, given, loaded),
}
