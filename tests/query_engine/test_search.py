"""`shipments(search:)` returns the same rows as a reference implementation in Python."""

import pytest

from tests.support import reference_search
from tests.support.graphql_client import Execute
from tests.support.random_arguments import Reference
from tests.support.random_filters import public_id

pytestmark = pytest.mark.seed_data
SEARCHES = [
    "SHP-000001",
    "shp-000001",
    "SHP-0000015",
    "PO-0",
    "po-0002",
    "ÄÖ",
    "trk 0001",
    "TRK",
    "1z999aa1",
    "JD0146 0",
    "INV 7",
    "inv 7",
    "hamburg",
    "HAMBURG",
    "Ham",
    "new york",
    "york new",
    "acme log",
    "logistics acme",
    "müller",
    "MÜLLER",
    "Mu\u0308ller",
    "muller",
    "mul",
    "a@b.example",
    "A@B.EXAMPLE",
    "b.example",
    "+49 40 1",
    "49401",
    "4940",
    "sku-1",
    "SKU1",
    "anna sku-1",
    "ＳＫＵ－１",
    "soehne",
    "sohne",
    "ss",
    "東",
    "京",
    "式会社",
    "会社京",
    "hamburg anna",
    "anna mü",
    "söhne",
    "neil",
    "東京",
    "20095 ham",
    "sao paulo de",
    "nothing",
    "",
    " ",
    "-",
    "--",
    "drop table",
    "hamburg\t acme",
    "SHP-0000001 ",
    "x" * 150,
    *"'\\%_",
]


@pytest.mark.parametrize("text", SEARCHES)
async def test_search_matches_the_same_rows_as_the_reference(text: str, execute: Execute, reference: Reference) -> None:
    loaded = reference.reference.loaded
    response = await execute("query ($s: String) { shipments(search: $s, first: 250) { nodes { id } } }", {"s": text})
    expected = {
        public_id(row)
        for row in loaded.shipments.values()
        if row.archived_at is None and reference_search.search(row, text, loaded)
    }
    assert {node["id"] for node in response["data"]["shipments"]["nodes"]} == expected


async def test_search_and_filter_are_combined_with_and(execute: Execute) -> None:
    response = await execute(
        '{ a: shipments(search: "hamburg", where: { status: { eq: READY } }) { nodes { status } } '
        "  b: shipments(search: null) { totalCount { count } } }"
    )
    assert {node["status"] for node in response["data"]["a"]["nodes"]} == {"READY"}
    assert response["data"]["b"]["totalCount"]["count"] == 110
