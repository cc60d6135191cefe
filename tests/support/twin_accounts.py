"""Two accounts with the same data: equal numbers, references, tracking numbers, carriers and names in both.

All other texts of the second account, the victim, contain a mark that the first account must never see.
`MUTATION_ARGUMENTS` are arguments with which each mutation succeeds in either account.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Enum, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from graphql_app.auth import api_key, scopes
from graphql_app.domain import normal_forms
from tests.support import seed_data
from tests.support.seed_values import at, uid

Row = dict[str, Any]
VICTIM = uid("account", 1)
MARK = "v1ct1m"
NAMED_SHIPMENT = 31
"""The number of the marked shipment that probes refer to: in transit, with packages, items, references and events."""
MARKED = f"{MARK}_{NAMED_SHIPMENT}"
ACTOR = "integration"
API_KEYS = {name: api_key.generate() for name in ("attacker", "victim")}
"""The API key of each account that sends requests. Each account has a second, unused key."""
UNMARKED = {
    "country_code", "origin_country", "currency", "incoterm",  # codes of two or three letters
    "entity", "operation", "scopes", "hash", "request_hash", "dedupe_key",  # fixed words of the program, and hashes
}  # fmt: skip
"""Text columns that cannot hold the mark."""


def rows(attacker: UUID, operations: list[str]) -> dict[str, list[Row]]:
    """The rows of both accounts. For each mutation in `operations`, the mark of the victim is an idempotency key
    too.
    """
    tables = seed_data.rows(attacker)
    tables["account"][0] |= {"slug": MARK, "name": MARK, "settings": {MARK: MARK}}
    tables["api_key"] = [
        {
            "id": uid("api_key", number),
            "account_id": account,
            "name": ACTOR if secret else name,
            "prefix": secret.prefix if secret else name,
            "hash": f"\\x{secret.hash.hex() if secret else number:0>64}",
            "scopes": list(scopes.SCOPES),
            "created_at": at(0),
        }
        for number, (account, name, secret) in enumerate(
            [(attacker, "twin", API_KEYS["attacker"]), (VICTIM, MARK, API_KEYS["victim"]),
             (attacker, "twin", None), (VICTIM, MARK, None)]
        )
    ]  # fmt: skip
    tables["carrier_status"] = [
        {
            "id": uid("word", n),
            "account_id": carrier["account_id"],
            "carrier_id": carrier["id"],
            "raw": "TWIN" if carrier["account_id"] == attacker else MARK.upper(),
            "code": "INFO",
            "created_at": at(0),
            "updated_at": at(0),
        }
        for n, carrier in enumerate(tables["carrier"])
    ]
    tables["idempotency_key"] = [
        {
            "account_id": VICTIM,
            "actor": f"{ACTOR} ({API_KEYS['attacker'].prefix})",
            "operation": name,
            "key": MARKED,
            "request_hash": "\\x00",
            "state": "DONE",
            "result": [{"message": MARK}],
            "created_at": at(0),
            "expires_at": "2999-01-01T00:00:00Z",
        }
        for name in operations
    ]
    carrier = {**tables["carrier"][-1], "id": uid("carrier", 99), "code": MARKED, "name": MARK}
    tables["carrier"].append(carrier | {"tracking_url_template": f"https://{MARK}.example/{{trackingNumber}}"})
    counts = {table: len(table_rows) for table, table_rows in tables.items()}
    for n in range(30, 40):
        seed_data.shipment(tables, VICTIM, n, 1000 + n)
    numbers = {row["id"]: 30 + n for n, row in enumerate(tables["shipment"][counts["shipment"] :])}
    for table, table_rows in tables.items():
        for row in table_rows[counts[table] :]:
            mark(
                table,
                row,
                f"{MARK}_{numbers[row['id'] if table == 'shipment' else row['shipment_id'] or row['entity_id']]}",
            )
    return tables


def mark(table: str, row: Row, text: str) -> None:
    """Put the mark into all texts of a row."""
    for column in SQLModel.metadata.tables[table].columns:
        name = column.name
        if name in UNMARKED or isinstance(column.type, Enum):
            continue
        if isinstance(column.type, ARRAY):
            row[name] = [text]
        elif isinstance(column.type, JSONB):
            row[name] = {MARK: [None, text]}
        elif isinstance(column.type, String) and not (name in ("void_reason", "voided_by") and row[name] is None):
            row[name] = normal_forms.tracking_number(text) if name == "tracking_number_norm" else text
    if table == "shipment_reference":
        row["kind"] = f"{MARK}_{row['seq']}"


def rows_of(account: UUID, tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows of one account."""
    return {
        table: [row for row in rows if row.get("account_id") == account]
        for table, rows in tables.items()
        if table != "account"
    }


def ids_of_one_shipment(account: UUID, tables: dict[str, list[Row]]) -> dict[str, str]:
    """An id of each type from one account: those of one shipment and its children. Type name -> id."""
    account_rows = rows_of(account, tables)
    number = MARKED if account == VICTIM else f"SHP-{NAMED_SHIPMENT + 1:07}"
    shipment = next(row["id"] for row in account_rows["shipment"] if row["number"] == number)

    def first(table: str) -> UUID:
        id_: UUID = next(row["id"] for row in account_rows[table] if row["shipment_id"] == shipment)
        return id_

    return {
        "Shipment": f"shp_{shipment.hex}",
        "Package": f"pkg_{first('package').hex}",
        "ShipmentItem": f"itm_{first('shipment_item').hex}",
        "TrackingEvent": f"evt_{first('tracking_event').hex}",
        "Carrier": f"car_{account_rows['carrier'][-1]['id'].hex}",
        "ApiKey": f"key_{account_rows['api_key'][-1]['id'].hex}",
        "Account": f"acc_{account.hex}",
    }


PARTY = {
    "name": "Twin", "company": "Twins", "lines": ["Street 1"], "city": "Hamburg", "region": "HH",
    "postalCode": "20095", "country": "DE", "phone": "1", "email": "twin@example.org",
}  # fmt: skip
NEW_SHIPMENT: Row = {
    "carrier": "dhl",
    "service": "express",
    "direction": "OUTBOUND",
    "shipper": PARTY,
    "recipient": PARTY,
    "parties": [{"role": "NOTIFY", "party": PARTY}],
    "packages": [{"trackingNumber": "TWIN-1", "weight": {"value": "1", "unit": "KG"}}],
    "items": [{"title": "Thing", "quantity": "1", "packageSeq": 1, "unitValue": {"amount": "1", "currency": "EUR"}}],
    "references": [{"kind": "po", "value": "PO-1"}],
    "tags": ["twin"],
    "metadata": {"colour": "red"},
}
EVENT = {
    "target": {"shipment": {"externalReference": "twin-events"}},
    "code": "IN_TRANSIT",
    "occurred": {"instant": "2026-03-02T10:00:00Z"},
    "place": {"city": "Hamburg", "country": "DE", "latitude": 53.5, "longitude": 10.0},
    "message": "Twin",
}
EDIT = {
    "packages": [{"id": "PACKAGE", "trackingNumber": "TWIN-2"}],
    "service": "slow",
    "tagsAdd": ["edited"],
    "shipper": PARTY,
    "references": [{"kind": "po", "value": "PO-2"}],
}
DRAFTS = ("twin-confirm", "twin-cancel", "twin-override", "twin-archive", "twin-update", "twin-events")


def by_reference(reference: str) -> Row:
    """The `by` argument for an external reference."""
    return {"by": {"externalReference": reference}}


MUTATION_ARGUMENTS: dict[str, Row] = {
    "shipmentCreate": {"input": NEW_SHIPMENT},
    "shipmentsBulkCreate": {
        "inputs": [
            NEW_SHIPMENT,
            *(
                {**NEW_SHIPMENT, "externalReference": reference, "confirm": reference == "twin-override"}
                for reference in DRAFTS
            ),
        ]
    },
    "shipmentUpsert": {"externalReference": "twin-upsert", "input": NEW_SHIPMENT},
    "shipmentUpdate": {**by_reference("twin-update"), "input": EDIT},
    "shipmentsBulkUpdate": {"inputs": [{**by_reference("twin-update"), "input": EDIT}]},
    "shipmentConfirm": by_reference("twin-confirm"),
    "shipmentCancel": {**by_reference("twin-cancel"), "reason": "Twin"},
    "shipmentArchive": {**by_reference("twin-archive"), "archived": True},
    "shipmentOverrideStatus": {**by_reference("twin-override"), "status": "DELIVERED", "reason": "Twin"},
    "trackingEventsRecord": {"inputs": [EVENT]},
    "trackingEventVoid": {"id": "EVENT", "reason": "Twin"},
    "apiKeyCreate": {"input": {"name": "Twin", "scopes": ["shipments:read"]}},
    "apiKeyRevoke": {"id": "KEY"},
    "carrierSave": {"code": "dhl", "input": {"name": "Twin", "trackingUrlTemplate": None}},
    "carrierStatusMap": {"carrier": "dhl", "raw": "TWINS", "code": "EXCEPTION", "reason": "CUSTOMS_DELAY"},
}
"""For each mutation, arguments that succeed. EVENT, PACKAGE and KEY stand for ids that earlier mutations created."""
