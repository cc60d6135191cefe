"""shipmentCreate: all that belongs to a shipment is made with it, by one statement, or nothing is."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Ask
from tests.support.mutation_client import BERLIN, PARIS, Deeds, codes, complete, document, minimal, trail, versions_hold


async def test_the_least_input_makes_a_draft(deeds: Deeds) -> None:
    payload = await deeds.create()
    made = payload["shipment"]
    assert (payload["created"], payload["errors"], payload["warnings"]) == (True, [], [])
    assert (made["status"], made["direction"], made["version"]) == ("DRAFT", "OUTBOUND", 1)
    assert (made["number"], made["packages"], made["metadata"], made["tags"]) == ("SHP-0000001", [], {}, [])
    assert payload["meta"]["replayed"] is payload["meta"]["validateOnly"] is False


async def test_all_that_belongs_to_a_shipment_comes_back_as_it_was_given(deeds: Deeds) -> None:
    await deeds.carrier("dhl")
    given: dict[str, Any] = {
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
    made = await deeds.made(**complete(**given))
    assert (made["externalReference"], made["direction"], made["carrier"]) == ("PO-1", "INBOUND", {"code": "dhl"})
    assert [(one["role"], one["country"], one["lines"]) for one in made["parties"]] == [
        ("SHIPPER", "DE", []),
        ("RECIPIENT", "FR", []),
        ("NOTIFY", "BR", ["Rua 1"]),
    ]
    first, second = made["packages"]
    assert (first["seq"], first["trackingNumber"], first["weight"]["value"]) == (1, "jd 01-46", "1133.981")
    assert second["dimensions"] == {"length": "254", "width": "508", "height": "12.7"}
    assert [item["title"] for item in second["items"]] == ["Bolt"]
    bolt, nut = made["items"]
    assert (bolt["quantity"], bolt["unitValue"]) == ("3.25", {"amount": "1.5", "currency": "EUR"})
    assert (nut["package"], nut["originCountry"], nut["metadata"]) == (None, "CN", {"a": [1, None]})
    assert made["references"] == [{"kind": "po", "value": "77"}, {"kind": "rma", "value": "8"}]
    assert (made["promisedFrom"], made["estimatedDeliveryAt"]) == (
        "2026-03-01T07:00:00+00:00",
        "2026-03-01T09:30:00.25+00:00",
    )
    assert made["declaredValue"] == {"amount": "99999999999999.9999", "currency": "JPY"}
    assert (made["metadata"], made["tags"]) == ({"nested": {"a": 1.5}}, ["cold", 'a"b\\c,{}', "NULL"])
    assert (made["packageCount"], made["totalWeight"]) == (2, None)


async def test_a_weight_comes_back_in_its_unit_as_it_was_entered(deeds: Deeds, ask: Ask) -> None:
    made = await deeds.made(packages=[{"weight": {"value": "2.5000", "unit": "LB"}}])
    query = "query($id: ID!) { shipment(by: {id: $id}) { packages { weight(unit: LB) { value unit } } } }"
    answer = await ask(query, {"id": made["id"]})
    assert answer["data"]["shipment"]["packages"] == [{"weight": {"value": "2.5000", "unit": "LB"}}]


async def test_confirmed_at_once_it_is_ready_with_its_packages(deeds: Deeds) -> None:
    made = await deeds.ready(packages=2)
    assert made["status"] == "READY"
    assert {package["status"] for package in made["packages"]} == {"READY"}
    assert made["readyAt"] == made["statusAt"] == made["createdAt"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["input.packages", "input.recipient"]),
        ({"recipient": PARIS, "packages": []}, ["input.packages"]),
        ({"packages": [{}]}, ["input.recipient"]),
    ],
)
async def test_confirming_needs_a_recipient_and_a_package(deeds: Deeds, given: dict[str, Any], missing: Any) -> None:
    payload = await deeds.create(confirm=True, **given)
    assert codes(payload) == [("REQUIRED", path) for path in missing]


async def test_a_recipient_among_the_other_parties_is_one(deeds: Deeds) -> None:
    made = await deeds.made(confirm=True, packages=[{}], parties=[{"role": "RECIPIENT", "party": PARIS}])
    assert made["status"] == "READY"


async def test_a_role_is_held_once(deeds: Deeds) -> None:
    payload = await deeds.create(parties=[{"role": "NOTIFY", "party": PARIS}, {"role": "SHIPPER", "party": PARIS}])
    assert codes(payload) == [("INVALID", "input.parties.1.role")]


async def test_an_external_reference_is_given_once(deeds: Deeds) -> None:
    first = await deeds.made(externalReference="A-1")
    payload = await deeds.create(externalReference=" A-1 ")
    assert codes(payload) == [("DUPLICATE", "input.externalReference")]
    assert payload["errors"][0]["existing"]["id"] == first["id"]
    assert payload["shipment"] is None
    assert (await deeds.made(externalReference="a-1"))["id"] != first["id"]


async def test_a_blank_reference_is_refused_because_it_would_let_doubles_in(deeds: Deeds) -> None:
    assert codes(await deeds.create(externalReference="  ")) == [("INVALID", "input.externalReference")]


async def test_carriers_and_returned_shipments_must_be_there(deeds: Deeds, owner: AsyncEngine) -> None:
    before = await trail(owner)
    payload = await deeds.create(carrier="nobody", returnOf={"number": "SHP-0000099"})
    assert codes(payload) == [("NOT_FOUND", "input.carrier"), ("NOT_FOUND", "input.returnOf")]
    assert await trail(owner) == before


@pytest.mark.parametrize("name", ["id", "number", "externalReference"])
async def test_a_return_names_what_it_brings_back(deeds: Deeds, name: str) -> None:
    outward = await deeds.made(externalReference="out")
    back = await deeds.made(direction="RETURN", returnOf={name: outward[name]})
    assert back["returnOf"] == {"id": outward["id"]}


async def test_two_hundred_packages_fit_and_one_more_does_not(deeds: Deeds) -> None:
    made = await deeds.made(packages=[{"weight": {"value": "1", "unit": "G"}}] * 200)
    assert (made["packageCount"], made["totalWeight"]["value"]) == (200, "200")
    assert codes(await deeds.create(packages=[{}] * 201)) == [("LIMIT_EXCEEDED", "input.packages")]


async def test_a_validated_shipment_is_not_made_and_takes_no_number(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.made(externalReference="A-1")
    before = await trail(owner)
    good = await deeds.create({"validateOnly": True}, **complete(confirm=True))
    assert (good["errors"], good["shipment"], good["created"], good["meta"]["validateOnly"]) == ([], None, False, True)
    bad = await deeds.create({"validateOnly": True}, externalReference="A-1", carrier="nobody")
    assert codes(bad) == [("NOT_FOUND", "input.carrier"), ("DUPLICATE", "input.externalReference")]
    assert await trail(owner) == before
    assert (await deeds.made())["number"] == "SHP-0000002"


async def test_a_new_shipment_is_one_change_that_says_what_it_is(deeds: Deeds, ask: Ask, owner: AsyncEngine) -> None:
    await deeds.made(externalReference=" A-1 ", estimatedDeliveryAt="2026-03-01T08:00:00+01:00")
    async with owner.connect() as connection:
        found = await connection.exec_driver_sql("SELECT op, shipment_seq, status_after, changed FROM change")
        (change,) = found.all()
    assert change[:3] == ("shipment.created", 1, "DRAFT")
    assert change.changed == {
        "number": [None, "SHP-0000001"],
        "status": [None, "DRAFT"],
        "externalReference": [None, "A-1"],
        "direction": [None, "OUTBOUND"],
        "estimatedDeliveryAt": [None, "2026-03-01T08:00:00+01:00"],
    }
    assert await versions_hold(owner) == 1


async def test_one_statement_writes_and_one_reads(ask: Ask, statements: list[str]) -> None:
    everything = complete(items=[{"title": "x", "quantity": "1"}], references=[{"kind": "po", "value": "1"}])
    await ask(document("shipmentCreate"), {"input": everything})
    statements.clear()
    answer = await ask(document("shipmentCreate"), {"input": everything})
    assert answer["data"]["shipmentCreate"]["errors"] == []
    assert [statement.split(None, 1)[0] for statement in statements] == ["WITH", "SELECT"]


async def test_several_mutations_of_an_operation_are_carried_out_in_their_turn(ask: Ask) -> None:
    query = """mutation($a: ShipmentCreateInput!, $b: ShipmentCreateInput!) {
      one: shipmentCreate(input: $a) { shipment { number } errors { code } }
      two: shipmentCreate(input: $b) { shipment { number } errors { code } }
      three: shipmentCreate(input: $a) { shipment { number } errors { code } } }"""
    answer = await ask(query, {"a": minimal(externalReference="x"), "b": {"shipper": {**BERLIN, "name": "\0"}}})
    assert answer["data"] == {
        "one": {"shipment": {"number": "SHP-0000001"}, "errors": []},
        "two": {"shipment": None, "errors": [{"code": "INVALID"}]},
        "three": {"shipment": None, "errors": [{"code": "DUPLICATE"}]},
    }
