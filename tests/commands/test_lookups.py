"""The same value finds what it wrote: every keyed input in every lookup, however it is padded or composed."""

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.graphql_client import Execute
from tests.support.mutation_client import Json, MutationClient, codes, complete, event, minimal

KEY = "Ré-Ã 7"
"""A value with letters that have a composed and a decomposed form, and a blank inside."""
NUMBER = "RA 123-456.789"


def padded(value: str) -> str:
    """A value with surrounding whitespace of several kinds."""
    return f" \t{value}\u3000\n"


def decomposed(value: str) -> str:
    """A value in NFD."""
    return unicodedata.normalize("NFD", value)


FORMS: dict[str, Callable[[str], str]] = {
    "as written": str,
    "padded": padded,
    "decomposed": decomposed,
    "composed": lambda value: unicodedata.normalize("NFC", value),
    "decomposed and padded": lambda value: padded(decomposed(value)),
}
"""Forms of one value, each of which must find what any of them wrote."""
EVENTS = "query($where: TrackingEventWhere) { trackingEvents(where: $where) { nodes { id } } }"
BY = "query($by: ShipmentBy!) { shipment(by: $by) { id number } }"
SHIPMENTS = "query($where: ShipmentWhere) { found: shipments(where: $where) { nodes { id } } }"


def fields_with(value: str, number: str) -> Json:
    """A ShipmentCreateInput with a value in every keyed field."""
    place = {"name": value, "country": "DE", "city": value, "region": value, "postalCode": value}
    return {
        "externalReference": value,
        "service": value,
        "shipper": place,
        "recipient": {**place, "email": f"{value}@x.org", "phone": value},
        "packages": [{"trackingNumber": number}],
        "items": [{"title": value, "sku": value, "batch": value, "quantity": 1}],
        "references": [{"kind": "po", "value": value}],
        "metadata": {value.strip(): value.strip()},
        "tags": [value],
    }


def filters_with(value: str) -> list[Json]:
    """Every filter of `ShipmentWhere` on a text that a client writes."""
    texts = [{"eq": value}, {"in": ["x", value]}, {"startsWith": value}, {"contains": value}]
    bare = value.strip()
    return [
        *({name: text} for name in ("externalReference", "service") for text in texts),
        *({"origin": {name: text}} for name in ("city", "region", "postalCode") for text in texts),
        *({"destination": {name: text}} for name in ("city", "region", "postalCode") for text in texts),
        *({"recipient": {name: text}} for name in ("name", "phone") for text in texts),
        *({"items": {name: text}} for name in ("sku", "title", "batch") for text in texts),
        *({"reference": {"kind": padded("po"), "value": text}} for text in texts),
        *({"metadata": [{"key": bare, "value": {name: bare}}]} for name in ("eq", "startsWith", "contains")),
        {"metadata": [{"key": bare, "value": {"in": [bare]}}]},
        {"tags": {"hasAny": [value]}},
        {"tags": {"hasAll": [value]}},
    ]  # fmt: skip


@pytest.mark.parametrize("written", FORMS)
async def test_a_value_finds_what_it_wrote_in_every_filter(
    written: str, mutations: MutationClient, execute: Execute
) -> None:
    payload = await mutations.create(**fields_with(FORMS[written](KEY), NUMBER))
    assert payload["errors"] == []
    id_ = payload["shipment"]["id"]
    for form, spell in FORMS.items():
        for where in filters_with(spell(KEY)):
            response = await execute(SHIPMENTS, {"where": where})
            assert [node["id"] for node in response["data"]["found"]["nodes"]] == [id_], (form, where)


@pytest.mark.parametrize("written", FORMS)
async def test_a_reference_finds_what_it_wrote_in_every_key(
    written: str, mutations: MutationClient, execute: Execute
) -> None:
    write = FORMS[written]
    id_ = (await mutations.created(externalReference=write(KEY)))["id"]
    for number, (form, spell) in enumerate(FORMS.items()):
        by = {"externalReference": spell(KEY)}
        response = await execute(BY, {"by": by})
        assert response["data"]["shipment"]["id"] == id_, form
        upserted = await mutations.upsert(spell(KEY), minimal(externalReference=spell(KEY)))
        assert (upserted["errors"], upserted["created"], upserted["shipment"]["id"]) == ([], False, id_), form
        assert codes(await mutations.create(externalReference=spell(KEY))) == [("DUPLICATE", "input.externalReference")]
        returned = await mutations.created(returnOf=by)
        assert returned["returnOf"]["id"] == id_, form
        recorded = await mutations.record(event({"shipment": by}, at=f"2026-03-0{number + 1}T10:00:00Z"))
        assert recorded["results"][0]["event"]["shipment"]["id"] == id_, (form, recorded)
        updated = await mutations.bulk_update({"by": by, "input": {"tagsAdd": [form]}})
        assert updated["results"][0]["shipment"]["id"] == id_, form
        where = {"where": {"shipment": by}}
        events = await execute(
            "query($where: TrackingEventWhere) { trackingEvents(where: $where) { nodes { id } } }", where
        )
        assert len(events["data"]["trackingEvents"]["nodes"]) == number + 1
        for field, arguments in (("shipmentArchive", {"archived": True}), ("shipmentArchive", {"archived": False})):
            payload = await mutations.run(field, by=by, options=None, **arguments)
            assert payload["shipment"]["id"] == id_, form
    for spell in FORMS.values():
        response = await execute(
            "query($by: ShipmentBy!) { shipment(by: $by) { number } }", {"by": {"number": spell("SHP-0000001")}}
        )
        assert response["data"]["shipment"]["number"] == "SHP-0000001"


TRACKING_FORMS = (
    "RA 123-456.789",
    " ra123456789 ",
    "ＲＡ１２３４５６７８９",
    "RA\u00a0123\u200b456—789",
    "ra/123_456#789",
    "RA١٢٣٤٥٦٧٨٩",
)
"""Spellings of one tracking number."""


@pytest.mark.parametrize("written", TRACKING_FORMS)
async def test_a_tracking_number_finds_what_it_wrote_in_every_lookup(
    written: str, mutations: MutationClient, execute: Execute
) -> None:
    await mutations.save_carrier("dhl")
    shipment = await mutations.created(**complete(packages=[{"trackingNumber": written}], carrier=" dhl "))
    for number, spelt in enumerate(TRACKING_FORMS):
        response = await execute(
            'query($n: String!) { track(trackingNumber: $n, carrier: " dhl ") { shipment { id } } }', {"n": spelt}
        )
        assert response["data"]["track"] == [{"shipment": {"id": shipment["id"]}}], spelt
        for text in ({"eq": spelt}, {"in": [spelt]}, {"startsWith": spelt}, {"contains": spelt}):
            response = await execute(SHIPMENTS, {"where": {"trackingNumber": text}})
            assert [node["id"] for node in response["data"]["found"]["nodes"]] == [shipment["id"]], text
        target = {"trackingNumber": {"trackingNumber": spelt, "carrier": " dhl "}}
        recorded = await mutations.record(event(target, at=f"2026-03-0{number + 1}T10:00:00Z"))
        assert recorded["results"][0]["event"]["shipment"]["id"] == shipment["id"], recorded
        response = await execute("query($s: String) { shipments(search: $s) { nodes { id } } }", {"s": spelt})
        assert [node["id"] for node in response["data"]["shipments"]["nodes"]] == [shipment["id"]], spelt
        other = await mutations.create({"validateOnly": True}, packages=[{"trackingNumber": spelt}])
        assert [warning["code"] for warning in other["warnings"]] == ["TRACKING_NUMBER_IN_USE"], spelt


@pytest.mark.parametrize("number", ["ÄB1", "A\u0308B1", "АB1", "中1", "ß1", "1é"])
async def test_a_tracking_number_with_other_letters_is_rejected_and_finds_nothing(
    number: str, mutations: MutationClient, execute: Execute
) -> None:
    for lookalike in ("B1", "AB1", "1", "SS1", "1E"):
        await mutations.created(packages=[{"trackingNumber": lookalike}])
    payload = await mutations.create(packages=[{"trackingNumber": number}])
    assert codes(payload) == [("INVALID", "input.packages.0.trackingNumber")]
    response = await execute("query($n: String!) { track(trackingNumber: $n) { id } }", {"n": number})
    assert response["data"]["track"] == []
    payload = await mutations.record(event({"trackingNumber": {"trackingNumber": number}}))
    assert codes(payload["results"][0]) == [("NOT_FOUND", "inputs.0.target")]


async def test_blanks_do_not_count_against_the_limit_of_a_tracking_number(mutations: MutationClient) -> None:
    shipment = await mutations.created(packages=[{"trackingNumber": "  " + " \t ".join("A" * 64) + "  "}])
    assert shipment["packages"][0]["trackingNumber"] == " ".join("A" * 64)
    payload = await mutations.create(packages=[{"trackingNumber": " ".join("A" * 65)}])
    assert codes(payload) == [("LIMIT_EXCEEDED", "input.packages.0.trackingNumber")]
    assert payload["errors"][0]["message"] == "Must be at most 64 characters, not counting blanks (was 65)."
    payload = await mutations.create(packages=[{"trackingNumber": "ﷺ" * 60}])
    assert codes(payload) == [("INVALID", "input.packages.0.trackingNumber")]
    assert codes(await mutations.create(packages=[{"trackingNumber": "㎏" * 40}])) == [
        ("LIMIT_EXCEEDED", "input.packages.0.trackingNumber")
    ]


@pytest.mark.parametrize("empty", ["", " ", "\u3000", "--"])
async def test_a_filter_of_which_nothing_remains_matches_nothing(
    empty: str, mutations: MutationClient, execute: Execute
) -> None:
    await mutations.created(**fields_with("A", "A1"))
    filters: list[Json] = [
        {"trackingNumber": text}
        for text in ({"eq": empty}, {"in": [empty]}, {"startsWith": empty}, {"contains": empty})
    ]
    if empty != "--":
        filters += [where for where in filters_with(empty) if "metadata" not in where]
        filters += [{"metadata": [{"key": "A", "value": {name: ""}}]} for name in ("eq", "startsWith", "contains")]
    for where in filters:
        response = await execute(SHIPMENTS, {"where": where})
        assert response["data"]["found"]["nodes"] == [], where
        response = await execute(SHIPMENTS, {"where": {"NOT": where}})
        assert len(response["data"]["found"]["nodes"]) == 1, where
    response = await execute(BY, {"by": {"externalReference": empty}})
    assert response["data"] == {"shipment": None}


async def test_codes_of_carriers_and_sources_and_keys_of_metadata_find_what_they_wrote(
    mutations: MutationClient, execute: Execute
) -> None:
    saved = await mutations.run("carrierSave", code=" dhl\n", input={"name": "DHL"}, options=None)
    assert (saved["errors"], saved["carrier"]["code"]) == ([], "dhl")
    mapped = await mutations.map_status("\tdhl", " PU ", "PICKED_UP")
    assert mapped["errors"] == []
    key = "Schlüssel"
    created = await mutations.created(carrier="dhl", metadata={decomposed(key): decomposed("Größe "), " a": 1})
    assert created["metadata"] == {" a": 1, key: "Größe "}
    await mutations.record(event(created["id"], source=padded(KEY)))
    query = """query($code: String!, $key: String!, $value: String!, $source: String!) {
      carrier(code: $code) { code }
      byCarrier: shipments(where: {carrier: {eq: $code}}) { nodes { id } }
      byKey: shipments(where: {metadata: [{key: $key, value: {eq: $value}}]}) { nodes { metadata(keys: [$key]) } }
      bySource: trackingEvents(where: {source: {eq: $source}}) { nodes { source } } }"""
    for spell in (str, decomposed):
        variables: dict[str, Any] = {"code": " dhl ", "key": spell(key), "value": spell("Größe "), "source": spell(KEY)}
        data = (await execute(query, variables))["data"]
        assert data["carrier"] == {"code": "dhl"}
        assert len(data["byCarrier"]["nodes"]) == 1
        assert data["byKey"]["nodes"] == [{"metadata": {key: "Größe "}}]
        assert data["bySource"]["nodes"] == [{"source": KEY}]
    await mutations.update(created["id"], {"metadataUnset": [decomposed(key)], "tagsAdd": [decomposed(KEY)]})
    edited = await mutations.update(created["id"], {"tagsRemove": [padded(KEY)]})
    assert (edited["shipment"]["metadata"], edited["shipment"]["tags"]) == ({" a": 1}, [])
