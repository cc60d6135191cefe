"""The demonstration data: a few hundred shipments in every status, each with the tracking events that led to it.

A pure function of a time: the same time gives the same data. All events lie before it; some promised deliveries are
late. The inputs have GraphQL names, as sent by clients.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from graphql_app.demo.reference_data import CARRIERS, GOODS, LOCATIONS, NAMES, SERVICES, WAREHOUSES, Location
from graphql_app.domain import tracking_numbers
from graphql_app.domain.enums import ExceptionReason as Reason
from graphql_app.domain.enums import LengthUnit, ShipmentDirection, ShipmentStatus, WeightUnit
from graphql_app.domain.enums import TrackingEventCode as Code

Input = dict[str, Any]
Status = ShipmentStatus
Step = tuple[Code, Reason | None, str | None]
"""Code, reason and message of a tracking event."""

SHIPMENTS_PER_STATUS = {
    Status.DRAFT: 16, Status.READY: 24, Status.PICKED_UP: 14, Status.IN_TRANSIT: 64, Status.OUT_FOR_DELIVERY: 22,
    Status.AVAILABLE_FOR_PICKUP: 12, Status.DELIVERY_ATTEMPTED: 12, Status.EXCEPTION: 18,
    Status.PARTIALLY_DELIVERED: 10, Status.DELIVERED: 112, Status.RETURNING: 8, Status.RETURNED: 8, Status.FAILED: 6,
    Status.CANCELLED: 10,
}  # fmt: skip
PLANNING = (Status.DRAFT, Status.READY, Status.CANCELLED)
AT_ORIGIN = (Code.LABEL_CREATED, Code.PICKED_UP, Code.DEPARTED_FACILITY, Code.RETURNED)
FINAL_STEPS: Mapping[Status, Sequence[Sequence[Step]]] = {
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
"""The possible last steps to a status that the usual steps do not reach."""


@dataclass(slots=True)
class Scenario:
    """One shipment: the inputs of `shipmentCreate` and `trackingEventsRecord`, and the final commands."""

    status: Status
    shipment: Input
    events: list[Input] = field(default_factory=list)
    override: str | None = None
    """The reason for overriding the status with DELIVERED. None if the status is not overridden."""
    archive: bool = False


def generate(now: datetime) -> Iterator[Scenario]:
    """Yield all scenarios. A return comes after the shipment that it returns."""
    random = Random(18)
    for status, count in SHIPMENTS_PER_STATUS.items():
        for number in range(1, count + 1):
            yield generate_scenario(random, status, f"DEMO-{status.name}-{number:03}", now)
    for number in range(1, 7):
        returned = generate_scenario(random, Status.IN_TRANSIT, f"DEMO-RETURN-{number:03}", now)
        returned.shipment |= {
            "direction": ShipmentDirection.RETURN,
            "returnOf": {"externalReference": f"DEMO-DELIVERED-{number:03}"},
            "tags": ["return"],
        }
        yield returned


def generate_scenario(random: Random, status: Status, reference: str, now: datetime) -> Scenario:
    """Return one shipment that has reached this status."""
    origin = random.choice(list(WAREHOUSES))
    target = random.choice([name for name in LOCATIONS if name != origin])
    start, end = LOCATIONS[origin], LOCATIONS[target]
    closed = status in (Status.DELIVERED, Status.RETURNED, Status.FAILED)
    last = now - timedelta(hours=random.uniform(30, 700) if closed else random.uniform(0.3, 9))
    carrier = carrier_between(random, start, end)
    packages = random.choice((2, 3, 4)) if status is Status.PARTIALLY_DELIVERED else random.choice((1, 1, 1, 1, 2, 3))
    shipment = shipment_input(random, status, reference, start, end, WAREHOUSES[origin], carrier, packages)
    set_promise(random, shipment, end, last, late=not closed and random.random() < 0.35)
    scenario = Scenario(status, shipment, archive=status is Status.DELIVERED and last < now - timedelta(days=25))
    if status not in PLANNING:
        scenario.events = list(tracking_events(random, status, shipment, start, end, last))
    if status is Status.DELIVERED and reference.endswith(("050", "051")):
        scenario.events = [event for event in scenario.events if event["code"] is not Code.DELIVERED]
        scenario.override = "Signed for on paper: the driver's scanner was out of order"
    if status is Status.DELIVERED and reference.endswith(("010", "020", "030")):  # late: stored but not applied
        scenario.events.append(
            tracking_event(shipment, Code.ARRIVED_AT_FACILITY, end, last + timedelta(hours=2), None, "Late scan")
        )
    return scenario


def carrier_between(random: Random, start: Location, end: Location) -> str:
    """Return the code of a carrier that serves both locations."""
    if "JP" in (start.country, end.country) and random.random() < 0.5:
        return "japan_post"
    if end.country == "GB" and random.random() < 0.6:
        return "royal_mail"
    return random.choices(("dhl_express", "ups", "fedex", "north_sea_line"), (4, 4, 3, 1))[0]


def shipment_input(
    random: Random,
    status: Status,
    reference: str,
    start: Location,
    end: Location,
    company: str,
    carrier: str,
    packages: int,
) -> Input:
    """Return the input of `shipmentCreate`."""
    name = random.choice(NAMES)
    mail = name.lower().encode("ascii", "ignore").decode().replace(" ", ".").replace("'", "")
    chosen = [random.choice(GOODS) for _ in range(packages)]
    pieces = [random.choice((1, 1, 2, 3, 6)) for _ in chosen]
    imperial = start.country == "US"
    return {
        "externalReference": reference,
        "direction": ShipmentDirection.OUTBOUND,
        "confirm": status is not Status.DRAFT,
        "carrier": None if status is Status.DRAFT and random.random() < 0.5 else carrier,
        "service": random.choice(SERVICES[carrier]),
        "shipper": {"company": company, "name": "Dispatch", **address_input(start)},
        "recipient": {"name": name, "email": f"{mail}@example.com", **address_input(end)},
        "packages": [
            {
                "trackingNumber": None if status is Status.DRAFT else tracking_number(random, carrier, start),
                "weight": weight_input(Decimal(kilograms) * count, imperial=imperial),
                "dimensions": {
                    **{side: Decimal(random.randrange(10, 60)) for side in ("length", "width", "height")},
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
            {"kind": "order", "value": f"{random.randrange(10**6, 10**7)}"},
            *([{"kind": "po", "value": f"PO-{random.randrange(1000, 9999)}"}] if random.random() < 0.4 else []),
        ],
        "declaredValue": {
            "amount": sum((Decimal(goods[2]) * count for goods, count in zip(chosen, pieces, strict=True)), Decimal(0)),
            "currency": "USD" if imperial else "EUR",
        },
        "incoterm": random.choice(("DAP", "DDP")) if start.country != end.country else None,
        "metadata": {"channel": random.choice(("web", "shop", "phone")), "priority": random.randrange(1, 4)},
        "tags": [tag for tag in ("fragile", "gift", "insured") if random.random() < 0.15],
    }  # fmt: skip


def address_input(location: Location) -> Input:
    """Return the address of a location as part of the input of a party."""
    return {
        "lines": [location.line], "city": location.city, "region": location.region,
        "postalCode": location.postal_code, "country": location.country,
    }  # fmt: skip


def weight_input(kilograms: Decimal, *, imperial: bool) -> Input:
    """Return a weight in kilograms, or converted to pounds."""
    if imperial:
        return {"value": round(kilograms / Decimal("0.45359237"), 1), "unit": WeightUnit.LB}
    return {"value": kilograms, "unit": WeightUnit.KG}


def tracking_number(random: Random, carrier: str, start: Location) -> str:
    """Return a number in the carrier's format, with a valid check digit."""
    digits = "".join(random.choices("0123456789", k=12))
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


def set_promise(random: Random, shipment: Input, end: Location, last: datetime, *, late: bool) -> None:
    """Set the promised window, 8 to 18 o'clock at the recipient, some days before (late) or after the last event."""
    days = -random.randrange(1, 4) if late else random.randrange(1, 5)
    day = last.astimezone(ZoneInfo(end.zone)) + timedelta(days=days)
    shipment["promisedFrom"] = day.replace(hour=8, minute=0, second=0, microsecond=0)
    shipment["promisedTo"] = day.replace(hour=18, minute=0, second=0, microsecond=0)
    shipment["estimatedDeliveryAt"] = shipment["promisedTo"] + timedelta(
        days=3 if late else 0, hours=-random.randrange(0, 8)
    )


def tracking_events(
    random: Random, status: Status, shipment: Input, start: Location, end: Location, last: datetime
) -> Iterator[Input]:
    """Yield the rows of `trackingEventsRecord`, the last of them at the time `last`."""
    steps = list(steps_to(random, status, abroad=start.country != end.country))
    at = last - timedelta(hours=sum(hours for _, hours in steps[1:]))
    for place, ((code, reason, message), hours) in enumerate(steps):
        at += timedelta(hours=hours if place else 0)
        location = start if code in AT_ORIGIN else end
        if status is not Status.PARTIALLY_DELIVERED or code is not Code.DELIVERED:
            yield tracking_event(shipment, code, location, at, reason, message)
        else:
            for package in shipment["packages"][:-1]:
                yield tracking_event(shipment, code, location, at, reason, message, package["trackingNumber"])


def steps_to(random: Random, status: Status, *, abroad: bool) -> Iterator[tuple[Step, float]]:
    """Yield the steps to a status, and the hours from the step before to each."""
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
        Status.IN_TRANSIT: random.randrange(3, len(usual) - 1),
        Status.DELIVERED: len(usual),
        Status.PARTIALLY_DELIVERED: len(usual),
        Status.EXCEPTION: len(usual) - 2,
        Status.FAILED: len(usual) - 2,
    }.get(status, len(usual) - 1)
    steps = usual[:length] + list(random.choice(FINAL_STEPS[status]) if status in FINAL_STEPS else ())
    if status is Status.IN_TRANSIT and random.random() < 0.2:
        steps.append((Code.DELAYED, Reason.CARRIER_CAPACITY, "Delayed at the sorting centre"))
    for step in steps:
        yield step, round(random.uniform(2, 20), 1)


def tracking_event(
    shipment: Input,
    code: Code,
    location: Location,
    at: datetime,
    reason: Reason | None,
    message: str | None,
    number: str | None = None,
) -> Input:
    """Return one row of `trackingEventsRecord`, with the local time of its location."""
    local = at.astimezone(ZoneInfo(location.zone)).replace(tzinfo=None, second=0, microsecond=0)
    carrier = shipment["carrier"]
    return {
        "target": {"trackingNumber": {"trackingNumber": number, "carrier": carrier}}
        if number
        else {"shipment": {"externalReference": shipment["externalReference"]}},
        "occurred": {"local": {"at": local, "timeZone": location.zone}},
        "code": code,
        "reason": reason,
        "message": message,
        "place": {
            "name": f"{CARRIERS[carrier][0]} {location.city}", "city": location.city, "region": location.region,
            "country": location.country, "latitude": location.latitude, "longitude": location.longitude,
        },
        "source": f"{carrier}-feed",
    }  # fmt: skip
