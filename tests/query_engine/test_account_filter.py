"""Nothing of another account is read: not by the statements as they are written, and not where rows lead to it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support import seed_data
from tests.support.graphql_client import Ask
from tests.support.seed_values import uid

pytestmark = pytest.mark.unguarded  # the statements must hold without row-level security

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.sql"))
TABLES = "carrier|shipment|party|shipment_reference|package|shipment_item|tracking_event|change"
TABLE = re.compile(rf"\b({TABLES}) AS (\w+_\d+)")
MINE, THEIRS = 7, 1007
EVERYTHING = """
  number externalReference tags carrier { name } shipper { name } recipient { name } parties { name }
  packages { trackingNumber trackingUrl items { title } events { nodes { message } } shipment { number } }
  items { title package { trackingNumber } }
  references { value }
  events(where: { includeVoided: true }) { nodes { id shipment { number } package { id } corrects { id } } }
  latestEvent { id } returnOf { number } history { nodes { actor } }
  statusExplanation { decidedBy { id } notApplied { id } }
"""


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_table_of_a_statement_is_bound_to_the_account(path: Path) -> None:
    for statement in path.read_text().split("\n\n"):
        for _, alias in TABLE.findall(statement):
            bound = rf"{alias}\.account_id (= |IS NOT DISTINCT FROM )\$\d+::UUID"
            assert re.search(bound, statement), f"{alias} is not bound in {statement}"


def shown(public: str) -> str:
    return f'{{ node(id: "{public}") {{ id ... on Shipment {{ {EVERYTHING} }} }} }}'


async def test_what_another_account_has_is_not_there(ask: Ask, engine: AsyncEngine) -> None:
    other = (await seed_data.fill(engine))["other"]
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
        assert (await ask(f'{{ node(id: "{public}") {{ id }} }}'))["data"] == {"node": None}
        assert (await ask(f'{{ nodes(ids: ["{public}"]) {{ id }} }}'))["data"] == {"nodes": [None]}
    theirs = ids["shipment"]
    for question in (
        f'shipment(by: {{ id: "{theirs}" }}) {{ id }}',
        f'shipments(where: {{ id: {{ eq: "{theirs}" }}, archived: null }}) {{ nodes {{ id }} totalCount {{ count }} }}',
        f'trackingEvents(where: {{ shipment: {{ id: "{theirs}" }} }}) {{ nodes {{ id }} totalCount {{ count }} }}',
        f'changes(where: {{ shipments: ["{theirs}"] }}) {{ nodes {{ op }} totalCount {{ count }} }}',
        f'shipments(where: {{ events: {{ shipment: {{ id: "{theirs}" }} }} }}) '
        "{ nodes { id } totalCount { count } }",
    ):
        (found,) = (await ask(f"{{ {question} }}"))["data"].values()
        assert found in (None, {"nodes": [], "totalCount": {"count": 0}}), question
    counts = await ask(
        "{ shipments(where: { archived: null }) { totalCount(limit: null) { count } } carriers { nodes { name } } }"
    )
    assert counts["data"]["shipments"]["totalCount"]["count"] == seed_data.SHIPMENTS["default"]
    assert not any("Other" in one["name"] for one in counts["data"]["carriers"]["nodes"])


async def test_a_key_that_leads_to_another_account_leads_nowhere(ask: Ask, engine: AsyncEngine) -> None:
    """No foreign key says that both rows belong to one account; so no statement may rely on it."""
    accounts = await seed_data.fill(engine)
    other = accounts["other"]
    mine = "shp_" + uid("shipment", MINE).hex
    before = (await ask(shown(mine)))["data"]["node"]
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
            given = {"other": other, "mine": uid("shipment", MINE), "theirs": uid("shipment", THEIRS)}
            used = {name: value for name, value in given.items() if f":{name}" in sql}
            await connection.execute(text(sql), used)
    node = (await ask(shown(mine)))["data"]["node"]
    assert (node["carrier"], node["returnOf"], node["statusExplanation"]["decidedBy"]) == (None, None, None)
    assert {one["package"] for one in node["items"]} == {None}
    assert {(one["package"], one["corrects"]) for one in node["events"]["nodes"]} == {(None, None)}
    assert {one["trackingUrl"] for one in node["packages"]} == {None}
    assert [one["name"] for one in node["parties"]] == [one["name"] for one in before["parties"]]


async def test_rows_of_another_account_below_a_shipment_of_ours_are_not_shown(ask: Ask, engine: AsyncEngine) -> None:
    accounts = await seed_data.fill(engine)
    children = ("party", "package", "shipment_item", "shipment_reference", "tracking_event", "change")
    async with engine.begin() as connection:
        insert = "INSERT INTO shipment (account_id, number) VALUES (:account, 'SHP-EMPTY') RETURNING id"
        empty = (await connection.execute(text(insert), {"account": accounts["default"]})).scalar_one()
        for table in children:
            moved = await connection.execute(
                text(f"UPDATE {table} SET shipment_id = :empty WHERE shipment_id = :theirs"),
                {"empty": empty, "theirs": uid("shipment", THEIRS)},
            )
            assert moved.rowcount > 0, table
    fields = EVERYTHING.replace("shipper { name }", "", 1)
    node = (await ask(f'{{ shipment(by: {{ number: "SHP-EMPTY" }}) {{ {fields} }} }}'))["data"]["shipment"]
    assert node["recipient"] is node["latestEvent"] is node["returnOf"] is None
    assert [node[name] for name in ("parties", "packages", "items", "references")] == [[]] * 4
    assert [node[name]["nodes"] for name in ("events", "history")] == [[]] * 2
    assert node["statusExplanation"] == {"decidedBy": None, "notApplied": []}
    answer = await ask('{ shipment(by: { number: "SHP-EMPTY" }) { shipper { name } } }')
    assert (answer["data"]["shipment"], answer["errors"][0]["path"]) == (None, ["shipment", "shipper"])
    for condition in ('trackingNumber: { startsWith: "TRK" }', "events: { includeVoided: true }", "origin: {}",
                      'reference: { value: { contains: "" } }'):  # fmt: skip
        found = await ask(
            f'{{ shipments(where: {{ {condition}, number: {{ eq: "SHP-EMPTY" }} }}) {{ nodes {{ id }} }} }}'
        )
        assert found["data"]["shipments"]["nodes"] == []
