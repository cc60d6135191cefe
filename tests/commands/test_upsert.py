"""shipmentUpsert: creates the shipment with an external reference, or updates the existing one to match the input."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Execute
from tests.support.mutation_client import (
    BERLIN,
    KILO,
    MutationClient,
    assert_versions_match_changes,
    codes,
    complete,
    database_snapshot,
    document,
    event,
    minimal,
    warning_codes,
)

ADDRESS = {"name": "Other", "country": "NL", "city": "Utrecht"}


async def test_an_upsert_creates_and_then_updates(mutations: MutationClient, owner: AsyncEngine) -> None:
    fields = complete(direction="RETURN", service="fast", tags=["a"], metadata={"a": 1})
    first = await mutations.upsert("A", fields)
    assert (first["created"], first["errors"]) == (True, [])
    again = await mutations.upsert("A", fields)
    assert (again["created"], again["errors"], again["shipment"]) == (False, [], first["shipment"])
    edited = await mutations.upsert("A", {"shipper": ADDRESS, "service": None, "tags": ["b"], "metadata": {"b": 2}})
    shipment = edited["shipment"]
    assert (edited["created"], shipment["id"], shipment["version"]) == (False, first["shipment"]["id"], 2)
    assert (shipment["service"], shipment["direction"]) == (None, "RETURN")
    assert (shipment["tags"], shipment["metadata"]) == (["a", "b"], {"a": 1, "b": 2})
    assert [party["city"] for party in shipment["parties"]] == ["Utrecht", "Paris"]
    assert shipment["packages"] == first["shipment"]["packages"]
    await assert_versions_match_changes(owner)


async def test_an_upsert_updates_packages_by_position_and_removes_none(mutations: MutationClient) -> None:
    first = await mutations.upsert("A", minimal(packages=[{**KILO, "trackingNumber": "X1"}]))
    items = [{"title": "In the new package", "quantity": "1", "packageSeq": 2}]
    second = await mutations.upsert("A", minimal(packages=[{"trackingNumber": "X2"}, KILO], items=items))
    one, two = second["shipment"]["packages"]
    assert (one["id"], one["trackingNumber"]) == (first["shipment"]["packages"][0]["id"], "X2")
    assert (one["weight"]["value"], two["weight"]["value"], two["status"]) == ("1000", "1000", "DRAFT")
    assert two["items"] == [{"title": "In the new package"}]
    assert second["shipment"]["totalWeight"]["value"] == "2000"
    third = await mutations.upsert("A", minimal(packages=[]))
    assert len(third["shipment"]["packages"]) == 2
    assert (await mutations.upsert("A", minimal(items=None)))["shipment"]["items"] == []


async def test_an_upsert_can_change_direction_incoterm_and_declared_value(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    await mutations.upsert("A", minimal(declaredValue={"amount": "1.50", "currency": "EUR"}, incoterm="DAP"))
    second = await mutations.upsert(
        "A", minimal(declaredValue={"amount": "2", "currency": "EUR"}, incoterm=None, direction="INBOUND")
    )
    shipment = second["shipment"]
    assert (shipment["declaredValue"], shipment["incoterm"]) == ({"amount": "2", "currency": "EUR"}, None)
    assert shipment["direction"] == "INBOUND"
    async with owner.connect() as connection:
        result = await connection.exec_driver_sql("SELECT changed FROM change WHERE shipment_seq = 2")
        assert result.scalar_one()["declaredValue"] == ["1.5000", "2"]
    assert (await mutations.upsert("A", minimal(declaredValue=None)))["shipment"]["declaredValue"] is None


async def test_null_in_an_upsert_removes_all_metadata_and_tags(mutations: MutationClient, owner: AsyncEngine) -> None:
    await mutations.upsert("A", minimal(tags=["a", "b"], metadata={"a": 1, "b": 2}))
    payload = await mutations.upsert("A", minimal(tags=None, metadata=None))
    assert (payload["errors"], payload["shipment"]["tags"], payload["shipment"]["metadata"]) == ([], [], {})
    assert (await mutations.upsert("A", minimal(tags=None, metadata=None)))["shipment"]["version"] == 2
    await assert_versions_match_changes(owner)


async def test_an_upsert_rejects_a_different_returned_shipment(mutations: MutationClient, owner: AsyncEngine) -> None:
    one, other = (await mutations.created(externalReference="one"))["id"], (await mutations.created())["id"]
    return_of = {"returnOf": {"id": one}}
    assert (await mutations.upsert("A", minimal(**return_of)))["shipment"]["returnOf"] == {"id": one}
    before = await database_snapshot(owner)
    for same in ({"id": one}, {"externalReference": "one"}):
        assert (await mutations.upsert("A", minimal(returnOf=same)))["errors"] == []
    for changed, code in (({"id": other}, "INVALID"), (None, "INVALID"), ({"number": "none"}, "NOT_FOUND")):
        payload = await mutations.upsert("A", minimal(returnOf=changed, tags=["new"]))
        assert codes(payload) == [(code, "input.returnOf")]
    assert await database_snapshot(owner) == before


async def test_an_upsert_confirms_a_draft_with_all_packages(mutations: MutationClient) -> None:
    await mutations.upsert("A", minimal(packages=[KILO]))
    payload = await mutations.upsert("A", complete(packages=[KILO, KILO], confirm=True))
    assert (payload["errors"], payload["shipment"]["status"]) == ([], "READY")
    assert [package["status"] for package in payload["shipment"]["packages"]] == ["READY", "READY"]
    again = await mutations.upsert("A", complete(packages=[KILO, KILO], confirm=True))
    assert again["shipment"]["version"] == payload["shipment"]["version"] == 3


async def test_repeating_an_upsert_after_delivery_changes_nothing(mutations: MutationClient) -> None:
    fields = complete(confirm=True, packages=[{**KILO, "trackingNumber": "X"}], direction="TRANSFER", service="fast")
    created = (await mutations.upsert("A", fields))["shipment"]
    await mutations.record(event(created["id"], "DELIVERED"))
    payload = await mutations.upsert("A", fields)
    assert (payload["errors"], payload["shipment"]["version"]) == ([], 2)


async def test_an_upsert_cannot_confirm_a_cancelled_shipment(mutations: MutationClient) -> None:
    created = (await mutations.upsert("A", complete()))["shipment"]
    await mutations.cancel(created["id"])
    assert codes(await mutations.upsert("A", complete(confirm=True))) == [("INVALID_TRANSITION", "input.confirm")]


async def test_an_upsert_cannot_add_a_package_after_pickup(mutations: MutationClient) -> None:
    created = (await mutations.upsert("A", complete()))["shipment"]
    await mutations.record(event(created["id"]))
    assert codes(await mutations.upsert("A", complete(packages=[KILO, KILO]))) == [("NOT_EDITABLE", "input.packages.1")]


async def test_an_upsert_returns_the_same_warnings_when_it_updates(mutations: MutationClient) -> None:
    unusual = minimal(
        shipper={**BERLIN, "postalCode": "1"},
        parties=[{"role": "NOTIFY", "party": {"name": "x", "country": "FR", "postalCode": "1"}}],
        packages=[{"trackingNumber": "1Z999AA10123456785"}],
    )
    first, second = await mutations.upsert("A", unusual), await mutations.upsert("A", unusual)
    assert warning_codes(first) == warning_codes(second)
    assert {code for code, _ in warning_codes(second)} == {"ODD_POSTAL_CODE", "CHECK_DIGIT"}


async def test_the_external_reference_of_an_upsert_is_its_argument(mutations: MutationClient) -> None:
    assert (await mutations.upsert(" A ", minimal(externalReference="A")))["created"] is True
    assert codes(await mutations.upsert("A", minimal(externalReference="B"))) == [
        ("INVALID", "input.externalReference")
    ]
    assert codes(await mutations.upsert(" ", minimal())) == [("REQUIRED", "externalReference")]
    assert codes(await mutations.upsert("A\0", minimal())) == [("INVALID", "externalReference")]
    assert codes(await mutations.upsert("x" * 129, minimal())) == [("LIMIT_EXCEEDED", "externalReference")]


async def test_an_upsert_with_an_expected_version_creates_nothing(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    before = await database_snapshot(owner)
    assert codes(await mutations.upsert("A", minimal(), expectedVersion=1)) == [("NOT_FOUND", "externalReference")]
    assert await database_snapshot(owner) == before
    await mutations.upsert("A", minimal())
    assert codes(await mutations.upsert("A", minimal(), expectedVersion=7)) == [
        ("VERSION_CONFLICT", "options.expectedVersion")
    ]


async def test_concurrent_upserts_of_one_reference_create_one_shipment(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    for reference in "ABCDE":
        fields = [minimal(tags=[str(n)]) for n in range(8)]
        payloads = await asyncio.gather(*(mutations.upsert(reference, input_) for input_ in fields))
        assert [payload["errors"] for payload in payloads] == [[]] * 8
        assert sorted(payload["created"] for payload in payloads) == [False] * 7 + [True]
        (id_,) = {payload["shipment"]["id"] for payload in payloads}
        shipment = await mutations.shipment(id_)
        assert (sorted(shipment["tags"]), shipment["version"]) == (list("01234567"), 8)
    await assert_versions_match_changes(owner)


async def test_a_validate_only_upsert_writes_nothing(mutations: MutationClient, owner: AsyncEngine) -> None:
    for _ in range(2):
        before = await database_snapshot(owner)
        payload = await mutations.upsert("A", complete(confirm=True), validateOnly=True)
        assert (payload["errors"], payload["created"]) == ([], False)
        assert await database_snapshot(owner) == before
        await mutations.upsert("A", minimal())


async def test_an_upsert_that_creates_takes_five_statements(
    mutations: MutationClient, statements: list[str], execute: Execute
) -> None:
    await execute(document("shipmentUpsert"), {"externalReference": "warm", "input": minimal()})
    statements.clear()
    await mutations.upsert("A", minimal())
    assert len(statements) == 5  # BEGIN, lock, create, COMMIT, read
