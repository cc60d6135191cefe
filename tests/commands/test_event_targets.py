"""The target of a tracking event: a shipment, a package, or a tracking number."""

from typing import Any

import pytest

from tests.support.mutation_client import KILO, MutationClient, codes, event, warning_codes


async def test_a_tracking_number_in_any_spelling_finds_its_package(mutations: MutationClient) -> None:
    created = await mutations.created(packages=[{"trackingNumber": "ab-1"}, {"trackingNumber": "AB 2"}])
    (result,) = (await mutations.record(event({"trackingNumber": {"trackingNumber": "a.b.2"}})))["results"]
    assert result["event"]["package"]["id"] == created["packages"][1]["id"]


async def test_a_reused_tracking_number_means_the_newest_active_package(mutations: MutationClient) -> None:
    target = {"trackingNumber": {"trackingNumber": "X1"}}
    packages = [{**KILO, "trackingNumber": "X1"}]
    old, middle, new = [(await mutations.created(packages=packages))["id"] for _ in range(3)]
    results = (await mutations.record(event(target), event(target)))["results"]
    assert [result["event"]["shipment"]["id"] for result in results] == [new, new]
    assert warning_codes(results[0]) == [("AMBIGUOUS", "inputs.0.target.trackingNumber")]
    await mutations.record(event(new, "DELIVERED"), event(old, "DELIVERED"))
    (result,) = (await mutations.record(event(target, "HELD")))["results"]
    assert (result["event"]["shipment"]["id"], result["warnings"]) == (middle, [])
    await mutations.record(event(middle, "DELIVERED", "2026-03-02T00:00:00Z"))
    (result,) = (await mutations.record(event(target, "INFO")))["results"]
    assert result["event"]["shipment"]["id"] == new


async def test_the_carrier_distinguishes_equal_tracking_numbers(mutations: MutationClient) -> None:
    await mutations.save_carrier("dhl")
    await mutations.save_carrier("ups")
    packages = [{"trackingNumber": "X1"}]
    first = await mutations.created(packages=packages, carrier="dhl")
    await mutations.created(packages=packages, carrier="ups")
    target = {"trackingNumber": {"trackingNumber": "X1", "carrier": "dhl"}}
    (result,) = (await mutations.record(event(target)))["results"]
    assert (result["event"]["shipment"]["id"], result["warnings"]) == (first["id"], [])


@pytest.mark.parametrize(
    "target",
    [
        {"shipment": {"id": "shp_" + "0" * 32}},
        {"shipment": {"number": "SHP-0000009"}},
        {"shipment": {"externalReference": "unknown"}},
        {"packageId": "pkg_" + "0" * 32},
        {"packageId": "no id"},
        {"trackingNumber": {"trackingNumber": "unknown"}},
        {"trackingNumber": {"trackingNumber": "X1", "carrier": "nobody"}},
    ],
)
async def test_an_unknown_target_returns_not_found(mutations: MutationClient, target: dict[str, Any]) -> None:
    await mutations.created(packages=[{"trackingNumber": "X1"}])
    (result,) = (await mutations.record(event(target)))["results"]
    assert codes(result) == [("NOT_FOUND", "inputs.0.target")]
    assert result["event"] is None
