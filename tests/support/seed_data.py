"""Deterministic seed data: the rows of two accounts, with all values that are difficult to read or write.

`rows` returns table name -> rows by column name, parents first; `insert_seed_data` inserts them into a database. IDs,
times and change log numbers are the same in every run.
"""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.domain import enums, normal_forms
from tests.support import seed_events, seed_search
from tests.support.seed_values import REASONS, STATUSES, TEXTS, at, pick, uid

Row = dict[str, Any]
SHIPMENTS = {"default": 120, "other": 30}
"""Number of shipments per account."""

DIRECTIONS = list(enums.ShipmentDirection)
ROLES = list(enums.PartyRole)
METADATA = [
    "{}",
    '{"colour":"red","urgent":true,"pieces":3}',
    '{"colour":"blue","pieces":3.0,"nothing":null}',
    '{"pieces":"3","urgent":"true","ratio":-0.5e-3}',
    '{"big":123456789012345678901234567890,"huge":1e300,"list":["red",1,null,[]]}',
    '{"nested":{"colour":"red","é\\"\\\\":[{"":{}}]},"":"empty key","a.b":"dot"}',
    '{"control":"\\u0001\\n\\t\\"\\\\/","emoji":"📦","colour":"RED"}',
    '{"colour":["red"],"urgent":false,"zero":0,"minus":-0.0}',
    '{"long":"' + "y" * 3000 + '","colour":"re"}',
    '{"colour":"100%_\\\\","precise":0.1000000000000000055511151231257827,"pieces":1e2}',
]
TAGS = [[], ["fragile"], ["fragile", "cold"], ['O\'Neil "x" \\', "{a,b}", "NULL", ""], ["cold", "ümlaut", "📦"]]
CITIES = ["Hamburg", "New York", "'s-Hertogenbosch", "東京", "Sao Paulo", None, "Ham", "Ham%"]
COUNTRIES = ["DE", "US", "NL", "JP", "BR", "FR"]
NUMBERS = ["1Z 999-AA1 0123456784", "JD0146 00003", "RB123456785GB", "9400 1000 0000 0000 0000 00"]
CARRIERS = {
    "default": [
        ("dhl", "DHL", "https://dhl.example/{trackingNumber}?n={trackingNumberRaw}&z={postalCode}&c={country}"),
        ("ups", 'UPS "brown"', None),
        ("fed_ex", "FedEx", "https://fedex.example/"),
        ("idle", "Nobody's", "x{trackingNumber}{trackingNumber}"),
    ],
    "other": [("dhl", "Other's DHL", "https://other.example/{trackingNumber}"), ("ups", "Other's UPS", None)],
}


def rows(default: UUID) -> dict[str, list[Row]]:
    """All rows. `default`: the id that the migrated database gave to its default account."""
    tables: dict[str, list[Row]] = {
        "account": [
            {
                "id": uid("account", 1),
                "slug": "other",
                "name": "Other",
                "settings": {},
                "created_at": at(0),
            }
        ],
        "carrier": [],
        "shipment": [],
        "party": [],
        "shipment_reference": [],
        "package": [],
        "shipment_item": [],
        "tracking_event": [],
        "change": [],
    }
    for offset, (slug, account) in enumerate({"default": default, "other": uid("account", 1)}.items()):
        for code, name, template in CARRIERS[slug]:
            tables["carrier"].append(
                {
                    "id": uid("carrier", len(tables["carrier"])),
                    "account_id": account,
                    "code": code,
                    "name": name,
                    "tracking_url_template": template,
                    "created_at": at(0),
                    "updated_at": at(0),
                    "log_position": 0,
                }
            )
        for number in range(SHIPMENTS[slug]):
            shipment(tables, account, number, 1000 * offset + number)
    return tables


def shipment(tables: dict[str, list[Row]], account: UUID, n: int, key: int) -> None:
    """Append a shipment with its children. `n` counts within the account, `key` over both accounts."""
    carriers = [
        carrier for carrier in tables["carrier"] if carrier["account_id"] == account and carrier["code"] != "idle"
    ]
    status, id_ = pick(STATUSES, n), uid("shipment", key)
    created = 600.0 * n if n % 10 else 600.0 * (n - n % 20)  # some share their creation time
    milestone = lambda every, days: at(created + 86400 * days + n / 7) if n % every else None  # noqa: E731
    package_count = 0 if n % 11 == 3 else 1 + n % 3
    weight = (
        None
        if package_count == 0 or n % 5 == 4
        else pick(
            [f"{n * 1234.567:.3f}", f"{n * 453.59237:.5f}", f"{n * 28.349523125:.9f}", f"{n}.000000000000000001"], n
        )
    )
    row = {
        "id": id_,
        "account_id": account,
        "number": f"SHP-{n + 1:07}",
        "external_reference": None
        if n % 4 == 1
        else f"{pick(['PO', 'po', 'ÄÖ', '%_'], n)}-{n // 2:04}-{n % 2}{'' if n % 9 else chr(92) + chr(39)}",
        "version": 1 + n % 7,
        "direction": pick(DIRECTIONS, n),
        "status": status,
        "status_at": at(created + 60 * (n % 13)),
        "status_event_id": None,
        "status_source": pick(["PROJECTION", "COMMAND", "OVERRIDE"], n),
        "exception_reason": pick(REASONS, n) if status == "EXCEPTION" else None,
        "confirmed_at": None,
        "cancelled_at": None,
        "carrier_id": None if n % 6 == 5 else pick(carriers, n)["id"],
        "service": pick([None, "express", "EXPRESS", "eco_10", "exp'"], n),
        "return_of_id": uid("shipment", key - 5) if n % 8 == 7 else None,
        "promised_from": milestone(2, 1),
        "promised_to": milestone(3, 3) if n != 40 else "9999-12-31T23:59:59.999998+00:00",
        "estimated_delivery_at": milestone(4, 2),
        "ready_at": milestone(5, 0),
        "picked_up_at": milestone(6, 1),
        "first_attempt_at": milestone(7, 2),
        "delivered_at": milestone(3, 3),
        "closed_at": milestone(9, 4),
        "last_event_at": milestone(8, 2),
        "last_order_at": milestone(8, 2),
        "is_returning": status == "RETURNING",
        "event_count": n % 9,
        "package_count": package_count,
        "total_weight_g": weight,
        "declared_value": None if n % 3 == 0 else pick(["0", "12.5", "99999999999999.9999", "100", "0.0001"], n),
        "currency": None if n % 3 == 0 else pick(["EUR", "USD", "JPY"], n),
        "incoterm": pick([None, "DAP", "EXW"], n),
        "metadata": orjson.Fragment(pick(METADATA, n)),
        "tags": pick(TAGS, n),
        "archived_at": at(created + 9e6) if n % 12 == 10 else None,
        "created_at": at(created),
        "updated_at": at(created + 1000 - n + 0.000001 * (n % 3)),
        "created_by": "world",
        "log_position": 0,
    }
    if n in (20, 21):  # the limits of a timestamp
        row |= {
            "created_at": "0001-01-01T00:00:00.000001+00:00",
            "promised_from": None,
            "promised_to": "0999-02-28T23:59:59.1+00:00",
        }
    tables["shipment"].append(row)
    roles = [role for i, role in enumerate(ROLES) if i == 0 or (n >> i) % 2 == 0]
    if n in (22, 46, 94):  # inconsistent rows: shipments without a shipper
        roles, row["archived_at"] = roles[1:], at(created)
    row["recipient_name"] = None
    for i, role in enumerate(reversed(roles)):
        tables["party"].append(party(account, id_, role, 8 * key + i, 3 * n + i))
        if role == enums.PartyRole.RECIPIENT:
            row["recipient_name"] = tables["party"][-1]["name"]
    for i in range(n % 4):
        tables["shipment_reference"].append(
            {
                "id": uid("reference", 4 * key + i),
                "account_id": account,
                "shipment_id": id_,
                "seq": 3 - i,
                "kind": pick(["order", "po", "invoice"], n + i),
                "value": pick(["PO-1", "po-1", "INV 7/7", "ÄÖ%_", "SHP-00"], n + i),
            }
        )
    packages = [package(account, id_, status, 4 * key + i, n, i) for i in range(package_count)]
    tables["package"] += packages
    for i in range(n % 5):
        tables["shipment_item"].append(
            item(account, id_, pick(packages, i)["id"] if packages and i % 2 else None, 5 * key + i, n, i)
        )
    seed_events.events(tables, row, packages, n, key)
    seed_events.changes(tables, row, n)


def party(account: UUID, shipment_id: UUID, role: str, key: int, n: int) -> Row:
    """A row of `party`."""
    name = pick(TEXTS, n)
    return {
        "id": uid("party", key),
        "account_id": account,
        "shipment_id": shipment_id,
        "role": role,
        "name": name,
        "company": pick([None, "ACME Logistics", name], n),
        "lines": [pick(TEXTS, n + i) for i in range(n % 5)],
        "city": pick(CITIES, n),
        "region": pick([None, "HH", "NY", "ny"], n),
        "postal_code": pick([None, "20095", "20097", "10001 1/é"], n // 2),
        "country_code": pick(COUNTRIES, n),
        "phone": pick([None, "+49 40 1"], n),
        "email": pick([None, "a@b.example"], n),
    }


def package(account: UUID, shipment_id: UUID, status: str, key: int, n: int, i: int) -> Row:
    """A row of `package`."""
    number = None if (n + i) % 4 == 1 else pick(NUMBERS, n) if n % 3 == 0 else f"trk-{n:04}/{i}"
    weighed, measured = (n + i) % 5 != 4, (n + i) % 3 != 2
    return {
        "id": uid("package", key),
        "account_id": account,
        "shipment_id": shipment_id,
        "seq": i + 1,
        "tracking_number": number,
        "tracking_number_norm": number and normal_forms.tracking_number(number),
        "weight_g": pick(["0.001", "453.59237", "1000", "999999999.999999", "0"], n + i) if weighed else None,
        "weight_entered": pick(["0.0010", "1.000", "1.00", "999999.999999000", "0.0"], n + i) if weighed else None,
        "weight_unit": pick(["G", "LB", "KG", "KG", "OZ"], n + i) if weighed else None,
        "length_mm": pick(["25.4", "0.0001", "99999999.9999999"], n) if measured else None,
        "width_mm": "10" if measured else None,
        "height_mm": "304.8" if measured else None,
        "dims_unit": pick(["IN", "MM", "M"], n) if measured else None,
        "status": pick(STATUSES, n + i) if i else status,
        "status_at": at(600 * n + i),
        "status_event_id": None,
        "exception_reason": None,
        "is_returning": status == "RETURNING",
    }


def item(account: UUID, shipment_id: UUID, package_id: UUID | None, key: int, n: int, i: int) -> Row:
    """A row of `shipment_item`."""
    priced = (n + i) % 3 > 0
    return {
        "id": uid("item", key),
        "account_id": account,
        "shipment_id": shipment_id,
        "package_id": package_id,
        "seq": 10 - i,
        "sku": pick([None, "SKU-1", "a\\b"], n + i),
        "title": pick(TEXTS, n + i),
        "quantity": pick(["1", "0.0001", "2.50", "99999999999999.9999"], n + i),
        "unit": pick([None, "pcs"], i),
        "unit_value": "0.1000" if priced else None,
        "currency": "EUR" if priced else None,
        "origin_country": pick([None, "CN"], n + i),
        "batch": pick([None, "Ö-7"], n),
        "metadata": orjson.Fragment(pick(METADATA, n + i)),
    }


async def insert_seed_data(engine: AsyncEngine) -> dict[str, UUID]:
    """Insert the seed data into a clean, migrated database; returns slug -> account id."""
    async with engine.connect() as connection:
        default = (await connection.execute(text("SELECT id FROM account WHERE slug = 'default'"))).scalar_one()
    await insert_rows(engine, rows(default))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE change_log_state SET epoch = 1"))  # cursors are compared with files
    return {"default": default, "other": uid("account", 1)}


ROLLUPS_SQL = """SELECT shipment_rollups_apply(CAST(:account AS uuid),
    ARRAY(SELECT id FROM shipment WHERE account_id = CAST(:account AS uuid)))"""
POSITION_SQL = """INSERT INTO rollup_position (account_id, log_position)
    VALUES (CAST(:account AS uuid), 9223372036854775807)"""
"""Keeps the background task from reading the change log of the seed data."""


async def insert_rows(engine: AsyncEngine, tables: dict[str, list[Row]]) -> None:
    """Insert rows into a clean, migrated database and run ANALYZE."""
    seed_search.derive(tables)
    async with engine.begin() as connection:
        for table, rows in tables.items():
            columns = (
                await connection.execute(
                    text(
                        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
                        "WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND attgenerated = ''"
                    ),
                    {"table": table},
                )
            ).scalar_one()
            sql = f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE "
            sql += f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json))"
            await connection.execute(text(sql), {"rows": orjson.dumps(rows, default=str).decode()})
        for account in {row["account_id"] for row in tables["shipment"]}:
            await connection.execute(text(ROLLUPS_SQL), {"account": account})
            await connection.execute(text(POSITION_SQL), {"account": account})
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
