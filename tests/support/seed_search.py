"""The derived columns and rows of the seed data, which filters and searches compare."""

from typing import Any
from uuid import UUID

from graphql_app.commands.shipments import search_rows

Row = dict[str, Any]


def derive(tables: dict[str, list[Row]]) -> None:
    """Set the columns that searches and filters compare, and the rows of `shipment_search`, as the commands do."""
    of_shipment: dict[UUID, dict[str, list[Row]]] = {}
    for table in ("party", "shipment_item"):
        for row in tables[table]:
            of_shipment.setdefault(row["shipment_id"], {}).setdefault(table, []).append(row)
    for row in tables["party"]:
        row |= search_rows.party_row(row, row["shipment_id"])
    for row in tables["shipment_reference"]:
        row |= search_rows.reference_row(row, row["shipment_id"])
    tables["shipment_search"] = []
    for row in tables["shipment"]:
        account, children = row["account_id"], of_shipment.get(row["id"], {})
        search = search_rows.search_row(
            account, row["id"], row["external_reference"], children.get("party", ()), children.get("shipment_item", ())
        )
        quoted = ["'" + term.replace("\\", "\\\\").replace("'", "''") + "'" for term in search["terms"]]
        tables["shipment_search"].append({**search, "account_id": account, "terms": " ".join(quoted)})
