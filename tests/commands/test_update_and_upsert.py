"""shipmentUpdate and shipmentUpsert: absent leaves alone, null clears, and what the status has frozen is refused."""

import asyncio
import itertools
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain import status_rules
from graphql_app.domain.enums import ShipmentPhase
from tests.support.graphql_client import Ask
from tests.support.mutation_client import (
    BERLIN,
    KILO,
    PARIS,
    Deeds,
    codes,
    complete,
    document,
    event,
    minimal,
    trail,
    versions_hold,
    warned,
)

ADDRESS = {"name": "Other", "country": "NL", "city": "Utrecht"}
EDITS: dict[str, Any] = {
    "externalReference": {"externalReference": "new"},
    "carrier": {"carrier": "ups"},
    "service": {"service": "slow"},
    "shipper": {"shipper": ADDRESS},
    "recipient": {"recipient": ADDRESS},
    "promisedFrom": {"promisedFrom": "2026-03-01T00:00:00Z"},
    "promisedTo": {"promisedTo": "2026-03-09T00:00:00Z"},
    "estimatedDeliveryAt": {"estimatedDeliveryAt": "2026-03-05T00:00:00Z"},
    "references": {"references": [{"kind": "po", "value": "9"}]},
    "metadataSet": {"metadataSet": {"a": 2}},
    "metadataUnset": {"metadataUnset": ["a"]},
    "tagsAdd": {"tagsAdd": ["new"]},
    "tagsRemove": {"tagsRemove": ["old"]},
    "packages.trackingNumber": {"packages": [{"trackingNumber": "X1"}]},
    "packages.weight": {"packages": [{"weight": {"value": "9", "unit": "KG"}}]},
    "packages.dimensions": {"packages": [{"dimensions": {"length": 1, "width": 1, "height": 1, "unit": "M"}}]},
}
"""An edit of each field that ShipmentUpdateInput has."""
WAYS = {
    "DRAFT": [],
    "READY": ["confirm"],
    "IN_TRANSIT": ["IN_TRANSIT"],
    "EXCEPTION": ["HELD"],
    "DELIVERED": ["DELIVERED"],
    "FAILED": ["LOST"],
    "CANCELLED": ["cancel"],
}
"""What brings a shipment to a status: commands and events."""


async def test_absent_leaves_alone_and_null_clears(deeds: Deeds) -> None:
    await deeds.carrier("dhl")
    given = {
        "externalReference": "A", "carrier": "dhl", "service": "fast", "promisedTo": "2026-03-01T00:00:00Z",
        "estimatedDeliveryAt": "2026-03-01T00:00:00Z", "recipient": PARIS, "references": [{"kind": "po", "value": "1"}],
    }  # fmt: skip
    made = await deeds.made(**given)
    same = (await deeds.update(made["id"], {}))["shipment"]
    assert same == made
    nothing = dict.fromkeys(given)
    cleared = (await deeds.update(made["id"], nothing))["shipment"]
    for name in ("externalReference", "carrier", "service", "promisedTo", "estimatedDeliveryAt"):
        assert cleared[name] is None
    assert cleared["references"] == []
    assert [party["role"] for party in cleared["parties"]] == ["SHIPPER"]
    assert cleared["version"] == 2


async def test_what_is_so_already_changes_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    given = complete(externalReference="A", tags=["x"], metadata={"a": 1.0}, promisedTo="2026-03-01T00:00:00Z")
    made = await deeds.made(**given)
    before = await trail(owner)
    package = made["packages"][0]["id"]
    edit = {
        "externalReference": " A ", "shipper": BERLIN, "recipient": PARIS, "promisedTo": "2026-03-01T01:00:00+01:00",
        "packages": [{"id": package, **KILO}], "metadataSet": {"a": 1.0}, "metadataUnset": ["b"],
        "tagsAdd": ["x"], "tagsRemove": ["y"],
    }  # fmt: skip
    payload = await deeds.update(made["id"], edit, expectedVersion=1)
    assert (payload["errors"], payload["shipment"]["version"]) == ([], 1)
    assert await trail(owner) == before


async def test_a_change_tells_what_was_and_what_is(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.made(externalReference="A", metadata={"keep": 1, "go": 2}, **complete())
    package = made["packages"][0]["id"]
    edit = {
        "externalReference": "B", "metadataSet": {"come": {"x": [1]}}, "metadataUnset": ["go"], "tagsAdd": ["t"],
        "packages": [{"id": package, "weight": {"value": "2", "unit": "LB"}, "trackingNumber": "X 1"}],
        "recipient": ADDRESS, "estimatedDeliveryAt": "2026-03-05T00:00:00Z",
    }  # fmt: skip
    payload = await deeds.update(made["id"], edit)
    assert payload["errors"] == []
    async with owner.connect() as connection:
        found = await connection.exec_driver_sql("SELECT op, changed FROM change WHERE shipment_seq = 2")
        (change,) = found.all()
    assert change.op == "shipment.updated"
    old = {"city": "Paris", "name": "Receiver", "country_code": "FR", "postal_code": "75001"}
    assert change.changed == {
        "externalReference": ["A", "B"],
        "estimatedDeliveryAt": [None, "2026-03-05T00:00:00+00:00"],
        "recipient": [old, {"city": "Utrecht", "name": "Other", "country_code": "NL"}],
        "metadata": [{"go": 2}, {"come": {"x": [1]}}],
        "tags": [[], ["t"]],
        "packages.1.trackingNumber": [None, "X 1"],
        "packages.1.weight": ["1 KG", "2 LB"],
    }


async def test_packages_are_edited_by_identity_and_weighed_again(deeds: Deeds) -> None:
    made = await deeds.made(packages=[KILO, {"weight": {"value": "2", "unit": "KG"}, "trackingNumber": "A1"}])
    first, second = (package["id"] for package in made["packages"])
    edit = {"packages": [{"id": second, "weight": {"value": "500", "unit": "G"}}, {"id": first, "trackingNumber": "B"}]}
    edited = (await deeds.update(made["id"], edit))["shipment"]
    assert [package["trackingNumber"] for package in edited["packages"]] == ["B", "A1"]
    assert edited["totalWeight"]["value"] == "1500"
    cleared = (await deeds.update(made["id"], {"packages": [{"id": first, "weight": None}]}))["shipment"]
    assert (cleared["totalWeight"], cleared["packages"][0]["trackingNumber"]) == (None, "B")


async def test_a_package_of_another_shipment_is_not_found(deeds: Deeds) -> None:
    made, other = await deeds.made(packages=[{}]), await deeds.made(packages=[{}])
    for id_ in (other["packages"][0]["id"], made["id"], "pkg_0", "\0"):
        payload = await deeds.update(made["id"], {"packages": [{"id": id_, "trackingNumber": "X"}]})
        assert codes(payload) == [("NOT_FOUND", "input.packages.0.id")]


async def test_all_that_is_wrong_with_an_edit_is_said_at_once_and_none_of_it_is_done(
    deeds: Deeds, owner: AsyncEngine
) -> None:
    await deeds.made(externalReference="taken")
    made = await deeds.ready(externalReference="mine", promisedFrom="2026-03-05T00:00:00Z")
    before = await trail(owner)
    edit = {
        "externalReference": "taken", "carrier": "nobody", "shipper": None, "recipient": None,
        "promisedTo": "2026-03-01T00:00:00Z", "tagsAdd": ["good"],
    }  # fmt: skip
    payload = await deeds.update(made["id"], edit)
    assert set(codes(payload)) == {
        ("DUPLICATE", "input.externalReference"),
        ("NOT_FOUND", "input.carrier"),
        ("REQUIRED", "input.shipper"),
        ("REQUIRED", "input.recipient"),
        ("INVALID", "input.promisedTo"),
    }
    assert await trail(owner) == before


async def test_editable_fields_are_those_that_can_be_edited(deeds: Deeds) -> None:
    await deeds.carrier("ups")
    for (status, ways), (field, given) in itertools.product(WAYS.items(), EDITS.items()):
        made = await deeds.made(**complete(confirm="confirm" in ways, metadata={"a": 1}, tags=["old"]))
        for way in ways:
            if way.isupper():
                await deeds.record(event(made["id"], way))
            elif way == "cancel":
                await deeds.cancel(made["id"])
        edit = dict(given)
        if "packages" in edit:
            edit["packages"] = [{"id": made["packages"][0]["id"], **edit["packages"][0]}]
        if field == "externalReference":
            edit = {"externalReference": f"new {status}"}
        shipment = await deeds.shipment(made["id"])
        assert shipment["status"] == status
        payload = await deeds.update(made["id"], edit)
        if field in shipment["editableFields"]:
            assert payload["errors"] == []
            assert payload["shipment"]["version"] == shipment["version"] + 1
        else:
            path = f"input.{field}" if "." not in field else f"input.packages.0.{field.split('.')[1]}"
            assert codes(payload) == [("NOT_EDITABLE", path)]
            assert payload["errors"][0]["status"] == status
            assert await deeds.shipment(made["id"]) == shipment


def test_every_field_that_is_ever_editable_is_tried() -> None:
    assert set(EDITS) == set(status_rules.EDITABLE_FIELDS[ShipmentPhase.PLANNING])


async def test_metadata_keeps_keys_as_they_are_and_stays_within_its_bounds(deeds: Deeds) -> None:
    made = await deeds.made(metadata={" blank ": 1, "": 2, "a": "x" * 9000})
    edited = await deeds.update(made["id"], {"metadataUnset": [" blank ", ""]})
    assert edited["shipment"]["metadata"] == {"a": "x" * 9000}
    assert codes(await deeds.update(made["id"], {"metadataSet": {"b": "x" * 9000}})) == [
        ("LIMIT_EXCEEDED", "input.metadataSet")
    ]
    assert (await deeds.shipment(made["id"]))["version"] == 2


async def test_at_most_fifty_tags_stay(deeds: Deeds) -> None:
    made = await deeds.made(tags=[str(n) for n in range(49)])
    assert codes(await deeds.update(made["id"], {"tagsAdd": ["a", "b"]})) == [("LIMIT_EXCEEDED", "input.tagsAdd")]
    edited = await deeds.update(made["id"], {"tagsAdd": ["a", "b"], "tagsRemove": ["1"]})
    assert len(edited["shipment"]["tags"]) == 50


async def test_a_reference_that_was_given_up_is_free_again(deeds: Deeds) -> None:
    one, two = await deeds.made(externalReference="A"), await deeds.made(externalReference="B")
    await deeds.update(one["id"], {"externalReference": None})
    edited = await deeds.update(two["id"], {"externalReference": "A"})
    assert (edited["errors"], edited["shipment"]["externalReference"]) == ([], "A")


async def test_another_version_than_expected_is_a_conflict_that_tells_what_changed(deeds: Deeds) -> None:
    made = await deeds.made(tags=["a"])
    await deeds.update(made["id"], {"tagsAdd": ["b"], "service": "fast"})
    await deeds.archive(made["id"])
    payload = await deeds.update(made["id"], {"service": "slow"}, expectedVersion=1)
    (problem,) = payload["errors"]
    assert (problem["code"], problem["path"]) == ("VERSION_CONFLICT", ["options", "expectedVersion"])
    assert (problem["expected"], problem["current"]) == (1, 3)
    assert problem["changedFields"] == ["archivedAt", "service", "tags"]
    assert problem["shipment"] == {"id": made["id"], "version": 3}
    assert (await deeds.update(made["id"], {"service": "slow"}, expectedVersion=3))["shipment"]["version"] == 4


async def test_edits_at_once_of_different_fields_both_stay(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.made()
    edits = [{"metadataSet": {str(n): n}, "tagsAdd": [str(n)]} for n in range(20)]
    payloads = await asyncio.gather(*(deeds.update(made["id"], edit) for edit in edits))
    assert all(payload["errors"] == [] for payload in payloads)
    shipment = await deeds.shipment(made["id"])
    assert (shipment["version"], len(shipment["metadata"]), len(shipment["tags"])) == (21, 20, 20)
    await versions_hold(owner)


async def test_a_shipment_is_named_by_number_or_reference_too(deeds: Deeds) -> None:
    made = await deeds.made(externalReference="A")
    for at, by in enumerate(({"number": made["number"]}, {"externalReference": "A"}), 2):
        payload = await deeds.do("shipmentUpdate", by=by, input={"tagsAdd": [str(at)]}, options={})
        assert payload["shipment"]["version"] == at


@pytest.mark.parametrize("by", [{"id": "shp_0"}, {"number": "SHP-9"}, {"externalReference": "none"}, {"id": "é"}])
async def test_what_is_not_there_is_not_found(deeds: Deeds, by: dict[str, str]) -> None:
    payload = await deeds.do("shipmentUpdate", by=by, input={}, options={})
    assert (codes(payload), payload["shipment"]) == ([("NOT_FOUND", "by")], None)


async def test_an_update_takes_the_same_few_statements_always(deeds: Deeds, statements: list[str], ask: Ask) -> None:
    made = await deeds.made(packages=[KILO] * 20)
    await deeds.update(made["id"], {"tagsAdd": ["warm"]})
    statements.clear()
    await deeds.update(made["id"], {"tagsAdd": ["x"]})
    assert len(statements) == 5  # BEGIN, lock, save, COMMIT, read
    statements.clear()
    await deeds.update(made["id"], {"tagsAdd": ["x"]})
    assert len(statements) == 4  # nothing to save: BEGIN, lock, COMMIT, read


# -- upsert -------------------------------------------------------------------------------------------------------


async def test_an_upsert_makes_and_then_edits(deeds: Deeds, owner: AsyncEngine) -> None:
    given = complete(direction="RETURN", service="fast", tags=["a"], metadata={"a": 1})
    first = await deeds.upsert("A", given)
    assert (first["created"], first["errors"]) == (True, [])
    again = await deeds.upsert("A", given)
    assert (again["created"], again["errors"], again["shipment"]) == (False, [], first["shipment"])
    edited = await deeds.upsert("A", {"shipper": ADDRESS, "service": None, "tags": ["b"], "metadata": {"b": 2}})
    shipment = edited["shipment"]
    assert (edited["created"], shipment["id"], shipment["version"]) == (False, first["shipment"]["id"], 2)
    assert (shipment["service"], shipment["direction"]) == (None, "RETURN")
    assert (shipment["tags"], shipment["metadata"]) == (["a", "b"], {"a": 1, "b": 2})
    assert [party["city"] for party in shipment["parties"]] == ["Utrecht", "Paris"]
    assert shipment["packages"] == first["shipment"]["packages"]
    await versions_hold(owner)


async def test_an_upsert_fills_in_packages_by_their_order_and_takes_none_away(deeds: Deeds) -> None:
    first = await deeds.upsert("A", minimal(packages=[{**KILO, "trackingNumber": "X1"}]))
    items = [{"title": "In the new one", "quantity": "1", "packageSeq": 2}]
    second = await deeds.upsert("A", minimal(packages=[{"trackingNumber": "X2"}, KILO], items=items))
    one, two = second["shipment"]["packages"]
    assert (one["id"], one["trackingNumber"]) == (first["shipment"]["packages"][0]["id"], "X2")
    assert (one["weight"]["value"], two["weight"]["value"], two["status"]) == ("1000", "1000", "DRAFT")
    assert two["items"] == [{"title": "In the new one"}]
    assert second["shipment"]["totalWeight"]["value"] == "2000"
    third = await deeds.upsert("A", minimal(packages=[]))
    assert len(third["shipment"]["packages"]) == 2
    assert (await deeds.upsert("A", minimal(items=None)))["shipment"]["items"] == []


async def test_an_upsert_can_change_what_an_update_cannot(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.upsert("A", minimal(declaredValue={"amount": "1.50", "currency": "EUR"}, incoterm="DAP"))
    second = await deeds.upsert(
        "A", minimal(declaredValue={"amount": "2", "currency": "EUR"}, incoterm=None, direction="INBOUND")
    )
    shipment = second["shipment"]
    assert (shipment["declaredValue"], shipment["incoterm"]) == ({"amount": "2", "currency": "EUR"}, None)
    assert shipment["direction"] == "INBOUND"
    async with owner.connect() as connection:
        found = await connection.exec_driver_sql("SELECT changed FROM change WHERE shipment_seq = 2")
        assert found.scalar_one()["declaredValue"] == ["1.5000", "2"]
    assert (await deeds.upsert("A", minimal(declaredValue=None)))["shipment"]["declaredValue"] is None


async def test_null_in_an_upsert_takes_away_all_metadata_and_tags(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.upsert("A", minimal(tags=["a", "b"], metadata={"a": 1, "b": 2}))
    payload = await deeds.upsert("A", minimal(tags=None, metadata=None))
    assert (payload["errors"], payload["shipment"]["tags"], payload["shipment"]["metadata"]) == ([], [], {})
    assert (await deeds.upsert("A", minimal(tags=None, metadata=None)))["shipment"]["version"] == 2
    await versions_hold(owner)


async def test_an_upsert_does_not_pass_over_what_a_shipment_shall_bring_back(deeds: Deeds, owner: AsyncEngine) -> None:
    one, other = (await deeds.made(externalReference="one"))["id"], (await deeds.made())["id"]
    back = {"returnOf": {"id": one}}
    assert (await deeds.upsert("A", minimal(**back)))["shipment"]["returnOf"] == {"id": one}
    before = await trail(owner)
    for same in ({"id": one}, {"externalReference": "one"}):
        assert (await deeds.upsert("A", minimal(returnOf=same)))["errors"] == []
    for changed, code in (({"id": other}, "INVALID"), (None, "INVALID"), ({"number": "none"}, "NOT_FOUND")):
        payload = await deeds.upsert("A", minimal(returnOf=changed, tags=["new"]))
        assert codes(payload) == [(code, "input.returnOf")]
    assert await trail(owner) == before


async def test_an_upsert_confirms_a_draft_with_all_its_packages(deeds: Deeds) -> None:
    await deeds.upsert("A", minimal(packages=[KILO]))
    payload = await deeds.upsert("A", complete(packages=[KILO, KILO], confirm=True))
    assert (payload["errors"], payload["shipment"]["status"]) == ([], "READY")
    assert [package["status"] for package in payload["shipment"]["packages"]] == ["READY", "READY"]
    again = await deeds.upsert("A", complete(packages=[KILO, KILO], confirm=True))
    assert again["shipment"]["version"] == payload["shipment"]["version"] == 3


async def test_the_same_upsert_later_in_the_life_of_a_shipment_changes_nothing(deeds: Deeds) -> None:
    given = complete(confirm=True, packages=[{**KILO, "trackingNumber": "X"}], direction="TRANSFER", service="fast")
    made = (await deeds.upsert("A", given))["shipment"]
    await deeds.record(event(made["id"], "DELIVERED"))
    payload = await deeds.upsert("A", given)
    assert (payload["errors"], payload["shipment"]["version"]) == ([], 2)


async def test_an_upsert_cannot_confirm_what_was_cancelled(deeds: Deeds) -> None:
    made = (await deeds.upsert("A", complete()))["shipment"]
    await deeds.cancel(made["id"])
    assert codes(await deeds.upsert("A", complete(confirm=True))) == [("INVALID_TRANSITION", "input.confirm")]


async def test_a_package_more_is_refused_once_the_carrier_has_the_others(deeds: Deeds) -> None:
    made = (await deeds.upsert("A", complete()))["shipment"]
    await deeds.record(event(made["id"]))
    assert codes(await deeds.upsert("A", complete(packages=[KILO, KILO]))) == [("NOT_EDITABLE", "input.packages.1")]


async def test_an_upsert_warns_of_all_that_is_odd_when_it_edits_too(deeds: Deeds) -> None:
    odd = minimal(
        shipper={**BERLIN, "postalCode": "1"},
        parties=[{"role": "NOTIFY", "party": {"name": "x", "country": "FR", "postalCode": "1"}}],
        packages=[{"trackingNumber": "1Z999AA10123456785"}],
    )
    first, second = await deeds.upsert("A", odd), await deeds.upsert("A", odd)
    assert warned(first) == warned(second)
    assert {code for code, _ in warned(second)} == {"ODD_POSTAL_CODE", "CHECK_DIGIT"}


async def test_an_upserts_reference_stands_in_one_place(deeds: Deeds) -> None:
    assert (await deeds.upsert(" A ", minimal(externalReference="A")))["created"] is True
    assert codes(await deeds.upsert("A", minimal(externalReference="B"))) == [("INVALID", "input.externalReference")]
    assert codes(await deeds.upsert(" ", minimal())) == [("REQUIRED", "externalReference")]
    assert codes(await deeds.upsert("A\0", minimal())) == [("INVALID", "externalReference")]
    assert codes(await deeds.upsert("x" * 129, minimal())) == [("LIMIT_EXCEEDED", "externalReference")]


async def test_an_upsert_that_expects_a_version_makes_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    before = await trail(owner)
    assert codes(await deeds.upsert("A", minimal(), expectedVersion=1)) == [("NOT_FOUND", "externalReference")]
    assert await trail(owner) == before
    await deeds.upsert("A", minimal())
    assert codes(await deeds.upsert("A", minimal(), expectedVersion=7)) == [
        ("VERSION_CONFLICT", "options.expectedVersion")
    ]


async def test_many_upserts_of_one_new_reference_make_one_shipment(deeds: Deeds, owner: AsyncEngine) -> None:
    for reference in "ABCDE":
        given = [minimal(tags=[str(n)]) for n in range(8)]
        payloads = await asyncio.gather(*(deeds.upsert(reference, one) for one in given))
        assert [payload["errors"] for payload in payloads] == [[]] * 8
        assert sorted(payload["created"] for payload in payloads) == [False] * 7 + [True]
        (id_,) = {payload["shipment"]["id"] for payload in payloads}
        shipment = await deeds.shipment(id_)
        assert (sorted(shipment["tags"]), shipment["version"]) == (list("01234567"), 8)
    await versions_hold(owner)


async def test_creates_that_race_for_a_reference_are_told_who_won(deeds: Deeds) -> None:
    for reference in "ABCDE":
        payloads = await asyncio.gather(*(deeds.create(externalReference=reference) for _ in range(8)))
        (made,) = [payload["shipment"] for payload in payloads if payload["created"]]
        refused = [payload["errors"][0] for payload in payloads if not payload["created"]]
        assert [(one["code"], one["existing"]["id"]) for one in refused] == [("DUPLICATE", made["id"])] * 7


async def test_a_validated_upsert_writes_nothing_either_way(deeds: Deeds, owner: AsyncEngine) -> None:
    for _ in range(2):
        before = await trail(owner)
        payload = await deeds.upsert("A", complete(confirm=True), validateOnly=True)
        assert (payload["errors"], payload["created"]) == ([], False)
        assert await trail(owner) == before
        await deeds.upsert("A", minimal())


async def test_the_document_of_an_upsert_is_one_statement_more_than_an_update(
    deeds: Deeds, statements: list[str], ask: Ask
) -> None:
    await ask(document("shipmentUpsert"), {"externalReference": "warm", "input": minimal()})
    statements.clear()
    await deeds.upsert("A", minimal())
    assert len(statements) == 5  # BEGIN, lock what is there, make, COMMIT, read
