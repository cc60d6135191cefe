"""Statistics agree with plain Python over ORM objects, for random filters, dimensions and buckets."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from graphql import coerce_input_value

from graphql_app.domain.statistics_enums import BucketUnit, ShipmentDimension
from graphql_app.schema import build
from tests.support import reference_filters, reference_statistics
from tests.support.graphql_client import Execute
from tests.support.random_arguments import Reference

pytestmark = pytest.mark.seed_data
RUNS = 40
"""Random questions per test."""
TIME_FIELDS = ["READY_AT", "PICKED_UP_AT", "DELIVERED_AT", "CLOSED_AT", "STATUS_AT"]
"""Time fields without the first and last days of the calendar, which Python cannot convert to other time zones."""
ZONES = ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York", "UTC"]
DURATION = "count average minimum maximum percentiles { percentile value }"
MEASURES = f"""fragment M on ShipmentMeasures {{ count packages weight {{ count sum average minimum maximum }}
  declaredValue {{ currency count sum average }} onTime {{ kept of rate }} firstAttemptRate {{ kept of rate }}
  exceptionRate {{ kept of rate }} returnRate {{ kept of rate }} transitTime {{ {DURATION} }} age {{ {DURATION} }}
  lateBy {{ {DURATION} }} metadataNumber(key: "pieces") {{ count sum average minimum maximum }} }}"""
QUERY = (
    """query($where: ShipmentWhere, $groupBy: [ShipmentDimension!], $bucket: ShipmentBucket, $key: String) {
  shipmentStats(where: $where, groupBy: $groupBy, bucket: $bucket, metadataKey: $key, first: 1000) {
    total { ...M } groups { keys { dimension value } bucket { start end } measures { ...M } } hasMore precision asOf } }
"""
    + MEASURES
)
SHIPMENT_WHERE: Any = build.build()._schema.type_map["ShipmentWhere"]


def seconds_of(text: str) -> float:
    """The seconds of an ISO 8601 duration as the API writes it."""
    match = re.fullmatch(r"P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?", text)
    assert match, text
    days, hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def check(actual: Any, expected: Any, path: str = "") -> None:
    """Compare JSON with the reference: decimals exactly, durations and floats to a few microseconds."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            check(actual[name], value, f"{path}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), (path, actual, expected)
        for index, value in enumerate(expected):
            check(actual[index], value, f"{path}[{index}]")
    elif isinstance(expected, Decimal):
        assert Decimal(actual) == expected, path
    elif isinstance(expected, float):
        number = seconds_of(actual) if isinstance(actual, str) else actual
        assert number == pytest.approx(expected, rel=1e-9, abs=2e-6), path
    else:
        assert actual == expected, path


def json_of(value: Any) -> Any:
    """A value with enums replaced by their names."""
    if isinstance(value, dict):
        return {name: json_of(inner) for name, inner in value.items()}
    return [json_of(item) for item in value] if isinstance(value, list) else getattr(value, "value", value)


def questions(reference: Reference) -> Iterator[dict[str, Any]]:
    """Yield random variables of QUERY."""
    for seed in range(RUNS):
        rng = random.Random(seed)
        names = rng.sample(list(ShipmentDimension), rng.randint(0, 3))
        variables: dict[str, Any] = {"groupBy": json_of(names), "key": "colour"}
        if rng.random() < 0.7:
            variables["where"] = json_of(reference.values.shipment_where(rng, 1))
        if rng.random() < 0.5:
            variables["bucket"] = {
                "field": rng.choice(TIME_FIELDS),
                "by": rng.choice(list(BucketUnit)).value,
                "timeZone": rng.choice(ZONES),
            }
        yield variables


async def test_shipment_statistics_are_those_of_the_reference(execute: Execute, reference: Reference) -> None:
    loaded, sizes = reference.reference.loaded, set()
    for variables in questions(reference):
        response = await execute(QUERY, variables)
        assert "errors" not in response, (variables, response)
        stats = response["data"]["shipmentStats"]
        where = coerce_input_value(variables.get("where"), SHIPMENT_WHERE) if variables.get("where") else None
        rows = [row for row in loaded.shipments.values() if reference_filters.shipment(row, where, loaded)]
        now = datetime.fromisoformat(stats["asOf"])
        check(stats["total"], reference_statistics.shipment_measures(rows, loaded, now), f"{variables} total")
        dimensions = sorted(variables["groupBy"], key=list(ShipmentDimension).index)
        groups = reference_statistics.grouped(rows, dimensions, loaded, "colour", bucket_of(variables.get("bucket")))
        if not dimensions and "bucket" not in variables:
            groups = {}
        actual = {
            (*(key["value"] for key in group["keys"]), start_of(group)): group["measures"] for group in stats["groups"]
        }
        assert set(actual) == set(groups), variables
        assert len(actual) == len(stats["groups"])
        for key, members in groups.items():
            expected = reference_statistics.shipment_measures(members, loaded, now)
            check(actual[key], expected, f"{variables} {key}")
        sizes.add(len(groups))
        assert (stats["precision"], stats["hasMore"]) == ("EXACT", False)
    assert len(sizes) > 5


def bucket_of(bucket: dict[str, str] | None) -> Any:
    """The function that returns the start of a shipment's bucket; None without buckets."""
    if bucket is None:
        return None
    zone = ZoneInfo(bucket["timeZone"])

    def start(row: Any) -> datetime | None:
        instant = getattr(row, bucket["field"].lower())
        return None if instant is None else reference_statistics.bucket_key(instant, bucket["by"], zone)

    return start


def start_of(group: dict[str, Any]) -> datetime | None:
    """The start of the bucket of a group."""
    return None if group["bucket"] is None else datetime.fromisoformat(group["bucket"]["start"]).astimezone(UTC)


async def test_the_groups_come_in_the_requested_order(execute: Execute) -> None:
    query = """{ shipmentStats(groupBy: [SERVICE], orderBy: [{field: COUNT, direction: ASC}, {field: KEYS}], first: 3) {
      groups { keys { value } measures { count } } hasMore } }"""
    response = await execute(query)
    stats = response["data"]["shipmentStats"]
    counts = [group["measures"]["count"] for group in stats["groups"]]
    assert counts == sorted(counts)
    assert stats["hasMore"]
    for field in ("PACKAGES", "WEIGHT", "ON_TIME_RATE", "TRANSIT_TIME"):
        query = f"""{{ shipmentStats(groupBy: [CARRIER], orderBy: [{{field: {field}}}]) {{ groups {{ measures {{
          packages weight {{ sum }} onTime {{ rate }} transitTime {{ average }} }} }} }} }}"""
        groups = (await execute(query))["data"]["shipmentStats"]["groups"]
        values = [order_value(group["measures"], field) for group in groups]
        known = [value for value in values if value is not None]
        assert values == [*sorted(known, reverse=True), *[None] * (len(values) - len(known))], field


def order_value(measures: dict[str, Any], field: str) -> Any:
    """The value of a group by which it is ordered."""
    if field == "PACKAGES":
        return measures["packages"]
    if field == "WEIGHT":
        return Decimal(measures["weight"]["sum"])
    if field == "ON_TIME_RATE":
        return measures["onTime"]["rate"]
    average = measures["transitTime"]["average"]
    return average and seconds_of(average)


async def test_the_rows_of_a_group_continue_in_the_list_with_the_values_of_the_group(execute: Execute) -> None:
    query = """{ shipmentStats(groupBy: [STATUS], where: {direction: OUTBOUND}) { groups { keys { value }
      measures { count } shipments(first: 1) { nodes { number } pageInfo { hasNextPage endCursor }
      totalCount { count precision } } } } }"""
    for group in (await execute(query))["data"]["shipmentStats"]["groups"]:
        page = group["shipments"]
        where = f"{{direction: OUTBOUND, status: {{eq: {group['keys'][0]['value']}}}}}"
        everything = (await execute(f"{{ shipments(where: {where}) {{ nodes {{ number }} }} }}"))["data"]["shipments"]
        rest = f'{{ shipments(where: {where}, after: "{page["pageInfo"]["endCursor"]}") {{ nodes {{ number }} }} }}'
        others = (await execute(rest))["data"]["shipments"]["nodes"]
        assert [*page["nodes"], *others] == everything["nodes"]
        assert page["totalCount"]["count"] == group["measures"]["count"] == len(everything["nodes"])
        assert page["pageInfo"]["hasNextPage"] == bool(others)


@pytest.mark.parametrize("own_filter", [True, False])
async def test_facets_count_the_whole_list_with_or_without_their_own_filter(
    own_filter: bool, execute: Execute, reference: Reference
) -> None:
    loaded = reference.reference.loaded
    where: dict[str, Any] = {
        "status": {"in": ["READY", "DELIVERED", "DRAFT"]},
        "direction": "OUTBOUND",
        "destination": {"country": {"in": ["DE", "US"]}},
        "tags": {"hasAny": ["fragile"]},
    }
    own_filters = {"STATUS": "status", "DIRECTION": "direction", "DESTINATION_COUNTRY": "destination", "TAG": "tags"}
    query = """query($where: ShipmentWhere, $own: Boolean) { shipments(where: $where, first: 1) { nodes { id }
      facets(by: [TAG, STATUS, DIRECTION, DESTINATION_COUNTRY, SERVICE], limit: 250, ownFilter: $own) {
        dimension hasMore precision values { value count } } } }"""
    response = await execute(query, {"where": where, "own": own_filter})
    facets = response["data"]["shipments"]["facets"]
    assert [facet["dimension"] for facet in facets] == ["STATUS", "SERVICE", "DIRECTION", "DESTINATION_COUNTRY", "TAG"]
    for facet in facets:
        removed = None if own_filter else own_filters.get(facet["dimension"])
        kept = {name: value for name, value in where.items() if name != removed}
        coerced = coerce_input_value(kept, SHIPMENT_WHERE)
        rows = [row for row in loaded.shipments.values() if reference_filters.shipment(row, coerced, loaded)]
        expected = {
            values[0]: len(members)
            for values, members in reference_statistics.grouped(rows, [facet["dimension"]], loaded, None, None).items()
        }
        assert {value["value"]: value["count"] for value in facet["values"]} == expected, facet
        counts = [value["count"] for value in facet["values"]]
        assert counts == sorted(counts, reverse=True)
        assert (facet["hasMore"], facet["precision"]) == (False, "EXACT")


async def test_event_statistics_are_those_of_the_reference(execute: Execute, reference: Reference) -> None:
    loaded = reference.reference.loaded
    query = f"""{{ trackingEventStats(where: {{applied: true}}, groupBy: [CODE, CARRIER, COUNTRY, SOURCE], first: 1000,
      bucket: {{field: OCCURRED_AT, by: DAY}}) {{ total {{ count shipments recordingDelay {{ {DURATION} }} }}
      groups {{ keys {{ value }} bucket {{ start }} measures {{ count recordingDelay {{ count }} }} }} }} }}"""
    response = await execute(query)
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"  # four dimensions
    response = await execute(query.replace(", SOURCE", ""))
    stats = response["data"]["trackingEventStats"]
    events = [event for event in loaded.events.values() if event.applied and event.voided_at is None]
    delays = reference_statistics.duration(event.recorded_at - event.occurred_at for event in events)
    check(stats["total"]["recordingDelay"], delays)
    assert stats["total"]["count"] == len(events)
    assert stats["total"]["shipments"] == len({event.shipment_id for event in events})
    groups: dict[Any, list[Any]] = {}
    for event in events:
        carrier = loaded.carriers.get(loaded.shipments[event.shipment_id].carrier_id)
        day = event.occurred_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        key = (str(event.code), carrier and carrier.code, event.country_code, day)
        groups.setdefault(key, []).append(event)
    actual = {(*(key["value"] for key in g["keys"]), start_of(g)): g["measures"]["count"] for g in stats["groups"]}
    assert actual == {key: len(members) for key, members in groups.items()}


async def test_item_statistics_are_those_of_the_reference(execute: Execute, reference: Reference) -> None:
    loaded = reference.reference.loaded
    query = """{ shipmentItemStats(where: {direction: OUTBOUND}, itemWhere: {batch: {isNull: false}},
      groupBy: [SKU, ORIGIN_COUNTRY]) { total { count shipments quantity { count sum average minimum maximum }
      value { currency count sum average } metadataNumber(key: "pieces") { count sum } }
      groups { keys { value } measures { count } } } }"""
    stats = (await execute(query))["data"]["shipmentItemStats"]
    items = [
        item
        for item in loaded.items.values()
        if item.batch is not None
        and loaded.shipments[item.shipment_id].direction == "OUTBOUND"
        and loaded.shipments[item.shipment_id].archived_at is None
    ]
    check(
        stats["total"],
        {
            "count": len(items),
            "shipments": len({item.shipment_id for item in items}),
            "quantity": reference_statistics.numbers(item.quantity for item in items),
            "value": reference_statistics.money(
                (None if item.unit_value is None else item.quantity * item.unit_value, item.currency) for item in items
            ),
        },
    )
    groups: dict[Any, int] = {}
    for item in items:
        groups[item.sku, item.origin_country] = groups.get((item.sku, item.origin_country), 0) + 1
    assert {tuple(k["value"] for k in g["keys"]): g["measures"]["count"] for g in stats["groups"]} == groups
