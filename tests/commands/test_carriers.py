"""carrierSave: the URL template of the tracking page."""

from typing import Any

import pytest

from tests.support.graphql_client import Execute
from tests.support.mutation_client import PARIS, MutationClient, codes, complete

URLS = "query($id: ID!) { shipment(by: {id: $id}) { packages { trackingNumber trackingUrl } } }"


@pytest.mark.parametrize(
    "template",
    [
        "https://example.com/track",
        "https://example.com/a b/{trackingNumber}",
        "https://example.com/{trackingNumber}/{zip}",
        "https://{trackingNumber}/",
    ],
)
async def test_an_invalid_template_is_rejected(mutations: MutationClient, template: str) -> None:
    payload = await mutations.save_carrier("mine", trackingUrlTemplate=template)
    assert codes(payload) == [("INVALID", "input.trackingUrlTemplate")]


async def test_whitespace_around_a_template_is_removed(mutations: MutationClient) -> None:
    payload = await mutations.save_carrier("mine", trackingUrlTemplate=" https://example.com/{trackingNumber}\n")
    assert payload["carrier"]["trackingUrlTemplate"] == "https://example.com/{trackingNumber}"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{trackingNumber}", "AB12C"),
        ("{trackingNumberRaw}", "ab%2F12%20c%26"),
        ("?n={trackingNumber}&z={postalCode}&c={country}", "?n=AB12C&z=F-75%20001%2F%C3%A9%2B&c=FR"),
        ("{country}/{country}/{trackingNumber}/{trackingNumberRaw}", "FR/FR/AB12C/ab%2F12%20c%26"),
    ],
)
async def test_placeholders_are_replaced_by_percent_encoded_values(
    mutations: MutationClient, execute: Execute, template: str, path: str
) -> None:
    recipient = {**PARIS, "postalCode": "F-75 001/é+"}
    await mutations.save_carrier("mine", trackingUrlTemplate="https://example.com/" + template)
    created = await create(mutations, carrier="mine", recipient=recipient, number="ab/12 c&")
    response = await execute(URLS, {"id": created["id"]})
    (package,) = response["data"]["shipment"]["packages"]
    assert package["trackingUrl"] == "https://example.com/" + path


@pytest.mark.parametrize("recipient", [None, {"name": "", "country": "FR"}])
async def test_an_unknown_recipient_or_postal_code_leaves_the_placeholder_empty(
    mutations: MutationClient, execute: Execute, recipient: dict[str, Any] | None
) -> None:
    await mutations.save_carrier(
        "mine", trackingUrlTemplate="https://example.com/{trackingNumber}-{country}-{postalCode}"
    )
    created = await create(mutations, carrier="mine", recipient=recipient, number="AB1")
    (package,) = (await execute(URLS, {"id": created["id"]}))["data"]["shipment"]["packages"]
    assert package["trackingUrl"] == f"https://example.com/AB1-{'FR' if recipient else ''}-"


async def test_a_placeholder_within_a_value_is_not_replaced(mutations: MutationClient, execute: Execute) -> None:
    recipient = {**PARIS, "postalCode": "{country}"}
    await mutations.save_carrier("mine", trackingUrlTemplate="https://example.com/{postalCode}/{trackingNumberRaw}")
    created = await create(mutations, carrier="mine", recipient=recipient, number="{postalCode}1")
    (package,) = (await execute(URLS, {"id": created["id"]}))["data"]["shipment"]["packages"]
    assert package["trackingUrl"] == "https://example.com/%7Bcountry%7D/%7BpostalCode%7D1"


async def create(
    mutations: MutationClient, *, carrier: str, recipient: dict[str, Any] | None, number: str
) -> dict[str, Any]:
    """A shipment with one package that has a tracking number."""
    input_ = complete(carrier=carrier, recipient=recipient, packages=[{"trackingNumber": number}])
    payload = await mutations.create(**input_)
    assert payload["errors"] == []
    shipment: dict[str, Any] = payload["shipment"]
    return shipment
