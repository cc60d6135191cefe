"""`shipments(search:)` finds what was written, by words, numbers and contacts, after every kind of change."""

import asyncio
import unicodedata
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.graphql_client import Execute
from tests.support.mutation_client import BERLIN, PARIS, Json, MutationClient, complete, minimal

QUERY = "query($search: String) { shipments(search: $search, first: 250) { nodes { id } } }"


async def found(execute: Execute, search: str) -> set[str]:
    """The ids of the shipments that a search finds."""
    response = await execute(QUERY, {"search": search})
    assert "errors" not in response, response
    return {node["id"] for node in response["data"]["shipments"]["nodes"]}


@pytest.mark.parametrize(
    ("name", "searches"),
    [
        ("Müller/Schmidt GmbH", ["Schmidt", "schmidt gmbh", "Muller", "MULLER/SCHMIDT", "mül", "gmbh müller"]),
        ("St.Gallen Textil", ["Gallen", "st gallen", "St.Ga", "st. gallen"]),
        ("Jean-Pierre", ["J", "Je", "Jean", "Jean-", "Jean-P", "Jean-Pi", "Jean-Pierre", "pierre"]),
        ("Łódź Logistyka", ["Lodz", "LODZ", "łódź", "lo"]),
        ("Côte d'Ivoire", ["Cote d'Ivoire", "cote d\u2019ivoire", "COTE DIV", "Co\u0302te d'Ivoire", "ivoire"]),
        ("Øresund Straße", ["oresund", "strasse", "straße", "STRASSE"]),
        ("株式会社東京物流", ["東京", "東", "物流", "流", "会社東京", "株式会社東京物流"]),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", ["full", "width", "Ｗｉｄ"]),
        ("x'); DROP -- \\ & | ! :*", ["drop", "x'", "'", "\\"]),
    ],
)
async def test_a_name_is_found_by_its_words_however_they_are_written(
    name: str, searches: list[str], mutations: MutationClient, execute: Execute
) -> None:
    id_ = (await mutations.created(shipper={**BERLIN, "name": name}))["id"]
    await mutations.created(shipper={**BERLIN, "name": "Somebody Else"})
    for search in searches:
        expected = {id_} if any(c.isalnum() for c in search) else set()
        if search == "COTE DIV":
            expected = set()  # `d` and `Ivoire` are two words
        for form in ("NFC", "NFD"):
            assert await found(execute, unicodedata.normalize(form, search)) == expected, search


async def test_words_may_be_in_different_parties_and_items_and_in_any_order(
    mutations: MutationClient, execute: Execute
) -> None:
    items = [{"title": "Blaue Schuhe, Größe 42", "sku": "SH-42/B", "quantity": 1}]
    id_ = (await mutations.created(**complete(items=items)))["id"]
    for search in ("schuhe", "grosse 42 sender", "paris blaue", "SH-42", "sh42b", "sender sh-42/b", "receiver SH 42"):
        assert await found(execute, search) == {id_}, search
    for search in ("schuhe rot", "chuhe", "42b", "sender sh4 paris"):
        assert await found(execute, search) == set(), search


async def test_numbers_and_references_are_found_without_regard_to_case_and_separators(
    mutations: MutationClient, execute: Execute
) -> None:
    created = await mutations.created(
        externalReference="Order-4711/a",
        references=[{"kind": "asn", "value": "ASN-93"}],
        packages=[{"trackingNumber": "1Z 999-AA1 01 2345 6784"}],
    )
    searches = ["shp-0000001", "SHP-000", " shp-0000001 ", "ＳＨＰ-0000001", "order-4711/A", "ORDER 47", "order4711a"]
    searches += ["asn-93", "ASN-9", "asn93", "1z999aa", "１ｚ９９９", "1Z-999"]
    for search in searches:
        assert await found(execute, search) == {created["id"]}, search
    for search in ("4711", "0000001", "93", "z999", "asn-94", "shp0000001"):
        assert await found(execute, search) == set(), search


async def test_an_e_mail_address_and_a_telephone_number_are_found_as_a_whole(
    mutations: MutationClient, execute: Execute
) -> None:
    recipient = {**PARIS, "email": "Ada.O'Neil@Example.com", "phone": "+33 (1) 23-45 67"}
    id_ = (await mutations.created(recipient=recipient))["id"]
    searches = ["ada.o'neil@example.com", "ADA.O'NEIL@EXAMPLE.COM", "+33 (1) 23-45 67", "331234567", "33 1 23 45 67"]
    for search in [*searches, "receiver ada.o'neil@example.com"]:
        assert await found(execute, search) == {id_}, search
    for search in ("example.com", "ada", "ada.o'neil@example.co", "33123456", "1234567"):
        assert await found(execute, search) == set(), search


CHANGES: list[tuple[Json, str, str]] = [
    ({"recipient": {**PARIS, "name": "Zoë Ångström"}}, "angstrom", "receiver"),
    ({"shipper": {**BERLIN, "city": "Łódź", "email": "new@x.org"}}, "lodz new@x.org", "old@x.org"),
    ({"recipient": None}, "sender", "receiver"),
    ({"externalReference": "New-1"}, "new1", "old-1"),
    ({"externalReference": None}, "sender", "old-1"),
    ({"references": [{"kind": "po", "value": "PO/2"}]}, "po2", "po1"),
]
"""An update, a search that finds the shipment afterwards, and one that found it before."""


@pytest.mark.parametrize(("edit", "after", "before"), CHANGES)
@pytest.mark.parametrize("bulk", [False, True])
async def test_an_update_changes_what_is_found_exactly_as_creation_does(
    edit: Json, after: str, before: str, bulk: bool, mutations: MutationClient, execute: Execute, owner: AsyncEngine
) -> None:
    fields = complete(
        shipper={**BERLIN, "email": "old@x.org"},
        externalReference="Old-1",
        references=[{"kind": "po", "value": "po-1"}],
        items=[{"title": "Ware", "sku": "W1", "quantity": 1}],
    )
    id_ = (await mutations.created(**fields))["id"]
    assert await found(execute, before) == {id_}
    if bulk:
        payload = await mutations.bulk_update({"by": {"id": id_}, "input": edit})
        assert payload["failed"] == 0, payload
    else:
        assert (await mutations.update(id_, edit))["errors"] == []
    assert await found(execute, after) == await found(execute, "ware w1") == {id_}
    assert await found(execute, before) == set()
    edited = {**fields, **edit}
    same = await mutations.created(**{name: value for name, value in edited.items() if name != "externalReference"})
    rows = await search_rows(owner)
    assert rows[id_][1] == rows[same["id"]][1]


async def search_rows(owner: AsyncEngine) -> dict[str, Any]:
    """The rows of `shipment_search` by the public id of the shipment."""
    async with owner.connect() as connection:
        sql = "SELECT shipment_id, external_reference_key, terms::text FROM shipment_search"
        return {f"shp_{row[0].hex}": (row[1], row[2]) for row in await connection.exec_driver_sql(sql)}


async def test_an_upsert_changes_parties_items_and_tracking_numbers(
    mutations: MutationClient, execute: Execute
) -> None:
    first = complete(items=[{"title": "Alt", "quantity": 1}], packages=[{"trackingNumber": "OLD1"}])
    id_ = (await mutations.upsert("A", first))["shipment"]["id"]
    second = complete(items=[{"title": "Neu", "quantity": 1}], packages=[{"trackingNumber": "NEW1"}, {}])
    for search in ("alt", "old1"):
        assert await found(execute, search) == {id_}
    assert (await mutations.upsert("A", second))["errors"] == []
    for search in ("neu", "new1", "sender neu receiver", "a"):
        assert await found(execute, search) == {id_}, search
    for search in ("alt", "old1"):
        assert await found(execute, search) == set(), search


async def test_an_update_that_changes_no_text_runs_no_further_statement(
    mutations: MutationClient, statements: list[str]
) -> None:
    id_ = (await mutations.created(**complete(items=[{"title": "Ware", "quantity": 1}])))["id"]

    async def statements_about_search(edit: Json) -> tuple[int, int]:
        statements.clear()
        assert (await mutations.update(id_, edit))["errors"] == []
        loads = [sql for sql in statements if sql.startswith("SELECT") and "FROM shipment_item i" in sql]
        return len(loads), len([sql for sql in statements if "INSERT INTO shipment_search" in sql])

    assert await statements_about_search({"tagsAdd": ["x"], "recipient": PARIS, "shipper": BERLIN}) == (0, 0)
    assert await statements_about_search({"recipient": {**PARIS, "name": "New"}}) == (1, 1)


async def test_concurrent_changes_of_different_texts_leave_the_terms_of_all(
    mutations: MutationClient, execute: Execute, owner: AsyncEngine
) -> None:
    recipient, shipper = {**PARIS, "name": "Recipient Eins"}, {**BERLIN, "name": "Shipper Zwei"}
    items = [{"title": "Drei", "quantity": 1}]
    id_ = (await mutations.created(**complete(externalReference="R0")))["id"]
    results = await asyncio.gather(
        *(mutations.update(id_, {"recipient": recipient}) for _ in range(4)),
        *(mutations.upsert("R0", minimal(shipper=shipper, items=items)) for _ in range(4)),
        *(mutations.update(id_, {"references": [{"kind": "po", "value": f"V{n}"}]}) for n in range(4)),
    )
    assert all(not payload["errors"] for payload in results)
    assert await found(execute, "recipient eins shipper zwei drei") == {id_}
    same = await mutations.created(**complete(recipient=recipient, shipper=shipper, items=items))
    rows = await search_rows(owner)
    assert rows[id_][1] == rows[same["id"]][1]


async def test_a_search_without_letters_and_digits_finds_nothing_and_every_text_is_accepted(
    mutations: MutationClient, execute: Execute
) -> None:
    await mutations.created(**complete(externalReference="--"))
    for search in ("", " ", "--", "'", "\\", ":*", "&|!", "()", "📦", "\u0301", "\x01", "@"):
        assert await found(execute, search) == set(), search
    for search in ("a" * 1000, "ﷺ" * 1000, "a " * 500, "'a\\ " * 250, "@" + "x'" * 400, "東" * 1000, "\x01a@b"):
        assert await found(execute, search) == set(), search


async def test_the_longest_texts_are_stored_and_found(mutations: MutationClient, execute: Execute) -> None:
    items = [{"title": chr(0x4E00 + n) * 2 + "東京" * 249, "sku": f"ﷺ{n}" * 25, "quantity": 1} for n in range(500)]
    created = await mutations.created(**complete(items=items))
    assert await found(execute, "sender") == {created["id"]}


async def test_country_and_city_filters_do_not_regard_case(mutations: MutationClient, execute: Execute) -> None:
    id_ = (await mutations.created(shipper={**BERLIN, "city": "Łódź", "country": "PL"}))["id"]
    await mutations.created(shipper={**BERLIN, "city": "Lodz", "country": "DE"})
    query = "query($where: ShipmentWhere) { shipments(where: $where) { nodes { id } } }"
    for place in (
        {"city": {"eq": "łÓDŹ"}}, {"city": {"in": [" ŁÓDŹ ", "x"]}}, {"city": {"startsWith": "łó"}},
        {"city": {"contains": "ÓD"}}, {"city": {"eq": "Ło\u0301dz\u0301"}}, {"country": {"eq": "pl"}},
        {"country": {"in": ["Pl", "fr"]}}, {"country": {"startsWith": "p"}},
    ):  # fmt: skip
        response = await execute(query, {"where": {"origin": place}})
        assert [node["id"] for node in response["data"]["shipments"]["nodes"]] == [id_], place
