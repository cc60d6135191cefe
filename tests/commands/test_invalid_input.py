"""Input that cannot be meant: a typed error with the path of what is wrong, no internal one, nothing half-written.

What a scalar cannot read is refused before anything runs (BAD_USER_INPUT, with the place in the message); what it can
read and no shipment can be is an entry of the payload's `errors`.
"""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Ask
from tests.support.mutation_client import BERLIN, KILO, Deeds, codes, complete, document, event, minimal, trail

DIGITS, NOON = "9" * 30, "2026-03-01T12:00:00"
HUGE = int("9" * 18)
NAMES = [
    "Traceback",
    "asyncpg",
    "sqlalchemy",
    "SELECT",
    "graphql_app",
    "Decimal(",
    "datetime",
    "NoneType",
    "expected str",
]

Given = dict[str, Any]


def package(**more: Any) -> Given:
    return {"packages": [more]}


def weight(value: object, unit: object = "KG") -> Given:
    return package(weight={"value": value, "unit": unit})


def side(value: object, unit: object = "CM") -> Given:
    return package(dimensions={"length": value, "width": "1", "height": "1", "unit": unit})


def item(**more: Any) -> Given:
    return {"items": [{"title": "x", "quantity": "1", **more}]}


def money(amount: object, currency: object = "EUR") -> Given:
    return {"declaredValue": {"amount": amount, "currency": currency}}


def bearing(number: str, **more: Any) -> Given:
    return {"target": {"trackingNumber": {"trackingNumber": number, **more}}}


UNREADABLE: list[tuple[str, Given]] = [
    ("wrong unit", weight("1", "STONE")),
    ("unit in small letters", weight("1", "kg")),
    ("missing unit", package(weight={"value": "1"})),
    ("missing value", package(weight={"unit": "KG"})),
    ("null unit", weight("1", None)),
    ("float weight", weight(1.5)),
    ("weight in words", weight("heavy")),
    ("weight with an exponent", weight("1e400")),
    ("weight of 31 digits", weight("1" * 31)),
    ("not a number", weight("NaN")),
    ("infinite", weight("Infinity")),
    ("a decimal comma", weight("1,5")),
    ("Arabic digits", weight("\u0661")),
    ("true weight", weight(True)),
    ("missing side", package(dimensions={"length": "1", "width": "1", "unit": "CM"})),
    ("naive time", {"promisedTo": "2026-03-01T10:00:00"}),
    ("only a date", {"promisedTo": "2026-03-01"}),
    ("13th month", {"promisedTo": "2026-13-01T10:00:00Z"}),
    ("30th of February", {"promisedTo": "2026-02-30T10:00:00Z"}),
    ("25 o'clock", {"promisedTo": "2026-03-01T25:00:00Z"}),
    ("leap second", {"promisedTo": "2026-06-30T23:59:60Z"}),
    ("offset of 30 hours", {"promisedTo": "2026-03-01T10:00:00+30:00"}),
    ("year 0", {"promisedTo": "0000-01-01T00:00:00Z"}),
    ("before the first year in UTC", {"promisedTo": "0001-01-01T00:00:00+01:00"}),
    ("after the last year in UTC", {"promisedTo": "9999-12-31T23:59:59-14:00"}),
    ("unix time", {"promisedTo": 1772359200}),
    ("unknown direction", {"direction": "SIDEWAYS"}),
    ("unknown field", {"wieght": "1"}),
    ("country in three letters", {"shipper": {"name": "x", "country": "DEU"}}),
    ("no country", {"shipper": {"name": "x"}}),
    ("no shipper", {"shipper": None}),
    ("currency in two letters", money("1", "EU")),
    ("no currency", {"declaredValue": {"amount": "1"}}),
    ("number for a text", {"service": 7}),
    ("object for a text", {"service": {"a": 1}}),
    ("text for a list of objects", {"packages": "one"}),
    ("null in a list", {"packages": [None]}),
    ("package number beyond 32 bits", item(packageSeq=2**31)),
    ("fraction of a package", item(packageSeq=1.5)),
    ("two names of a returned shipment", {"returnOf": {"id": "shp_1", "number": "2"}}),
    ("no name of a returned shipment", {"returnOf": {}}),
    ("null as the name of a returned shipment", {"returnOf": {"id": None}}),
]

REFUSED: list[tuple[Given, str, str]] = [
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
    (package(trackingNumber="ß" * 64), "LIMIT_EXCEEDED", "packages.0.trackingNumber"),
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
    (side("0"), "INVALID", "packages.0.dimensions.length"),
    (side("-0"), "INVALID", "packages.0.dimensions.length"),
    (side(DIGITS, "FT"), "INVALID", "packages.0.dimensions.length"),
    (side("9999999", "M"), "INVALID", "packages.0.dimensions.length"),
    (side("0.00001", "MM"), "INVALID", "packages.0.dimensions.length"),
    (item(quantity="0"), "INVALID", "items.0.quantity"),
    (item(quantity="0.00001"), "INVALID", "items.0.quantity"),
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
    (money("0.00001"), "INVALID", "declaredValue.amount"),
    (money("1", "ABC"), "INVALID", "declaredValue.currency"),
    ({"references": [{"kind": "PO", "value": "1"}]}, "INVALID", "references.0.kind"),
    ({"references": [{"kind": "", "value": "1"}]}, "REQUIRED", "references.0.kind"),
    ({"references": [{"kind": "po", "value": " "}]}, "REQUIRED", "references.0.value"),
    ({"promisedTo": "1899-12-31T23:59:59Z"}, "INVALID", "promisedTo"),
    ({"promisedTo": "9999-12-31T23:59:59Z"}, "INVALID", "promisedTo"),
    ({"promisedFrom": "2026-03-02T00:00:00Z", "promisedTo": "2026-03-01T00:00:00Z"}, "INVALID", "promisedTo"),
    ({"metadata": "text"}, "INVALID", "metadata"),
    ({"metadata": [1]}, "INVALID", "metadata"),
    ({"metadata": {"a": 2**63}}, "INVALID", "metadata"),
    ({"metadata": {"k" * 101: 1}}, "INVALID", "metadata"),
    ({"metadata": {"a": "x" * 17_000}}, "LIMIT_EXCEEDED", "metadata"),
    ({"metadata": {"a": [[[[[[[[1]]]]]]]]}}, "LIMIT_EXCEEDED", "metadata"),
    ({"returnOf": {"id": "shp_x"}}, "NOT_FOUND", "returnOf"),
    ({"returnOf": {"externalReference": "none"}}, "NOT_FOUND", "returnOf"),
]

BAD_EVENTS: list[tuple[Given, str, str]] = [
    ({"code": None}, "REQUIRED", "code"),
    ({"code": None, "carrierStatusRaw": " "}, "REQUIRED", "code"),
    ({"message": "\0"}, "INVALID", "message"),
    ({"message": "x" * 1001}, "LIMIT_EXCEEDED", "message"),
    ({"source": "x" * 65}, "LIMIT_EXCEEDED", "source"),
    ({"externalEventId": "x" * 129}, "LIMIT_EXCEEDED", "externalEventId"),
    ({"carrierStatusRaw": "x" * 129}, "LIMIT_EXCEEDED", "carrierStatusRaw"),
    ({"occurred": {"local": {"at": NOON, "timeZone": "Mars/Olympus"}}}, "INVALID", "occurred.local.timeZone"),
    ({"occurred": {"instant": "1500-01-01T00:00:00Z"}}, "INVALID", "occurred.instant"),
    ({"occurred": {"date": "0001-01-01"}}, "INVALID", "occurred.date"),
    ({"occurred": {"date": "9999-12-31"}}, "INVALID", "occurred.date"),
    ({"occurred": {"local": {"at": "0001-01-01T00:00:01", "timeZone": "Asia/Tokyo"}}}, "INVALID", "occurred.local.at"),
    ({"place": {"latitude": 91, "longitude": 0}}, "INVALID", "place.latitude"),
    ({"place": {"latitude": 0, "longitude": -180.1}}, "INVALID", "place.longitude"),
    ({"place": {"latitude": 0}}, "REQUIRED", "place.longitude"),
    ({"place": {"longitude": 0}}, "REQUIRED", "place.latitude"),
    ({"place": {"country": "QQ"}}, "INVALID", "place.country"),
    ({"place": {"city": "x" * 201}}, "LIMIT_EXCEEDED", "place.city"),
    ({"estimatedDeliveryAt": "3000-01-01T00:00:00Z"}, "INVALID", "estimatedDeliveryAt"),
    (bearing(" "), "INVALID", "target.trackingNumber.trackingNumber"),
    (bearing("\0"), "INVALID", "target.trackingNumber.trackingNumber"),
    (bearing("X", carrier="\0"), "INVALID", "target.trackingNumber.carrier"),
    ({"target": {"shipment": {"number": "\0"}}}, "INVALID", "target.shipment.number"),
]  # fmt: skip

UNREADABLE_EVENTS: list[Given] = [
    {"code": "TELEPORTED"},
    {"occurred": {}},
    {"occurred": {"instant": None}},
    {"occurred": {"instant": "2026-03-01T10:00:00Z", "date": "2026-03-01"}},
    {"occurred": {"instant": "2026-03-01T10:00:00"}},
    {"occurred": {"local": {"at": "2026-03-01T10:00:00Z", "timeZone": "Europe/Berlin"}}},
    {"occurred": {"local": {"at": "0001-01-01T00:00:00", "timeZone": "Asia/Tokyo"}}},
    {"occurred": {"date": "2026-02-29"}},
    {"occurred": {"date": "01.03.2026"}},
    {"target": {}},
    {"target": {"packageId": "pkg_0", "shipment": {"id": "shp_0"}}},
    {"place": {"latitude": "north", "longitude": 0}},
    {"place": {"latitude": True, "longitude": 0}},
]

INLINE = [
    "metadata: {a: 1e400}",
    "metadata: {a: 99999999999999999999999999}",
    f"metadata: {{a: {'9' * 5000}}}",
    f"metadata: {'[' * 20}{']' * 20}",
    f'items: [{{title: "x", quantity: {"9" * 5000}}}]',
    'items: [{title: "x", quantity: 1e400}]',
    'items: [{title: "x", quantity: "1", packageSeq: 99999999999999999999}]',
    f'packages: [{{weight: {{value: "{"9" * 5000}", unit: KG}}}}]',
    "externalReference: 7",
    "tags: [1]",
    "promisedTo: 2026",
    'direction: "RETURN"',
    "direction: OUTWARDS",
]


def assert_speaks_plainly(answer: Given) -> None:
    """Nothing of what is inside shows."""
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] != "INTERNAL_ERROR", error
        assert not [name for name in NAMES if name in error["message"]], error["message"]


@pytest.fixture
async def refused(ask: Ask, owner: AsyncEngine) -> Any:
    """Checks that a document answers with a top-level error, and writes nothing."""

    async def check(query: str, given: Given) -> Given:
        before = await trail(owner)
        answer = await ask(query, given)
        assert answer["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"), answer
        assert_speaks_plainly(answer)
        assert await trail(owner) == before
        return answer

    return check


async def test_what_cannot_be_read_is_refused_with_its_place(refused: Any) -> None:
    for name, given in UNREADABLE:
        answer = await refused(document("shipmentCreate"), {"input": minimal(**given)})
        assert "$input" in answer["errors"][0]["message"] or name.endswith("returned shipment"), name
        answer = await refused(document("shipmentsBulkCreate"), {"inputs": [minimal(), minimal(**given)]})
        assert "$inputs" in answer["errors"][0]["message"] or name.endswith("returned shipment"), name


async def test_a_naive_time_is_told_how_to_be_written(refused: Any) -> None:
    answer = await refused(document("shipmentCreate"), {"input": minimal(promisedTo="2026-03-01T10:00:00")})
    assert "offset" in answer["errors"][0]["message"]
    assert "2026-11-24T09:30:00+01:00" in answer["errors"][0]["message"]


async def test_what_no_shipment_can_be_is_an_error_with_its_path(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.made()
    before = await trail(owner)
    for given, code, path in REFUSED:
        payload = await deeds.create(**given)
        assert codes(payload) == [(code, f"input.{path}")], given
        assert (payload["shipment"], payload["created"]) == (None, False)
        dry = await deeds.create({"validateOnly": True}, **given)
        assert dry["errors"] == payload["errors"]
    assert await trail(owner) == before


async def test_the_same_beside_a_good_row_under_a_key(deeds: Deeds, engine: AsyncEngine) -> None:
    for at, (given, code, path) in enumerate(REFUSED):
        payload = await deeds.bulk_create(minimal(), minimal(**given), idempotencyKey=f"k{at}")
        good, bad = payload["results"]
        assert (good["errors"], codes(bad)) == ([], [(code, f"inputs.1.{path}")]), given
        again = await deeds.bulk_create(minimal(), minimal(**given), idempotencyKey=f"k{at}")
        assert (again["meta"]["replayed"], again["results"]) == (True, payload["results"])


async def test_the_same_in_an_edit_and_in_an_upsert(deeds: Deeds, owner: AsyncEngine) -> None:
    made = (await deeds.upsert("A", minimal(packages=[KILO])))["shipment"]
    box = made["packages"][0]["id"]
    same = "externalReference carrier service promisedFrom promisedTo references shipper packages".split()
    before = await trail(owner)
    for given, code, path in REFUSED:
        if "externalReference" not in given:
            payload = await deeds.upsert("A", minimal(**given))
            if path != "returnOf":  # which is said of a new one only
                assert codes(payload) == [(code, f"input.{path}")], given
        edit = {name: value for name, value in given.items() if name in same}
        if "packages" in edit:
            edit["packages"] = [{**one, "id": box} for one in edit["packages"]]
        if edit and "confirm" not in given and path != "packages":
            payload = await deeds.update(made["id"], edit)
            assert codes(payload) == [(code, f"input.{path}")], given
    assert await trail(owner) == before


async def test_what_cannot_be_read_of_an_event_is_refused(refused: Any) -> None:
    for given in UNREADABLE_EVENTS:
        await refused(document("trackingEventsRecord"), {"inputs": [{**event("shp_0"), **given}]})


async def test_what_no_event_can_be_is_an_error_with_its_path(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    before = await trail(owner)
    for given, code, path in BAD_EVENTS:
        (result,) = (await deeds.record({**event(made["id"]), **given}))["results"]
        assert codes(result) == [(code, f"inputs.0.{path}")], given
        assert result["event"] is None
    assert await trail(owner) == before
    rows = [{**event(made["id"]), **given} for given, _, _ in BAD_EVENTS]
    payload = await deeds.record(*rows, event(made["id"], "HELD"), idempotencyKey="k")
    assert (payload["succeeded"], payload["failed"]) == (1, len(BAD_EVENTS))


@pytest.mark.parametrize("given", INLINE, ids=range(len(INLINE)))
async def test_what_is_written_into_the_document_fares_no_better(ask: Ask, owner: AsyncEngine, given: str) -> None:
    before = await trail(owner)
    least = 'shipper: {name: "x", country: "DE"}'
    query = "mutation { shipmentCreate(input: {LEAST, MORE}) { shipment { id } errors { code path } } }"
    answer = await ask(query.replace("LEAST", least).replace("MORE", given))
    assert_speaks_plainly(answer)
    assert "errors" in answer or answer["data"]["shipmentCreate"]["errors"] != []
    assert await trail(owner) == before


async def test_ten_megabytes_are_refused_before_they_are_read(client: httpx.AsyncClient, owner: AsyncEngine) -> None:
    before = await trail(owner)
    given = {"query": document("shipmentCreate"), "variables": {"input": minimal(service="x" * 10_000_000)}}
    answer = await client.post("/graphql", json=given)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert await trail(owner) == before


async def test_a_megabyte_in_every_text_is_refused_in_a_sentence(deeds: Deeds, owner: AsyncEngine) -> None:
    made = await deeds.ready()
    long = "x" * 1_000_000
    before = await trail(owner)
    payloads = [
        await deeds.create(service=long),
        await deeds.create(metadata={long: 1}),
        await deeds.create({"idempotencyKey": long}),
        await deeds.upsert(long, minimal()),
        await deeds.do("shipmentUpdate", by={"externalReference": long}, input={}, options={}),
        await deeds.cancel(made["id"], long),
        await deeds.override(made["id"], "DELIVERED", long),
        (await deeds.record(event({"trackingNumber": {"trackingNumber": long}})))["results"][0],
        (await deeds.void(long))["results"][0],
        await deeds.carrier(long),
        await deeds.map(long, "X", "DELIVERED"),
    ]
    for payload in payloads:
        (problem,) = payload["errors"]
        assert len(problem["message"]) < 300
    assert await trail(owner) == before


async def test_numbers_beyond_what_json_can_be_trusted_with_are_refused(client: httpx.AsyncClient) -> None:
    query = document("shipmentCreate")
    for number in ("1e400", "-1e999", "9" * 5000, "NaN", "Infinity", "-Infinity", "1e-400000"):
        body = '{"query": "%s", "variables": {"input": {"shipper": %s, "metadata": {"a": %s}}}}'
        answer = await client.post(
            "/graphql",
            content=body % (query.replace("\n", " "), '{"name": "x", "country": "DE"}', number),
            headers={"content-type": "application/json"},
        )
        parsed = answer.json()
        assert answer.status_code < 500
        assert_speaks_plainly(parsed)
        if number != "1e-400000":  # which is nothing
            assert "errors" in parsed or parsed["data"]["shipmentCreate"]["errors"] != []


async def test_carriers_and_their_words_are_checked_too(deeds: Deeds, owner: AsyncEngine) -> None:
    await deeds.carrier("dhl")
    before = await trail(owner)
    assert codes(await deeds.carrier("D")) == [("INVALID", "code")]
    assert codes(await deeds.carrier("d\0")) == [("INVALID", "code")]
    assert codes(await deeds.carrier("ups", name=" ")) == [("REQUIRED", "input.name")]
    assert codes(await deeds.carrier("ups", trackingUrlTemplate="javascript:alert(1)")) == [
        ("INVALID", "input.trackingUrlTemplate")
    ]
    assert codes(await deeds.map("dhl", " ", "DELIVERED")) == [("REQUIRED", "raw")]
    assert codes(await deeds.map("dhl", "x" * 129, "DELIVERED")) == [("LIMIT_EXCEEDED", "raw")]
    assert codes(await deeds.map("dhl", "X", None, "LOST")) == [("REQUIRED", "code")]
    assert codes(await deeds.map("d\0", "X", "DELIVERED")) == [("INVALID", "carrier")]
    assert codes(await deeds.map("ups", "X", "DELIVERED")) == [("NOT_FOUND", "carrier")]
    assert await trail(owner) == before
