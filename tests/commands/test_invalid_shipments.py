"""Invalid input of shipments: a typed error with its path, never an internal error or a partial write.

A value of the wrong type is rejected before execution (BAD_USER_INPUT, with its path). Any other invalid value is an
entry of the payload's `errors`.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.mutation_client import (
    BERLIN,
    KILO,
    Json,
    MutationClient,
    codes,
    complete,
    database_snapshot,
    document,
    minimal,
)

DIGITS = "9" * 30
HUGE = int("9" * 18)


def package(**fields: Any) -> Json:
    """Input with one package."""
    return {"packages": [fields]}


def weight(value: object, unit: object = "KG") -> Json:
    """Input with one package of this weight."""
    return package(weight={"value": value, "unit": unit})


def dimension(value: object, unit: object = "CM") -> Json:
    """Input with one package of this length."""
    return package(dimensions={"length": value, "width": "1", "height": "1", "unit": unit})


def item(**fields: Any) -> Json:
    """Input with one item."""
    return {"items": [{"title": "x", "quantity": "1", **fields}]}


def money(amount: object, currency: object = "EUR") -> Json:
    """Input with this declared value."""
    return {"declaredValue": {"amount": amount, "currency": currency}}


WRONG_TYPES: list[tuple[str, Json, str]] = [
    ("wrong unit", weight("1", "STONE"), "packages.0.weight.unit"),
    ("unit in lower case", weight("1", "kg"), "packages.0.weight.unit"),
    ("missing unit", package(weight={"value": "1"}), "packages.0.weight.unit"),
    ("missing value", package(weight={"unit": "KG"}), "packages.0.weight.value"),
    ("null unit", weight("1", None), "packages.0.weight.unit"),
    ("float weight", weight(1.5), "packages.0.weight.value"),
    ("true weight", weight(True), "packages.0.weight.value"),
    ("object as weight", weight({"a": 1}), "packages.0.weight.value"),
    ("missing dimension", package(dimensions={"length": "1", "width": "1", "unit": "CM"}),
        "packages.0.dimensions.height"),
    ("unix time", {"promisedTo": 1772359200}, "promisedTo"),
    ("number as country", {"shipper": {"name": "x", "country": 49}}, "shipper.country"),
    ("unknown direction", {"direction": "SIDEWAYS"}, "direction"),
    ("unknown field", {"wieght": "1"}, "wieght"),
    ("no country", {"shipper": {"name": "x"}}, "shipper.country"),
    ("no shipper", {"shipper": None}, "shipper"),
    ("no currency", {"declaredValue": {"amount": "1"}}, "declaredValue.currency"),
    ("number for a string", {"service": 7}, "service"),
    ("object for a string", {"service": {"a": 1}}, "service"),
    ("string for a list of objects", {"packages": "one"}, "packages"),
    ("null in a list", {"packages": [None]}, "packages.0"),
    ("package number beyond 32 bits", item(packageSeq=2**31), "items.0.packageSeq"),
    ("fractional package number", item(packageSeq=1.5), "items.0.packageSeq"),
    ("two keys of a returned shipment", {"returnOf": {"id": "shp_1", "number": "2"}}, "returnOf"),
    ("no key of a returned shipment", {"returnOf": {}}, "returnOf"),
    ("null as the key of a returned shipment", {"returnOf": {"id": None}}, "returnOf"),
]  # fmt: skip
"""Name, fields of the input, path below the input."""


INVALID: list[tuple[Json, str, str]] = [
    ({"service": "a\0b"}, "INVALID", "service"),
    ({"shipper": {**BERLIN, "name": "\0"}}, "INVALID", "shipper.name"),
    ({"shipper": {**BERLIN, "lines": ["ok", "\0"]}}, "INVALID", "shipper.lines.1"),
    ({"tags": ["ok", "a\0"]}, "INVALID", "tags.1"),
    ({"metadata": {"a": ["\0"]}}, "INVALID", "metadata"),
    ({"metadata": {"\0": 1}}, "INVALID", "metadata"),
    ({"clientRef": "\0"}, "INVALID", "clientRef"),
    ({"externalReference": "\0"}, "INVALID", "externalReference"),
    ({"carrier": "\0"}, "INVALID", "carrier"),
    ({"returnOf": {"number": "\0"}}, "INVALID", "returnOf.number"),
    ({"references": [{"kind": "po", "value": "\0"}]}, "INVALID", "references.0.value"),
    (item(sku="\0"), "INVALID", "items.0.sku"),
    (package(trackingNumber="\0"), "INVALID", "packages.0.trackingNumber"),
    (package(trackingNumber="   "), "INVALID", "packages.0.trackingNumber"),
    (package(trackingNumber=""), "INVALID", "packages.0.trackingNumber"),
    (package(trackingNumber="-/-"), "INVALID", "packages.0.trackingNumber"),
    (package(trackingNumber="ß" * 64), "INVALID", "packages.0.trackingNumber"),
    (package(trackingNumber="1" * 65), "LIMIT_EXCEEDED", "packages.0.trackingNumber"),
    ({"carrier": "nobody"}, "NOT_FOUND", "carrier"),
    ({"carrier": " "}, "INVALID", "carrier"),
    ({"carrier": "x" * 65}, "LIMIT_EXCEEDED", "carrier"),
    ({"externalReference": ""}, "INVALID", "externalReference"),
    ({"externalReference": "x" * 129}, "LIMIT_EXCEEDED", "externalReference"),
    ({"service": "x" * 65}, "LIMIT_EXCEEDED", "service"),
    ({"incoterm": "dap"}, "INVALID", "incoterm"),
    ({"incoterm": "D"}, "INVALID", "incoterm"),
    ({"incoterm": "DAPX"}, "LIMIT_EXCEEDED", "incoterm"),
    ({"packages": [{}] * 5000}, "LIMIT_EXCEEDED", "packages"),
    (complete(packages=[{}] * 5000, confirm=True), "LIMIT_EXCEEDED", "packages"),
    ({"items": [{"title": "x", "quantity": "1"}] * 501}, "LIMIT_EXCEEDED", "items"),
    ({"references": [{"kind": "po", "value": str(n)} for n in range(51)]}, "LIMIT_EXCEEDED", "references"),
    ({"tags": [str(n) for n in range(51)]}, "LIMIT_EXCEEDED", "tags"),
    ({"tags": ["x" * 101]}, "LIMIT_EXCEEDED", "tags.0"),
    ({"parties": [{"role": "NOTIFY", "party": BERLIN}] * 6}, "LIMIT_EXCEEDED", "parties"),
    ({"shipper": {**BERLIN, "lines": ["a"] * 5}}, "LIMIT_EXCEEDED", "shipper.lines"),
    ({"shipper": {**BERLIN, "name": "x" * 201}}, "LIMIT_EXCEEDED", "shipper.name"),
    ({"shipper": {**BERLIN, "country": "XX"}}, "INVALID", "shipper.country"),
    (weight("-1"), "INVALID", "packages.0.weight.value"),
    (weight(DIGITS), "INVALID", "packages.0.weight.value"),
    (weight(f"{DIGITS}.{'9' * 20}", "LB"), "INVALID", "packages.0.weight.value"),
    (weight("999999999", "LB"), "INVALID", "packages.0.weight.value"),
    (weight("0.0000000001"), "INVALID", "packages.0.weight.value"),
    ({"packages": [{"weight": {"value": "999999", "unit": "KG"}}] * 150}, "LIMIT_EXCEEDED", "packages"),
    (dimension("0"), "INVALID", "packages.0.dimensions.length"),
    (dimension("-0"), "INVALID", "packages.0.dimensions.length"),
    (dimension(DIGITS, "FT"), "INVALID", "packages.0.dimensions.length"),
    (dimension("9999999", "M"), "INVALID", "packages.0.dimensions.length"),
    (dimension("0.0000001", "MM"), "INVALID", "packages.0.dimensions.length"),
    (item(quantity="0"), "INVALID", "items.0.quantity"),
    (item(quantity="0.0000001"), "INVALID", "items.0.quantity"),
    (item(quantity=HUGE), "INVALID", "items.0.quantity"),
    (item(title=" "), "REQUIRED", "items.0.title"),
    (item(title="x" * 501), "LIMIT_EXCEEDED", "items.0.title"),
    (item(packageSeq=1), "INVALID", "items.0.packageSeq"),
    (item(packageSeq=-1), "INVALID", "items.0.packageSeq"),
    (item(unitValue={"amount": "1", "currency": "QQQ"}), "INVALID", "items.0.unitValue.currency"),
    (item(originCountry="zz"), "INVALID", "items.0.originCountry"),
    (item(metadata=[1]), "INVALID", "items.0.metadata"),
    (money("-0.01"), "INVALID", "declaredValue.amount"),
    (money(DIGITS), "INVALID", "declaredValue.amount"),
    (money("0.0000001"), "INVALID", "declaredValue.amount"),
    (money("1", "ABC"), "INVALID", "declaredValue.currency"),
    ({"references": [{"kind": "PO", "value": "1"}]}, "INVALID", "references.0.kind"),
    ({"references": [{"kind": "", "value": "1"}]}, "REQUIRED", "references.0.kind"),
    ({"references": [{"kind": "po", "value": " "}]}, "REQUIRED", "references.0.value"),
    ({"promisedTo": "1899-12-31T23:59:59Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "9999-12-31T23:59:59Z"}, "INVALID", "promisedTo"),
    ({"promisedFrom": "2026-03-02T00:00:00Z", "promisedTo": "2026-03-01T00:00:00Z"}, "INVALID", "promisedTo"),
    (weight("heavy"), "INVALID", "packages.0.weight.value"),
    (weight("1e400"), "INVALID", "packages.0.weight.value"),
    (weight("1" * 31), "INVALID", "packages.0.weight.value"),
    (weight("NaN"), "INVALID", "packages.0.weight.value"),
    (weight("Infinity"), "INVALID", "packages.0.weight.value"),
    (weight("1,5"), "INVALID", "packages.0.weight.value"),
    (weight("\u0661"), "INVALID", "packages.0.weight.value"),
    (weight("\0"), "INVALID", "packages.0.weight.value"),
    (dimension("wide"), "INVALID", "packages.0.dimensions.length"),
    (item(quantity=""), "INVALID", "items.0.quantity"),
    (item(originCountry="Germany"), "INVALID", "items.0.originCountry"),
    ({"shipper": {**BERLIN, "country": "DEU"}}, "INVALID", "shipper.country"),
    (money("1", "EU"), "INVALID", "declaredValue.currency"),
    (money("much"), "INVALID", "declaredValue.amount"),
    ({"promisedTo": "2026-03-01T10:00:00"}, "REQUIRED", "promisedTo"),
    ({"promisedTo": "2026-03-01"}, "REQUIRED", "promisedTo"),
    ({"promisedTo": "2026-13-01T10:00:00Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "2026-02-30T10:00:00Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "2026-03-01T25:00:00Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "2026-06-30T23:59:60Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "2026-03-01T10:00:00+30:00"}, "INVALID", "promisedTo"),
    ({"promisedTo": "0000-01-01T00:00:00Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "0001-01-01T00:00:00+01:00"}, "INVALID", "promisedTo"),
    ({"promisedTo": "9999-12-31T23:59:59-14:00"}, "INVALID", "promisedTo"),
    ({"metadata": "text"}, "INVALID", "metadata"),
    ({"metadata": [1]}, "INVALID", "metadata"),
    ({"metadata": {"a": 2**63}}, "INVALID", "metadata"),
    ({"metadata": {"k" * 101: 1}}, "INVALID", "metadata"),
    ({"metadata": {"a": "x" * 17_000}}, "LIMIT_EXCEEDED", "metadata"),
    ({"metadata": {"a": [[[[[[[[1]]]]]]]]}}, "LIMIT_EXCEEDED", "metadata"),
    ({"returnOf": {"id": "shp_x"}}, "NOT_FOUND", "returnOf"),
    ({"returnOf": {"externalReference": "none"}}, "NOT_FOUND", "returnOf"),
]


async def test_a_value_of_the_wrong_type_is_rejected_with_its_path(assert_rejected: Any) -> None:
    for name, fields, path in WRONG_TYPES:
        for field, variables, prefix in (
            ("shipmentCreate", {"input": minimal(**fields)}, "input"),
            ("shipmentsBulkCreate", {"inputs": [minimal(), minimal(**fields)]}, "inputs.1"),
        ):
            (error,) = (await assert_rejected(document(field), variables))["errors"]
            assert error["extensions"]["path"] == f"{prefix}.{path}".split("."), name
            assert error["message"].startswith(f"{prefix}.{path}: "), name


async def test_the_error_of_a_time_without_offset_shows_an_example(mutations: MutationClient) -> None:
    (error,) = (await mutations.create(promisedTo="2026-03-01T10:00:00"))["errors"]
    assert error["message"] == (
        "`2026-03-01T10:00:00` has no UTC offset. Set `deliveryTimeZone` as well, for example Europe/Berlin, or add an "
        "offset."
    )


async def test_an_invalid_shipment_returns_an_error_with_its_path(
    mutations: MutationClient, owner: AsyncEngine
) -> None:
    await mutations.created()
    before = await database_snapshot(owner)
    for fields, code, path in INVALID:
        payload = await mutations.create(**fields)
        assert codes(payload) == [(code, f"input.{path}")], fields
        assert (payload["shipment"], payload["created"]) == (None, False)
        validated = await mutations.create({"validateOnly": True}, **fields)
        assert validated["errors"] == payload["errors"]
    assert await database_snapshot(owner) == before


async def test_an_invalid_row_next_to_a_valid_one_is_replayed_with_a_key(
    mutations: MutationClient, engine: AsyncEngine
) -> None:
    for number, (fields, code, path) in enumerate(INVALID):
        payload = await mutations.bulk_create(minimal(), minimal(**fields), idempotencyKey=f"k{number}")
        valid, invalid = payload["results"]
        assert (valid["errors"], codes(invalid)) == ([], [(code, f"inputs.1.{path}")]), fields
        replayed = await mutations.bulk_create(minimal(), minimal(**fields), idempotencyKey=f"k{number}")
        assert (replayed["meta"]["replayed"], replayed["results"]) == (True, payload["results"])


async def test_update_and_upsert_reject_the_same_values(mutations: MutationClient, owner: AsyncEngine) -> None:
    created = (await mutations.upsert("A", minimal(packages=[KILO])))["shipment"]
    package_id = created["packages"][0]["id"]
    same = "externalReference carrier service promisedFrom promisedTo references shipper packages".split()
    before = await database_snapshot(owner)
    for fields, code, path in INVALID:
        if "externalReference" not in fields:
            payload = await mutations.upsert("A", minimal(**fields))
            if path != "returnOf":  # compared with that of the existing shipment instead
                assert codes(payload) == [(code, f"input.{path}")], fields
        edit = {name: value for name, value in fields.items() if name in same}
        if "packages" in edit:
            edit["packages"] = [{**changes, "id": package_id} for changes in edit["packages"]]
        if edit and "confirm" not in fields and path != "packages":
            payload = await mutations.update(created["id"], edit)
            assert codes(payload) == [(code, f"input.{path}")], fields
    assert await database_snapshot(owner) == before
