"""Days and local times as promise and estimate, in the time zone of the input."""

from typing import Any

import pytest

from tests.support.graphql_client import Execute
from tests.support.mutation_client import MutationClient, codes, event, minimal

FIELDS = """promisedFrom promisedFromDate promisedTo promisedToDate estimatedDeliveryAt estimatedDeliveryDate
  version history(first: 50) { nodes { changed } }"""
READ = f"query($id: ID!) {{ shipment(by: {{id: $id}}) {{ {FIELDS} }} }}"
BERLIN_DAY = "2026-12-24T22:59:59+00:00"


async def read(execute: Execute, id_: str) -> dict[str, Any]:
    shipment: dict[str, Any] = (await execute(READ, {"id": id_}))["data"]["shipment"]
    return shipment


async def test_a_day_is_the_end_of_that_day_in_its_time_zone_and_is_returned_as_a_day(
    mutations: MutationClient, execute: Execute
) -> None:
    payload = await mutations.create(
        **minimal(
            promisedFrom="2026-12-23",
            promisedTo="2026-12-24",
            estimatedDeliveryAt="2026-12-24",
            deliveryTimeZone="Europe/Berlin",
        )
    )
    assert payload["errors"] == []
    shipment = await read(execute, payload["shipment"]["id"])
    del shipment["version"], shipment["history"]
    assert shipment == {
        "promisedFrom": "2026-12-22T23:00:00+00:00", "promisedFromDate": "2026-12-23",
        "promisedTo": BERLIN_DAY, "promisedToDate": "2026-12-24",
        "estimatedDeliveryAt": BERLIN_DAY, "estimatedDeliveryDate": "2026-12-24",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("Asia/Tokyo", "2026-12-24T14:59:59+00:00"),
        ("America/Los_Angeles", "2026-12-25T07:59:59+00:00"),
        ("UTC", "2026-12-24T23:59:59+00:00"),
    ],
)
async def test_the_end_of_a_day_depends_on_the_time_zone(
    mutations: MutationClient, execute: Execute, zone: str, instant: str
) -> None:
    payload = await mutations.create(**minimal(promisedTo="2026-12-24", deliveryTimeZone=zone))
    shipment = await read(execute, payload["shipment"]["id"])
    assert (shipment["promisedTo"], shipment["promisedToDate"]) == (instant, "2026-12-24")


async def test_a_local_time_with_a_time_zone_is_an_instant_and_no_day(
    mutations: MutationClient, execute: Execute
) -> None:
    payload = await mutations.create(**minimal(promisedTo="2026-07-01T18:00", deliveryTimeZone="Europe/Berlin"))
    shipment = await read(execute, payload["shipment"]["id"])
    assert (shipment["promisedTo"], shipment["promisedToDate"]) == ("2026-07-01T16:00:00+00:00", None)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"promisedTo": "2026-12-24"}, [("REQUIRED", "input.promisedTo")]),
        ({"promisedTo": "2026-12-24T18:00"}, [("REQUIRED", "input.promisedTo")]),
        ({"promisedTo": "2026-12-24", "deliveryTimeZone": "Mars/Base"}, [("INVALID", "input.deliveryTimeZone")]),
        ({"promisedTo": "2026-02-30", "deliveryTimeZone": "UTC"}, [("INVALID", "input.promisedTo")]),
        ({"promisedTo": "soon", "deliveryTimeZone": "UTC"}, [("INVALID", "input.promisedTo")]),
        ({"promisedTo": "0999-12-24", "deliveryTimeZone": "UTC"}, [("INVALID", "input.promisedTo")]),
        (
            {"promisedFrom": "2026-12-25", "promisedTo": "2026-12-24", "deliveryTimeZone": "UTC"},
            [("INVALID", "input.promisedTo")],
        ),
    ],
)
async def test_without_a_known_time_zone_and_for_other_texts_there_is_an_error(
    mutations: MutationClient, fields: dict[str, str], errors: list[tuple[str, str]]
) -> None:
    assert codes(await mutations.create(**minimal(**fields))) == errors


async def test_an_update_and_an_upsert_set_and_clear_a_day(mutations: MutationClient, execute: Execute) -> None:
    reference = "S-1"
    day = {"promisedTo": "2026-12-24", "deliveryTimeZone": "Europe/Berlin"}
    created = (await mutations.create(**minimal(externalReference=reference)))["shipment"]
    assert (await mutations.update(created["id"], day))["errors"] == []
    first = await read(execute, created["id"])
    assert (first["promisedToDate"], first["version"]) == ("2026-12-24", 2)
    assert first["history"]["nodes"][-1]["changed"] == {"promisedTo": [None, "2026-12-24"]}
    await mutations.upsert(reference, minimal(**day))
    assert (await read(execute, created["id"]))["version"] == 2
    await mutations.update(created["id"], {"promisedTo": BERLIN_DAY})
    instant = await read(execute, created["id"])
    assert (instant["promisedTo"], instant["promisedToDate"], instant["version"]) == (BERLIN_DAY, None, 3)
    await mutations.upsert(reference, minimal(**day))
    assert (await read(execute, created["id"]))["promisedToDate"] == "2026-12-24"
    await mutations.update(created["id"], {"promisedTo": None})
    cleared = await read(execute, created["id"])
    assert (cleared["promisedTo"], cleared["promisedToDate"]) == (None, None)


async def test_an_event_reports_a_day_as_estimate(mutations: MutationClient, execute: Execute) -> None:
    created = await mutations.confirmed(estimatedDeliveryAt="2026-12-20T12:00:00Z")
    day = {"estimatedDeliveryAt": "2026-12-24", "deliveryTimeZone": "Europe/Berlin"}
    report = event(created["id"], "DELIVERY_SCHEDULED", "2026-03-01T10:00:00Z", **day)
    (row,) = (await mutations.record(report))["results"]
    assert row["errors"] == []
    shipment = await read(execute, created["id"])
    assert (shipment["estimatedDeliveryAt"], shipment["estimatedDeliveryDate"]) == (BERLIN_DAY, "2026-12-24")
    query = "query($id: ID!) { node(id: $id) { ... on TrackingEvent { estimatedDeliveryDate } } }"
    node = (await execute(query, {"id": row["event"]["id"]}))["data"]["node"]
    assert node == {"estimatedDeliveryDate": "2026-12-24"}
    await mutations.void(row["event"]["id"])
    after = await read(execute, created["id"])
    assert (after["estimatedDeliveryAt"], after["estimatedDeliveryDate"]) == ("2026-12-20T12:00:00+00:00", None)
