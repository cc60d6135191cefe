"""No row of another account is read: every table is restricted, and foreign keys to other accounts lead nowhere."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support import seed_data
from tests.support.graphql_client import Execute
from tests.support.seed_values import uid

pytestmark = (
    pytest.mark.without_row_security
)  # the statements themselves must restrict rows, without row-level security

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.sql"))
TABLES = "carrier|shipment|party|shipment_reference|package|shipment_item|tracking_event|change"
TABLE = re.compile(rf"\b({TABLES}) AS (\w+_\d+)")
OWN_NUMBER = 7
"""The seed number of a shipment of the account."""
OTHER_NUMBER = 1007
"""The seed number of a shipment of another account."""
ALL_FIELDS = """
  number externalReference tags carrier { name } shipper { name } recipient { name } parties { name }
  packages { trackingNumber trackingUrl items { title } events { nodes { message } } shipment { number } }
  items { title package { trackingNumber } }
  references { value }
  events(where: { includeVoided: true }) { nodes { id shipment { number } package { id } corrects { id } } }
  latestEvent { id } returnOf { number } history { nodes { actor } }
  statusExplanation { decidedBy { id } notApplied { id } }
"""


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_table_of_a_statement_is_restricted_to_the_account(path: Path) -> None:
    for statement in path.read_text().split("\n\n"):
        for _, alias in TABLE.findall(statement):
            predicate = rf"{alias}\.account_id (= |IS NOT DISTINCT FROM )\$\d+::UUID"
            assert re.search(predicate, statement), f"{alias} is not restricted in {statement}"


def node_query(public: str) -> str:
    """Return a query for all fields of a shipment."""
    return f'{{ node(id: "{public}") {{ id ... on Shipment {{ {ALL_FIELDS} }} }} }}'


async def test_rows_of_another_account_do_not_exist(execute: Execute, engine: AsyncEngine) -> None:
    other = (await seed_data.insert_seed_data(engine))["other"]
    tables = {
        "shipment": "shp_",
        "package": "pkg_",
        "tracking_event": "evt_",
        "shipment_item": "itm_",
        "carrier": "car_",
    }
    ids = {}
    async with engine.connect() as connection:
        for table, prefix in tables.items():
            first = text(f"SELECT id FROM {table} WHERE account_id = :other ORDER BY id OFFSET 8 LIMIT 1")
            sql = first if table != "carrier" else text("SELECT id FROM carrier WHERE account_id = :other LIMIT 1")
            ids[table] = prefix + (await connection.execute(sql, {"other": other})).scalar_one().hex
    for public in ids.values():
        assert (await execute(f'{{ node(id: "{public}") {{ id }} }}'))["data"] == {"node": None}
        assert (await execute(f'{{ nodes(ids: ["{public}"]) {{ id }} }}'))["data"] == {"nodes": [None]}
    other_id = ids["shipment"]
    for query in (
        f'shipment(by: {{ id: "{other_id}" }}) {{ id }}',
        f'shipments(where: {{ id: {{ eq: "{other_id}" }}, archived: null }}) '
        "{ nodes { id } totalCount { count } }",
        f'trackingEvents(where: {{ shipment: {{ id: "{other_id}" }} }}) {{ nodes {{ id }} totalCount {{ count }} }}',
        f'changes(where: {{ shipments: ["{other_id}"] }}) {{ nodes {{ op }} totalCount {{ count }} }}',
        f'shipments(where: {{ events: {{ shipment: {{ id: "{other_id}" }} }} }}) '
        "{ nodes { id } totalCount { count } }",
    ):
        (value,) = (await execute(f"{{ {query} }}"))["data"].values()
        assert value in (None, {"nodes": [], "totalCount": {"count": 0}}), query
    counts = await execute(
        "{ shipments(where: { archived: null }) { totalCount(limit: null) { count } } carriers { nodes { name } } }"
    )
    assert counts["data"]["shipments"]["totalCount"]["count"] == seed_data.SHIPMENTS["default"]
    assert not any("Other" in carrier["name"] for carrier in counts["data"]["carriers"]["nodes"])


async def test_a_foreign_key_to_another_account_reads_nothing(execute: Execute, engine: AsyncEngine) -> None:
    """No constraint ensures that both rows of a foreign key belong to one account, so no statement may rely on it."""
    accounts = await seed_data.insert_seed_data(engine)
    other = accounts["other"]
    own_id = "shp_" + uid("shipment", OWN_NUMBER).hex
    before = (await execute(node_query(own_id)))["data"]["node"]
    async with engine.begin() as connection:
        for sql in (
            "UPDATE shipment SET carrier_id = (SELECT id FROM carrier WHERE account_id = :other AND code = 'dhl'), "
            "return_of_id = :theirs, "
            "status_event_id = (SELECT id FROM tracking_event WHERE account_id = :other LIMIT 1) WHERE id = :mine",
            "UPDATE shipment_item SET package_id = (SELECT id FROM package WHERE account_id = :other LIMIT 1) "
            "WHERE shipment_id = :mine",
            "UPDATE tracking_event SET package_id = (SELECT id FROM package WHERE account_id = :other LIMIT 1), "
            "corrects_event_id = (SELECT id FROM tracking_event WHERE account_id = :other LIMIT 1) "
            "WHERE shipment_id = :mine",
        ):
            parameters = {"other": other, "mine": uid("shipment", OWN_NUMBER), "theirs": uid("shipment", OTHER_NUMBER)}
            used = {name: value for name, value in parameters.items() if f":{name}" in sql}
            await connection.execute(text(sql), used)
    node = (await execute(node_query(own_id)))["data"]["node"]
    assert (node["carrier"], node["returnOf"], node["statusExplanation"]["decidedBy"]) == (None, None, None)
    assert {item["package"] for item in node["items"]} == {None}
    assert {(event["package"], event["corrects"]) for event in node["events"]["nodes"]} == {(None, None)}
    assert {package["trackingUrl"] for package in node["packages"]} == {None}
    assert [party["name"] for party in node["parties"]] == [party["name"] for party in before["parties"]]


async def test_rows_of_another_account_that_reference_our_shipment_are_not_read(
    execute: Execute, engine: AsyncEngine
) -> None:
    accounts = await seed_data.insert_seed_data(engine)
    children = ("party", "package", "shipment_item", "shipment_reference", "tracking_event", "change")
    async with engine.begin() as connection:
        insert = "INSERT INTO shipment (account_id, number) VALUES (:account, 'SHP-EMPTY') RETURNING id"
        empty = (await connection.execute(text(insert), {"account": accounts["default"]})).scalar_one()
        for table in children:
            moved = await connection.execute(
                text(f"UPDATE {table} SET shipment_id = :empty WHERE shipment_id = :theirs"),
                {"empty": empty, "theirs": uid("shipment", OTHER_NUMBER)},
            )
            assert moved.rowcount > 0, table
    fields = ALL_FIELDS.replace("shipper { name }", "", 1)
    node = (await execute(f'{{ shipment(by: {{ number: "SHP-EMPTY" }}) {{ {fields} }} }}'))["data"]["shipment"]
    assert node["recipient"] is node["latestEvent"] is node["returnOf"] is None
    assert [node[name] for name in ("parties", "packages", "items", "references")] == [[]] * 4
    assert [node[name]["nodes"] for name in ("events", "history")] == [[]] * 2
    assert node["statusExplanation"] == {"decidedBy": None, "notApplied": []}
    response = await execute('{ shipment(by: { number: "SHP-EMPTY" }) { shipper { name } } }')
    assert (response["data"]["shipment"], response["errors"][0]["path"]) == (None, ["shipment", "shipper"])
    for condition in ('trackingNumber: { startsWith: "TRK" }', "events: { includeVoided: true }", "origin: {}",
                      'reference: { value: { contains: "" } }'):  # fmt: skip
        response = await execute(
            f'{{ shipments(where: {{ {condition}, number: {{ eq: "SHP-EMPTY" }} }}) {{ nodes {{ id }} }} }}'
        )
        assert response["data"]["shipments"]["nodes"] == []
