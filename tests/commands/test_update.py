"""shipmentUpdate: an omitted field is unchanged, null clears it, and the status decides which fields can change."""

import asyncio
import itertools
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.commands.shipments.key import SHIPMENT_NOT_FOUND
from graphql_app.domain import status_rules
from graphql_app.domain.enums import ShipmentPhase
from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    BERLIN,
    KILO,
    PARIS,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    database_snapshot,
    event,
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
"""An update of each field of ShipmentUpdateInput."""
STEPS = {
    "DRAFT": [],
    "READY": ["confirm"],
    "IN_TRANSIT": ["IN_TRANSIT"],
    "EXCEPTION": ["HELD"],
    "DELIVERED": ["DELIVERED"],
    "FAILED": ["LOST"],
    "CANCELLED": ["cancel"],
}
"""Commands and events that bring a shipment to a status."""


async def test_an_omitted_field_is_unchanged_and_null_clears(mutations: MutationClient) -> None:
    await mutations.save_carrier("dhl")
    fields = {
        "externalReference": "A", "carrier": "dhl", "service": "fast", "promisedTo": "2026-03-01T00:00:00Z",
        "estimatedDeliveryAt": "2026-03-01T00:00:00Z", "recipient": PARIS, "references": [{"kind": "po", "value": "1"}],
    }  # fmt: skip
    created = await mutations.created(**fields)
    same = (await mutations.update(created["id"], {}))["shipment"]
    assert same == created
    nulls = dict.fromkeys(fields)
    cleared = (await mutations.update(created["id"], nulls))["shipment"]
    for name in ("externalReference", "carrier", "service", "promisedTo", "estimatedDeliveryAt"):
        assert cleared[name] is None
    assert cleared["references"] == []
    assert [party["role"] for party in cleared["parties"]] == ["SHIPPER"]
    assert cleared["version"] == 2


async def test_sending_the_current_values_changes_nothing(mutations: MutationClient, owner: AsyncEngine) -> None:
    fields = complete(externalReference="A", tags=["x"], metadata={"a": 1.0}, promisedTo="2026-03-01T00:00:00Z")
    created = await mutations.created(**fields)
    before = await database_snapshot(owner)
    package = created["packages"][0]["id"]
    edit = {
        "externalReference": " A ", "shipper": BERLIN, "recipient": PARIS, "promisedTo": "2026-03-01T01:00:00+01:00",
        "packages": [{"id": package, **KILO}], "metadataSet": {"a": 1.0}, "metadataUnset": ["b"],
        "tagsAdd": ["x"], "tagsRemove": ["y"],
    }  # fmt: skip
    payload = await mutations.update(created["id"], edit, expectedVersion=1)
    assert (payload["errors"], payload["shipment"]["version"]) == ([], 1)
    assert await database_snapshot(owner) == before


async def test_a_change_has_old_and_new_values(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.created(externalReference="A", metadata={"keep": 1, "go": 2}, **complete())
    package = created["packages"][0]["id"]
    edit = {
        "externalReference": "B", "metadataSet": {"come": {"x": [1]}}, "metadataUnset": ["go"], "tagsAdd": ["t"],
        "packages": [{"id": package, "weight": {"value": "2", "unit": "LB"}, "trackingNumber": "X 1"}],
        "recipient": ADDRESS, "estimatedDeliveryAt": "2026-03-05T00:00:00Z",
    }  # fmt: skip
    payload = await mutations.update(created["id"], edit)
    assert payload["errors"] == []
    async with owner.connect() as connection:
        result = await connection.exec_driver_sql("SELECT op, changed FROM change WHERE shipment_seq = 2")
        (change,) = result.all()
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


async def test_packages_are_updated_by_id_and_the_total_weight_follows(mutations: MutationClient) -> None:
    created = await mutations.created(packages=[KILO, {"weight": {"value": "2", "unit": "KG"}, "trackingNumber": "A1"}])
    first, second = (package["id"] for package in created["packages"])
    edit = {"packages": [{"id": second, "weight": {"value": "500", "unit": "G"}}, {"id": first, "trackingNumber": "B"}]}
    edited = (await mutations.update(created["id"], edit))["shipment"]
    assert [package["trackingNumber"] for package in edited["packages"]] == ["B", "A1"]
    assert edited["totalWeight"]["value"] == "1500"
    cleared = (await mutations.update(created["id"], {"packages": [{"id": first, "weight": None}]}))["shipment"]
    assert (cleared["totalWeight"], cleared["packages"][0]["trackingNumber"]) == (None, "B")


async def test_a_package_of_another_shipment_is_not_found(mutations: MutationClient) -> None:
    created, other = await mutations.created(packages=[{}]), await mutations.created(packages=[{}])
    for id_ in (other["packages"][0]["id"], created["id"], "pkg_0", "\0"):
        payload = await mutations.update(created["id"], {"packages": [{"id": id_, "trackingNumber": "X"}]})
        assert codes(payload) == [("NOT_FOUND", "input.packages.0.id")]


async def test_all_errors_of_an_update_are_returned_and_nothing_is_written(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    await mutations.created(externalReference="taken")
    created = await mutations.confirmed(externalReference="mine", promisedFrom="2026-03-05T00:00:00Z")
    before = await database_snapshot(owner)
    edit = {
        "externalReference": "taken", "carrier": "nobody", "shipper": None, "recipient": None,
        "promisedTo": "2026-03-01T00:00:00Z", "tagsAdd": ["good"],
    }  # fmt: skip
    payload = await mutations.update(created["id"], edit)
    assert set(codes(payload)) == {
        ("DUPLICATE", "input.externalReference"),
        ("NOT_FOUND", "input.carrier"),
        ("REQUIRED", "input.shipper"),
        ("REQUIRED", "input.recipient"),
        ("INVALID", "input.promisedTo"),
    }
    assert await database_snapshot(owner) == before


async def test_editable_fields_lists_exactly_the_fields_that_can_be_changed(mutations: MutationClient) -> None:
    await mutations.save_carrier("ups")
    for (status, steps), (field, fields) in itertools.product(STEPS.items(), EDITS.items()):
        created = await mutations.created(**complete(confirm="confirm" in steps, metadata={"a": 1}, tags=["old"]))
        for step in steps:
            if step.isupper():
                await mutations.record(event(created["id"], step))
            elif step == "cancel":
                await mutations.cancel(created["id"])
        edit = dict(fields)
        if "packages" in edit:
            edit["packages"] = [{"id": created["packages"][0]["id"], **edit["packages"][0]}]
        if field == "externalReference":
            edit = {"externalReference": f"new {status}"}
        shipment = await mutations.shipment(created["id"])
        assert shipment["status"] == status
        payload = await mutations.update(created["id"], edit)
        if field in shipment["editableFields"]:
            assert payload["errors"] == []
            assert payload["shipment"]["version"] == shipment["version"] + 1
        else:
            path = f"input.{field}" if "." not in field else f"input.packages.0.{field.split('.')[1]}"
            assert codes(payload) == [("NOT_EDITABLE", path)]
            assert payload["errors"][0]["status"] == status
            assert await mutations.shipment(created["id"]) == shipment


def test_every_editable_field_is_covered() -> None:
    assert set(EDITS) == set(status_rules.EDITABLE_FIELDS[ShipmentPhase.PLANNING])


async def test_metadata_keeps_keys_unchanged_and_has_a_maximum_size(mutations: MutationClient) -> None:
    created = await mutations.created(metadata={" blank ": 1, "": 2, "a": "x" * 9000})
    edited = await mutations.update(created["id"], {"metadataUnset": [" blank ", ""]})
    assert edited["shipment"]["metadata"] == {"a": "x" * 9000}
    assert codes(await mutations.update(created["id"], {"metadataSet": {"b": "x" * 9000}})) == [
        ("LIMIT_EXCEEDED", "input.metadataSet")
    ]
    assert (await mutations.shipment(created["id"]))["version"] == 2


async def test_the_maximum_is_50_tags(mutations: MutationClient) -> None:
    created = await mutations.created(tags=[str(n) for n in range(49)])
    assert codes(await mutations.update(created["id"], {"tagsAdd": ["a", "b"]})) == [
        ("LIMIT_EXCEEDED", "input.tagsAdd")
    ]
    edited = await mutations.update(created["id"], {"tagsAdd": ["a", "b"], "tagsRemove": ["1"]})
    assert len(edited["shipment"]["tags"]) == 50


async def test_a_released_external_reference_can_be_used_again(mutations: MutationClient) -> None:
    one, two = await mutations.created(externalReference="A"), await mutations.created(externalReference="B")
    await mutations.update(one["id"], {"externalReference": None})
    edited = await mutations.update(two["id"], {"externalReference": "A"})
    assert (edited["errors"], edited["shipment"]["externalReference"]) == ([], "A")


async def test_a_version_conflict_lists_the_changed_fields(mutations: MutationClient) -> None:
    created = await mutations.created(tags=["a"])
    await mutations.update(created["id"], {"tagsAdd": ["b"], "service": "fast"})
    await mutations.archive(created["id"])
    payload = await mutations.update(created["id"], {"service": "slow"}, expectedVersion=1)
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["options", "expectedVersion"])
    assert (error["expected"], error["current"]) == (1, 3)
    assert error["changedFields"] == ["archivedAt", "service", "tags"]
    assert error["shipment"] == {"id": created["id"], "version": 3}
    assert (await mutations.update(created["id"], {"service": "slow"}, expectedVersion=3))["shipment"]["version"] == 4


async def test_concurrent_updates_of_different_keys_are_all_kept(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = await mutations.created()
    edits = [{"metadataSet": {str(n): n}, "tagsAdd": [str(n)]} for n in range(20)]
    payloads = await asyncio.gather(*(mutations.update(created["id"], edit) for edit in edits))
    assert all(payload["errors"] == [] for payload in payloads)
    shipment = await mutations.shipment(created["id"])
    assert (shipment["version"], len(shipment["metadata"]), len(shipment["tags"])) == (21, 20, 20)
    await assert_versions_match_changes(owner)


async def test_a_shipment_can_be_updated_by_number_and_external_reference(mutations: MutationClient) -> None:
    created = await mutations.created(externalReference="A")
    for at, by in enumerate(({"number": created["number"]}, {"externalReference": "A"}), 2):
        payload = await mutations.run("shipmentUpdate", by=by, input={"tagsAdd": [str(at)]}, options={})
        assert payload["shipment"]["version"] == at


@pytest.mark.parametrize("by", [{"id": "shp_0"}, {"number": "SHP-9"}, {"externalReference": "none"}, {"id": "é"}])
async def test_updating_an_unknown_shipment_returns_not_found(mutations: MutationClient, by: dict[str, str]) -> None:
    payload = await mutations.run("shipmentUpdate", by=by, input={}, options={})
    assert (codes(payload), payload["shipment"]) == ([("NOT_FOUND", "by")], None)
    assert payload["errors"][0]["message"] == SHIPMENT_NOT_FOUND


async def test_an_update_takes_a_constant_number_of_statements(
    mutations: MutationClient, statements: list[str], execute: Execute
) -> None:
    created = await mutations.created(packages=[KILO] * 20)
    await mutations.update(created["id"], {"tagsAdd": ["warm"]})
    statements.clear()
    await mutations.update(created["id"], {"tagsAdd": ["x"]})
    assert len(statements) == 5  # BEGIN, lock, save, COMMIT, read
    statements.clear()
    await mutations.update(created["id"], {"tagsAdd": ["x"]})
    assert len(statements) == 4  # nothing to save: BEGIN, lock, COMMIT, read
