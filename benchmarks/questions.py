"""The questions of the growth test: the workloads, and one for every filter and order that the schema offers.

A field of `ShipmentWhere` or `TrackingEventWhere`, or an order, that has no example here makes `test_scale.py` fail.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.places import HERE

Variables = dict[str, Any]
EVERY = timedelta(seconds=94)
"""Between two shipments."""


def nothing(_: random.Random, __: int) -> Variables:
    return {}


@dataclass(frozen=True)
class Question:
    """A document with random variables; `page` gives the instant behind which its page begins."""

    text: str
    variables: Callable[[random.Random, int], Variables] = nothing
    page: Callable[[random.Random, int], str] | None = None
    scans: str | None = None
    """Why it may look at many rows, where no index can serve it."""


def ago(rows: int) -> str:
    """About when the shipment was made that so many have followed."""
    return (datetime.now(UTC) - rows * EVERY).isoformat()


def workload(name: str) -> str:
    text = (HERE / "dialects" / "project" / f"{name}.graphql").read_text()
    return text.replace("$tn", "$number")


def listed(where: str, *, variables: Callable[[random.Random, int], Variables] = nothing, head: str = "",
           scans: str | None = None) -> Question:  # fmt: skip
    head = f"query({head})" if head else "query"
    return Question(
        f"{head} {{ shipments(first: 50, where: {{{where}}}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}",
        variables,
        scans=scans,
    )


def number(rng: random.Random, size: int) -> int:
    return rng.randint(1, size)


def instant(field: str) -> Question:
    """A day somewhere in the history, the newest first."""
    return listed(
        f"{field}: {{gte: $from, lt: $to}}", head="$from: DateTime!, $to: DateTime!",
        variables=lambda rng, size: (lambda back: {"from": ago(back + 900), "to": ago(back)})(rng.randint(0, size // 2)),
    )  # fmt: skip


CONTAINS = "`contains` can be served by no index; its description says so, and the statement's time bounds it"
SHIPMENT_WHERE: dict[str, Question] = {
    "id": listed("id: {eq: $v}", head="$v: ID!", variables=lambda rng, size: {"v": f"shp_{rng.getrandbits(128):032x}"}),
    "number": listed("number: {eq: $v}", head="$v: String!", variables=lambda rng, size: {"v": f"SHP-{number(rng, size):09}"}),
    "number.startsWith": listed("number: {startsWith: $v}", head="$v: String!", variables=lambda rng, size: {"v": f"SHP-{number(rng, size):09}"[:-2]}),
    "externalReference": listed("externalReference: {in: $v}", head="$v: [String!]", variables=lambda rng, size: {"v": [f"order-{number(rng, size)}" for _ in range(20)]}),
    "status": listed("status: {eq: IN_TRANSIT}"),
    "status.rare": listed("status: {eq: EXCEPTION}"),
    "status.in": listed("status: {in: [EXCEPTION, CANCELLED]}"),
    "phase": listed("phase: ACTIVE"),
    "direction": listed("direction: RETURN"),
    "carrier": listed('carrier: {eq: "carrier_7"}'),
    "service": listed('service: {eq: "express"}'),
    "origin": listed('origin: {country: {eq: "DE"}}'),
    "destination": listed("destination: {city: {eq: $v}}", head="$v: String!", variables=lambda rng, size: {"v": f"City {number(rng, 20000)}"}),
    "destination.country": listed('destination: {country: {eq: "JP"}}'),
    "destination.postalCode": listed("destination: {postalCode: {startsWith: $v}}", head="$v: String!", variables=lambda rng, size: {"v": f"{number(rng, 99999):05}"[:4]}),
    "trackingNumber": listed("trackingNumber: {eq: $v}", head="$v: String!", variables=lambda rng, size: {"v": f"trk-{number(rng, size) * 2:012}"}),
    "trackingNumber.startsWith": listed("trackingNumber: {startsWith: $v}", head="$v: String!", variables=lambda rng, size: {"v": f"TRK{number(rng, size) * 2:012}"[:-1]}),
    "reference": listed('reference: {kind: "order", value: {eq: $v}}', head="$v: String!", variables=lambda rng, size: {"v": f"O-{number(rng, size) // 2 * 2}"}),
    "metadata": listed('metadata: [{key: "project", value: {eq: $v}}]', head="$v: String!", variables=lambda rng, size: {"v": f"P-{number(rng, 99) * 10}"}),
    "tags": listed("tags: {hasAll: $v}", head="$v: [String!]", variables=lambda rng, size: {"v": [f"tag-{number(rng, 99) * 10}", "fragile"]}),
    "createdAt": instant("createdAt"),
    "updatedAt": instant("updatedAt"),
    "statusAt": instant("statusAt"),
    "promisedTo": instant("promisedTo"),
    "estimatedDeliveryAt": instant("estimatedDeliveryAt"),
    "deliveredAt": instant("deliveredAt"),
    "lastEventAt": instant("lastEventAt"),
    "totalWeight": listed('totalWeight: {gte: {value: "5.09", unit: KG}}'),
    "events": listed("events: {code: [DELIVERED], occurredAt: {gte: $from, lt: $to}}", head="$from: DateTime!, $to: DateTime!",
                     variables=lambda rng, size: (lambda back: {"from": ago(back + 900), "to": ago(back)})(rng.randint(size // 20, size // 2))),
    "archived": listed("archived: true"),
    "AND": listed('AND: [{status: {eq: IN_TRANSIT}}, {carrier: {eq: "carrier_3"}}]'),
    "OR": listed('OR: [{status: {eq: EXCEPTION}}, {status: {eq: CANCELLED}}]'),
    "NOT": listed("NOT: {status: {eq: DELIVERED}}"),
    "late": listed("phase: ACTIVE, promisedTo: {lt: $v}", head="$v: DateTime!", variables=lambda rng, size: {"v": ago(rng.randint(0, size // 100))}),
    "service.contains": listed('service: {contains: "xpres"}', scans=CONTAINS),
}  # fmt: skip

EVENT_WHERE: dict[str, str] = {
    "shipment": 'shipment: {number: "SHP-000000100"}',
    "code": "code: [OUT_FOR_DELIVERY]",
    "occurredAt": "occurredAt: {lt: $t}",
    "recordedAt": "recordedAt: {gte: $t}",
    "country": 'country: {eq: "JP"}',
    "source": 'source: {eq: "feed_3"}',
    "applied": "applied: true",
    "includeVoided": "includeVoided: true",
}
SHIPMENT_ORDERS = (
    "CREATED_AT",
    "UPDATED_AT",
    "NUMBER",
    "STATUS_AT",
    "PROMISED_TO",
    "ESTIMATED_DELIVERY_AT",
    "LAST_EVENT_AT",
)
EVENT_ORDERS = ("OCCURRED_AT", "RECORDED_AT")


def time(rng: random.Random, size: int) -> Variables:
    return {"t": ago(rng.randint(0, size // 2))}


def event_question(name: str) -> Question:
    head = "query($t: DateTime!)" if "$t" in EVENT_WHERE[name] else "query"
    text = f"{head} {{ trackingEvents(first: 50, where: {{{EVENT_WHERE[name]}}}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}"
    return Question(text, time if "$t" in text else nothing)


Q1 = workload("Q1")
ORDERED = "{{ {root}(first: 50, orderBy: [{{field: {field}, direction: {way}}}]) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}"
WORKLOADS = {
    "Q1": Question(Q1, lambda rng, size: {"number": f"SHP-{number(rng, size):09}"}),
    "Q2, page 1": Question(workload("Q2"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT", "after": None}),
    "Q2, deep": Question(workload("Q2"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT"}, lambda rng, size: ago(size // 25)),
    "Q3, page 1": Question(workload("Q3"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT", "after": None}),
    "Q3, deep": Question(workload("Q3"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT"}, lambda rng, size: ago(size // 25)),
    "track": Question("query($v: String!) { track(trackingNumber: $v) { id shipment { number } } }",
                      lambda rng, size: {"v": f"TRK {number(rng, size) * 2:012}"}),
    "search, a number": Question("query($v: String) { shipments(search: $v, first: 20) { nodes { id } } }",
                                 lambda rng, size: {"v": f"SHP-{number(rng, size):09}"[:-1]}),
    "search, words": Question("query($v: String) { shipments(search: $v, first: 20) { nodes { id } } }",
                              lambda rng, size: {"v": f"Person {number(rng, size)}"}),
    "totalCount": Question("{ shipments(first: 0, where: {status: {eq: DELIVERED}}) { totalCount { count precision } } }"),
}  # fmt: skip

QUESTIONS: dict[str, Question] = {
    **WORKLOADS,
    **{f"where {name}": question for name, question in SHIPMENT_WHERE.items()},
    **{f"events where {name}": event_question(name) for name in EVENT_WHERE},
    **{
        f"order {field} {way}": Question(ORDERED.format(root="shipments", field=field, way=way))
        for field in SHIPMENT_ORDERS
        for way in ("ASC", "DESC")
    },
    **{
        f"events order {field} {way}": Question(ORDERED.format(root="trackingEvents", field=field, way=way))
        for field in EVENT_ORDERS
        for way in ("ASC", "DESC")
    },
}
