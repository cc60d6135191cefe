"""shipmentCreate: a shipment and all its parts are created by one statement, or nothing is."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    BERLIN,
    PARIS,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    database_snapshot,
    document,
    minimal,
)

pytestmark = pytest.mark.plain_owner


async def test_the_minimal_input_creates_a_draft(mutations: MutationClient) -> None:
    payload = await mutations.create()
    shipment = payload["shipment"]
    assert (payload["created"], payload["errors"], payload["warnings"]) == (True, [], [])
    assert (shipment["status"], shipment["direction"], shipment["version"]) == ("DRAFT", "OUTBOUND", 1)
    assert (shipment["number"], shipment["packages"], shipment["metadata"], shipment["tags"]) == (
        "SHP-0000001",
        [],
        {},
        [],
    )
    assert payload["meta"]["replayed"] is payload["meta"]["validateOnly"] is False


async def test_all_fields_of_the_input_are_returned(mutations: MutationClient) -> None:
    await mutations.save_carrier("dhl")
    fields: dict[str, Any] = {
        "externalReference": "PO-1",
        "direction": "INBOUND",
        "carrier": "dhl",
        "service": "express",
        "parties": [{"role": "NOTIFY", "party": {"name": "", "country": "BR", "lines": ["Rua 1", ""]}}],
        "packages": [
            {"trackingNumber": "jd 01-46", "weight": {"value": "2.50", "unit": "LB"}},
            {"dimensions": {"length": "10", "width": "20", "height": "0.5", "unit": "IN"}},
        ],
        "items": [
            {"title": "Bolt", "quantity": "3.25", "unitValue": {"amount": "1.5", "currency": "eur"}, "packageSeq": 2},
            {"title": "Nut", "quantity": 7, "originCountry": "cn", "batch": "B7", "metadata": {"a": [1, None]}},
        ],
        "references": [{"kind": "po", "value": "77"}, {"kind": "po", "value": "77"}, {"kind": "rma", "value": "8"}],
        "promisedFrom": "2026-03-01T08:00:00+01:00",
        "promisedTo": "2026-03-02T08:00:00+01:00",
        "estimatedDeliveryAt": "2026-03-01T09:30:00.25Z",
        "declaredValue": {"amount": "99999999999999.9999", "currency": "JPY"},
        "incoterm": "DAP",
        "metadata": {"nested": {"a": 1.5}},
        "tags": [" cold ", 'a"b\\c,{}', "NULL", "cold", ""],
    }
    shipment = await mutations.created(**complete(**fields))
    assert (shipment["externalReference"], shipment["direction"], shipment["carrier"]) == (
        "PO-1",
        "INBOUND",
        {"code": "dhl"},
    )
    assert [(party["role"], party["country"], party["lines"]) for party in shipment["parties"]] == [
        ("SHIPPER", "DE", []),
        ("RECIPIENT", "FR", []),
        ("NOTIFY", "BR", ["Rua 1"]),
    ]
    first, second = shipment["packages"]
    assert (first["seq"], first["trackingNumber"], first["weight"]["value"]) == (1, "jd 01-46", "1133.980925")
    assert second["dimensions"] == {"length": "254", "width": "508", "height": "12.7"}
    assert [item["title"] for item in second["items"]] == ["Bolt"]
    bolt, nut = shipment["items"]
    assert (bolt["quantity"], bolt["unitValue"]) == ("3.25", {"amount": "1.5", "currency": "EUR"})
    assert (nut["package"], nut["originCountry"], nut["metadata"]) == (None, "CN", {"a": [1, None]})
    assert shipment["references"] == [{"kind": "po", "value": "77"}, {"kind": "rma", "value": "8"}]
    assert (shipment["promisedFrom"], shipment["estimatedDeliveryAt"]) == (
        "2026-03-01T07:00:00+00:00",
        "2026-03-01T09:30:00.25+00:00",
    )
    assert shipment["declaredValue"] == {"amount": "99999999999999.9999", "currency": "JPY"}
    assert (shipment["metadata"], shipment["tags"]) == ({"nested": {"a": 1.5}}, ["cold", 'a"b\\c,{}', "NULL"])
    assert (shipment["packageCount"], shipment["totalWeight"]) == (2, None)


async def test_a_weight_in_its_own_unit_is_returned_as_entered(mutations: MutationClient, execute: Execute) -> None:
    shipment = await mutations.created(packages=[{"weight": {"value": "2.5000", "unit": "LB"}}])
    query = "query($id: ID!) { shipment(by: {id: $id}) { packages { weight(unit: LB) { value unit } } } }"
    response = await execute(query, {"id": shipment["id"]})
    assert response["data"]["shipment"]["packages"] == [{"weight": {"value": "2.5000", "unit": "LB"}}]


async def test_a_shipment_created_with_confirm_is_ready_with_its_packages(mutations: MutationClient) -> None:
    shipment = await mutations.confirmed(packages=2)
    assert shipment["status"] == "READY"
    assert {package["status"] for package in shipment["packages"]} == {"READY"}
    assert shipment["readyAt"] == shipment["statusAt"] == shipment["createdAt"]


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, ["input.packages", "input.recipient"]),
        ({"recipient": PARIS, "packages": []}, ["input.packages"]),
        ({"packages": [{}]}, ["input.recipient"]),
    ],
)
async def test_confirm_requires_a_recipient_and_a_package(
    mutations: MutationClient, fields: dict[str, Any], missing: Any
) -> None:
    payload = await mutations.create(confirm=True, **fields)
    assert codes(payload) == [("REQUIRED", path) for path in missing]


async def test_the_recipient_may_be_in_parties(mutations: MutationClient) -> None:
    shipment = await mutations.created(confirm=True, packages=[{}], parties=[{"role": "RECIPIENT", "party": PARIS}])
    assert shipment["status"] == "READY"


async def test_a_role_used_twice_is_rejected(mutations: MutationClient) -> None:
    payload = await mutations.create(parties=[{"role": "NOTIFY", "party": PARIS}, {"role": "SHIPPER", "party": PARIS}])
    assert codes(payload) == [("INVALID", "input.parties.1.role")]


async def test_an_external_reference_in_use_is_rejected(mutations: MutationClient) -> None:
    first = await mutations.created(externalReference="A-1")
    payload = await mutations.create(externalReference=" A-1 ")
    assert codes(payload) == [("DUPLICATE", "input.externalReference")]
    assert payload["errors"][0]["existing"]["id"] == first["id"]
    assert payload["shipment"] is None
    assert (await mutations.created(externalReference="a-1"))["id"] != first["id"]


async def test_a_blank_external_reference_is_rejected_because_it_would_allow_duplicates(
    mutations: MutationClient,
) -> None:
    assert codes(await mutations.create(externalReference="  ")) == [("INVALID", "input.externalReference")]


async def test_an_unknown_carrier_or_returned_shipment_is_not_found(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    before = await database_snapshot(owner)
    payload = await mutations.create(carrier="nobody", returnOf={"number": "SHP-0000099"})
    assert codes(payload) == [("NOT_FOUND", "input.carrier"), ("NOT_FOUND", "input.returnOf")]
    assert await database_snapshot(owner) == before


@pytest.mark.parametrize("name", ["id", "number", "externalReference"])
async def test_a_return_refers_to_the_returned_shipment(mutations: MutationClient, name: str) -> None:
    returned = await mutations.created(externalReference="out")
    shipment = await mutations.created(direction="RETURN", returnOf={name: returned[name]})
    assert shipment["returnOf"] == {"id": returned["id"]}


async def test_the_maximum_is_200_packages(mutations: MutationClient) -> None:
    shipment = await mutations.created(packages=[{"weight": {"value": "1", "unit": "G"}}] * 200)
    assert (shipment["packageCount"], shipment["totalWeight"]["value"]) == (200, "200")
    assert codes(await mutations.create(packages=[{}] * 201)) == [("LIMIT_EXCEEDED", "input.packages")]


async def test_validate_only_creates_nothing_and_uses_no_number(mutations: MutationClient, owner: AsyncEngine) -> None:
    await mutations.created(externalReference="A-1")
    before = await database_snapshot(owner)
    valid = await mutations.create({"validateOnly": True}, **complete(confirm=True))
    assert (valid["errors"], valid["shipment"], valid["created"], valid["meta"]["validateOnly"]) == (
        [],
        None,
        False,
        True,
    )
    invalid = await mutations.create({"validateOnly": True}, externalReference="A-1", carrier="nobody")
    assert codes(invalid) == [("NOT_FOUND", "input.carrier"), ("DUPLICATE", "input.externalReference")]
    assert await database_snapshot(owner) == before
    assert (await mutations.created())["number"] == "SHP-0000002"


async def test_a_new_shipment_is_one_change_with_its_fields(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine
) -> None:
    await mutations.created(externalReference=" A-1 ", estimatedDeliveryAt="2026-03-01T08:00:00+01:00")
    async with owner.connect() as connection:
        result = await connection.exec_driver_sql("SELECT op, shipment_seq, status_after, changed FROM change")
        (change,) = result.all()
    assert change[:3] == ("shipment.created", 1, "DRAFT")
    assert change.changed == {
        "number": [None, "SHP-0000001"],
        "status": [None, "DRAFT"],
        "externalReference": [None, "A-1"],
        "direction": [None, "OUTBOUND"],
        "estimatedDeliveryAt": [None, "2026-03-01T08:00:00+01:00"],
    }
    assert await assert_versions_match_changes(owner) == 1


async def test_a_create_is_one_writing_and_one_reading_statement(execute: Execute, statements: list[str]) -> None:
    everything = complete(items=[{"title": "x", "quantity": "1"}], references=[{"kind": "po", "value": "1"}])
    await execute(document("shipmentCreate"), {"input": everything})
    statements.clear()
    response = await execute(document("shipmentCreate"), {"input": everything})
    assert response["data"]["shipmentCreate"]["errors"] == []
    assert [statement.split(None, 1)[0] for statement in statements] == ["WITH", "SELECT"]


async def test_several_mutation_fields_run_one_after_another(execute: Execute) -> None:
    query = """mutation($a: ShipmentCreateInput!, $b: ShipmentCreateInput!) {
      one: shipmentCreate(input: $a) { shipment { number } errors { code } }
      two: shipmentCreate(input: $b) { shipment { number } errors { code } }
      three: shipmentCreate(input: $a) { shipment { number } errors { code } } }"""
    response = await execute(query, {"a": minimal(externalReference="x"), "b": {"shipper": {**BERLIN, "name": "\0"}}})
    assert response["data"] == {
        "one": {"shipment": {"number": "SHP-0000001"}, "errors": []},
        "two": {"shipment": None, "errors": [{"code": "INVALID"}]},
        "three": {"shipment": None, "errors": [{"code": "DUPLICATE"}]},
    }


async def test_concurrent_creates_with_one_reference_return_the_existing_shipment(mutations: MutationClient) -> None:
    for reference in "ABCDE":
        payloads = await asyncio.gather(*(mutations.create(externalReference=reference) for _ in range(8)))
        (created,) = [payload["shipment"] for payload in payloads if payload["created"]]
        errors = [payload["errors"][0] for payload in payloads if not payload["created"]]
        assert [(error["code"], error["existing"]["id"]) for error in errors] == [("DUPLICATE", created["id"])] * 7
