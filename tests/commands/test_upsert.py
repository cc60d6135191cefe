"""shipmentUpsert: creates the shipment with an external reference, or updates the existing one to match the input."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.conftest import Ask
from tests.support.mutation_client import (
    BERLIN,
    KILO,
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


async def test_an_upsert_creates_and_then_updates(deeds: Deeds, owner: AsyncEngine) -> None:
    fields = complete(direction="RETURN", service="fast", tags=["a"], metadata={"a": 1})
    first = await deeds.upsert("A", fields)
    assert (first["created"], first["errors"]) == (True, [])
    again = await deeds.upsert("A", fields)
    assert (again["created"], again["errors"], again["shipment"]) == (False, [], first["shipment"])
    edited = await deeds.upsert("A", {"shipper": ADDRESS, "service": None, "tags": ["b"], "metadata": {"b": 2}})
    shipment = edited["shipment"]
    assert (edited["created"], shipment["id"], shipment["version"]) == (False, first["shipment"]["id"], 2)
    assert (shipment["service"], shipment["direction"]) == (None, "RETURN")
    assert (shipment["tags"], shipment["metadata"]) == (["a", "b"], {"a": 1, "b": 2})
    assert [party["city"] for party in shipment["parties"]] == ["Utrecht", "Paris"]
    assert shipment["packages"] == first["shipment"]["packages"]
    await versions_hold(owner)


async def test_an_upsert_updates_packages_by_position_and_removes_none(deeds: Deeds) -> None:
    first = await deeds.upsert("A", minimal(packages=[{**KILO, "trackingNumber": "X1"}]))
    items = [{"title": "In the new package", "quantity": "1", "packageSeq": 2}]
    second = await deeds.upsert("A", minimal(packages=[{"trackingNumber": "X2"}, KILO], items=items))
    one, two = second["shipment"]["packages"]
    assert (one["id"], one["trackingNumber"]) == (first["shipment"]["packages"][0]["id"], "X2")
    assert (one["weight"]["value"], two["weight"]["value"], two["status"]) == ("1000", "1000", "DRAFT")
    assert two["items"] == [{"title": "In the new package"}]
    assert second["shipment"]["totalWeight"]["value"] == "2000"
    third = await deeds.upsert("A", minimal(packages=[]))
    assert len(third["shipment"]["packages"]) == 2
    assert (await deeds.upsert("A", minimal(items=None)))["shipment"]["items"] == []


async def test_an_upsert_can_change_direction_incoterm_and_declared_value(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.upsert("A", minimal(declaredValue={"amount": "1.50", "currency": "EUR"}, incoterm="DAP"))
    second = await deeds.upsert(
        "A", minimal(declaredValue={"amount": "2", "currency": "EUR"}, incoterm=None, direction="INBOUND")
    )
    shipment = second["shipment"]
    assert (shipment["declaredValue"], shipment["incoterm"]) == ({"amount": "2", "currency": "EUR"}, None)
    assert shipment["direction"] == "INBOUND"
    async with owner.connect() as connection:
        result = await connection.exec_driver_sql("SELECT changed FROM change WHERE shipment_seq = 2")
        assert result.scalar_one()["declaredValue"] == ["1.5000", "2"]
    assert (await deeds.upsert("A", minimal(declaredValue=None)))["shipment"]["declaredValue"] is None


async def test_null_in_an_upsert_removes_all_metadata_and_tags(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.upsert("A", minimal(tags=["a", "b"], metadata={"a": 1, "b": 2}))
    payload = await deeds.upsert("A", minimal(tags=None, metadata=None))
    assert (payload["errors"], payload["shipment"]["tags"], payload["shipment"]["metadata"]) == ([], [], {})
    assert (await deeds.upsert("A", minimal(tags=None, metadata=None)))["shipment"]["version"] == 2
    await versions_hold(owner)


async def test_an_upsert_rejects_a_different_returned_shipment(deeds: Deeds, owner: AsyncEngine) -> None:
    one, other = (await deeds.made(externalReference="one"))["id"], (await deeds.made())["id"]
    return_of = {"returnOf": {"id": one}}
    assert (await deeds.upsert("A", minimal(**return_of)))["shipment"]["returnOf"] == {"id": one}
    before = await trail(owner)
    for same in ({"id": one}, {"externalReference": "one"}):
        assert (await deeds.upsert("A", minimal(returnOf=same)))["errors"] == []
    for changed, code in (({"id": other}, "INVALID"), (None, "INVALID"), ({"number": "none"}, "NOT_FOUND")):
        payload = await deeds.upsert("A", minimal(returnOf=changed, tags=["new"]))
        assert codes(payload) == [(code, "input.returnOf")]
    assert await trail(owner) == before


async def test_an_upsert_confirms_a_draft_with_all_packages(deeds: Deeds) -> None:
    await deeds.upsert("A", minimal(packages=[KILO]))
    payload = await deeds.upsert("A", complete(packages=[KILO, KILO], confirm=True))
    assert (payload["errors"], payload["shipment"]["status"]) == ([], "READY")
    assert [package["status"] for package in payload["shipment"]["packages"]] == ["READY", "READY"]
    again = await deeds.upsert("A", complete(packages=[KILO, KILO], confirm=True))
    assert again["shipment"]["version"] == payload["shipment"]["version"] == 3


async def test_repeating_an_upsert_after_delivery_changes_nothing(deeds: Deeds) -> None:
    fields = complete(confirm=True, packages=[{**KILO, "trackingNumber": "X"}], direction="TRANSFER", service="fast")
    created = (await deeds.upsert("A", fields))["shipment"]
    await deeds.record(event(created["id"], "DELIVERED"))
    payload = await deeds.upsert("A", fields)
    assert (payload["errors"], payload["shipment"]["version"]) == ([], 2)


async def test_an_upsert_cannot_confirm_a_cancelled_shipment(deeds: Deeds) -> None:
    created = (await deeds.upsert("A", complete()))["shipment"]
    await deeds.cancel(created["id"])
    assert codes(await deeds.upsert("A", complete(confirm=True))) == [("INVALID_TRANSITION", "input.confirm")]


async def test_an_upsert_cannot_add_a_package_after_pickup(deeds: Deeds) -> None:
    created = (await deeds.upsert("A", complete()))["shipment"]
    await deeds.record(event(created["id"]))
    assert codes(await deeds.upsert("A", complete(packages=[KILO, KILO]))) == [("NOT_EDITABLE", "input.packages.1")]


async def test_an_upsert_returns_the_same_warnings_when_it_updates(deeds: Deeds) -> None:
    unusual = minimal(
        shipper={**BERLIN, "postalCode": "1"},
        parties=[{"role": "NOTIFY", "party": {"name": "x", "country": "FR", "postalCode": "1"}}],
        packages=[{"trackingNumber": "1Z999AA10123456785"}],
    )
    first, second = await deeds.upsert("A", unusual), await deeds.upsert("A", unusual)
    assert warned(first) == warned(second)
    assert {code for code, _ in warned(second)} == {"ODD_POSTAL_CODE", "CHECK_DIGIT"}


async def test_the_external_reference_of_an_upsert_is_its_argument(deeds: Deeds) -> None:
    assert (await deeds.upsert(" A ", minimal(externalReference="A")))["created"] is True
    assert codes(await deeds.upsert("A", minimal(externalReference="B"))) == [("INVALID", "input.externalReference")]
    assert codes(await deeds.upsert(" ", minimal())) == [("REQUIRED", "externalReference")]
    assert codes(await deeds.upsert("A\0", minimal())) == [("INVALID", "externalReference")]
    assert codes(await deeds.upsert("x" * 129, minimal())) == [("LIMIT_EXCEEDED", "externalReference")]


async def test_an_upsert_with_an_expected_version_creates_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    before = await trail(owner)
    assert codes(await deeds.upsert("A", minimal(), expectedVersion=1)) == [("NOT_FOUND", "externalReference")]
    assert await trail(owner) == before
    await deeds.upsert("A", minimal())
    assert codes(await deeds.upsert("A", minimal(), expectedVersion=7)) == [
        ("VERSION_CONFLICT", "options.expectedVersion")
    ]


async def test_concurrent_upserts_of_one_reference_create_one_shipment(deeds: Deeds, owner: AsyncEngine) -> None:
    for reference in "ABCDE":
        fields = [minimal(tags=[str(n)]) for n in range(8)]
        payloads = await asyncio.gather(*(deeds.upsert(reference, input_) for input_ in fields))
        assert [payload["errors"] for payload in payloads] == [[]] * 8
        assert sorted(payload["created"] for payload in payloads) == [False] * 7 + [True]
        (id_,) = {payload["shipment"]["id"] for payload in payloads}
        shipment = await deeds.shipment(id_)
        assert (sorted(shipment["tags"]), shipment["version"]) == (list("01234567"), 8)
    await versions_hold(owner)


async def test_a_validate_only_upsert_writes_nothing(deeds: Deeds, owner: AsyncEngine) -> None:
    for _ in range(2):
        before = await trail(owner)
        payload = await deeds.upsert("A", complete(confirm=True), validateOnly=True)
        assert (payload["errors"], payload["created"]) == ([], False)
        assert await trail(owner) == before
        await deeds.upsert("A", minimal())


async def test_an_upsert_that_creates_takes_five_statements(deeds: Deeds, statements: list[str], ask: Ask) -> None:
    await ask(document("shipmentUpsert"), {"externalReference": "warm", "input": minimal()})
    statements.clear()
    await deeds.upsert("A", minimal())
    assert len(statements) == 5  # BEGIN, lock, create, COMMIT, read
