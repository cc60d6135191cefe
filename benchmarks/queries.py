"""The queries of the growth test: the workloads, and one for every filter and order in the schema.

A field of `ShipmentWhere` or `TrackingEventWhere`, or an order, that has no example here makes `test_scale.py` fail.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.paths import HERE

Variables = dict[str, Any]
SHIPMENT_INTERVAL = timedelta(seconds=94)
"""Time between two shipments."""


def no_variables(_: random.Random, __: int) -> Variables:
    """No variables."""
    return {}


@dataclass(frozen=True)
class GrowthQuery:
    """A document with random variables. `page` returns the time before which its page starts."""

    text: str
    variables: Callable[[random.Random, int], Variables] = no_variables
    page: Callable[[random.Random, int], str] | None = None
    scans: str | None = None
    """Why it may scan many rows, if no index can serve it."""


def ago(rows: int) -> str:
    """The approximate creation time of the shipment after which `rows` newer ones were created."""
    return (datetime.now(UTC) - rows * SHIPMENT_INTERVAL).isoformat()


def workload(name: str) -> str:
    """The document of a workload."""
    text = (HERE / "dialects" / "project" / f"{name}.graphql").read_text()
    return text.replace("$tn", "$number")


def shipments_query(where: str, *, variables: Callable[[random.Random, int], Variables] = no_variables, definitions: str = "",
           scans: str | None = None) -> GrowthQuery:  # fmt: skip
    """A query of the first 50 shipments with a filter."""
    definitions = f"query({definitions})" if definitions else "query"
    return GrowthQuery(
        f"{definitions} {{ shipments(first: 50, where: {{{where}}}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}",
        variables,
        scans=scans,
    )


def number(rng: random.Random, size: int) -> int:
    """The number of a random shipment."""
    return rng.randint(1, size)


def day_query(field: str) -> GrowthQuery:
    """A query for one day in the history, newest first."""
    return shipments_query(
        f"{field}: {{gte: $from, lt: $to}}", definitions="$from: DateTime!, $to: DateTime!",
        variables=lambda rng, size: (lambda back: {"from": ago(back + 900), "to": ago(back)})(rng.randint(0, size // 2)),
    )  # fmt: skip


CONTAINS = "no index can serve `contains`; its description says so, and the statement timeout limits it"
SHIPMENT_WHERE: dict[str, GrowthQuery] = {
    "id": shipments_query("id: {eq: $v}", definitions="$v: ID!", variables=lambda rng, size: {"v": f"shp_{rng.getrandbits(128):032x}"}),
    "number": shipments_query("number: {eq: $v}", definitions="$v: String!", variables=lambda rng, size: {"v": f"SHP-{number(rng, size):09}"}),
    "number.startsWith": shipments_query("number: {startsWith: $v}", definitions="$v: String!", variables=lambda rng, size: {"v": f"SHP-{number(rng, size):09}"[:-2]}),
    "externalReference": shipments_query("externalReference: {in: $v}", definitions="$v: [String!]", variables=lambda rng, size: {"v": [f"order-{number(rng, size)}" for _ in range(20)]}),
    "status": shipments_query("status: {eq: IN_TRANSIT}"),
    "status.rare": shipments_query("status: {eq: EXCEPTION}"),
    "status.in": shipments_query("status: {in: [EXCEPTION, CANCELLED]}"),
    "phase": shipments_query("phase: ACTIVE"),
    "direction": shipments_query("direction: RETURN"),
    "carrier": shipments_query('carrier: {eq: "carrier_7"}'),
    "service": shipments_query('service: {eq: "express"}'),
    "origin": shipments_query('origin: {country: {eq: "DE"}}'),
    "destination": shipments_query("destination: {city: {eq: $v}}", definitions="$v: String!", variables=lambda rng, size: {"v": f"City {number(rng, 20000)}"}),
    "destination.country": shipments_query('destination: {country: {eq: "JP"}}'),
    "destination.postalCode": shipments_query("destination: {postalCode: {startsWith: $v}}", definitions="$v: String!", variables=lambda rng, size: {"v": f"{number(rng, 99999):05}"[:4]}),
    "trackingNumber": shipments_query("trackingNumber: {eq: $v}", definitions="$v: String!", variables=lambda rng, size: {"v": f"trk-{number(rng, size) * 2:012}"}),
    "trackingNumber.startsWith": shipments_query("trackingNumber: {startsWith: $v}", definitions="$v: String!", variables=lambda rng, size: {"v": f"TRK{number(rng, size) * 2:012}"[:-1]}),
    "reference": shipments_query('reference: {kind: "order", value: {eq: $v}}', definitions="$v: String!", variables=lambda rng, size: {"v": f"O-{number(rng, size) // 2 * 2}"}),
    "metadata": shipments_query('metadata: [{key: "project", value: {eq: $v}}]', definitions="$v: String!", variables=lambda rng, size: {"v": f"P-{number(rng, 99) * 10}"}),
    "tags": shipments_query("tags: {hasAll: $v}", definitions="$v: [String!]", variables=lambda rng, size: {"v": [f"tag-{number(rng, 99) * 10}", "fragile"]}),
    "createdAt": day_query("createdAt"),
    "updatedAt": day_query("updatedAt"),
    "statusAt": day_query("statusAt"),
    "promisedTo": day_query("promisedTo"),
    "estimatedDeliveryAt": day_query("estimatedDeliveryAt"),
    "deliveredAt": day_query("deliveredAt"),
    "lastEventAt": day_query("lastEventAt"),
    "totalWeight": shipments_query('totalWeight: {gte: {value: "5.09", unit: KG}}'),
    "events": shipments_query("events: {code: [DELIVERED], occurredAt: {gte: $from, lt: $to}}", definitions="$from: DateTime!, $to: DateTime!",
                     variables=lambda rng, size: (lambda back: {"from": ago(back + 900), "to": ago(back)})(rng.randint(size // 20, size // 2))),
    "archived": shipments_query("archived: true"),
    "lateness": shipments_query("lateness: {in: [LATE]}"),
    "lateness.due": shipments_query("lateness: {in: [DUE]}"),
    "lateBy": shipments_query('lateBy: {gte: "P2D"}'),
    "exceptionReason": shipments_query("exceptionReason: {in: [WEATHER]}"),
    "incoterm": shipments_query('incoterm: {eq: "DAP"}'),
    "packageCount": shipments_query("packageCount: {gte: 3}"),
    "recipient": shipments_query("recipient: {name: {eq: $v}}", definitions="$v: String!", variables=lambda rng, size: {"v": f"Person {number(rng, size)}"}),
    "items": shipments_query("items: {sku: {eq: $v}}", definitions="$v: String!", variables=lambda rng, size: {"v": f"sku-{number(rng, 99)}"}),
    "carrierStatusRaw": shipments_query('carrierStatusRaw: {eq: "raw"}'),
    "AND": shipments_query('AND: [{status: {eq: IN_TRANSIT}}, {carrier: {eq: "carrier_3"}}]'),
    "OR": shipments_query('OR: [{status: {eq: EXCEPTION}}, {status: {eq: CANCELLED}}]'),
    "NOT": shipments_query("NOT: {status: {eq: DELIVERED}}"),
    "late": shipments_query("phase: ACTIVE, promisedTo: {lt: $v}", definitions="$v: DateTime!", variables=lambda rng, size: {"v": ago(rng.randint(0, size // 100))}),
    "service.contains": shipments_query('service: {contains: "xpres"}', scans=CONTAINS),
}  # fmt: skip

EVENT_WHERE: dict[str, str] = {
    "shipment": 'shipment: {number: "SHP-000000100"}',
    "code": "code: [OUT_FOR_DELIVERY]",
    "occurredAt": "occurredAt: {lt: $t}",
    "recordedAt": "recordedAt: {gte: $t}",
    "country": 'country: {eq: "JP"}',
    "source": 'source: {eq: "feed_3"}',
    "carrierStatusRaw": 'carrierStatusRaw: {eq: "raw"}',
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
    "DELIVERED_AT",
    "TOTAL_WEIGHT",
    "RECIPIENT_NAME",
    "STATUS",
    "LATENESS",
    "DELIVERY_DELAY",
)
EVENT_ORDERS = ("OCCURRED_AT", "RECORDED_AT")


def random_time(rng: random.Random, size: int) -> Variables:
    """A random time in the newer half of the history."""
    return {"t": ago(rng.randint(0, size // 2))}


def events_query(name: str) -> GrowthQuery:
    """A query of the first 50 events with a filter."""
    definitions = "query($t: DateTime!)" if "$t" in EVENT_WHERE[name] else "query"
    text = f"{definitions} {{ trackingEvents(first: 50, where: {{{EVENT_WHERE[name]}}}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}"
    return GrowthQuery(text, random_time if "$t" in text else no_variables)


Q1 = workload("Q1")
ORDERED = "{{ {root}(first: 50, orderBy: [{{field: {field}, direction: {direction}}}]) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}"
WORKLOADS = {
    "Q1": GrowthQuery(Q1, lambda rng, size: {"number": f"SHP-{number(rng, size):09}"}),
    "Q2, page 1": GrowthQuery(workload("Q2"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT", "after": None}),
    "Q2, deep": GrowthQuery(workload("Q2"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT"}, lambda rng, size: ago(size // 25)),
    "Q3, page 1": GrowthQuery(workload("Q3"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT", "after": None}),
    "Q3, deep": GrowthQuery(workload("Q3"), lambda rng, size: {"first": 50, "status": "IN_TRANSIT"}, lambda rng, size: ago(size // 25)),
    "track": GrowthQuery("query($v: String!) { track(trackingNumber: $v) { id shipment { number } } }",
                      lambda rng, size: {"v": f"TRK {number(rng, size) * 2:012}"}),
    "search, a number": GrowthQuery("query($v: String) { shipments(search: $v, first: 20) { nodes { id } } }",
                                 lambda rng, size: {"v": f"SHP-{number(rng, size):09}"[:-1]}),
    "search, words": GrowthQuery("query($v: String) { shipments(search: $v, first: 20) { nodes { id } } }",
                              lambda rng, size: {"v": f"Person {number(rng, size)}"}),
    "totalCount": GrowthQuery("{ shipments(first: 0, where: {status: {eq: DELIVERED}}) { totalCount { count precision } } }"),
}  # fmt: skip

STATISTICS = {
    "stats by status": GrowthQuery("{ shipmentStats(groupBy: [STATUS]) { groups { keys { value } measures { count } } precision } }"),
    "stats by carrier and country": GrowthQuery("{ shipmentStats(groupBy: [CARRIER, DESTINATION_COUNTRY], first: 200) { groups { keys { value } measures { count onTime { rate } transitTime { percentiles { value } } } } } }"),
    "stats, a day": GrowthQuery("query($from: DateTime!, $to: DateTime!) { shipmentStats(where: {createdAt: {gte: $from, lt: $to}}, groupBy: [STATUS]) { groups { measures { count } } } }",
                                lambda rng, size: (lambda back: {"from": ago(back + 900), "to": ago(back)})(rng.randint(0, size // 2))),
    "page": GrowthQuery("{ shipments(first: 50) { nodes { id number status createdAt } } }"),
    "page with five facets": GrowthQuery("{ shipments(first: 50) { nodes { id number status createdAt } facets(by: [STATUS, CARRIER, SERVICE, DIRECTION, DESTINATION_COUNTRY]) { values { value count } } } }"),
}  # fmt: skip

QUERIES: dict[str, GrowthQuery] = {
    **WORKLOADS,
    **STATISTICS,
    **{f"where {name}": query for name, query in SHIPMENT_WHERE.items()},
    **{f"events where {name}": events_query(name) for name in EVENT_WHERE},
    **{
        f"order {field} {direction}": GrowthQuery(ORDERED.format(root="shipments", field=field, direction=direction))
        for field in SHIPMENT_ORDERS
        for direction in ("ASC", "DESC")
    },
    **{
        f"events order {field} {direction}": GrowthQuery(
            ORDERED.format(root="trackingEvents", field=field, direction=direction)
        )
        for field in EVENT_ORDERS
        for direction in ("ASC", "DESC")
    },
}
