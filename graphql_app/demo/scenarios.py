"""What happens in the demonstration: a few hundred shipments in every status, each with the scans that led there.

A pure function of a moment: the same moment gives the same world. Everything has happened by then, and some of what was
promised has not. Inputs come under their GraphQL names, as clients would send them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from graphql_app.demo.reference_data import CARRIERS, GOODS, NAMES, SERVICES, SPOTS, WAREHOUSES, Spot
from graphql_app.domain import tracking_numbers
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import LengthUnit, ShipmentDirection, ShipmentStatus, WeightUnit
from graphql_app.domain.enums import TrackingEventCode as Code

Input = dict[str, Any]
Status = ShipmentStatus
Step = tuple[Code, Reason | None, str | None]

HOW_MANY = {
    Status.DRAFT: 16, Status.READY: 24, Status.PICKED_UP: 14, Status.IN_TRANSIT: 64, Status.OUT_FOR_DELIVERY: 22,
    Status.AVAILABLE_FOR_PICKUP: 12, Status.DELIVERY_ATTEMPTED: 12, Status.EXCEPTION: 18,
    Status.PARTIALLY_DELIVERED: 10, Status.DELIVERED: 112, Status.RETURNING: 8, Status.RETURNED: 8, Status.FAILED: 6,
    Status.CANCELLED: 10,
}  # fmt: skip
PLANNING = (Status.DRAFT, Status.READY, Status.CANCELLED)
AT_ORIGIN = (Code.LABEL_CREATED, Code.PICKED_UP, Code.DEPARTED_FACILITY, Code.RETURNED)
ENDS: Mapping[Status, Sequence[Sequence[Step]]] = {
    Status.AVAILABLE_FOR_PICKUP: (
        ((Code.AVAILABLE_FOR_PICKUP, None, "Ready at the counter, kept for seven days"),),
        ((Code.DELIVERY_ATTEMPTED, Reason.RECIPIENT_ABSENT, None), (Code.AVAILABLE_FOR_PICKUP, None, None)),
    ),
    Status.DELIVERY_ATTEMPTED: (
        ((Code.DELIVERY_ATTEMPTED, Reason.RECIPIENT_ABSENT, "Nobody at home, card left"),),
        ((Code.DELIVERY_ATTEMPTED, Reason.BUSINESS_CLOSED, "Closed on arrival"),),
    ),
    Status.EXCEPTION: (
        ((Code.CUSTOMS_HELD, Reason.CUSTOMS_DOCUMENTS, "Commercial invoice missing"),),
        ((Code.HELD, Reason.WEATHER, "Roads closed by snow"),),
        ((Code.EXCEPTION, Reason.ADDRESS, "House number not found"),),
        ((Code.DAMAGED, None, "Outer box crushed, being repacked"),),
        ((Code.HELD, Reason.PAYMENT_DUE, "Import duties not paid yet"),),
    ),
    Status.RETURNING: (((Code.DELIVERY_ATTEMPTED, Reason.REFUSED, None), (Code.RETURN_STARTED, Reason.REFUSED, None)),),
    Status.RETURNED: (
        (
            (Code.DELIVERY_ATTEMPTED, Reason.REFUSED, "Refused at the door"),
            (Code.RETURN_STARTED, None, None),
            (Code.RETURNED, None, "Back at the shipper"),
        ),
    ),
    Status.FAILED: (((Code.LOST, None, "Not found in three searches"),), ((Code.DESTROYED, Reason.DISASTER, None),)),
}
"""How the last steps may go, where they are not the usual ones."""


@dataclass(slots=True)
class Story:
    """One shipment: how it is made, what is reported of it, and what is done to it in the end."""

    status: Status
    shipment: Input
    events: list[Input] = field(default_factory=list)
    override: str | None = None
    archive: bool = False


def world(now: datetime) -> Iterator[Story]:
    """All of them. A return comes after the shipment that it brings back."""
    chance = Random(18)
    for status, count in HOW_MANY.items():
        for at in range(count):
            yield story(chance, status, f"DEMO-{status.name}-{at + 1:03}", now)
    for at in range(1, 7):
        returned = story(chance, Status.IN_TRANSIT, f"DEMO-RETURN-{at:03}", now)
        returned.shipment |= {
            "direction": ShipmentDirection.RETURN,
            "returnOf": {"externalReference": f"DEMO-DELIVERED-{at:03}"},
            "tags": ["return"],
        }
        yield returned


def story(chance: Random, status: Status, reference: str, now: datetime) -> Story:
    """One shipment that has come to this status."""
    origin = chance.choice(list(WAREHOUSES))
    target = chance.choice([name for name in SPOTS if name != origin])
    start, end = SPOTS[origin], SPOTS[target]
    closed = status in (Status.DELIVERED, Status.RETURNED, Status.FAILED)
    last = now - timedelta(hours=chance.uniform(30, 700) if closed else chance.uniform(0.3, 9))
    carrier = carrier_between(chance, start, end)
    packages = chance.choice((2, 3, 4)) if status is Status.PARTIALLY_DELIVERED else chance.choice((1, 1, 1, 1, 2, 3))
    made = shipment(chance, status, reference, start, end, WAREHOUSES[origin], carrier, packages)
    promise(chance, made, end, last, late=not closed and chance.random() < 0.35)
    told = Story(status, made, archive=status is Status.DELIVERED and last < now - timedelta(days=25))
    if status not in PLANNING:
        told.events = list(reports(chance, status, made, start, end, last))
    if status is Status.DELIVERED and reference.endswith(("050", "051")):
        told.events = [event for event in told.events if event["code"] is not Code.DELIVERED]
        told.override = "Signed for on paper: the driver's scanner was out of order"
    if status is Status.DELIVERED and reference.endswith(("010", "020", "030")):  # a scan that came late is kept
        told.events.append(report(made, Code.ARRIVED_AT_FACILITY, end, last + timedelta(hours=2), None, "Late scan"))
    return told


def carrier_between(chance: Random, start: Spot, end: Spot) -> str:
    if "JP" in (start.country, end.country) and chance.random() < 0.5:
        return "japan_post"
    if end.country == "GB" and chance.random() < 0.6:
        return "royal_mail"
    return chance.choices(("dhl_express", "ups", "fedex", "north_sea_line"), (4, 4, 3, 1))[0]


def shipment(
    chance: Random, status: Status, reference: str, start: Spot, end: Spot, company: str, carrier: str, packages: int
) -> Input:
    """The input of `shipmentCreate`."""
    name = chance.choice(NAMES)
    mail = name.lower().encode("ascii", "ignore").decode().replace(" ", ".").replace("'", "")
    chosen = [chance.choice(GOODS) for _ in range(packages)]
    pieces = [chance.choice((1, 1, 2, 3, 6)) for _ in chosen]
    imperial = start.country == "US"
    return {
        "externalReference": reference,
        "direction": ShipmentDirection.OUTBOUND,
        "confirm": status is not Status.DRAFT,
        "carrier": None if status is Status.DRAFT and chance.random() < 0.5 else carrier,
        "service": chance.choice(SERVICES[carrier]),
        "shipper": {"company": company, "name": "Dispatch", **address(start)},
        "recipient": {"name": name, "email": f"{mail}@example.com", **address(end)},
        "packages": [
            {
                "trackingNumber": None if status is Status.DRAFT else tracking_number(chance, carrier, start),
                "weight": weight(Decimal(kilograms) * count, imperial=imperial),
                "dimensions": {
                    **{side: Decimal(chance.randrange(10, 60)) for side in ("length", "width", "height")},
                    "unit": LengthUnit.IN if imperial else LengthUnit.CM,
                },
            }
            for (_, _, _, kilograms), count in zip(chosen, pieces, strict=True)
        ],
        "items": [
            {
                "sku": sku, "title": title, "quantity": Decimal(count), "packageSeq": seq,
                "unitValue": {"amount": Decimal(value), "currency": "USD" if imperial else "EUR"},
                "originCountry": start.country,
            }
            for seq, ((sku, title, value, _), count) in enumerate(zip(chosen, pieces, strict=True), 1)
        ],
        "references": [
            {"kind": "order", "value": f"{chance.randrange(10**6, 10**7)}"},
            *([{"kind": "po", "value": f"PO-{chance.randrange(1000, 9999)}"}] if chance.random() < 0.4 else []),
        ],
        "declaredValue": {
            "amount": sum((Decimal(goods[2]) * count for goods, count in zip(chosen, pieces, strict=True)), Decimal(0)),
            "currency": "USD" if imperial else "EUR",
        },
        "incoterm": chance.choice(("DAP", "DDP")) if start.country != end.country else None,
        "metadata": {"channel": chance.choice(("web", "shop", "phone")), "priority": chance.randrange(1, 4)},
        "tags": [tag for tag in ("fragile", "gift", "insured") if chance.random() < 0.15],
    }  # fmt: skip


def address(spot: Spot) -> Input:
    return {
        "lines": [spot.line], "city": spot.city, "region": spot.region,
        "postalCode": spot.postal_code, "country": spot.country,
    }  # fmt: skip


def weight(kilograms: Decimal, *, imperial: bool) -> Input:
    if imperial:
        return {"value": round(kilograms / Decimal("0.45359237"), 1), "unit": WeightUnit.LB}
    return {"value": kilograms, "unit": WeightUnit.KG}


def tracking_number(chance: Random, carrier: str, start: Spot) -> str:
    """A number of the carrier's shape, with a right check digit."""
    digits = "".join(chance.choices("0123456789", k=12))
    if carrier == "ups":
        checked = f"R5V77403{digits[:7]}"
        return f"1Z {checked[:6]} {checked[6:8]} {checked[8:]}{tracking_numbers.ups(checked)}"
    if carrier == "fedex":
        return f"{digits[:11]}{tracking_numbers.fedex(digits[:11])}"
    if carrier == "dhl_express":
        return f"{digits[:9]}{tracking_numbers.dhl(digits[:9])}"
    if carrier in ("royal_mail", "japan_post"):
        return f"EE{digits[:8]}{tracking_numbers.postal(digits[:8])}{'JP' if carrier == 'japan_post' else 'GB'}"
    return f"NSL-{digits[:8]}"


def promise(chance: Random, made: Input, end: Spot, last: datetime, *, late: bool) -> None:
    """The promised window: a working day of the recipient's, before or after the last that was heard."""
    days = -chance.randrange(1, 4) if late else chance.randrange(1, 5)
    day = last.astimezone(ZoneInfo(end.zone)) + timedelta(days=days)
    made["promisedFrom"] = day.replace(hour=8, minute=0, second=0, microsecond=0)
    made["promisedTo"] = day.replace(hour=18, minute=0, second=0, microsecond=0)
    made["estimatedDeliveryAt"] = made["promisedTo"] + timedelta(days=3 if late else 0, hours=-chance.randrange(0, 8))


def reports(chance: Random, status: Status, made: Input, start: Spot, end: Spot, last: datetime) -> Iterator[Input]:
    """The input of `trackingEventsRecord`: the scans, the last of them at `last`."""
    steps = list(journey(chance, status, abroad=start.country != end.country))
    at = last - timedelta(hours=sum(hours for _, hours in steps[1:]))
    for place, ((code, reason, message), hours) in enumerate(steps):
        at += timedelta(hours=hours if place else 0)
        spot = start if code in AT_ORIGIN else end
        if status is not Status.PARTIALLY_DELIVERED or code is not Code.DELIVERED:
            yield report(made, code, spot, at, reason, message)
        else:
            for package in made["packages"][:-1]:
                yield report(made, code, spot, at, reason, message, package["trackingNumber"])


def journey(chance: Random, status: Status, *, abroad: bool) -> Iterator[tuple[Step, float]]:
    """Steps, and the hours from one to the next."""
    customs = ((Code.CUSTOMS_STARTED, None, None), (Code.CUSTOMS_CLEARED, None, None)) if abroad else ()
    usual: list[Step] = [
        (Code.LABEL_CREATED, None, None),
        (Code.PICKED_UP, None, None),
        (Code.DEPARTED_FACILITY, None, None),
        *customs,
        (Code.ARRIVED_AT_DESTINATION_FACILITY, None, None),
        (Code.OUT_FOR_DELIVERY, None, None),
        (Code.DELIVERED, None, "Left with the recipient"),
    ]
    length = {
        Status.PICKED_UP: 2,
        Status.IN_TRANSIT: chance.randrange(3, len(usual) - 1),
        Status.DELIVERED: len(usual),
        Status.PARTIALLY_DELIVERED: len(usual),
        Status.EXCEPTION: len(usual) - 2,
        Status.FAILED: len(usual) - 2,
    }.get(status, len(usual) - 1)
    steps = usual[:length] + list(chance.choice(ENDS[status]) if status in ENDS else ())
    if status is Status.IN_TRANSIT and chance.random() < 0.2:
        steps.append((Code.DELAYED, Reason.CARRIER_CAPACITY, "Delayed at the sorting centre"))
    for step in steps:
        yield step, round(chance.uniform(2, 20), 1)


def report(
    made: Input,
    code: Code,
    spot: Spot,
    at: datetime,
    reason: Reason | None,
    message: str | None,
    number: str | None = None,
) -> Input:
    """One scan, on the clock of its place."""
    local = at.astimezone(ZoneInfo(spot.zone)).replace(tzinfo=None, second=0, microsecond=0)
    carrier = made["carrier"]
    return {
        "target": {"trackingNumber": {"trackingNumber": number, "carrier": carrier}}
        if number
        else {"shipment": {"externalReference": made["externalReference"]}},
        "occurred": {"local": {"at": local, "timeZone": spot.zone}},
        "code": code,
        "reason": reason,
        "message": message,
        "place": {
            "name": f"{CARRIERS[carrier][0]} {spot.city}", "city": spot.city, "region": spot.region,
            "country": spot.country, "latitude": spot.latitude, "longitude": spot.longitude,
        },
        "source": f"{carrier}-feed",
    }  # fmt: skip
